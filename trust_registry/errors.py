"""Every error that leaves this package's public functions.

::

    TrustRegistryError        code, detail, hint
    ├── KeyFormatError        a DID, key or DID document that cannot be used
    ├── ObjectError           a signed object that does not hold (code says which way)
    ├── IngestError           a source that cannot be read as what it claims to be, or lost too much
    ├── SourceUnreachable     ingest: no usable answer from the source; never "the row is gone"
    ├── SnapshotError         a snapshot that is not what its manifest says
    ├── BindingError          a binding that may not be made, or does not verify
    ├── StoreError            the store's database is not one that can be used (setting, version, content)
    │   └── StoreUnreachable  no usable answer from it; of a lost write nobody knows whether it was made
    ├── QueryError            a question that cannot be understood (never answered as if it were "now")
    ├── RegistryUnreachable   client: no usable answer (network, time, 5xx); says nothing about the question
    └── RegistryError         client: the registry answered, and refused; ``status`` is its HTTP status
"""

from __future__ import annotations


class TrustRegistryError(Exception):
    """``code`` is a stable snake_case word, ``detail`` says what happened, ``hint`` what to do next."""

    def __init__(self, code: str, detail: str, hint: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.hint = hint

    def diagnostics(self) -> str:
        return f"{self.detail} {self.hint}".strip()


class KeyFormatError(TrustRegistryError):
    pass


class ObjectError(TrustRegistryError):
    """``code``: bad_signature, wrong_hash, wrong_issuer, wrong_id, malformed or too_large."""


class IngestError(TrustRegistryError):
    pass


class SourceUnreachable(TrustRegistryError):  # noqa: N818 - as RegistryUnreachable
    """``status``: what the source answered with; 0 when there was no answer."""

    def __init__(self, detail: str, *, status: int = 0, hint: str = "Try again later.") -> None:
        super().__init__("source_unreachable", detail, hint)
        self.status = status


class SnapshotError(TrustRegistryError):
    pass


class BindingError(TrustRegistryError):
    pass


class StoreError(TrustRegistryError):
    """``code``: bad_database_setting, store_version, store_not_empty, no_registry; of a backup: file_exists,
    not_a_backup, backup_failed, restore_failed.
    """


class StoreUnreachable(StoreError):  # noqa: N818 - as RegistryUnreachable
    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__("store_unreachable", detail, hint)


class QueryError(TrustRegistryError):
    pass


class RegistryUnreachable(TrustRegistryError):  # noqa: N818 - the seam's name; it says what is the case
    def __init__(self, detail: str, hint: str = "") -> None:
        super().__init__("registry_unreachable", detail, hint)


class RegistryError(TrustRegistryError):
    def __init__(self, code: str, detail: str, *, status: int, hint: str = "") -> None:
        super().__init__(code, detail, hint)
        self.status = status

"""Every error that leaves this package's public functions.

::

    ProfileError              code, detail, hint, file, line
    ├── ProfileNotFoundError  no such issuer, template or target
    ├── ProfileSyntaxError    the file is not TOML
    └── ProfileContentError   the file is TOML, but does not say what it should
"""

from __future__ import annotations


class ProfileError(Exception):
    """``file`` is relative to the folder of profiles, ``line`` is 0 when it is not known."""

    def __init__(self, code: str, detail: str, hint: str = "", *, file: str = "", line: int = 0) -> None:
        self.code = code
        self.detail = detail
        self.hint = hint
        self.file = file
        self.line = line
        where = ":".join(str(part) for part in (file, line) if part)
        super().__init__(": ".join(part for part in (where, code, detail) if part))

    def diagnostics(self) -> str:
        """Where it is, what happened and what to do, on one line."""
        where = ":".join(str(part) for part in (self.file, self.line) if part)
        return f"{where}: {self.detail} {self.hint}".strip(" :")


class ProfileNotFoundError(ProfileError):
    pass


class ProfileSyntaxError(ProfileError):
    pass


class ProfileContentError(ProfileError):
    pass

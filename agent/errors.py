"""Every error that leaves the agent's public functions.

::

    CairnError                 code, detail, hint, exit_code, http_status
    ├── InputError             what was given cannot be used (bad JSON, too large, unknown claim, …)
    ├── NotFoundError          no such offer, request, credential, template
    ├── ConflictError          right input, wrong moment (already used, already answered, port taken)
    ├── ExpiredError           past its own end
    ├── LockedError            the wallet is locked
    ├── PassphraseError        the passphrase does not open this wallet
    ├── UntrustedError         a signature, hash or identity does not hold
    ├── UnreachableError       somebody else did not answer (in time)
    ├── ConsentError           what would be sent is not what was agreed to
    └── AgentError             our own ACA-Py process failed or answered nonsense
"""

from __future__ import annotations

from typing import Any, ClassVar

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_LOCKED, EXIT_UNKNOWN, EXIT_NOT_CONSENTED = range(7)


class CairnError(Exception):
    """Base of all errors that are shown to people.

    ``code`` is a stable snake_case word, ``detail`` says what happened, ``hint`` what to do next.
    None of the three ever holds a claim value or a secret: they are logged.
    """

    exit_code: ClassVar[int] = EXIT_FAILED
    http_status: ClassVar[int] = 400

    def __init__(self, code: str, detail: str, hint: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.hint = hint

    def diagnostics(self) -> str:
        """What happened and what to do, in one or two sentences."""
        return f"{self.detail} {self.hint}".strip()

    def to_json(self) -> dict[str, Any]:
        """Problem document (RFC 7807 members plus ``code``, ``kind`` and ``hint``)."""
        return {
            "type": f"urn:cairn:error:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.http_status,
            "code": self.code,
            "kind": type(self).__name__,
            "detail": self.detail,
            "hint": self.hint,
        }


class InputError(CairnError):
    exit_code = EXIT_USAGE
    http_status = 422


class NotFoundError(CairnError):
    exit_code = EXIT_USAGE
    http_status = 404


class ConflictError(CairnError):
    http_status = 409


class ExpiredError(CairnError):
    http_status = 410


class LockedError(CairnError):
    exit_code = EXIT_LOCKED
    http_status = 423


class PassphraseError(CairnError):
    exit_code = EXIT_LOCKED
    http_status = 403


class UntrustedError(CairnError):
    http_status = 422


class UnreachableError(CairnError):
    exit_code = EXIT_UNREACHABLE
    http_status = 502


class ConsentError(CairnError):
    exit_code = EXIT_NOT_CONSENTED
    http_status = 409


class AgentError(CairnError):
    exit_code = EXIT_UNREACHABLE
    http_status = 503

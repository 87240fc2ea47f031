"""Every error that leaves this package's public functions.

::

    ProfileError              code, detail, hint, file, line
    ├── ProfileNotFoundError  no such issuer, template, version or target
    ├── ProfileSyntaxError    the file is not TOML (or JSON), or is beyond the limits
    ├── ProfileContentError   the file can be read, but does not say what it should
    ├── ProfileVersionError   a template was changed, and kept the version under which it was released
    ├── ProfileWriteError     what was to be written was not
    └── ProfileQueryError     a search that has no answer
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
        super().__init__(": ".join(part for part in (self.where, code, detail) if part))

    @property
    def where(self) -> str:
        """``munster-tu/profile.toml:12``, or as much of it as is known."""
        return ":".join(str(part) for part in (self.file, self.line) if part)

    def diagnostics(self) -> str:
        """Where it is, what happened and what to do, on one line."""
        return f"{self.where}: {self.detail} {self.hint}".strip(" :")


class ProfileNotFoundError(ProfileError):
    pass


class ProfileSyntaxError(ProfileError):
    pass


class ProfileContentError(ProfileError):
    pass


class ProfileVersionError(ProfileError):
    pass


class ProfileWriteError(ProfileError):
    pass


class ProfileQueryError(ProfileError):
    pass

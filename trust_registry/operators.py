"""Who may propose and approve: names with the SHA-256 of each one's token, in ``HOME/operators.json``.

A token is 256 random bits, so a plain hash cannot be searched; it is shown to nobody, only written to a file
for its owner. Tokens come from a file or the environment and are never a command's argument.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from trust_registry import strict_json
from trust_registry.dates import format_time
from trust_registry.errors import BindingError, TrustRegistryError

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_TOKEN_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_BYTES = 64 * 1024
_MAX_OPERATORS = 100
_MIN_TOKEN_CHARS, _MAX_TOKEN_CHARS = 32, 200


class Operators:
    """The file, read anew at every question: a removed operator is out at once."""

    def __init__(self, home: Path) -> None:
        self._path = home / "operators.json"

    def names(self) -> frozenset[str]:
        return frozenset(self._read())

    def authenticate(self, token: str) -> str:
        """The operator whose token this is; `TrustRegistryError` unauthorised."""
        given = hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
        # Every one is compared: the time taken says nothing about whose it is.
        matching = [
            name for name, item in self._read().items() if hmac.compare_digest(item["token_sha256"], given)
        ]
        if not _MIN_TOKEN_CHARS <= len(token) <= _MAX_TOKEN_CHARS or len(matching) != 1:
            raise TrustRegistryError("unauthorised", "This is not the token of an operator.")
        return matching[0]

    def add(self, name: str, token_file: Path, *, now: datetime) -> None:
        """Make ``name`` an operator and write the new token to a file that must not exist yet (0600)."""
        known = self._read()
        if not _NAME.fullmatch(name):
            raise BindingError("bad_operator", "An operator's name is a-z, 0-9 and hyphens, up to 31.")
        if name in known or len(known) >= _MAX_OPERATORS:
            raise BindingError("operator_exists", f"There is an operator {name} already, or too many.")
        token = secrets.token_urlsafe(32)
        try:
            descriptor = os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise BindingError(
                "token_file", "The token file cannot be made, or is there already.", "Name a new file."
            ) from error
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(token + "\n")
        digest = hashlib.sha256(token.encode()).hexdigest()
        self._write(known | {name: {"token_sha256": digest, "added_at": format_time(now)}})

    def remove(self, name: str) -> None:
        known = self._read()
        if name not in known:
            raise BindingError("unknown_operator", "There is no operator of this name.")
        self._write({other: item for other, item in known.items() if other != name})

    def _read(self) -> dict[str, dict[str, str]]:
        try:
            data = strict_json.loads(self._path.read_bytes(), max_bytes=_FILE_BYTES)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise TrustRegistryError("bad_operators_file", "operators.json cannot be read.") from error
        found = data.get("operators") if isinstance(data, dict) else None
        if not isinstance(found, dict) or not all(_is_operator(*item) for item in found.items()):
            raise TrustRegistryError("bad_operators_file", "operators.json does not list operators.")
        hashes = [item["token_sha256"] for item in found.values()]
        if len(set(hashes)) != len(hashes):
            # One person under two names could approve their own proposals.
            raise TrustRegistryError("bad_operators_file", "Two operators in operators.json share a token.")
        return found

    def _write(self, operators: dict[str, dict[str, str]]) -> None:
        draft = self._path.with_name(f".operators.{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({"version": 1, "operators": operators}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def _is_operator(name: Any, item: Any) -> bool:
    return bool(
        _NAME.fullmatch(name)
        and isinstance(item, dict)
        and isinstance(item.get("token_sha256"), str)
        and _TOKEN_SHA256.fullmatch(item["token_sha256"])
    )

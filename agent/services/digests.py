"""What this wallet holds, by the SHA-256 of the document: the same file twice is one credential."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from agent.store.vault import Put

BY_DIGEST = "imported_digest"


def payload_of(secured: Any) -> bytes:
    """A signed document or token as bytes that do not depend on how its JSON was laid out."""
    return secured.encode() if isinstance(secured, str) else json.dumps(secured, sort_keys=True).encode()


def digest_of(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()


def note(digest: str, kind: str, id: str) -> Put:
    """Where it is kept; to be written together with it."""
    return Put(BY_DIGEST, digest, {"kind": kind, "id": id})

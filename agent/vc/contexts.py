"""The JSON-LD contexts that come with the software. Nothing is ever fetched.

A context decides what a signature covers, so each is the published file, byte for byte, pinned by its SHA-256 in
``data/contexts/manifest.json`` (``{"url", "file", "sha256", "licence", "source"}``) and held against it whenever it
is read. Which file is taken for which address, and why: decision 0020.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from agent.errors import InputError

CREDENTIALS_V1 = "https://www.w3.org/2018/credentials/v1"
CREDENTIALS_V2 = "https://www.w3.org/ns/credentials/v2"
DATA_INTEGRITY_V2 = "https://w3id.org/security/data-integrity/v2"


class UnknownContext(InputError):  # noqa: N818 - it names what was met, as the codes do
    """The document uses a context that is not among ours: what it means cannot be said here."""


@cache
def manifest() -> Mapping[str, Mapping[str, str]]:
    """The entries of the manifest by URL."""
    entries = json.loads(_data("manifest.json"))
    return MappingProxyType({entry["url"]: MappingProxyType(entry) for entry in entries})


def known(url: str) -> bool:
    return url in manifest()


def require(url: str) -> None:
    """Raise `UnknownContext` (unknown_context) for a context that is not among ours."""
    if not known(url):
        raise UnknownContext(
            "unknown_context",
            "The document uses a JSON-LD context that does not come with this software.",
            "Contexts are never fetched: what a signature covers must not depend on a web server.",
        )


def load(url: str) -> dict[str, Any]:
    """The context document of ``url``, as a copy of the caller's own.

    Raises `UnknownContext` (unknown_context), and `InputError` context_digest when the file is not the pinned one.
    """
    document: dict[str, Any] = json.loads(content(url))
    return document


@cache
def content(url: str) -> bytes:
    """The published file for ``url``, byte for byte. Raises as `load` does."""
    require(url)
    entry = manifest()[url]
    data = _data(entry["file"])
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise InputError(
            "context_digest",
            f"The file for the context {url} is not the pinned one.",
            "Install the software again; `python scripts/contexts.py` names every file that differs.",
        )
    return data


def _data(name: str) -> bytes:
    return files("agent.vc").joinpath("data", "contexts", name).read_bytes()

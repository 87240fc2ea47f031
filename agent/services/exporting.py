"""A held credential as a file that others can read.

What leaves is what was received (the credential as it was signed), or something plainly unsigned that is made from
the record (a printable page, a European Learning Model document): the second kind says so. Nothing of another
credential, of the wallet's keys or of its history is in any of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.core.record import Record, text
from agent.errors import InputError
from agent.formats.registry import envelope_of
from agent.services import clock, signing, views
from agent.services.node import Node
from agent.store import history
from agent.store.vault import Document

UNSIGNED = "This file is not signed: it is for reading, and cannot be verified by itself."


@dataclass(frozen=True, slots=True)
class Exported:
    """``remarks`` are for the learner: what the file does not have, or is not."""

    content: bytes
    media_type: str
    remarks: tuple[str, ...] = ()


class Exporting:
    def __init__(self, node: Node) -> None:
        self._node = node

    async def export(
        self, credential: Document, format_: str, *, challenge: str = "", domain: str = ""
    ) -> Exported:
        """Raises `InputError` unknown_format, no_such_form (the credential has no signed form of this kind)."""
        record = Record.from_json(credential["record"])
        if format_ == "json":
            return _json(envelope_of(credential).export(credential))
        if format_ == "elm":
            return await self._elm(credential, record)
        if format_ in ("pdf", "html"):
            return self._page(credential, record, format_)
        held = _document(credential)
        if format_ == "open-badge":
            return Exported(envelope_of(held).export(held), "application/vc")
        if format_ == "presentation":
            return await self._presentation(held, challenge, domain)
        if format_ in ("png", "svg"):
            return self._picture(credential, held, record, format_)
        raise InputError("unknown_format", "There is no such format.")

"""Several credentials as one file: for another wallet, for reading and printing, or everything there is of them.

``json`` is a list of documents that `agent.services.importing` reads back; ``zip`` has every form of every credential
with a list of them; ``html`` and ``pdf`` are one printable document; ``clr`` is one signed bundle of the badges. Notes,
tags and collections are the learner's own and are in none of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agent.core.record import Record, text
from agent.core.verdict import Check, combine
from agent.errors import InputError
from agent.formats.collection import INDEX, INDEX_TYPE, TAKEN_IN
from agent.services import clock, exporting
from agent.services.exporting import ALL_OF_IT, UNSIGNED, Exported, Exporting
from agent.services.holding import Holding
from agent.services.importing import VISUAL, Importing
from agent.services.node import Node
from agent.store.vault import Document

FORMATS: Final = ("json", "html", "pdf", "clr", "zip")
MAX_PRINTED: Final = 250
_ENDINGS: Final = {"anoncreds": "anoncreds.json", "ldp_vc": "badge.json", "vc_jwt": "jwt"}
_STAY: Final = (
    "{} can only be read elsewhere: an AnonCreds credential stays in the wallet it was issued to, and no badge of it"
    " is held."
)
_NOT_BOUND: Final = "Another wallet can take them in; it has not the keys they are about, and says that."


class ExportMany:
    def __init__(self, node: Node, holding: Holding) -> None:
        self._node = node
        self._holding = holding

    async def export(self, ids: Sequence[str] | None, format_: str) -> Exported:
        """``ids`` or their beginnings; None for all that is held, archived ones and visual badges included.

        Raises `InputError` unknown_format, no_credentials, too_many (printing) or no_badge (clr), `NotFoundError`.
        """
        if format_ not in FORMATS:
            raise InputError("unknown_format", f"Several credentials are written as {', '.join(FORMATS)}.")
        chosen = await self._chosen(ids)
        importing = Importing(self._node)
        badges = await importing.visual_badges() if ids is None and format_ == "zip" else []
        if not chosen and not badges:
            raise InputError("no_credentials", "There is no credential to write.")
        if format_ in ("html", "pdf"):
            if len(chosen) > MAX_PRINTED:
                raise InputError(
                    "too_many",
                    f"One document prints at most {MAX_PRINTED} credentials; these are {len(chosen)}.",
                    "Choose fewer, or write a zip, which has a printable list of all.",
                )
            whole = [each async for each in self._each(chosen)]
            return await asyncio.to_thread(_printed, whole, format_)
        if format_ == "clr":
            held = [each async for each in self._each(chosen)]
            return await Exporting(self._node, self._holding).collection(held)
        writer = _Array() if format_ == "json" else _Zip()
        async for credential in self._each(chosen):
            writer.add(credential)
        if isinstance(writer, _Zip):
            for kept in badges:
                writer.add_badge(kept, *await importing.picture(kept["id"]))
        return await asyncio.to_thread(writer.finished)

    async def _chosen(self, ids: Sequence[str] | None) -> list[str]:
        if ids is None:
            return await self._holding.summaries.ids()
        whole = set(await self._holding.summaries.ids())
        return list(
            dict.fromkeys([id if id in whole else (await self._holding.credential(id))["id"] for id in ids])
        )

    async def _each(self, ids: Sequence[str]) -> AsyncIterator[Document]:
        """One at a time: ten thousand do not fit into memory at once."""
        for id in ids:
            yield await self._holding.credential(id)


def _forms(credential: Document) -> list[Document]:
    return [credential, *credential.get("also", {}).values()]


def _to_take_in(credential: Document) -> Document | None:
    """The form of it that another wallet can take in."""
    return next((each for each in _forms(credential) if each.get("envelope") in TAKEN_IN), None)


@dataclass
class _Array:
    parts: list[str] = field(default_factory=list)
    staying: int = 0

    def add(self, credential: Document) -> None:
        form = _to_take_in(credential)
        self.staying += form is None
        data = exporting.file_of(credential if form is None else form).decode()
        # A signed token is no JSON; in a list it is a text.
        self.parts.append(json.dumps(data) if not data.lstrip().startswith("{") else data)

    def finished(self) -> Exported:
        joined = ",\n".join(self.parts)
        return Exported(f"[\n{joined}\n]\n".encode(), "application/json", _remarks(self.staying))


@dataclass
class _Zip:
    """``INDEX`` names each credential's files and which of them a wallet takes in; ``index.html`` is for people."""

    out: io.BytesIO = field(default_factory=io.BytesIO)
    rows: list[Document] = field(default_factory=list)
    badges: list[Document] = field(default_factory=list)
    listed: list[Any] = field(default_factory=list)
    staying: int = 0

    def __post_init__(self) -> None:
        self.zip = zipfile.ZipFile(self.out, "w", zipfile.ZIP_DEFLATED, compresslevel=6)

    def add(self, credential: Document) -> None:
        from agent.printing.cover import Listed

        record = Record.from_json(credential["record"])
        taken_in = _to_take_in(credential)
        self.staying += taken_in is None
        stem = f"credentials/{len(self.rows) + 1:05d}-{_slug(text(record.title))}-{credential['id'][:8]}"
        files = []
        for form in _forms(credential):
            content, envelope = exporting.file_of(form), form.get("envelope", "anoncreds")
            name = f"{stem}.{_ENDINGS.get(envelope, f'{envelope}.json')}"
            if "token" in form:
                name = f"{stem}.jwt"
            files.append(self._write(name, content) | {"form": envelope, "take_in": form is taken_in})
        row: Document = {
            "id": credential["id"],
            "title": text(record.title),
            "issuer": credential["issuer"],
            "record_sha256": record.digest(),
            "checked_at": credential["checked_at"],
            "state": str(_state(credential)),
            "files": files,
        }
        self.rows.append(row)
        host = exporting.host_shown(record)
        main = files[0]["name"]
        self.listed.append(Listed(record, host, _state(credential), str(credential["checked_at"]), main))

    def add_badge(self, kept: Document, content: bytes, media_type: str) -> None:
        ending = {"image/png": "png", "image/svg+xml": "svg"}.get(media_type, "json")
        stem = f"badges/{len(self.badges) + 1:05d}-{_slug(kept['title'] or kept['name'])}-{kept['id'][:8]}"
        file = self._write(f"{stem}.{ending}", content) | {"form": VISUAL, "take_in": True}
        self.badges.append({"id": kept["id"], "title": kept["title"], "files": [file]})

    def finished(self) -> Exported:
        from agent.printing.cover import cover_page
        from agent.printing.web import html

        index = {
            "type": INDEX_TYPE,
            "version": 1,
            "made_at": clock.stamp(clock.now()),
            "credentials": self.rows,
            "badges": self.badges,
        }
        self._write(INDEX, json.dumps(index, ensure_ascii=False, indent=1).encode())
        how = (
            "This list proves nothing: anybody can write one. Check each file: cairn verify FILE",
            f"{INDEX} has the SHA-256 of every file.",
        )
        if self.listed:
            self._write("index.html", html(cover_page(self.listed, now=clock.now(), how=how)))
        self.zip.close()
        remarks = _remarks(self.staying)
        return Exported(self.out.getvalue(), "application/zip", remarks)

    def _write(self, name: str, content: bytes) -> Document:
        # A time of its own would tell two exports of the same apart, and nothing else.
        self.zip.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _remarks(staying: int) -> tuple[str, ...]:
    told = (ALL_OF_IT, _NOT_BOUND)
    if not staying:
        return told
    return (*told, _STAY.format("1 of them" if staying == 1 else f"{staying} of them"))


def _state(credential: Document) -> Any:
    return combine([Check.from_json(check) for check in credential["checks"]])


def _slug(title: str) -> str:
    """A title in the letters that every system can have in a file name."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-") or "credential"


def _printed(credentials: Sequence[Document], format_: str) -> Exported:
    from agent.printing.cover import Listed, cover_page

    pages, listed, attached = [], [], 0
    for number, credential in enumerate(credentials, start=1):
        record = Record.from_json(credential["record"])
        name = f"badge-{number:03d}.json"
        pages.append(exporting.page_of(credential, record, attached_as=name))
        attached += pages[-1].attached is not None
        host, state = exporting.host_shown(record), _state(credential)
        listed.append(Listed(record, host, state, str(credential["checked_at"])))
    how = [
        "A printed page proves nothing: anybody can print one. Each credential's page says how it is checked."
    ]
    if attached:
        how.append("The signed badges are attached to this document, for who wants to verify.")
    cover = cover_page(listed, now=clock.now(), how=how)
    words = json.dumps([each["record"] for each in credentials], ensure_ascii=False)
    remarks = (UNSIGNED, exporting.ATTACHED_SEVERAL, ALL_OF_IT) if attached else (UNSIGNED,)
    return exporting.printed(words, format_, remarks, cover, *pages)

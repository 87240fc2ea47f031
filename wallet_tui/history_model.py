"""The history as the agent service answers it: a page of entries, and how the whole chain stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from textual.content import Content

from wallet_tui.doc import Doc
from wallet_tui.i18n import mark, t
from wallet_tui.model import MAX_ROWS, RESULTS, Party
from wallet_tui.safe_text import Untrusted, safe_text

PAGE = 200
KIND_CHARS = 20

KINDS = {
    "received": mark("received"),
    "imported": mark("imported"),
    "rejected": mark("rejected offer"),
    "presented": mark("shared"),
    "declined": mark("declined"),
    "revoked": mark("revoked"),
    "suspended": mark("suspended"),
    "deleted": mark("deleted"),
    "exported": mark("exported"),
    "archived": mark("archived"),
    "backed_up": mark("backed up"),
    "restored": mark("restored"),
}
SENTENCES = {
    "received": mark("You accepted this credential, and it was stored."),
    "imported": mark("You took it in from a file."),
    "rejected": mark("You rejected this offer, and its issuer was told."),
    "presented": mark("You shared data with them."),
    "declined": mark("You did not share, and they were told."),
    "revoked": mark("Its issuer withdrew this credential."),
    "suspended": mark("Its issuer suspended this credential."),
    "deleted": mark("You deleted it from this wallet."),
    "exported": mark("You wrote it to a file."),
    "backed_up": mark("You wrote a backup of this wallet."),
    "restored": mark("This wallet was restored from a backup."),
}
HOW = {
    "edited": mark("it was changed after it was written"),
    "removed": mark("it was removed"),
    "reordered": mark("it stands in another place"),
    "added": mark("it was added afterwards"),
    "cut_off": mark("the end from here on is missing"),
    "unreadable": mark("it cannot be read"),
}


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    seq: int
    at: datetime | None
    kind: str
    party: Party
    title: Untrusted
    claims: tuple[Untrusted, ...]
    request_hash: Untrusted
    outcome: Untrusted
    hash: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> HistoryEntry:
        return cls(
            seq=doc.number("seq") or 0,
            at=doc.time("at"),
            kind=doc.ident("kind"),
            party=Party.read(doc.doc("party")),
            title=doc.text("title"),
            claims=doc.texts("claims"),
            request_hash=doc.text("request_hash"),
            outcome=doc.text("outcome"),
            hash=doc.text("hash"),
        )


@dataclass(frozen=True, slots=True)
class Break:
    """``how`` is one of `HOW`; anything else counts as unreadable."""

    seq: int
    how: str

    @classmethod
    def read(cls, doc: Doc) -> Break:
        return cls(doc.number("seq") or 0, doc.word("how", HOW, "unreadable"))


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """``entries`` newest first; ``total`` fit what was looked for, ``count`` there are in all."""

    entries: tuple[HistoryEntry, ...]
    total: int
    count: int
    result: str
    breaks: tuple[Break, ...]

    @classmethod
    def read(cls, doc: Doc) -> HistoryPage:
        found = tuple(HistoryEntry.read(item) for item in reversed(doc.docs("entries", MAX_ROWS)))
        return cls(
            entries=found,
            total=doc.number("total") or len(found),
            count=doc.number("count") or len(found),
            result=doc.word("result", RESULTS, "unknown"),
            breaks=tuple(Break.read(item) for item in doc.docs("breaks")),
        )


def kind_words(kind: str) -> Content:
    """A kind that this wallet has no word for is shown as it came, never left out."""
    return Content(t(KINDS[kind])) if kind in KINDS else safe_text(kind.replace("_", " "), KIND_CHARS)

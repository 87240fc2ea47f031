"""What there is to notice, as the agent service answers it, and the wallet's words for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wallet_tui.doc import Doc
from wallet_tui.i18n import mark
from wallet_tui.model import Party
from wallet_tui.safe_text import Untrusted

MAX_SEEN = 100

# Glyph, words, style; what the wallet does not know is shown as the service says it.
KINDS = {
    "revoked": ("✗", mark("revoked by its issuer"), "$text-error"),
    "suspended": ("✗", mark("suspended by its issuer"), "$text-error"),
    "expired": ("!", mark("expired"), "$text-warning"),
    "expires_soon": ("!", mark("expires soon"), "$text-warning"),
    "new_offer": ("●", mark("offer waiting"), "$text-accent"),
    "new_request": ("●", mark("request waiting"), "$text-accent"),
    "list_old": ("?", mark("old list"), "$text-warning"),
    "": ("?", mark("something else"), "$text-warning"),
}
SENTENCES = {
    "revoked": mark("It no longer counts. Ask the issuer why."),
    "suspended": mark("It does not count for now. Ask the issuer why."),
    "expired": mark("It ended on {day}."),
    "expires_soon": mark("It ends on {day}. Ask the issuer whether it can be renewed."),
    "new_offer": mark("A credential is offered to you. Nothing is accepted yet."),
    "new_request": mark("Somebody asks for some of your data. Nothing is shared yet."),
    "list_old": mark("Checks of issuers rest on it until the registry answers again."),
}
ABOUT = ("credential", "offer", "request", "list")


@dataclass(frozen=True, slots=True)
class Notice:
    id: str
    kind: str
    at: datetime | None
    title: Untrusted
    detail: Untrusted
    party: Party
    day: Untrusted
    what: str
    about: str
    seen: bool

    @classmethod
    def read(cls, doc: Doc) -> Notice:
        about = doc.doc("about")
        return cls(
            id=doc.need("id"),
            kind=doc.word("kind", KINDS, ""),
            at=doc.time("at"),
            title=doc.text("title"),
            detail=doc.text("detail"),
            party=Party.read(doc.doc("party")),
            day=doc.text("day"),
            what=about.word("what", ABOUT, ""),
            about=about.ident("id"),
            seen=doc.flag("seen"),
        )

"""Offers and requests that wait, and those already decided. Opening one decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.layout import Cell, join, row
from wallet_tui.model import Offer, Party
from wallet_tui.request_model import Request
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import Answered, Area, Refused
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.service import Wallet
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

EMPTY = "Nothing is waiting. Press a to add an offer or request by its link, or paste the link here."
LOOK = "⚑ look closely"
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the inbox, whatever it is."""

    key: str
    what: str
    state: str
    word: tuple[str, str, str]
    title: Untrusted
    party: Party
    received_at: datetime | None
    expires_at: datetime | None
    note: str

    @classmethod
    def of_offer(cls, offer: Offer) -> Entry:
        word = words.OFFER_WORDS[offer.state]
        results = [check.result for check in offer.checks]
        unknown = results.count("unknown")
        note = LOOK if "fail" in results else f"? {unknown} unknown" if unknown else ""
        return cls(
            f"offer:{offer.id}",
            "offer",
            offer.state,
            word,
            offer.title,
            offer.issuer,
            offer.received_at,
            offer.expires_at,
            note,
        )

    @classmethod
    def of_request(cls, request: Request) -> Entry:
        word = words.REQUEST_WORDS[request.state]
        return cls(
            f"request:{request.id}",
            "request",
            request.state,
            word,
            request.title or request.purpose,
            request.requester,
            request.received_at,
            request.expires_at,
            LOOK if request.flags else "",
        )


class InboxScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("reload", "copy-id")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"offer", "request", "credential"})

    def __init__(self) -> None:
        super().__init__()
        self._error: CairnError | None = None

    def body(self) -> Iterable[Widget]:
        yield Static(id="empty", markup=False)
        yield RowList(self._draw, lambda entry: entry.key, id="list")

    @property
    def rows(self) -> RowList[Entry]:
        return self.query_one("#list", RowList)

    def hints(self) -> list[Hint]:
        none = "" if self.rows.items else "Nothing is waiting."
        return [
            Hint("list.select", none, "look at it"),
            Hint("paste", self.cairn.connection.why_read_only()),
            Hint("reload"),
            Hint("lock"),
            Hint("help"),
            Hint("quit"),
        ]

    def load(self) -> None:
        self.ask("inbox", lambda: _read(self.cairn.wallet))

    def forget(self) -> None:
        self.rows.show([])

    def on_answered(self, message: Answered[list[Entry]]) -> None:
        if not self.cairn.connection.unlocked:
            return
        self._error = None
        self.rows.show(message.value)
        self._show_empty()

    def on_refused(self, message: Refused) -> None:
        self._error = message.error
        self._show_empty()

    def _show_empty(self) -> None:
        empty = self.query_one("#empty", Static)
        empty.display = not self.rows.items
        empty.update(Content(EMPTY) if self._error is None else words.explain(self._error).happened)
        self.update_keys()

    def action_reload(self) -> None:
        self.load()

    def action_copy_id(self) -> None:
        self.refuse("Copy the identifier of a credential in area 1.")

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        what, _, identifier = message.key.partition(":")
        screen = OfferScreen(offer_id=identifier) if what == "offer" else ConsentScreen(request_id=identifier)
        self.app.push_screen(screen)

    def _draw(self, entry: Entry, width: int) -> list[Content]:
        """Two lines: state, kind, title; from whom (with host), and until when."""
        open_entry = entry.state == "open"
        until = words.expiry(entry.expires_at, self.cairn.now()) if open_entry else ""
        title = safe_text(entry.title)
        if entry.note and open_entry:
            title = join((f"{entry.note}  ", "$text-warning bold"), title)
        first = row(
            width,
            Cell(words.stateword(entry.word), 12),
            Cell(entry.what, 8),
            Cell(title, style="bold" if open_entry else ""),
        )
        room = width - 12 - 8 - len(until) - 3
        second = row(
            width,
            Cell("", 12),
            Cell("from", 8, style="$muted"),
            Cell(words.party_in(entry.party, room)),
            Cell(until, len(until)),
        )
        return [first, second]


async def _read(wallet: Wallet) -> list[Entry]:
    entries = [Entry.of_offer(offer) for offer in await wallet.offers()]
    entries += [Entry.of_request(request) for request in await wallet.requests()]
    entries.sort(key=lambda entry: entry.received_at or _LONG_AGO, reverse=True)
    entries.sort(key=lambda entry: entry.state not in {"open", "accepting", "sending"})
    return entries

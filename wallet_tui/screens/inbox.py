"""Offers and requests that wait, and those already decided. Opening one decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import Cell, join, row
from wallet_tui.model import Offer, Party
from wallet_tui.request_model import Request
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import Answered, Area, Refused, error_blocks
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.service import Wallet
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

EMPTY = mark("Nothing is waiting. Press a to add an offer or request by its link, or paste the link here.")
READING = mark("… reading what is waiting")
NOT_CURRENT = mark("This is how it was when it was last read.")
LOOK = mark("⚑ look closely")
OFFER, REQUEST = mark("offer"), mark("request")
WAITING = ("open", "failed", "accepting", "sending")
OVER = ("expired",)
WORD_WIDTH, WHAT_WIDTH = 12, 9
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
        note = t(LOOK) if "fail" in results else t("? {n} unknown").format(n=unknown) if unknown else ""
        return cls(
            f"offer:{offer.id}",
            t(OFFER),
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
            t(REQUEST),
            request.state,
            word,
            request.title or request.purpose,
            request.requester,
            request.received_at,
            request.expires_at,
            t(LOOK) if request.flags else "",
        )

    @property
    def waits(self) -> bool:
        return self.state in WAITING


class InboxScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("reload", "copy-id")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"offer", "request", "credential"})

    def __init__(self) -> None:
        super().__init__()
        self._error: CairnError | None = None
        self._read = False

    def body(self) -> Iterable[Widget]:
        yield Static(id="empty", markup=False)
        yield Static(id="totals", markup=False)
        yield RowList(self._draw, lambda entry: entry.key, id="list")

    @property
    def rows(self) -> RowList[Entry]:
        return self.query_one("#list", RowList)

    def hints(self) -> list[Hint]:
        none = "" if self.rows.items else t("Nothing is waiting.")
        return [
            Hint("list.select", none, t("look at it")),
            Hint("paste", self.cairn.connection.why_read_only()),
            Hint("reload"),
            Hint("lock"),
            Hint("help"),
            Hint("quit"),
        ]

    def load(self) -> None:
        self.ask("inbox", lambda: _read(self.cairn.wallet))
        self._show_about()

    def forget(self) -> None:
        self._read = False
        self.rows.show([])
        self._show_about()

    def on_answered(self, message: Answered[list[Entry]]) -> None:
        if not self.cairn.connection.unlocked:
            return
        self._error, self._read = None, True
        self.rows.show(message.value)
        self._show_about()

    def on_refused(self, message: Refused) -> None:
        self._error = message.error
        self._show_about()

    def _show_about(self) -> None:
        """Above the list: how many there are of each kind; where there is no list, why."""
        entries = self.rows.items
        empty, totals = self.query_one("#empty", Static), self.query_one("#totals", Static)
        empty.display, totals.display = not entries, bool(entries)
        width = max(20, self.size.width - 4)
        if entries:
            totals.update(self._totals(entries))
        elif self._error is not None:
            empty.update(Content("\n").join(error_blocks(self._error, width)[0].lines))
        else:
            empty.update(Content(t(EMPTY) if self._read else t(READING)))
        self.update_keys()

    def _totals(self, entries: Sequence[Entry]) -> Content:
        waiting = sum(entry.waits for entry in entries)
        over = sum(entry.state in OVER for entry in entries)
        parts = (
            tn("{n} waits for you", "{n} wait for you", waiting).format(n=waiting),
            t("{n} done").format(n=len(entries) - waiting - over),
            t("{n} expired").format(n=over),
        )
        line = Content("  ·  ".join(parts))
        if self._error is not None:
            line = join(line, "   ", (f"! {t(NOT_CURRENT)}", "$text-warning"))
        return line

    def action_reload(self) -> None:
        self.load()

    def action_copy_id(self) -> None:
        self.refuse(t("Copy the identifier of a credential in area 1."))

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        what, _, identifier = message.key.partition(":")
        screen = OfferScreen(offer_id=identifier) if what == "offer" else ConsentScreen(request_id=identifier)
        self.app.push_screen(screen)

    def _draw(self, entry: Entry, width: int) -> list[Content]:
        """Two lines: state, kind, title, how old; from whom (with host), and until when."""
        now = self.cairn.now()
        until = words.expiry(entry.expires_at, now) if entry.waits else ""
        age = words.ago(entry.received_at, now) if entry.received_at is not None else ""
        title = safe_text(entry.title)
        if entry.note and entry.waits:
            title = join((f"{entry.note}  ", "$text-warning bold"), title)
        first = row(
            width,
            Cell(words.stateword(entry.word), WORD_WIDTH),
            Cell(entry.what, WHAT_WIDTH),
            Cell(title, style="bold" if entry.waits else ""),
            Cell(age, len(age), style="$muted"),
        )
        room = width - WORD_WIDTH - WHAT_WIDTH - len(until) - 3
        second = row(
            width,
            Cell("", WORD_WIDTH),
            Cell(t("from"), WHAT_WIDTH, style="$muted"),
            Cell(words.party_in(entry.party, room)),
            Cell(until, len(until)),
        )
        return [first, second]


async def _read(wallet: Wallet) -> list[Entry]:
    """What waits first, then what is done, then what expired; the newest of each first."""
    entries = [Entry.of_offer(offer) for offer in await wallet.offers()]
    entries += [Entry.of_request(request) for request in await wallet.requests()]
    entries.sort(key=lambda entry: entry.received_at or _LONG_AGO, reverse=True)
    entries.sort(key=lambda entry: 0 if entry.waits else 2 if entry.state in OVER else 1)
    return entries

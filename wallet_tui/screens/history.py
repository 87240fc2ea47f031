"""What was received, shared, declined and revoked: an append-only chain kept by the agent service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.layout import Cell, fold, heading, join, labelled, row
from wallet_tui.model import HistoryEntry
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Area, Refused, set_text
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

EMPTY = (
    "Nothing has happened yet. Every credential received and everything shared or declined is listed here."
)


class HistoryScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("reload", "copy-id", "pane.next")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential", "offer", "request"})

    def __init__(self) -> None:
        super().__init__()
        self._intact: bool | None = None
        self._error: CairnError | None = None
        self._loaded = False

    def body(self) -> Iterable[Widget]:
        yield Static(id="chain", markup=False)
        with Horizontal(classes="panes"):
            yield RowList(draw_entry, lambda entry: str(entry.seq), id="list")
            yield Document(id="detail")

    @property
    def rows(self) -> RowList[HistoryEntry]:
        return self.query_one("#list", RowList)

    @property
    def detail(self) -> Document:
        return self.query_one("#detail", Document)

    def hints(self) -> list[Hint]:
        none = "" if self.rows.items else "Nothing has happened yet."
        first = (
            Hint("back") if self.has_class("-detail") or self.detail.has_focus else Hint("list.select", none)
        )
        return [
            first,
            Hint("copy-id", none, "copy hash"),
            Hint("reload"),
            Hint("lock"),
            Hint("help"),
            Hint("quit"),
        ]

    def load(self) -> None:
        self.ask("history", self.cairn.wallet.history)

    def forget(self) -> None:
        self._loaded = False
        self.rows.show([])
        self._show()

    def on_answered(self, message: Answered[tuple[list[HistoryEntry], bool | None]]) -> None:
        if not self.cairn.connection.unlocked:
            return
        entries, self._intact = message.value
        self._error, self._loaded = None, True
        self.rows.show(sorted(entries, key=lambda entry: entry.seq, reverse=True))
        self._show()

    def on_refused(self, message: Refused) -> None:
        self._error, self._loaded = message.error, True
        self._show()

    def _show(self) -> None:
        set_text(
            self.query_one("#chain", Static), fold(self._chain(), max(20, self.size.width - 2), max_lines=2)
        )
        self.detail.show(self._blocks)
        self.update_keys()

    def _chain(self) -> Content:
        if self._error is not None:
            return join(("✗ ", "$text-error"), words.explain(self._error).happened)
        if not self._loaded:
            return Content("… reading")
        if not self.rows.items:
            return Content(EMPTY)
        state = {True: "pass", False: "fail", None: "unknown"}[self._intact]
        says = {
            "pass": "nothing was changed or removed afterwards",
            "fail": "an entry was changed or removed afterwards",
            "unknown": "the service did not say whether the chain holds",
        }[state]
        return join(
            words.result(state),
            f"  chain of {words.plural(len(self.rows.items), 'entry', 'entries')}: {says}",
        )

    def _blocks(self, width: int) -> list[Block]:
        entry = self.rows.current
        return [Block(entry_lines(entry, width))] if entry is not None else []

    def on_lines_moved(self, message: Lines.Moved) -> None:
        if message.lines is self.rows:
            self.detail.show(self._blocks)

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        if message.lines is self.rows:
            self.add_class("-detail")
            self.detail.focus()
            self.update_keys()

    def action_back(self) -> None:
        self.remove_class("-detail")
        self.rows.focus()
        self.update_keys()

    def action_pane_next(self) -> None:
        if self.detail.has_focus:
            self.action_back()
        else:
            self.rows.action_select()

    def action_reload(self) -> None:
        self.load()

    def action_copy_id(self) -> None:
        entry = self.rows.current
        if entry is None:
            self.refuse("Nothing has happened yet.")
            return
        self.app.copy_to_clipboard(clean(entry.hash, 200))
        self.notify("The entry's hash is in the clipboard, if your terminal allows that (OSC 52).")


def draw_entry(entry: HistoryEntry, width: int) -> list[Content]:
    """Two lines: when, what happened, to which credential or request; with whom."""
    first = row(
        width,
        Cell(words.day(entry.at), 16),
        Cell(words.HISTORY_WORDS[entry.kind], 14, style="bold"),
        Cell(safe_text(entry.title)),
    )
    count = words.plural(len(entry.claims), "claim") if entry.claims else ""
    second = row(
        width,
        Cell("", 16),
        Cell(count, 14, style="$muted"),
        Cell(words.party_in(entry.party, width - 16 - 14 - 2), style="$muted"),
    )
    return [first, second]


def entry_lines(entry: HistoryEntry, width: int) -> list[Content]:
    lines = [heading(words.HISTORY_WORDS[entry.kind].capitalize(), words.day(entry.at)), Content("")]
    lines += fold(safe_text(entry.title).stylize_before("bold"), width)
    lines += fold(words.party(entry.party, 80), width)
    lines += fold(safe_text(entry.party.did, 150).stylize_before("$muted"), width)
    lines += [Content(""), heading("Claims, by name only")]
    for name in entry.claims:
        lines += fold(join("· ", safe_text(name, 80)), width, indent=4, first=2)
    if not entry.claims:
        lines.append(Content("  none"))
    lines.append(Content(""))
    lines += labelled("Outcome", safe_text(entry.outcome, 300), width, label_width=13, indent=0)
    lines += labelled("Request hash", safe_text(entry.request_hash, 128), width, label_width=13, indent=0)
    lines += labelled("Entry hash", safe_text(entry.hash, 128), width, label_width=13, indent=0)
    lines += labelled("Number", str(entry.seq), width, label_width=13, indent=0)
    return lines

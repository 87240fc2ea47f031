"""What the learner holds: a list, and beside or behind it the claims and checks of one credential."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.find import Indexed, find
from wallet_tui.layout import Cell, join, row
from wallet_tui.model import Credential, Summary
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Area, Refused, error_blocks
from wallet_tui.screens.credential_text import credential_blocks
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

EMPTY = "No credentials yet. Paste an offer link, or press d for a demo credential."
MAX_KEPT = 100
ROOMY = 64


class CredentialsScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("find", "recheck", "copy-id", "demo", "pane.next")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential", "verdict"})

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Indexed] = []
        self._kept: dict[str, Credential] = {}
        self._opened: set[str] = set()
        self._tally = (0, 0, 0)
        self._shown_id = ""
        self._loaded = False
        self._error: CairnError | None = None
        self._wanted = ""

    def body(self) -> Iterable[Widget]:
        with Horizontal(classes="panes"):
            with Vertical(id="list-pane"):
                yield Input(
                    id="find",
                    placeholder="find: words, or eqf:7 issuer:munster status:unknown",
                    max_length=200,
                )
                yield Static(id="empty", markup=False)
                yield RowList(draw_summary, lambda item: item.id, id="list")
                yield Static(id="totals", markup=False)
            yield Document(id="detail")

    @property
    def rows(self) -> RowList[Summary]:
        return self.query_one("#list", RowList)

    @property
    def detail(self) -> Document:
        return self.query_one("#detail", Document)

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    @property
    def detail_open(self) -> bool:
        return self.has_class("-detail")

    def hints(self) -> list[Hint]:
        none = "" if self._all else "There is no credential yet."
        read_only = self.cairn.connection.why_read_only()
        in_detail = self.detail.has_focus
        first = Hint("back") if in_detail and not self.wide else Hint("find", none)
        return [
            first,
            Hint("list.select", none, "evidence" if in_detail else "open"),
            Hint("paste", read_only),
            Hint("recheck", none or read_only),
            Hint("copy-id", none),
            Hint("lock"),
            Hint("help"),
        ]

    # Data.

    def load(self) -> None:
        self.ask("list", self.cairn.wallet.credentials)

    def forget(self) -> None:
        self._all, self._kept, self._shown_id, self._loaded = [], {}, "", False
        self._opened.clear()
        self.rows.show([])
        self.detail.show(lambda _: [])
        self.query_one("#find", Input).value = ""

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return  # the answer came after the lock
        if message.group == "list" and isinstance(message.value, list):
            self._all = [Indexed.of(item) for item in message.value]
            states = [item.state for item in message.value]
            self._tally = (states.count("pass"), states.count("fail"), states.count("unknown"))
            self._loaded, self._error = True, None
            self._kept.clear()
            self._filter()
            self._fetch(self.rows.current)
            self._open_wanted()
        elif isinstance(message.value, Credential):
            self._keep(message.value)
            if message.group == "recheck":
                self.notify("The checks were run again.")
                self.load()
        self.update_keys()

    def on_refused(self, message: Refused) -> None:
        self._error = message.error
        if message.group == "recheck":
            self.notify(message.error.diagnostics(), title="The checks were not run", severity="error")
        if message.group == "list":
            self._loaded = True
            self._filter()
        self._show_detail()

    def _keep(self, credential: Credential) -> None:
        if len(self._kept) >= MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[credential.summary.id] = credential
        self._error = None
        self._show_detail()

    def _fetch(self, item: Summary | None) -> None:
        if item is not None and item.id not in self._kept and (self.wide or self.detail_open):
            self.ask("detail", lambda: self.cairn.wallet.credential(item.id))

    # List.

    def _filter(self) -> None:
        found = find(self.query_one("#find", Input).value, self._all)
        self.rows.show(found)
        empty = self.query_one("#empty", Static)
        empty.display = self._loaded and not found
        if self._error is not None and not self._all:
            empty.update(words.explain(self._error).happened)
        else:
            empty.update(
                Content(EMPTY if not self._all else "Nothing fits these words. Press esc to see all.")
            )
        self.query_one("#totals", Static).update(self._totals(found))
        self._show_detail()

    def _totals(self, found: list[Summary]) -> Content:
        held = len(self._all)
        shown = f"{len(found)} of {held}" if len(found) != held else str(held)
        return join(f" {shown} held   ", words.counts(self._tally)) if held else Content("")

    def reveal(self, identifier: str) -> None:
        self.query_one("#find", Input).value = ""
        self.remove_class("-finding")
        self._filter()
        self._wanted = identifier
        self._open_wanted()

    def _open_wanted(self) -> None:
        at = next((i for i, item in enumerate(self.rows.items) if item.id == self._wanted), None)
        if at is not None:
            self._wanted = ""
            self.rows.move_to(at)
            self.rows.action_select()

    def on_input_changed(self, _: Input.Changed) -> None:
        self._filter()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.rows.focus()

    def on_lines_moved(self, message: Lines.Moved) -> None:
        if message.lines is self.rows:
            self._opened.clear()
            self._show_detail()
            self._fetch(self.rows.current)
            self.update_keys()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        if message.lines is self.rows:
            self.add_class("-detail")
            self.detail.focus()
            self._fetch(self.rows.current)
            self._show_detail()
        else:
            self._opened ^= {message.key}
            self._show_detail()
        self.update_keys()

    def on_descendant_focus(self) -> None:
        self.update_keys()

    # Detail.

    def _show_detail(self) -> None:
        item = self.rows.current
        if item is None:
            self._shown_id = ""
            error = self._error
            self.detail.show(lambda width: error_blocks(error, width) if error is not None else [])
            return
        same = item.id == self._shown_id
        self._shown_id = item.id
        self.detail.show(lambda width: self._blocks(item, width), keep_place=same)

    def _blocks(self, item: Summary, width: int) -> list[Block]:
        held = self._kept.get(item.id)
        blocks = credential_blocks(
            held, held.summary if held else item, width, self._opened, self.cairn.now()
        )
        if held is None and self._error is not None:
            blocks += error_blocks(self._error, width)
        elif held is None:
            blocks.append(Block([Content.styled("… reading claims and checks", "$muted")]))
        return blocks

    # Actions.

    def action_find(self) -> None:
        if self.refuse("" if self._all else "There is nothing to find yet."):
            return
        self.remove_class("-detail")
        self.add_class("-finding")
        self.query_one("#find", Input).focus()

    def action_back(self) -> None:
        field = self.query_one("#find", Input)
        if self.detail.has_focus or self.detail_open:
            self.remove_class("-detail")
            self.rows.focus()
        elif self.has_class("-finding"):
            field.value = ""
            self.remove_class("-finding")
            self.rows.focus()
        self.update_keys()

    def action_pane_next(self) -> None:
        if self.detail.has_focus:
            self.action_back()
        elif self.rows.current is not None:
            self.rows.action_select()

    def action_recheck(self) -> None:
        item = self.rows.current
        why = "There is no credential to check." if item is None else self.cairn.connection.why_read_only()
        if self.refuse(why) or item is None:
            return
        self.notify("Running the checks…")
        self.ask("recheck", lambda: self.cairn.wallet.recheck(item.id))

    def action_copy_id(self) -> None:
        item = self.rows.current
        if item is None:
            self.refuse("There is no credential to copy from.")
            return
        self.app.copy_to_clipboard(clean(item.id, 500))
        self.notify("The credential's identifier is in the clipboard, if your terminal allows that (OSC 52).")

    def action_demo(self) -> None:
        """The service has no demo issuer of its own: say how to get one."""
        self.notify(
            "Run `cairn up` in another terminal: it prints offer links of demo issuers. Paste one here.",
            timeout=12,
        )


def draw_summary(item: Summary, width: int) -> list[Content]:
    """Two lines: state, title, credit, level; issuer with its host, date of award.

    In a narrow pane the title has the first line to itself, and the host stands for the issuer.
    """
    state, title = Cell(words.result(item.state), 9), Cell(safe_text(item.title), style="bold")
    size = (Cell(words.credit(item.credit), 9, "right"), Cell(words.eqf(item.eqf), 5, "right"))
    awarded = Cell(safe_text(item.awarded_on, 10), 10, "right")
    if width >= ROOMY:
        party = Cell(words.party_in(item.issuer, width - 9 - 10 - 2), style="$muted")
        return [row(width, state, title, *size), row(width, Cell("", 9), party, awarded)]
    party = Cell(Content.styled(words.host(item.issuer), "$text-accent"))
    return [row(width, state, title), row(width, Cell("", 9), party, *size, awarded)]

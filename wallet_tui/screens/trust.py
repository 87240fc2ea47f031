"""Who can be trusted, and why: look up an issuer or institution, and see the list that says so with its age."""

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
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import fold
from wallet_tui.safe_text import clean
from wallet_tui.screens.base import Answered, Area, Refused, error_blocks, set_text
from wallet_tui.screens.trust_text import draw_entry, list_line, list_lines, subject_blocks
from wallet_tui.trust_model import Entry, Found, Subject
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

NOBODY = mark("You hold no credential yet. Type a name, a host or a DID to look somebody up.")
NOTHING = mark("Nothing is found. That is no judgement: taking part in the list is voluntary.")
NO_LIST = mark("There is no list of the registry on this machine yet, so nobody can be looked up.")
NONE_MARKED = mark("Nobody is marked.")
MAX_KEPT = 50


class TrustScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("find", "reload", "copy-id", "pane.next")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential"})

    def __init__(self) -> None:
        super().__init__()
        self._found: Found | None = None
        self._kept: dict[str, Subject] = {}
        self._opened: set[str] = set()
        self._at = ""  # what the right side is about: `Entry.key`, or where a binding led
        self._error: CairnError | None = None
        self._detail_error: CairnError | None = None

    def body(self) -> Iterable[Widget]:
        with Horizontal(classes="panes"):
            with Vertical(id="list-pane"):
                yield Input(
                    id="find",
                    placeholder=t("/ find: a name, a host or a DID"),
                    max_length=200,
                    select_on_focus=False,
                )
                yield Static(id="empty", markup=False)
                yield RowList(draw_entry, lambda entry: entry.key, id="list")
                yield Static(id="totals", markup=False)
            yield Document(id="detail")

    @property
    def rows(self) -> RowList[Entry]:
        return self.query_one("#list", RowList)

    @property
    def detail(self) -> Document:
        return self.query_one("#detail", Document)

    @property
    def sought(self) -> str:
        return self.query_one("#find", Input).value

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    def hints(self) -> list[Hint]:
        none = "" if self.rows.items else t(NONE_MARKED)
        in_detail = self.detail.has_focus
        return [
            Hint("back") if in_detail else Hint("find"),
            Hint("list.select", none, t("evidence") if in_detail else t("open")),
            Hint("copy-id", none),
            Hint("reload", label=t("newest list")),
            Hint("lock"),
            Hint("help"),
            Hint("quit"),
        ]

    # Data.

    def load(self, *, refresh: bool = False) -> None:
        sought = self.sought
        self.ask("trust", lambda: self.cairn.wallet.trust(sought, refresh=refresh))

    def forget(self) -> None:
        self._found, self._at = None, ""
        self._kept.clear()
        self._opened.clear()
        self.query_one("#find", Input).value = ""
        self.remove_class("-detail")
        self.rows.show([])
        self._show()

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return
        if isinstance(message.value, Found):
            self._found, self._error = message.value, None
            self._kept.clear()
            self.rows.show(message.value.entries)
            if self._at and not self.has_class("-detail"):
                self._at = ""
            self._fetch()
        elif isinstance(message.value, tuple):
            if len(self._kept) >= MAX_KEPT:
                self._kept.pop(next(iter(self._kept)))
            key, subject = message.value
            self._kept[key] = subject
            self._detail_error = None
        self._show()

    def on_refused(self, message: Refused) -> None:
        if message.group == "trust":
            self._error = message.error
        else:
            self._detail_error = message.error
        self._show()

    @property
    def _key(self) -> str:
        current = self.rows.current
        return self._at or (current.key if current is not None else "")

    def _fetch(self) -> None:
        key = self._key
        if not key or key in self._kept or not (self.wide or self.has_class("-detail")):
            return
        kind, _, identifier = key.partition(":")
        wallet = self.cairn.wallet
        call = wallet.trust_issuer if kind == "did" else wallet.trust_institution
        self._detail_error = None

        async def work() -> tuple[str, Subject]:
            return key, await call(identifier)

        self.ask("subject", work)

    # What is shown.

    def _show(self) -> None:
        found, width = self._found, max(20, self.query_one("#list-pane").size.width - 2)
        empty = self.query_one("#empty", Static)
        empty.display = not self.rows.items
        set_text(empty, fold(self._nothing(), width))
        told = list(fold(list_line(found.list), width, max_lines=2)) if found is not None else []
        if found is not None and found.more:
            more = tn("{n} more fits: add a word.", "{n} more fit: add a word.", found.more).format(
                n=found.more
            )
            told.insert(0, Content.styled(more, "$muted"))
        set_text(self.query_one("#totals", Static), told)
        self.detail.show(self._blocks, keep_place=True)
        self.update_keys()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)
        self.call_after_refresh(self._fetch)

    def _nothing(self) -> Content:
        if self._error is not None:
            return words.explain(self._error).happened
        if self._found is None:
            return Content(t("… reading"))
        if self._found.list.seq is None and self.sought:
            return Content(t(NO_LIST))
        return Content(t(NOTHING) if self.sought else t(NOBODY))

    def _blocks(self, width: int) -> list[Block]:
        key = self._key
        if self._error is not None and self._found is None:
            return error_blocks(self._error, width)
        if not key:
            return [Block(list_lines(self._found.list, width))] if self._found is not None else []
        subject = self._kept.get(key)
        if subject is not None:
            return subject_blocks(subject, width, self._opened)
        if self._detail_error is not None:
            return error_blocks(self._detail_error, width)
        return [Block([Content.styled(t("… asking"), "$muted")])]

    # Keys.

    def on_input_changed(self, _: Input.Changed) -> None:
        if self.cairn.connection.unlocked:
            self._at = ""
            self.load()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.rows.focus()

    def on_lines_moved(self, message: Lines.Moved) -> None:
        if message.lines is self.rows and not self.has_class("-detail"):
            self._at = ""
            self._opened.clear()
            self.detail.show(self._blocks)
            self._fetch()
            self.update_keys()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        if message.lines is self.rows:
            self._at = ""
            self.add_class("-detail")
            self.detail.focus()
        elif message.key.startswith("link:"):
            self._opened ^= {message.key}
        else:
            self._at = message.key
            self._opened.clear()
            self.detail.show(self._blocks)
        self._fetch()
        self._show()

    def on_descendant_focus(self) -> None:
        self.update_keys()

    def action_find(self) -> None:
        self.remove_class("-detail")
        self.query_one("#find", Input).focus()

    def action_back(self) -> None:
        if self.has_class("-detail") or self.detail.has_focus:
            self.remove_class("-detail")
            self._at = ""
        elif self.sought:
            self.query_one("#find", Input).value = ""
        self.rows.focus()
        self._fetch()
        self._show()

    def action_pane_next(self) -> None:
        if self.detail.has_focus:
            self.action_back()
        else:
            self.rows.action_select()

    def action_reload(self) -> None:
        """The registry's newest list, if it answers; then everything again."""
        self.load(refresh=True)
        self.notify(t("Asking the registry for its newest list…"))

    def action_copy_id(self) -> None:
        key = self._key
        if self.refuse("" if key else t(NONE_MARKED)):
            return
        self.app.copy_to_clipboard(clean(key.partition(":")[2], 500))
        self.notify(t("The identifier is in the clipboard, if your terminal allows that (OSC 52)."))

"""What the learner holds: a list, and beside or behind it the claims and checks of one credential."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.find import MAX_QUERY_CHARS, Entry, Finder, Indexed, find_badges, in_order, read_query
from wallet_tui.i18n import mark, t
from wallet_tui.model import Credential, Summary
from wallet_tui.portfolio import Portfolio, Shelved, read_portfolio
from wallet_tui.portfolio_model import Badge
from wallet_tui.safe_text import Untrusted
from wallet_tui.screens.base import Answered, Refused, error_blocks, set_text
from wallet_tui.screens.credential_actions import DEMO, NO_CREDENTIAL, CredentialActions
from wallet_tui.screens.credential_rows import Tally, draw_entry, find_help, tally, totals
from wallet_tui.screens.credential_text import left_blocks, pane_blocks
from wallet_tui.widgets.document import Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList
from wallet_tui.widgets.saying import Saying

EMPTY = mark("No credentials yet. Paste an offer link, or press d for a demo credential.")
NOTHING_FITS = mark("Nothing fits these words. Press esc to see all.")
ALL_ARCHIVED = mark("Everything is archived. Find is:archived to see it.")
MAX_KEPT = 100
FIRST_GLANCE = 0.15
FOLLOW_SECONDS = 0.05


class CredentialsScreen(CredentialActions):
    BINDINGS: ClassVar[list[BindingType]] = bindings("find", "pane.next")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential", "verdict"})

    def __init__(self) -> None:
        super().__init__()
        self._finder = Finder([])
        self._tallies: dict[bool, Tally] = {}
        self._badges: list[Badge] = []
        self._labels: list[Untrusted] = []
        self._kept: dict[str, Credential] = {}
        self._opened: set[str] = set()
        self._badges_shown = 0
        self._shown_id = ""
        self._wanted = ""
        self._open_wanted = False
        self._loaded = False
        self._follow: Timer | None = None
        self._error: CairnError | None = None

    def body(self) -> Iterable[Widget]:
        with Horizontal(classes="panes"):
            with Vertical(id="list-pane"):
                yield Input(
                    id="find",
                    placeholder=t("find: words, or eqf:7 issuer:munster status:unknown"),
                    max_length=MAX_QUERY_CHARS,
                )
                yield Saying(id="find-help")
                yield Static(id="empty", markup=False)
                yield RowList(self._draw, lambda item: item.id, id="list")
                yield Saying(id="totals")
            yield Document(id="claims")
            yield Document(id="detail")

    @property
    def rows(self) -> RowList[Entry]:
        return self.query_one("#list", RowList)

    @property
    def detail(self) -> Document:
        return self.query_one("#detail", Document)

    @property
    def claims(self) -> Document:
        """The left half of a credential that was opened with room for two."""
        return self.query_one("#claims", Document)

    @property
    def field(self) -> Input:
        return self.query_one("#find", Input)

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    @property
    def detail_open(self) -> bool:
        return self.has_class("-detail")

    @property
    def current(self) -> Entry | None:
        return self.rows.current

    def hints(self) -> list[Hint]:
        none = t(NO_CREDENTIAL) if self.current is None else ""
        read_only = self.cairn.connection.why_read_only()
        if self.detail_open:
            return [
                Hint("back"),
                Hint("list.select", none, t("evidence")),
                Hint("menu"),
                Hint("recheck", none or read_only),
                Hint("copy-id", none),
                Hint("lock"),
                Hint("help"),
            ]
        return [
            Hint("find", none if not self._all else ""),
            Hint("list.select", none, t("open")),
            Hint("mark", none),
            Hint("menu"),
            Hint("paste", read_only),
            Hint("lock"),
            Hint("help"),
        ]

    # Data.

    def read(self) -> None:
        wallet = self.cairn.wallet
        self.ask("list", lambda: read_portfolio(wallet))
        if not self._loaded:
            self.set_timer(FIRST_GLANCE, self._show_empty)

    def forget(self) -> None:
        """Marks are drafts: they name credentials and say nothing of them."""
        self._all, self._finder, self._badges, self._labels = [], Finder([]), [], []
        self._kept, self._shown_id, self._wanted, self._loaded = {}, "", "", False
        self.stale = True
        self._opened.clear()
        self.rows.show([])
        for document in (self.detail, self.claims):
            document.show(lambda _: [])
        self.query_one("#empty", Static).update("")
        for name in ("#totals", "#find-help"):
            self.query_one(name, Saying).say(Content(""))
        self.field.value = ""

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return  # the answer came after the lock
        value = message.value
        if isinstance(value, Portfolio):
            self._take(value)
        elif isinstance(value, Shelved):
            self.shelved(value)
        elif isinstance(value, str):
            self.open_demo(value)
        elif isinstance(value, Credential):
            self._keep(value)
            if message.group == "recheck":
                self.notify(t("The checks were run again."))
                self.changed([value])
            elif message.group == "note":
                self.open_note(value)
        self.update_keys()

    def _take(self, portfolio: Portfolio) -> None:
        self._all, self._badges = portfolio.items, portfolio.badges
        self._loaded, self._error = True, None
        self._kept.clear()
        there = {entry.item.id for entry in self._all} | {badge.id for badge in self._badges}
        self._marked &= there
        if portfolio.badges_error is not None:
            why = portfolio.badges_error.diagnostics()
            self.notify(t("Visual badges could not be read: {why}").format(why=why), severity="warning")
        self._arrange()
        self._go_to_wanted()
        self._show_and_fetch()

    def _arrange(self) -> None:
        """Once for every change of the data or of the order, never while somebody types."""
        self._finder = Finder(in_order(self._all, self._order))
        self._tallies = {True: tally(self._all), False: tally(self._finder.shown)}
        found: dict[str, Untrusted] = {}
        for entry in self._all:
            for label in (*entry.item.collections, *entry.item.tags):
                found.setdefault(label.raw.casefold(), label)
        self._labels = [found[name] for name in sorted(found)]

    def on_refused(self, message: Refused) -> None:
        error = message.error
        if message.group == "recheck":
            self.notify(error.diagnostics(), title=t("The checks were not run"), severity="error")
            return
        if message.group == "note":
            self.notify(error.diagnostics(), severity="error")
            return
        if message.group == "demo":
            self.notify(t(DEMO), timeout=12)
            return
        self._error = error
        if message.group == "list":
            self._loaded = self.stale = True
            self._filter()
        self._show_detail()

    def _keep(self, credential: Credential) -> None:
        if len(self._kept) >= MAX_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._kept[credential.summary.id] = credential
        self._error = None
        self._show_detail()

    def _fetch(self, item: Entry | None) -> None:
        wanted = isinstance(item, Summary) and item.id not in self._kept
        if item is not None and wanted and (self.wide or self.detail_open):
            self.ask("detail", lambda: self.cairn.wallet.credential(item.id))

    def changed(self, done: Sequence[Credential]) -> None:
        """Put them in their places: reading ten thousand again for one would be felt."""
        fresh = {held.summary.id: held for held in done}
        self._all = [
            Indexed.of(fresh[entry.item.id].summary) if entry.item.id in fresh else entry
            for entry in self._all
        ]
        self._kept.update({name: held for name, held in fresh.items() if name in self._kept})
        self._arrange()
        self._filter()
        self._show_and_fetch()

    def go_to(self, identifier: str) -> None:
        self._wanted = identifier
        if identifier:
            self.field.value = ""
            self.remove_class("-finding")
        self.load()

    def reveal(self, identifier: str) -> None:
        """Bring one into view and open it, as soon as it is there; one that is archived, too."""
        self.field.value = ""
        self.remove_class("-finding")
        self._wanted, self._open_wanted = identifier, True
        if self._loaded:
            self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        wanted = self._wanted
        if any(entry.item.id == wanted and entry.item.archived for entry in self._all):
            self.add_class("-finding")
            self.field.value = "is:all"
        self._filter()
        at = next((index for index, item in enumerate(self.rows.items) if item.id == wanted), -1)
        if not wanted or at < 0:
            return
        self.rows.move_to(at)
        self.rows.focus()
        if self._open_wanted:
            self.action_open_current()
        self._wanted, self._open_wanted = "", False

    # List.

    def _draw(self, item: Entry, width: int) -> list[Content]:
        return draw_entry(item, width, marked=item.id in self._marked)

    def show_again(self, *, sort: bool = False) -> None:
        if sort:
            self._arrange()
        if sort or "is:m" in self.field.value:
            self._filter()
        else:
            self.rows.redraw()
            self._show_totals()

    def _filter(self) -> None:
        query, today = self.field.value, self.cairn.now().date()
        found: list[Entry] = [entry.item for entry in self._finder.find(query, today, self._marked)]
        pictures = find_badges(query, self._badges, self._marked)
        self._badges_shown = len(pictures)
        self.rows.show([*found, *pictures])
        self._show_empty()
        self._show_totals()

    def _show_empty(self) -> None:
        empty = self.query_one("#empty", Static)
        nothing = not self.rows.items
        if empty.display != nothing:
            empty.display = nothing
        if not nothing:
            return
        if self._error is not None and not self._all:
            said = words.explain(self._error).happened
        elif not self._loaded:
            said = Content.styled(t("… reading what you hold"), "$muted")
        elif not self._all and not self._badges:
            said = Content(t(EMPTY))
        else:
            said = Content(t(NOTHING_FITS if self.field.value.strip() else ALL_ARCHIVED))
        set_text(empty, [said])

    def _show_totals(self) -> None:
        if not self._loaded or (self._error is not None and not self._all):
            self.query_one("#totals", Saying).say(Content(""))
            return
        archived_too = read_query(self.field.value, self.cairn.now().date()).archived_too
        counted = self._tallies[archived_too]
        line = totals(
            len(self.rows.items) - self._badges_shown,
            sum(counted),
            counted,
            order=self._order,
            archived=len(self._all) - sum(counted),
            marked=len(self._marked),
        )
        self.query_one("#totals", Saying).say(line)

    def on_input_changed(self, _: Input.Changed) -> None:
        if self._loaded:
            self._filter()
        width = max(20, self.query_one("#list-pane").size.width - 4)
        self.query_one("#find-help", Saying).say(find_help(self.field.value, self._labels, width))

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.rows.focus()

    def on_lines_moved(self, message: Lines.Moved) -> None:
        # The list tells where it is whenever it is filtered: only another place is news.
        if message.lines is self.rows and message.key != self._shown_id:
            self._opened.clear()
            self.update_keys()
            # Beside the list it follows a moment later, so that it holds up no key.
            if self._follow is not None:
                self._follow.stop()
            if self.wide:
                self._follow = self.set_timer(FOLLOW_SECONDS, self._show_and_fetch)
            else:
                self._show_and_fetch()

    def _show_and_fetch(self) -> None:
        self._show_detail()
        self._fetch(self.current)

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        if message.lines is self.rows:
            self.action_open_current()
        else:
            self._opened ^= {message.key}
            self._show_detail()
        self.update_keys()

    def on_descendant_focus(self) -> None:
        self.update_keys()

    def on_resize(self) -> None:
        # After the breakpoint classes are set: they decide which panes there are.
        self.call_after_refresh(self._show_detail)

    # Detail.

    def _show_detail(self) -> None:
        item = self.current
        if item is None:
            self._shown_id = ""
            self.remove_class("-two")
            error = self._error
            self.detail.show(lambda width: error_blocks(error, width) if error is not None else [])
            self.claims.show(lambda _: [])
            return
        same = item.id == self._shown_id
        self._shown_id = item.id
        two = self.wide and self.detail_open and isinstance(item, Summary)
        self.set_class(two, "-two")
        held, opened, now, error = self._kept.get(item.id), self._opened, self.cairn.now(), self._error
        self.detail.show(
            lambda width: pane_blocks(item, held, width, opened, now, error=error, two=two), keep_place=same
        )
        self.claims.show(lambda width: left_blocks(item, held, width, now) if two else [], keep_place=same)

    # Moving about.

    def action_open_current(self) -> None:
        if self.current is None:
            self.refuse(t(NO_CREDENTIAL))
            return
        self.add_class("-detail")
        self.detail.focus()
        self._fetch(self.current)
        self._show_detail()

    def action_find(self) -> None:
        if self.refuse("" if self._all or self._badges else t("There is nothing to find yet.")):
            return
        self.remove_class("-detail")
        self.add_class("-finding")
        self.field.focus()
        self.call_after_refresh(self.on_input_changed, Input.Changed(self.field, self.field.value))

    def action_back(self) -> None:
        """One step back at a time: out of the credential, out of finding, then the marks."""
        if self.detail_open:
            self.remove_class("-detail")
            self.rows.focus()
            self._show_detail()
        elif self.has_class("-finding"):
            self.field.value = ""
            self.remove_class("-finding")
            self.rows.focus()
        elif self._first_of_two:
            self._first_of_two = ""
            self.notify(t("Nothing is compared."))
        elif self._marked:
            self._marked.clear()
            self.show_again()
        self.update_keys()

    def action_pane_next(self) -> None:
        if not self.detail_open:
            self.action_open_current()
        elif self.has_class("-two"):
            (self.detail if self.claims.has_focus else self.claims).focus()
        else:
            self.action_back()

"""What was received, shared, declined and revoked: an append-only chain kept by the agent service.

Entries are looked for by the service and read in pages: ten thousand of them would hold up the terminal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.errors import CairnError, ConflictError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.history_model import HOW, SENTENCES, HistoryEntry, HistoryPage, kind_words
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import Cell, fold, heading, join, labelled, row
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Area, Refused, error_blocks, set_text
from wallet_tui.screens.save_file import SaveFileScreen, default_path, write_new
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

EMPTY = mark(
    "Nothing has happened yet. Every credential received and everything shared or declined is listed here."
)
NOTHING = mark("Nothing has happened yet.")
AHEAD = 40  # rows from the last one read at which more are asked for
WHEN, KIND = 16, 14


class HistoryScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("find", "reload", "copy-id", "write", "pane.next")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential", "offer", "request"})

    def __init__(self) -> None:
        super().__init__()
        self._page: HistoryPage | None = None
        self._error: CairnError | None = None
        self._broken: frozenset[int] = frozenset()
        self._path = ""

    def body(self) -> Iterable[Widget]:
        yield Static(id="chain", markup=False)
        with Horizontal(classes="panes"):
            with Vertical(id="list-pane"):
                yield Input(
                    id="find",
                    placeholder=t("find: words, or party:northwind"),
                    max_length=200,
                    select_on_focus=False,
                )
                yield RowList(self._draw, lambda entry: str(entry.seq), id="list")
            yield Document(id="detail")

    @property
    def rows(self) -> RowList[HistoryEntry]:
        return self.query_one("#list", RowList)

    @property
    def detail(self) -> Document:
        return self.query_one("#detail", Document)

    @property
    def sought(self) -> str:
        return self.query_one("#find", Input).value

    def hints(self) -> list[Hint]:
        none = "" if self.rows.items else t(NOTHING)
        back = self.has_class("-detail") or self.detail.has_focus
        return [
            Hint("back") if back else Hint("list.select", none),
            Hint("find", "" if self.rows.items or self.sought else t(NOTHING)),
            Hint("copy-id", none, t("copy hash")),
            Hint("write", none, t("export")),
            Hint("reload", label=t("verify")),
            Hint("lock"),
            Hint("help"),
        ]

    # Data.

    def load(self, *, anew: bool = False) -> None:
        sought, party = _split(self.sought)
        self.ask("history", lambda: self.cairn.wallet.history(sought, party, anew=anew))

    def _load_more(self) -> None:
        page = self._page
        if page is None or len(page.entries) >= page.total or not page.entries:
            return
        sought, party = _split(self.sought)
        before = page.entries[-1].seq
        self.ask("more", lambda: self.cairn.wallet.history(sought, party, before=before))

    def forget(self) -> None:
        self._page, self._broken = None, frozenset()
        self.query_one("#find", Input).value = ""
        self.remove_class("-finding")
        self.rows.show([])
        self._show()

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return
        if isinstance(message.value, Path):
            self.notify(t("The history was written to {path}.").format(path=clean(str(message.value), 120)))
            return
        if not isinstance(message.value, HistoryPage):
            return
        page = message.value
        if message.group == "more" and self._page is not None:
            known = self._page.entries
            older = tuple(entry for entry in page.entries if entry.seq < known[-1].seq) if known else ()
            page = HistoryPage((*known, *older), page.total, page.count, page.result, page.breaks)
        self._page, self._error = page, None
        self._broken = frozenset(each.seq for each in page.breaks)
        self.rows.show(page.entries)
        self._show()

    def on_refused(self, message: Refused) -> None:
        if message.group == "export":
            self.notify(message.error.diagnostics(), title=t("Nothing was written"), severity="error")
            if isinstance(message.error, ConflictError):
                self._ask_where(self._path)
            return
        self._error = message.error
        self._show()

    # What is shown.

    def _show(self) -> None:
        width = max(20, self.size.width - 2)
        set_text(self.query_one("#chain", Static), fold(self._chain(), width, max_lines=2))
        self.detail.show(self._blocks)
        self.update_keys()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _chain(self) -> Content:
        page = self._page
        if page is None:
            error = self._error
            if error is not None:
                return join(("✗ ", "$text-error"), words.explain(error).happened)
            return Content(t("… reading"))
        if self._error is not None:
            return join(("✗ ", "$text-error"), words.explain(self._error).happened)
        if not page.count and page.result == "pass":
            return Content(t(EMPTY))
        state = chain_state(page)
        if not self.sought:
            return state
        fit = tn("{n} entry fits", "{n} entries fit", page.total).format(n=page.total)
        return join(state, (f"  ·  {fit}", "$muted"))

    def _blocks(self, width: int) -> list[Block]:
        entry = self.rows.current
        if entry is not None:
            return [Block(entry_lines(entry, width, self._how(entry)))]
        return error_blocks(self._error, width) if self._error is not None else []

    def _how(self, entry: HistoryEntry) -> str:
        breaks = self._page.breaks if self._page is not None else ()
        return next((t(HOW[each.how]) for each in breaks if each.seq == entry.seq), "")

    def _draw(self, entry: HistoryEntry, width: int) -> list[Content]:
        return draw_entry(entry, width, broken=entry.seq in self._broken)

    # Keys.

    def on_input_changed(self, _: Input.Changed) -> None:
        if self.cairn.connection.unlocked:
            self.load()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.rows.focus()

    def on_lines_moved(self, message: Lines.Moved) -> None:
        if message.lines is self.rows:
            self.detail.show(self._blocks)
            if self.rows.cursor >= len(self.rows.items) - AHEAD:
                self._load_more()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        if message.lines is self.rows:
            self.add_class("-detail")
            self.detail.focus()
            self.update_keys()

    def on_descendant_focus(self) -> None:
        self.update_keys()

    def action_find(self) -> None:
        if self.refuse("" if self.rows.items or self.sought else t(NOTHING)):
            return
        self.remove_class("-detail")
        self.add_class("-finding")
        self.query_one("#find", Input).focus()

    def action_back(self) -> None:
        if self.has_class("-detail") or self.detail.has_focus:
            self.remove_class("-detail")
        elif self.has_class("-finding"):
            self.remove_class("-finding")
            self.query_one("#find", Input).value = ""
        self.rows.focus()
        self.update_keys()

    def action_pane_next(self) -> None:
        if self.detail.has_focus:
            self.action_back()
        else:
            self.rows.action_select()

    def action_reload(self) -> None:
        """Everything read and hashed anew."""
        self.load(anew=True)

    def action_copy_id(self) -> None:
        entry = self.rows.current
        if entry is None:
            self.refuse(t(NOTHING))
            return
        self.app.copy_to_clipboard(clean(entry.hash, 200))
        self.notify(t("The entry's hash is in the clipboard, if your terminal allows that (OSC 52)."))

    def action_write_file(self) -> None:
        if not self.refuse("" if self.rows.items or self.sought else t(NOTHING)):
            self._ask_where(default_path(f"cairn-history-{self.cairn.now().date().isoformat()}.json"))

    def _ask_where(self, path: str) -> None:
        about = t(
            "All of it, with the chain and its head: whom you shared what kind of data with, and when. "
            "Whoever has the file can read it; `cairn history verify FILE` checks it."
        )
        self.app.push_screen(SaveFileScreen(t("Write the history to a file"), about, path), self._export)

    def _export(self, path: str | None) -> None:
        if path is None:
            return
        self._path = path

        async def work() -> Path:
            data = await self.cairn.wallet.history_export()
            return await asyncio.to_thread(write_new, path, data)

        self.ask("export", work)


def _split(sought: str) -> tuple[str, str]:
    """Words, and those after ``party:``."""
    found = sought.split()
    party = [word.partition(":")[2] for word in found if word.casefold().startswith("party:")]
    return " ".join(word for word in found if not word.casefold().startswith("party:")), " ".join(party)


def chain_state(page: HistoryPage) -> Content:
    """``✓ intact, 42 entries`` · ``✗ broken at entry 17: …`` · ``? …``: a glyph and words, each a whole sentence."""
    if page.result == "pass":
        says = tn("✓ intact, {n} entry", "✓ intact, {n} entries", page.count).format(n=page.count)
        return Content.styled(says, words.STYLES["pass"])
    if page.result == "fail" and page.breaks:
        first, more = page.breaks[0], len(page.breaks) - 1
        says = t("✗ broken at entry {n}: {how}").format(n=first.seq, how=t(HOW[first.how]))
        broken = Content.styled(says, words.STYLES["fail"])
        if not more:
            return broken
        others = tn("and in {n} other place", "and in {n} other places", more).format(n=more)
        return join(broken, " ", others)
    if page.result == "fail":
        return Content.styled(t("✗ broken: an entry was changed or removed afterwards"), words.STYLES["fail"])
    says = tn(
        "? unknown: every link of {n} entry holds, and whether the end is missing cannot be told yet",
        "? unknown: every link of {n} entries holds, and whether the end is missing cannot be told yet",
        page.count,
    ).format(n=page.count)
    return Content.styled(says, words.STYLES["unknown"])


def draw_entry(entry: HistoryEntry, width: int, *, broken: bool = False) -> list[Content]:
    """Two lines: when, what happened, to which credential or request; with whom."""
    title = safe_text(entry.title)
    if broken:
        title = join((t("✗ broken") + "  ", words.STYLES["fail"]), title)
    first = row(
        width,
        Cell(words.day(entry.at), WHEN),
        Cell(kind_words(entry.kind), KIND, style="bold"),
        Cell(title),
    )
    number = len(entry.claims)
    count = tn("{n} claim", "{n} claims", number).format(n=number) if number else ""
    party = words.party_in(entry.party, width - WHEN - KIND - 2) if _somebody(entry) else Content("")
    second = row(
        width,
        Cell("", WHEN),
        Cell(count, KIND, style="$muted"),
        Cell(party, style="$muted"),
    )
    return [first, second]


def _somebody(entry: HistoryEntry) -> bool:
    """What happened in this wallet alone has nobody on the other side."""
    return bool(entry.party.did or entry.party.host or entry.party.name)


def entry_lines(entry: HistoryEntry, width: int, how: str = "") -> list[Content]:
    kind = kind_words(entry.kind).plain
    lines = [heading(kind[:1].upper() + kind[1:], words.day(entry.at)), Content("")]
    if how:
        says = t("✗ broken: {how}").format(how=how)
        lines += [*fold(Content.styled(says, words.STYLES["fail"]), width), Content("")]
    if entry.kind in SENTENCES:
        lines += [*fold(Content(t(SENTENCES[entry.kind])), width), Content("")]
    lines += fold(safe_text(entry.title).stylize_before("bold"), width)
    if _somebody(entry):
        lines += fold(words.party(entry.party, 80), width)
        lines += fold(safe_text(entry.party.did, 150).stylize_before("$muted"), width)
    lines += [Content(""), heading(t("Claims, by name only"))]
    for name in entry.claims:
        lines += fold(join("· ", safe_text(name, 80)), width, indent=4, first=2)
    if not entry.claims:
        lines.append(Content("  " + t("none")))
    lines.append(Content(""))
    for label, value in (
        (t("Outcome"), safe_text(entry.outcome, 300)),
        (t("Request hash"), safe_text(entry.request_hash, 128)),
        (t("Entry hash"), safe_text(entry.hash, 128)),
        (t("Number"), Content(str(entry.seq))),
    ):
        if value.plain:
            lines += labelled(label, value, width, label_width=13, indent=0)
    return lines

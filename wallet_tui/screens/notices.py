"""What there is to notice. Opening one shows what it is about, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import Cell, fold, join, row
from wallet_tui.notice_model import KINDS, MAX_SEEN, SENTENCES, Notice
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Area, Refused, set_text
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

EMPTY = mark("Nothing to notice: nothing was revoked, nothing ends soon, and nothing waits for you.")
NONE = mark("There is no notice.")
ALL_SEEN = mark("You have seen all of them.")
STATE, INDENT = 26, 3


class NoticesScreen(Area):
    """Over the area it was opened from; `esc` leads back there."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("notices.seen", "notices.all-seen", "reload")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"notice", "credential", "offer", "request"})

    def __init__(self) -> None:
        super().__init__()
        self._error: CairnError | None = None
        self._loaded = False

    def body(self) -> Iterable[Widget]:
        yield Static(id="chain", markup=False)
        yield RowList(draw_notice, lambda notice: notice.id, row_height=3, id="list")

    @property
    def rows(self) -> RowList[Notice]:
        return self.query_one("#list", RowList)

    def hints(self) -> list[Hint]:
        none = "" if self.rows.items else t(NONE)
        unseen = "" if self._unseen() else t(ALL_SEEN) if self.rows.items else t(NONE)
        return [
            Hint("back"),
            Hint("list.select", none),
            Hint("notices.seen", none),
            Hint("notices.all-seen", unseen),
            Hint("reload"),
            Hint("lock"),
            Hint("help"),
        ]

    def _unseen(self) -> list[str]:
        return [notice.id for notice in self.rows.items if not notice.seen]

    # Data.

    def load(self) -> None:
        self.ask("notices", self.cairn.wallet.notices)

    def forget(self) -> None:
        self._loaded = False
        self.rows.show([])
        self._show()

    def on_answered(self, message: Answered[list[Notice]]) -> None:
        if not self.cairn.connection.unlocked:
            return
        self._error, self._loaded = None, True
        self.rows.show(message.value)
        self._show()

    def on_refused(self, message: Refused) -> None:
        self._error, self._loaded = message.error, True
        self._show()

    def _show(self) -> None:
        width = max(20, self.size.width - 2)
        set_text(self.query_one("#chain", Static), fold(self._says(), width, max_lines=2))
        self.update_keys()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _says(self) -> Content:
        if self._error is not None:
            return join(("✗ ", "$text-error"), words.explain(self._error).happened)
        if not self._loaded:
            return Content(t("… reading"))
        if not self.rows.items:
            return Content(t(EMPTY))
        number, new = len(self.rows.items), len(self._unseen())
        says = tn("{n} notice", "{n} notices", number).format(n=number)
        news = tn("{n} new", "{n} new", new).format(n=new) if new else t("none new")
        return join((says, "bold"), "  ", (news, "$text-accent bold" if new else "$muted"))

    # Keys.

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        notice = next((each for each in self.rows.items if each.id == message.key), None)
        if notice is None:
            return
        self._mark([notice.id] if not notice.seen else [])
        if notice.what == "offer":
            self.app.push_screen(OfferScreen(offer_id=notice.about))
        elif notice.what == "request":
            self.app.push_screen(ConsentScreen(request_id=notice.about))
        elif notice.what == "credential":
            self._open_area("credentials", notice.about)
        elif notice.what == "list":
            self._open_area("trust")

    def _open_area(self, name: str, identifier: str = "") -> None:
        app = self.cairn
        self.dismiss()
        app.action_area(name)
        if identifier and isinstance(app.screen, Area):
            app.screen.reveal(identifier)

    def _mark(self, ids: list[str]) -> None:
        if ids:
            self.ask("notices", lambda: self.cairn.wallet.see_notices(ids[:MAX_SEEN]))

    def action_seen(self) -> None:
        notice = self.rows.current
        if self.refuse("" if notice is not None else t(NONE)) or notice is None:
            return
        self._mark([notice.id] if not notice.seen else [])
        self.rows.action_cursor_down()

    def action_all_seen(self) -> None:
        ids = self._unseen()
        if not self.refuse("" if ids else t(ALL_SEEN) if self.rows.items else t(NONE)):
            self._mark(ids)

    def action_reload(self) -> None:
        self.load()

    def action_back(self) -> None:
        self.dismiss()


def draw_notice(notice: Notice, width: int) -> list[Content]:
    """Three lines: what happened and to what, with whom and since when, and what that means."""
    glyph, kind, style = KINDS[notice.kind]
    new = join((t("new") + " ", "$text-accent bold")) if not notice.seen else Content("")
    first = row(
        width,
        Cell(Content.styled(f"{glyph} {t(kind)}", style), STATE),
        Cell(join(new, safe_text(notice.title)), style="bold" if not notice.seen else ""),
    )
    # A day has no hour.
    day = words.day(notice.at)[: 10 if notice.day else None]
    who = notice.party
    party = words.party_in(who, width - INDENT - len(day) - 2) if who.did or who.host else Content("")
    second = row(width, Cell("", INDENT), Cell(party), Cell(day, len(day), style="$muted"))
    says = SENTENCES.get(notice.kind, "")
    meaning = Content(t(says).format(day=clean(notice.day, 12))) if says else safe_text(notice.detail, 200)
    return [first, second, row(width, Cell("", INDENT), Cell(meaning, style="$muted"))]

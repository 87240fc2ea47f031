"""The stack builder: what counts towards a goal and what not, the way there, and what if something were left out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.client import SERVICE_UNREACHABLE
from agent.errors import CairnError
from wallet_tui.actions import bindings
from wallet_tui.i18n import t
from wallet_tui.safe_text import clean
from wallet_tui.screens.base import Answered, Area, Refused, error_blocks, set_text
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.screens.stack_dialogs import SaveDraftScreen, WhyScreen, WriteStackScreen
from wallet_tui.screens.stack_goals import DraftsScreen, GoalsScreen
from wallet_tui.screens.stack_rows import Candidates, fits, in_order
from wallet_tui.screens.stack_text import (
    EMPTY,
    NOBODY,
    NOT_FOUND,
    below,
    draft_note,
    draw_member,
    head,
    meter_lines,
    standing,
)
from wallet_tui.stack_model import Draft, Member, Pathway, Stack, Target
from wallet_tui.stack_way import way_of
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.pathway import PathwayView


class StackScreen(Area):
    AUTO_FOCUS = "#members"
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "stack.leave-out",
        "stack.goal",
        "stack.goals",
        "stack.save",
        "stack.drafts",
        "stack.write",
        "find",
        "reload",
        "pane.next",
        "copy-id",
    )
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential", "offer", "verdict"})

    def __init__(self) -> None:
        super().__init__()
        self._targets: list[Target] = []
        self._goal: Any = ""  # what the service is asked: an id, or the whole target of a draft
        self._without: frozenset[str] = frozenset()
        self._draft: Draft | None = None
        self._stack: Stack | None = None
        self._pathway: Pathway | None = None
        self._members: list[Member] = []
        self._error: CairnError | None = None
        self._loaded = self._planning = False

    def body(self) -> Iterable[Widget]:
        yield Static(id="goal", markup=False)
        with Horizontal(classes="panes"):
            with Vertical(id="stack-list"):
                yield Input(
                    id="find", placeholder=t("find: words of a title, issuer or reason"), max_length=200
                )
                yield Static(id="empty", markup=False)
                yield Candidates(self._draw, lambda member: member.credential_id, id="members")
            with Vertical(id="stack-way"):
                yield Static(id="meter", markup=False)
                yield PathwayView(id="pathway")
        yield Static(id="note", markup=False)

    @property
    def rows(self) -> Candidates:
        return self.query_one("#members", Candidates)

    @property
    def view(self) -> PathwayView:
        return self.query_one("#pathway", PathwayView)

    @property
    def field(self) -> Input:
        return self.query_one("#find", Input)

    @property
    def wide(self) -> bool:
        return self.has_class("-wide")

    @property
    def plain(self) -> bool:
        return bool(getattr(self.app, "plain", False))

    @property
    def position(self) -> int:
        """Which of the known goals is shown; -1 for one that a draft brought."""
        return next((at for at, each in enumerate(self._targets) if each.id == self._goal), -1)

    def hints(self) -> list[Hint]:
        no_goal = self._why_no_stack()
        member = self.rows.current
        back = member is not None and member.left_out
        where = t("list") if self.view.has_focus else t("pathway")
        return [
            Hint("list.select", self._why_no_member(), t("why")),
            Hint("stack.leave-out", self._why_not_movable(), t("put back") if back else t("leave out")),
            Hint("pane.next", no_goal, where),
            Hint("stack.goals", "" if self._targets else t("There is no goal yet.")),
            Hint("stack.save", no_goal),
            Hint("stack.write", no_goal),
            Hint("help"),
        ]

    # Data.

    def load(self) -> None:
        self.ask("targets", self.cairn.wallet.targets)

    def forget(self) -> None:
        """What was left out stays, as the draft it is: identifiers only."""
        self._targets, self._stack, self._pathway, self._members = [], None, None, []
        self._loaded = self._planning = False
        self.field.value = ""
        self.remove_class("-finding")
        self._show()

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return
        value = message.value
        if isinstance(value, Stack):
            self._take(value)
        elif isinstance(value, Pathway):
            self._pathway = value
            self._show_way(keep_place=True)
        elif message.group == "known-drafts" and isinstance(value, list):
            self.app.push_screen(SaveDraftScreen(value, self._draft), self._save)
        elif isinstance(value, Draft):
            self._draft = value
            self.notify(t("Saved. It is in the encrypted wallet, and in its backups."))
            self._show_head()
        elif message.group == "targets" and isinstance(value, list):
            self._targets, self._error, self._loaded = value, None, True
            if self.position < 0 and isinstance(self._goal, str):
                self._goal, self._without, self._draft = value[0].id if value else "", frozenset(), None
            self._plan()
        self.update_keys()

    def on_refused(self, message: Refused) -> None:
        self._planning = False
        if message.group == "pathway":  # guidance is an extra: without it the plan still stands
            return
        if message.group in {"draft", "known-drafts"}:
            self.notify(message.error.diagnostics(), title=t("The draft was not saved"), severity="error")
            return
        if self._stack is not None and message.error.code == SERVICE_UNREACHABLE:
            self._show_head()  # the banner says it; what was loaded stays readable
            return
        self._error, self._loaded = message.error, True
        self._stack = self._pathway = None
        self._members = []
        self._show()

    def _plan(self) -> None:
        if not self._goal:
            self._show()
            return
        goal, without = self._goal, self._without
        self._planning = True
        self.ask("stack", lambda: self.cairn.wallet.stack(goal, without))
        self._show() if self._stack is None else self._show_head()

    def _take(self, stack: Stack) -> None:
        same = self._stack is not None and self._stack.target.id == stack.target.id
        self._stack, self._error, self._planning, self._loaded = stack, None, False, True
        if not same:
            self._pathway = None
        self._members = in_order(stack.members, self._members if same else [])
        goal, without = self._goal, self._without
        if stack.met:
            self._pathway = None
        else:
            self.ask("pathway", lambda: self.cairn.wallet.pathway(goal, without))
        self._show(keep_place=same)

    def _go_to(self, goal: Any, without: frozenset[str] = frozenset(), draft: Draft | None = None) -> None:
        self._goal, self._without, self._draft = goal, without, draft
        self._stack, self._pathway, self._members, self._error = None, None, [], None
        self.field.value = ""
        self.remove_class("-finding")
        self._plan()

    # What is shown.

    def on_resize(self) -> None:
        self.call_after_refresh(self._show, keep_place=True)

    def _show(self, *, keep_place: bool = False) -> None:
        self._show_head()
        self._show_rows()
        self._show_way(keep_place=keep_place)
        self.update_keys()

    def _show_head(self) -> None:
        width = max(20, self.size.width - 2)
        stack = self._stack
        set_text(self.query_one("#goal", Static), self._goal_lines(width))
        meter = self.query_one("#meter", Static)
        meter.display = self.wide and stack is not None
        if stack is not None and self.wide:
            room = max(20, meter.container_size.width - 3)
            set_text(meter, meter_lines(stack, room))
        set_text(self.query_one("#note", Static), standing(stack, width))

    def _goal_lines(self, width: int) -> list[Content]:
        stack = self._stack
        if stack is None:
            if self._error is not None:
                return _error_lines(self._error, width)
            return [Content(t(EMPTY) if self._loaded and not self._targets else t("… reading the goal"))]
        position = t("goal")
        if self.position >= 0 and len(self._targets) > 1:
            position = t("goal {n} of {all}").format(n=self.position + 1, all=len(self._targets))
        note = t("… working it out") if self._planning else self._draft_note()
        return head(stack, position, note, width, meter=not self.wide)

    def _draft_note(self) -> str:
        draft = self._draft
        return draft_note(draft, self._without, changed=draft is not None and draft.without != self._without)

    def _show_rows(self) -> None:
        wanted = self.field.value.casefold().split()
        found = [each for each in self._members if fits(each, wanted)] if wanted else self._members
        self.rows.show(found)
        empty = self.query_one("#empty", Static)
        empty.display = self._stack is not None and not found
        if empty.display:
            empty.update(Content(t(NOBODY if not self._members else NOT_FOUND)))

    def _show_way(self, *, keep_place: bool = False) -> None:
        stack, pathway = self._stack, self._pathway
        if stack is None:
            self.view.show(None, lambda _: [])
            return
        if pathway is not None and pathway.target_id != stack.target.id:
            pathway = None
        way = way_of(stack, pathway)
        self.view.show(
            way,
            lambda width: below(stack, pathway, way.more, width),
            current=self._current_id(),
            plain=self.plain or not self.wide,
            keep_place=keep_place,
        )

    def _current_id(self) -> str:
        member = self.rows.current
        return member.credential_id if member is not None else ""

    def _draw(self, member: Member, width: int) -> list[Content]:
        return draw_member(member, self._stack, width) if self._stack is not None else []

    # Keys.

    def _why_no_stack(self) -> str:
        return "" if self._stack is not None else t("There is no plan on the screen.")

    def _why_no_member(self) -> str:
        return "" if self.rows.current is not None else t("There is nothing in the list.")

    def _why_not_movable(self) -> str:
        member = self.rows.current
        if member is None:
            return self._why_no_member()
        if member.state == "excluded" and not member.left_out:
            return t("It counts nothing here, so leaving it out would change nothing.")
        if self.cairn.connection.error is not None:
            return t("The agent service does not answer: a plan cannot be worked out now.")
        return ""

    def action_leave_out(self) -> None:
        member = self.rows.current
        if self.refuse(self._why_not_movable()) or member is None:
            return
        self._without ^= {member.credential_id}
        self._plan()

    def action_next_goal(self) -> None:
        if self.refuse("" if len(self._targets) > 1 else t("There is no other goal.")):
            return
        self._go_to(self._targets[(self.position + 1) % len(self._targets)].id)

    def action_choose_goal(self) -> None:
        if self.refuse("" if self._targets else t("There is no goal yet.")):
            return
        current = self._goal if isinstance(self._goal, str) else ""
        self.app.push_screen(GoalsScreen(self._targets, current), self._chosen)

    def _chosen(self, target_id: str | None) -> None:
        if target_id is not None and target_id != self._goal:
            self._go_to(target_id)

    def action_save_draft(self) -> None:
        if not self.refuse(self._why_no_stack()):
            self.ask("known-drafts", self.cairn.wallet.stack_drafts)

    def _save(self, typed: dict[str, Any] | None) -> None:
        if typed is not None:
            body = {**typed, "target": self._goal, "without": sorted(self._without)}
            self.ask("draft", lambda: self.cairn.wallet.save_stack_draft(body))

    def action_drafts(self) -> None:
        self.app.push_screen(DraftsScreen(), self._resume)

    def _resume(self, draft: Draft | None) -> None:
        if draft is None:
            return
        if self.refuse("" if draft.title else t("Its goal is not known here any more.")):
            return
        self._go_to(draft.target, draft.without, draft)

    def action_write_stack(self) -> None:
        stack = self._stack
        if self.refuse(self._why_no_stack()) or stack is None:
            return
        goal, without = self._goal, self._without
        title = clean(stack.target.title)
        self.app.push_screen(
            WriteStackScreen(title, lambda wallet, form: wallet.stack_file(goal, without, form))
        )

    def action_find(self) -> None:
        if self.refuse("" if self._members else t("There is nothing to find yet.")):
            return
        self.remove_class("-detail")
        self.add_class("-finding")
        self.field.focus()

    def action_back(self) -> None:
        if self.has_class("-detail") or self.view.has_focus:
            self.remove_class("-detail")
            self.rows.focus()
            self.call_after_refresh(self._show_head)
        elif self.has_class("-finding"):
            self.field.value = ""
            self.remove_class("-finding")
            self.rows.focus()
        self.update_keys()

    def action_pane_next(self) -> None:
        if self.view.has_focus:
            self.action_back()
        elif not self.refuse(self._why_no_stack()):
            self.add_class("-detail")
            self.view.focus()
            self.call_after_refresh(self._show_head)
            self.update_keys()

    def action_reload(self) -> None:
        self.load()

    def action_copy_id(self) -> None:
        member = self.rows.current
        if self.refuse(self._why_no_member()) or member is None:
            return
        self.app.copy_to_clipboard(clean(member.credential_id, 500))
        self.notify(t("The identifier is in the clipboard, if your terminal allows that (OSC 52)."))

    # Messages.

    def on_input_changed(self, _: Input.Changed) -> None:
        self._show_rows()

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.rows.focus()

    def on_descendant_focus(self) -> None:
        self.update_keys()

    def on_lines_moved(self, message: Lines.Moved) -> None:
        if message.lines is self.rows:
            self.view.point_at(self._current_id())
            self.update_keys()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        member, stack = self.rows.current, self._stack
        if message.lines is self.rows and member is not None and stack is not None:
            self.app.push_screen(WhyScreen(member, stack), lambda opened: self._open(member, opened))

    def _open(self, member: Member, opened: bool | None) -> None:
        if not opened:
            return
        if member.is_offer:
            self.app.push_screen(OfferScreen(offer_id=member.credential_id))
            return
        self.app.switch_mode("credentials")
        screen = self.app.screen
        if isinstance(screen, Area):
            screen.reveal(member.credential_id)


def _error_lines(error: CairnError, width: int) -> list[Content]:
    return [line for block in error_blocks(error, width) for line in block.lines]

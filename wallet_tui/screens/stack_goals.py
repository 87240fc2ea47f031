"""All goals in one list, with how far one is towards each; and the drafts that were saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import t, tn
from wallet_tui.layout import Cell, join, row
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Asking, Passing, Refused
from wallet_tui.stack_model import Draft, Progress, Target
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

MAX_QUERY_CHARS = 200


class GoalsScreen(Passing, Asking):
    """Returns the id of the goal that was chosen. Choosing changes what is shown, and nothing else."""

    AUTO_FOCUS = "Lines"
    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "find")

    def __init__(self, targets: Sequence[Target], current: str) -> None:
        super().__init__()
        self._targets = targets
        self._current = current
        self._progress: dict[str, Progress] | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(Content.styled(t("Choose a goal"), "bold"), markup=False)
            yield Input(
                id="words",
                placeholder=t("/ to find: words of its title or of who awards it"),
                max_length=MAX_QUERY_CHARS,
            )
            yield RowList(self._draw, lambda target: target.id, id="goals")
            yield Static(Content.styled(t("enter show it    / find    esc back"), "$muted"), markup=False)

    @property
    def goals(self) -> RowList[Target]:
        return self.query_one("#goals", RowList)

    def on_mount(self) -> None:
        self._find("")
        at = next((at for at, each in enumerate(self._targets) if each.id == self._current), 0)
        self.goals.move_to(at)
        self.ask("progress", self.cairn.wallet.stack_progress)

    def on_answered(self, message: Answered[list[Progress]]) -> None:
        self._progress = {each.target_id: each for each in message.value}
        self.goals.show(self.goals.items)

    def on_refused(self, message: Refused) -> None:
        self._progress = {}
        self.goals.show(self.goals.items)
        self.notify(message.error.diagnostics(), severity="warning")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._find(event.value)

    def on_input_submitted(self) -> None:
        self.goals.focus()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self.dismiss(message.key)

    def action_find(self) -> None:
        self.query_one("#words", Input).focus()

    def action_back(self) -> None:
        field = self.query_one("#words", Input)
        if field.value or field.has_focus:
            field.value = ""
            self.goals.focus()
        else:
            self.dismiss(None)

    def _find(self, query: str) -> None:
        wanted = query.casefold().split()
        self.goals.show([each for each in self._targets if _fits(each, wanted)])

    def _draw(self, target: Target, width: int) -> list[Content]:
        """Its title and how far one is; who awards it and how much it asks for."""
        total = join(safe_text(target.total, 12), " ", words.unit(target.unit))
        here = Content.styled(t("shown now"), "$text-accent") if target.id == self._current else Content("")
        first = row(width, Cell(safe_text(target.title), style="bold"), Cell(self._far(target), 26, "right"))
        second = row(
            width,
            Cell(safe_text(target.awarded_by), style="$muted"),
            Cell(here, here.cell_length),
            Cell(total, 16, "right", "$muted"),
        )
        return [first, second]

    def _far(self, target: Target) -> Content:
        if self._progress is None:
            return Content.styled(t("… working it out"), "$muted")
        found = self._progress.get(target.id)
        if found is None:
            return Content.styled(t("? unknown"), "$text-warning")
        if found.met:
            return Content.styled(t("✓ reached"), "$text-success")
        says = t("{counted} of {required}").format(
            counted=words.amount(found.counted), required=words.amount(found.required)
        )
        if found.offered:
            return join(
                says,
                "  ",
                (t("… {amount} offered").format(amount=words.amount(found.offered)), "$text-warning"),
            )
        return Content(says)


def _fits(target: Target, wanted: list[str]) -> bool:
    text = f"{clean(target.title, 200)} {clean(target.awarded_by, 200)} {target.id}".casefold()
    return all(word in text for word in wanted)


class DraftsScreen(Passing, Asking):
    """Returns the draft to go on with. Deleting asks for the key twice."""

    AUTO_FOCUS = "Lines"
    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "draft.delete")

    def __init__(self) -> None:
        super().__init__()
        self._sure = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(Content.styled(t("Drafts of stacks"), "bold"), markup=False)
            yield RowList(self._draw, lambda draft: draft.id, id="drafts")
            yield Static(Content(t("… reading the drafts")), id="drafts-say", markup=False)
            yield Static(
                Content.styled(t("enter go on with it    x delete    esc back"), "$muted"), markup=False
            )

    @property
    def drafts(self) -> RowList[Draft]:
        return self.query_one("#drafts", RowList)

    def on_mount(self) -> None:
        self.ask("drafts", self.cairn.wallet.stack_drafts)

    def on_answered(self, message: Answered[object]) -> None:
        if message.group == "delete":
            self.notify(t("The draft was deleted. No credential was touched."))
            self.ask("drafts", self.cairn.wallet.stack_drafts)
        elif isinstance(message.value, list):
            self.drafts.show(message.value)
            self._say("" if message.value else t("No draft was saved yet: s in the stack saves one."))

    def on_refused(self, message: Refused) -> None:
        self._say(message.error.diagnostics())

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self.dismiss(next((each for each in self.drafts.items if each.id == message.key), None))

    def on_lines_moved(self) -> None:
        self._sure = ""

    def action_delete_draft(self) -> None:
        draft = self.drafts.current
        if draft is None:
            self.refuse(t("There is no draft to delete."))
        elif self._sure != draft.id:
            self._sure = draft.id
            self._say(t("Press x again to delete “{name}”.").format(name=clean(draft.name, 80)))
        else:
            self._sure = ""
            self.ask("delete", lambda: self.cairn.wallet.delete_stack_draft(draft.id))

    def action_back(self) -> None:
        self.dismiss(None)

    def _say(self, text: str) -> None:
        self.query_one("#drafts-say", Static).update(Content(clean(text, 300)))

    def _draw(self, draft: Draft, width: int) -> list[Content]:
        """Its name and when; its goal, what is left out, the note."""
        saved = words.ago(draft.saved_at, self.cairn.now())
        first = row(width, Cell(safe_text(draft.name), style="bold"), Cell(saved, 16, "right", "$muted"))
        known = (
            safe_text(draft.title) if draft.title else Content(t("a goal that is not known here any more"))
        )
        left_out = len(draft.without)
        about = join(known, " · ", tn("{n} left out", "{n} left out", left_out).format(n=left_out))
        if draft.note:
            about = join(about, " · ", safe_text(draft.note))
        return [first, row(width, Cell(about, style="$muted"))]

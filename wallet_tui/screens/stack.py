"""One goal: how far what is held gets towards it, what counts and what not, and why."""

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
from wallet_tui.layout import Cell, fold, heading, join, row
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import BLANK, Answered, Area, Refused, error_blocks, set_text
from wallet_tui.stack_model import Member, Pathway, Stack, Target
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.meter import bar, in_words

EMPTY = "There is no goal yet: no issuer profile on this machine declares one."
STANDING = "Recognition is decided by the awarding institution, not by this wallet."
STATE_ORDER = ("counted", "offered", "excluded")
WIDE_MEMBER = 90


class StackScreen(Area):
    BINDINGS: ClassVar[list[BindingType]] = bindings("stack.goal", "reload")
    RELOAD_ON: ClassVar[frozenset[str]] = frozenset({"credential", "offer", "verdict"})

    def __init__(self) -> None:
        super().__init__()
        self._targets: list[Target] = []
        self._at = 0
        self._stack: Stack | None = None
        self._pathway: Pathway | None = None
        self._error: CairnError | None = None
        self._loaded = False

    def body(self) -> Iterable[Widget]:
        yield Static(id="goal", markup=False)
        yield Document(id="members")
        yield Static(id="note", markup=False)

    @property
    def document(self) -> Document:
        return self.query_one("#members", Document)

    def hints(self) -> list[Hint]:
        one = "" if len(self._targets) > 1 else "There is no other goal."
        return [
            Hint("list.down", label="read"),
            Hint("stack.goal", one),
            Hint("reload"),
            Hint("lock"),
            Hint("help"),
            Hint("quit"),
        ]

    def load(self) -> None:
        self.ask("targets", self.cairn.wallet.targets)

    def forget(self) -> None:
        self._targets, self._stack, self._pathway, self._loaded = [], None, None, False
        self._show()

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return
        self._error, self._loaded = None, True
        if isinstance(message.value, Stack):
            self._stack = message.value
            self._ask_pathway()
        elif isinstance(message.value, Pathway):
            self._pathway = message.value
        elif isinstance(message.value, list):
            self._targets = message.value
            self._at = min(self._at, max(0, len(self._targets) - 1))
            self._ask_stack()
        self._show()

    def on_refused(self, message: Refused) -> None:
        if message.group == "pathway":  # guidance is an extra: without it the plan still stands
            return
        self._error, self._loaded = message.error, True
        self._show()

    def _ask_stack(self) -> None:
        if self._targets:
            target = self._targets[self._at]
            self.ask("stack", lambda: self.cairn.wallet.stack(target.id))

    def _ask_pathway(self) -> None:
        self._pathway = None
        stack = self._stack
        if stack is not None and not stack.met:
            self.ask("pathway", lambda: self.cairn.wallet.pathway(stack.target.id))

    def action_next_goal(self) -> None:
        if self.refuse("" if len(self._targets) > 1 else "There is no other goal."):
            return
        self._at = (self._at + 1) % len(self._targets)
        self._stack = self._pathway = None
        self._ask_stack()
        self._show()

    def action_reload(self) -> None:
        self.load()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        width = max(20, self.size.width - 2)
        set_text(self.query_one("#goal", Static), self._goal(width))
        standing = STANDING if self._stack is None or not self._stack.note else ""
        note = self._stack.note if self._stack is not None and self._stack.note else Untrusted(standing)
        set_text(
            self.query_one("#note", Static),
            fold(join("! ", safe_text(note, 300)), width, indent=2, first=0, max_lines=2),
        )
        self.document.show(self._blocks, keep_place=True)
        self.update_keys()

    def _goal(self, width: int) -> list[Content]:
        stack = self._stack
        if stack is None:
            waiting = EMPTY if self._loaded and not self._targets else "… reading the goal"
            return [Content("" if self._error is not None else waiting)]
        position = f"goal {self._at + 1} of {len(self._targets)}" if len(self._targets) > 1 else "goal"
        total = join(words.amount(stack.required), " ", words.unit(stack.unit))
        first = fold(
            join(
                (f"{position}: ", "$muted"),
                safe_text(stack.target.title).stylize_before("bold"),
                " · ",
                total,
            ),
            width,
            max_lines=2,
        )
        by = fold(join(("awarded by ", "$muted"), safe_text(stack.target.awarded_by)), width, max_lines=1)
        met = words.result("pass") if stack.met else Content.styled("– not met yet", "$text-warning")
        numbers = Content("   ").join([*in_words(stack), met])
        return [*first, *by, Content(""), bar(stack, min(width, 72)), *fold(numbers, width)]

    def _blocks(self, width: int) -> list[Block]:
        if self._error is not None:
            return error_blocks(self._error, width)
        stack = self._stack
        if stack is None:
            return []
        blocks = [Block([heading("What counts, and why")])]
        members = sorted(stack.members, key=lambda member: STATE_ORDER.index(member.state))
        for index, member in enumerate(members):
            blocks.append(Block(member_lines(member, stack, width), f"member:{index}"))
        if not members:
            blocks.append(Block([Content("  Nothing you hold or were offered belongs to this goal.")]))
        if stack.places:
            blocks += [BLANK, Block([heading("What it asks for"), *place_lines(stack, width)])]
        after: list[Content] = []
        for sentence in stack.next:
            after += fold(join("→ ", safe_text(sentence, 300)), width, indent=4, first=2)
        if after:
            blocks += [BLANK, Block([heading("What next"), *after])]
        if self._pathway is not None and self._pathway.target_id == stack.target.id and self._pathway.steps:
            blocks += [BLANK, Block(pathway_lines(self._pathway, stack, width))]
        if stack.route:
            blocks += [
                BLANK,
                Block([heading("Another route"), *fold(safe_text(stack.route, 500), width, indent=2)]),
            ]
        if stack.complaint:
            told = Content(" ").join(safe_text(part, 300) for part in stack.complaint)
            blocks += [BLANK, Block([heading("If you disagree"), *fold(told, width, indent=2)])]
        return blocks


def pathway_lines(pathway: Pathway, stack: Stack, width: int) -> list[Content]:
    """The fewest credentials that would close the goal, one line each, and what they rest on."""
    title = "The shortest way from here" if pathway.closes else "What would bring it nearer"
    found = [heading(title)]
    for step in pathway.steps:
        kind = "… offered" if step.open_offer else "+ to earn"
        line = join(
            f"{kind}  ",
            safe_text(step.title, 100).stylize_before("bold"),
            join("  ", safe_text(step.counts, 12), " ", words.unit(stack.unit)),
        )
        if step.eqf is not None:
            line = join(line, f", {words.eqf(step.eqf)}")
        if step.condition:
            line = join(line, ", ", safe_text(step.condition, 120))
        line = join(line, " · ", safe_text(step.issuer, 60))
        if step.others:
            line = join(line, f" · or {'another' if step.others == 1 else f'one of {step.others} others'}")
        found += fold(line, width, indent=13, first=2)
    return [*found, *fold(safe_text(pathway.note, 300).stylize_before("$muted"), width, indent=2)]


def place_lines(stack: Stack, width: int) -> list[Content]:
    """One line a place: its state as a word, never a colour alone."""
    found: list[Content] = []
    for place in stack.places:
        state = "– open  " if place.missing else "✓ filled"
        kind = "required" if place.required else "elective"
        line = join(f"{state}  {kind}  ", safe_text(place.title, 100).stylize_before("bold"))
        if place.missing:
            line = join(line, ": ", safe_text(place.missing, 200))
        found += fold(line, width, indent=12, first=2)
    return found


def member_lines(member: Member, stack: Stack, width: int) -> list[Content]:
    """An indented list when narrow; columns with the reason beside them when there is room."""
    state = words.stateword(words.MEMBER_WORDS[member.state])
    counts = join("counts ", safe_text(member.counts, 12))
    of = join("of ", safe_text(member.credit, 12), " ", words.unit(member.credit_system or stack.unit))
    reason = safe_text(member.reason, 400)
    who = join(safe_text(member.issuer, 60), f" · {words.eqf(member.eqf)}")
    if width >= WIDE_MEMBER:
        title_width = (width - 36) // 2
        first = row(
            width,
            Cell(state, 13),
            Cell(safe_text(member.title), title_width, style="bold"),
            Cell(counts, 10),
            Cell(of, 10),
            Cell(who, style="$muted"),
        )
    else:
        first = row(
            width,
            Cell(state, 13),
            Cell(safe_text(member.title), style="bold"),
            Cell(counts, 10),
            Cell(of, 10),
        )
        reason = join(who, ": ", reason)
    return [
        first,
        *(line.stylize_before("$muted") for line in fold(reason, width, indent=14, max_lines=4)),
    ]

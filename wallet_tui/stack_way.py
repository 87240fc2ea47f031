"""A plan and its guidance as one pathway: what to draw, what to list, what comes before what. Pure.

The drawing (`wallet_tui.pathway_drawing`) and the indented list say the same: both are made of a `Way`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import fold, join
from wallet_tui.pathway_drawing import GLYPHS, Edge, Node, State
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.stack_model import Before, Member, PathStep, Pathway, Stack

MAX_NODES: Final = 60
GOAL: Final = "goal:"

STATE_WORDS: Final[dict[State, str]] = {
    "held": mark("held"),
    "offered": mark("offered"),
    "next": mark("to earn"),
    "open": mark("open"),
    "nothing": mark("nothing"),
    "goal": mark("goal"),
}
STATE_STYLES: Final[dict[State, str]] = {
    "held": "$text-success",
    "offered": "$text-warning",
    "next": "$text-accent",
    "open": "$text-accent",
    "nothing": "$muted",
    "goal": "bold",
}
BEFORE_WORDS: Final = {
    "required": mark("after {title}: its issuer asks for it"),
    "recommended": mark("after {title}: its issuer recommends it"),
    "stacked": mark("together with {title}: without it there is no credit"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """``before`` is what comes before each node, among those that are there; ``more`` sentences on what is not."""

    goal: Node
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    before: dict[str, tuple[Before, ...]]
    more: tuple[str, ...]


def way_of(stack: Stack, pathway: Pathway | None) -> Way:
    """What is known so far: without ``pathway`` there is nothing to earn in it yet."""
    members = {member.credential_id: member for member in stack.members}
    steps = [step for step in pathway.steps if step.id not in members] if pathway is not None else []
    nodes = [_of_member(member, stack) for member in stack.members if member.state != "excluded"]
    nodes += [_of_step(step, stack) for step in steps]
    nodes += _open(stack, pathway, steps)
    nodes += _nothing(stack, steps)
    kept = {node.id: node for node in nodes[:MAX_NODES] if node.id != GOAL}
    said = {member.credential_id: member.before for member in stack.members}
    said |= {step.id: step.before for step in steps}
    before = {
        name: tuple(each for each in said.get(name, ()) if each.id in kept and each.id != name)
        for name in kept
    }
    edges = [Edge(name, GOAL) for name, node in kept.items() if node.state != "nothing"]
    edges += [Edge(each.id, name) for name, found in before.items() for each in found]
    excluded = sum(member.state == "excluded" for member in stack.members)
    unseen = excluded - sum(node.state == "nothing" for node in kept.values())
    more = []
    if len(nodes) > MAX_NODES:
        left = len(nodes) - MAX_NODES
        more.append(
            tn(
                "{n} more that belongs here is not drawn.", "{n} more that belong here are not drawn.", left
            ).format(n=left)
        )
    elif unseen > 0:
        more.append(
            tn("{n} more counts nothing here.", "{n} more count nothing here.", unseen).format(n=unseen)
        )
    return Way(_goal(stack), tuple(kept.values()), tuple(edges), before, tuple(more))


def _goal(stack: Stack) -> Node:
    unit = words.unit(stack.unit).plain
    note = t("{counted} of {required} {unit} counted").format(
        counted=words.amount(stack.counted), required=words.amount(stack.required), unit=unit
    )
    return Node(GOAL, "goal", safe_text(stack.target.title), Content(note))


def _of_member(member: Member, stack: Stack) -> Node:
    state: State = "held" if member.state == "counted" else "offered"
    says = t("counts {amount} {unit}") if state == "held" else t("would count {amount} {unit}")
    return _node(member.credential_id, state, member.title, says, member.counts, stack, member.eqf)


def _of_step(step: PathStep, stack: Stack) -> Node:
    state: State = "offered" if step.open_offer else "next"
    says = t("would count {amount} {unit}")
    made = _node(step.id, state, step.title, says, step.counts, stack, step.eqf)
    note = made.note
    if step.condition:
        note = join(note, ", ", safe_text(step.condition, 120))
    note = join(note, " · ", safe_text(step.issuer, 60))
    if step.others:
        others = tn("or {n} other", "or {n} others", step.others).format(n=step.others)
        note = join(note, f" · {others}")
    return Node(made.id, state, made.title, note, made.level)


def _node(  # noqa: PLR0917 - what a box says
    name: str, state: State, title: Untrusted, says: str, amount: Untrusted, stack: Stack, level: int | None
) -> Node:
    unit = words.unit(stack.unit).plain
    note = Content(says.format(amount=safe_text(amount, 12).plain, unit=unit))
    return Node(name, state, safe_text(title), note, level)


def _open(stack: Stack, pathway: Pathway | None, steps: Iterable[PathStep]) -> list[Node]:
    """Places that nothing fills, and what no credential known here would close."""
    coming = {step.place for step in steps} | {
        member.place for member in stack.members if member.state == "offered"
    }
    level = stack.target.minimum_eqf
    found = [
        Node(f"place:{place.id}", "open", safe_text(place.title), safe_text(place.missing, 200), level)
        for place in stack.places
        if place.missing and place.id not in coming
    ]
    if pathway is not None and not pathway.closes and not stack.met and pathway.remaining and not found:
        title = t("{amount} {unit} more").format(
            amount=words.amount(pathway.remaining), unit=words.unit(stack.unit).plain
        )
        found.append(
            Node("place:", "open", Content(title), Content(t("nothing known here closes it")), level)
        )
    return found


def _nothing(stack: Stack, steps: Iterable[PathStep]) -> list[Node]:
    """What counts nothing and yet belongs in the picture: it comes before something, or was left out. The list
    beside has all the others, with their reasons.
    """
    asked = {each.id for member in stack.members if member.state != "excluded" for each in member.before}
    asked |= {each.id for step in steps for each in step.before}
    return [
        Node(
            member.credential_id,
            "nothing",
            safe_text(member.title),
            safe_text(member.reason, 400),
            member.eqf,
        )
        for member in stack.members
        if member.state == "excluded" and (member.left_out or member.credential_id in asked)
    ]


# --- the indented list


def listed(way: Way, width: int) -> list[Content]:
    """The pathway without drawing: a line and its circumstances each, level by level, the goal last."""
    titles = {node.id: node.title for node in way.nodes}
    lines: list[Content] = []
    for level in sorted({-1 if node.level is None else node.level for node in way.nodes}):
        name = words.eqf(level) if level >= 0 else t("EQF level not stated")
        lines.append(Content.styled(name, "bold"))
        for node in way.nodes:
            if (-1 if node.level is None else node.level) == level:
                lines += _item(node, width)
                lines += _befores(way.before.get(node.id, ()), titles, width)
    lines.append(Content.styled(t("goal"), "bold"))
    return [*lines, *_item(way.goal, width)]


def _item(node: Node, width: int) -> list[Content]:
    word = f"{GLYPHS[node.state]} {t(STATE_WORDS[node.state])}"
    title = node.title.stylize_before("$muted" if node.state == "nothing" else "bold")
    head = join((word, STATE_STYLES[node.state]), "  ", title)
    lines = fold(head, width, indent=4, first=2)
    return [*lines, *fold(node.note.stylize_before("$muted"), width, indent=4)]


def _befores(found: Iterable[Before], titles: dict[str, Content], width: int) -> list[Content]:
    lines: list[Content] = []
    for each in found:
        says, _, rest = t(BEFORE_WORDS[each.why]).partition("{title}")
        lines += fold(join(says, titles[each.id].stylize_before("bold"), rest), width, indent=6, first=4)
    return lines

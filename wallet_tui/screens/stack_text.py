"""The stack screen's words: rows of candidates, the goal's head, and what is said below the pathway."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import Cell, fit, fold, heading, join, row
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.stack_model import Draft, Member, Pathway, Place, Stack
from wallet_tui.widgets.meter import bar, in_words

EMPTY: Final = mark("There is no goal yet: no issuer profile on this machine declares one.")
NOBODY: Final = mark("Nothing you hold or were offered belongs to this goal.")
NOT_FOUND: Final = mark("Nothing fits these words. Press esc to see all.")
STANDING: Final = mark("Recognition is decided by the awarding institution, not by this wallet.")
ROOMY: Final = 60  # cells from which a row has its facts on the first line
MAX_BAR: Final = 72
MAX_REASON_LINES, MAX_MEASURED = 3, 50

# By what becomes of a member: glyph, word, style, mark of the box.
FATES: Final[dict[str, tuple[str, str, str, str]]] = {
    "counted": ("✓", mark("counted"), "$text-success", "[x]"),
    "offered": ("…", mark("offered"), "$text-warning", "[x]"),
    "left-out": ("○", mark("left out"), "$text-accent", "[ ]"),
    "excluded": ("–", mark("not counted"), "$muted", "   "),
}
_FATE_WIDTH: Final = 14


def fate(member: Member) -> str:
    return "left-out" if member.left_out else member.state


def row_height(members: Iterable[Member], width: int) -> int:
    """Lines of a row: enough for the longest reason, within bounds. All rows are equal, so that only those on the
    screen are ever made.
    """
    reasons = dict.fromkeys(member.reason for member in members)
    long = (len(_why(reason, width)) for reason in list(reasons)[:MAX_MEASURED])
    return (1 if width >= ROOMY else 2) + max(2, min(MAX_REASON_LINES, max(long, default=0)))


def draw_member(member: Member, stack: Stack, width: int) -> list[Content]:
    """A mark, what becomes of it and what it counts; then why, in full as far as there is room."""
    glyph, word, style, box = FATES[fate(member)]
    title = Cell(safe_text(member.title), style="" if member.state == "excluded" else "bold")
    told = Content.styled(f"{glyph} {t(word)}", style)
    counts = _counts(member, stack)
    why = _why(member.reason, width)
    if len(why) > MAX_REASON_LINES:  # the whole is behind enter
        cut = fit(join(why[MAX_REASON_LINES - 1].rstrip(), " …"), width)
        why = [*why[: MAX_REASON_LINES - 1], cut]
    if width >= ROOMY:
        level = Cell(words.eqf(member.eqf), 5, "right", "$muted")
        first = row(width, Cell(box, 3), Cell(told, _FATE_WIDTH), title, Cell(counts, 17, "right"), level)
        return [first, *why] if len(why) > 1 else [first, *why, _issuer(member, width)]
    short = Cell(Content.styled(glyph, style), 1)
    amount = join(safe_text(member.counts, 12), " ", words.unit(stack.unit))
    first = row(width, Cell(box, 3), short, title, Cell(amount, amount.cell_length, "right"))
    facts = join((f"{t(word)} · {words.eqf(member.eqf)} · ", style), _host(member))
    return [first, fit(join("    ", facts), width), *why]


def _why(reason: Untrusted, width: int) -> list[Content]:
    return fold(safe_text(reason, 400).stylize_before("$muted"), width, indent=4)


def _counts(member: Member, stack: Stack) -> Content:
    """``5 of 5 ECTS``; in another unit its own is named."""
    unit = words.unit(member.credit_system or stack.unit).plain
    says = t("{counts} of {credit} {unit}").format(
        counts=safe_text(member.counts, 12).plain, credit=safe_text(member.credit, 12).plain or "–", unit=unit
    )
    return Content(says)


def _issuer(member: Member, width: int) -> Content:
    return fit(join("    ", (safe_text(member.issuer, 60).plain, "$muted"), "  ", _host(member)), width)


def _host(member: Member) -> Content:
    return safe_text(member.host, 80).stylize_before("$text-accent")


# --- the head


def head(stack: Stack, position: str, note: str, width: int, *, meter: bool) -> list[Content]:
    """The goal, who awards it, and (``meter``) how far one is. ``note`` says which draft or what-if it is."""
    total = join(words.amount(stack.required), " ", words.unit(stack.unit))
    level = stack.target.minimum_eqf
    if level is not None:
        total = join(total, " · ", t("EQF {level} or above").format(level=level))
    title = safe_text(stack.target.title).stylize_before("bold")
    lines = fold(join((f"{position}: ", "$muted"), title, " · ", total), width, max_lines=2)
    by, _, rest = t("awarded by {name}").partition("{name}")
    awarded = join((by, "$muted"), safe_text(stack.target.awarded_by), rest)
    if note:
        room = max(10, width - cells(note) - 3)
        awarded = join(fit(awarded, min(room, awarded.cell_length)), "   ", (note, "$text-accent"))
    lines.append(fit(awarded, width))
    return [*lines, *meter_lines(stack, width)] if meter else lines


def standing(stack: Stack | None, width: int) -> list[Content]:
    """Who decides, always whole: a name too long for the two lines there are gives way to our own sentence."""
    for note in (stack.note if stack is not None else Untrusted(""), Untrusted(t(STANDING))):
        lines = fold(join("! ", safe_text(note, 300)), width, indent=2, first=0)
        if note and len(lines) <= 2:
            return lines
    return lines


def cells(text: str) -> int:
    return Content(text).cell_length


def meter_lines(stack: Stack, width: int) -> list[Content]:
    """A bar with the verdict beside it, and the numbers in words."""
    met = words.result("pass") if stack.met else Content.styled(t("– not met yet"), "$text-warning")
    drawn = bar(stack, min(width - met.cell_length - 2, MAX_BAR))
    return [join(drawn, "  ", met), *fold(Content("  ").join(in_words(stack)), width)]


def draft_note(draft: Draft | None, without: frozenset[str], *, changed: bool) -> str:
    if draft is not None:
        says = t("draft “{name}”, changed") if changed else t("draft “{name}”")
        return says.format(name=safe_text(draft.name, 40).plain)
    if without:
        return tn("what if: {n} left out", "what if: {n} left out", len(without)).format(n=len(without))
    return ""


# --- below the pathway


def below(stack: Stack, pathway: Pathway | None, more: tuple[str, ...], width: int) -> list[Content]:
    """What the goal asks for, what next, another route, and how to complain."""
    lines: list[Content] = []
    for told_more in more:
        lines += fold(Content.styled(told_more, "$muted"), width)
    if stack.places:
        lines += _section(t("What it asks for"))
        for each in stack.places:
            lines += _place(each, width)
    if stack.next:
        lines += _section(t("What next"))
        for sentence in stack.next:
            lines += fold(join("→ ", safe_text(sentence, 300)), width, indent=4, first=2)
    if pathway is not None and pathway.steps:
        says = (
            t("With every step above the goal is reached.")
            if pathway.closes
            else t("The steps above bring the goal nearer; nothing known here reaches it.")
        )
        lines += [Content(""), *fold(Content.styled(says, "$muted"), width)]
        lines += fold(safe_text(pathway.note, 300).stylize_before("$muted"), width)
    if stack.route:
        lines += [*_section(t("Another route")), *fold(safe_text(stack.route, 500), width, indent=2)]
    if stack.complaint:
        told = Content(" ").join(safe_text(part, 300) for part in stack.complaint)
        lines += [*_section(t("If you disagree")), *fold(told, width, indent=2)]
    return [fit(line, width) for line in lines]


def _section(title: str) -> list[Content]:
    return [Content(""), heading(title)]


def _place(place: Place, width: int) -> list[Content]:
    """Its state as a word, never a colour alone."""
    state = t("– open") if place.missing else t("✓ filled")
    kind = t("required") if place.required else t("elective")
    line = join(f"{state}  {kind}  ", safe_text(place.title, 100).stylize_before("bold"))
    if place.missing:
        line = join(line, ": ", safe_text(place.missing, 200))
    return fold(line, width, indent=4, first=2)

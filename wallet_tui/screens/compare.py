"""Two credentials beside each other, field by field; one below the other where there is no room."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import mark, t
from wallet_tui.layout import Cell, fit, fold, heading, join, row
from wallet_tui.model import Credential, Outcome
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import BLANK, Answered, Refused, error_blocks
from wallet_tui.screens.sheet import Sheet
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint

ROOMY = 96
MARK_WIDTH = 14
LABEL_WIDTH = 20
VALUE_CHARS = 400
# Glyph and word: the difference shows without colour.
MARKS = {
    "same": (mark("= same"), "$muted"),
    "differs": (mark("≠ differs"), "$text-warning bold"),
    "first": (mark("1 only first"), "$text-accent"),
    "second": (mark("2 only second"), "$text-accent"),
}
# Claims that the title and the first rows say already.
_SAID_ABOVE = frozenset(
    {"title", "issuer_name", "issuer_did", "credit", "ects", "eqf_level", "awarded_on", "expires_on"}
)


@dataclass(frozen=True, slots=True)
class Pair:
    """One field of two credentials; ``how`` is a word of `MARKS`."""

    label: Content
    first: Content | None
    second: Content | None
    how: str


class CompareScreen(Sheet):
    BINDINGS: ClassVar[list[BindingType]] = bindings("reload")

    def __init__(self, first: str, second: str) -> None:
        super().__init__()
        self._ids = (first, second)
        self._held: dict[str, Credential] = {}
        self._error: CairnError | None = None

    def body(self) -> Iterable[Widget]:
        yield Document(id="compared")

    @property
    def document(self) -> Document:
        return self.query_one("#compared", Document)

    def hints(self) -> list[Hint]:
        return [Hint("back"), Hint("list.down", label=t("read")), Hint("reload"), Hint("lock"), Hint("help")]

    def on_mount(self) -> None:
        self.entitle(t("Two credentials compared"))
        self.document.focus()
        self.action_reload()

    def on_screen_resume(self) -> None:
        if len(self._held) < 2 and self._error is None:
            self.action_reload()  # it was locked meanwhile

    def action_reload(self) -> None:
        self._error = None
        for index, identifier in enumerate(self._ids):
            self.ask(f"compare-{index}", partial(self.cairn.wallet.credential, identifier))
        self._show()

    def on_answered(self, message: Answered[Credential]) -> None:
        if self.cairn.connection.unlocked:
            self._held[self._ids[int(message.group[-1])]] = message.value
            self._show()

    def on_refused(self, message: Refused) -> None:
        self._error = message.error
        self._show()

    def forget(self) -> None:
        self._held.clear()
        self.document.show(lambda _: [])

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        self.document.show(self._blocks, keep_place=True)

    def _blocks(self, width: int) -> list[Block]:
        if self._error is not None:
            return error_blocks(self._error, width)
        if len(set(self._ids) & set(self._held)) < 2:
            return [Block([Content.styled(t("… reading both"), "$muted")])]
        return compare_blocks(self._held[self._ids[0]], self._held[self._ids[1]], width)


def compare_blocks(first: Credential, second: Credential, width: int) -> list[Block]:
    pairs = pairs_of(first, second)
    differing = sum(pair.how != "same" for pair in pairs)
    said = t("{same} fields are the same, {other} are not").format(
        same=len(pairs) - differing, other=differing
    )
    blocks = [
        Block([*_titles(first, second, width), Content(""), *fold(Content.styled(said, "$muted"), width)]),
        BLANK,
    ]
    blocks.append(Block(_outcomes(first.outcomes, second.outcomes, width)))
    blocks.append(BLANK)
    # What differs is what one looks for.
    by_interest = sorted(pairs, key=lambda pair: pair.how == "same")
    return blocks + [Block(_pair(pair, width)) for pair in by_interest]


def pairs_of(first: Credential, second: Credential) -> list[Pair]:
    """Credit, level, dates, issuer and state first, then every claim that either makes, in the first one's order."""
    one, two = first.summary, second.summary
    fixed = [
        (t("Issuer"), words.party(one.issuer), words.party(two.issuer), one.issuer.did == two.issuer.did),
        (t("Credit"), words.credit(one.credit), words.credit(two.credit), one.credit == two.credit),
        (t("Level"), Content(words.eqf(one.eqf)), Content(words.eqf(two.eqf)), one.eqf == two.eqf),
        (t("Awarded"), _said(one.awarded_on), _said(two.awarded_on), one.awarded_on == two.awarded_on),
        (t("Expires"), _said(one.expires_on), _said(two.expires_on), one.expires_on == two.expires_on),
        (t("Checks"), words.result(one.state), words.result(two.state), one.state == two.state),
    ]
    pairs = [
        Pair(Content(name), left, right, "same" if same else "differs") for name, left, right, same in fixed
    ]
    mine = {claim.name: claim for claim in first.claims}
    theirs = {claim.name: claim for claim in second.claims}
    for name in [*mine, *(name for name in theirs if name not in mine)]:
        if name in _SAID_ABOVE:
            continue
        left, right = mine.get(name), theirs.get(name)
        either = left or right
        if either is None:
            continue
        if left is None or right is None:
            how = "first" if left is not None else "second"
        else:
            how = "same" if left.value == right.value else "differs"
        shown = [None if each is None else safe_text(each.value, VALUE_CHARS) for each in (left, right)]
        pairs.append(Pair(safe_text(either.label or either.name, 60), shown[0], shown[1], how))
    return pairs


def _said(value: Untrusted) -> Content:
    return safe_text(value, 20) if value else Content.styled(t("not stated"), "$muted")


def shared_outcomes(first: Sequence[Outcome], second: Sequence[Outcome]) -> list[Outcome]:
    """Outcomes of ``first`` that ``second`` has, too: the same skill of ESCO, or the same words."""
    skills = {each.esco for each in second if each.esco}
    said = {_plain(each.text) for each in second}
    return [each for each in first if each.esco in skills or _plain(each.text) in said]


def _plain(text: Untrusted) -> str:
    return " ".join(text.raw[:1000].casefold().split()).rstrip(".")


def _outcomes(first: Sequence[Outcome], second: Sequence[Outcome], width: int) -> list[Content]:
    both = shared_outcomes(first, second)
    note = t("{both} in both, of {first} and {second}").format(
        both=len(both), first=len(first), second=len(second)
    )
    lines = [heading(t("Learning outcomes"), note)]
    for each in both[:20]:
        lines += fold(join(("= ", "$muted"), safe_text(each.text, 200)), width, indent=4, first=2)
    if not both:
        lines.append(
            Content.styled(f"  {t('none says the same, by its words or by its skill in ESCO')}", "$muted")
        )
    return lines


def _titles(first: Credential, second: Credential, width: int) -> list[Content]:
    lines: list[Content] = []
    for number, held in (("1", first), ("2", second)):
        title = join((f"{number}  ", "$text-accent"), safe_text(held.summary.title).stylize_before("bold"))
        lines += fold(title, width, indent=3, first=0, max_lines=2)
    return lines


def _pair(pair: Pair, width: int) -> list[Content]:
    word, style = MARKS[pair.how]
    sign = Content.styled(t(word), style)
    if width < ROOMY:
        lines = [row(width, Cell(sign, MARK_WIDTH), Cell(pair.label, style="bold"))]
        if pair.how == "same":
            return [*lines, *_value("", pair.first, width)]
        return [*lines, *_value("1", pair.first, width), *_value("2", pair.second, width)]
    column = (width - MARK_WIDTH - LABEL_WIDTH - 4) // 2
    cells = [fold(each or _nothing(), column) for each in (pair.first, pair.second)]
    names = fold(pair.label, LABEL_WIDTH)
    out = []
    for at in range(max(len(names), *map(len, cells))):
        parts = [
            sign if at == 0 else Content(""),
            *(each[at] if at < len(each) else Content("") for each in (names, *cells)),
        ]
        sizes = (MARK_WIDTH, LABEL_WIDTH, column, column)
        out.append(Content(" ").join([fit(part, size) for part, size in zip(parts, sizes, strict=True)]))
    return out


def _nothing() -> Content:
    return Content.styled(t("does not say"), "$muted")


def _value(number: str, value: Content | None, width: int) -> list[Content]:
    return fold(
        join((f"{number:<2}", "$text-accent"), value or _nothing()), width, indent=4, first=2, max_lines=6
    )

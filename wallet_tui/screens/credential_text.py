"""One credential in words: what it says, what was checked and when, with whom it was shared. Pure layout."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from textual.content import Content

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.find import Entry
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import fit, fold, heading, join, labelled
from wallet_tui.model import CheckRow, Claim, Credential, Shelf, Summary
from wallet_tui.portfolio_model import MAX_NOTE_CHARS, Badge
from wallet_tui.safe_text import Untrusted, clean, safe_text
from wallet_tui.screens.base import BLANK, error_blocks
from wallet_tui.widgets.check_row import check_blocks
from wallet_tui.widgets.document import Block

VALUE_CHARS = 600
RAW_LINES = 20
NOTE_LINES = 30
BADGE_MEANS = mark("It can be looked at and written to a file. It never counts, stacks or answers anything.")
# Which question a check answers (agent/core/verdict.py, "four parts that are never merged").
_PARTS = {
    "institution": 1,
    "accreditation": 1,
    "registry_list": 1,
    "complete": 2,
}
_PART_LABELS = (
    mark("Authentic and current"),
    mark("Issuer quality-assured at the date of award"),
    mark("Complete under the chosen profile"),
)


def credential_blocks(
    held: Credential | None, summary: Summary, width: int, opened: Collection[str], now: datetime
) -> list[Block]:
    """All in one column. ``held`` is None while the claims and checks are still being read."""
    blocks = head_blocks(summary, width, now)
    if held is None:
        return blocks
    return blocks + checks_blocks(held, width, opened, now) + [BLANK] + said_blocks(held, width)


def pane_blocks(
    item: Entry,
    held: Credential | None,
    width: int,
    opened: Collection[str],
    now: datetime,
    *,
    error: CairnError | None,
    two: bool,
) -> list[Block]:
    """Everything, or with ``two`` the checks alone: the claims then have a pane of their own."""
    if isinstance(item, Badge):
        return badge_blocks(item, width)
    if held is not None:
        if two:
            return checks_blocks(held, width, opened, now)
        return credential_blocks(held, held.summary, width, opened, now)
    blocks = [] if two else head_blocks(item, width, now)
    if error is not None:
        return blocks + error_blocks(error, width)
    return [*blocks, Block([Content.styled(t("… reading claims and checks"), "$muted")])]


def left_blocks(item: Entry, held: Credential | None, width: int, now: datetime) -> list[Block]:
    """The other half of ``two``."""
    if isinstance(item, Badge):
        return []
    blocks = head_blocks(held.summary if held else item, width, now)
    return blocks + said_blocks(held, width) if held is not None else blocks


def head_blocks(summary: Summary, width: int, now: datetime) -> list[Block]:
    return [Block(_head(summary, width, now))]


def checks_blocks(held: Credential, width: int, opened: Collection[str], now: datetime) -> list[Block]:
    """One row per check, each a stop of the cursor; results of long ago are grey and say so."""
    checked = held.summary.checked_at
    old = checked is None or now - checked > words.OLD_RESULT
    ago = words.ago(checked, now)
    note = t("checked {ago}, old: press r to check again") if old else t("checked {ago}")
    tally = words.counts(count(held.checks))
    blocks = [Block([heading(t("Checks"), note.format(ago=ago)), join("  ", tally), Content("")])]
    blocks += check_blocks(held.checks, width, opened, old=old)
    if held.beside:
        blocks += [BLANK, Block([heading(t("Beside the checks"), t("decides nothing"))])]
        blocks += check_blocks(held.beside, width, opened, old=old, name="beside")
    return blocks


def said_blocks(held: Credential, width: int) -> list[Block]:
    """What it says, and what the learner and others did with it."""
    blocks = [Block([heading(t("What it says"))]), claims_block(held.claims, width), BLANK]
    yours = _yours(held.shelf, width)
    if yours:
        blocks += [Block(yours), BLANK]
    if held.not_understood:
        blocks += [Block(_not_understood(held, width)), BLANK]
    blocks.append(Block(_shared(held, width)))
    if held.forms:
        forms = Content(", ").join([safe_text(form, 60) for form in held.forms])
        blocks += [BLANK, Block([heading(t("Held as")), *fold(forms, width, indent=2, max_lines=3)])]
    return blocks


def badge_blocks(badge: Badge, width: int) -> list[Block]:
    lines = [line.stylize_before("bold") for line in fold(safe_text(badge.title), width, max_lines=3)]
    lines += [Content("")]
    lines += fold(join(("◇ ", "$text-warning"), lacks(badge)), width, indent=2, first=0)
    lines += [*fold(t(BADGE_MEANS), width), Content("")]
    lines += labelled(t("File"), safe_text(badge.name, 200), width)
    lines += labelled(t("What it is"), safe_text(badge.kind, 200), width)
    lines += labelled(t("Received on"), safe_text(badge.received_on, 10), width)
    blocks = [Block(lines)]
    if badge.not_understood:
        raw = [(each.path, each.text) for each in badge.not_understood]
        blocks += [BLANK, Block([heading(t("Not understood"), t("as it came")), *_raw(raw, width)])]
    return blocks


def lacks(badge: Badge) -> Content:
    if not badge.missing:
        return Content.styled(t("visual badge only"), "$text-warning")
    missing = Content(", ").join([safe_text(each, 60) for each in badge.missing])
    return join((t("visual badge only: lacks"), "$text-warning"), " ", missing)


def verdict_lines(checks: Sequence[CheckRow], width: int) -> list[Content]:
    """The four questions, each with its own answer; the fourth is asked by an employer only."""
    lines: list[Content] = []
    for index, label in enumerate(_PART_LABELS):
        results = [check.result for check in checks if _PARTS.get(check.code, 0) == index]
        lines += fold(join(fit(words.result(combine(results)), 9), "  ", t(label)), width, indent=11, first=0)
    nobody = t("Policy satisfied: nobody has asked for anything yet")
    return [*lines, *fold(join(fit("–", 9), "  ", nobody), width, indent=11, first=0)]


def combine(results: Sequence[str]) -> str:
    """Any fail is a fail; else any unknown, or no check at all, is unknown."""
    if "fail" in results:
        return "fail"
    return "unknown" if "unknown" in results or not results else "pass"


def count(checks: Sequence[CheckRow]) -> tuple[int, int, int]:
    results = [check.result for check in checks]
    return results.count("pass"), results.count("fail"), results.count("unknown")


def _head(summary: Summary, width: int, now: datetime) -> list[Content]:
    expires = clean(summary.expires_on, 20)
    if not expires:
        ends = t("no expiry")
    elif expires < now.date().isoformat():
        ends = t("expired {date}").format(date=expires)
    else:
        ends = t("expires {date}").format(date=expires)
    awarded = t("awarded {date}").format(date=clean(summary.awarded_on, 20))
    facts = join(words.credit(summary.credit), f" · {words.eqf(summary.eqf)} · {awarded} · {ends}")
    lines = [line.stylize_before("bold") for line in fold(safe_text(summary.title), width, max_lines=3)]
    lines += fold(words.party(summary.issuer, 80), width, max_lines=3)
    lines += [
        line.stylize_before("$muted") for line in fold(safe_text(summary.issuer.did, 120), width, max_lines=2)
    ]
    lines += fold(facts, width)
    lines += [Content("")]
    lines += fold(
        join(words.result(summary.state), "  ", safe_text(summary.headline, 300)), width, indent=11, first=0
    )
    return [*lines, Content("")]


def claims_block(claims: Collection[Claim], width: int) -> Block:
    lines: list[Content] = []
    for claim in claims:
        label = safe_text(claim.label or claim.name, 60)
        lines += labelled(label, safe_text(claim.value, VALUE_CHARS), width, label_width=20)
    return Block(lines or [Content.styled(f"  {t('nothing')}", "$muted")])


def _yours(shelf: Shelf, width: int) -> list[Content]:
    """Nothing when there is nothing: most credentials have no note."""
    lines: list[Content] = []
    if shelf.archived:
        lines += labelled(t("Archived"), t("yes; press x to put it back"), width)
    for name, values in ((t("Collections"), shelf.collections), (t("Tags"), shelf.tags)):
        if values:
            joined = Content(", ").join([safe_text(each, 60) for each in values])
            lines += labelled(name, joined, width)
    if shelf.note:
        lines += labelled(t("Note"), Content("\n").join(_note(shelf.note)), width)
    return [heading(t("Yours"), t("nobody else sees it")), *lines] if lines else []


def _note(note: Untrusted) -> list[Content]:
    lines = [safe_text(line, 400) for line in note.raw[:MAX_NOTE_CHARS].splitlines()]
    if len(lines) > NOTE_LINES:
        more = len(lines) - NOTE_LINES + 1
        lines = [
            *lines[: NOTE_LINES - 1],
            Content(tn("… {n} line more", "… {n} lines more", more).format(n=more)),
        ]
    return lines


def _not_understood(held: Credential, width: int) -> list[Content]:
    """As it came, in at most `RAW_LINES` lines; the command line shows all of it."""
    raw = [(each.path, each.text) for each in held.not_understood]
    return [heading(t("Not understood"), t("as it came")), *_raw(raw, width)]


def _raw(found: Sequence[tuple[Untrusted, Untrusted]], width: int) -> list[Content]:
    lines: list[Content] = []
    shown = 0
    for path, text in found:
        more = fold(
            join(safe_text(path, 120), ": ", safe_text(text, 300)), width, indent=4, first=2, max_lines=3
        )
        if len(lines) + len(more) >= RAW_LINES:
            break
        lines += more
        shown += 1
    if shown < len(found):
        rest = t("and {n} more; cairn show ID has them").format(n=len(found) - shown)
        lines.append(Content.styled(f"  {rest}", "$muted"))
    return lines


def _shared(held: Credential, width: int) -> list[Content]:
    lines = [heading(t("Shared with"))]
    if not held.shared:
        return [*lines, Content(f"  {t('nobody so far')}")]
    for share in held.shared:
        names = Content(", ").join([safe_text(name, 60) for name in share.claims[:50]])
        lines += fold(
            join(words.day(share.at), "  ", safe_text(share.to, 80), ": ", names), width, indent=4, first=2
        )
    return lines

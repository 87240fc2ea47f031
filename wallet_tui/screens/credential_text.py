"""One credential in words: what it says, what was checked and when, with whom it was shared. Pure layout."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from textual.content import Content

from wallet_tui import words
from wallet_tui.layout import fold, heading, join, labelled
from wallet_tui.model import Claim, Credential, Summary
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import BLANK
from wallet_tui.widgets.check_row import check_blocks
from wallet_tui.widgets.document import Block

VALUE_CHARS = 600
RAW_LINES = 20


def credential_blocks(
    held: Credential | None, summary: Summary, width: int, opened: Collection[str], now: datetime
) -> list[Block]:
    """``held`` is None while the claims and checks are still being read."""
    blocks = [Block(_head(summary, width, now))]
    if held is None:
        return blocks
    checked = summary.checked_at
    old = checked is None or now - checked > words.OLD_RESULT
    note = f"checked {words.ago(checked, now)}" + (", old: press r to check again" if old else "")
    blocks += [Block([heading("Checks", note), join("  ", words.counts(_tally(held))), Content("")])]
    blocks += check_blocks(held.checks, width, opened, old=old)
    if held.beside:
        blocks += [BLANK, Block([heading("Beside the checks", "decides nothing")])]
        blocks += check_blocks(held.beside, width, opened, old=old, name="beside")
    blocks += [BLANK, Block([heading("What it says")]), claims_block(held.claims, width), BLANK]
    if held.not_understood:
        blocks += [Block(_not_understood(held, width)), BLANK]
    blocks.append(Block(_shared(held, width)))
    if held.forms:
        forms = Content(", ").join([safe_text(form, 60) for form in held.forms])
        blocks += [BLANK, Block([heading("Held as"), *fold(forms, width, indent=2, max_lines=3)])]
    return blocks


def _tally(held: Credential) -> tuple[int, int, int]:
    results = [check.result for check in held.checks]
    return results.count("pass"), results.count("fail"), results.count("unknown")


def _head(summary: Summary, width: int, now: datetime) -> list[Content]:
    expires = clean(summary.expires_on, 20)
    over = bool(expires) and expires < now.date().isoformat()
    ends = f"{'expired' if over else 'expires'} {expires}" if expires else "no expiry"
    facts = join(
        words.credit(summary.credit),
        f" · {words.eqf(summary.eqf)} · awarded ",
        safe_text(summary.awarded_on, 20),
        f" · {ends}",
    )
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
    return Block(lines or [Content.styled("  nothing", "$muted")])


def _not_understood(held: Credential, width: int) -> list[Content]:
    """As it came, in at most `RAW_LINES` lines; the command line shows all of it."""
    lines: list[Content] = []
    shown = 0
    for raw in held.not_understood:
        more = fold(
            join(safe_text(raw.path, 120), ": ", safe_text(raw.text, 300)),
            width,
            indent=4,
            first=2,
            max_lines=3,
        )
        if len(lines) + len(more) >= RAW_LINES:
            break
        lines += more
        shown += 1
    if shown < len(held.not_understood):
        rest = len(held.not_understood) - shown
        lines.append(Content.styled(f"  and {rest} more; cairn show ID has them", "$muted"))
    return [heading("Not understood", "as it came"), *lines]


def _shared(held: Credential, width: int) -> list[Content]:
    lines = [heading("Shared with")]
    if not held.shared:
        return [*lines, Content("  nobody so far")]
    for share in held.shared:
        names = Content(", ").join([safe_text(name, 60) for name in share.claims[:50]])
        lines += fold(
            join(words.day(share.at), "  ", safe_text(share.to, 80), ": ", names), width, indent=4, first=2
        )
    return lines

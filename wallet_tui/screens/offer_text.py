"""The review of an offer in words: who, what, on which list, bound to which key. Pure layout."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import mark, t
from wallet_tui.layout import fold, heading, join, labelled
from wallet_tui.model import Offer
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.base import BLANK, paragraph
from wallet_tui.screens.credential_text import claims_block
from wallet_tui.screens.progress import step_lines
from wallet_tui.widgets.check_row import check_blocks
from wallet_tui.widgets.document import Block

YOUR_SECRET = mark(
    "bound to a secret of this wallet, which never leaves it; a badge that comes with it gets a key of its own"
)
ADVICE = {
    "pass": mark("Everything that was checked holds."),
    "fail": mark("Something does not hold: read what is marked ✗ before you accept."),
    "unknown": mark(
        "Something could not be checked. That is no reason to distrust it, and none to trust it."
    ),
    "none": mark("Nothing was checked."),
}


def review(offer: Offer, width: int, now: datetime, opened: Collection[str]) -> list[Block]:
    blocks = [Block(_head(offer, width, now)), Block(_who(offer, width)), Block(_what(offer, width)), BLANK]
    blocks.append(Block(_checked(offer, width)))
    blocks += check_blocks(offer.checks, width, opened)
    if not offer.checks:
        blocks.append(paragraph(t("  ? unknown   no check was made"), width))
    blocks += [BLANK, Block([heading(t("Everything it says"))]), claims_block(offer.claims, width)]
    if offer.steps:
        blocks += [BLANK, Block([heading(t("How it was read")), *step_lines(offer.steps, width)])]
    return blocks


def _head(offer: Offer, width: int, now: datetime) -> list[Content]:
    waits = offer.state in ("open", "failed")
    state = join(
        words.stateword(words.OFFER_WORDS[offer.state]),
        f"   {words.expiry(offer.expires_at, now)}" if waits else "",
    )
    head = [heading(t("An offer for you")), *fold(state, width)]
    if offer.error is not None:
        said = join(safe_text(offer.error.detail, 300), " ", safe_text(offer.error.hint, 300))
        head += fold(join(("✗ ", "$text-error"), said), width, indent=2, first=0)
        if waits:
            head += fold(Content(t("Nothing was kept; you can accept it again.")), width, indent=2)
    return head


def _who(offer: Offer, width: int) -> list[Content]:
    who: list[Content] = [Content(""), heading(t("Who offers it"))]
    who += labelled(t("Name"), safe_text(offer.issuer.name), width)
    who += labelled(t("Address"), safe_text(offer.issuer.host), width)
    if offer.issuer.did.raw != offer.issuer.host.raw:
        who += labelled(t("DID"), safe_text(offer.issuer.did), width)
    who += labelled(t("Identity"), safe_text(offer.identity.how, 300), width)
    who += labelled(t("Bound to key"), safe_text(offer.identity.key, 100), width)
    return who


def _what(offer: Offer, width: int) -> list[Content]:
    facts = join(
        words.credit(offer.credit),
        f" · {words.eqf(offer.eqf)} · ",
        t("awarded"),
        " ",
        safe_text(offer.awarded_on, 20),
    )
    what: list[Content] = [Content(""), heading(t("What it is"))]
    what += labelled(t("Title"), safe_text(offer.title).stylize_before("bold"), width)
    what += labelled(t("Size and level"), facts, width)
    what += labelled(t("On your side"), Content(t(YOUR_SECRET)), width)
    return what


def _checked(offer: Offer, width: int) -> list[Content]:
    """All three counts, and what they come to in one sentence."""
    tally = [check.result for check in offer.checks]
    worst = next((each for each in ("fail", "unknown", "pass") if each in tally), "none")
    counted = words.counts((tally.count("pass"), tally.count("fail"), tally.count("unknown")))
    return [
        heading(t("On which list, and the checks")),
        join("  ", counted),
        *fold(Content(t(ADVICE[worst])), width, indent=2),
        Content(""),
    ]

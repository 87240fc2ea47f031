"""The wallet's own words for states, times and errors: glyph and word together, never colour alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from textual.content import Content

from agent.client import SERVICE_UNREACHABLE
from agent.errors import (
    AgentError,
    CairnError,
    ConflictError,
    ConsentError,
    ExpiredError,
    InputError,
    LockedError,
    NotFoundError,
    PassphraseError,
    UnreachableError,
    UntrustedError,
)
from wallet_tui.layout import fit, join
from wallet_tui.model import Credit, Party
from wallet_tui.safe_text import Untrusted, clean, safe_text

GLYPHS = {"pass": "✓", "fail": "✗", "unknown": "?"}
STYLES = {"pass": "$text-success", "fail": "$text-error bold", "unknown": "$text-warning"}
MIN_NAME_CELLS = 8
OLD_RESULT = timedelta(days=7)

OFFER_WORDS = {
    "open": ("●", "to decide", "$text-accent"),
    "accepting": ("…", "accepting", "$text-warning"),
    "accepted": ("✓", "accepted", "$text-success"),
    "rejected": ("–", "rejected", "$muted"),
    "expired": ("–", "expired", "$muted"),
    "failed": ("✗", "failed", "$text-error"),
}
REQUEST_WORDS = {
    "open": ("●", "to decide", "$text-accent"),
    "sending": ("…", "sending", "$text-warning"),
    "sent": ("✓", "sent", "$text-success"),
    "declined": ("–", "declined", "$muted"),
    "expired": ("–", "expired", "$muted"),
    "failed": ("✗", "failed", "$text-error"),
}
MEMBER_WORDS = {
    "counted": ("✓", "counted", "$text-success"),
    "offered": ("+", "offered", "$text-warning"),
    "excluded": ("–", "not counted", "$muted"),
}


def result(state: str) -> Content:
    """``✓ pass``, ``✗ fail`` or ``? unknown``."""
    return Content.styled(f"{GLYPHS[state]} {state}", STYLES[state])


def stateword(words: tuple[str, str, str]) -> Content:
    glyph, word, style = words
    return Content.styled(f"{glyph} {word}", style)


def counts(numbers: tuple[int, int, int]) -> Content:
    """All three states, always: ``8 pass · 0 fail · 1 unknown``."""
    parts = []
    for state, number in zip(("pass", "fail", "unknown"), numbers, strict=True):
        parts.append(
            Content.styled(f"{GLYPHS[state]} {number} {state}", STYLES[state] if number else "$muted")
        )
    return Content("  ").join(parts)


def credit(value: Credit | None) -> Content:
    if value is None:
        return Content.styled("no credit", "$muted")
    return join(safe_text(value.value, 12), " ", unit(value.system))


def unit(system: Untrusted) -> Content:
    """``ects`` is an acronym; other systems keep the case they came with."""
    return Content("ECTS") if system.raw.casefold() == "ects" else safe_text(system, 16)


def eqf(level: int | None) -> str:
    return "EQF –" if level is None else f"EQF {level}"


def party(who: Party, limit: int = 60) -> Content:
    """Name and host: a name alone proves nothing (look-alike letters)."""
    return join(safe_text(who.name or who.host, limit), "  ", (host(who), "$text-accent"))


def host(who: Party) -> str:
    return clean(who.host or who.did, 80) or "no host"


def party_in(who: Party, width: int) -> Content:
    """`party` in ``width`` cells: the name gives way, the host stays whole as long as it can."""
    address = Content.styled(host(who), "$text-accent")
    name = safe_text(who.name or who.host, 80)
    room = width - address.cell_length - 2
    if room < MIN_NAME_CELLS:
        return fit(address, width)
    shown = name if name.cell_length <= room else name.truncate(room, ellipsis=True)
    return fit(join(shown, "  ", address), width)


def amount(value: Decimal | None) -> str:
    if value is None:
        return "?"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def plural(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def span(seconds: float) -> str:
    """A length of time in whole units, at least two of each: ``90 s``, ``12 min``, ``46 h``, ``2 d``."""
    whole = max(0, int(seconds))
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {name}"
    return f"{whole} s"


def ago(at: datetime | None, now: datetime) -> str:
    return "never" if at is None else f"{span((now - at).total_seconds())} ago"


def expiry(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "no expiry stated"
    left = (at - now).total_seconds()
    return f"expires in {span(left)}" if left > 0 else f"expired {span(-left)} ago"


def clock(seconds: int) -> str:
    return f"{max(0, seconds) // 60}:{max(0, seconds) % 60:02d}"


def day(at: datetime | None) -> str:
    return "unknown time" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


def wait_seconds(error: CairnError) -> int | None:
    """How long a 429 asks to wait: the first number of its hint, at most an hour."""
    found = re.search(r"\d{1,5}", error.hint or error.detail)
    return min(3_600, int(found.group())) if found and error.code == "wait" else None


@dataclass(frozen=True, slots=True)
class Explained:
    """The one error template: what happened, what it means for you, what to do, code."""

    happened: Content
    means: Content
    do: Content
    code: Content


_MEANS: tuple[tuple[type[CairnError], str, str], ...] = (
    (LockedError, "The wallet is locked; nothing is shown or sent.", "Unlock it with your passphrase."),
    (
        PassphraseError,
        "The wallet stays locked. Nothing is lost.",
        "Try again; look at keyboard layout and caps lock.",
    ),
    (ExpiredError, "It can no longer be answered.", "Ask the sender for a new link."),
    (
        UntrustedError,
        "A signature or identity does not hold. Somebody may be pretending.",
        "Do not go on. Ask the sender by another way.",
    ),
    (
        ConsentError,
        "What would be sent is not what you agreed to, so it was stopped.",
        "Read it again and decide again.",
    ),
    (
        ConflictError,
        "It was already used or answered, or something changed meanwhile.",
        "Look at its present state, then decide again.",
    ),
    (
        NotFoundError,
        "It does not exist, or no longer does.",
        "Check the link, or ask the sender for a new one.",
    ),
    (
        InputError,
        "It cannot be used as it is.",
        "Check that the link is complete, or ask the sender for a new one.",
    ),
    (
        UnreachableError,
        "Somebody did not answer, so this could not be finished.",
        "Check the connection and try again later.",
    ),
    (
        AgentError,
        "The wallet's own agent could not do it.",
        "Try again. If it stays, restart the agent service.",
    ),
)


def explain(error: CairnError, unharmed: str = "") -> Explained:
    """``unharmed`` says what did not happen (``Nothing was sent.``) and leads what it means for you."""
    means, todo = "It did not work.", "Try again."
    if error.code == SERVICE_UNREACHABLE:
        means = "Nothing can be changed until it runs again. What was loaded stays readable."
        todo = "Start it with `cairn up`, or `cairn agent run`."
    else:
        for kind, kind_means, kind_todo in _MEANS:
            if isinstance(error, kind):
                means, todo = kind_means, kind_todo
                break
    return Explained(
        happened=safe_text(error.detail, 400),
        means=Content(f"{unharmed} {means}".strip()),
        do=safe_text(error.hint, 400) if error.hint else Content(todo),
        code=safe_text(error.code, 64),
    )

"""The wallet's own words for states, times and errors: glyph and word together, never colour alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

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
from wallet_tui.i18n import mark, t
from wallet_tui.layout import fit, join
from wallet_tui.safe_text import Untrusted, clean, safe_text

if TYPE_CHECKING:
    from wallet_tui.model import Credit, Party

# Results are words of the protocol as well: shown through `t`.
_RESULTS = {"pass": mark("pass"), "fail": mark("fail"), "unknown": mark("unknown")}
GLYPHS = {"pass": "✓", "fail": "✗", "unknown": "?"}
STYLES = {"pass": "$text-success", "fail": "$text-error bold", "unknown": "$text-warning"}
MIN_NAME_CELLS = 8
OLD_RESULT = timedelta(days=7)

OFFER_WORDS = {
    "open": ("●", mark("to decide"), "$text-accent"),
    "accepting": ("…", mark("accepting"), "$text-warning"),
    "accepted": ("✓", mark("accepted"), "$text-success"),
    "rejected": ("–", mark("rejected"), "$muted"),
    "expired": ("–", mark("expired"), "$muted"),
    "failed": ("✗", mark("failed"), "$text-error"),
}
REQUEST_WORDS = {
    "open": ("●", mark("to decide"), "$text-accent"),
    "sending": ("…", mark("sending"), "$text-warning"),
    "sent": ("✓", mark("sent"), "$text-success"),
    "declined": ("–", mark("declined"), "$muted"),
    "expired": ("–", mark("expired"), "$muted"),
    "failed": ("✗", mark("failed"), "$text-error"),
}
MEMBER_WORDS = {
    "counted": ("✓", mark("counted"), "$text-success"),
    "offered": ("+", mark("offered"), "$text-warning"),
    "excluded": ("–", mark("not counted"), "$muted"),
}


def result(state: str) -> Content:
    """``✓ pass``, ``✗ fail`` or ``? unknown``."""
    return Content.styled(f"{GLYPHS[state]} {t(_RESULTS[state])}", STYLES[state])


def result_width() -> int:
    """Cells that the longest result needs in the present language: ``? unknown`` is nine."""
    return max(result(state).cell_length for state in GLYPHS)


def stateword(words: tuple[str, str, str]) -> Content:
    glyph, word, style = words
    return Content.styled(f"{glyph} {t(word)}", style)


def counts(numbers: tuple[int, int, int]) -> Content:
    """All three states, always: ``8 pass · 0 fail · 1 unknown``."""
    parts = []
    for state, number in zip(("pass", "fail", "unknown"), numbers, strict=True):
        parts.append(
            Content.styled(
                f"{GLYPHS[state]} {number} {t(_RESULTS[state])}", STYLES[state] if number else "$muted"
            )
        )
    return Content("  ").join(parts)


def credit(value: Credit | None) -> Content:
    if value is None:
        return Content.styled(t("no credit"), "$muted")
    return join(safe_text(value.value, 12), " ", unit(value.system))


def unit(system: Untrusted) -> Content:
    """``ects`` is an acronym; other systems keep the case they came with."""
    return Content("ECTS") if system.raw.casefold() == "ects" else safe_text(system, 16)


def eqf(level: int | None) -> str:
    return t("EQF –") if level is None else t("EQF {level}").format(level=level)


def party(who: Party, limit: int = 60) -> Content:
    """Name and host: a name alone proves nothing (look-alike letters)."""
    return join(safe_text(who.name or who.host, limit), "  ", (host(who), "$text-accent"))


def host(who: Party) -> str:
    return clean(who.host or who.did, 80) or t("no host")


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


_UNITS = ((86_400, mark("{n} d")), (3_600, mark("{n} h")), (60, mark("{n} min")))


def span(seconds: float) -> str:
    """A length of time in whole units, at least two of each: ``90 s``, ``12 min``, ``46 h``, ``2 d``."""
    whole = max(0, int(seconds))
    for size, name in _UNITS:
        if whole >= 2 * size:
            return t(name).format(n=whole // size)
    return t("{n} s").format(n=whole)


def ago(at: datetime | None, now: datetime) -> str:
    return t("never") if at is None else t("{span} ago").format(span=span((now - at).total_seconds()))


def expiry(at: datetime | None, now: datetime) -> str:
    if at is None:
        return t("no expiry stated")
    left = (at - now).total_seconds()
    says = t("expires in {span}") if left > 0 else t("expired {span} ago")
    return says.format(span=span(abs(left)))


def clock(seconds: int) -> str:
    return f"{max(0, seconds) // 60}:{max(0, seconds) % 60:02d}"


def day(at: datetime | None) -> str:
    return t("unknown time") if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M")


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
    (
        LockedError,
        mark("The wallet is locked; nothing is shown or sent."),
        mark("Unlock it with your passphrase."),
    ),
    (
        PassphraseError,
        mark("The wallet stays locked. Nothing is lost."),
        mark("Try again; look at keyboard layout and caps lock."),
    ),
    (ExpiredError, mark("It can no longer be answered."), mark("Ask the sender for a new link.")),
    (
        UntrustedError,
        mark("A signature or identity does not hold. Somebody may be pretending."),
        mark("Do not go on. Ask the sender by another way."),
    ),
    (
        ConsentError,
        mark("What would be sent is not what you agreed to, so it was stopped."),
        mark("Read it again and decide again."),
    ),
    (
        ConflictError,
        mark("It was already used or answered, or something changed meanwhile."),
        mark("Look at its present state, then decide again."),
    ),
    (
        NotFoundError,
        mark("It does not exist, or no longer does."),
        mark("Check the link, or ask the sender for a new one."),
    ),
    (
        InputError,
        mark("It cannot be used as it is."),
        mark("Check that the link is complete, or ask the sender for a new one."),
    ),
    (
        UnreachableError,
        mark("Somebody did not answer, so this could not be finished."),
        mark("Check the connection and try again later."),
    ),
    (
        AgentError,
        mark("The wallet's own agent could not do it."),
        mark("Try again. If it stays, restart the agent service."),
    ),
)


def explain(error: CairnError, unharmed: str = "") -> Explained:
    """``unharmed`` says what did not happen (``Nothing was sent.``) and leads what it means for you."""
    means, todo = t("It did not work."), t("Try again.")
    if error.code == SERVICE_UNREACHABLE:
        means = t("Nothing can be changed until it runs again. What was loaded stays readable.")
        todo = t("Start it with `cairn up`, or `cairn agent run`.")
    else:
        for kind, kind_means, kind_todo in _MEANS:
            if isinstance(error, kind):
                means, todo = t(kind_means), t(kind_todo)
                break
    return Explained(
        # A fixed sentence of the service may be in the catalogue; one that holds values stays as it came.
        happened=safe_text(t(error.detail), 400),
        means=Content(f"{unharmed} {means}".strip()),
        do=safe_text(t(error.hint), 400) if error.hint else Content(todo),
        code=safe_text(error.code, 64),
    )

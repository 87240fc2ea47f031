"""When sharing may go ahead. Pure: times are monotonic seconds, requests are values.

The rules are those of wallet-ui.md, "Presentation request": `y` counts only some time after the question
was asked and after everything was on the screen, and only for exactly what was on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wallet_tui.i18n import mark, t, tn
from wallet_tui.request_model import Request

HOLD_SECONDS = 0.7
CLOSED = {
    "sending": mark("This request is being answered: its presentation is being sent."),
    "sent": mark("This request was answered: a presentation was sent."),
    "declined": mark("This request was declined."),
    "expired": mark("This request has expired."),
}


@dataclass(slots=True)
class SendGate:
    """The question `Send N items to host? y/N`; closed until it is asked."""

    asked_at: float | None = None

    @property
    def asking(self) -> bool:
        return self.asked_at is not None

    def ask(self, at: float) -> None:
        self.asked_at = at

    def close(self) -> None:
        self.asked_at = None

    def why_not(self, pressed_at: float, unseen_lines: int, where: str = "pgdn") -> str:
        """Why a ``y`` pressed at this moment does not count; empty when it does. ``where`` leads to the unseen."""
        if self.asked_at is None:
            return t("Nothing was asked.")
        if unseen_lines > 0:
            return tn(
                "Read it all first: {n} line was not on the screen yet ({key}).",
                "Read it all first: {n} lines were not on the screen yet ({key}).",
                unseen_lines,
            ).format(n=unseen_lines, key=where)
        if pressed_at - self.asked_at < HOLD_SECONDS:
            return t("Too quick: read the question first.")
        return ""


def why_closed(request: Request) -> str:
    """Why this request is not to be answered (again); empty when it is."""
    return "" if request.answerable else t(CLOSED.get(request.state, CLOSED["sent"]))


def why_cannot_share(request: Request | None, now: datetime) -> str:
    """Why this request cannot be answered with data at all; empty when it can."""
    if request is None:
        return t("The request has not been read yet.")
    if not request.answerable:
        return why_closed(request)
    if request.expires_at is not None and request.expires_at <= now:
        return t(CLOSED["expired"])
    if request.plan is None or not request.plan.satisfied:
        return t("What you hold does not satisfy this request: see what is missing.")
    if not request.plan.hash:
        return t("The plan came without its hash, so it could not be checked when sending.")
    if not request.plan.sent_rows():
        return t("Every line is on HIDE: there is nothing to send.")
    if not request.plan.says_what_leaves:
        return t("The plan does not say line by line what would leave, so it cannot be agreed to.")
    return ""

"""When sharing may go ahead. Pure: times are monotonic seconds, requests are values.

The rules are those of wallet-ui.md, "Presentation request": `y` counts only some time after the question
was asked and after everything was on the screen, and only for exactly what was on the screen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wallet_tui.request_model import Request

HOLD_SECONDS = 0.7


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
            return "Nothing was asked."
        if unseen_lines > 0:
            return f"Read it all first: {unseen_lines} lines were not on the screen yet ({where})."
        if pressed_at - self.asked_at < HOLD_SECONDS:
            return "Too quick: read the question first."
        return ""


def why_cannot_share(request: Request | None, now: datetime) -> str:
    """Why this request cannot be answered with data at all; empty when it can."""
    if request is None:
        return "The request has not been read yet."
    if request.state != "open":
        return f"This request is {request.state}; it cannot be answered again."
    if request.expires_at is not None and request.expires_at <= now:
        return "This request has expired."
    if request.plan is None or not request.plan.satisfied:
        return "What you hold does not satisfy this request: see what is missing."
    if not request.plan.hash:
        return "The plan came without its hash, so it could not be checked when sending."
    if not request.plan.sent_paths():
        return "Every line is on HIDE: there is nothing to send."
    return ""


def difference(shown: Request, fresh: Request) -> str:
    """What changed between the request on the screen and the one just read; empty when nothing did.

    The derived preview (`sees`, `links`) is left out on purpose: it carries times of its own.
    """
    if fresh.state != shown.state:
        return f"the request is now {fresh.state}"
    if (fresh.requester, fresh.identity) != (shown.requester, shown.identity):
        return "the requester's identity changed"
    if fresh.expires_at != shown.expires_at:
        return "its expiry changed"
    if (fresh.purpose, fresh.retention_days, fresh.flags) != (
        shown.purpose,
        shown.retention_days,
        shown.flags,
    ):
        return "its purpose, retention or flags changed"
    if fresh.plan is None or shown.plan is None:
        return "there is no plan for it any more"
    if fresh.plan.hash != shown.plan.hash or fresh.plan.rows != shown.plan.rows:
        return "what would be sent changed"
    return ""

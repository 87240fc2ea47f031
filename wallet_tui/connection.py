"""What the wallet knows about its agent service at this moment."""

from __future__ import annotations

from dataclasses import dataclass

from agent.errors import CairnError
from wallet_tui.i18n import t
from wallet_tui.status import Status


@dataclass(frozen=True, slots=True)
class Connection:
    """``status`` is the last one read, ``error`` why there is no newer one, ``read_at`` monotonic seconds."""

    status: Status | None = None
    error: CairnError | None = None
    read_at: float = 0.0

    @property
    def unlocked(self) -> bool:
        return self.status is not None and self.status.lock == "unlocked"

    def why_read_only(self) -> str:
        """Why nothing can be changed now; empty when it can."""
        if self.error is not None:
            return t("The agent service does not answer: nothing can be changed now.")
        if self.status is None:
            return t("The agent service has not answered yet.")
        if self.status.agent_state == "starting":
            return t("The agent is still starting.")
        if self.status.agent_state != "ready":
            return t("The agent is not running: nothing can be changed now.")
        return ""

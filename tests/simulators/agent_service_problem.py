"""How the simulated agent service refuses."""

from __future__ import annotations


class ProblemError(Exception):
    """What the service answers instead; ``kind`` is the class of `agent.errors` that it raised."""

    def __init__(self, status: int, code: str, detail: str, hint: str = "", *, kind: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.hint, self.kind = status, code, detail, hint, kind

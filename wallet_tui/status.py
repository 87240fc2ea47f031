"""What the agent service says of itself (``/v1/status``): apart from the other models, as the first frame needs it."""

from __future__ import annotations

from dataclasses import dataclass

from agent.core.limits import parse_json
from wallet_tui.doc import Doc
from wallet_tui.safe_text import Untrusted

MAX_STATUS_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Status:
    name: Untrusted
    lock: str
    first_run: bool
    lock_detail: Untrusted
    locks_in: int | None
    agent_state: str
    agent_detail: Untrusted
    registry_ok: bool
    registry_copy: bool  # it does not answer, and this machine's copy does
    registry_freshness: str
    registry_age: int | None
    registry_demo: bool
    offers: int
    requests: int
    notices: int  # not seen yet
    demo: bool
    home: Untrusted
    no_backup: bool  # the service knows that none was ever made

    @classmethod
    def of_bytes(cls, data: bytes) -> Status:
        """An answer that was read without `AgentClient`. Raises `CairnError`."""
        answer = parse_json(data, max_bytes=MAX_STATUS_BYTES, what="answer of the agent service")
        return cls.read(Doc(answer if isinstance(answer, dict) else {}))

    @classmethod
    def read(cls, doc: Doc) -> Status:
        agent, registry, inbox = doc.doc("agent"), doc.doc("registry"), doc.doc("inbox")
        snapshot = registry.doc("snapshot")
        state = registry.word("state", ("ok", "copy", "unreachable"), "unreachable")
        return cls(
            name=doc.text("name"),
            # Anything but a plain "unlocked" is treated as locked.
            lock=doc.word("lock", ("locked", "unlocking", "unlocked"), "locked"),
            first_run=doc.flag("first_run"),
            lock_detail=doc.text("lock_detail"),
            locks_in=doc.number("locks_in"),
            agent_state=agent.word("state", ("stopped", "starting", "ready", "failed"), "failed"),
            agent_detail=agent.text("detail"),
            registry_ok=state == "ok",
            registry_copy=state == "copy",
            registry_freshness=snapshot.word("freshness", ("fresh", "stale", "expired", "dead"), ""),
            registry_age=snapshot.number("age_seconds"),
            registry_demo=snapshot.word("kind", ("demo", "production"), "production") == "demo",
            offers=inbox.number("offers") or 0,
            requests=inbox.number("requests") or 0,
            notices=doc.number("notices") or 0,
            demo=doc.flag("demo"),
            home=doc.text("home"),
            no_backup=bool(doc.doc("backup")) and doc.doc("backup").time("made_at") is None,
        )

"""What the agent service says of a backup that was made, read or restored."""

from __future__ import annotations

from dataclasses import dataclass

from wallet_tui.doc import Doc
from wallet_tui.safe_text import Untrusted


@dataclass(frozen=True, slots=True)
class Backup:
    """``missing``: credentials whose keys were not in the backup; there should be none."""

    path: Untrusted
    wallet: Untrusted
    made_at: Untrusted
    size: int
    credentials: int
    history: int
    intact: bool
    missing: int

    @classmethod
    def read(cls, doc: Doc) -> Backup:
        return cls(
            path=doc.text("path"),
            wallet=doc.text("wallet"),
            made_at=doc.text("made_at"),
            size=doc.number("bytes") or 0,
            credentials=doc.number("credentials") or 0,
            history=doc.number("history") or 0,
            intact=doc.flag("history_intact"),
            missing=doc.number("missing") or 0,
        )

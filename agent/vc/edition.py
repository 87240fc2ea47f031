"""What of a record goes into a document that is always shown whole."""

from __future__ import annotations

from dataclasses import replace

from agent.core.record import Record


def badge_edition(record: Record) -> Record:
    """The record without date of birth and learner number.

    AnonCreds hides both by default when presenting (domain.md, 2.1). A badge hides nothing and is made to be posted
    where anybody reads it, so it never has them.
    """
    return replace(record, learner=replace(record.learner, birth_date=None, id=None))

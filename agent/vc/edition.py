"""What of a record goes into a document that is always shown whole."""

from __future__ import annotations

from dataclasses import replace

from agent.core.record import Record


def badge_edition(record: Record, holder: str) -> Record:
    """The record with the holder's DID in place of date of birth and learner number.

    AnonCreds hides both by default when presenting (domain.md, 2.1). A badge hides nothing and is made to be posted
    where anybody reads it, so it never has them. A name alone does not tell two people apart (002:1916); the key
    that only one of them has does.
    """
    return replace(record, learner=replace(record.learner, birth_date=None, id=holder))

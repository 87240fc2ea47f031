"""What a stated purpose does not need, claim by claim: the data behind the lint ``over_asking``.

A requester may put its purpose into one of these categories. Sources: recognition rests "on the qualifications
themselves, and not on … personal characteristics of the applicant" (002:1756); the requester's side must keep
the General Data Protection Regulation (002:1634), whose Art. 5(1)(c) limits data to what the purpose needs
[std]. Which claim falls under that for which purpose is our reading, claim by claim, with the line it rests on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """``unneeded`` maps a claim to why this purpose does not need it, with its source."""

    name: str
    label: str
    unneeded: Mapping[str, str]


# Where the purpose says nothing: judging what somebody has learnt needs a name at most.
_IDENTITY: Final = {
    "birth_date": "it identifies you beyond your name; judging a micro-credential does not need it (002:1756).",
    "learner_id": "it identifies you beyond your name; judging a micro-credential does not need it (002:1756).",
}
_FOREIGN_ID: Final = "it tells who you are at the institution that gave it, and nothing elsewhere (002:1634)."


def _purpose(name: str, label: str, **unneeded: str) -> Purpose:
    return Purpose(name=name, label=label, unneeded=MappingProxyType(unneeded))


PURPOSES: Final[Mapping[str, Purpose]] = MappingProxyType(
    {
        purpose.name: purpose
        for purpose in (
            _purpose(
                "recruitment",
                "recruitment",
                birth_date="age is no ground for choosing among applicants (002:1756).",
                learner_id=_FOREIGN_ID,
            ),
            # Admission and recognition offices keep a record of a person: a date of birth tells namesakes apart.
            _purpose("admission", "admission to study", learner_id=_FOREIGN_ID),
            _purpose(
                "licence-renewal",
                "renewal of a licence",
                learner_id=_FOREIGN_ID,
                grade="a renewal counts hours or units that were earned, not how well (003:1614).",
            ),
            _purpose("recognition", "recognition by an institution", learner_id=_FOREIGN_ID),
            _purpose("other", "another purpose", **_IDENTITY),
        )
    }
)
UNSTATED: Final = _purpose("", "a purpose without category", **_IDENTITY)


def purpose_of(category: str) -> Purpose:
    """The purpose of a policy's category; "" is a policy that names none."""
    return PURPOSES[category] if category else UNSTATED

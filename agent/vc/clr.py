"""A stack as one Comprehensive Learner Record 2.0 (ClrCredential): its badges, and how they belong together. Pure.

The badges go in signed and unchanged. What they build is an achievement of its own, which the CLR describes and does
not award: each badge's achievement ``isChildOf`` it, and one ``precedes`` another where the stack says so (CLR 2.0,
AssociationType).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from agent.errors import InputError
from agent.vc.badge3 import subject_of
from agent.vc.mapping import string

__all__ = ["CONTEXTS", "MAX_BADGES", "Whole", "to_clr"]

CONTEXTS: Final = (
    "https://www.w3.org/ns/credentials/v2",
    "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json",
    "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json",
)
MAX_BADGES: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What the stack builds towards: a target. ``id`` is a URI; ``criteria`` is its rule in words, "" for none."""

    id: str
    title: str
    description: str = ""
    criteria: str = ""


def to_clr(
    title: str,
    badges: Sequence[dict[str, Any]],
    *,
    issuer_id: str,
    holder_id: str,
    credential_id: str,
    valid_from: datetime,
    issuer_name: str = "",
    whole: Whole | None = None,
    precedes: Sequence[tuple[int, int]] = (),
    partial: bool = True,
) -> dict[str, Any]:
    """The unsigned ClrCredential. ``precedes``: pairs of positions in ``badges``; ``partial``: the issuer may know of
    more achievements of this learner than these, which a stack made by its holder always must say.

    Raises `InputError` no_badges, too_many_badges, not_a_badge, unsigned_badge, no_time_zone or bad_order.
    """
    if not badges:
        raise InputError("no_badges", "A learner record needs at least one credential.")
    if len(badges) > MAX_BADGES:
        raise InputError("too_many_badges", f"A learner record holds at most {MAX_BADGES} credentials.")
    if valid_from.tzinfo is None:
        raise InputError("no_time_zone", "The time from which the record is valid has no time zone.")
    achieved = [_achievement_of(badge) for badge in badges]
    if any(
        not (0 <= first < len(badges) and 0 <= then < len(badges)) or first == then
        for first, then in precedes
    ):
        raise InputError("bad_order", "The order names a credential that is not there, or one before itself.")
    subject: dict[str, Any] = {
        "id": holder_id,
        "type": ["ClrSubject"],
        "verifiableCredential": [dict(badge) for badge in badges],
    }
    associations = (
        [_association("isChildOf", name, whole.id) for name in dict.fromkeys(achieved)] if whole else []
    )
    associations += [_association("precedes", achieved[first], achieved[then]) for first, then in precedes]
    if whole:
        subject["achievement"] = [_described(whole)]
    if associations:
        subject["association"] = associations
    issuer: dict[str, Any] = {"id": issuer_id, "type": ["Profile"]}
    return {
        "@context": list(CONTEXTS),
        "id": credential_id,
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": title,
        "issuer": issuer | ({"name": issuer_name} if issuer_name else {}),
        "validFrom": valid_from.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "partial": partial,
        "credentialSubject": subject,
    }


def _achievement_of(badge: dict[str, Any]) -> str:
    achievement = subject_of(badge)[0].get("achievement")
    name = string(achievement.get("id")) if isinstance(achievement, dict) else ""
    if not name:
        raise InputError("not_a_badge", "A credential of the stack awards no achievement that can be named.")
    if not badge.get("proof"):
        raise InputError("unsigned_badge", "A credential of the stack is not signed.")
    return name


def _association(kind: str, source: str, target: str) -> dict[str, str]:
    return {"type": "Association", "associationType": kind, "sourceId": source, "targetId": target}


def _described(whole: Whole) -> dict[str, Any]:
    return {
        "id": whole.id,
        "type": ["Achievement"],
        "name": whole.title,
        "description": whole.description or whole.title,
        "criteria": {"narrative": whole.criteria} if whole.criteria else {},
    }

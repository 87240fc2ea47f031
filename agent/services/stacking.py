"""Stacks: what the wallet's credentials and open offers count towards a declared target."""

from __future__ import annotations

from typing import Any

from agent.core.record import Record, text
from agent.core.stacks import Member, plan
from agent.core.verdict import Result
from agent.errors import NotFoundError
from agent.services import checking, clock
from agent.services.holding import Holding
from issuer_profiles.loader import load_targets


def targets() -> list[dict[str, Any]]:
    return [
        {
            "id": target.id,
            "title": text(target.title),
            "awarded_by": target.awarded_by.name,
            "unit": target.unit,
            "total": target.total,
        }
        for target in load_targets()
    ]


async def plan_for(holding: Holding, target_id: str) -> dict[str, Any]:
    """The plan for one target, from what is held and what is offered. Raises `NotFoundError`."""
    target = next((each for each in load_targets() if each.id == target_id), None)
    if target is None:
        raise NotFoundError("no_such_target", f"There is no target {target_id!r}.", "See 'cairn stack'.")
    held = [
        Member(
            id=credential["id"],
            record=Record.from_json(credential["record"]),
            offered=False,
            quality=checking.quality(credential),
            current=checking.currency(credential)[0],
            institution_id=credential["institution_id"],
        )
        for credential in await holding.credentials()
    ]
    offered = [
        Member(
            id=offer["id"],
            record=Record.from_json(offer["record"]),
            offered=True,
            quality=checking.quality(offer),
            current=Result.UNKNOWN,
            institution_id=offer["institution_id"],
        )
        for offer in await holding.offers()
        if offer["state"] in ("open", "accepting")
    ]
    return plan(target, [*held, *offered], today=clock.today()).to_json()

"""Stacks and pathways: what the wallet's credentials and open offers count towards, and what to earn next."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from datetime import date
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from agent.core.record import Record, text
from agent.core.stacks import Member, StackPlan, Target, plan
from agent.core.stacks.pathway import Guide, Offering
from agent.core.templates import offering
from agent.core.verdict import Result
from agent.errors import InputError, NotFoundError
from agent.services import checking, clock
from agent.services.holding import Holding
from agent.store.vault import Document
from issuer_profiles import list_profiles, load_profile, load_targets, load_templates
from issuer_profiles.explain import explain


@cache
def _adapter() -> TypeAdapter[Target]:
    return TypeAdapter(Target)


def targets() -> list[dict[str, Any]]:
    return [
        {
            "id": target.id,
            "title": text(target.title),
            "kind": target.kind,
            "awarded_by": target.awarded_by.name,
            "unit": target.unit,
            "total": target.total,
        }
        for target in _targets()
    ]


def find_target(target_id: str) -> Target:
    """Raises `NotFoundError`."""
    target = next((each for each in _targets() if each.id == target_id), None)
    if target is None:
        raise NotFoundError(
            "no_such_target", f"There is no target {target_id!r}.", "See 'cairn stack targets'."
        )
    return target


def target_document(target: Target) -> Any:
    """The target as JSON values, which `read_target` reads back."""
    return _adapter().dump_python(target, mode="json", exclude_none=True)


def read_target(document: Any) -> Target:
    """A target by its id or as a whole document. Raises `InputError` or `NotFoundError`."""
    if isinstance(document, str):
        return find_target(document)
    try:
        # Through JSON, because only there does pydantic's strict mode take a list for a tuple.
        return _adapter().validate_json(json.dumps(document))
    except ValidationError as error:
        told = explain(Target, error, "", "target")
        raise InputError("bad_target", f"target: {told.detail}", told.hint) from error


async def plan_for(holding: Holding, target: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """The plan for one target (an id or a document), from what is held and what is offered; ``without`` leaves
    members out by id, as a what-if.
    """
    found = await members(holding)  # first, because a locked wallet says only that it is locked
    goal, today = read_target(target), clock.today()
    # In a thread: with hundreds of credentials it takes a while, in which the service answers others.
    return await asyncio.to_thread(lambda: plan(goal, found, today=today, without=without).to_json())


async def pathway_for(holding: Holding, target: Any, without: Collection[str] = ()) -> dict[str, Any]:
    """What to earn next for one target, from the templates of all known profiles."""
    found = await members(holding)
    goal = read_target(target)
    return await asyncio.to_thread(lambda: guide(goal).pathway(found, without=without).to_json())


async def progress(holding: Holding) -> list[dict[str, Any]]:
    """How far one is towards every known target, in the order of `targets`."""
    found, today = await members(holding), clock.today()

    def work() -> list[dict[str, Any]]:
        return [_progress(plan(target, found, today=today)) for target in _targets()]

    return await asyncio.to_thread(work)


def _progress(planned: StackPlan) -> dict[str, Any]:
    return {
        "id": planned.target.id,
        "unit": planned.target.unit,
        "required": planned.required,
        "counted": planned.counted,
        "offered": planned.offered,
        "missing": planned.missing,
        "met": planned.met,
    }


def guide(target: Target) -> Guide:
    """Known targets are worked out once a day; one that somebody brought, each time."""
    today = clock.today()
    if target in _targets():
        return _known_guide(target.id, today)
    return Guide(target, _offerings(today), today=today)


async def members(holding: Holding) -> list[Member]:
    """Credentials held, archived ones last, then open offers, each with the outcome of its checks."""
    archived = await holding.summaries.archived()
    found = await holding.summaries.made_of_each(_held)
    held = [each for each in found if each.id not in archived] + [
        each for each in found if each.id in archived
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
    return [*held, *offered]


def _held(credential: Document) -> Member:
    return Member(
        id=credential["id"],
        record=Record.from_json(credential["record"]),
        offered=False,
        quality=checking.quality(credential),
        current=checking.currency(credential)[0],
        institution_id=credential["institution_id"],
    )


@cache
def _targets() -> tuple[Target, ...]:
    """Package data: it changes with the program."""
    return load_targets()


@lru_cache(maxsize=1)
def _offerings(today: date) -> tuple[Offering, ...]:
    """Every template of every profile, as something that could be earned from today on."""
    return tuple(
        offering(profile, template, today)
        for profile in map(load_profile, list_profiles())
        for template in load_templates(profile)
    )


@lru_cache(maxsize=64)
def _known_guide(target_id: str, today: date) -> Guide:
    return Guide(find_target(target_id), _offerings(today), today=today)

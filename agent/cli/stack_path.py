"""``cairn stack path``: the pathway to one target as an indented list, level by level.

The same facts as the wallet's drawing, in an order that a screen reader can follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

from agent.cli.io import As, Home, Json, client, out, out_json, run
from agent.cli.stack import Named, Wanted, Without, asked, one_target, unit_of

MOST_NOTHING = 20
_KINDS = {"counted": "✓ held", "offered": "… offered", "next": "+ to earn", "excluded": "– nothing"}
_WHY = {"required": "asked for", "recommended": "recommended", "stacked": "credit only together with it"}


def path(
    name: Named = None,
    *,
    target: Wanted = None,
    without: Without = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """The way to a target by EQF level: what is held, on offer and to be earned, and what comes before what."""
    body = asked(one_target(name, target), without)

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return {
                "plan": await api.post("/v1/wallet/stacks", body),
                "pathway": await api.post("/v1/wallet/pathways", body),
            }

    found = run(work)
    if json_:
        out_json(found)
        return
    for line in path_lines(found["plan"], found["pathway"]):
        out(line)


def path_lines(plan: dict[str, Any], pathway: dict[str, Any]) -> Iterator[str]:
    unit, target = unit_of(plan["unit"]), plan["target"]
    yield f"{target['title']}  ·  {plan['required']} {unit}  ·  {target['awarded_by']}"
    yield (
        f"{plan['counted']} of {plan['required']} {unit} counted, {plan['offered']} offered, "
        f"{plan['missing']} missing{': met' if plan['met'] else ''}"
    )
    members = [
        each | {"id": each.get("credential_id", ""), "kind": each["state"]} for each in plan["members"]
    ]
    known = {each["id"] for each in members}
    steps = [each for each in pathway["steps"] if each["id"] not in known]
    nothing = [each for each in members if each["kind"] == "excluded"]
    shown = [each for each in members if each["kind"] != "excluded"] + steps + nothing[:MOST_NOTHING]
    titles = {each["id"]: each["title"] for each in shown}
    for level in sorted({each["eqf"] or 0 for each in shown}):
        yield f"EQF {level}" if level else "EQF level not stated"
        for each in shown:
            if (each["eqf"] or 0) == level:
                yield from _item(each, unit, titles)
    if len(nothing) > MOST_NOTHING:
        yield f"and {len(nothing) - MOST_NOTHING} more that count nothing"
    for place in plan["places"]:
        if place["missing"]:
            yield f"? open      {place['title']}: {place['missing']}"
    yield "goal"
    yield f"  ◆ {target['title']}"
    yield f"  {plan['note']}"


def _item(each: dict[str, Any], unit: str, titles: dict[str, str]) -> Iterator[str]:
    issuer = each["issuer"] if isinstance(each["issuer"], str) else each["issuer"].get("name", "")
    if each["kind"] == "excluded":
        what = each["reason"]
    else:
        verb = "counts" if each["kind"] == "counted" else "would count"
        what = f"{verb} {each['counts']} {unit}"
    condition = f", {each['condition']}" if each.get("condition") else ""
    yield f"  {_KINDS[each['kind']]:<9}  {each['title']}: {what}{condition}  ·  {issuer}"
    for before in each.get("before", []):
        if before["id"] in titles:
            yield f"             after {titles[before['id']]} ({_WHY.get(before['why'], 'named')})"
    for other in each.get("alternatives", []):
        yield f"             or {other['title']}  ·  {other['issuer']}"


def add_to(app: typer.Typer) -> None:
    app.command("path")(path)

"""``cairn stack drafts|save|drop``: stacks that one is thinking about, kept in the wallet."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli.io import As, Home, Json, client, out, out_json, run, say, segment
from agent.cli.stack import Without, asked
from agent.errors import NotFoundError


def drafts(*, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """The drafts that were saved, with their goal and how much each leaves out."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/wallet/stack-drafts")

    found = run(work)
    if json_:
        out_json(found)
        return
    if not found["drafts"]:
        say("There is no draft.")
    for each in found["drafts"]:
        out(_line(each))


def save(
    name: Annotated[str, typer.Argument(help="What you call it.")],
    target: Annotated[str, typer.Argument(help="A target's id, or a file that declares one.")],
    *,
    without: Without = None,
    note: Annotated[str, typer.Option("--note", help="A note to yourself.")] = "",
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Keep a goal and what is left out of it, to come back to."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            body = asked(target, without) | {"name": name, "note": note}
            return await api.post("/v1/wallet/stack-drafts", body)

    saved = run(work)
    out_json(saved) if json_ else out(_line(saved))


def drop(
    draft: Annotated[str, typer.Argument(help="Its name, or its id or the beginning of it.")],
    *,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Delete a draft. No credential is touched by it."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            known = (await api.get("/v1/wallet/stack-drafts"))["drafts"]
            fitting = [each for each in known if each["name"] == draft] or [
                each for each in known if each["id"].startswith(draft)
            ]
            if len(fitting) != 1:
                raise NotFoundError("no_such_draft", "No draft, or more than one, is called so.")
            id_ = fitting[0]["id"]
            await api.post(f"/v1/wallet/stack-drafts/{segment(id_)}/delete")
            return {"deleted": id_, "name": fitting[0]["name"]}

    gone = run(work)
    out_json(gone) if json_ else out(f"deleted  {gone['name']}")


def _line(draft: dict[str, Any]) -> str:
    known = draft["title"] or "a goal that is not known here any more"
    left_out = len(draft["without"])
    note = f"  ·  {draft['note']}" if draft["note"] else ""
    return f"{draft['id'][:8]}  {draft['name']}: {known}, {left_out} left out{note}"


def add_to(app: typer.Typer) -> None:
    app.command("drafts")(drafts)
    app.command("save")(save)
    app.command("drop")(drop)

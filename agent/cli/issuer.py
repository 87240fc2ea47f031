"""What a registrar does: new offers, their state, revocation."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.holder import offer
from agent.cli.io import As, Days, Home, Json, client, home_of, out, out_json, run, segment, usage
from agent.client import AgentClient


def _line(document: dict[str, Any]) -> None:
    out(f"{document['state']:<8}  {document['title']}  ·  {document['learner']}  ·  {document['id']}")
    if document["reason"]:
        out(f"          reason: {document['reason']}")
    if document.get("suspended"):
        out("          its Open Badge is suspended")


@offer.command("new")
def offer_new(
    template: Annotated[str, typer.Argument(help="A template of this issuer; see 'cairn offer templates'.")],
    *,
    given_name: Annotated[str, typer.Option()],
    family_name: Annotated[str, typer.Option()],
    birth_date: Annotated[str, typer.Option(help="YYYY-MM-DD")] = "",
    learner_id: Annotated[str, typer.Option()] = "",
    awarded_on: Annotated[str, typer.Option(help="YYYY-MM-DD; default: today")] = "",
    grade: Annotated[str, typer.Option()] = "",
    expires_in_days: Days = 30,
    qr: Annotated[bool, typer.Option("--qr", help="Draw the link as a QR code, too.")] = False,
    home: Home = None,
    as_: As = "munster-tu",
    json_: Json = False,
) -> None:
    """Make an offer and print its link."""
    person = {"given_name": given_name, "family_name": family_name}
    person |= {"birth_date": birth_date} if birth_date else {}
    person |= {"id": learner_id} if learner_id else {}
    body = {
        "template": template,
        "learner": person,
        "awarded_on": awarded_on or date.today().isoformat(),  # noqa: DTZ011 - the registrar's own day
        "grade": grade,
        "expires_in_days": expires_in_days,
    }

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.post("/v1/issuer/offers", body)

    document = run(work)
    out_json(document) if json_ else out(document["link"])
    if qr and not json_:
        import segno

        segno.make(document["link"], micro=False).terminal(compact=True, border=2)


@offer.command("templates")
def offer_templates(*, home: Home = None, as_: As = "munster-tu", json_: Json = False) -> None:
    """What this issuer can offer."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/issuer/templates")

    document = run(work)
    if json_:
        out_json(document)
        return
    for template in document["templates"]:
        out(f"{template['id']}  {template['title']}")


@offer.command("list")
def offer_list(*, home: Home = None, as_: As = "munster-tu", json_: Json = False) -> None:
    """Every offer this issuer has made, and what became of it."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/issuer/offers")

    document = run(work)
    if json_:
        out_json(document)
        return
    for each in document["offers"]:
        _line(each)


Offered = Annotated[str, typer.Argument(help="The offer's id (its code), or its link.", metavar="OFFER")]


def revoke(
    offer_id: Offered,
    *,
    reason: Annotated[str, typer.Option(help="Kept with the offer.")] = "",
    home: Home = None,
    as_: As = "munster-tu",
    json_: Json = False,
) -> None:
    """Revoke an issued credential, with its Open Badge, and publish the new status lists."""
    _change(f"{_code(offer_id)}/revoke", {"reason": reason}, home_of(home, as_), json_)


def suspend(offer_id: Offered, *, home: Home = None, as_: As = "munster-tu", json_: Json = False) -> None:
    """Suspend the Open Badge of an issued credential until it is reinstated. AnonCreds knows revocation only."""
    _change(f"{_code(offer_id)}/suspend", {}, home_of(home, as_), json_)


def reinstate(offer_id: Offered, *, home: Home = None, as_: As = "munster-tu", json_: Json = False) -> None:
    """Reinstate a suspended Open Badge."""
    _change(f"{_code(offer_id)}/reinstate", {}, home_of(home, as_), json_)


def _code(offer_id: str) -> str:
    if "/" in offer_id:
        offer_id = offer_id.rstrip("/").rsplit("/", 1)[1]
    if not offer_id:
        raise usage("Which offer?")
    return segment(offer_id)


def _change(path: str, body: dict[str, Any], home: Path, json_: bool) -> None:
    async def work() -> dict[str, Any]:
        async with AgentClient.from_home(home) as api:
            return await api.post(f"/v1/issuer/offers/{path}", body)

    document = run(work)
    out_json(document) if json_ else _line(document)


def register(app: typer.Typer) -> None:
    app.command("revoke")(revoke)
    app.command("suspend")(suspend)
    app.command("reinstate")(reinstate)
    app.add_typer(offer, name="offer")

"""What a learner does: offers, credentials, requests."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import date
from typing import Annotated, Any

import typer

from agent.cli import show
from agent.cli.io import As, Home, Json, client, out, out_json, run, say, segment, usage
from agent.client import AgentClient
from agent.core.portfolio import MAX_QUERY, SORTS, entry_of, find, in_order
from agent.errors import (
    EXIT_FAILED,
    EXIT_NOT_CONSENTED,
    CairnError,
    ConsentError,
    NotFoundError,
)

offer = typer.Typer(help="Offers of credentials: make, look at, accept, reject.", no_args_is_help=True)


async def _offer_id(api: AgentClient, offer_or_link: str) -> str:
    """An id, the beginning of one, or a link that is reviewed first."""
    if "://" in offer_or_link:
        reviewed = await api.post("/v1/wallet/offers/review", {"link": offer_or_link})
        return segment(str(reviewed["id"]))
    return await _one_id(api, "offers", offer_or_link)


async def _one_id(api: AgentClient, what: str, start: str) -> str:
    answer = await api.get(f"/v1/wallet/{what}")
    found = [each["id"] for each in answer[what] if each["id"].startswith(start)]
    if len(found) != 1:
        raise NotFoundError(
            f"no_such_{what[:-1]}", f"No single {what[:-1]} has an id that begins with {start!r}."
        )
    return segment(str(found[0]))


@offer.command("review")
def offer_review(link: str, *, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Look at an offer: who, what, and what the checks say. Nothing is accepted."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.post("/v1/wallet/offers/review", {"link": link})

    document = run(work)
    out_json(document) if json_ else show.offer(document)


@offer.command("accept")
def offer_accept(
    offer: Annotated[str, typer.Argument(help="The offer's link or id.")],
    *,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Accept an offer and keep the credential."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            id = await _offer_id(api, offer)
            narration = asyncio.create_task(_narrate(api, id))
            try:
                return await api.post(f"/v1/wallet/offers/{id}/accept")
            finally:
                narration.cancel()

    document = run(work)
    out_json(document) if json_ else show.offer(document)
    if document["state"] != "accepted":
        raise typer.Exit(EXIT_FAILED)


@offer.command("reject")
def offer_reject(
    offer: Annotated[str, typer.Argument(help="The offer's link or id.")],
    *,
    reason: Annotated[str, typer.Option(help="Told to the issuer.")] = "",
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Reject an offer; the issuer is told."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            id = await _offer_id(api, offer)
            return await api.post(f"/v1/wallet/offers/{id}/reject", {"reason": reason})

    document = run(work)
    out_json(document) if json_ else show.offer(document)


async def _narrate(api: AgentClient, exchange: str) -> None:
    """Named steps on stderr while something long is under way; without them the work goes on all the same."""
    with suppress(CairnError):
        async for event in api.events():
            if (
                event.name == "step"
                and event.data.get("exchange") == exchange
                and event.data.get("state") == "done"
            ):
                say(f"  {event.data['name']} ({event.data['seconds']:.1f} s)")


def list_(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WORD...]",
            help="Each has to fit: eqf:7 issuer:munster status:unknown tag:x collection:y expires:<30d is:archived,"
            " or any other word.",
        ),
    ] = None,
    *,
    sort: Annotated[str, typer.Option(metavar="BY", help=f"One of {', '.join(SORTS)}.")] = "",
    archived: Annotated[bool, typer.Option("--archived", help="Only what is archived.")] = False,
    all_: Annotated[bool, typer.Option("--all", help="With what is archived.")] = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """The credentials in the wallet, each with the state of its checks; archived ones only where they are asked for."""
    if sort and sort not in SORTS:
        raise usage(f"There is no order {sort!r}.", f"Choose one of {', '.join(SORTS)}.")
    asked = " ".join([*map(_quoted, words or ()), *(["is:archived"] if archived else [])])
    if len(asked) > MAX_QUERY:
        raise usage(f"The words to look for have more than {MAX_QUERY} characters.")

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            held = await api.get("/v1/wallet/credentials")
            return held | {"visual_badges": (await api.get("/v1/wallet/badges"))["badges"]}

    document = run(work)
    held = len(document["credentials"])
    today = date.today()  # noqa: DTZ011 - the learner's own day
    found = find(asked, [entry_of(each) for each in document["credentials"]], today, archived=all_)
    shown = document | {"credentials": [entry.item for entry in in_order(found, sort)]}
    if words or archived:
        shown["visual_badges"] = []
    if json_:
        out_json(shown)
        return
    for each in shown["credentials"]:
        show.credential_line(each)
    for each in shown["visual_badges"]:
        show.visual_badge_line(each)
    if not held and not document["visual_badges"]:
        out("No credentials yet. Accept an offer: cairn offer accept LINK")
    elif len(shown["credentials"]) < held:
        say(f"{len(shown['credentials'])} of {held} credentials; --all shows archived ones, too.")


def _quoted(word: str) -> str:
    """A word that the shell gave as one stays one: ``collection:data science`` asks for that collection."""
    prefix, colon, rest = word.replace('"', "").partition(":")
    return f'{prefix}:"{rest}"' if colon else f'"{prefix}"'


def show_(
    credential: Annotated[str, typer.Argument(help="Id or its beginning.")],
    *,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """One credential: what it says and what its checks say. Of a visual badge: what it lacks to be one."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            try:
                return await api.get(f"/v1/wallet/credentials/{segment(credential)}")
            except NotFoundError as error:
                try:
                    return await api.get(f"/v1/wallet/badges/{segment(credential)}")
                except NotFoundError:
                    raise error from None

    document = run(work)
    if json_:
        out_json(document)
    else:
        show.credential(document) if "checks" in document else show.visual_badge(document)


def offers(*, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Offers that this wallet has looked at."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/wallet/offers")

    document = run(work)
    if json_:
        out_json(document)
        return
    for each in document["offers"]:
        out(f"{each['state']:<9}  {each['title']}  ·  {show.who(each['issuer'])}  ·  {each['id'][:8]}")
    if not document["offers"]:
        out("No offers.")


def requests(*, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Requests that this wallet has looked at."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/wallet/requests")

    document = run(work)
    if json_:
        out_json(document)
        return
    for each in document["requests"]:
        out(f"{each['state']:<9}  {each['title']}  ·  {show.who(each['requester'])}  ·  {each['id'][:8]}")
    if not document["requests"]:
        out("No requests.")


async def _reviewed(
    api: AgentClient, request_or_link: str, switches: dict[str, Any] | None = None
) -> dict[str, Any]:
    if "://" in request_or_link:
        document = await api.post("/v1/wallet/requests/review", {"link": request_or_link})
        id = segment(str(document["id"]))
    else:
        id = await _one_id(api, "requests", request_or_link)
    return await api.post(f"/v1/wallet/requests/{id}/plan", switches)


def _choices(texts: list[str]) -> dict[str, str]:
    """``c0=ID``, ``c1=ID``: which credential answers in which place."""
    pairs = [each.partition("=") for each in texts]
    if not all(item and id for item, _, id in pairs):
        raise usage(
            "--choose needs a place and a credential.", "Such as --choose c0=ID; --dry-run lists both."
        )
    return {item: id for item, _, id in pairs}


def present(
    request: Annotated[str, typer.Argument(help="The request's link or id.")],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be sent, and its hash.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Send it. Needs --expect.")] = False,
    expect: Annotated[str, typer.Option(help="The hash that --dry-run printed.")] = "",
    include: Annotated[
        list[str] | None, typer.Option(help="Also send this optional claim; may be repeated.")
    ] = None,
    choose: Annotated[
        list[str] | None,
        typer.Option(metavar="PLACE=ID", help="Answer with this credential in this place; may be repeated."),
    ] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Answer a request. Without --yes --expect HASH nothing is sent."""
    if yes and not expect:
        raise usage("--yes needs --expect HASH.", "Run with --dry-run first and read what would be sent.")
    if yes and dry_run:
        raise usage("--dry-run and --yes exclude each other.")
    switches = {"include": list(include or []), "choose": _choices(choose or [])}

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            document = await _reviewed(api, request, switches)
            if not yes:
                return document
            if document["plan"] is None:
                state = (
                    "has been answered already" if document["state"] == "sent" else f"is {document['state']}"
                )
                raise ConsentError(
                    "nothing_to_send", "; ".join(document["missing"]) or f"This request {state}."
                )
            narration = asyncio.create_task(_narrate(api, document["id"]))
            try:
                return await api.post(
                    f"/v1/wallet/requests/{segment(document['id'])}/present",
                    {"expect": expect, **switches},
                )
            finally:
                narration.cancel()

    document = run(work)
    out_json(document) if json_ else show.request(document)
    if yes:
        if document["state"] != "sent":
            raise typer.Exit(EXIT_FAILED)
    elif document["plan"] is None:
        raise typer.Exit(EXIT_FAILED)
    elif not dry_run:
        say("Nothing was sent. To send exactly this: cairn present REQUEST --yes --expect HASH")
        raise typer.Exit(EXIT_NOT_CONSENTED)


def decline(
    request: Annotated[str, typer.Argument(help="The request's link or id.")],
    *,
    reason: Annotated[str, typer.Option(help="Told to the employer.")] = "",
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Decline a request; the employer is told."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            document = await _reviewed(api, request)
            return await api.post(
                f"/v1/wallet/requests/{segment(document['id'])}/decline", {"reason": reason}
            )

    document = run(work)
    out_json(document) if json_ else show.request(document)


def register(app: typer.Typer) -> None:
    app.command("list")(list_)
    app.command("show")(show_)
    app.command("offers")(offers)
    app.command("requests")(requests)
    app.command("present")(present)
    app.command("decline")(decline)

"""What a recruiter does: requests from a policy file, and verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import show
from agent.cli.io import As, Days, Home, Json, client, out, out_json, read_json_file, run, say, segment
from agent.core.verdict import Result, Verdict
from agent.errors import EXIT_FAILED, EXIT_UNKNOWN

request = typer.Typer(help="Requests for credentials: make, look at.", no_args_is_help=True)


@request.command("new")
def request_new(
    policy: Annotated[Path, typer.Argument(help="Policy as JSON; '-' reads standard input.")],
    *,
    responses: Annotated[int, typer.Option(help="How many answers the link takes.")] = 1,
    expires_in_days: Days = 14,
    qr: Annotated[bool, typer.Option("--qr", help="Draw the link as a QR code, too.")] = False,
    home: Home = None,
    as_: As = "employer",
    json_: Json = False,
) -> None:
    """Make a request from a policy and print its link."""

    async def work() -> dict[str, Any]:
        body = {
            "policy": read_json_file(policy),
            "max_responses": responses,
            "expires_in_days": expires_in_days,
        }
        async with client(home, as_) as api:
            return await api.post("/v1/verifier/requests", body)

    document = run(work)
    if json_:
        out_json(document)
        return
    for flag in document["flags"]:
        say(f"▲ {flag['text']}")
    out(document["link"])
    if qr:
        import segno

        segno.make(document["link"], micro=False).terminal(compact=True, border=2)


@request.command("list")
def request_list(*, home: Home = None, as_: As = "employer", json_: Json = False) -> None:
    """Every request this employer has made."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/verifier/requests")

    document = run(work)
    if json_:
        out_json(document)
        return
    for each in document["requests"]:
        counts = f"{len(each['responses'])} answered, {len(each['declined'])} declined"
        out(f"{each['id']}  {each['title']}  ·  {counts}  ·  until {each['expires_at']}")


async def _request(home: Path | None, as_: str, request_id: str) -> dict[str, Any]:
    code = request_id.rstrip("/").rsplit("/", 1)[-1]
    async with client(home, as_) as api:
        return await api.get(f"/v1/verifier/requests/{segment(code)}")


@request.command("show")
def request_show(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="Its id or link.")],
    *,
    home: Home = None,
    as_: As = "employer",
    json_: Json = False,
) -> None:
    """One request: its policy, and who answered or declined."""
    document = run(lambda: _request(home, as_, request_id))
    if json_:
        out_json(document)
        return
    out(f"{document['title']}  ·  {document['link']}")
    out(f"  until {document['expires_at']}, takes {document['max_responses']} answer(s)")
    for flag in document["flags"]:
        out(f"  ▲ {flag['text']}")
    for each in document["declined"]:
        out(f"  declined {each['at']}: {each['reason'] or 'no reason given'}")
    for answer in document["answers"]:
        out(f"  {answer['id'][:8]}  {answer['state']}")


def verdict(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="The request's id or link.")],
    *,
    home: Home = None,
    as_: As = "employer",
    json_: Json = False,
) -> None:
    """The four-part verdict on every answer. Exit 0: all parts pass; 1: something fails; 5: unknown."""
    document = run(lambda: _request(home, as_, request_id))
    answers = document["answers"]
    if json_:
        out_json({"request": document["id"], "answers": answers, "declined": document["declined"]})
    else:
        for answer in answers:
            show.verdict(answer)
        for each in document["declined"]:
            out(f"declined {each['at']}: {each['reason'] or 'no reason given'}")
        if not answers and not document["declined"]:
            out("Nobody has answered yet.")
    results = [
        part.result
        for answer in answers
        if answer["verdict"]
        for part in Verdict.from_json(answer["verdict"]).parts
    ]
    if Result.FAIL in results:
        raise typer.Exit(EXIT_FAILED)
    if Result.UNKNOWN in results or not results:
        raise typer.Exit(EXIT_UNKNOWN)


def register(app: typer.Typer) -> None:
    app.command("verdict")(verdict)
    app.add_typer(request, name="request")

"""The learner's history: list, verify, export; and what there is to notice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli import show
from agent.cli.io import As, Home, Json, client, out, out_json, read_at_most, run, usage
from agent.errors import EXIT_FAILED, EXIT_UNKNOWN

HISTORY_BYTES = 64 * 1024 * 1024  # a hundred thousand entries
KINDS = {
    "presented": "shared",
    "rejected": "rejected an offer",
    "backed_up": "backed up",
    "imported": "imported a file",
}

history = typer.Typer(help="Who was shown what, and when: claim names only, hash-chained.")


@history.callback(invoke_without_command=True)
def history_list(
    context: typer.Context,
    *,
    party: Annotated[str, typer.Option(help="Only with this party: words of its name, host or DID.")] = "",
    words: Annotated[str, typer.Option("--find", help="Only with these words, anywhere.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, max=20_000, help="Only the newest so many.")] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Who was shown what, and when: claim names only, hash-chained."""
    if context.invoked_subcommand is not None:
        return
    asked = {"party": party, "q": words, "limit": "" if limit is None else str(limit)}

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            given = {name: value for name, value in asked.items() if value}
            return await api.get("/v1/wallet/history", params=given or None)

    document = run(work)
    if json_:
        out_json(document)
    else:
        for entry in document["entries"]:
            claims = f": {', '.join(entry['claims'])}" if entry["claims"] else ""
            kind = KINDS.get(entry["kind"], entry["kind"].replace("_", " "))
            out(f"{entry['at']}  {kind:<9}  {entry['title']}  ·  {show.who(entry['party'])}{claims}")
        if (party or words) and not document["entries"]:
            out("No entry fits.")
        _chain(document)
    if document["intact"] is False:
        raise typer.Exit(EXIT_FAILED)


@history.command("verify")
def history_verify(
    file: Annotated[
        Path | None, typer.Argument(help="An exported history, or - for standard input; needs no service.")
    ] = None,
    *,
    against: Annotated[
        Path | None,
        typer.Option(help="An earlier export: the wallet must still have what it ended with."),
    ] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Read the whole chain anew and say which entry is broken, and how.

    Exit codes: 0 intact, 1 broken, 2 not a history, 5 the end cannot be checked.
    """
    if file is not None and against is not None:
        raise usage("--against compares the running wallet; it does not go with a file.")
    earlier = None if against is None else run(lambda: _exported(against))
    kept = None if earlier is None else earlier["head"]

    async def asked() -> dict[str, Any]:
        async with client(home, as_) as api:
            found = await api.get("/v1/wallet/history", params={"anew": "true", "limit": "0"})
            if kept is None or kept["seq"] == 0:
                return found
            at = {"before": str(kept["seq"] + 1), "limit": "1"}
            answer = await api.get("/v1/wallet/history", params=at)
            there = [(each.get("seq"), each.get("hash")) for each in answer["entries"]]
            return found | {"has_earlier": there == [(kept["seq"], kept["hash"])]}

    document = run(asked) if file is None else run(lambda: _exported(file))
    broken = document["intact"] is False or document.get("has_earlier") is False
    if json_:
        out_json(document)
    else:
        _chain(document)
        if document.get("has_earlier") is False:
            out(f"✗ fail: entry {kept['seq'] if kept else ''} is not the one that was exported then")
        elif "has_earlier" in document:
            out(f"✓ pass: it still has the entry {kept['seq'] if kept else ''} that was exported then")
    if broken:
        raise typer.Exit(EXIT_FAILED)
    if document["intact"] is None:
        raise typer.Exit(EXIT_UNKNOWN)


@history.command("export")
def history_export(
    *,
    to: Annotated[
        Path | None, typer.Option("-o", "--to", help="Write here instead of standard output.")
    ] = None,
    home: Home = None,
    as_: As = "learner",
) -> None:
    """The whole chain and its head as one JSON file, that `cairn history verify FILE` checks anywhere."""
    from agent.cli.documents import put_file

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/wallet/history/export")

    put_file(json.dumps(run(work), ensure_ascii=True, indent=1).encode(), to, text=True)


async def _exported(path: Path) -> dict[str, Any]:
    """The state of an exported chain, in the shape of the service's answer."""
    from agent.core.chain import examine_export
    from agent.core.limits import parse_json

    data = read_at_most(path, HISTORY_BYTES)
    examined, head = examine_export(parse_json(data, max_bytes=HISTORY_BYTES, what="history"))
    return examined.to_json() | {"intact": examined.intact, "head": head}


def _chain(document: dict[str, Any]) -> None:
    """Whether the chain holds, and each place where it does not."""
    count = document.get("count", len(document.get("entries", [])))
    many = "one entry" if count == 1 else f"{count} entries"
    if document["intact"]:
        out(f"✓ pass: the chain of {many} is intact")
    elif document["intact"] is None:
        out(f"? unknown: every link of {many} holds; no head was kept yet, so an end cut off would not show")
    else:
        out(f"✗ fail: the chain of {many} is broken")
    for each in document.get("breaks", []):
        out(f"  entry {each['seq']}: {each['how'].replace('_', ' ')}: it {each['detail']}")


NOTICES = {
    "revoked": "✗ revoked",
    "suspended": "✗ suspended",
    "expired": "✗ expired",
    "expires_soon": "! expires soon",
    "new_offer": "● new offer",
    "new_request": "● new request",
    "list_old": "? list old",
}
SEEN_AT_ONCE = 100


def notices(
    *,
    seen: Annotated[bool, typer.Option("--seen", help="Mark what is shown as seen.")] = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """What to notice: revoked, expired, soon to expire, waiting, or resting on an old list."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            found = await api.get("/v1/wallet/notices")
            ids = [each["id"] for each in found["notices"] if not each["seen"]] if seen else []
            for start in range(0, len(ids), SEEN_AT_ONCE):
                await api.post("/v1/wallet/notices/seen", {"ids": ids[start : start + SEEN_AT_ONCE]})
            return found

    document = run(work)
    if json_:
        out_json(document)
        return
    for each in document["notices"]:
        new = " " if each["seen"] else "*"
        kind = NOTICES.get(each["kind"], f"? {each['kind']}")
        whose = f"  ·  {show.who(each['party'])}" if each["party"]["host"] else ""
        about = f"  ·  {each['about']['id'][:8]}" if each["about"]["id"] else ""
        out(f"{new} {each['at']}  {kind:<14}  {each['title']}: {each['detail']}{whose}{about}")
    if not document["notices"]:
        out("Nothing to notice.")


def register(app: typer.Typer) -> None:
    app.add_typer(history, name="history")
    app.command("notices")(notices)

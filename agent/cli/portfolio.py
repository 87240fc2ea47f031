"""A learner's own order: collections, tags, notes, archive; comparing, deleting, and export of many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.io import As, Home, Json, client, out, out_json, read_at_most, run, say, segment, usage
from agent.core.portfolio import clean_names
from agent.errors import EXIT_FAILED, EXIT_NOT_CONSENTED, CairnError, InputError, NotFoundError

if TYPE_CHECKING:
    from agent.client import AgentClient

MANY = ("json", "html", "pdf", "clr", "zip")
MANY_BINARY = frozenset({"pdf", "zip"})
MAX_NOTE_BYTES = 16 * 1024

type Document = dict[str, Any]

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of credentials, or their beginnings.")]
OneId = Annotated[str, typer.Argument(metavar="ID", help="Id of a credential, or its beginning.")]


def collect(
    ids: Ids,
    *,
    into: Annotated[list[str] | None, typer.Option("--into", metavar="NAME", help="Put into it.")] = None,
    out_of: Annotated[list[str] | None, typer.Option("--out-of", metavar="NAME", help="Take out.")] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Put credentials into collections of your own, or take them out."""
    if not into and not out_of:
        raise usage("Name a collection with --into or --out-of.")
    _change(ids, _names("collections", into or [], out_of or []), home, as_, json_)


def tag(
    ids: Ids,
    *,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="TAG", help="Put on.")] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", metavar="TAG", help="Take off.")] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Put tags of your own on credentials, or take them off."""
    if not add and not remove:
        raise usage("Name a tag with --add or --remove.")
    _change(ids, _names("tags", add or [], remove or []), home, as_, json_)


def note(
    id: OneId,
    text: Annotated[
        str | None,
        typer.Argument(metavar="[TEXT|-]", help="The note, - for standard input, '' for none."),
    ] = None,
    *,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Write a note on a credential, or read it. Nobody else ever gets it."""
    if text == "-":
        data = read_at_most("-", MAX_NOTE_BYTES)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise usage("The note is not text in UTF-8.") from None

    async def work() -> Document:
        async with client(home, as_) as api:
            path = f"/v1/wallet/credentials/{segment(id)}"
            return await (api.get(path) if text is None else api.post(f"{path}/shelf", {"note": text}))

    document = run(work)
    if json_:
        out_json({"id": document["id"], "shelf": document["shelf"]})
    elif text is None:
        for line in document["shelf"]["note"].split("\n"):
            out(line)
    else:
        say("The note is written." if document["shelf"]["note"] else "There is no note on it now.")


def archive(ids: Ids, *, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Put credentials out of sight. They stay valid, and answer a request only where nothing else does."""
    _change(ids, lambda _: {"archived": True}, home, as_, json_)


def unarchive(ids: Ids, *, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Bring archived credentials back."""
    _change(ids, lambda _: {"archived": False}, home, as_, json_)


def _names(member: str, add: list[str], remove: list[str]) -> Callable[[Document], Document]:
    gone = {name.strip().casefold() for name in remove}

    def changed(shelf: Document) -> Document:
        kept = [name for name in shelf[member] if name.casefold() not in gone]
        return {member: [*kept, *clean_names(add, known=kept)]}

    return changed


def _change(
    ids: list[str], change: Callable[[Document], Document], home: Path | None, as_: str, json_: bool
) -> None:
    """One after the other; one that is refused does not stop the others."""
    from agent.cli import show
    from agent.cli.io import show_error

    async def work() -> tuple[list[Document], list[CairnError]]:
        done: list[Document] = []
        refused: list[CairnError] = []
        async with client(home, as_) as api:
            for id in dict.fromkeys(ids):
                path = f"/v1/wallet/credentials/{segment(id)}"
                try:
                    shelf = (await api.get(path))["shelf"]
                    done.append(await api.post(f"{path}/shelf", change(shelf)))
                except (NotFoundError, InputError) as error:
                    refused.append(type(error)(error.code, f"{id}: {error.detail}", error.hint))
        return done, refused

    done, refused = run(work)
    if json_:
        problems = [{"code": each.code, "detail": each.detail} for each in refused]
        shelves = [{"id": each["id"], "title": each["title"], "shelf": each["shelf"]} for each in done]
        out_json({"credentials": shelves, "refused": problems})
    else:
        for each in done:
            show.credential_line(each)
            show.shelf(each["shelf"])
        for error in refused:
            show_error(error)
    if refused:
        raise typer.Exit(refused[0].exit_code if len(ids) == 1 else EXIT_FAILED)


def collections(
    *,
    rename: Annotated[
        tuple[str, str] | None, typer.Option("--rename", metavar="OLD NEW", help="Give one another name.")
    ] = None,
    delete: Annotated[
        str | None, typer.Option("--delete", metavar="NAME", help="Take it apart; its credentials stay.")
    ] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Your collections and tags, each with the number of credentials."""
    if rename and delete:
        raise usage("Give either --rename or --delete.")

    async def work() -> Document:
        async with client(home, as_) as api:
            if rename:
                body = {"name": rename[0], "to": rename[1]}
                return await api.post("/v1/wallet/collections/rename", body)
            if delete:
                return await api.post("/v1/wallet/collections/delete", {"name": delete})
            return await api.get("/v1/wallet/collections")

    document = run(work)
    if json_:
        out_json(document)
        return
    for title, member in (("Collections", "collections"), ("Tags", "tags")):
        out(title if document[member] else f"{title}: none")
        for each in document[member]:
            out(f"  {each['name']}  ({each['count']})")


def delete(
    id: OneId,
    *,
    expect: Annotated[str, typer.Option(help="The hash of what is lost, as this command told it.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Delete it; with --expect.")] = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Delete a credential for good. Without --yes: says what is lost, and deletes nothing."""
    if yes and not expect:
        raise usage("--yes needs --expect HASH.", "cairn delete ID says what is lost, and the hash.")

    async def work() -> Document:
        async with client(home, as_) as api:
            path = f"/v1/wallet/credentials/{segment(id)}"
            try:
                if yes:
                    return await api.post(f"{path}/delete", {"expect": expect})
                return await api.get(f"{path}/loss")
            except NotFoundError as error:
                return await _delete_badge(api, id, error, yes=yes)

    document = run(work)
    if json_:
        out_json(document)
    elif "deleted" in document:
        out(f"Deleted: {document['deleted']}")
    else:
        out("If you delete it:")
        for line in document["losses"]:
            out(f"  {line}")
        out(f"hash {document['expect']}")
    if "deleted" not in document:
        say("Nothing was deleted. To delete it: cairn delete ID --yes --expect HASH")
        raise typer.Exit(EXIT_NOT_CONSENTED)


async def _one(api: AgentClient, id: str) -> Document:
    return await api.get(f"/v1/wallet/credentials/{segment(id)}")


BADGE_LOSS = {
    "losses": [
        "It is a picture that counts for nothing. It can be had again only if you still have its file."
    ],
    "expect": "badge",
}


async def _delete_badge(api: AgentClient, id: str, error: NotFoundError, *, yes: bool) -> Document:
    try:
        badge = await api.get(f"/v1/wallet/badges/{segment(id)}")
    except NotFoundError:
        raise error from None
    return await api.post(f"/v1/wallet/badges/{segment(badge['id'])}/delete") if yes else BADGE_LOSS


def compare(
    first: OneId,
    second: OneId,
    *,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Two credentials, field by field, and which learning outcomes they share."""
    from agent.core.portfolio import compare as compared

    async def work() -> tuple[Document, Document]:
        async with client(home, as_) as api:
            return await _one(api, first), await _one(api, second)

    one, other = run(work)
    found = compared(one, other)
    if json_:
        out_json({"first": one["id"], "second": other["id"], **found.to_json()})
        return
    words = {"equal": "= equal", "differs": "≠ differs", "only_first": "1 only the first"}
    for row in found.rows:
        out(f"{words.get(row.relation, '2 only the second'):<17}  {row.label}")
        if row.relation == "equal":
            out(f"    {row.first}")
            continue
        for number, value in ((1, row.first), (2, row.second)):
            if value:
                out(f"    {number}: {value}")
    for title, outcomes in (
        ("Outcomes of both", found.both),
        ("Outcomes of the first only", found.only_first),
        ("Outcomes of the second only", found.only_second),
    ):
        out(title if outcomes else f"{title}: none")
        for outcome in outcomes:
            out(f"  {outcome}")


def export_many(
    ids: Iterable[str],
    *,
    all_: bool,
    format_: str,
    to: Path | None,
    home: Path | None,
    name: str,
) -> None:
    """What `cairn export` does for more than one credential."""
    from agent.cli.documents import put_file

    if format_ not in MANY:
        raise usage(
            f"Several credentials are not written as {format_!r}.", f"Choose one of {', '.join(MANY)}."
        )
    if to is None and format_ in MANY_BINARY and sys.stdout.isatty():
        raise usage(f"{format_} is no text that a terminal could show.", "Name a file with --to.")

    async def work() -> tuple[bytes, list[str]]:
        async with client(home, name) as api:
            body: Document = {"as": format_} | ({"all": True} if all_ else {"ids": list(ids)})
            return await api.file("POST", "/v1/wallet/export", body=body, timeout=600)

    data, remarks = run(work)
    put_file(data, to, text=format_ not in MANY_BINARY)
    for remark in remarks:
        say(f"! {remark}")


def register(app: typer.Typer) -> None:
    for command in (collect, tag, note, archive, unarchive, delete, collections, compare):
        app.command(command.__name__)(command)

"""Files: verify anything, take it into the wallet, give it out."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.cli.io import (
    As,
    Home,
    Json,
    home_of,
    out,
    out_json,
    read_at_most,
    run,
    say,
    segment,
    show_error,
    usage,
)
from agent.core.verdict import Result
from agent.errors import (
    EXIT_FAILED,
    EXIT_UNKNOWN,
    CairnError,
    InputError,
    NotFoundError,
    UnreachableError,
    UntrustedError,
)

if TYPE_CHECKING:
    from agent.formats.collection import Part

EXIT_OF = {Result.PASS: 0, Result.FAIL: EXIT_FAILED, Result.UNKNOWN: EXIT_UNKNOWN}
AT_ONCE = 4  # files under way: while one is being written, the next is being verified
MAX_FILE_BYTES = 12 * 1024 * 1024  # as VC_LIMITS.image_bytes, which the reader holds to
SHOWN_UNKNOWN = 20
SHOWN_CHARS = 500
FORMATS = ("json", "open-badge", "presentation", "png", "svg", "pdf", "html", "elm")
BINARY = frozenset({"png", "pdf"})


def verify(
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|-|URL|ID", help="A file, standard input, an address, or a held credential."
        ),
    ],
    *,
    challenge: Annotated[
        str | None,
        typer.Option(help="What you asked the holder to sign; shows that a presentation is fresh."),
    ] = None,
    domain: Annotated[
        str | None, typer.Option(help="Whom the presentation is for, usually your address.")
    ] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Verify. Exit 0: every part passes; 1: something fails; 5: something is unknown; 2: cannot be
    read; 3: an address that does not answer."""
    if _is_held(what):
        _verify_held(what, home, as_, json_)
        return

    async def work() -> dict[str, Any]:
        from agent.cli.verifying import examined

        return await examined(what, challenge=challenge, domain=domain, home=home_of(home, as_))

    document = run(work)
    out_json(document) if json_ else _show(document)
    raise typer.Exit(EXIT_OF[Result(document["result"])])


def _is_held(what: str) -> bool:
    """A name that no file has and that looks like an id, or the beginning of one."""
    return (
        "://" not in what and what != "-" and not Path(what).exists() and what.isalnum() and len(what) <= 64
    )


def _verify_held(id: str, home: Path | None, as_: str, json_: bool) -> None:
    from agent.cli import show
    from agent.cli.io import client

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.post(f"/v1/wallet/credentials/{segment(id)}/recheck")

    document = run(work)
    if json_:
        out_json(document)
    else:
        show.credential_line(document)
        show.checks(document["checks"])
    raise typer.Exit(EXIT_OF[Result(document["state"])])


def _show(document: dict[str, Any]) -> None:
    from agent.cli import show

    carrier = (
        f", inside {'an SVG' if document['carrier'] == 'svg' else 'a PNG'} image"
        if document["carrier"]
        else ""
    )
    out(f"This is {document['kind']}{carrier}.")
    for each in document["items"]:
        out()
        out(f"{each['title'] or 'A credential without a title'}  ·  {show.who(each['issuer'])}")
        for row in each["claims"]:
            out(f"  {row['label']}: {row['value']}")
        rest = each["not_understood"]
        if rest:
            out("  Not understood, as it came:")
        for row in rest[:SHOWN_UNKNOWN]:
            out(f"    {row['path']}: {row['text']}")
        if len(rest) > SHOWN_UNKNOWN:
            out(f"    and {len(rest) - SHOWN_UNKNOWN} more; --json has them")
    out()
    show.parts(document["verdict"])
    if document["beside"]:
        out("Beside the verdict")
        show.checks(document["beside"])


def import_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Files, folders, or - for standard input.")
    ],
    *,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Take credentials into the wallet. Each is checked first; what cannot be read changes nothing."""
    from agent.cli.io import client

    paths = _paths(files)

    async def work() -> list[dict[str, Any]]:
        quiet = len(paths) == 1 or not sys.stderr.isatty()
        turn = asyncio.Semaphore(AT_ONCE)
        async with client(home, as_) as api:
            with typer.progressbar(
                length=len(paths), label="importing", file=sys.stderr, hidden=quiet
            ) as progress:

                async def one(path: str) -> dict[str, Any]:
                    async with turn:
                        result = await _import_one(api, path)
                    progress.update(1)
                    return result

                return await asyncio.gather(*map(one, paths))

    results = run(work)
    if json_:
        out_json({"files": results})
    else:
        for each in results:
            _show_import(each)
        if len(results) > 1:
            say(", ".join(f"{count} {words}" for words, count in _tally(results).items()))
    refused = [exit_code for each in results if (exit_code := _exit_of(each))]
    if refused:
        raise typer.Exit(refused[0] if len(results) == 1 else EXIT_FAILED)


async def _import_one(api: Any, path: str) -> dict[str, Any]:
    """One file; a refusal is a result, so that the others are still taken."""
    from agent.client import SERVICE_UNREACHABLE

    try:
        data, several = read_files(path)
        if several is not None:
            return {"file": path, **await _import_several(api, several)}
        # A name may be bytes that are no text; it is only shown.
        name = Path(path).name.encode("utf-8", "replace").decode()
        answer = await api.post_bytes("/v1/wallet/import", data, {"name": name})
    except (InputError, UntrustedError, UnreachableError) as error:
        if error.code == SERVICE_UNREACHABLE:
            raise
        return {"file": path, **_refused(error)}
    return {"file": path, **answer}


async def _import_several(api: Any, parts: Iterator[Part]) -> dict[str, Any]:
    """Each part is a file like any other; one by one, so that a large collection is no single long call."""
    from agent.client import SERVICE_UNREACHABLE

    taken: list[dict[str, Any]] = []
    try:
        for part in parts:
            try:
                taken.append(await api.post_bytes("/v1/wallet/import", part.data, {"name": part.name}))
            except (InputError, UntrustedError, UnreachableError) as error:
                if error.code == SERVICE_UNREACHABLE:
                    raise
                taken.append(_refused(error))
    except InputError as error:  # of the file itself, from there on
        taken.append(_refused(error))
    return {"import": "bundle", "parts": taken}


def _refused(error: CairnError) -> dict[str, Any]:
    problem = {"code": error.code, "detail": error.detail, "hint": error.hint}
    return {"import": "refused", **problem, "exit": error.exit_code}


def _exit_of(result: dict[str, Any]) -> int:
    """0 where something was taken, or was there already."""
    if result["import"] == "bundle":
        codes = [_exit_of(part) for part in result["parts"]]
        return EXIT_FAILED if codes and all(codes) else 0
    return int(result.get("exit", EXIT_FAILED)) if result["import"] == "refused" else 0


def _show_import(each: dict[str, Any]) -> None:
    from agent.cli import show

    if each["import"] == "bundle":
        out(f"A bundle of {len(each['parts'])} credentials:")
        for part in each["parts"]:
            _show_import({"file": each["file"]} | part)
    elif each["import"] == "refused":
        say(f"✗ {each['file']}: {each['detail']}")
        if each["hint"]:
            say(f"  {each['hint']}")
        say(f"  [{each['code']}]")
    elif "headline" in each:
        known = "  (was there already)" if each["import"] == "known" else ""
        show.credential_line(each)
        out(f"           {each['headline']}{known}")
    else:
        show.visual_badge_line(each)
        lacks = ", ".join(each["missing"]) or "what a credential of this wallet needs"
        known = "; it was there already" if each["import"] == "known" else ""
        out(f"           it lacks {lacks}, so it can be looked at and counts for nothing{known}")


def _tally(results: list[dict[str, Any]]) -> dict[str, int]:
    words = {
        "refused": "refused",
        "imported": "imported",
        "known": "already there",
        "visual_badge": "visual only",
        "bundle": "bundles",
    }
    found: dict[str, int] = {}
    for each in results:
        name = words[each["import"]]
        found[name] = found.get(name, 0) + 1
    return found


def _paths(files: list[str]) -> list[str]:
    found: list[str] = []
    for each in files:
        path = Path(each)
        if each != "-" and path.is_dir():
            found += sorted(str(inner) for inner in path.iterdir() if inner.is_file())
        else:
            found.append(each)
    if not found:
        raise usage("There is no file to import.")
    return found


_READ_HINT = "Look for a mistake in the name; an address begins with https://."


def read_files(path: str) -> tuple[bytes, Iterator[Part] | None]:
    """A file, and its parts where it is a list or a zip of several. Raises `InputError`."""
    from agent.formats import collection

    data = read_at_most(path, MAX_FILE_BYTES, hint=_READ_HINT)
    if collection.is_collection(data[:64]) and len(data) > MAX_FILE_BYTES and path != "-":
        data = read_at_most(path, collection.MAX_FILE_BYTES, hint=_READ_HINT)
    several = collection.split(data) if len(data) <= collection.MAX_FILE_BYTES else None
    return (data, several) if several is not None else (_one_file(path, data), None)


def read_file(path: str) -> bytes:
    """Raises `InputError` unreadable or too_large."""
    return _one_file(path, read_at_most(path, MAX_FILE_BYTES, hint=_READ_HINT))


def _one_file(path: str, data: bytes) -> bytes:
    if len(data) > MAX_FILE_BYTES:
        hint = "A credential is a small file, and an image with one is not much larger."
        raise InputError("too_large", f"{path} has more than {MAX_FILE_BYTES} bytes.", hint)
    return data


def export(
    credentials: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID...", help="Ids of held credentials, or their beginnings."),
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Everything that the wallet holds.")] = False,
    format_: Annotated[
        str,
        typer.Option(
            "--as",
            metavar="FORMAT",
            help=f"One of {', '.join(FORMATS)}; several credentials: json, html, pdf, clr or zip.",
        ),
    ] = "json",
    to: Annotated[
        Path | None, typer.Option("--to", "-o", help="Write here instead of standard output.")
    ] = None,
    challenge: Annotated[
        str, typer.Option(help="With --as presentation: what the other side gave you to sign.")
    ] = "",
    domain: Annotated[
        str, typer.Option(help="With --as presentation: whom it is for, as they told you.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only list everything that the file would say.")
    ] = False,
    home: Home = None,
    from_: Annotated[
        str, typer.Option("--from", metavar="NAME", help="Which agent of the data folder.")
    ] = "learner",
    json_: Annotated[
        bool, typer.Option("--json", help="With --dry-run: print the list as one JSON document.")
    ] = False,
) -> None:
    """Give one credential out as a file, or several as one. Here --as names the format; --from names the agent."""
    from agent.cli.io import client

    ids = list(dict.fromkeys(credentials or ()))
    if bool(ids) == all_:
        raise usage("Name the credentials, or give --all.")
    if all_ or len(ids) > 1 or format_ in ("clr", "zip"):
        from agent.cli.portfolio import export_many

        export_many(ids, all_=all_, format_=format_, to=to, home=home, name=from_)
        return
    credential = ids[0]
    if format_ not in FORMATS:
        raise usage(f"There is no format {format_!r}.", f"Choose one of {', '.join(FORMATS)}.")
    if to is None and format_ in BINARY and sys.stdout.isatty():
        raise usage(f"{format_} is no text that a terminal could show.", "Name a file with --to.")

    params = {"as": format_, "challenge": challenge, "domain": domain}
    if dry_run:
        _show_file(credential, params, home, from_, json_)
        return

    async def work() -> tuple[bytes, list[str]]:
        async with client(home, from_) as api:
            path = f"/v1/wallet/credentials/{segment(credential)}/export"
            try:
                return await api.file("GET", path, params=params)
            except NotFoundError as error:
                if format_ not in ("json", "png", "svg"):
                    raise
                try:  # a visual badge has one form only: as it came
                    return await api.file("GET", f"/v1/wallet/badges/{segment(credential)}/file")
                except NotFoundError:
                    raise error from None

    data, remarks = run(work)
    put_file(data, to, text=format_ not in BINARY)
    for remark in remarks:
        say(f"! {remark}")


def _show_file(credential: str, params: dict[str, str], home: Path | None, from_: str, json_: bool) -> None:
    """Every path in the file and its value; nothing is written, and nothing is given out."""
    from agent.cli.io import client

    async def work() -> dict[str, Any]:
        async with client(home, from_) as api:
            return await api.get(f"/v1/wallet/credentials/{segment(credential)}/export/preview", params)

    document = run(work)
    if json_:
        out_json(document)
        return
    out(f"Whoever gets this file gets all of this ({document['bytes']} bytes, {document['media_type']}):")
    for row in document["claims"]:
        value = row["value"]
        rest = f"… ({len(value)} characters)" if len(value) > SHOWN_CHARS else ""
        out(f"  {row['path']}: {value[:SHOWN_CHARS]}{rest}")
    for remark in document["remarks"]:
        say(f"! {remark}")
    say("Nothing was written.")


def put_file(data: bytes, to: Path | None, *, text: bool) -> None:
    """Whole or not at all: an export that broke off must not look like one."""
    from agent.cli.io import out
    from agent.store.public import write_atomic

    if to is None:
        if text and sys.stdout.isatty():
            for line in data.decode().splitlines():
                out(line)
        else:
            sys.stdout.buffer.write(data)
        return
    try:
        write_atomic(to, data, mode=0o600)
    except OSError as error:
        show_error(InputError("unwritable", f"{to} cannot be written: {error.strerror}."))
        raise typer.Exit(InputError.exit_code) from None
    say(f"{to}: {len(data)} bytes")


def register(app: typer.Typer) -> None:
    app.command("verify")(verify)
    app.command("import")(import_)
    app.command("export")(export)

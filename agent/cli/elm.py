"""`cairn elm`: the European Learning Model's files, and documents held against its shapes, offline.

Exit codes of `validate`: 0 the shapes hold, 1 they do not, 5 not installed or no answer, 2 the document cannot be
read.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.io import GLYPHS, As, Home, Json, home_of, out, out_json, read_at_most, run, say, show_error
from agent.errors import EXIT_FAILED, EXIT_UNKNOWN, CairnError
from agent.roots import default_root
from agent.settings import load_settings

if TYPE_CHECKING:
    from agent.services.elm import Report

app = typer.Typer(
    help="European Learning Model: get its files, hold documents against it.", no_args_is_help=True
)


@app.command("install")
def install(
    *,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ADDRESS|FOLDER",
            envvar="CAIRN_ELM_URL",
            help="Where to get the files; elm_url of the agent's settings, or the published address, by default.",
        ),
    ] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Get the published context, shapes and samples, each checked by its digest."""

    async def work() -> Path:
        from agent.net.fetch import SafeFetcher
        from agent.services import elm

        configured, demo = _configured(home_of(home, as_))
        chosen = source or configured or elm.DEFAULT_URL
        if not chosen.startswith(("https://", "http://")):
            return await elm.install(Path(chosen), _target())
        fetcher = SafeFetcher(allow_loopback=demo)
        try:
            return await elm.install(chosen, _target(), fetcher)
        finally:
            await fetcher.aclose()

    folder = run(work)
    if json_:
        out_json({"folder": str(folder)})
    else:
        out(f"✓ installed in {folder}")


@app.command("status")
def status(*, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Which version is used, and whether its files are here and unchanged."""
    from agent.services import elm
    from agent.vc.elm_codes import COMMIT, VERSION

    configured, _ = _configured(home_of(home, as_))
    problem: CairnError | None = None
    try:
        elm.read(_target())
    except CairnError as error:
        problem = error
    state = problem.code if problem else "installed"
    address = configured or elm.DEFAULT_URL
    if json_:
        files = [{"name": each.name, "sha256": each.sha256} for each in elm.FILES]
        folder = str(elm.folder_of(_target()))
        out_json(
            {
                "state": state,
                "model": VERSION,
                "commit": COMMIT,
                "folder": folder,
                "address": address,
                "files": files,
            }
        )
    else:
        out(f"{VERSION}  ·  commit {COMMIT[:8]}")
        out(f"  state    {state.replace('_', ' ')}")
        out(f"  folder   {elm.folder_of(_target())}")
        out(f"  address  {address}")
    if problem is not None:
        show_error(problem)
        raise typer.Exit(EXIT_UNKNOWN)


@app.command("validate")
def validate(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A credential in JSON-LD; - for standard input.")
    ],
    *,
    allow_known: Annotated[
        bool,
        typer.Option("--allow-known", help="Exit 0 when only what the official sample violates is violated."),
    ] = False,
    json_: Json = False,
) -> None:
    """Hold a European credential against the published shapes. It says nothing of signatures: cairn verify."""
    from agent.services import elm

    try:
        report = elm.validate_bytes(read_at_most(file, elm.MAX_DOCUMENT_BYTES), _target())
    except CairnError as error:
        show_error(error)
        raise typer.Exit(error.exit_code) from None
    if json_:
        out_json(report.to_json())
    else:
        _show(report)
    if report.result == "unknown":
        raise typer.Exit(EXIT_UNKNOWN)
    if report.result == "fail" and not (allow_known and not report.beyond):
        raise typer.Exit(EXIT_FAILED)


def _show(report: Report) -> None:
    from agent.vc.elm_codes import VERSION

    out(f"{GLYPHS[report.result]}  {VERSION}")
    out(f"  {report.detail}")
    for finding in report.findings:
        known = f"  ·  {finding.known}" if finding.known else ""
        out(f"  {'–' if finding.known else '✗'} {finding.shape}: {finding.message} ({finding.path}){known}")
    for term in report.dropped:
        out(f"  ! '{term}' is defined by no context: no reader of the model sees it")
    if report.hint:
        say(f"  {report.hint}")


def _target() -> Path:
    return default_root() / "elm"


def _configured(home: Path) -> tuple[str, bool]:
    """The address in the agent's settings, and whether this is a demonstration; without an agent, neither."""
    if not (home / "agent.json").exists():
        return "", False
    settings = load_settings(home)
    return settings.elm_url, settings.demo


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="elm")

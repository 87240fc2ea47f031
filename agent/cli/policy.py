"""What a requester does with a policy before sending it: have it checked, look up its grammar. No service needed."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.io import Json, out, out_json, read_json_file, run
from agent.errors import EXIT_FAILED

app = typer.Typer(help="Policies: what an employer asks for.", no_args_is_help=True)


@app.command("lint")
def lint(
    policy: Annotated[Path, typer.Argument(help="Policy as JSON; '-' reads standard input.")],
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also say what each kind of flag means.")
    ] = False,
    json_: Json = False,
) -> None:
    """What is over-asked, irrelevant by law, or impossible. Exit code 1 when nobody can satisfy it."""
    from agent.core.lints import CODES, Flag
    from agent.core.policy import Policy, flags
    from agent.services import clock

    async def work() -> tuple[Policy, tuple[Flag, ...]]:
        asked = Policy.from_json(read_json_file(policy))
        return asked, flags(asked, today=clock.today())

    asked, found = run(work)
    codes = sorted({flag.code for flag in found})
    if json_:
        document = {
            "title": asked.title,
            "digest": asked.digest(),
            "flags": [flag.to_json() for flag in found],
        }
        out_json(document | ({"codes": {code: CODES[code] for code in codes}} if explain else {}))
    else:
        for flag in found:
            out(f"▲ {flag.code}: {flag.text}")
        if not found:
            out("Nothing stands out.")
        for code in codes if explain else ():
            out(f"  {code}: {CODES[code]}")
    if "unsatisfiable" in codes:
        raise typer.Exit(EXIT_FAILED)


@app.command("schema")
def schema() -> None:
    """The JSON Schema of a policy."""
    from agent.core.policy import policy_schema

    sys.stdout.write(json.dumps(policy_schema(), indent=2) + "\n")  # as it stands in docs/schema


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="policy")

"""`cairn record`: hold a record against the validation profiles, offline and without a wallet.

Exit codes: 0 nothing fails (warnings and gaps are shown and allowed), 1 something fails, 2 the input cannot be
read as a record.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.io import Json, out, out_json, read_at_most, say, show_error
from agent.core import profiles, taxonomy
from agent.core.findings import Finding, Outcome, counts
from agent.core.limits import parse_json
from agent.core.record import MAX_RECORD_BYTES, Record, record_schema, text
from agent.errors import EXIT_FAILED, CairnError

# A glyph and a word, never colour alone.
GLYPHS = {
    Outcome.PASS: "✓ pass          ",
    Outcome.FAIL: "✗ fail          ",
    Outcome.WARNING: "! warning       ",
    Outcome.NOT_APPLICABLE: "– not applicable",
    Outcome.NO_INFORMATION: "? no information",
}

app = typer.Typer(help="Records: is this a micro-credential, completely described?", no_args_is_help=True)


@app.command("validate")
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A record in JSON; - for standard input.")],
    *,
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", metavar="NAME", help="May be repeated; council by default."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show where in the sources each rule stands.")
    ] = False,
    json_: Json = False,
) -> None:
    """Hold a record against validation profiles. Exit 0: nothing fails; 1: something fails; 2: not a record."""
    try:
        chosen = [profiles.lookup(name) for name in dict.fromkeys(profile or [profiles.DEFAULT])]
        record = Record.from_json(
            parse_json(read_at_most(file, MAX_RECORD_BYTES), max_bytes=MAX_RECORD_BYTES, what="file")
        )
    except CairnError as error:
        show_error(error)
        raise typer.Exit(error.exit_code) from None
    found = [(each, profiles.validate(record, each)) for each in chosen]
    failed = any(finding.outcome is Outcome.FAIL for _, each in found for finding in each)
    if json_:
        out_json(_document(record, found, failed=failed))
    else:
        _show(record, found, explain=explain)
    if failed:
        raise typer.Exit(EXIT_FAILED)


@app.command("profiles")
def list_profiles(*, json_: Json = False) -> None:
    """The validation profiles, with the source of each."""
    if json_:
        out_json({"profiles": [_about(each) for each in profiles.PROFILES.values()]})
        return
    width = max(len(name) for name in profiles.PROFILES)
    for each in profiles.PROFILES.values():
        out(f"{each.name:<{width}}  {each.title}  ·  {len(each.rules)} rules  ·  {each.source}")


@app.command("schema")
def schema() -> None:
    """The JSON Schema of a record."""
    # Not `out_json`: a schema has no room for the version member that our own documents carry.
    for line in json.dumps(record_schema(), indent=2).splitlines():
        out(line)


def _show(
    record: Record, found: list[tuple[profiles.ValidationProfile, tuple[Finding, ...]]], *, explain: bool
) -> None:
    issuer = text(record.issuer.name)
    host = record.issuer.host or record.issuer.did
    # The name is the issuer's own word; the host stands beside it, here as everywhere.
    out(f"{text(record.title) or 'No title'}  ·  {f'{issuer} ({host})' if issuer else host}")
    for profile, findings in found:
        out()
        out(f"{profile.name}: {profile.title}")
        for finding in findings:
            _line(finding, explain=explain)
        out(f"  {counts(findings)}")
    table = taxonomy.table(taxonomy.DEFAULT)
    out()
    out(f"Category under {table.title}")
    for finding in taxonomy.findings(record):
        if finding.outcome is not Outcome.NOT_APPLICABLE:
            _line(finding, explain=explain)
    if explain:
        out()
        out("Sources are file:line; a finding about the category does not change the exit code.")
    say(
        "Whether it is authentic, and whether its issuer is quality-assured, are other questions: cairn verify."
    )


def _line(finding: Finding, *, explain: bool) -> None:
    out(f"  {GLYPHS[finding.outcome]}  {finding.label}{f'  ·  {finding.detail}' if finding.detail else ''}")
    if explain:
        out(f"      source {finding.source}")
    # What contradicts a rule is said whenever the rule has something to say.
    if finding.note and (explain or finding.outcome is not Outcome.PASS):
        out(f"      note: {finding.note}")


def _document(
    record: Record, found: list[tuple[profiles.ValidationProfile, tuple[Finding, ...]]], *, failed: bool
) -> dict[str, Any]:
    category = taxonomy.category(record)
    return {
        "result": str(Outcome.FAIL if failed else Outcome.PASS),
        "title": text(record.title),
        "issuer": {"did": record.issuer.did, "host": record.issuer.host, "name": text(record.issuer.name)},
        "profiles": [
            {**_about(profile), "findings": [finding.to_json() for finding in findings]}
            for profile, findings in found
        ],
        "category": {
            "jurisdiction": taxonomy.DEFAULT,
            "code": category.code,
            "label": category.label,
            "micro_credential": category.micro_credential,
            "findings": [finding.to_json() for finding in taxonomy.findings(record)],
        },
    }


def _about(profile: profiles.ValidationProfile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "title": profile.title,
        "source": profile.source,
        "rules": len(profile.rules),
    }


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="record")

"""``cairn-registry ingest``, ``diff`` and ``quarantine``."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from trust_registry.cli_common import EXIT_FAILED, AsJson, HomeDir, run_or_exit, safe, say
from trust_registry.dates import format_time
from trust_registry.errors import IngestError, QueryError
from trust_registry.history import History
from trust_registry.ingest.adapters import adapter_for
from trust_registry.ingest.plan import Change, Plan, Step
from trust_registry.ingest.source import Adapter, Progress
from trust_registry.ingest_run import Prepared, prepare
from trust_registry.ingest_run import ingest as run_ingest
from trust_registry.registry import utc_now
from trust_registry.service import open_home

TOKEN_VARIABLE = "CAIRN_DEQAR_TOKEN"  # noqa: S105 - the name of a variable, not what is in it
_EXAMPLES, _TOKEN_BYTES = 3, 4096
_STEPS = 10  # lines of progress for one part

From = Annotated[str, typer.Option("--from", help="csv:FOLDER, csv:URL, connect:URL or web:URL.")]
AcceptLoss = Annotated[
    list[str] | None, typer.Option(help="A country (ISO 3166 alpha-2; ZZ: none) whose loss of rows is right.")
]
TokenFile = Annotated[
    Path | None, typer.Option(help=f"File with the web API's token; otherwise {TOKEN_VARIABLE}.")
]
Production = Annotated[
    bool, typer.Option("--production", help="These files are an unchanged copy of DEQAR's own: my word.")
]
Licence = Annotated[str, typer.Option(help="Under which licence the data are had; kept with them.")]
NOT_STATED = "not stated by the source"


def ingest(
    *,
    source: From,
    home: HomeDir,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, change nothing.")
    ] = False,
    accept_loss: AcceptLoss = None,
    token_file: TokenFile = None,
    production: Production = False,
    licence: Licence = NOT_STATED,
    as_json: AsJson = False,
) -> None:
    """Take over what DEQAR says now, and make a snapshot of it."""
    adapter = run_or_exit(lambda: _adapter(source, home, token_file, licence, production))
    accepted = [code.upper() for code in accept_loss or []]
    if dry_run:
        prepared = run_or_exit(lambda: prepare(home, adapter, accepted=accepted, say=_Narration()))
        _show(prepared, as_json=as_json)
        if prepared.refusal:
            say(safe(prepared.refusal.diagnostics()))
            raise typer.Exit(EXIT_FAILED)
        say("Nothing was changed.")
        return
    prepared = run_or_exit(
        lambda: run_ingest(
            home,
            adapter,
            accepted=accepted,
            clock=utc_now,
            publish=lambda: open_home(home, rebuild=True).close(),
            say=_Narration(),
        )
    )
    _show(prepared, as_json=as_json)
    registry = run_or_exit(lambda: open_home(home))
    manifest = registry.snapshot.manifest
    registry.close()
    say(f"Snapshot {manifest.seq} ({manifest.kind}) is made. A running service takes it up by itself.")


def diff(
    *,
    source: From,
    home: HomeDir,
    accept_loss: AcceptLoss = None,
    token_file: TokenFile = None,
    production: Production = False,
    as_json: AsJson = False,
) -> None:
    """What an ingest would change: counts by kind and country, with examples."""
    adapter = run_or_exit(lambda: _adapter(source, home, token_file, NOT_STATED, production))
    accepted = [code.upper() for code in accept_loss or []]
    prepared = run_or_exit(lambda: prepare(home, adapter, accepted=accepted, say=_Narration()))
    _show(prepared, as_json=as_json, examples=_EXAMPLES)
    if prepared.refusal:
        say(safe(f"It would be refused: {prepared.refusal.diagnostics()}"))


def quarantine(home: HomeDir, as_json: AsJson = False) -> None:
    """What the last ingest set aside, and why."""

    def read() -> list[dict[str, Any]]:
        history = History.existing(home)
        if history is None:
            raise IngestError("no_ingest", "Nothing was ingested into this home.", "See: ingest --help")
        try:
            return [
                {
                    "recorded_at": format_time(run.at),
                    "source": run.origin,
                    "file": item.file,
                    "row": item.row,
                    "key": item.key,
                    "reason": item.reason,
                }
                for run, item in history.quarantined()
            ]
        finally:
            history.close()

    found = run_or_exit(read)
    if as_json:
        typer.echo(json.dumps({"quarantined": found}, ensure_ascii=False))
        return
    for item in found:
        typer.echo(safe(f"{item['file']}:{item['row']}  {item['key'] or '-'}  {item['reason']}"))
    for reason, count in Counter(item["reason"] for item in found).most_common():
        say(safe(f"{count} × {reason}"))
    say(f"{len(found)} set aside.")


def _adapter(spec: str, home: Path, token_file: Path | None, licence: str, production: bool) -> Adapter:
    return adapter_for(
        spec,
        spool=home / "spool",
        clock=utc_now,
        token=_token(token_file),
        licence=licence,
        real=production,
    )


def _token(path: Path | None) -> str:
    """From a file or the environment, never from the command line, which others on the machine can read."""
    if path is None:
        return _printable(os.environ.get(TOKEN_VARIABLE, "").strip())
    try:
        with path.open(encoding="ascii") as file:
            return _printable(file.read(_TOKEN_BYTES).strip())
    except (OSError, ValueError) as error:
        raise QueryError("bad_token_file", "The --token-file cannot be read.") from error


def _printable(token: str) -> str:
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise QueryError("bad_token", "The token has characters that no token has.")
    return token


class _Narration:
    """Progress on stderr: the first and the last step of each part, and every tenth between."""

    def __init__(self) -> None:
        self._last: tuple[str, int] = ("", -1)

    def __call__(self, progress: Progress) -> None:
        mark = progress.done * _STEPS // progress.total if progress.total else 0
        if (progress.what, mark) != self._last:
            self._last = (progress.what, mark)
            say(safe(f"{progress.what}: {progress.done} of {progress.total}"))


def _show(prepared: Prepared, *, as_json: bool, examples: int = 0) -> None:
    found, aside = prepared.plan, len(prepared.harvest.found.quarantined)
    counts = sorted(found.counts().items())
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "changes": [
                        {"kind": kind, "country": code, "change": change, "count": count}
                        for (kind, code, change), count in counts
                    ],
                    "examples": [_example(step) for step in _examples(found, examples)],
                    "unchanged": found.unchanged,
                    "kept": found.kept,
                    "quarantined": aside,
                    "refused": prepared.refusal.code if prepared.refusal else None,
                },
                ensure_ascii=False,
            )
        )
        return
    for (kind, code, change), count in counts:
        typer.echo(f"{kind:12} {code:3} {change:12} {count}")
    for step in _examples(found, examples):
        example = _example(step)
        typer.echo(safe(f"  {example['change']} {example['kind']} {example['key']}: {example['what']}"))
    typer.echo(f"{len(found.steps)} changes, {found.unchanged} unchanged, {aside} set aside.")
    if found.kept:
        typer.echo(f"{found.kept} kept as they were: the source could not give their records.")


def _examples(found: Plan, limit: int) -> list[Step]:
    """The first few of each kind and change."""
    seen: Counter[tuple[str, Change]] = Counter()
    chosen = []
    for step in sorted(found.steps, key=lambda step: (step.kind, step.change, step.key)):
        seen[step.kind, step.change] += 1
        if seen[step.kind, step.change] <= limit:
            chosen.append(step)
    return chosen


def _example(step: Step) -> dict[str, str]:
    """``what``: the members that differ, old → new; the name, where there is only one side."""
    before = json.loads(step.before.body) if step.before else {}
    after = json.loads(step.text.body) if step.text else {}
    if before and after:
        what = "; ".join(
            f"{name} {_word(before.get(name))} → {_word(after[name])}"
            for name in after
            if before.get(name) != after[name]  # older lines lack members of today
        )
    else:
        one = after or before
        what = str(one.get("name") or one.get("decision") or one.get("kind") or step.key)
    return {"kind": step.kind, "change": step.change, "key": step.key, "what": what}


def _word(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)

"""The ``cairn-registry`` command; exit codes and the like are in cli_common.py."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from trust_registry import (
    bindings,
    checks,
    cli_binding,
    cli_ingest,
    cli_keys,
    cli_store,
    cli_voiding,
    keys,
    strict_json,
)
from trust_registry.cli_common import (
    EXIT_FAILED,
    EXIT_UNKNOWN,
    AsJson,
    Did,
    HomeDir,
    run_or_exit,
    safe,
    say,
    with_home,
)
from trust_registry.client import RegistryClient
from trust_registry.dates import parse_date, parse_time
from trust_registry.errors import QueryError, RegistryUnreachable
from trust_registry.findings import Finding, Result
from trust_registry.models import ASSURED, Decision, Outcome, Query
from trust_registry.outside import fetcher
from trust_registry.registry import utc_now
from trust_registry.service import PUBLIC_URL
from trust_registry.service import serve as run_service
from trust_registry.vocabulary import RevocationReason, SnapshotKind
from trust_registry.web.limits import LIMITS

_DOCUMENT_BYTES = 64 * 1024
_FETCH_SECONDS = 10.0

app = typer.Typer(
    help="Trust registry: is this issuer a quality-assured institution, on the day of the award?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

cli_binding.register(app)
cli_voiding.register(app)
cli_store.register(app)
cli_keys.register(app, limits=cli_store.last_numbers)


@app.callback()
def main() -> None:
    """Keeps ``resolve`` a subcommand however many there are."""


@app.command()
def serve(
    *,
    home: HomeDir,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: a free one, remembered in the home.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    public_url: Annotated[
        str | None,
        typer.Option(envvar=PUBLIC_URL, help="Where others reach it; gives its DID."),
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", envvar="CAIRN_REGISTRY_DEMO", help="Let demo data assure (demonstrations)."),
    ] = False,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="Address or network of a proxy whose X-Forwarded-For is believed; repeatable."),
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes answer.")] = 1,
    rate: Annotated[float, typer.Option(min=0.1, help="Questions a second of one address.")] = LIMITS.rate,
    loopback_rate: Annotated[
        float, typer.Option(min=0.1, help="The same for this machine itself.")
    ] = LIMITS.loopback_rate,
) -> None:
    """Serve the registry until it is told to stop."""
    limits = LIMITS.at_rate(rate, loopback_rate)
    deployment = SnapshotKind.DEMO if demo else SnapshotKind.PRODUCTION
    run_or_exit(
        lambda: run_service(
            home,
            host=host,
            port=port,
            public_url=public_url,
            deployment=deployment,
            say=say,
            trusted_proxies=trusted_proxy or (),
            workers=workers,
            limits=limits,
        )
    )


@app.command()
def resolve(
    *,
    did: Did,
    awarded_on: Annotated[str, typer.Option(help="Date of award, YYYY-MM-DD.")],
    home: Annotated[Path | None, typer.Option(help="Ask this folder.", envvar="CAIRN_REGISTRY_HOME")] = None,
    url: Annotated[str | None, typer.Option(help="Ask a running registry instead.")] = None,
    key: Annotated[str | None, typer.Option(help="RFC 7638 thumbprint of the key that signed.")] = None,
    eqf: Annotated[str | None, typer.Option(help="EQF level, 1 to 8.")] = None,
    country: Annotated[str | None, typer.Option(help="ISO 3166 alpha-2.")] = None,
    ects: Annotated[str | None, typer.Option(help="ECTS credits.")] = None,
    programme: Annotated[str | None, typer.Option(help="Name of the programme.")] = None,
    award_kind: Annotated[str, typer.Option(help="micro-credential or programme.")] = "micro-credential",
    known_at: Annotated[str | None, typer.Option(help="As known at this RFC 3339 time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Is what this DID awarded on that day quality-assured, and who says so?"""
    given = {
        "did": did,
        "awarded_on": awarded_on,
        "key": key,
        "eqf": eqf,
        "country": country,
        "ects": ects,
        "programme": programme,
        "award_kind": award_kind,
        "known_at": known_at,
    }

    def ask() -> Decision:
        query = Query.from_params({name: value for name, value in given.items() if value is not None})
        if url is not None:
            return asyncio.run(_ask(url, query))
        if home is None:
            raise QueryError("usage", "Say whom to ask: --home or --url.")
        return with_home(home, lambda registry: registry.resolve(query, now=utc_now()))

    decision = run_or_exit(ask)
    typer.echo(json.dumps(decision.to_json(), ensure_ascii=False) if as_json else _sentences(decision))
    if decision.outcome not in ASSURED:
        raise typer.Exit(EXIT_FAILED if decision.outcome is Outcome.NOT_ASSURED else EXIT_UNKNOWN)


@app.command()
def bind(
    *,
    home: HomeDir,
    did: Did,
    institution: Annotated[str, typer.Option(help="DEQARINST….")],
    level: Annotated[int, typer.Option(min=0, max=3, help="How well it was checked; 0 never counts.")],
    valid_from: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    note: Annotated[str, typer.Option(help="The evidence: what was checked, how, by whom.")],
    valid_to: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")] = None,
    key_from_did: Annotated[
        bool, typer.Option("--key-from-did", help="Fetch the DID document's key.")
    ] = False,
    kid: Annotated[str | None, typer.Option(help="Which key of the document, if it has several.")] = None,
    jwk: Annotated[Path | None, typer.Option(help="File with the public key as a JWK.")] = None,
    as_json: AsJson = False,
) -> None:
    """Bind a DID and its key to an institution, alone: in a demonstration only (else ``binding propose``)."""

    def make() -> dict[str, Any]:
        if key_from_did == (jwk is not None):
            raise QueryError("usage", "Give --key-from-did or --jwk, and not both.")
        public = _read_jwk(jwk) if jwk is not None else _fetch_key(did, kid)
        return with_home(
            home,
            lambda registry: registry.bind_directly(
                did=did,
                jwk=public,
                institution_id=institution,
                level=level,
                valid_from=parse_date(valid_from, "--valid-from"),
                valid_to=parse_date(valid_to, "--valid-to") if valid_to else None,
                evidence=note,
                now=utc_now(),
            ).to_json(),
        )

    made = run_or_exit(make)
    sentence = f"{did} with key {made['thumbprint']} is {institution} from {valid_from} (level {level})."
    typer.echo(json.dumps(made, ensure_ascii=False) if as_json else sentence)


@app.command()
def unbind(
    home: HomeDir,
    did: Did,
    last_day: Annotated[str, typer.Option(help="Last day on which the binding holds, YYYY-MM-DD.")],
) -> None:
    """End a DID's binding; what was awarded until then keeps its issuer."""
    day = run_or_exit(lambda: parse_date(last_day, "--last-day"))
    made = run_or_exit(
        lambda: with_home(home, lambda r: bindings.unbind(r.store, did=did, last_day=day, now=utc_now()))
    )
    typer.echo(f"{did}: {len(made)} binding(s) end with {last_day}.")


@app.command()
def revoke_key(
    home: HomeDir,
    did: Did,
    key: Annotated[str, typer.Option(help="RFC 7638 thumbprint.")],
    reason: Annotated[
        RevocationReason, typer.Option(help="compromised: no award by it is trusted any more.")
    ],
    at: Annotated[str | None, typer.Option(help="From when, RFC 3339; default now.")] = None,
) -> None:
    """Revoke a pinned key."""
    moment = run_or_exit(lambda: parse_time(at, "--at")) if at is not None else utc_now()
    run_or_exit(
        lambda: with_home(
            home,
            lambda r: bindings.revoke_key(r.store, did=did, key=key, at=moment, reason=reason, now=utc_now()),
        )
    )
    typer.echo(f"{did}: key {key} is revoked ({reason}).")


app.command()(cli_ingest.ingest)
app.command()(cli_ingest.diff)
app.command()(cli_ingest.quarantine)


def run() -> None:
    """Entry point of ``cairn-registry``."""
    app()


async def _ask(url: str, query: Query) -> Decision:
    async with httpx.AsyncClient(timeout=_FETCH_SECONDS) as http:
        return await RegistryClient(url, http).resolve(query)


def _read_jwk(path: Path) -> keys.Jwk:
    try:
        return keys.jwk_from_raw(
            keys.raw_from_jwk(strict_json.loads(path.read_bytes(), max_bytes=_DOCUMENT_BYTES))
        )
    except (OSError, ValueError) as error:
        raise QueryError("bad_jwk_file", "The --jwk file cannot be read as a JWK.") from error


def _fetch_key(did: str, kid: str | None) -> keys.Jwk:
    """The assertion key that the DID's own document names; http on loopback only, no redirects."""
    found = checks.read_keys(fetcher(allow_loopback=True)(keys.did_web_url(did).document), did)
    if isinstance(found, Finding):
        if found.result is Result.UNKNOWN:
            raise RegistryUnreachable(found.detail)
        raise QueryError(found.code, found.detail)
    if kid is not None:
        found = {name: key for name, key in found.items() if name == kid}
    unique = {keys.thumbprint(key): key for key in found.values()}
    if len(unique) != 1:
        raise QueryError(
            "which_key", f"The DID document has {len(unique)} such keys.", "Choose one with --kid."
        )
    return next(iter(unique.values()))


def _sentences(decision: Decision) -> str:
    """The decision for people: outcome, reasons, who says so, how old the list is."""
    found, snapshot = decision.institution, decision.snapshot
    lines = [
        f"outcome      {decision.outcome} (scope: {decision.scope})",
        f"reasons      {', '.join(decision.reasons) or 'none'}",
        f"institution  {f'{found.name} ({found.id})' if found else 'unknown'}",
    ]
    lines += [
        f"says so      {link.role}: {link.name} {link.id} — {link.note}" for link in decision.authority_chain
    ]
    lines += [f"evidence     {item.label}: {item.value} {item.at}" for item in decision.evidence]
    age = f"{snapshot.age_seconds} s old ({snapshot.freshness})"
    lines.append(f"list         {snapshot.kind} snapshot {snapshot.seq}, {age}")
    return "\n".join(safe(line) for line in lines)


if __name__ == "__main__":
    run()

"""``cairn-registry binding``, ``operator`` and ``audit``: bindings by two operators, and the log of them.

An operator works in the registry's folder (``--home``) or through the running service (``--url``), with the same
token and the same rules. The token comes from a file or from CAIRN_OPERATOR_TOKEN, never from the command line,
where every user of the machine could read it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
import typer

from trust_registry import audit, operations, strict_json
from trust_registry.addresses import LOOPBACK_HOSTS
from trust_registry.cli_common import (
    EXIT_FAILED,
    EXIT_UNKNOWN,
    AsJson,
    Did,
    HomeDir,
    run_or_exit,
    safe,
    with_home,
)
from trust_registry.errors import QueryError, RegistryError, RegistryUnreachable
from trust_registry.registry import Registry, utc_now
from trust_registry.store import Act
from trust_registry.vocabulary import RevocationReason

TOKEN_VARIABLE = "CAIRN_OPERATOR_TOKEN"  # noqa: S105 - a name
_SECONDS = 40.0  # two documents of a slow host, fetched by the service
_ANSWER_BYTES = 16 * 1024 * 1024
_FILE_BYTES = 64 * 1024

binding = typer.Typer(help="Bindings: one operator proposes, another approves.", no_args_is_help=True)
operator = typer.Typer(help="Who may propose and approve.", no_args_is_help=True)
log = typer.Typer(help="The audit log of bindings.", no_args_is_help=True)

Place = Annotated[Path | None, typer.Option(help="The registry's folder.", envvar="CAIRN_REGISTRY_HOME")]
Url = Annotated[str | None, typer.Option(help="A running registry, instead of --home.")]
TokenFile = Annotated[
    Path | None, typer.Option(help=f"File with your operator's token; else ${TOKEN_VARIABLE}.")
]
ProposalId = Annotated[str, typer.Argument(help="The proposal's id.")]


def register(app: typer.Typer) -> None:
    app.add_typer(binding, name="binding")
    app.add_typer(operator, name="operator")
    app.add_typer(log, name="audit")


@binding.command()
def propose(
    *,
    did: Did,
    institution: Annotated[str, typer.Option(help="DEQARINST….")],
    level: Annotated[int, typer.Option(min=0, max=3, help="0 note, 1 linkage, 2 out of band, 3 authority.")],
    valid_from: Annotated[str, typer.Option(help="First day, YYYY-MM-DD.")],
    note: Annotated[str, typer.Option(help="The evidence: what was checked, how, by whom.")],
    source: Annotated[
        list[str] | None,
        typer.Option(help="https page that gives the domain to the institution; repeatable."),
    ] = None,
    valid_to: Annotated[str | None, typer.Option(help="Last day, YYYY-MM-DD.")] = None,
    jwk: Annotated[Path | None, typer.Option(help="File with the key; else the DID document's.")] = None,
    kid: Annotated[str | None, typer.Option(help="Which key of the document, if it has several.")] = None,
    home: Place = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Propose a binding; it counts when another operator approves."""
    body = {
        "did": did,
        "institution_id": institution,
        "level": level,
        "valid_from": valid_from,
        "valid_to": valid_to,
        "evidence": note,
        "sources": source or [],
        "kid": kid,
        "jwk": run_or_exit(lambda: _read_json(jwk)) if jwk is not None else None,
    }
    made = _ask("propose", body, home, url, token_file)
    lines = [f"Proposal {made['id']} by {made['proposed_by']}, open until {made['expires_at']}."]
    _show(made, [*lines, *_findings(made["findings"])], as_json)


@binding.command()
def check(
    did: Annotated[str, typer.Argument(help="The issuer's did:web.")],
    home: Place = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """What is bound, against what the DID's host says now. Exit 1: something fails, 5: something is unknown."""
    found = _ask("check", {"did": did}, home, url, token_file)
    lines = [
        f"bound        {', '.join(found['institutions']) or 'to nothing'}",
        *_findings(found["findings"]),
    ]
    lines += [
        f"key          {key['thumbprint']} {_state(key)}, {'in' if key['in_document'] else 'not in'} the document"
        for key in found["keys"]
    ]
    lines += [
        f"quarantined  {key}: not believed until a proposal with it is approved"
        for key in found["quarantined"]
    ]
    _show(found, lines, as_json)
    results = {item["result"] for item in found["findings"]}
    if "fail" in results:
        raise typer.Exit(EXIT_FAILED)
    if "unknown" in results or not found["institutions"]:
        raise typer.Exit(EXIT_UNKNOWN)


@binding.command()
def approve(
    proposal: ProposalId,
    home: Place = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Approve another operator's proposal, after every check again."""
    made = _ask("approve", {"proposal": proposal}, home, url, token_file)
    sentence = (
        f"{made['did']} with key {made['thumbprint']} is {made['institution_id']} (level {made['level']})."
    )
    _show(made, [sentence], as_json)


@binding.command()
def reject(
    *,
    proposal: ProposalId,
    why: Annotated[str, typer.Option(help="The reason, kept with the proposal.")],
    home: Place = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """End a proposal without a binding."""
    made = _ask("reject", {"proposal": proposal, "why": why}, home, url, token_file)
    _show(made, [f"Proposal {proposal} is rejected."], as_json)


@binding.command()
def revoke(
    *,
    did: Did,
    key: Annotated[str, typer.Option(help="RFC 7638 thumbprint.")],
    reason: Annotated[
        RevocationReason, typer.Option(help="compromised: no award by it is trusted any more.")
    ],
    at: Annotated[str | None, typer.Option(help="From when, or when it was compromised; RFC 3339.")] = None,
    home: Place = None,
    url: Url = None,
    token_file: TokenFile = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a pinned key; one operator is enough."""
    body = {"did": did, "thumbprint": key, "reason": str(reason), "at": at}
    made = _ask("revoke", body, home, url, token_file)
    _show(made, [f"{did}: key {key} is revoked ({reason}) from {made['at']}."], as_json)


@binding.command("list")
def listing(
    home: Place = None, url: Url = None, token_file: TokenFile = None, as_json: AsJson = False
) -> None:
    """Proposals, bindings and keys in quarantine."""
    found = _ask("list", {}, home, url, token_file)
    lines = [
        f"proposal     {one['id']} {one['state']}: {one['did']} is {one['institution_id']}, level {one['level']}, "
        f"by {one['proposed_by']}"
        for one in found["proposals"]
    ]
    lines += [
        f"binding      {one['did']} {one['thumbprint']} is {one['institution_id']}, level {one['level']}, {_state(one)}"
        for one in found["bindings"]
    ]
    lines += [
        f"quarantined  {one['did']} {one['thumbprint']}, first seen {one['first_seen']}"
        for one in found["quarantined"]
    ]
    _show(found, lines or ["Nothing is proposed or bound."], as_json)


@operator.command("add")
def add_operator(
    name: Annotated[str, typer.Argument(help="a-z, 0-9 and hyphens.")],
    home: HomeDir,
    token_file: Annotated[Path, typer.Option(help="New file for the token; give it to the operator.")],
) -> None:
    """Make somebody an operator. Needs the registry's folder."""

    def work(registry: Registry) -> None:
        now = utc_now()
        registry.operators.add(name, token_file, now=now)
        registry.store.note(Act(audit.HOME, audit.Action.OPERATOR_ADDED, now), name)

    run_or_exit(lambda: with_home(home, work))
    typer.echo(f"{name} is an operator; the token is in {token_file}, for {name} alone.")


@operator.command("remove")
def remove_operator(name: Annotated[str, typer.Argument()], home: HomeDir) -> None:
    """Take an operator off the list; their open proposals can no longer be approved."""

    def work(registry: Registry) -> None:
        registry.operators.remove(name)
        registry.store.note(Act(audit.HOME, audit.Action.OPERATOR_REMOVED, utc_now()), name)

    run_or_exit(lambda: with_home(home, work))
    typer.echo(f"{name} is no longer an operator.")


@operator.command("list")
def list_operators(home: HomeDir) -> None:
    """The operators' names."""
    for name in sorted(run_or_exit(lambda: with_home(home, lambda registry: registry.operators.names()))):
        typer.echo(name)


@log.command()
def verify(
    home: HomeDir,
    head: Annotated[
        str | None, typer.Option(help="SEQ:SHA256 noted earlier; must still be in the log.")
    ] = None,
) -> None:
    """Check the whole log against itself and the stored records. Exit 1: it does not hold."""

    def work(registry: Registry) -> str:
        noted = audit.Head.parse(head) if head is not None else None
        registry.store.audit(noted)
        return str(registry.store.audit_head())

    typer.echo(run_or_exit(lambda: with_home(home, work)))


@log.command("list")
def list_log(home: HomeDir, as_json: AsJson = False) -> None:
    """Every entry, oldest first, after verifying them."""
    entries = run_or_exit(lambda: with_home(home, lambda registry: registry.store.audit()))
    for entry in entries:
        fields = entry.to_json()
        sentence = f"{fields['seq']} {fields['at']} {entry.operator} {entry.action} {entry.subject}"
        typer.echo(json.dumps(fields) if as_json else safe(sentence))


def _ask(
    operation: str, body: dict[str, Any], home: Path | None, url: str | None, token_file: Path | None
) -> dict[str, Any]:
    data = json.dumps(body).encode()

    def work(registry: Registry) -> dict[str, Any]:
        name = registry.operators.authenticate(token)
        return operations.perform(registry, operation, operator=name, body=data, now=utc_now())

    def ask() -> dict[str, Any]:
        if url is not None:
            return _post(url, operation, data, token)
        if home is None:
            raise QueryError("usage", "Say where the registry is: --home or --url.")
        return with_home(home, work)

    token = run_or_exit(lambda: _token(token_file))
    return run_or_exit(ask)


def _token(token_file: Path | None) -> str:
    if token_file is None:
        found = os.environ.get(TOKEN_VARIABLE, "")
    else:
        try:
            found = token_file.read_text(encoding="ascii")[:1000]
        except (OSError, UnicodeDecodeError) as error:
            raise QueryError("no_token", "The token file cannot be read.") from error
    if not found.strip():
        raise QueryError("no_token", f"Give your operator's token: --token-file, or {TOKEN_VARIABLE}.")
    return found.strip()


def _post(url: str, operation: str, data: bytes, token: str) -> dict[str, Any]:
    address = urlsplit(url)
    if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK_HOSTS):
        raise QueryError("not_https", "A token is sent by https only, or to this machine.")
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    try:
        with httpx.Client(timeout=_SECONDS, follow_redirects=False) as http:
            answer = http.post(f"{url.rstrip('/')}/v1/operator/{operation}", content=data, headers=headers)
        found = strict_json.loads(answer.content, max_bytes=_ANSWER_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise RegistryUnreachable("The registry gave no usable answer.", "Is it running there?") from error
    if not isinstance(found, dict):
        raise RegistryUnreachable("The registry gave no usable answer.")
    if answer.status_code != httpx.codes.OK:
        code, detail, hint = (str(found.get(name, ""))[:300] for name in ("code", "detail", "hint"))
        raise RegistryError(code or "refused", detail, status=answer.status_code, hint=hint)
    return found


def _read_json(path: Path) -> Any:
    try:
        return strict_json.loads(path.read_bytes(), max_bytes=_FILE_BYTES)
    except (OSError, ValueError) as error:
        raise QueryError("bad_jwk_file", "The --jwk file cannot be read as a JWK.") from error


def _findings(found: list[dict[str, str]]) -> list[str]:
    return [f"{one['check']:<12} {one['result']} ({one['code']}): {one['detail']}" for one in found]


def _state(key: dict[str, Any]) -> str:
    if key["revoked"] is not None:
        return f"revoked ({key['revoked']['reason']}) from {key['revoked']['at']}"
    return f"from {key['valid_from']} to {key['valid_to'] or 'now'}"


def _show(data: dict[str, Any], lines: list[str], as_json: bool) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False) if as_json else "\n".join(safe(line) for line in lines))

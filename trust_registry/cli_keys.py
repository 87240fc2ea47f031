"""``cairn-registry keys`` and ``snapshot``: the registry's keys, and what it distributes.

``keys`` and ``snapshot root`` need the registry's folder. Private keys come from it or from the environment
(`trust_registry.keyring`), never from the command line, where every user of the machine could read them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from trust_registry import keyring
from trust_registry.addresses import LOOPBACK_HOSTS
from trust_registry.cli_common import EXIT_FAILED, AsJson, HomeDir, run_or_exit, safe, say
from trust_registry.copied import Copy
from trust_registry.dates import format_time
from trust_registry.errors import QueryError
from trust_registry.keyring import KeyRing
from trust_registry.keys import thumbprint
from trust_registry.local_copy import LocalCopy
from trust_registry.publishing import Repository
from trust_registry.registry import utc_now
from trust_registry.tuf_fetcher import Source

Limits = Callable[[Path], Mapping[str, int]]
Url = Annotated[str, typer.Option(help="The registry's address.")]
Pin = Annotated[
    str | None, typer.Option(help="SHA-256 of its first root, as `snapshot root` says at the registry.")
]


def register(app: typer.Typer, limits: Limits) -> None:
    """``limits(home)``: by table, the number of the last record that the current key has signed."""
    app.add_typer(_keys(limits), name="keys")
    app.add_typer(_snapshot(), name="snapshot")


def rotate_online(home: Path, *, limits: Limits, overlap: timedelta, now: datetime) -> KeyRing:
    """The whole rotation of the online key: the ring, then the distribution's root.

    One that was cut short between the two is finished and not begun again. The root key is asked for before
    anything is changed. `TrustRegistryError` as `keyring.rotate` and `Repository.rotate_online`.
    """
    repository = Repository(home)
    repository.require_root_key()
    begun = keyring.finish(home) or repository.rotation_unfinished(keyring.current_jwk(home))
    if not begun:
        keyring.rotate(home, now=now, overlap=overlap, limits=limits(home))
    repository.rotate_online(now=now)
    return KeyRing.open(home)


def describe(home: Path, now: datetime) -> dict[str, Any]:
    """Public parts, ends and limits of the keys; never a private part."""
    ring, standing = KeyRing.open(home), Repository(home).standing()
    return {
        "current": thumbprint(ring.jwk),
        "retired": [{"thumbprint": thumbprint(one.jwk), **one.to_json()} for one in ring.retired],
        "in_did_document": [thumbprint(jwk) for jwk in ring.jwks(now)],
        "root": None
        if standing is None
        else {
            "version": standing.root_version,
            "expires": format_time(standing.root_expires),
            "sha256_of_first": Repository(home).root_sha256(),
        },
    }


def _keys(limits: Limits) -> typer.Typer:
    keys = typer.Typer(help="The registry's signing keys.", no_args_is_help=True)

    @keys.command("list")
    def listing(home: HomeDir, as_json: AsJson = False) -> None:
        """The current key, the retired ones with their limits, and when the root ends."""
        found = run_or_exit(lambda: describe(home, utc_now()))
        lines = [f"current  {found['current']}"]
        lines += [
            f"retired  {one['thumbprint']} {one['retired_at']}, in the DID document until {one['overlap_until']}, "
            f"believed up to {json.dumps(one['limits'])}"
            for one in found["retired"]
        ]
        root = found["root"]
        lines.append(
            f"root     version {root['version']}, until {root['expires']}" if root else "root     none yet"
        )
        typer.echo(json.dumps(found) if as_json else "\n".join(lines))

    @keys.command()
    def rotate(
        *,
        home: HomeDir,
        overlap_days: Annotated[
            int, typer.Option(min=0, max=3650, help="How long the old key stays in the DID document.")
        ],
    ) -> None:
        """Sign with a new key from now on. Stop the service first; start it again afterwards.

        0 days after a theft. The new key is made, or taken from the environment. Run it again if it was cut short.
        """
        overlap = timedelta(days=overlap_days)
        ring = run_or_exit(lambda: rotate_online(home, limits=limits, overlap=overlap, now=utc_now()))
        typer.echo(thumbprint(ring.jwk))
        say("The key is current. Start the service again; clients follow at their next question.")

    @keys.command("rotate-root")
    def rotate_root(home: HomeDir) -> None:
        """A new root key, signed for by the old one. Needs the old one; the new one is HOME/root-key."""
        run_or_exit(lambda: Repository(home).rotate_root(now=utc_now()))
        say("The root key is new. Keep a copy off this machine; what clients have pinned stays as it is.")

    @keys.command("renew-root")
    def renew_root(home: HomeDir) -> None:
        """The same root for another year, if its key is not kept here; else the service does it."""
        run_or_exit(lambda: Repository(home).renew_root(now=utc_now()))
        say("The root is good for a year from now.")

    return keys


def _snapshot() -> typer.Typer:
    snapshot = typer.Typer(help="What the registry distributes.", no_args_is_help=True)

    @snapshot.command()
    def verify(
        home: Annotated[Path | None, typer.Option(help="The registry's folder.")] = None,
        url: Annotated[str | None, typer.Option(help="A running registry, instead of --home.")] = None,
        root_sha256: Pin = None,
        as_json: AsJson = False,
    ) -> None:
        """Check signatures, hashes and ends of what is published. Exit 1: it does not hold, or is over."""
        if (home is None) == (url is None):
            run_or_exit(_which)
        if home is not None:
            place = home
            found, over = run_or_exit(lambda: _published(place, utc_now()))
        else:
            address = url or ""
            with tempfile.TemporaryDirectory() as folder:
                copy = run_or_exit(lambda: fetch_copy(Path(folder), address, root_sha256, now=utc_now()))
            found, over = _facts(copy), False
        _show(found, as_json)
        if over:
            say("Its time is over: clients refuse it until it is renewed.")
            raise typer.Exit(EXIT_FAILED)

    @snapshot.command()
    def fetch(
        *,
        url: Url,
        to: Annotated[Path, typer.Option(help="Folder of the copy.")],
        root_sha256: Pin = None,
        as_json: AsJson = False,
    ) -> None:
        """Bring a copy up to date, or make one. The last good copy stays whatever goes wrong."""
        _show(_facts(run_or_exit(lambda: fetch_copy(to, url, root_sha256, now=utc_now()))), as_json)

    @snapshot.command()
    def root(home: HomeDir) -> None:
        """The SHA-256 of the first root: what clients pin. It never changes; tell it by a second channel."""
        typer.echo(run_or_exit(lambda: Repository(home).root_sha256()))

    return snapshot


def fetch_copy(folder: Path, url: str, root_sha256: str | None, *, now: datetime) -> Copy:
    """`LocalCopy.sync` from an address that the operator typed: loopback counts only as such."""
    source = Source(allow_loopback=_host(url) in LOOPBACK_HOSTS)
    return LocalCopy(folder, url, root_sha256=root_sha256, source=source).sync(now=now).copy


def _published(home: Path, now: datetime) -> tuple[dict[str, Any], bool]:
    repository = Repository(home)
    files, standing = repository.current(), repository.standing()
    if standing is None:
        raise QueryError("nothing_published", "Nothing is published in this home yet.")
    found = {
        "version": standing.version,
        "signed_at": format_time(standing.signed_at),
        "root_sha256": repository.root_sha256(),
        "files": {
            one.name: {"sha256": one.sha256, "length": one.length, "custom": dict(one.custom)}
            for one in files.values()
        },
    }
    return found, now >= min(standing.expires, standing.root_expires)


def _facts(copy: Copy) -> dict[str, Any]:
    return {
        "version": copy.version,
        "signed_at": format_time(copy.signed_at),
        "root_sha256": copy.root_sha256,
        "files": {
            one.name: {"sha256": one.sha256, "length": one.length, "custom": dict(one.custom)}
            for one in copy.files.values()
        },
    }


def _which() -> None:
    raise QueryError("usage", "Say where to look: --home or --url.")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""  # LocalCopy says what is wrong with it


def _show(found: dict[str, Any], as_json: bool) -> None:
    lines = [f"version  {found['version']}, signed {found['signed_at']}", f"root     {found['root_sha256']}"]
    lines += [
        f"file     {name}, {one['length']:,} bytes, sha256 {one['sha256']}{_about(one['custom'])}"
        for name, one in found["files"].items()
    ]
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(safe(line) for line in lines))


_LAST_SECOND = int(datetime(9999, 1, 1, tzinfo=UTC).timestamp())


def _about(custom: Mapping[str, Any]) -> str:
    """What a person wants to know of a file; all of what is signed with it is in the JSON form."""
    said = [f"{name} {custom[name]}" for name in ("kind", "seq", "last") if name in custom]
    if type(custom.get("iat")) is int and 0 <= custom["iat"] < _LAST_SECOND:
        said.append(f"data of {format_time(datetime.fromtimestamp(custom['iat'], UTC))}")
    return f" ({', '.join(said)})" if said else ""

"""One agent's settings: a small JSON file in its home folder, made once, read at every start.

HOME/agent.json     these settings (no secrets)
HOME/token          bearer token of the admin API (0600, made new by `create_home`)
HOME/service.json   where the running service listens (removed when it stops)
HOME/vault.db       the encrypted vault      HOME/acapy/   ACA-Py's own encrypted wallet
HOME/public/        signed public objects    HOME/logs/    logs, without claim values
HOME/registry-copy/ the trust registry's list; remove it when you turn to another registry
"""

from __future__ import annotations

import secrets
import socket
from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import ConflictError, InputError, NotFoundError
from agent.store.public import write_atomic
from trust_registry.addresses import LOOPBACK_HOSTS


class Role(StrEnum):
    HOLDER = "holder"
    ISSUER = "issuer"
    VERIFIER = "verifier"


class Ports(BaseModel):
    """TCP ports. ``public`` is part of the DID and ``didcomm`` of every connection, so they stay for good."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    admin: int = Field(gt=0, lt=65536)
    public: int = Field(gt=0, lt=65536)
    didcomm: int = Field(gt=0, lt=65536)


class Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    version: int = 1
    name: str = Field(min_length=1, max_length=200)
    roles: frozenset[Role]
    ports: Ports
    registry_url: str
    # Hex SHA-256 of the registry's first root, had from its operator; empty: whoever answers first is believed.
    registry_root: str = Field(default="", pattern=r"^([0-9A-Fa-f]{64})?$")
    profile: str = ""  # id in issuer_profiles, for an issuer
    public_url: str = ""  # what others reach us by; empty: loopback
    didcomm_url: str = ""  # likewise for DIDComm
    demo: bool = False  # allows http to loopback, and registry snapshots of kind demo
    lock_after_seconds: int = 0  # idle lock of a learner's wallet; 0: only on demand
    elm_url: str = ""  # where 'cairn elm install' gets the European Learning Model; empty: as published
    # Two status entries in a badge are right by the W3C and refused by 1EdTech's JSON Schema, which takes one.
    badge_suspension: bool = False
    rev_registry_size: int = Field(default=200, ge=4, le=32768)
    vc_api: bool = (
        False  # the W3C's VC-API on the admin listener: whoever has the token can have anything signed
    )

    @property
    def public_base(self) -> str:
        return self.public_url.rstrip("/") or f"http://localhost:{self.ports.public}"

    @property
    def didcomm_base(self) -> str:
        return self.didcomm_url.rstrip("/") or f"http://127.0.0.1:{self.ports.didcomm}"

    @property
    def did(self) -> str:
        """The did:web of an issuer's or verifier's public address (host only)."""
        return "did:web:" + quote(self.public_base.split("://", 1)[1], safe="")

    @property
    def has_public_did(self) -> bool:
        return bool(self.roles & {Role.ISSUER, Role.VERIFIER})


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment; all sockets are held until all are chosen."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def create_home(
    home: Path,
    *,
    name: str,
    roles: frozenset[Role],
    registry_url: str,
    registry_root: str = "",
    profile: str = "",
    demo: bool = False,
    rev_registry_size: int = 200,
    lock_after_seconds: int = 0,
) -> Settings:
    """Make a home folder with settings and token.

    Raises `ConflictError` if it has settings already, `InputError` naming an entry that cannot be.
    """
    if (home / "agent.json").exists():
        raise ConflictError("home_exists", f"There is already an agent in {home}.")
    admin, public, didcomm = free_ports(3)
    try:
        settings = Settings(
            name=name,
            roles=roles,
            ports=Ports(admin=admin, public=public, didcomm=didcomm),
            registry_url=registry_url,
            registry_root=registry_root,
            profile=profile,
            demo=demo,
            rev_registry_size=rev_registry_size,
            lock_after_seconds=lock_after_seconds,
        )
    except ValidationError as error:
        raise InputError("bad_settings", f"{_where(error)}.") from None
    _require_registry(settings, "")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomic(home / "token", secrets.token_urlsafe(32).encode(), mode=0o600)
    save_settings(home, settings)
    return settings


def save_settings(home: Path, settings: Settings) -> None:
    write_atomic(home / "agent.json", settings.model_dump_json(indent=2).encode())


def load_settings(home: Path) -> Settings:
    """Read HOME/agent.json. Raises `NotFoundError` or `InputError` naming the file and the entry."""
    path = home / "agent.json"
    try:
        settings = Settings.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(
            "no_agent_home",
            f"There is no agent in {home}.",
            "Make one with 'cairn agent init', or run 'cairn up'.",
        ) from None
    except ValidationError as error:
        raise InputError("bad_settings", f"{path}: {_where(error)}.") from None
    _require_registry(settings, f"{path}: ")
    return settings


def _require_registry(settings: Settings, where: str) -> None:
    if not _has_registry(settings):
        raise InputError(
            "bad_settings",
            f"{where}registry_url: must be a plain https address, or http on this machine in a demonstration.",
        )


def _has_registry(settings: Settings) -> bool:
    """As `trust_registry.local_copy` judges the address, which takes long to import: every command is here."""
    try:
        parts = urlsplit(settings.registry_url)
        _ = parts.port
    except ValueError:
        return False
    extra = parts.username or parts.password or parts.query or parts.fragment
    local = settings.demo and parts.scheme == "http" and parts.hostname in LOOPBACK_HOSTS
    return bool(parts.hostname) and not extra and (parts.scheme == "https" or local)


def _where(error: ValidationError) -> str:
    """The entry and what is wrong with it, without its value."""
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the file'}: {first['msg']}"


def read_token(home: Path) -> str:
    try:
        return (home / "token").read_text().strip()
    except FileNotFoundError:
        raise NotFoundError("no_agent_home", f"There is no agent in {home}.") from None

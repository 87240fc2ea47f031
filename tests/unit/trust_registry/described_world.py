"""The small world of the API's examples (trust_registry/web/examples.py), made real: no network, fixed keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from fastapi import FastAPI

from tests.unit.trust_registry.samples import FHJ_ID, MTU_ID, NOW, RWTH_ID, Issuer
from trust_registry import bindings, desk, operations
from trust_registry.api import create_app
from trust_registry.desk import Desk, Terms
from trust_registry.outside import Fetched
from trust_registry.registry import Registry
from trust_registry.vocabulary import SnapshotKind
from trust_registry.web import examples
from trust_registry.web.limits import Limits

MTU, FHJ, RWTH = (
    Issuer(1, examples.DID),
    Issuer(3, examples.REVOKED_DID),
    Issuer(4, examples.NEW_DID),
)
UNHURRIED = Limits(rate=1e9, burst=10**9, loopback_rate=1e9, loopback_burst=10**9)


class World:
    """``tokens``: by the name of the security scheme."""

    def __init__(self, registry: Registry, tokens: dict[str, str]) -> None:
        self.registry, self.tokens = registry, tokens
        self.app: FastAPI = create_app(registry, clock=lambda: NOW, limits=UNHURRIED)


@contextmanager
def world(home: Path) -> Iterator[World]:
    """Bound DIDs, mirrored objects, two proposals by alice; bob asks. Hosts answer 404 to everything."""
    home.mkdir()
    (home / "key").touch(0o600)
    (home / "key").write_text((bytes([7]) * 32).hex())
    registry = Registry.open(home, did=examples.REGISTRY, deployment=SnapshotKind.DEMO, now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "fetcher", lambda **_: lambda _url: Fetched(404, b""))
        registry.publish_schema(now=NOW)
        for issuer, institution in ((MTU, MTU_ID), (FHJ, FHJ_ID)):
            bindings.bind(
                registry.store,
                registry.snapshot,
                did=issuer.did,
                jwk=issuer.jwk,
                institution_id=institution,
                level=2,
                valid_from=date(2021, 1, 1),
                evidence="registrar by phone",
                now=NOW,
            )
        registry.put_object(examples.SCHEMA_ID, examples.SCHEMA_JWS.encode(), now=NOW)
        registry.put_revocation_list(examples.REVREG_ID, examples.REVLIST_JWS.encode(), now=NOW)
        with registry.tails.receive(examples.TAILS_NAME) as file:
            file.write(examples.TAILS.encode())
            file.finish()
        tokens = {}
        for name in ("alice", "bob"):
            registry.operators.add(name, home / f"{name}.token", now=NOW)
            tokens[name] = (home / f"{name}.token").read_text().strip()
        _propose(registry, patch)
        yield World(registry, {"adminToken": registry.token, "operatorToken": tokens["bob"]})
    registry.close()


def _propose(registry: Registry, patch: pytest.MonkeyPatch) -> None:
    ids = iter((examples.TO_APPROVE, examples.TO_REJECT))
    with patch.context() as named:
        named.setattr(desk.secrets, "token_hex", lambda _: next(ids))
        for _ in range(2):
            Desk(registry, operator="alice", now=NOW, fetch=lambda _url: Fetched(404, b"")).propose(
                Terms(
                    did=RWTH.did,
                    institution_id=RWTH_ID,
                    level=0,  # a note: the only level that needs nothing from the DID's host
                    valid_from=date(2021, 1, 1),
                    valid_to=None,
                    evidence="registrar by phone",
                    jwk=RWTH.jwk,
                )
            )
    assert [one.id for one, _ in registry.store.proposals()] == [examples.TO_APPROVE, examples.TO_REJECT]

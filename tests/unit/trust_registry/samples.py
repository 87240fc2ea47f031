"""Facts, keys and signed objects that the tests start from; an attack is a two-line edit of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trust_registry import keys, objects
from trust_registry.facts import Agency, Binding, Closure, Facts, Institution, Relation, Report, SnapshotFacts
from trust_registry.manifest import Manifest
from trust_registry.models import Query
from trust_registry.snapshot import Snapshot, file_sha256
from trust_registry.snapshot_tables import SCHEMA_VERSION
from trust_registry.vocabulary import (
    Activity,
    Cycle,
    RelationKind,
    ReportDecision,
    SnapshotKind,
    Status,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SCHEMA = {"name": "s", "version": "1.0", "attrNames": ["a", "b"]}


class Issuer:
    """An Ed25519 key under a did:web."""

    def __init__(self, seed: int, did: str) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.did = did
        self.raw = self._private.public_key().public_bytes_raw()
        self.jwk = keys.jwk_from_raw(self.raw)
        self.thumbprint = keys.thumbprint(self.jwk)

    def sign(
        self, kind: str, content: dict[str, Any], *, identifier: str | None = None, iat: int = 1_700_000_000
    ) -> tuple[str, str]:
        """(object id, JWS); ``identifier`` overrides the id that the content has."""
        name = identifier or objects.object_id(self.did, kind, content)
        signing_input = objects.signing_input(
            objects.header(f"{self.did}#key-1"), objects.payload(kind, name, content, iat)
        )
        return name, objects.assemble(signing_input, self._private.sign(signing_input))

    def sign_bytes(self, header: bytes, payload: bytes) -> str:
        """Any bytes at all, properly signed."""
        from trust_registry.strict_json import b64url

        text = f"{b64url(header)}.{b64url(payload)}"
        return f"{text}.{b64url(self._private.sign(text.encode()))}"

    def schema(self) -> tuple[str, str]:
        return self.sign("SCHEMA", {"issuerId": self.did, **SCHEMA})


MTU = Issuer(1, "did:web:localhost%3A8301")
CIT = Issuer(2, "did:web:localhost%3A8302")
FHJ = Issuer(3, "did:web:localhost%3A8303")
RWTH = Issuer(4, "did:web:localhost%3A8304")
MILL = Issuer(9, "did:web:localhost%3A8309")

CIT_ID, MTU_ID, FHJ_ID, RWTH_ID, SEEU_ID = (
    "DEQARINST1361",
    "DEQARINST7609",
    "DEQARINST0066",
    "DEQARINST0382",
    "DEQARINST1709",
)
CHANGE = date(2021, 1, 1)

INSTITUTIONS = (
    Institution(CIT_ID, "Cork Institute of Technology", ("IE",), closure=Closure(CHANGE, CHANGE)),
    Institution(MTU_ID, "Munster Technological University", ("IE",), founded=CHANGE),
    Institution(FHJ_ID, "University of Applied Sciences Joanneum", ("AT",)),
    Institution(RWTH_ID, "Aachen University", ("DE",)),
    Institution(SEEU_ID, "South East European University", ("MK",)),
)
AGENCIES = (
    Agency("QQI", "Quality and Qualifications Ireland", ((date(2015, 6, 5), date(2019, 7, 31)),)),
    Agency("AQ Austria", "AQ Austria", ((date(2014, 11, 29), date(2019, 5, 31)),)),
    Agency("AAQ", "AAQ", ((date(2012, 5, 8), date(2021, 7, 31)),)),
    Agency("ASIIN", "ASIIN", ((date(2009, 4, 8), date(2021, 5, 31)),)),
    Agency("IEP", "Institutional Evaluation Programme", ((date(2011, 12, 15), date(2019, 1, 31)),)),
)
CYCLES = frozenset({Cycle.SHORT, Cycle.FIRST, Cycle.SECOND})


def report(**changes: Any) -> Report:
    """A positive institutional report on Cork IT by QQI, 2018-05-01 to 2028-04-30."""
    members: dict[str, Any] = {
        "id": "ILLUSTRATIVE-1",
        "institution_ids": (CIT_ID,),
        "agency": "QQI",
        "activity": Activity.INSTITUTIONAL,
        "status": Status.OBLIGATORY,
        "decision": ReportDecision.POSITIVE,
        "valid_from": date(2018, 5, 1),
        "valid_to": date(2028, 4, 30),
        "cycles": CYCLES,
        "illustrative": True,
    }
    return Report(**(members | changes))


def binding(issuer: Issuer, institution: str, **changes: Any) -> Binding:
    members: dict[str, Any] = {
        "did": issuer.did,
        "institution_id": institution,
        "level": 2,
        "thumbprint": issuer.thumbprint,
        "jwk": issuer.jwk,
        "valid_from": date(2010, 1, 1),
        "valid_to": None,
        "revoked": None,
        "evidence": "test",
        "recorded_at": datetime(2024, 1, 1, tzinfo=UTC),
    }
    return Binding(**(members | changes))


def snapshot(**changes: Any) -> SnapshotFacts:
    members: dict[str, Any] = {
        "seq": 1,
        "issued_at": NOW,
        "kind": SnapshotKind.DEMO,
        "sha256": "0" * 64,
        "deployment": SnapshotKind.DEMO,
    }
    return SnapshotFacts(**(members | changes))


def facts(*reports: Report, **changes: Any) -> Facts:
    members: dict[str, Any] = {
        "snapshot": snapshot(),
        "bindings": (
            binding(CIT, CIT_ID),
            binding(MTU, MTU_ID),
            binding(FHJ, FHJ_ID),
            binding(RWTH, RWTH_ID),
        ),
        "institutions": INSTITUTIONS,
        "relations": (Relation(CIT_ID, MTU_ID, CHANGE, RelationKind.SUCCEEDED),),
        "reports": reports or (report(),),
        "agencies": AGENCIES,
    }
    return Facts(**(members | changes))


def opened(path: Path, kind: SnapshotKind = SnapshotKind.DEMO) -> Snapshot:
    """A written file of facts, with a manifest that names it."""
    manifest = Manifest.of(
        iss="did:web:localhost",
        seq=1,
        prev="",
        at=NOW,
        schema=SCHEMA_VERSION,
        kind=kind,
        db_sha256=file_sha256(path),
        sources=(),
    )
    return Snapshot(path, manifest)


def query(issuer: Issuer, day: str, **changes: Any) -> Query:
    members: dict[str, Any] = {
        "did": issuer.did,
        "key": issuer.thumbprint,
        "awarded_on": date.fromisoformat(day),
    }
    return Query(**(members | changes))

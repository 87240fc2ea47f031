"""Documents that both sides exchange, and how this side signs and verifies them."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from agent.core.record import Record
from agent.vc import proofs
from agent.vc.badge import to_badge
from tests.interop.bridges import ROOT
from tests.interop.keys import HOLDER, Key

V2 = "https://www.w3.org/ns/credentials/v2"
OB3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
MADE = datetime(2026, 6, 12, 9, 30, tzinfo=UTC)
NOW = datetime(2026, 7, 1, tzinfo=UTC)
SUITES = ("eddsa-rdfc-2022", "eddsa-jcs-2022")
CHALLENGE = "n0-replay-7f3a"
DOMAIN = "https://employer.example"


RECORDS = sorted((ROOT / "tests" / "fixtures" / "records").glob("*.json"))


def our_badge(issuer: Key, record: str = "complete", status: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    """A badge as our issuer makes it, of a sample record. It does not run out: some verifiers go by today's date."""
    (path,) = (each for each in RECORDS if each.stem == record)
    content = json.loads(path.read_bytes())
    content.pop("expires_on", None)
    content["issuer"] |= {"did": issuer.controller}
    return to_badge(
        Record.from_json(content),
        issuer_did=issuer.controller,
        credential_id="urn:uuid:0f0a3a43-9d1c-4f4d-8b5e-7a0f3a6c1d12",
        subject_id=HOLDER.controller,
        valid_from=MADE,
        status=status,
    )


def badge(issuer: Key) -> dict[str, Any]:
    """An Open Badge 3.0 as other issuers make them, written by hand from the specification."""
    return {
        "@context": [V2, OB3],
        "id": "urn:uuid:5b1f2c1e-6a58-4a36-9b4a-0d6d6b7d8f10",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Sustainable energy, an introduction",
        "issuer": {"id": issuer.controller, "type": ["Profile"], "name": "Sample University"},
        "validFrom": "2026-06-12T00:00:00Z",
        "validUntil": "2036-06-12T00:00:00Z",
        "credentialSubject": {
            "id": HOLDER.controller,
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://issuer.example/achievements/sustainable-energy",
                "type": ["Achievement"],
                "achievementType": "MicroCredential",
                "name": "Sustainable energy, an introduction",
                "description": "Sources, storage and grids: 5 ECTS.",
                "criteria": {"narrative": "A written examination. «Écrit»: 60 %."},
            },
        },
    }


def presentation(*credentials: dict[str, Any], holder: Key = HOLDER) -> dict[str, Any]:
    return {
        "@context": [V2],
        "type": ["VerifiablePresentation"],
        "holder": holder.controller,
        "verifiableCredential": list(credentials),
    }


def signed(
    document: dict[str, Any],
    key: Key,
    suite: str,
    *,
    purpose: str = "assertionMethod",
    challenge: str | None = None,
    domain: str | None = None,
) -> dict[str, Any]:
    """Our proof, with the key at hand instead of in ACA-Py's wallet."""
    options = proofs.ProofOptions(
        cryptosuite=suite,
        verification_method=key.id,
        created=MADE,
        proof_purpose=purpose,
        challenge=challenge,
        domain=domain,
    )
    prepared = proofs.prepare(document, options)
    return proofs.attach(prepared, options, key.sign(prepared.hash_data))


def presented(*credentials: dict[str, Any], suite: str, holder: Key = HOLDER) -> dict[str, Any]:
    return signed(
        presentation(*credentials, holder=holder),
        holder,
        suite,
        purpose="authentication",
        challenge=CHALLENGE,
        domain=DOMAIN,
    )


def changed(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with one member, named by its dotted path, set to something else (or removed, by None)."""
    found = copy.deepcopy(document)
    *parents, last = path.split(".")
    place = found
    for name in parents:
        place = place[int(name)] if isinstance(place, list) else place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return found


def with_context(document: dict[str, Any]) -> dict[str, Any]:
    """A proof by eddsa-jcs-2022 with the member that openvc-core signs and leaves out (EDDSA 3.3.1 step 2)."""
    proof = document["proof"]
    if proof["cryptosuite"] != "eddsa-jcs-2022":
        return document
    return {**document, "proof": {**proof, "@context": document["@context"]}}


TAMPERED = {
    "claim": ("credentialSubject.achievement.name", "Nuclear energy, a complete course"),
    "subject": ("credentialSubject.id", "did:key:z6MkhTNL7i2etLerDK8Acz5t528giE5KA4p75T6ka1E1D74r"),
    "validity": ("validFrom", "2020-01-01T00:00:00Z"),
    "validity_dropped": ("validFrom", None),
    "created": ("proof.created", "2026-06-13T09:30:00Z"),
    "signature": ("proof.proofValue", "z" + "5" * 87),
}

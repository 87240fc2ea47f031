"""A badge of 46 statements, an issuer's key, and signatures by it. For tests and figures only."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.vc import proofs
from agent.vc.contexts import CREDENTIALS_V2
from agent.vc.proofs import ProofOptions
from trust_registry.keys import Jwk, jwk_from_raw, multikey_encode

ASSETS = Path(__file__).parents[2] / "assets" / "vc"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RAW = KEY.public_key().public_bytes_raw()
JWK: Jwk = jwk_from_raw(RAW)
DID = f"did:key:{multikey_encode(RAW)}"
METHOD = f"{DID}#{multikey_encode(RAW)}"
CREATED = datetime(2026, 11, 22, 12, tzinfo=UTC)


def vectors(name: str) -> Any:
    return json.loads((ASSETS / name).read_text("utf-8"))


def badge(times: int = 1) -> dict[str, Any]:
    """46 statements, and 46 more for each further time."""
    alignments = [
        {
            "type": ["Alignment"],
            "targetName": f"Skill {number}",
            "targetType": "CTDL",
            "targetUrl": f"https://skills.example/{number}",
            "targetCode": f"S{number}",
        }
        for number in range(3)
    ]
    # An alignment makes six statements: seven or eight of them for every 46.
    alignments += [
        {**alignments[0], "targetCode": f"X{number}", "targetUrl": f"https://skills.example/x{number}"}
        for number in range(round((times - 1) * 46 / 6))
    ]
    return {
        "@context": [CREDENTIALS_V2, OPEN_BADGES],
        "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": "Sustainable Energy",
        "issuer": {
            "id": "did:web:mtu.example",
            "type": ["Profile"],
            "name": "Munster Technological University",
            "url": "https://mtu.example",
        },
        "validFrom": "2026-06-12T00:00:00Z",
        "validUntil": "2036-06-12T00:00:00Z",
        "credentialStatus": {
            "id": "https://mtu.example/status/1#7",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": "7",
            "statusListCredential": "https://mtu.example/status/1",
        },
        "credentialSubject": {
            "id": "did:example:learner",
            "type": ["AchievementSubject"],
            "creditsEarned": 5,
            "activityEndDate": "2026-06-01T00:00:00Z",
            "achievement": {
                "id": "https://mtu.example/achievements/1",
                "type": ["Achievement"],
                "achievementType": "MicroCredential",
                "name": "Sustainable Energy",
                "description": "How energy is made, moved and saved.",
                "criteria": {"narrative": "A report and an examination."},
                "inLanguage": "en",
                "fieldOfStudy": "Energy",
                "creator": {"id": "did:web:mtu.example", "type": ["Profile"]},
                "alignment": alignments,
            },
        },
    }


def options(cryptosuite: str = proofs.EDDSA_RDFC, **more: Any) -> ProofOptions:
    members: dict[str, Any] = {"verification_method": METHOD, "created": CREATED, **more}
    return ProofOptions(cryptosuite=cryptosuite, **members)


def sign(document: dict[str, Any], chosen: ProofOptions, key: Ed25519PrivateKey = KEY) -> dict[str, Any]:
    return proofs.attach(document, chosen, key.sign(proofs.prepare(document, chosen).hash_data))


def verify(document: dict[str, Any], number: int = 0, key: Jwk = JWK) -> None:
    proofs.verify_proof(document, proofs.proofs_of(document)[number], key)

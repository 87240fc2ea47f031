"""Makers of signed sample documents, with keys that are thrown away: one line each, so that an attack is an edit.

The keys are hashes of names: the same document comes out every time, and none is anybody's.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent.core.verdict import Result
from agent.vc import proofs, status_list
from agent.vc.facts import Facts, Fetched, Keys
from trust_registry.keys import Jwk, jwk_from_raw, multikey_encode
from trust_registry.strict_json import b64url

V1, V2 = "https://www.w3.org/2018/credentials/v1", "https://www.w3.org/ns/credentials/v2"
OB3 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
ED25519_2020 = "https://w3id.org/security/suites/ed25519-2020/v1"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CHALLENGE, DOMAIN = "0d7a7f9c", "employer.example"
LIST_URL = "https://mtu.example/status/1"
SUSPENSION_URL = "https://mtu.example/status/2"


@dataclass(frozen=True)
class Party:
    """Somebody with a DID and one Ed25519 key."""

    did: str
    method: str
    private: Ed25519PrivateKey

    @property
    def jwk(self) -> Jwk:
        return jwk_from_raw(self.private.public_key().public_bytes_raw())

    def keys(self) -> Keys:
        listed = {self.method: self.jwk}
        return Keys(did=self.did, result=Result.PASS, assertion=listed, authentication=listed)


def private_key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"cairn test key " + name.encode()).digest())


def web_party(name: str) -> Party:
    did = f"did:web:{name}.example"
    return Party(did, f"{did}#key-1", private_key(name))


def key_party(name: str) -> Party:
    private = private_key(name)
    multikey = multikey_encode(private.public_key().public_bytes_raw())
    return Party(f"did:key:{multikey}", f"did:key:{multikey}#{multikey}", private)


ISSUER, STRANGER = web_party("mtu"), web_party("stranger")
LEARNER, THIEF = key_party("learner"), key_party("thief")


def credential(**changes: Any) -> dict[str, Any]:
    """A plain VCDM 2.0 credential about the learner; ``...`` as a value leaves the member out."""
    return _changed(
        {
            "@context": [V2],
            "id": "urn:uuid:5f1b6c1e-6c1b-4c0e-9d5a-0d6f9a7b1c11",
            "type": ["VerifiableCredential"],
            "name": "Statistics for Engineers",
            "issuer": {"id": ISSUER.did, "name": "Munster Technological University"},
            "validFrom": "2026-01-15T00:00:00Z",
            "credentialSubject": {"id": LEARNER.did},
        },
        changes,
    )


def old_credential(**changes: Any) -> dict[str, Any]:
    """The same in VCDM 1.1, as older issuers sign it."""
    old = {
        "@context": [V1, ED25519_2020],
        "name": ...,
        "issuer": ISSUER.did,
        "validFrom": ...,
        "issuanceDate": "2026-01-15T00:00:00Z",
    }
    return credential(**(old | changes))


def badge(statements: int = 1, **changes: Any) -> dict[str, Any]:
    """An Open Badge 3.0 with as many alignments as wanted."""
    alignments = [
        {
            "type": ["Alignment"],
            "targetName": f"Outcome {index}",
            "targetUrl": f"https://mtu.example/outcomes/{index}",
            "targetType": "CTDL",
        }
        for index in range(statements)
    ]
    plain = {
        "@context": [V2, OB3],
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "issuer": {"id": ISSUER.did, "type": ["Profile"], "name": "Munster Technological University"},
        "credentialSubject": {
            "id": LEARNER.did,
            "type": ["AchievementSubject"],
            "achievement": {
                "id": "https://mtu.example/achievements/statistics",
                "type": ["Achievement"],
                "name": "Statistics for Engineers",
                "description": "Descriptive statistics, tests and regression.",
                "criteria": {"narrative": "A written examination."},
                "alignment": alignments,
            },
        },
    }
    return credential(**(plain | changes))


def presentation(*credentials: Any, **changes: Any) -> dict[str, Any]:
    held = [copy.deepcopy(item) for item in credentials]
    document = {"@context": [V2], "type": ["VerifiablePresentation"], "holder": LEARNER.did}
    return _changed(document | ({"verifiableCredential": held} if held else {}), changes)


def sign(
    document: Mapping[str, Any], by: Party = ISSUER, suite: str = proofs.EDDSA_RDFC, **options: Any
) -> dict[str, Any]:
    """``document`` with one more proof of ``by``; ``options`` are those of `ProofOptions`."""
    wanted = proofs.ProofOptions(
        **(
            {"cryptosuite": suite, "verification_method": by.method, "created": NOW - timedelta(days=1)}
            | options
        )
    )
    prepared = proofs.prepare(document, wanted)
    signed = proofs.attach(document, wanted, by.private.sign(prepared.hash_data))
    return dict(json.loads(json.dumps(signed)))  # no part is another one's too: an edit hits one place


def present(document: Mapping[str, Any], by: Party = LEARNER, **options: Any) -> dict[str, Any]:
    """A presentation signed by its holder for the sample request."""
    asked = {"proof_purpose": "authentication", "challenge": CHALLENGE, "domain": DOMAIN}
    return sign(document, by, **(asked | options))


def jwt(claims: Mapping[str, Any], by: Party = ISSUER, **header: Any) -> str:
    head = {"alg": "EdDSA", "typ": "vc+jwt", "kid": by.method} | header
    signed = ".".join(b64url(json.dumps(part).encode()) for part in (head, dict(claims)))
    return f"{signed}.{b64url(by.private.sign(signed.encode()))}"


def status(
    index: int = 7, purpose: str = status_list.REVOCATION, url: str = LIST_URL, **changes: Any
) -> dict[str, Any]:
    return _changed(status_list.entry(url=url, index=index, purpose=purpose), changes)


def status_document(
    *taken_back: int, purpose: str = status_list.REVOCATION, url: str = LIST_URL, **changes: Any
) -> dict[str, Any]:
    """An unsigned status list credential in which these indexes are set."""
    bits = bytes(status_list.MIN_ENTRIES // 8)
    for index in taken_back:
        bits = status_list.with_bit(bits, index, True)
    document = status_list.credential(
        url=url,
        issuer=ISSUER.did,
        purpose=purpose,
        bits=bits,
        valid_from=NOW - timedelta(hours=1),
        valid_until=NOW + timedelta(days=1),
        ttl=timedelta(minutes=5),
    )
    return _changed(document, changes)


def fetched(document: Any, url: str = LIST_URL) -> Fetched:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Fetched(url=url, result=Result.PASS, content=content)


def facts(
    *documents: Fetched, parties: Iterable[Party] = (ISSUER, STRANGER), now: datetime = NOW, **keys: Keys
) -> Facts:
    """What a service would have gathered. ``keys``: other keys for one of the parties, by a name of no meaning."""
    known = {party.did: party.keys() for party in parties} | {found.did: found for found in keys.values()}
    return Facts(now=now, keys=known, documents={found.url: found for found in documents})


def _changed(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return copy.deepcopy({name: value for name, value in {**document, **changes}.items() if value is not ...})

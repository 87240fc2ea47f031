"""The examples of the API's description: one small world, in which each of them is really asked and answered.

The keys are made for it (seeds 1, 3, 4 of tests/unit/trust_registry/samples.py; the registry's own is 7), the DIDs are
under .example (RFC 2606) and the reports are those of the demonstration data. test_openapi.py builds this world
and asks every question here.
"""

from __future__ import annotations

from typing import Any

REGISTRY = "did:web:registry.example"
BASE = "https://registry.example"
DID = "did:web:mtu.example"
KEY = "UDDReOZl1ipXAfp9wYsm13sDBMK5og--QWdBjzuf6o4"
JWK = {"kty": "OKP", "crv": "Ed25519", "x": "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w"}
REVOKED_DID = "did:web:fhj.example"
REVOKED_KEY = "nRIE2VmKdMjL1JD7tbV7fXVgXxmv0GKnMFWRUJMTf9Q"
REVOKED_JWK = {"kty": "OKP", "crv": "Ed25519", "x": "7UkoxijRwsbq6QM4kFmVYSlZJzpcY_k2NsFGFKyHN9E"}
NEW_DID = "did:web:rwth.example"
NEW_KEY = "d8Me3uJ82jhdsCstWyVMr3_I2ueeTYG5agM1-2r1_bY"
NEW_JWK = {"kty": "OKP", "crv": "Ed25519", "x": "ypOsFwUYcHHWe4PH_w7-gQjo7EUwV113JoeTM9vavnw"}
TO_APPROVE, TO_REJECT = "4f1d0c6a9b2e7d35", "8c20b7e5d1f4a693"
NOW, DAY = "2026-11-22T12:00:00Z", "2024-05-01"
OWN_SCHEMA = "6687d9f0813c7f0e303247a5138dfd8dee47f65eaf824fe31164ed03d7fa633d"
TAILS, TAILS_NAME = "tails", "Ck66T2huvUfwrvSL2aQF3j86ndioMniVEWCjQikooPey"
SCHEMA_ID = f"{DID}/anoncreds/v1/SCHEMA/04c0eb2c91c6ea9560dc671d7c8e17bc668197e6116f4b2eaf336195923d3810"
REVREG_ID = f"{DID}/anoncreds/v1/REVREG/0b2528ff7019261f564ac523ea28ae1e1ceee7c5f98aa365d3a31191c84066ce"
SCHEMA_JWS = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImRpZDp3ZWI6bXR1LmV4YW1wbGUja2V5LTEiLCJ0eXAiOiJjYWlybi1vYmplY3Qrand0In0."
    "eyJjb250ZW50Ijp7ImF0dHJOYW1lcyI6WyJhIiwiYiJdLCJpc3N1ZXJJZCI6ImRpZDp3ZWI6bXR1LmV4YW1wbGUiLCJuYW1lIjoi"
    "cyIsInZlcnNpb24iOiIxLjAifSwiaWF0IjoxNzAwMDAwMDAwLCJpZCI6ImRpZDp3ZWI6bXR1LmV4YW1wbGUvYW5vbmNyZWRzL3Yx"
    "L1NDSEVNQS8wNGMwZWIyYzkxYzZlYTk1NjBkYzY3MWQ3YzhlMTdiYzY2ODE5N2U2MTE2ZjRiMmVhZjMzNjE5NTkyM2QzODEwIiwi"
    "aXNzIjoiZGlkOndlYjptdHUuZXhhbXBsZSIsImtpbmQiOiJTQ0hFTUEifQ.MExtpzOCsqsWKfxyAQVLqEH8LGsGMIvdlx_-uKjdQ"
    "pKDcxhY--pGbN584C2OhPde7jgcNE4tzEOgoS-1bOuiCw"
)
REVLIST_JWS = (
    "eyJhbGciOiJFZERTQSIsImtpZCI6ImRpZDp3ZWI6bXR1LmV4YW1wbGUja2V5LTEiLCJ0eXAiOiJjYWlybi1vYmplY3Qrand0In0."
    "eyJjb250ZW50Ijp7InJldlJlZ0RlZklkIjoiZGlkOndlYjptdHUuZXhhbXBsZS9hbm9uY3JlZHMvdjEvUkVWUkVHLzBiMjUyOGZm"
    "NzAxOTI2MWY1NjRhYzUyM2VhMjhhZTFlMWNlZWU3YzVmOThhYTM2NWQzYTMxMTkxYzg0MDY2Y2UiLCJyZXZvY2F0aW9uTGlzdCI6"
    "WzBdLCJ0aW1lc3RhbXAiOjE3OTAwMDAwMDB9LCJpYXQiOjE3MDAwMDAwMDAsImlkIjoiZGlkOndlYjptdHUuZXhhbXBsZS9hbm9u"
    "Y3JlZHMvdjEvUkVWUkVHLzBiMjUyOGZmNzAxOTI2MWY1NjRhYzUyM2VhMjhhZTFlMWNlZWU3YzVmOThhYTM2NWQzYTMxMTkxYzg0"
    "MDY2Y2UiLCJpc3MiOiJkaWQ6d2ViOm10dS5leGFtcGxlIiwia2luZCI6IlJFVkxJU1QifQ.XJSe9vAR8NM5tdhc-aGyDm_ETusOy"
    "LB5obtygwBm0CGcmt1Ux1crRmrbKcdkOr8wmWMpaxrjWPiXgrKRBh6cDQ"
)
ANSWER_JWT = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImNhaXJuLWFuc3dlcitqd3QifQ.eyJpc3MiOiJkaWQ6d2ViOnJlZ2lzdHJ5LmV4YW1wbGUiL"
    "CJzZXEiOjd9.5pIJYdH9nikyqjuY8i4E13MFgAN5JP0EWp_25ALhIseOR683-RTTz6fDxyfACT9YVofLkNoLniO7txwA7QDZDw"
)
ATTRIBUTE_ID = "d081a95dabfe09392ebfb5c7f51086e511c202a5417eb2572a7352b1c64c5f7e"
ATTRIBUTE_BODY = (
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImNhaXJuLWJvdW5kLWlzc3Vlcitqd3QifQ.eyJpbnN0aXR1dGlvbl9pZCI6IkRFUUFSSU5TV"
    "Dc2MDkiLCJpc3MiOiJkaWQ6d2ViOnJlZ2lzdHJ5LmV4YW1wbGUiLCJqd2siOnsiY3J2IjoiRWQyNTUxOSIsImt0eSI6Ik9LUCIsI"
    "ngiOiJpb2pqM1hRSjhaWDlVdHN0UExwZGNzcG5DYjhkbEJJYjgzU0lBYlFQYjF3In0sImxldmVsIjoyLCJyZWNvcmRlZF9hdCI6I"
    "jIwMjYtMTEtMjJUMTI6MDA6MDBaIiwicmV2b2tlZCI6bnVsbCwic3ViIjoiZGlkOndlYjptdHUuZXhhbXBsZSIsInRodW1icHJpb"
    "nQiOiJVRERSZU9abDFpcFhBZnA5d1lzbTEzc0RCTUs1b2ctLVFXZEJqenVmNm80IiwidmFsaWRfZnJvbSI6IjIwMjEtMDEtMDEiL"
    "CJ2YWxpZF90byI6bnVsbH0.GrWlPTbzbN-o2tPwSpc1YIyQHPea_JjkpTltSfwme0_pMnktRf_XPSM_WWeJJHCnQ99ja4vHJwKiq"
    "gppBNcJDw"
)
SNAPSHOT: dict[str, Any] = {
    "seq": 7,
    "issued_at": "2026-11-22T02:00:00Z",
    "age_seconds": 36000,
    "freshness": "fresh",
    "kind": "production",
    "sha256": "0a9ec6718477fde972d69b76524681e536dfac47f49068bdcfa756d8eaa702f1",
}
DECISION: dict[str, Any] = {
    "version": 1,
    "outcome": "assured_official",
    "reasons": ["inherited_from_predecessor"],
    "evidence": [
        {
            "kind": "report",
            "label": "Illustrative report by QQI",
            "value": "ILLUSTRATIVE-QQI-1361-2018: institutional, positive, 2018-05-01 to 2028-04-30",
            "url": "",
            "at": "2018-05-01",
            "illustrative": True,
        }
    ],
    "authority_chain": [
        {
            "role": "agency",
            "name": "Quality and Qualifications Ireland",
            "id": "QQI",
            "url": "",
            "note": "registered 2015-06-05 to 2019-07-31",
        }
    ],
    "institution": {
        "id": "DEQARINST7609",
        "name": "Munster Technological University",
        "country": "IE",
        "countries": ["IE"],
    },
    "scope": "institution",
    "snapshot": SNAPSHOT,
}
_BOUND: dict[str, Any] = {
    "level": 2,
    "thumbprint": KEY,
    "valid_from": "2021-01-01",
    "valid_to": None,
    "revoked": None,
    "recorded_at": NOW,
}
PUBLIC_BINDING: dict[str, Any] = {
    "institution_id": "DEQARINST7609",
    "jwk": JWK,
    "proposal": TO_APPROVE,
    **_BOUND,
}
BINDING: dict[str, Any] = {"did": DID, "evidence": "registrar by phone", **PUBLIC_BINDING}
NEW_BINDING: dict[str, Any] = {
    "did": NEW_DID,
    "jwk": NEW_JWK,
    "institution_id": "DEQARINST0382",
    "level": 2,
    "valid_from": "2021-01-01",
    "evidence": "registrar by phone",
}
REVOCATION: dict[str, Any] = {
    "did": REVOKED_DID,
    "thumbprint": REVOKED_KEY,
    "at": "2026-01-01T00:00:00Z",
    "reason": "compromised",
}
_REVOKED: dict[str, Any] = {
    **PUBLIC_BINDING,
    "institution_id": "DEQARINST0066",
    "thumbprint": REVOKED_KEY,
    "jwk": REVOKED_JWK,
    "revoked": {"at": "2026-01-01T00:00:00Z", "reason": "compromised"},
}
REVOKED_PUBLICLY: dict[str, Any] = {"did": REVOKED_DID, "bindings": [_REVOKED]}
REVOKED: dict[str, Any] = {
    "did": REVOKED_DID,
    "at": "2026-01-01T00:00:00Z",
    "bindings": [{"did": REVOKED_DID, "evidence": "registrar by phone", **_REVOKED}],
}
STATUS: dict[str, Any] = {
    "version": 1,
    "did": REGISTRY,
    "deployment": "production",
    "snapshot": SNAPSHOT,
    "sources": [
        {
            "file": "deqar-institutions.csv",
            "sha256": "8b231683060296aebd2c7479e6782d8d86c242873af413e5a0002c28e1added5",
            "retrieved_at": "2026-11-22",
        }
    ],
    "quarantined": 18,
}
_MULTIKEY = "z6MkqPCu4VeQwUAkgKyYdXyjZBA5H7TE4NR7uyg2rAvDboLU"
DID_DOCUMENT: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"],
    "id": REGISTRY,
    "verificationMethod": [
        {
            "id": f"{REGISTRY}#key-1",
            "type": "Multikey",
            "controller": REGISTRY,
            "publicKeyMultibase": _MULTIKEY,
        }
    ],
    "authentication": [f"{REGISTRY}#key-1"],
    "assertionMethod": [f"{REGISTRY}#key-1"],
}
FOUND: dict[str, Any] = {
    "institutions": [
        {
            "id": "DEQARINST7609",
            "name": "Munster Technological University",
            "found_as": "Munster Technological University",
            "countries": ["IE"],
            "href": "/v1/institutions/DEQARINST7609",
        }
    ],
    "total": 21,
    "total_is_exact": True,
    "limit": 20,
    "offset": 0,
    "next": "/v1/institutions?q=munster&limit=20&offset=20",
}
INSTITUTION: dict[str, Any] = {
    "version": 1,
    "institution": {
        "id": "DEQARINST7609",
        "name": "Munster Technological University",
        "countries": ["IE"],
        "url": "https://data.deqar.eu/institution/7609",
        "founded": "2021-01-01",
        "closed": None,
        "other_provider": False,
        "names": ["Munster Technological University"],
        "identifiers": [
            {"resource": "ROR", "value": "https://ror.org/013xpqh61", "valid_from": None, "valid_to": None}
        ],
    },
    "at": DAY,
    "known_at": NOW,
    "standing": DECISION,
    "dids": [
        {"did": DID, "outcome": "assured_official", "reasons": ["inherited_from_predecessor"], **_BOUND}
    ],
    "reports": [
        {
            "id": "ILLUSTRATIVE-QQI-1361-2018",
            "institutions": ["DEQARINST1361"],
            "agency": "QQI",
            "activity": "institutional",
            "status": "part of obligatory EQA system",
            "decision": "positive",
            "flag": "none",
            "valid_from": "2018-05-01",
            "last_day": "2028-04-30",
            "last_day_inferred": False,
            "cycles": ["first", "second", "short", "third"],
            "programme": None,
            "url": "",
            "illustrative": True,
        }
    ],
    "predecessors": [{"id": "DEQARINST1361", "at": "2021-01-01", "kind": "succeeded"}],
    "part_of": [],
    "successors": [],
}
MAY_ISSUE: dict[str, Any] = {
    "entity_id": DID,
    "authority_id": REGISTRY,
    "action": "issue",
    "resource": "micro-credential",
    "context": {"time": "2024-05-01T00:00:00Z", "eqf": "6"},
}
MAY_ISSUE_ANSWER: dict[str, Any] = {
    **{name: value for name, value in MAY_ISSUE.items() if name != "context"},
    "time_requested": "2024-05-01T00:00:00Z",
    "time_evaluated": NOW,
    "authorized": True,
    "message": "assured_official: inherited_from_predecessor",
    "context": {"outcome": "assured_official", "scope": "institution", "seq": "7"},
}
RECOGNIZED: dict[str, Any] = {
    "entity_id": "urn:cairn:agency:QQI",
    "authority_id": REGISTRY,
    "action": "assure-quality",
    "resource": "higher-education",
    "context": {"time": "2018-05-01T00:00:00Z"},
}
RECOGNIZED_ANSWER: dict[str, Any] = {
    **{name: value for name, value in RECOGNIZED.items() if name != "context"},
    "time_requested": "2018-05-01T00:00:00Z",
    "time_evaluated": NOW,
    "recognized": True,
    "message": "registered on EQAR's register on 2018-05-01, by list 7",
    "context": {"outcome": "registered", "seq": "7"},
}
EBSI_ATTRIBUTE: dict[str, Any] = {
    "did": DID,
    "attribute": {
        "hash": ATTRIBUTE_ID,
        "body": ATTRIBUTE_BODY,
        "issuerType": "TI",
        "tao": REGISTRY,
        "rootTao": REGISTRY,
    },
}
RECOGNIZED_ENTITIES: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "id": f"{BASE}/v1/exports/recognized-entities",
    "type": ["VerifiableCredential", "RecognizedEntityCredential"],
    "name": "Issuers whose institution is quality-assured",
    "issuer": {"id": REGISTRY, "type": "RecognizedIssuer"},
    "validFrom": NOW,
    "validUntil": "2026-11-29T02:00:00Z",
    "credentialSubject": [
        {
            "id": DID,
            "type": "RecognizedEntity",
            "name": "Munster Technological University",
            "url": "https://data.deqar.eu/institution/7609",
            "description": "assured_official: inherited_from_predecessor",
            "recognizedTo": {"type": "RecognizedAction", "action": "issue", "recognizedBy": REGISTRY},
        }
    ],
}
DCC_LIST: dict[str, Any] = {
    "meta": {"created": "2026-11-22T02:00:00Z", "updated": NOW},
    "registry": {
        DID: {
            "name": "Munster Technological University",
            "location": "IE",
            "url": "https://data.deqar.eu/institution/7609",
        }
    },
}
FINDING: dict[str, Any] = {
    "check": "linkage",
    "result": "unknown",
    "code": "unreachable",
    "detail": "The host did not answer.",
}
PROPOSAL: dict[str, Any] = {
    "id": TO_APPROVE,
    **{name: value for name, value in NEW_BINDING.items() if name != "evidence"},
    "thumbprint": NEW_KEY,
    "valid_to": None,
    "evidence": "registrar by phone",
    "sources": ["https://ror.org/04xfq0f34"],
    "proposed_by": "alice",
    "proposed_at": NOW,
    "expires_at": "2026-12-06T12:00:00Z",
    "findings": [FINDING],
}
CLOSED: dict[str, Any] = {
    "proposal": TO_REJECT,
    "approved": False,
    "by": "bob",
    "at": NOW,
    "why": "not the registrar",
    "findings": [],
}
CHECKED: dict[str, Any] = {
    "did": DID,
    "institutions": ["DEQARINST7609"],
    "findings": [FINDING],
    "keys": [
        {
            **{name: value for name, value in _BOUND.items() if name != "recorded_at"},
            "institution_id": "DEQARINST7609",
            "in_document": True,
        }
    ],
    "quarantined": [],
}
_ZEROS = "0" * 64
_HEAD = "8b231683060296aebd2c7479e6782d8d86c242873af413e5a0002c28e1added5"
AUDIT_LOG: dict[str, Any] = {
    "head": f"1:{_HEAD}",
    "entries": [
        {
            "seq": 1,
            "prev": _ZEROS,
            "at": NOW,
            "operator": "alice",
            "action": "propose",
            "subject": f"{TO_APPROVE} {NEW_DID}",
            "digest": _HEAD,
        }
    ],
}
# By operation: what an operator sends, and what comes back.
OPERATIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "propose": ({**NEW_BINDING, "sources": PROPOSAL["sources"]}, PROPOSAL),
    "approve": ({"proposal": TO_APPROVE}, BINDING),
    "reject": ({"proposal": TO_REJECT, "why": "not the registrar"}, CLOSED),
    "check": ({"did": DID}, CHECKED),
    "revoke": (REVOCATION, REVOKED),
    "list": (
        {},
        {
            "proposals": [{**PROPOSAL, "state": "open", "closed": None}],
            "bindings": [BINDING],
            "quarantined": [{"did": DID, "thumbprint": NEW_KEY, "first_seen": NOW}],
        },
    ),
    "audit": ({}, AUDIT_LOG),
}

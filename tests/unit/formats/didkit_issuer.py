"""Makes documents with DIDKit itself, in a process of its own: it can crash when an interpreter ends.

Prints ``{name: document}``. Run by test_didkit.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

import didkit

V1 = "https://www.w3.org/2018/credentials/v1"
ED25519 = "https://w3id.org/security/suites/ed25519-2020/v1"
BADGE = "https://purl.imsglobal.org/spec/ob/v3p0/context.json"


async def documents() -> dict[str, str]:
    key = didkit.generate_ed25519_key()
    did = didkit.key_to_did("key", key)
    method = await didkit.key_to_verification_method("key", key)
    base = {
        "@context": [V1, ED25519],
        "type": ["VerifiableCredential"],
        "issuer": did,
        "issuanceDate": "2024-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:learner"},
    }

    async def issue(document: dict[str, Any], **options: str) -> str:
        given = {"verificationMethod": method, "proofPurpose": "assertionMethod"} | options
        return str(await didkit.issue_credential(json.dumps(document), json.dumps(given), key))

    async def present(document: dict[str, Any], **options: str) -> str:
        given = {"verificationMethod": method, "proofPurpose": "authentication"} | options
        return str(await didkit.issue_presentation(json.dumps(document), json.dumps(given), key))

    suite = {"type": "Ed25519Signature2020"}
    credential = await issue(base, **suite)
    presentation = {
        "@context": [V1, ED25519],
        "type": ["VerifiablePresentation"],
        "holder": did,
        "verifiableCredential": [json.loads(credential)],
    }
    plain = presentation | {"@context": [V1], "verifiableCredential": []}
    fresh = {"challenge": "n1", "domain": "shop"}
    return {
        "credential": credential,
        "suite of 2018": await issue(base, type="Ed25519Signature2018"),
        "JSON web signature": await issue(base, type="JsonWebSignature2020"),
        "expired": await issue(base | {"expirationDate": "2024-02-01T00:00:00Z"}, **suite),
        "made in the future": await issue(base, created="2099-01-01T00:00:00Z", **suite),
        "purpose of a login": await issue(base, **suite | {"proofPurpose": "authentication"}),
        "badge": await issue(base | {"@context": [V1, ED25519, BADGE]}, **suite),
        "presentation": await present(presentation, **suite, **fresh),
        "token": await issue(base | {"@context": [V1]}, proofFormat="jwt"),
        "expired token": await issue(
            base | {"@context": [V1], "expirationDate": "2024-02-01T00:00:00Z"}, proofFormat="jwt"
        ),
        "token presentation": await present(plain, proofFormat="jwt", **fresh),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(documents())))
    sys.stdout.flush()
    os._exit(0)

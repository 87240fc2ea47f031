"""Signing documents with keys that stay in ACA-Py's wallet (VC Data Integrity 1.0, section 4.2, "Add Proof").

Canonical forms are made here, the signature where the key is (`agent.plugin.signing`). Nothing leaves that does
not verify against the key that others will find: our published DID document, or the DID itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from agent.errors import AgentError, InputError
from agent.services.node import Node
from agent.vc import dids, proofs
from trust_registry.keys import Jwk

# Those that sign the two hashes and nothing else; the wallet signs nothing else (see `agent.plugin.signing`).
SUITES = (proofs.EDDSA_RDFC, proofs.EDDSA_JCS, proofs.ED25519_2020)
DEFAULT_SUITE = proofs.EDDSA_RDFC
ASSERTION = "assertionMethod"
# Readers of the older suite look for the older form of the same key.
_FRAGMENTS = {proofs.ED25519_2020: "key-2020"}


async def sign(
    node: Node,
    document: dict[str, Any],
    *,
    did: str,
    suite: str = DEFAULT_SUITE,
    purpose: str = ASSERTION,
    challenge: str | None = None,
    domain: str | None = None,
    now: datetime,
    as_list: bool = False,
) -> dict[str, Any]:
    """``document`` with one more proof, by ``did``: our own did:web, or a did:key of this wallet.

    ``as_list``: see `proofs.attach`. Raises `InputError` for a document that cannot be signed safely (see
    `agent.vc.jsonld`), another suite or another DID, `LockedError`, `NotFoundError` for a did:key of somebody
    else, and `AgentError`: bad_signature when what the wallet made does not verify (is the published DID
    document the wallet's?), or as `Node.admin` says.
    """
    if suite not in SUITES:
        raise InputError("unsupported_suite", f"Documents are signed with {', '.join(SUITES)}.")
    key = _published_key(node, did)
    options = proofs.ProofOptions(
        cryptosuite=suite,
        verification_method=verification_method(did, suite),
        created=now,
        proof_purpose=purpose,
        challenge=challenge,
        domain=domain,
    )
    prepared = proofs.prepare(document, options)
    admin = await node.admin()
    signature = await admin.sign_data_integrity(
        did,
        verification_method=options.verification_method,
        proof_canonical=prepared.proof_canonical,
        document_canonical=prepared.document_canonical,
    )
    secured = proofs.attach(prepared, options, signature, as_list=as_list)
    try:
        proofs.verify_proof(secured, proofs.proofs_of(secured)[-1], key)
    except proofs.InvalidProof as error:
        raise AgentError(
            "bad_signature",
            "The wallet's signature does not verify with the published key.",
            "Was the DID document replaced by another wallet's?",
        ) from error
    return secured


def verification_method(did: str, suite: str = DEFAULT_SUITE) -> str:
    """The key id that a proof by ``did`` names."""
    if did.startswith("did:key:"):
        return f"{did}#{did.removeprefix('did:key:')}"
    return f"{did}#{_FRAGMENTS.get(suite, 'key-1')}"


def _published_key(node: Node, did: str) -> Jwk:
    if did == node.settings.did and node.settings.has_public_did:
        return node.own_key()
    keys = dids.self_contained(did) if did.startswith("did:key:") else None
    if keys is None or verification_method(did) not in keys.assertion:
        raise InputError("not_our_did", "That is not a DID of this wallet.")
    return keys.assertion[verification_method(did)]

"""Answers questions of the tests with openvc-core, in an environment of its own. The same lines as bridge.mjs."""

import json
import sys
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openvc import Ed25519SigningKey, VerificationPolicy, verify_credential
from openvc.did.base import DidResolverRegistry, parse_did_document
from openvc.errors import OpenvcError
from openvc.proof.data_integrity import DataIntegrityProofSuite
from openvc.proof.di_jcs import EddsaJcsProofSuite
from openvc.status.bitstring import new_bitstring, set_status_bit
from openvc.status.issue import build_status_list_credential

SUITES = {"eddsa-rdfc-2022": DataIntegrityProofSuite, "eddsa-jcs-2022": EddsaJcsProofSuite}
documents = {}


class Given:
    """Resolves the DIDs whose documents the test gave."""

    def supports(self, did):
        return did in documents

    def resolve(self, did):
        return parse_did_document(documents[did])


RESOLVER = DidResolverRegistry([Given()])


def _contexts():
    return {url: each for url, each in documents.items() if url.startswith("https://")}


def _signer(key):
    private = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key["seed"]))
    return Ed25519SigningKey(private, kid=key["id"])


def give(*, given):
    documents.update(given)


def sign(*, document, suite, key, purpose="assertionMethod", challenge=None, domain=None):
    extra = {"extra_contexts": _contexts()} if suite == "eddsa-rdfc-2022" else {}
    return SUITES[suite]().add_proof(
        document,
        signing_key=_signer(key),
        verification_method=key["id"],
        proof_purpose=purpose,
        challenge=challenge,
        domain=domain,
        **extra,
    )


def verify(*, document, now):
    def status_list(url):
        inner = verify_credential(
            documents[url], policy=_policy(now), resolver=RESOLVER, extra_contexts=_contexts()
        )
        return inner.credential

    result = verify_credential(
        document,
        policy=_policy(now),
        resolver=RESOLVER,
        resolve_status_list=status_list,
        extra_contexts=_contexts(),
    )
    return {"format": result.format, "issuer": result.issuer}


def verify_presentation(*, document, challenge, domain):
    suite = document["proof"]["cryptosuite"]
    extra = {"extra_contexts": _contexts()} if suite == "eddsa-rdfc-2022" else {}
    SUITES[suite]().verify(
        document,
        resolver=RESOLVER,
        expected_proof_purpose="authentication",
        expected_challenge=challenge,
        expected_domain=domain,
        **extra,
    )


def status_list(*, id, issuer, length, set, purpose):
    bits = new_bitstring(length)
    for index in set:
        set_status_bit(bits, index, 1)
    return build_status_list_credential(id=id, issuer=issuer, bitstring=bits, status_purpose=purpose)


def _policy(now):
    return VerificationPolicy(now=datetime.fromisoformat(now))


JOBS = {
    "documents": give,
    "sign": sign,
    "verify": verify,
    "verify_presentation": verify_presentation,
    "status_list": status_list,
}

for line in sys.stdin:
    question = json.loads(line)
    job = JOBS[question.pop("do")]
    try:
        answer = {"ok": job(**question)}
    except OpenvcError as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()

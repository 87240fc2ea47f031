"""Who signed a document, whether that holds, and whether they may sign for the party it names.

Three answers, kept apart, for embedded proofs and for JWTs: the *context* says whether the words mean what they
seem to, the *signature* whether they are unchanged since somebody signed them, the *key* whether that somebody is the
issuer (or holder). Sections: DI = Verifiable Credential Data Integrity 1.0, JOSE = VC-JOSE-COSE 1.0,
EDDSA = Data Integrity EdDSA Cryptosuites 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from agent.core.verdict import Evidence, Result
from agent.errors import CairnError, InputError
from agent.vc import context_policy, dids, jsonld, model, proofs, vc_jwt
from agent.vc.answers import Answer, failed, passed, refused, unknown, worst
from agent.vc.facts import Facts, Keys
from agent.vc.limits import VC_LIMITS
from trust_registry.keys import Jwk, thumbprint

MAX_DID_CHARS: Final = 512
_DID = re.compile(r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+")  # DID Core 3.1
_GOOD_CONTEXT: Final = passed("All contexts are known, and none changes what another says.")


class Relation(StrEnum):
    """What a key may be used for (DI 2.2); the values are the proof purposes of the same name."""

    ASSERTION = "assertionMethod"
    AUTHENTICATION = "authentication"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signed and may: ``method`` is its id, ``key`` its RFC 7638 thumbprint."""

    method: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A document taken out of its envelope, if it has one. ``problem``: why that cannot be done."""

    document: dict[str, Any] = field(default_factory=dict)
    token: vc_jwt.VcJwt | None = None
    problem: Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The three answers. ``signers`` are those for whom signature and key both hold."""

    context: Answer
    signature: Answer
    key: Answer
    signers: tuple[Signer, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def open_document(item: Any) -> Opened:
    """A credential or presentation as it is, or out of a JWT (VCDM 2.0 4.13.1 and 4.13.2, VCDM 1.1 6.3.1)."""
    if isinstance(item, dict) and not model.is_enveloped(item):
        return Opened(document=item)
    jwt = model.jwt_of(item) if isinstance(item, dict) else item
    if not isinstance(jwt, str) or not jwt:
        return Opened(
            problem=unknown("unsupported_envelope", "The envelope is of a kind that is not read here.")
        )
    try:
        token = vc_jwt.parse(jwt)
        return Opened(document=vc_jwt.credential_of(token), token=token)
    except CairnError as error:
        return Opened(problem=failed(error.code, error.detail))


def party(document: dict[str, Any]) -> str:
    """The issuer of a credential; the holder of a presentation, or who signed one that names no holder."""
    if not model.is_presentation(document):
        return model.id_of(document.get("issuer"))
    if "holder" in document:
        return model.id_of(document["holder"])
    return next((did_of(method_of(proof)) for proof in embedded(document)), "")


def embedded(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [proof for proof in model.as_list(document.get("proof")) if isinstance(proof, dict)]


def method_of(proof: dict[str, Any]) -> str:
    return model.id_of(proof.get("verificationMethod"))


def did_of(method: str) -> str:
    """The DID in front of a key's fragment; empty when the key is not named by a DID (DID Core 3.2)."""
    did, _, fragment = method.partition("#")
    return did if fragment and is_did(did) else ""


def is_did(text: str) -> bool:
    return len(text) <= MAX_DID_CHARS and _DID.fullmatch(text) is not None


def keys_of(did: str, facts: Facts) -> Keys:
    """The keys that were gathered for a DID, or that it carries itself."""
    if not is_did(did):
        return Keys(
            did=did,
            result=Result.UNKNOWN,
            reason="not_a_did",
            detail="The party is not named by a DID, and keys are found by DIDs only.",
        )
    return (
        facts.keys.get(did)
        or dids.self_contained(did)
        or Keys(did=did, result=Result.UNKNOWN, reason="not_gathered", detail="The keys were not looked up.")
    )


def examine_signatures(opened: Opened, owner: str, relation: Relation, facts: Facts) -> Signed:
    """Judge every proof on its own: all must hold, in the name of ``owner``.

    A chain (DI 2.1.2) needs no more than that: each proof that follows others covers them, and they are judged too.
    """
    document = opened.document
    if opened.token is not None:
        outcomes = [_token(opened.token, owner, relation, facts)]
        context = _context(document, every_term=False)
    else:
        found = embedded(document)
        if not found or len(found) != len(model.as_list(document.get("proof"))):
            missing = failed("no_proof", "Nobody signed it.")
            return Signed(
                context=_context(document, every_term=False),
                signature=missing,
                key=failed("no_proof", "Nobody signed it, so that no key is the issuer's."),
            )
        if len(found) > VC_LIMITS.proofs:
            many = unknown("too_many_proofs", f"It has more than {VC_LIMITS.proofs} proofs.")
            return Signed(context=_context(document, every_term=False), signature=many, key=many)
        outcomes = [_proof(document, proof, owner, relation, facts) for proof in found]
        covered = any(o.signature.result is Result.PASS and _covers_terms(o.proof) for o in outcomes)
        # What a graph signature covers was checked on the way to it; what text covers needs no graph (DI 2.4.3).
        checked = _GOOD_CONTEXT if covered else _context(document, every_term=any(map(_covers_terms, found)))
        context = worst([checked, *_late_contexts(document, found)])
    signature = worst([*_conflicts(o.proof for o in outcomes), *(o.signature for o in outcomes)])
    return Signed(
        context=context,
        signature=signature,
        key=worst(_keys(outcomes)),
        signers=tuple(
            Signer(o.method, o.thumbprint)
            for o in outcomes
            if o.signature.result is Result.PASS and o.key.result is Result.PASS
        ),
        evidence=tuple(
            Evidence("proof", o.suite[:100], o.method[:MAX_DID_CHARS], at=o.created) for o in outcomes
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    proof: dict[str, Any]
    suite: str
    method: str
    created: str
    signature: Answer
    key: Answer
    thumbprint: str


def _proof(
    document: dict[str, Any], proof: dict[str, Any], owner: str, relation: Relation, facts: Facts
) -> _Outcome:
    """DI 4.4 for one proof of the document."""
    method, created = method_of(proof), proof.get("created")
    key_answer, key = _key(method, owner, relation, facts)
    signature = _shape(proof, relation) or _signature(document, proof, key)
    if signature.reason == "unsupported_suite" and key is None and key_answer.reason == "key_not_listed":
        # Keys of kinds that only other suites use are not read, so that nothing is known about them.
        key_answer = unknown("unsupported_suite", "Keys of this suite are not read here.")
    return _Outcome(
        proof=proof,
        suite=str(proof.get("cryptosuite") or proof.get("type")),
        method=method,
        created=created if isinstance(created, str) and model.date_time(created) else "",
        signature=signature,
        key=key_answer,
        thumbprint=thumbprint(key) if key else "",
    )


def _shape(proof: dict[str, Any], relation: Relation) -> Answer | None:
    """What must hold of a proof before its value is looked at, of whatever suite (DI 2.1, 5.11)."""
    if not method_of(proof):
        return failed("bad_proof", "The proof names no key.")
    if proof.get("proofPurpose") != relation:
        return failed("wrong_purpose", f"The proof was not made for {relation}.")
    for member in ("created", "expires"):
        if member in proof and model.date_time(proof[member]) is None:
            return failed("bad_proof", f"The proof's {member} is no date and time with its time zone.")
    return None


def _signature(document: dict[str, Any], proof: dict[str, Any], key: Jwk | None) -> Answer:
    try:
        if key is None:
            proofs.suite_of(proof)
            return unknown("no_key", "The key to check it with is not known.")
        proofs.verify_proof(document, proof, key)
    except proofs.UnsupportedSuite as error:
        return unknown("unsupported_suite", error.detail)
    except proofs.InvalidProof as error:
        return failed(error.code, error.detail)
    except InputError as error:
        return refused(error)
    return passed("The signature holds.")


def _token(token: vc_jwt.VcJwt, owner: str, relation: Relation, facts: Facts) -> _Outcome:
    """JOSE 3 and 4 for a JWT."""
    keys = keys_of(did_of(token.key_id) or owner, facts)
    known = keys.assertion if relation is Relation.ASSERTION else keys.authentication
    # A JWT need not name its key; then the only one there is must fit (JOSE 4.1).
    method = token.key_id or (next(iter(known)) if len(known) == 1 else "")
    key_answer, key = _key(method or owner, owner, relation, facts)
    if token.signer != owner:
        key_answer = failed("wrong_controller", "The token's issuer is not the one that its document names.")
    try:
        if token.is_presentation != (relation is Relation.AUTHENTICATION):
            signature = failed("wrong_purpose", f"The token was not made for {relation}.")
        elif key is None:
            signature = unknown("no_key", "The key to check it with is not known.")
        else:
            vc_jwt.verify(token, key)
            signature = passed("The signature holds.")
    except proofs.UnsupportedSuite as error:
        signature = unknown("unsupported_suite", error.detail)
    except (proofs.InvalidProof, InputError) as error:
        signature = failed(error.code, error.detail)
    return _Outcome(
        proof={},
        suite=f"JWT {token.alg}",
        method=method,
        created="",
        signature=signature,
        key=key_answer,
        thumbprint=thumbprint(key) if key else "",
    )


def _key(method: str, owner: str, relation: Relation, facts: Facts) -> tuple[Answer, Jwk | None]:
    """Whether ``method`` is a key that ``owner`` lists for this use, and the key (DI 5.9 and 5.10)."""
    did = method.partition("#")[0]
    if not is_did(did):
        if is_did(owner):
            return failed("wrong_controller", f"The key is not one of {owner}: no DID names it."), None
        return unknown("not_a_did", "The key is not named by a DID, and keys are found by DIDs only."), None
    keys = keys_of(did, facts)
    right, other = keys.assertion, keys.authentication
    if relation is Relation.AUTHENTICATION:
        right, other = other, right
    key = right.get(method) or other.get(method)
    if did != owner:
        return failed("wrong_controller", "The key belongs to another party than the one named."), key
    if keys.result is not Result.PASS:
        return Answer(keys.result, keys.reason, keys.detail), None
    if method in right:
        return passed(f"The key is one that {did} lists for this use."), key
    if key is not None:
        return failed("wrong_relationship", f"{did} lists the key, but not for this use."), key
    return failed("key_not_listed", f"{did} does not list this key."), None


def _keys(outcomes: list[_Outcome]) -> list[Answer]:
    """Each key's answer, but for proofs of others that a proof of the owner follows: it vouches for them (DI 2.1.2)."""
    followed = {
        name
        for o in outcomes
        if Result.PASS is o.key.result is o.signature.result
        for name in model.as_list(o.proof.get("previousProof"))
    }
    return [
        o.key for o in outcomes if o.key.reason != "wrong_controller" or o.proof.get("id") not in followed
    ]


def _conflicts(found: Iterable[dict[str, Any]]) -> list[Answer]:
    """Two proofs with one id: readers could take different ones for what another follows (DI 2.1). Two of one key are
    no conflict, since each is judged.
    """
    ids = [proof["id"] for proof in found if isinstance(proof.get("id"), str)]
    if len(set(ids)) != len(ids):
        return [failed("conflicting_proofs", "Two proofs have one id.")]
    return []


def _covers_terms(proof: dict[str, Any]) -> bool:
    """Whether the suite signs the graph rather than the text."""
    return bool(proof) and "jcs" not in str(proof.get("cryptosuite"))


def _late_contexts(document: dict[str, Any], found: list[dict[str, Any]]) -> list[Answer]:
    """EDDSA 3.3.2 allows contexts that were added after a text was signed. They are nobody's word."""
    if all(proof.get("@context", document.get("@context")) == document.get("@context") for proof in found):
        return []
    return [unknown("unsigned_context", "A context was added after it was signed.")]


def _context(document: dict[str, Any], *, every_term: bool) -> Answer:
    """DI 4.6 and VCDM 2.0 5.2: known contexts only, nothing redefined; with ``every_term`` nothing left undefined."""
    unsecured = {name: value for name, value in document.items() if name != "proof"}
    try:
        if every_term:
            jsonld.canonical(unsecured)
        else:
            context_policy.check(unsecured)
    except InputError as error:
        return refused(error)
    return _GOOD_CONTEXT

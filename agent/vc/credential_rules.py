"""Steps 1 to 7 for one credential; `agent.vc.rules` lists them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import base58

from agent.core.verdict import Check
from agent.errors import InputError
from agent.vc import contexts, model
from agent.vc.answers import Answer, failed, passed, unknown, worst
from agent.vc.dates_rules import check_dates
from agent.vc.facts import Facts
from agent.vc.secured import Opened, Relation, Signer, examine_signatures, open_document, party
from agent.vc.status_rules import Lists, check_status
from trust_registry.strict_json import b64url_decode

# Of the context of VCDM 2.0 as the W3C served it from July 2024 to February 2025, before the Recommendation.
_EARLIER_EDITIONS: Final = frozenset(
    {
        "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg",
        "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminedCredential:
    """One credential with its checks. ``document`` is the credential out of its envelope, empty if it has none;
    ``issuer`` the id it names; ``signers`` the keys that signed it and are the issuer's, for the trust registry.
    """

    subject: str
    document: dict[str, Any] = field(repr=False)
    issuer: str
    signers: tuple[Signer, ...]
    checks: tuple[Check, ...]


def examine_credential(item: Any, facts: Facts, lists: Lists, subject: str) -> ExaminedCredential:
    """``item``: a credential, an enveloped one, or a JWT as text."""
    opened = open_document(item)
    document = opened.document
    if opened.problem is not None:
        return _unread(opened.problem, subject)
    issuer = party(document)
    signed = examine_signatures(opened, issuer, Relation.ASSERTION, facts)
    checks = [
        model_answer(document, presentation=False).check("model", subject),
        signed.context.check("context", subject),
        signed.signature.check("signature", subject, signed.evidence),
        signed.key.check("issuer_key", subject),
        check_dates(opened, facts, subject),
        check_status(document, issuer, lists, subject),
        *_related(opened, facts, subject),
    ]
    return ExaminedCredential(
        subject=subject, document=document, issuer=issuer, signers=signed.signers, checks=tuple(checks)
    )


def model_answer(document: dict[str, Any], *, presentation: bool) -> Answer:
    """Step 1: that it is what is expected there; the first problem of its shape, and how many more there are."""
    if model.is_presentation(document) != presentation:
        return failed(
            "wrong_type", "It is a presentation where a credential is expected, or the other way round."
        )
    problems = model.check(document)
    if not problems:
        return passed(f"It has the shape of VCDM {model.version(document)}.")
    more = f" There are {len(problems) - 1} more such problems." if len(problems) > 1 else ""
    return failed(problems[0].code, f"{problems[0]}{more}")


def _unread(problem: Answer, subject: str) -> ExaminedCredential:
    """A credential that could not be taken out of its envelope: one answer for what it is, none for the rest."""
    rest = unknown("not_read", "The credential could not be read.")
    checks = [problem.check("model", subject)]
    checks += [
        rest.check(code, subject) for code in ("context", "signature", "issuer_key", "dates", "status")
    ]
    return ExaminedCredential(subject=subject, document={}, issuer="", signers=(), checks=tuple(checks))


def _related(opened: Opened, facts: Facts, subject: str) -> list[Check]:
    """VCDM 2.0 5.3: what is at hand of the resources that it names must have the digests it gives.

    Contexts are at hand, and documents that were gathered. Others are not fetched for this, and not judged.
    """
    answers = []
    for item in model.as_list(opened.document.get("relatedResource")):
        url = item.get("id") if isinstance(item, dict) else None
        content = _at_hand(url, facts) if isinstance(url, str) else None
        if content is not None:
            digests = [item[name] for name in ("digestSRI", "digestMultibase") if name in item]
            answers.append(_digests_answer(content, digests))
    return [worst(answers).check("related", subject)] if answers else []


def _digests_answer(content: bytes, stated: list[Any]) -> Answer:
    if stated and all(_has_digest(content, digest) for digest in stated):
        return passed("What it refers to, as far as it is at hand, has the digest that it gives.")
    if stated and set(map(str, stated)) <= _EARLIER_EDITIONS:
        return unknown(
            "earlier_edition", "It was made with an earlier edition of a W3C context than the one at hand."
        )
    return failed("wrong_digest", "A resource does not have the digest that the credential gives.")


def _at_hand(url: str, facts: Facts) -> bytes | None:
    if contexts.known(url):
        try:
            return contexts.content(url)
        except InputError:
            return None  # our own copy is broken, which the context check says
    fetched = facts.documents.get(url)
    return fetched.content if fetched is not None and fetched.content else None


def _has_digest(content: bytes, text: Any) -> bool:
    """Subresource Integrity, or multibase with or without a multihash header (VCDM 2.0 5.3, B.3.1)."""
    if not isinstance(text, str) or len(text) > 1000:
        return False
    names = {"sha256": b"\x12\x20", "sha384": b"\x20\x30", "sha512": b"\x13\x40"}
    digests = {name: hashlib.new(name, content).digest() for name in names}
    sri = [option.split("?")[0].partition("-") for option in text.split()]
    if sri and all(name in names for name, _, _ in sri):
        strongest = max(name for name, _, _ in sri)
        return any(digests[name] == _base64(value) for name, _, value in sri if name == strongest)
    try:
        raw: bytes = (
            base58.b58decode(text[1:]) if text.startswith("z") else b64url_decode(text.removeprefix("u"))
        )
    except ValueError:
        return False
    return any(raw in (digest, names[name] + digest) for name, digest in digests.items())


def _base64(text: str) -> bytes:
    """Either alphabet: Subresource Integrity has the plain one, and the W3C's own examples the other."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        return b""

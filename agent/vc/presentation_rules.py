"""Steps 8 to 11 for a presentation; `agent.vc.rules` lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.core.verdict import Check, Result
from agent.vc import model
from agent.vc.answers import Answer, failed, passed, unknown, worst
from agent.vc.credential_rules import ExaminedCredential
from agent.vc.dates_rules import check_dates
from agent.vc.facts import Facts
from agent.vc.secured import Opened, Relation, embedded, examine_signatures, party


def check_presentation(
    opened: Opened, facts: Facts, challenge: str | None, domain: str | None
) -> tuple[str, bool, list[Check]]:
    """Who presents (a DID or other id, empty when nobody does), whether that holds, and steps 8 to 10."""
    holder = party(opened.document) or (opened.token.signer if opened.token is not None else "")
    signed = examine_signatures(opened, holder, Relation.AUTHENTICATION, facts)
    presented = worst([signed.signature, signed.key])
    if presented.result is Result.PASS:
        presented = passed("The holder has signed the presentation.")
    checks = [
        signed.context.check("context", ""),
        presented.check("presentation_signature", "", signed.evidence),
        check_dates(opened, facts, ""),
        _freshness(opened, challenge, domain).check("freshness", ""),
    ]
    return holder, presented.result is Result.PASS, checks


def holder_check(holder: str, presented: bool, credential: ExaminedCredential) -> Check:
    """Step 11: who presents is who the credential is about. Else it may be stolen, however good its signature."""
    return _holder(holder, presented, credential).check("holder", credential.subject)


def _holder(holder: str, presented: bool, credential: ExaminedCredential) -> Answer:
    subjects = [
        item.get("id") if isinstance(item, dict) else None
        for item in model.as_list(credential.document.get("credentialSubject"))
    ]
    if not subjects or not all(isinstance(subject, str) for subject in subjects):
        return unknown("no_subject_id", "The credential does not say by an id whom it is about.")
    if holder and holder not in subjects:
        return failed("holder_is_not_subject", "Who presents the credential is not whom it is about.")
    if not presented:
        return unknown("not_presented", "Whoever presents it has not signed the presentation.")
    if any(subject != holder for subject in subjects):
        return unknown("several_subjects", "The credential is about others than the holder too.")
    return passed("Who presents the credential is whom it is about.")


def _freshness(opened: Opened, challenge: str | None, domain: str | None) -> Answer:
    """The challenge and domain of every proof are those that were given (DI 2.1 and 4.4, JOSE nonce and aud)."""
    if opened.token is not None:
        said: list[tuple[Any, Sequence[Any]]] = [(opened.token.nonce, opened.token.audience)]
    else:
        found = embedded(opened.document)
        said = [(proof.get("challenge"), model.as_list(proof.get("domain"))) for proof in found]
    if not said:
        return unknown("not_presented", "Nobody signed it, for this request or another.")
    for nonce, domains in said:
        if challenge is not None and nonce != challenge:
            return failed("wrong_challenge", "It was made for another challenge than this request's.")
        if domain is not None and domain not in domains:
            return failed("wrong_domain", "It was made for somebody else.")
    if challenge is None:
        return unknown("no_challenge", "Without the challenge of a request, it may be an old one.")
    if domain is None and any(domains for _, domains in said):
        return unknown("no_domain", "It names whom it was made for, and nobody said who asks.")
    return passed("It was made for this request.")

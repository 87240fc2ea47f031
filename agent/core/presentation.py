"""The verifier's first question: is this presentation authentic, current and an answer to our request?

ACA-Py says whether the cryptography holds for the request it kept. Everything else is checked here, because
AnonCreds leaves it to the application (see also `agent.core.reading`) and because what ACA-Py answers is
believed only as far as it goes. Pure: the caller fetches `PresentationFacts` before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from agent.core.anoncreds_json import ProofRequest, read_request
from agent.core.attributes import date_to_int
from agent.core.matching import request_problems
from agent.core.needs import AWARDED, EXPIRES
from agent.core.policy import Policy
from agent.core.reading import PresentedItem, Problem, Reading, read_presentation
from agent.core.verdict import Check, Evidence, Part, PartName, Result
from agent.errors import InputError

CLOCK_SKEW_SECONDS: Final = 300  # as ACA-Py's verifier allows


@dataclass(frozen=True, slots=True)
class CredDefFacts:
    """A credential definition as its issuer published it.

    ``signed`` says whether the object's hash and signature hold under ``key_thumbprint`` (RFC 7638), a key of
    ``issuer_did``; ``reason`` and ``detail`` say why not. ``supports_revocation`` None: could not be read.
    """

    issuer_did: str
    schema_id: str
    signed: Result
    key_thumbprint: str = ""
    reason: str = ""
    detail: str = ""
    supports_revocation: bool | None = None


@dataclass(frozen=True, slots=True)
class RevRegFacts:
    """A revocation registry and its newest list now; ``newest`` (unix seconds) None when unreachable.

    ``cred_def_id`` is what the signed registry definition names, ``signed`` whether that signature holds
    under a key of ``issuer_did``.
    """

    issuer_did: str
    cred_def_id: str
    signed: Result
    newest: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PresentationFacts:
    """``nonce`` is the one our service recorded when it sent the request; times in unix seconds."""

    schema_id: str
    nonce: str
    now: int
    request_sent_at: int
    cred_defs: Mapping[str, CredDefFacts] = field(default_factory=dict)
    rev_regs: Mapping[str, RevRegFacts] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.now, UTC).date()


@dataclass(frozen=True, slots=True)
class Examined:
    """The first part of the verdict, and the credentials as read.

    ``items`` is empty when they could not be told apart or read; the other parts then answer unknown.
    """

    part: Part
    items: tuple[PresentedItem, ...]


def examine(
    policy: Policy,
    request: Mapping[str, Any],
    presentation: Any,
    verified: bool | None,
    facts: PresentationFacts,
) -> Examined:
    """Check a presentation against ``request``, the proof request that was sent for ``policy``.

    ``verified`` is ACA-Py's answer, None when it gave none. Steps, each with its reason:

    1.  ``request_ours``: the nonce is the one we sent. A presentation made for another employer is over
        another nonce.
    2.  ``request_policy``: the request asks what the policy asks. The wallet proposed it; a condition that
        was dropped on the way would be a condition that nobody checked.
    3.  ``proof``: the cryptography holds, as ACA-Py says.
    4.  ``referents``: exactly the parts asked, no others (reading, step 1).
    5.  ``self_attested``: nothing is the holder's own word (reading, step 2).
    6.  ``binding``: each item is one credential, different items are different ones (reading, step 3).
        AnonCreds does not bind referents to one credential: a high level from one and a large credit from
        another would pass as one.
    7.  ``identifiers``: no credential more or less than asked (reading, step 4).
    8.  ``values``: what is shown is what is proved (reading, step 5).
    9.  ``predicates``: what is proved is what was asked (reading, step 6).
    10. ``schema``: each credential is of the shared schema, also by its credential definition's own word: in
        another schema the same attribute name may mean something else.
    11. ``issuer_key``: the credential definition is its issuer's: right hash, signed with the issuer's key.
    12. ``status``: a credential that can be revoked proves that it is not, on the newest list. From 0 to now
        the holder could choose an old list, from before the revocation. The registry must be the same
        issuer's and for this credential definition: anybody can publish a registry in which nothing is
        revoked.
    13. ``not_expired``: proved for today.
    14. ``award_date``: when revealed, not in the future.

    Steps 10 to 14 are per item (``subject``). Never raises for a bad presentation: that is a failed check.
    """
    try:
        asked = read_request(request)
    except InputError as error:
        return _unreadable("request_policy", "The request asks what the policy asks", error)
    checks = [_request_ours(asked, facts), _request_policy(policy, asked, facts), _proof(verified)]
    try:
        reading = read_presentation(asked, presentation)
    except InputError as error:
        return _unreadable("referents", "Exactly what was asked is there", error, checks)
    checks += _reading_checks(reading)
    items = []
    for item in reading.items:
        definition = facts.cred_defs.get(item.cred_def_id)
        checks.append(_schema(item, definition, facts))
        checks.append(_issuer_key(item, definition))
        checks.append(_status(item, definition, verified, facts))
        checks.append(_not_expired(item, facts))
        if AWARDED in item.revealed:
            checks.append(_award_date(item, facts))
        if definition is not None and definition.signed is Result.PASS:
            items.append(replace(item, issuer_did=definition.issuer_did, key=definition.key_thumbprint))
        else:
            items.append(item)
    if verified is False and not reading.items and asked.non_revoked_to is not None:
        checks.append(_not_proven(""))
    return Examined(Part(PartName.AUTHENTIC, tuple(checks)), tuple(items))


def _request_ours(asked: ProofRequest, facts: PresentationFacts) -> Check:
    label = "It answers our request"
    if asked.nonce and asked.nonce == facts.nonce:
        return Check("request_ours", label, Result.PASS)
    detail = "The request that was answered does not carry the nonce that was sent: it is another one."
    return Check("request_ours", label, Result.FAIL, "nonce_differs", detail)


def _request_policy(policy: Policy, asked: ProofRequest, facts: PresentationFacts) -> Check:
    label = "The request asks what the policy asks"
    sent_on = datetime.fromtimestamp(facts.request_sent_at, UTC).date()
    problems = request_problems(policy, asked, schema_id=facts.schema_id, today=sent_on)
    if not problems:
        return Check("request_policy", label, Result.PASS)
    return Check("request_policy", label, Result.FAIL, "request_differs", " ".join(problems[:10]))


def _proof(verified: bool | None) -> Check:
    label = "The proof holds"
    if verified is None:
        return Check("proof", label, Result.UNKNOWN, "not_checked", "The proof has not been checked.")
    if verified:
        return Check("proof", label, Result.PASS)
    detail = "The proof does not hold: it was changed, made for another request, or a part of it is not true."
    return Check("proof", label, Result.FAIL, "proof_invalid", detail)


_READING_STEPS: Final = {
    1: ("referents", "Exactly what was asked is there"),
    2: ("self_attested", "Nothing is the holder's own word"),
    3: ("binding", "Each item is one credential of its own"),
    4: ("identifiers", "No credential more or less than asked"),
    5: ("values", "What is shown is what is proved"),
    6: ("predicates", "What is proved is what was asked"),
}


def _reading_checks(reading: Reading) -> list[Check]:
    checks = []
    for step, (code, label) in _READING_STEPS.items():
        problems: list[Problem] = [problem for problem in reading.problems if problem.step == step]
        checks += [
            Check(code, label, Result.FAIL, problem.reason, problem.detail, problem.subject)
            for problem in problems[:20]
        ]
        if problems:
            continue
        if not reading.items and step > 4:
            # Steps 5 and 6 are not reached when the credentials cannot be told apart.
            if all(problem.step > 4 for problem in reading.problems):
                checks.append(Check(code, label, Result.PASS))
            else:
                checks.append(Check(code, label, Result.UNKNOWN, "not_reached", "An earlier check failed."))
        else:
            checks.append(Check(code, label, Result.PASS))
    return checks


def _schema(item: PresentedItem, definition: CredDefFacts | None, facts: PresentationFacts) -> Check:
    label = "It is a micro-credential of the shared schema"
    named = definition.schema_id if definition is not None else ""  # empty when it could not be had
    if item.schema_id != facts.schema_id or (named and named != facts.schema_id):
        detail = "The credential is of another schema, in which the attributes may mean something else."
        return Check("schema", label, Result.FAIL, "other_schema", detail, item.item)
    if not named:
        return Check("schema", label, Result.UNKNOWN, "cred_def_unreachable", _UNREACHABLE, item.item)
    return Check("schema", label, Result.PASS, subject=item.item)


def _issuer_key(item: PresentedItem, definition: CredDefFacts | None) -> Check:
    label = "Signed by its issuer"
    if definition is None:
        return Check("issuer_key", label, Result.UNKNOWN, "cred_def_unreachable", _UNREACHABLE, item.item)
    evidence = (
        Evidence("did", "Issuer", definition.issuer_did),
        Evidence("key", "Key", definition.key_thumbprint),
    )
    if not item.cred_def_id.startswith(f"{definition.issuer_did}/"):
        detail = "The credential definition does not lie under the DID that it names as its issuer."
        return Check("issuer_key", label, Result.FAIL, "wrong_issuer", detail, item.item, evidence)
    if definition.signed is Result.PASS:
        return Check("issuer_key", label, Result.PASS, subject=item.item, evidence=evidence)
    reason = definition.reason or "not_signed"
    detail = definition.detail or "The credential definition is not proved to be its issuer's."
    return Check("issuer_key", label, definition.signed, reason, detail, item.item, evidence)


def _status(
    item: PresentedItem, definition: CredDefFacts | None, verified: bool | None, facts: PresentationFacts
) -> Check:
    label = "Not revoked"
    claimed = bool(item.rev_reg_id) or item.timestamp is not None
    if verified is False and claimed:
        return _not_proven(item.item)
    if definition is None or definition.supports_revocation is None:
        return Check("status", label, Result.UNKNOWN, "cred_def_unreachable", _UNREACHABLE, item.item)
    if not definition.supports_revocation:
        if claimed:
            detail = "It names a status list although this kind of credential has none."
            return Check("status", label, Result.FAIL, "status_superfluous", detail, item.item)
        detail = "The issuer made this credential so that it cannot be revoked."
        return Check("status", label, Result.PASS, detail=detail, subject=item.item)
    if not item.rev_reg_id or item.timestamp is None or not item.non_revocation_proof:
        detail = "The credential can be revoked and the presentation does not prove that it is not."
        return Check("status", label, Result.FAIL, "non_revocation_missing", detail, item.item)
    registry = facts.rev_regs.get(item.rev_reg_id)
    if registry is None:
        detail = "The issuer's status list could not be reached, nor a mirror of it."
        return Check("status", label, Result.UNKNOWN, "status_unreachable", detail, item.item)
    other = (registry.cred_def_id, registry.issuer_did) != (item.cred_def_id, definition.issuer_did)
    if registry.signed is Result.FAIL or (registry.signed is Result.PASS and other):
        detail = "The status list is not the issuer's list for this kind of credential."
        return Check("status", label, Result.FAIL, "other_registry", detail, item.item)
    return _status_on_list(item, item.timestamp, registry, verified, facts)


def _status_on_list(
    item: PresentedItem,
    timestamp: int,
    registry: RevRegFacts,
    verified: bool | None,
    facts: PresentationFacts,
) -> Check:
    label = "Not revoked"
    evidence = (Evidence("status_list", "Status list used", at=_rfc3339(timestamp)),)

    def answer(result: Result, reason: str, detail: str) -> Check:
        return Check("status", label, result, reason, detail, item.item, evidence)

    if registry.signed is Result.UNKNOWN:
        reason = registry.reason or "status_unchecked"
        return answer(Result.UNKNOWN, reason, "Whose status list it is could not be checked.")
    if timestamp > facts.now + CLOCK_SKEW_SECONDS:
        return answer(Result.FAIL, "status_in_future", "The status list is dated in the future.")
    if registry.newest is None:
        detail = "The issuer's status list could not be reached, nor a mirror of it."
        return answer(Result.UNKNOWN, "status_unreachable", detail)
    if timestamp < registry.newest:
        if registry.newest > facts.request_sent_at:
            # The holder could not know this list yet: no sign of ill will, but no proof either.
            detail = "The issuer published a newer status list after the request was sent. Ask again."
            return answer(Result.UNKNOWN, "status_changed_meanwhile", detail)
        detail = "The presentation rests on an old status list; the issuer has published a newer one."
        return answer(Result.FAIL, "status_not_current", detail)
    if verified is None:
        return answer(Result.UNKNOWN, "not_checked", "The proof has not been checked.")
    return answer(Result.PASS, "", "")


def _not_proven(subject: str) -> Check:
    detail = "The proof does not hold, so it does not prove that the credential is not revoked."
    return Check("status", "Not revoked", Result.FAIL, "non_revocation_not_proven", detail, subject)


def _not_expired(item: PresentedItem, facts: PresentationFacts) -> Check:
    label = "Not expired"
    bounds = [bound.at_least for bound in item.bounds if bound.attribute == EXPIRES]
    if not bounds:
        detail = "The presentation does not prove that the credential has not expired."
        return Check("not_expired", label, Result.FAIL, "expiry_not_proven", detail, item.item)
    shown = item.number(EXPIRES)
    if max(bounds) >= date_to_int(facts.today) or (shown is not None and shown >= date_to_int(facts.today)):
        return Check("not_expired", label, Result.PASS, subject=item.item)
    detail = "It is proved for an earlier day than today: ask again."
    return Check("not_expired", label, Result.UNKNOWN, "expiry_proven_for_earlier_day", detail, item.item)


def _award_date(item: PresentedItem, facts: PresentationFacts) -> Check:
    label = "Not awarded in the future"
    awarded = item.number(AWARDED)
    # A day of tolerance: dates have no time zone, and the issuer's day may have begun before UTC's.
    tomorrow = facts.today + timedelta(days=1)
    if awarded is None or not 0 < awarded <= date_to_int(tomorrow):
        detail = "The date of award is in the future or is no date."
        return Check("award_date", label, Result.FAIL, "awarded_in_future", detail, item.item)
    return Check("award_date", label, Result.PASS, subject=item.item)


def _unreadable(code: str, label: str, error: InputError, checks: list[Check] | None = None) -> Examined:
    failed = Check(code, label, Result.FAIL, error.code, error.detail)
    return Examined(Part(PartName.AUTHENTIC, (*(checks or []), failed)), ())


def _rfc3339(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return ""


_UNREACHABLE: Final = "The issuer's credential definition could not be reached, nor a mirror of it."

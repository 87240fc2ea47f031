"""Why something is trusted, as a chain of checks: credential ← DID ← institution ← report ← agency ← list. Pure.

Each link passes, fails, or is unknown with its reason; a chain ends where it breaks, and the list, on which every other
link rests, is always its last. Where the list itself is too old or not to be trusted, no link passes: what it
once said is no answer about today.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from agent.core.verdict import Check, Evidence, Result, combine
from agent.services import trust
from agent.services.held import HeldFact
from trust_registry.facts import Binding
from trust_registry.models import Decision, Outcome
from trust_registry.vocabulary import Freshness, Reason, SnapshotKind
from trust_registry.words import REASONS

LEVELS = {
    1: "its website names the DID, and the DID names its website",
    2: "also checked by another way, by people",
    3: "an authority says so",
}
_ISSUER = {
    Reason.KEY_REVOKED: Result.FAIL,
    Reason.DID_AMBIGUOUS: Result.UNKNOWN,
    Reason.DID_NOT_BOUND: Result.UNKNOWN,
    Reason.KEY_NOT_PINNED: Result.UNKNOWN,
}
_INSTITUTION = {
    Reason.INSTITUTION_CLOSED: Result.FAIL,
    Reason.INSTITUTION_NOT_FOUNDED: Result.UNKNOWN,
    Reason.CLOSURE_DATE_UNCERTAIN: Result.UNKNOWN,
}
_AGENCY = (Reason.AGENCY_NOT_REGISTERED, Reason.AGENCY_VOIDED)
_LIST = "registry_list"


def chain(
    decision: Decision | None,
    list_row: Check,
    *,
    reason: str = "",
    did: str = "",
    held: Sequence[HeldFact] = (),
) -> tuple[Check, ...]:
    """``decision`` None: there is none, for this ``reason``. ``did``: the question was about this one."""
    found = [_credentials(held)] if held else []
    if list_row.result is not Result.PASS:
        found += _unsaid(list_row.reason, list_row.detail, did)
    elif decision is None:
        detail = trust.NO_DECISION.get(reason, f"The registry gave no answer ({reason.replace('_', ' ')}).")
        found += _unsaid(reason or trust.UNREACHABLE, detail, did)
    else:
        found += _links(decision, did)
    return (*found, list_row)


def list_check(facts: dict[str, Any], distrusted: str) -> Check:
    """The list itself: what signed it and how old it is. ``distrusted``: why it allows no answer, or empty."""
    hours = int(facts["age_seconds"]) // 3600
    age = (
        f"{hours} h old"
        if 0 < hours < 48
        else f"{hours // 24} days old"
        if hours
        else "less than an hour old"
    )
    demo = ", demonstration data" if facts["kind"] == SnapshotKind.DEMO else ""
    about = f"list {facts['seq']} signed by {facts['registry']}, {age}{demo}"
    evidence = (
        Evidence("snapshot", f"list {facts['seq']}", sha256=facts["sha256"], at=facts["signed_at"]),
        Evidence("key", "signed by the key", value=facts["signed_by"]),
        Evidence("key", "under the root", value=facts["root_sha256"]),
    )
    label = "Signed list"
    if distrusted == Reason.SNAPSHOT_STALE:
        detail = f"Too old to say anything about today: {about}."
        return Check(_LIST, label, Result.UNKNOWN, distrusted, detail, evidence=evidence)
    if distrusted:
        why = trust.DISTRUSTED.get(distrusted, "it cannot be relied on")
        return Check(_LIST, label, Result.UNKNOWN, distrusted, f"{why} ({about})", evidence=evidence)
    late = "" if facts["freshness"] == Freshness.FRESH else ", older than a day"
    return Check(_LIST, label, Result.PASS, detail=f"{about}{late}", evidence=evidence)


def no_list(reason: str) -> Check:
    detail = trust.NO_DECISION.get(reason, f"There is no list to look into ({reason.replace('_', ' ')}).")
    return Check(_LIST, "Signed list", Result.UNKNOWN, reason, detail)


def binding_check(
    binding: Binding, decision: Decision, *, counts: bool, list_row: Check, today: date
) -> Check:
    """Whether this DID and key are that institution's today."""
    label = binding.did
    since = f"level {binding.level}: {LEVELS.get(binding.level, 'a claim')}; since {binding.valid_from}"
    until = f" until {binding.valid_to}" if binding.valid_to else ""
    detail = f"{since}{until}"
    evidence = (Evidence("key", "pinned key", value=binding.thumbprint),)

    def row(result: Result, reason: str, why: str) -> Check:
        return Check(
            "binding", label, result, reason, f"{why} ({detail})" if why else detail, evidence=evidence
        )

    if list_row.result is not Result.PASS:
        return row(Result.UNKNOWN, list_row.reason, "the list is no answer about today")
    if binding.revoked is not None:
        return row(Result.FAIL, "key_revoked", f"the key was revoked: {binding.revoked.reason}")
    if not counts:
        return row(Result.UNKNOWN, "one_operator", "recorded by one operator alone, which does not count")
    if not binding.valid_from <= today <= (binding.valid_to or today):
        return row(Result.UNKNOWN, "bound_for_another_time", "not for today")
    if Reason.DID_AMBIGUOUS in decision.reasons:
        return row(Result.UNKNOWN, "did_ambiguous", REASONS[Reason.DID_AMBIGUOUS])
    return row(Result.PASS, "", "")


def _links(decision: Decision, did: str) -> list[Check]:
    found: list[Check] = []
    for link in _all_links(decision, did):
        found.append(link)
        if link.result is not Result.PASS:
            break
    return found


def _all_links(decision: Decision, did: str) -> Iterable[Check]:
    reasons = decision.reasons
    if did:
        yield _link(
            "issuer",
            "Issuer's DID",
            reasons,
            _ISSUER,
            detail=_told(decision, "binding") or did,
            evidence=_notes(decision, "key"),
        )
    institution = decision.institution
    if institution is None:
        why = Reason.SOURCE_UNCHECKED if Reason.SOURCE_UNCHECKED in reasons else Reason.DID_NOT_BOUND
        yield Check("institution", "Institution", Result.UNKNOWN, str(why), REASONS[why])
        return
    name = f"{institution.name} ({institution.id})"
    about = _notes(decision, "institution")
    yield _link("institution", "Institution", reasons, _INSTITUTION, detail=name, evidence=about)
    yield _report(decision)
    agency = {step.role: step for step in decision.authority_chain}.get("agency")
    if agency is not None:
        register = {step.role: step for step in decision.authority_chain}.get("register")
        evidence = [Evidence("agency", f"{agency.name} ({agency.id})", value=agency.note, url=agency.url)]
        if register is not None:
            evidence.append(Evidence("register", register.name, value=register.note, url=register.url))
        detail = f"{agency.name} ({agency.id}), {agency.note} at EQAR"
        yield Check("agency", "Agency registered", Result.PASS, detail=detail, evidence=tuple(evidence))


def _report(decision: Decision) -> Check:
    """The external quality assurance: in force and positive, or why none counts."""
    label, evidence = "Quality assurance", _notes(decision, "report", "succession", "faculty")
    step = {step.role: step for step in decision.authority_chain}.get("report")
    notes = " ".join(REASONS[reason] for reason in decision.reasons if reason is not Reason.SNAPSHOT_STALE)
    if decision.outcome in trust.ASSURED and step is not None:
        detail = f"{step.name}: {step.note}. {notes}".strip()
        return Check("report", label, Result.PASS, detail=detail, evidence=evidence)
    against = decision.outcome is Outcome.NOT_ASSURED
    reason = next((each for each in decision.reasons if each in _AGENCY), None) or next(
        (each for each in decision.reasons if each is not Reason.SNAPSHOT_STALE), Reason.NO_REPORT
    )
    return Check(
        "report",
        label,
        Result.FAIL if against else Result.UNKNOWN,
        str(reason),
        notes or REASONS[Reason.NO_REPORT],
        evidence=evidence,
    )


def _link(
    code: str,
    label: str,
    reasons: Iterable[Reason],
    bad: dict[Reason, Result],
    *,
    detail: str,
    evidence: tuple[Evidence, ...],
) -> Check:
    for reason in reasons:
        if reason in bad:
            return Check(code, label, bad[reason], str(reason), REASONS[reason], evidence=evidence)
    return Check(code, label, Result.PASS, detail=detail, evidence=evidence)


def _credentials(held: Sequence[HeldFact]) -> Check:
    results = [each.signature for each in held]
    result = combine(Check("", "", each, "" if each is Result.PASS else "x") for each in results)
    many = "one credential" if len(held) == 1 else f"{len(held)} credentials"
    holds = results.count(Result.PASS)
    detail = f"{many} of yours; the signature holds in {holds}"
    reason = {Result.FAIL: "bad_signature", Result.UNKNOWN: "signature_unknown"}.get(result, "")
    evidence = tuple(Evidence("credential", each.title, value=each.id) for each in held[:20])
    return Check("credential", "Your credentials", result, reason, detail, evidence=evidence)


def _unsaid(reason: str, detail: str, did: str) -> list[Check]:
    """The links that nothing can be said of."""
    labels = (
        *((("issuer", "Issuer's DID"),) if did else ()),
        ("institution", "Institution"),
        ("report", "Quality assurance"),
    )
    return [Check(code, label, Result.UNKNOWN, reason, detail) for code, label in labels]


def _notes(decision: Decision, *kinds: str) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(item.kind, item.label, value=item.value, url=item.url, at=item.at)
        for item in decision.evidence
        if item.kind in kinds
    )


def _told(decision: Decision, kind: str) -> str:
    return next((item.value for item in decision.evidence if item.kind == kind), "")

"""The consent screen as data: the ``plan`` of ``/v1/wallet/requests`` (wallet-ui.md, screen 6).

``rows`` come from the plan; ``sees`` comes from the verifier's own reading of the presentation that would be
sent. They are made by different code on purpose: a test holds their paths together, so a claim cannot be sent
that no row shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from agent.core import claims
from agent.core.anoncreds_json import read_request
from agent.core.attributes import encode, int_to_date
from agent.core.claims import Claim, Irrelevant
from agent.core.disclosure import DisclosedItem, Disclosure, proposal
from agent.core.needs import (
    AWARDED,
    CREDIT,
    EXPIRES,
    LEVEL,
    SKILLS,
    SKILLS_TEXT,
    declined,
    is_stated,
    texts_in,
)
from agent.core.planning import NOT_EXPIRED, Candidate, LeftOut, Plan, PlannedItem, Sent, Unsatisfiable
from agent.core.policy import ClaimRequest, Disclose, Policy, flags, format_hundredths
from agent.core.reading import PresentedItem, paths_of, read_presentation
from agent.core.record import host_of
from agent.core.seen import bound_text, seen
from agent.errors import ConsentError, InputError

HIDDEN: Final = "(your value stays hidden)"
NOTHING: Final = "nothing"
NOT_STATED_TEXT: Final = "This credential does not state it."
SIGNED_BADGE: Final = "signed_badge"  # the form of a share, in the history, that shows a whole document
NEVER_TEXT: Final = "No micro-credential states it, and it is never sent."


@dataclass(frozen=True, slots=True)
class EarlierShare:
    """A presentation in the history; ``at`` is a date, ``host`` and ``did`` say to whom it went.

    ``credentials`` are the ids behind ``c0``, ``c1``, … of ``paths``. ``whole``: a signed document was given out,
    which always shows all of itself.
    """

    at: str
    did: str
    host: str
    paths: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    whole: bool = False

    def revealed(self, credential: str) -> frozenset[str]:
        """Attributes of this credential that were shown; what was only proved is not among them."""
        items = {f"c{place}" for place, id in enumerate(self.credentials) if id == credential}
        parts = [path.partition(".") for path in self.paths if ">=" not in path]
        return frozenset(name for item, _, name in parts if item in items)


def screen(
    disclosure: Disclosure,
    plan: Plan,
    policy: Policy,
    *,
    schema_id: str,
    now: int,
    earlier: Sequence[EarlierShare] = (),
) -> dict[str, Any]:
    """The JSON of ``plan``. Each row also has ``paths``, what it sends in the terms of `consented_paths`.

    Raises `ConsentError` ``preview_differs`` when the verifier would not read what is about to be shown.
    """
    return {
        "hash": disclosure.hash(),
        "satisfied": True,
        "credentials": [_credential(item) for item in plan.items],
        "rows": _rows(plan, policy),
        "sees": [fact.to_json() for fact in seen(preview_items(disclosure, schema_id=schema_id, now=now))],
        "not_sees": _not_sees(plan),
        "links": _links(disclosure, plan, earlier),
        "left_out": left_out_json(plan.left_out),
        "note": plan.note,
        "choose": dict(plan.choose),
    }


def screen_unsatisfiable(result: Unsatisfiable) -> dict[str, Any]:
    """The same shape when nothing can be sent: only ``left_out`` has content."""
    empty: dict[str, Any] = {name: [] for name in ("credentials", "rows", "sees", "not_sees", "links")}
    left_out = left_out_json(result.left_out)
    return {"hash": "", "satisfied": False, **empty, "left_out": left_out, "note": "", "choose": {}}


def left_out_json(left_out: Iterable[LeftOut]) -> list[dict[str, str]]:
    return [{"id": item.candidate.id, "title": item.candidate.title, "why": item.why} for item in left_out]


def preview_items(disclosure: Disclosure, *, schema_id: str, now: int) -> tuple[PresentedItem, ...]:
    """What the verifier's code reads from the presentation that this disclosure leads to."""
    asked = read_request(proposal(disclosure, schema_id=schema_id, now=now))
    reading = read_presentation(asked, preview(disclosure, now=now))
    if reading.problems:
        raise ConsentError("preview_differs", "What would be sent cannot be shown correctly.")
    return reading.items


def preview(disclosure: Disclosure, *, now: int) -> dict[str, Any]:
    """The readable parts of the presentation to come, in the AnonCreds shape; it proves nothing.

    A real proof cannot be made before consent: it is made over the nonce that the verifier chooses when it answers
    our proposal, and ACA-Py has no call that makes one without sending it. What a proof can say is fixed without
    it: the values, names and bounds that the proposal fixes, which are all in here, so that the verifier's own code
    reads from this what it will read from the proof. The request that comes back must equal the proposal, and what
    left is compared with the consent (`agent.services.sending`).
    """
    proofs, identifiers = [], []
    groups: dict[str, Any] = {}
    predicates: dict[str, Any] = {}
    for place, item in enumerate(disclosure.items):
        pairs = {name: {"raw": value, "encoded": encode(value)} for name, value in item.revealed}
        if pairs:
            groups[item.item] = {"sub_proof_index": place, "values": pairs}
        for bound in item.bounds:
            predicates[f"{item.item}.{bound.attribute}"] = {"sub_proof_index": place}
        ge_proofs = [
            {"predicate": {"attr_name": bound.attribute, "p_type": "GE", "value": bound.at_least}}
            for bound in item.bounds
        ]
        shown = {name: pair["encoded"] for name, pair in pairs.items()}
        primary = {"eq_proof": {"revealed_attrs": shown}, "ge_proofs": ge_proofs}
        proofs.append({"primary_proof": primary, "non_revoc_proof": {} if item.revocable else None})
        identifiers.append(
            {
                "schema_id": item.schema_id,
                "cred_def_id": item.cred_def_id,
                "rev_reg_id": "status list" if item.revocable else None,
                "timestamp": now if item.revocable else None,
            }
        )
    shown_proof = {"revealed_attr_groups": groups, "predicates": predicates}
    return {"proof": {"proofs": proofs}, "requested_proof": shown_proof, "identifiers": identifiers}


def _credential(item: PlannedItem) -> dict[str, Any]:
    others = [_described(other) for other in item.others]
    return {"item": item.item, **_described(item.candidate), "others": others}


def _described(candidate: Candidate) -> dict[str, Any]:
    credit, level = candidate.number(CREDIT), candidate.number(LEVEL)
    return {
        "id": candidate.id,
        "title": candidate.title,
        "issuer": {
            "did": candidate.issuer_did,
            "host": host_of(candidate.issuer_did),
            "name": candidate.attributes.get("issuer_name", ""),
        },
        "credit": {"system": "ects", "value": format_hundredths(credit)} if credit else None,
        "eqf": level or None,
        "awarded_on": _iso(candidate.number(AWARDED)),
    }


# --- rows


def _rows(plan: Plan, policy: Policy) -> list[dict[str, Any]]:
    flagged: dict[str, str] = {}
    for flag in flags(policy):
        if flag.claim:
            flagged[flag.claim] = f"{flagged[flag.claim]} {flag.text}" if flag.claim in flagged else flag.text
    rows = []
    for item in plan.items:
        rows += [_sent_row(item, _said(policy, item, sent), flagged) for sent in item.sent]
        have = {sent.claim.name for sent in item.sent}
        rows += [
            _unsent_row(item, request, claim, flagged)
            for request, claim in _offered(policy, plan)
            if claim.name not in have and (item.item == "c0" or claim.scope != "learner")
        ]
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if isinstance(claim, Irrelevant):
            label = claim.name.replace("_", " ").capitalize()
            rows.append(
                _row("c0", request.claim, label, flagged)
                | {"mode": str(request.disclose), "required": request.required, "locked": NEVER_TEXT}
            )
    return rows


def _offered(policy: Policy, plan: Plan) -> list[tuple[ClaimRequest, Claim]]:
    """Optional claims: not sent, or added by the learner but not stated by every credential."""
    found = list(declined(policy, plan.include))
    for request in policy.claims:
        claim = claims.lookup(request.claim)
        if not request.required and request.claim in plan.include and isinstance(claim, Claim):
            found.append((request, claim))
    return found


def _row(item: str, claim: str, label: str, flagged: dict[str, str]) -> dict[str, Any]:
    return {
        "id": f"{item}.{claim}",
        "item": item,
        "claim": claim,
        "send": False,
        "mode": str(Disclose.REVEAL),
        "label": label,
        "value": "",
        "sent_as": NOTHING,
        "credential_title": "",
        "required": False,
        "locked": "",
        "flag": flagged.get(claim, ""),
        "paths": [],
    }


def _sent_row(item: PlannedItem, sent: Sent, flagged: dict[str, str]) -> dict[str, Any]:
    value = _value(item.candidate, sent.claim)
    bounds = [sent.bound] if sent.bound is not None else []
    names = [name for name, _ in sent.revealed]
    return _row(item.item, sent.claim.name, sent.claim.label, flagged) | {
        "send": True,
        "mode": str(sent.mode),
        "value": value,
        "sent_as": f"{bound_text(bounds[0])} {HIDDEN}" if bounds else value,
        "credential_title": item.candidate.title,
        "required": sent.required,
        "locked": sent.locked,
        "paths": sorted(paths_of(item.item, names, bounds)),
    }


def _said(policy: Policy, item: PlannedItem, sent: Sent) -> Sent:
    """The sentence of skills that a condition needs, with the requester's words for those that they show."""
    if policy.skills is None or sent.locked != SKILLS_TEXT:
        return sent
    stated = texts_in(item.candidate.attributes.get(SKILLS, ""))
    shown = [skill.text for skill in policy.skills.skills if skill.esco in stated]
    least, listed = policy.skills.at_least, len(policy.skills.skills)
    asked = f"{least} of {listed} skills" if least < listed else "these skills"
    return replace(sent, locked=f"The request asks for {asked}; this shows: {', '.join(shown)}.")


def _unsent_row(
    item: PlannedItem, request: ClaimRequest, claim: Claim, flagged: dict[str, str]
) -> dict[str, Any]:
    return _row(item.item, claim.name, claim.label, flagged) | {
        "mode": str(request.disclose),
        "value": _value(item.candidate, claim),
        "credential_title": item.candidate.title,
        "locked": "" if is_stated(claim, item.candidate.attributes) else NOT_STATED_TEXT,
    }


def _value(candidate: Candidate, claim: Claim) -> str:
    if claim is NOT_EXPIRED:
        return claims.display(EXPIRES, candidate.attributes.get(EXPIRES, ""))
    return claims.display_claim(claim.name, candidate.attributes)


# --- what stays hidden, what can be linked


def _not_sees(plan: Plan) -> list[dict[str, str]]:
    """Claims that the chosen credentials state and the presentation does not show, each once."""
    shown = {name for item in plan.items for sent in item.sent for name, _ in sent.revealed}
    bounds: dict[str, dict[str, None]] = {}
    for item in plan.items:
        for sent in item.sent:
            if sent.bound:
                bounds.setdefault(sent.bound.attribute, {})[bound_text(sent.bound)] = None
    found = []
    for claim in claims.CLAIMS.values():
        if claim.name == "issuer_name":  # hidden or not, the proof names the issuer's DID
            continue
        stated = any(is_stated(claim, item.candidate.attributes) for item in plan.items)
        if not stated or set(claim.attributes) & shown:
            continue
        proved = bounds.get(claim.predicate_attribute or "")
        why = f"Only this is proved: {'; '.join(proved)}." if proved else "It is not sent."
        if proved and claim.predicate_attribute == CREDIT and len(plan.items) > 1:
            why = "Only a minimum is proved for each credential."
        found.append({"label": claim.label, "why": why})
    why = "The proof shows neither how many credentials you hold nor which others."
    return [*found, {"label": "Your other credentials", "why": why}]


def _links(disclosure: Disclosure, plan: Plan, earlier: Sequence[EarlierShare]) -> list[str]:
    """What could tell this share and an earlier one to be of the same person."""
    found = []
    before = [share for share in earlier if share.did == disclosure.requester]
    if before:
        last = max(share.at for share in before)
        times = "once" if len(before) == 1 else f"{len(before)} times"
        found.append(
            f"You have sent to this requester {times} before, last on {last}: they can put both together."
        )
    for item in disclosure.items:
        title = next(each.candidate.title for each in plan.items if each.item == item.item)
        found += _same_credential(item, title, disclosure.requester, earlier)
    revealed = {name for item in disclosure.items for name in item.names}
    personal = [
        claim for claim in claims.CLAIMS.values() if claim.personal and set(claim.attributes) & revealed
    ]
    if personal:
        found.append(f"These say who you are wherever else you show them: {_labels(revealed, personal)}.")
    now = {path.partition(".")[2] for item in disclosure.items for path in paths_of("c0", item.names, ())}
    others = sorted(
        {
            share.host
            for share in earlier
            if share.did != disclosure.requester and now & {path.partition(".")[2] for path in share.paths}
        }
    )
    if others:
        found.append(f"The values you also showed to {', '.join(others[:5])} could be compared with theirs.")
    if any(item.candidate.revocable for item in plan.items):
        found.append("The status list that the proof names shows in which batch a credential was issued.")
    return [*found, "The proof itself carries no number that would link it to another presentation."]


def _same_credential(
    item: DisclosedItem, title: str, requester: str, earlier: Sequence[EarlierShare]
) -> list[str]:
    """Earlier shares of this very credential, to anybody: what of it both got, and where a badge was given."""
    shares = [share for share in earlier if item.credential in share.credentials]
    found = []
    proofs = [share for share in shares if not share.whole]
    if proofs:
        whom = ["them" if share.did == requester else share.host or share.did for share in proofs]
        told = ", ".join(
            dict.fromkeys(f"{who} on {share.at}" for who, share in zip(whom, proofs, strict=True))
        )
        both = frozenset(item.names) & frozenset().union(
            *(share.revealed(item.credential) for share in proofs)
        )
        if both:
            text = f"two proofs cannot be linked, but what was shown both times can: {_labels(both)}."
        else:
            text = "two proofs cannot be linked, and no value is shown both times."
        found.append(f"You showed “{title}” before, to {told}: {text}")
    badges = [share for share in shares if share.whole]
    if badges:
        told = ", ".join(dict.fromkeys(f"{share.host or share.did} on {share.at}" for share in badges))
        found.append(
            f"You gave out “{title}” as a signed badge, to {told}. A badge shows all of itself, and the same key of "
            "yours each time (every badge has its own): whoever has it can compare its values with these."
        )
    return found


def _labels(names: Iterable[str], among: Iterable[Claim] = claims.CLAIMS.values()) -> str:
    wanted = set(names)
    return ", ".join(claim.label for claim in among if set(claim.attributes) & wanted)


def _iso(number: int) -> str:
    try:
        day = int_to_date(number)
    except InputError:
        return ""
    return day.isoformat() if day else ""

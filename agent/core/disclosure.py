"""Exactly what leaves the wallet: its hash, its proof request, and the comparisons that keep it so.

A `Disclosure` is made from a `Plan`, shown on the consent screen, hashed, sent as a proposal, compared with
the request that comes back (`compare_request`) and at last with the presentation: the paths of
`agent.core.reading.revealed_paths` must equal `consented_paths`. ACA-Py's verifier turns a proposal into a
request that differs in nonce, name and version only (acapy.md), so nothing else may differ.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import rfc8785

from agent.core.anoncreds_json import Bound
from agent.core.attributes import date_to_int
from agent.core.needs import EXPIRES
from agent.core.planning import Plan
from agent.core.policy import Policy
from agent.core.reading import paths_of
from agent.errors import ConsentError, InputError

_MAX_DIFFERENCES: Final = 50
# Set by the verifier when it turns a proposal into a request.
_VERIFIERS_OWN: Final = frozenset({"nonce", "name", "version"})


@dataclass(frozen=True, slots=True)
class DisclosedItem:
    """One credential: ``revealed`` pairs of attribute and raw value, and ``bounds``, both sorted."""

    item: str
    credential: str
    schema_id: str
    cred_def_id: str
    revocable: bool
    revealed: tuple[tuple[str, str], ...]
    bounds: tuple[Bound, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.revealed)


@dataclass(frozen=True, slots=True)
class Disclosure:
    policy_digest: str
    requester: str
    request_id: str
    items: tuple[DisclosedItem, ...]

    def hash(self) -> str:
        """64 hexadecimal digits: SHA-256 over the RFC 8785 form of everything that leaves and to whom.

        It covers hidden facts too (which credential, today's date in ``expires_on >=``), so that a changed
        wallet or a new day asks for consent again. It is a hash of personal data: keep it like them.
        """
        content: dict[str, Any] = {
            "policy": self.policy_digest,
            "requester": self.requester,
            "request": self.request_id,
            "items": [
                {
                    "item": item.item,
                    "credential": item.credential,
                    "cred_def_id": item.cred_def_id,
                    "revealed": dict(item.revealed),
                    "predicates": [[bound.attribute, ">=", bound.at_least] for bound in item.bounds],
                }
                for item in self.items
            ],
        }
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def disclose(plan: Plan, policy: Policy, *, requester: str, request_id: str) -> Disclosure:
    """What ``plan`` sends to ``requester`` (a DID) in answer to ``request_id``.

    Every item proves ``expires_on`` at or after the plan's day: an expired credential cannot be presented.
    """
    items = []
    for planned in plan.items:
        revealed = sorted({pair for sent in planned.sent for pair in sent.revealed})
        bounds = {sent.bound for sent in planned.sent if sent.bound is not None}
        bounds = {bound for bound in bounds if bound.attribute != EXPIRES}
        items.append(
            DisclosedItem(
                item=planned.item,
                credential=planned.candidate.id,
                schema_id=planned.candidate.schema_id,
                cred_def_id=planned.candidate.cred_def_id,
                revocable=planned.candidate.revocable,
                revealed=tuple(revealed),
                bounds=tuple(sorted({*bounds, Bound(EXPIRES, date_to_int(plan.today))})),
            )
        )
    return Disclosure(policy.digest(), requester, request_id, tuple(items))


def proposal(disclosure: Disclosure, *, schema_id: str, now: int) -> dict[str, Any]:
    """The AnonCreds proof request to propose; ``now`` in unix seconds.

    One attribute group per item (referent ``c0``), predicates as ``c0.eqf_level``. Without a nonce, which the
    verifier sets, and without ``ver``, on which ACA-Py stumbles (acapy.md). ``non_revoked`` is there when any
    item can be revoked, from 0 because ACA-Py refuses a list older than ``from``: that the list is the newest
    one is the verifier's check (`agent.core.presentation`, step 12).
    Raises `ConsentError` ``other_schema`` when an item is not of the shared schema.
    """
    attributes: dict[str, Any] = {}
    predicates: dict[str, Any] = {}
    for item in disclosure.items:
        if item.schema_id != schema_id:
            raise ConsentError(
                "other_schema", f"The credential of {item.item} does not use the shared schema."
            )
        restrictions = [{"schema_id": schema_id, "cred_def_id": item.cred_def_id}]
        if item.revealed:
            attributes[item.item] = {"names": list(item.names), "restrictions": restrictions}
        for bound in item.bounds:
            predicates[f"{item.item}.{bound.attribute}"] = {
                "name": bound.attribute,
                "p_type": ">=",
                "p_value": bound.at_least,
                "restrictions": [dict(restrictions[0])],
            }
    request: dict[str, Any] = {
        "name": "cairn",
        "version": "1.0",
        "requested_attributes": attributes,
        "requested_predicates": predicates,
    }
    if any(item.revocable for item in disclosure.items):
        request["non_revoked"] = {"from": 0, "to": now}
    return request


def requested_credentials(
    disclosure: Disclosure, referent_by_credential: Mapping[str, str]
) -> dict[str, Any]:
    """The ``anoncreds`` member of ACA-Py's send-presentation: every referent of an item from its credential.

    ``referent_by_credential`` maps our credential ids to ACA-Py's. Raises `InputError`
    ``unknown_credential`` when one is missing.
    """
    attributes: dict[str, Any] = {}
    predicates: dict[str, Any] = {}
    for item in disclosure.items:
        if item.credential not in referent_by_credential:
            raise InputError(
                "unknown_credential", f"The credential of {item.item} is no longer in the wallet."
            )
        cred_id = referent_by_credential[item.credential]
        if item.revealed:
            attributes[item.item] = {"cred_id": cred_id, "revealed": True}
        for bound in item.bounds:
            predicates[f"{item.item}.{bound.attribute}"] = {"cred_id": cred_id}
    return {
        "requested_attributes": attributes,
        "requested_predicates": predicates,
        "self_attested_attributes": {},
    }


def compare_request(proposed: Mapping[str, Any], request: Mapping[str, Any]) -> tuple[str, ...]:
    """Every difference that matters, in words; empty when the request asks what was proposed and no more.

    ``nonce``, ``name`` and ``version`` are the verifier's to set. At most 50 differences are listed.
    """
    found: list[str] = []
    for name in sorted((set(proposed) | set(request)) - _VERIFIERS_OWN, key=str):
        _differ(str(name)[:60], proposed.get(name, _ABSENT), request.get(name, _ABSENT), found)
    return tuple(found[:_MAX_DIFFERENCES])


def consented_paths(disclosure: Disclosure) -> tuple[str, ...]:
    """The paths that may leave, sorted, as `revealed_paths` writes them for a presentation."""
    return tuple(
        sorted(path for item in disclosure.items for path in paths_of(item.item, item.names, item.bounds))
    )


_ABSENT: Final = object()


def _differ(path: str, ours: Any, theirs: Any, found: list[str]) -> None:
    if len(found) >= _MAX_DIFFERENCES:
        return
    if ours is _ABSENT:
        found.append(f"{path} is extra")
    elif theirs is _ABSENT:
        found.append(f"{path} is missing")
    elif isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(set(ours) | set(theirs), key=str):
            _differ(f"{path}.{str(name)[:60]}", ours.get(name, _ABSENT), theirs.get(name, _ABSENT), found)
    elif isinstance(ours, list) and isinstance(theirs, list):
        for index in range(max(len(ours), len(theirs))):
            mine = ours[index] if index < len(ours) else _ABSENT
            other = theirs[index] if index < len(theirs) else _ABSENT
            _differ(f"{path}[{index}]", mine, other, found)
    elif type(ours) is not type(theirs) or ours != theirs:
        found.append(f"{path} differs")

"""Credentials, requests and presentations made up for tests.

`present` writes a presentation in the exact AnonCreds JSON shape without the product's own preview code; the
cryptographic numbers are left out, because only ACA-Py reads them. `test_real_anoncreds` holds the shape
against the real library.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from agent.core.attributes import ATTRIBUTE_NAMES, encode
from agent.core.planning import Candidate
from agent.core.policy import Policy
from agent.core.presentation import CredDefFacts, PresentationFacts, RevRegFacts
from agent.core.verdict import Result

TODAY = date(2025, 6, 1)
NOW = int(datetime(2025, 6, 1, 12, tzinfo=UTC).timestamp())
SENT_AT = NOW - 60
LIST_AT = NOW - 3600
NONCE = "1234567890"
REGISTRY = "did:web:registry.example"
SCHEMA = f"{REGISTRY}/anoncreds/v1/SCHEMA/{'0' * 64}"
MTU = "did:web:mtu.example"
FHJ = "did:web:fhj.example"
EMPLOYER = "did:web:employer.example"


def cred_def(did: str = MTU, digit: str = "1") -> str:
    return f"{did}/anoncreds/v1/CREDDEF/{digit * 64}"


def rev_reg(did: str = MTU, digit: str = "2") -> str:
    return f"{did}/anoncreds/v1/REVREG/{digit * 64}"


def attributes(**changes: str) -> dict[str, str]:
    """All attributes of a plausible credential: 5 ECTS at EQF 6, awarded 1 March 2025, no expiry."""
    values = dict.fromkeys(ATTRIBUTE_NAMES, "") | {
        "title": "Data Literacy",
        "title_lang": "en",
        "issuer_name": "Munster Technological University",
        "issuer_countries": '["IE"]',
        "awarded_on": "20250301",
        "expires_on": "99991231",
        "given_name": "Ada",
        "family_name": "Byrne",
        "birth_date": "19990402",
        "learner_id": "MTU-1",
        "outcomes": '[{"text":{"en":"Read a chart"}}]',
        "credit_system": "ects",
        "ects_hundredths": "500",
        "workload_minutes": "7500",
        "eqf_level": "6",
        "level_status": "given",
        "profiles_met": '["council"]',
        "record_digest": "ab" * 32,
    }
    return values | changes


def candidate(name: str = "a", did: str = MTU, **changes: Any) -> Candidate:
    """A usable candidate called ``name``; fields of `Candidate` by name, anything else is an attribute."""
    fields: dict[str, Any] = {"revocable": True, "outcome": "assured_official", "cred_def_id": cred_def(did)}
    for key in ("revocable", "outcome", "outcome_hidden", "outcome_at", "current", "note", "cred_def_id"):
        if key in changes:
            fields[key] = changes.pop(key)
    values = attributes(**({"title": f"Title {name}"} | changes))
    return Candidate(
        id=name, title=values["title"], attributes=values, schema_id=SCHEMA, issuer_did=did, **fields
    )


def policy(
    claims: list[dict[str, Any]] | None = None,
    each: dict[str, Any] | None = None,
    whole: dict[str, Any] | None = None,
) -> Policy:
    """The demo's policy unless told otherwise: 10 ECTS at EQF 6 from assured issuers."""
    return Policy.from_json(policy_json(claims, each, whole))


ESCO = "http://data.europa.eu/esco/skill/"


def skill_set(*names: str, **more: Any) -> dict[str, Any]:
    """The member ``set.skills``: skills ``a``, ``b``, … with their label in capitals."""
    return {"skills": [{"esco": f"{ESCO}{name}", "label": name.upper()} for name in names], **more}


def skilled(*names: str) -> str:
    """The attribute ``skills``."""
    return json.dumps([f"{ESCO}{name}" for name in names], separators=(",", ":"))


def policy_json(
    claims: list[dict[str, Any]] | None = None,
    each: dict[str, Any] | None = None,
    whole: dict[str, Any] | None = None,
) -> dict[str, Any]:
    default = [
        {"claim": "title"},
        {"claim": "awarded_on"},
        {"claim": "given_name"},
        {"claim": "family_name"},
        {"claim": "level", "disclose": "predicate"},
        {"claim": "credit", "disclose": "predicate"},
        {"claim": "grade", "required": False},
    ]
    return {
        "version": 1,
        "title": "Junior analyst",
        "purpose": "To see whether you can start in the data team.",
        "retention_days": 90,
        "claims": default if claims is None else claims,
        "each": {"min_eqf": 6, "registry": ["assured_official"]} if each is None else each,
        "set": {"min_credit": {"system": "ects", "value": "10"}} if whole is None else whole,
    }


def present(
    request: Mapping[str, Any],
    held: Mapping[str, Mapping[str, str]],
    *,
    revocable: bool = True,
    timestamp: int = LIST_AT,
) -> dict[str, Any]:
    """The honest answer to ``request`` with the attributes ``held`` of each item, as ACA-Py returns it."""
    items = sorted(held)
    requested_attributes = request["requested_attributes"]
    proofs: list[dict[str, Any]] = []
    identifiers: list[dict[str, Any]] = []
    for item in items:
        names = requested_attributes.get(item, {"names": []})["names"]
        wanted = [
            spec
            for referent, spec in request["requested_predicates"].items()
            if referent.split(".")[0] == item
        ]
        spec = requested_attributes.get(item) or wanted[0]
        revealed = {name.replace(" ", "").lower(): encode(held[item][name]) for name in names}
        proofs.append(
            {
                "primary_proof": {
                    "eq_proof": {
                        "revealed_attrs": revealed,
                        "a_prime": "85",
                        "e": "16",
                        "v": "38",
                        "m": {"master_secret": "77"},
                        "m2": "81",
                    },
                    "ge_proofs": [
                        {
                            "u": {"0": "1"},
                            "r": {"DELTA": "5"},
                            "mj": "20",
                            "alpha": "69",
                            "t": {"0": "8"},
                            "predicate": {"attr_name": one["name"], "p_type": "GE", "value": one["p_value"]},
                        }
                        for one in wanted
                    ],
                },
                "non_revoc_proof": {"x_list": {}, "c_list": {}} if revocable else None,
            }
        )
        restriction = spec["restrictions"][0]
        did = restriction["cred_def_id"].partition("/anoncreds/")[0]
        identifiers.append(
            {
                "schema_id": restriction["schema_id"],
                "cred_def_id": restriction["cred_def_id"],
                "rev_reg_id": rev_reg(did) if revocable else None,
                "timestamp": timestamp if revocable else None,
            }
        )
    return {
        "proof": {"proofs": proofs, "aggregated_proof": {"c_hash": "63", "c_list": [[1, 2, 3]]}},
        "requested_proof": {
            "revealed_attrs": {},
            "revealed_attr_groups": {
                item: {
                    "sub_proof_index": items.index(item),
                    "values": {
                        name: {"raw": held[item][name], "encoded": encode(held[item][name])}
                        for name in spec["names"]
                    },
                }
                for item, spec in requested_attributes.items()
            },
            "self_attested_attrs": {},
            "unrevealed_attrs": {},
            "predicates": {
                referent: {"sub_proof_index": items.index(referent.split(".")[0])}
                for referent in request["requested_predicates"]
            },
        },
        "identifiers": identifiers,
    }


def facts(**changes: Any) -> PresentationFacts:
    """Facts under which an honest presentation passes every check."""
    values: dict[str, Any] = {
        "schema_id": SCHEMA,
        "nonce": NONCE,
        "now": NOW,
        "request_sent_at": SENT_AT,
        "cred_defs": {
            cred_def(did): CredDefFacts(
                issuer_did=did,
                schema_id=SCHEMA,
                signed=Result.PASS,
                key_thumbprint=f"key of {did}",
                supports_revocation=True,
            )
            for did in (MTU, FHJ)
        },
        "rev_regs": {
            rev_reg(did): RevRegFacts(
                issuer_did=did, cred_def_id=cred_def(did), signed=Result.PASS, newest=LIST_AT
            )
            for did in (MTU, FHJ)
        },
    }
    return PresentationFacts(**(values | changes))


def edited(document: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(document)

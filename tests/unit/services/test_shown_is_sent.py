"""What is displayed is what is in the bytes, for every envelope there is.

The left side is what the learner looks at: the model behind the consent screen, read from the service's answer as the
wallet reads it. The right side is read from the bytes that left, by the few lines of this file and not by the code
that planned them. An envelope without a case here fails the last test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core import claims
from agent.core.policy import PREDICATE_ATTRIBUTES
from agent.formats.registry import ENVELOPES
from tests.simulators.town import Town, town
from wallet_tui.doc import Doc
from wallet_tui.request_model import Plan, Request

type Document = dict[str, Any]

HELD = (
    ("sustainable-energy", date(2026, 6, 12), "1.1"),
    ("data-literacy", date(2026, 3, 2), ""),
    ("process-safety-leadership", date(2025, 11, 20), "A"),
    ("industrial-cyber-security", date(2026, 1, 15), ""),
    ("data-literacy", date(2026, 5, 4), "2.0"),
)
OPERATORS = {"GE": ">=", "GT": ">", "LE": "<=", "LT": "<"}


@pytest.fixture(scope="module")
async def people(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """A learner who holds all of `HELD`, and an employer."""
    with pytest.MonkeyPatch.context() as patch:
        root: Path = tmp_path_factory.mktemp("town")
        async with town(root, patch) as built:
            university, learner = await built.university(), await built.learner()
            await built.employer()
            for template, awarded_on, grade in HELD:
                more = {"grade": grade} if grade else {}
                offer = await university.offer(template, awarded_on, **more)
                assert (await learner.receive(offer["link"]))["state"] == "accepted"
            await built.world.settled()
            yield built


# --- an answer to a request (AnonCreds)


def paths_in(presentation: Document) -> list[str]:
    """Everything a presentation gives away, from its readable and from its proved part."""
    shown = presentation["requested_proof"]
    found = {f"single {name}" for name in shown["revealed_attrs"]}
    found |= {f"self-attested {name}" for name in shown["self_attested_attrs"]}
    places: dict[int, str] = {}
    for referent, group in shown["revealed_attr_groups"].items():
        places[group["sub_proof_index"]] = referent
        found |= {f"{referent}.{name}" for name in group["values"]}
    for referent, predicate in shown["predicates"].items():
        places.setdefault(predicate["sub_proof_index"], referent.split(".")[0])
    for place, proof in enumerate(presentation["proof"]["proofs"]):
        item = places.get(place, f"nobody's {place}")
        primary = proof["primary_proof"]
        found |= {f"{item}.{name}" for name in primary["eq_proof"]["revealed_attrs"]}
        for each in primary["ge_proofs"]:
            one = each["predicate"]
            found.add(f"{item}.{one['attr_name']}{OPERATORS[one['p_type']]}{one['value']}")
    return sorted(found)


def predicates_of(name: str) -> bool:
    return (claims.CLAIMS[name].predicate_attribute or "") in PREDICATE_ATTRIBUTES


asked_claims = st.lists(
    st.builds(
        lambda name, required, hidden: {
            "claim": name,
            "required": required,
            "disclose": "predicate" if hidden and predicates_of(name) else "reveal",
        },
        st.sampled_from(sorted(claims.CLAIMS)),
        st.sampled_from([True, False, False]),
        st.booleans(),
    ),
    max_size=7,
    unique_by=lambda request: str(request["claim"]),
)
policies = st.builds(
    lambda wanted, irrelevant, each, whole: {
        "version": 1,
        "title": "Analyst",
        "purpose": "Shortlisting",
        "retention_days": 30,
        "claims": wanted + irrelevant,
        "each": each,
        "set": whole,
    },
    asked_claims,
    st.sampled_from([[], [], [{"claim": "nationality", "required": False}]]),
    st.fixed_dictionaries(
        {"min_eqf": st.sampled_from([5, 6])},
        optional={
            "assessed": st.just(True),
            "awarded_since": st.sampled_from(["2025-12-01", "2026-02-01"]),
            "registry": st.just(["assured_official"]),
            "languages": st.just(["en"]),
        },
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "min_credit": st.sampled_from([{"system": "ects", "value": value} for value in ("3", "7", "9")]),
            "credentials": st.sampled_from([{"at_least": 2}, {"at_least": 3}]),
        },
    ),
)


def displayed(document: Document) -> Plan | None:
    """The plan as the consent screen has it."""
    return Request.read(Doc(document)).plan


@pytest.fixture(scope="module")
def sizes() -> Iterator[list[int]]:
    """How many credentials each answer was made of: examples that are all refused would prove nothing."""
    found: list[int] = []
    yield found
    assert len(found) >= 20, "most of these policies can be answered"
    assert {1, 2, 3} <= set(found)


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    policy=policies,
    held=st.sets(st.integers(0, len(HELD) - 1), min_size=2),
    switches=st.sets(st.integers(0, 9)),
)
async def test_an_answer_to_a_request(
    people: Town, sizes: list[int], policy: Document, held: set[int], switches: set[int]
) -> None:
    learner, employer = people.members["learner"], people.members["employer"]
    presenting, everything = learner.agent.presenting, type(learner.agent.holding).recheck_all

    async def some(**more: Any) -> list[Document]:
        found = await everything(learner.agent.holding, **more)
        return [each for index, each in enumerate(found) if index in held]

    learner.agent.holding.recheck_all = some  # type: ignore[method-assign]
    before = len(learner.wallet.sent)
    asked = await employer.ask(policy)
    shown = await presenting.review(asked["link"])
    plan = displayed(shown)
    if plan is not None:
        optional = sorted({row.claim for row in plan.rows if row.switchable})
        include = frozenset(name for place, name in enumerate(optional) if place in switches)
        plan = displayed(await presenting.view(shown["id"], include))
        assert plan is not None
        done = await presenting.present(shown["id"], expect=plan.hash, include=include)
        assert done["state"] == "sent", done["error"]
        (presentation,) = learner.wallet.sent[before:]
        assert list(plan.revealed_paths()) == paths_in(presentation)
        assert plan.says_what_leaves
        assert shown_values(plan) == sent_values(plan, presentation)
        sizes.append(len(plan.credentials))
    assert len(learner.wallet.sent) == before + (plan is not None)


def shown_values(plan: Plan) -> dict[str, str]:
    return {row.id: row.sent_as.raw for row in plan.sent_rows() if not row.predicate}


def sent_values(plan: Plan, presentation: Document) -> dict[str, str]:
    """The same rows in the words of the claims, from the values in the bytes."""
    groups = presentation["requested_proof"]["revealed_attr_groups"]
    raw = {
        item: {name: pair["raw"] for name, pair in each["values"].items()} for item, each in groups.items()
    }
    return {
        row.id: claims.display_claim(row.claim, raw[row.item])
        for row in plan.sent_rows()
        if not row.predicate
    }

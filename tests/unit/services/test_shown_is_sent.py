"""What is displayed is what is in the bytes, for every envelope there is.

The left side is what the learner looks at: the model behind the consent screen, read from the service's answer as the
wallet reads it. The right side is read from the bytes that left, by the few lines of this file and not by the code
that planned them. An envelope without a case here fails the last test.
"""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.core import claims
from agent.core.consent import SIGNED_BADGE
from agent.core.policy import PREDICATE_ATTRIBUTES
from agent.errors import InputError
from agent.formats.leaves import leaves
from agent.formats.registry import ENVELOPES
from agent.services.exporting import Exporting
from agent.services.presenting import Switches
from tests.simulators.town import Member, Town, town
from tests.unit.vc import documents as made
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


def displayed(document: Document) -> Plan | None:
    """The plan as the consent screen has it."""
    return Request.read(Doc(document)).plan


@dataclass
class Tally:
    """Examples that are all refused would prove nothing."""

    answered: int = 0
    of_several: int = 0
    chosen: int = 0
    switched: int = 0


@pytest.fixture(scope="module")
def tally() -> Iterator[Tally]:
    found = Tally()
    yield found
    assert found.answered >= 20, found
    assert min(found.of_several, found.chosen, found.switched) >= 3, found


def a_policy(claims: list[Document], each: Document, whole: Document) -> Document:
    return {
        "version": 1,
        "title": "Analyst",
        "purpose": "Shortlisting",
        "retention_days": 30,
        "claims": claims,
        "each": each,
        "set": whole,
    }


TWO = a_policy(
    [{"claim": "title"}, {"claim": "grade", "required": False}, {"claim": "birth_date", "required": False}],
    {"min_eqf": 6, "registry": ["assured_official"]},
    {"credentials": {"at_least": 2}},
)
ALL = set(range(len(HELD)))

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
    lambda wanted, irrelevant, each, whole: a_policy(wanted + irrelevant, each, whole),
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


@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(policy=TWO, held=ALL, switches={0, 1})
@example(policy=TWO, held=ALL, switches={0})
@example(policy=TWO, held=ALL, switches={1, 2})
@given(
    policy=policies,
    held=st.sets(st.integers(0, len(HELD) - 1), min_size=2),
    switches=st.sets(st.integers(0, 9)),
)
async def test_an_answer_to_a_request(
    people: Town, tally: Tally, policy: Document, held: set[int], switches: set[int]
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
        chosen = {
            each.item: each.others[0].id for each in plan.credentials[-1:] if 0 in switches and each.others
        }
        set_so = Switches(include, chosen)
        plan = displayed(await presenting.view(shown["id"], set_so))
        assert plan is not None
        done = await presenting.present(shown["id"], expect=plan.hash, switches=set_so)
        assert done["state"] == "sent", done["error"]
        (presentation,) = learner.wallet.sent[before:]
        assert list(plan.revealed_paths()) == paths_in(presentation)
        assert plan.says_what_leaves
        assert shown_values(plan) == sent_values(plan, presentation)
        tally.answered += 1
        tally.of_several += len(plan.credentials) > 1
        tally.chosen += plan.choose != ()
        tally.switched += include != frozenset()
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


# --- a signed file that is given out


json_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | json_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(json_texts, inner, max_size=3),
    max_leaves=10,
)
documents = st.dictionaries(json_texts, json_values, max_size=6)


def pairs_in(content: bytes) -> list[tuple[str, str]]:
    """Path (RFC 6901) and value of every leaf of a file, tokens opened, sorted."""
    found, left = [], [("", _opened(content.decode()) if content[:1] != b"{" else json.loads(content))]
    while left:
        path, value = left.pop()
        members = {}
        if isinstance(value, dict):
            members = {name.replace("~", "~0").replace("/", "~1"): each for name, each in value.items()}
        elif isinstance(value, list):
            members = {str(place): each for place, each in enumerate(value)}
        elif isinstance(value, str) and value.startswith("data:application/vc+jwt,"):
            left.append((path, _opened(value.partition(",")[2])))
            continue
        left += [(f"{path}/{name}", each) for name, each in members.items()]
        if not members:
            found.append((path, value if isinstance(value, str) else json.dumps(value)))
    return sorted(found)


def _opened(token: str) -> Any:
    header, payload, _ = (base64.urlsafe_b64decode(f"{part}==") for part in token.split("."))
    return {"(header)": json.loads(header)} | json.loads(payload)


def own(path: str) -> bool:
    """A presentation's own name and signature, which are new each time it is made; not what it presents."""
    return path == "/id" or path.startswith("/proof/")


async def shown_and_written(member: Member, held: Document, form: str) -> None:
    """``GET …/export/preview`` and then ``…/export``: the same paths with the same values."""
    exporting = Exporting(member.agent.node, member.agent.holding)
    asked = {"challenge": "n-1", "domain": "employer.example"} if form == "presentation" else {}
    shown = [(row["path"], row["value"]) for row in (await exporting.preview(held, form, **asked))["claims"]]
    written = pairs_in((await exporting.export(held, form, **asked)).content)
    assert sorted(path for path, _ in shown) == [path for path, _ in written]
    signed_anew = form == "presentation"
    assert [each for each in sorted(shown) if not (signed_anew and own(each[0]))] == [
        each for each in written if not (signed_anew and own(each[0]))
    ]


async def any_held(people: Town) -> Document:
    return (await people.members["learner"].agent.holding.credentials())[0]


quick = settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@quick
@given(said=documents)
async def test_a_credential_with_its_proof_inside(people: Town, said: Document) -> None:
    learner = people.members["learner"]
    held = await any_held(people) | {"envelope": "ldp_vc", "secured": {"proof": {"proofValue": "z1"}} | said}
    for form in ("json", "open-badge"):
        await shown_and_written(learner, held, form)


badges = st.builds(
    lambda alignments, changes, evidence: made.badge(alignments, evidence=evidence, **changes),
    st.integers(0, 3),
    st.fixed_dictionaries({}, optional={"name": json_texts, "description": json_texts}),
    st.lists(
        st.fixed_dictionaries(
            {"id": st.just("https://mtu.example/e/1"), "type": st.just(["Evidence"])},
            optional={"name": json_texts, "narrative": json_texts},
        ),
        max_size=2,
    ),
)


@settings(quick, max_examples=10)
@given(badge=badges)
async def test_a_badge_that_is_presented(people: Town, badge: Document) -> None:
    learner = people.members["learner"]
    admin = await learner.agent.node.admin()
    holder = await admin.create_did_key()
    badge["credentialSubject"]["id"] = holder
    secured = made.sign(badge, suite="eddsa-jcs-2022")
    held = await any_held(people) | {"envelope": "ldp_vc", "secured": secured, "holder": holder}
    before = len(await learner.history())
    await shown_and_written(learner, held, "presentation")
    (entry,) = (await learner.history())[before:]  # looking is not giving out
    assert (entry["kind"], entry["party"]["host"], entry["form"]) == (
        "presented",
        "employer.example",
        SIGNED_BADGE,
    )
    assert entry["credentials"] == [held["id"]]


@quick
@given(said=documents)
async def test_a_token(people: Town, said: Document) -> None:
    held = await any_held(people) | {"envelope": "vc_jwt", "secured": made.jwt(said)}
    for form in ("json", "open-badge"):
        await shown_and_written(people.members["learner"], held, form)


@quick
@given(said=documents, as_token=st.booleans())
async def test_a_badge_of_version_two(people: Town, said: Document, as_token: bool) -> None:
    held = await any_held(people) | {"envelope": "open_badge_2", "secured": said}
    if as_token:
        held["token"] = made.jwt(said)
    for form in ("json", "open-badge"):
        await shown_and_written(people.members["learner"], held, form)


async def test_an_anoncreds_file(people: Town) -> None:
    for held in await people.members["learner"].agent.holding.credentials():
        await shown_and_written(people.members["learner"], held, "json")


async def test_a_token_inside_a_presentation_is_opened_in_its_place() -> None:
    token = made.jwt({"name": "A/B", "credentialSubject": {}})
    held = {"verifiableCredential": [{"id": f"data:application/vc+jwt,{token}"}, {"id": "data:,x.y.z"}]}
    content = json.dumps(held).encode()
    assert sorted((leaf.path, leaf.value) for leaf in leaves(content)) == pairs_in(content)
    assert ("/verifiableCredential/0/id/credentialSubject", "{}") in pairs_in(content)


@pytest.mark.parametrize(
    "content", [b"\x89PNG", b"%PDF-1.7", b"<html>", b"", b"a.b.c", b"{", b'{"a":1,"a":2}']
)
async def test_what_is_not_made_of_members_has_no_paths(content: bytes) -> None:
    with pytest.raises(InputError, match="no_paths"):
        leaves(content)


# --- none is forgotten

CASES = {
    "anoncreds": (test_an_answer_to_a_request, test_an_anoncreds_file),
    "ldp_vc": (test_a_credential_with_its_proof_inside, test_a_badge_that_is_presented),
    "vc_jwt": (test_a_token,),
    "open_badge_2": (test_a_badge_of_version_two,),
}


def test_every_envelope_has_its_case() -> None:
    assert set(CASES) == set(ENVELOPES)
    answering = {name for name, envelope in ENVELOPES.items() if envelope.answers_requests}
    assert answering == {name for name, cases in CASES.items() if test_an_answer_to_a_request in cases}

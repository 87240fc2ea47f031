"""Pages for people: the same answer as resolve(), nothing that runs, nothing from elsewhere, nothing hostile."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date, timedelta
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest

from tests.unit.trust_registry.conftest import Opener, bind_mtu, client
from tests.unit.trust_registry.samples import (
    AGENCIES,
    CIT_ID,
    FHJ_ID,
    INSTITUTIONS,
    MTU,
    MTU_ID,
    NOW,
    report,
)
from trust_registry.facts import Faculty, Identifier, Institution, Relation, Report
from trust_registry.harvested import Ingested
from trust_registry.models import Query
from trust_registry.registry import Registry
from trust_registry.standing import standing
from trust_registry.vocabulary import (
    AwardKind,
    Flag,
    Freshness,
    Outcome,
    Reason,
    RelationKind,
    ReportDecision,
    SnapshotKind,
    Status,
)
from trust_registry.words import FRESHNESS, OUTCOMES, REASONS

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&{{7*7}} \u202eevil\u202c\x1b[31m"


class Reader(HTMLParser):
    """Every tag with its attributes, and the text, as a browser's parser would see them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def outcome(self) -> str:
        (found,) = [attrs["data-outcome"] for _, attrs in self.tags if "data-outcome" in attrs]
        assert found is not None
        return found


def facts(*institutions: Institution, reports: tuple[Report, ...] = ()) -> Ingested:
    made = Ingested()
    made.institutions = {item.id: item for item in (*INSTITUTIONS, *institutions)}
    made.agencies = {item.acronym: item for item in AGENCIES}
    made.reports = {item.id: item for item in reports}
    made.relations = [Relation(CIT_ID, MTU_ID, date(2021, 1, 1), RelationKind.SUCCEEDED)]
    return made


def safe(response: httpx.Response) -> Reader:
    """What every page promises."""
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(
        part.strip().split(" ", 1) for part in response.headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "script-src" not in policy
    assert "unsafe" not in str(policy)
    (style,) = re.findall(r"<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy["style-src"] == f"'sha256-{digest}'"
    assert "url(" not in style
    assert "@import" not in style
    assert "set-cookie" not in response.headers
    assert response.headers["referrer-policy"] == "no-referrer"
    reader = Reader(response.text)
    names = {tag for tag, _ in reader.tags}
    assert not names & {"script", "iframe", "object", "embed", "img", "link", "base", "svg", "video", "audio"}
    for tag, attrs in reader.tags:
        assert not [
            name for name in attrs if name.startswith("on") or name in {"style", "src", "srcset", "ping"}
        ]
        for name in ("href", "action"):
            if attrs.get(name):
                target = urlsplit(attrs[name] or "")
                # A page links elsewhere and never loads from there.
                assert target.scheme in ({"", "https", "http"} if tag == "a" else {""}), attrs
                assert tag == "a" or not target.netloc
    return reader


async def test_the_search_page(web: httpx.AsyncClient) -> None:
    start = safe(await web.get("/"))
    assert "Is this institution quality-assured?" in start.text
    assert "Demonstration." in start.text
    result = await web.get("/", params={"q": "munster"})
    reader = safe(result)
    assert ("a", {"href": f"/institutions/{MTU_ID}"}) in reader.tags
    irish = safe(await web.get("/", params={"q": "Bhaile Átha Cliath"}))
    assert "found as Institiúid Teicneolaíochta Bhaile Átha Cliath" in " ".join(irish.text.split())
    nothing = safe(await web.get("/", params={"q": "Atlantis"}))
    assert "That is no judgement" in nothing.text
    many = safe(await web.get("/", params={"q": "university"}))
    (more,) = [attrs["href"] for tag, attrs in many.tags if attrs.get("rel") == "next"]
    assert more is not None
    assert safe(await web.get(more)).text != many.text


async def test_an_institution(web: httpx.AsyncClient) -> None:
    reader = safe(await web.get(f"/institutions/{MTU_ID}"))
    assert reader.outcome() == "assured_official"
    text = " ".join(reader.text.split())
    for part in (
        "Munster Technological University",
        "Quality-assured, officially",
        "On 2026-11-22.",
        "Since when2021-01-01",  # the predecessor's report is older, the institution is not
        "Until2028-04-30",
        "bachelor, first cycle (EQF 6)",
        "not a statement on a single course or credential",
        "The report is about a predecessor",
        "Quality and Qualifications Ireland",
        "European Quality Assurance Register (EQAR)",
        "neither the agency's nor EQAR's word",
        "succeeded Cork Institute of Technology",
        MTU.did,
        "level 2",
    ):
        assert part in text, part
    assert "OPERATORS-NOTE" not in text


async def test_a_hostile_question_stays_text(web: httpx.AsyncClient) -> None:
    for question in (HOSTILE, '"><script>alert(1)</script>', "' autofocus onfocus=alert(1) x='"):
        reader = safe(await web.get("/", params={"q": question}))
        (field,) = [attrs for tag, attrs in reader.tags if attrs.get("id") == "q"]
        kept = question.replace("\u202e", "\ufffd").replace("\u202c", "\ufffd").replace("\x1b", "\ufffd")
        assert field["value"] == kept
        assert "49" not in reader.text.split("Search")[0]


async def test_a_hostile_institution_stays_text(open_registry: Opener) -> None:
    evil = Institution("DEQARINST6666", HOSTILE, ("IE",), url="javascript:alert(3)")
    told = report(
        id="ILLUSTRATIVE-<b>", institution_ids=(evil.id,), url='https://x.example/" onclick="alert(4)'
    )
    registry = open_registry(facts(evil, reports=(told,)))
    async with client(registry) as http:
        page = await http.get(f"/institutions/{evil.id}")
        results = await http.get("/", params={"q": "alert"})
    for response in (page, results):
        reader = safe(response)
        assert "<script>alert(1)</script>" in reader.text  # shown, as text
        assert "\u202e" not in response.text
        assert "\x1b" not in response.text
        assert "{{7*7}}" in reader.text
    assert "javascript:" not in page.text
    assert "onclick" not in str([attrs for _, attrs in Reader(page.text).tags])


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ((report(),), "assured_official"),
        ((report(status=Status.VOLUNTARY),), "assured_voluntary"),
        ((report(decision=ReportDecision.NEGATIVE),), "not_assured"),
        ((report(flag=Flag.HIGH),), "not_assured"),
        ((report(valid_to=date(2020, 1, 1)),), "no_evidence"),
        ((), "no_evidence"),
        ((report(agency="NOBODY"),), "indeterminate"),
    ],
)
async def test_every_state_in_its_own_words(
    open_registry: Opener, reports: tuple[Report, ...], outcome: str
) -> None:
    async with client(open_registry(facts(reports=reports))) as http:
        reader = safe(await http.get(f"/institutions/{CIT_ID}", params={"at": "2020-06-01"}))
    assert reader.outcome() == outcome
    text = " ".join(reader.text.split())
    assert OUTCOMES[Outcome(outcome)].title in text
    others = {said.title for name, said in OUTCOMES.items() if name != outcome}
    assert not [title for title in others if title in text]
    assert ("For what" in text) is outcome.startswith("assured")


def test_words_for_everything_and_no_two_alike() -> None:
    assert set(OUTCOMES) == set(Outcome)
    assert set(REASONS) == set(Reason)
    assert set(FRESHNESS) == set(Freshness)
    assert len({said.title for said in OUTCOMES.values()}) == len(Outcome)
    assert len(set(REASONS.values())) == len(Reason)
    looks = {outcome: said.look for outcome, said in OUTCOMES.items()}
    assert {outcome for outcome in looks if looks[outcome] == "good"} == {
        Outcome.ASSURED_OFFICIAL,
        Outcome.ASSURED_VOLUNTARY,
    }
    assert [outcome for outcome in looks if looks[outcome] == "bad"] == [Outcome.NOT_ASSURED]


@pytest.mark.parametrize("age", [timedelta(), timedelta(days=3), timedelta(days=20), timedelta(days=40)])
@pytest.mark.parametrize("deployment", list(SnapshotKind))
def test_an_institution_stands_as_resolve_answers_for_its_did(
    open_registry: Opener, deployment: SnapshotKind, age: timedelta
) -> None:
    registry = open_registry(deployment=deployment)
    bind_mtu(registry)
    outcomes = set()
    for day in ("2021-01-01", "2024-02-29", "2026-10-01", "2026-11-22", "2028-04-30"):
        at = date.fromisoformat(day)
        found = standing(registry, MTU_ID, at=at, known_at=None, now=NOW + age)
        asked = Query(did=MTU.did, key=MTU.thumbprint, awarded_on=at, award_kind=AwardKind.PROGRAMME)
        answer = registry.resolve(asked, now=NOW + age)
        assert found is not None
        for decision in (found.decision, found.dids[0].decision):
            assert (decision.outcome, decision.reasons, decision.scope) == (
                answer.outcome,
                answer.reasons,
                answer.scope,
            )
        outcomes.add(answer.outcome)
    if deployment is SnapshotKind.PRODUCTION or age > timedelta(days=30):
        assert outcomes == {Outcome.INDETERMINATE}
    else:
        assert Outcome.ASSURED_OFFICIAL in outcomes


async def test_identifiers_names_and_wholes_are_shown(open_registry: Opener) -> None:
    """A faculty by the report of the whole: from when and until when, and whose part it is."""
    school = Institution(
        "DEQARINST9001",
        "School",
        ("IE",),
        names=("Scoil", HOSTILE),
        identifiers=(
            Identifier("ROR", "https://ror.org/1", date(2020, 1, 1)),
            Identifier("Evil", "javascript:alert(1)"),
        ),
    )
    known = facts(school, reports=(report(institution_ids=(FHJ_ID,), agency="AQ Austria"),))
    known.faculties.append(Faculty(FHJ_ID, school.id, date(2019, 1, 1), date(2027, 1, 1)))
    registry = open_registry(known)
    async with client(registry) as http:
        page = await http.get(f"/institutions/{school.id}")
        told = (await http.get(f"/v1/institutions/{school.id}")).json()
    reader = safe(page)
    assert reader.outcome() == told["standing"]["outcome"] == "assured_official"
    for said in ("Since when2019-01-01", "Until2027-01-01", "a faculty of", "ROR: https://ror.org/1"):
        assert said in reader.text, said
    assert ("a", {"href": f"/institutions/{FHJ_ID}"}) in reader.tags
    assert "javascript:alert(1)" in reader.text
    assert told["institution"]["names"] == ["School", "Scoil", HOSTILE]
    assert told["institution"]["identifiers"] == [
        {"resource": "ROR", "value": "https://ror.org/1", "valid_from": "2020-01-01", "valid_to": None},
        {"resource": "Evil", "value": "javascript:alert(1)", "valid_from": None, "valid_to": None},
    ]
    assert told["part_of"] == [{"id": FHJ_ID, "valid_from": "2019-01-01", "valid_to": "2027-01-01"}]


async def test_demo_data_elsewhere_are_never_shown_as_assurance(open_registry: Opener) -> None:
    registry = open_registry(deployment=SnapshotKind.PRODUCTION)
    bind_mtu(registry)
    async with client(registry) as http:
        reader = safe(await http.get(f"/institutions/{MTU_ID}"))
        told = (await http.get(f"/v1/institutions/{MTU_ID}")).json()
    assert reader.outcome() == told["standing"]["outcome"] == "indeterminate"
    assert "Quality-assured" not in reader.text
    assert "Cannot tell" in reader.text
    assert "Demonstration." in reader.text
    assert "demonstration data, which assure nothing" in reader.text
    assert [item["outcome"] for item in told["dids"]] == ["indeterminate"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/institutions/DEQARINST9", 404, "That is no judgement"),
        ("/institutions/%3Cscript%3E", 404, "That is no judgement"),
        (f"/institutions/{MTU_ID}?at=yesterday", 400, "YYYY-MM-DD"),
        (f"/institutions/{MTU_ID}?known_at=2026-01-01", 400, "RFC 3339"),
        (f"/institutions/{MTU_ID}?known_at=2030-01-01T00:00:00Z", 400, "in the future"),
        (f"/institutions/{MTU_ID}?kown_at=x", 400, "not known here"),
        ("/?q=%22", 400, "no letter and no digit"),
        ("/?q=a&offset=5000", 400, "whole number"),
    ],
)
async def test_mistakes_get_a_page_too(web: httpx.AsyncClient, path: str, status: int, said: str) -> None:
    response = await web.get(path)
    assert response.status_code == status
    assert said in safe(response).text


def test_unknown_to_the_registry_and_to_the_page(web_registry: Registry) -> None:
    assert standing(web_registry, "DEQARINST9", at=NOW.date(), known_at=None, now=NOW) is None

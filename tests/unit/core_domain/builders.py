"""Records for the tests: one that says everything, and a strategy that says anything allowed."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from hypothesis import strategies as st

from agent.core import vocabularies as words
from agent.core.record import Record

FULL: dict[str, Any] = {
    "version": 1,
    "id": "urn:uuid:7b0f6d3e-9a55-4d8c-8f3b-0d1f6a3f2b11",
    "title": {"en": "Data Literacy", "de": "Datenkompetenz", "ar": "محو أمية البيانات"},
    "learner": {"given_name": "Ada", "family_name": "Byrne", "birth_date": "1999-04-02", "id": "R00123"},
    "issuer": {
        "did": "did:web:localhost%3A8301",
        "name": {"en": "Munster Technological University"},
        "countries": ["IE"],
        "registry_id": "DEQARINST7609",
    },
    "awarding_bodies": [{"name": "Munster Technological University", "status": "public", "country": "IE"}],
    "awarded_on": "2025-06-01",
    "expires_on": "2030-06-01",
    "outcomes": [
        {"text": {"en": "Read data."}, "esco": "http://data.europa.eu/esco/skill/a", "dublin": "knowledge"},
        {"text": {"en": "Clean data."}},
    ],
    "credit": {"system": "ects", "value": "5"},
    "workload_hours": "125",
    "level": {"eqf": 6, "nqf": {"framework": "NFQ", "level": "8"}, "qf_ehea": "first"},
    "assessment": {
        "basis": "assessed",
        "types": ["project", "oral-exam"],
        "supervision": "supervised-online-id",
        "criteria": {"en": "A project."},
    },
    "participation": ["blended"],
    "quality_assurance": {
        "type": "external-institutional",
        "agency": "QQI",
        "statement": {"en": "Reviewed."},
        "accreditation": "institution",
        "assurance": {"profile": {"en": "A university."}, "review": {"en": "Every five years."}},
    },
    "grade": {"scale": "Percentage", "value": "71"},
    "language": ["en"],
    "prerequisites": {"en": "None."},
    "description": {"en": "Five weeks."},
    "evidence": [{"url": "https://example.org/work", "sha256": "ab" * 32, "description": {"en": "Report"}}],
    "articulates_with": ["munster-tu/certificate"],
    "learning_type": "formal",
    "category": "single-module",
    "provision": {
        "starts_on": "2025-02-01",
        "ends_on": "2025-05-30",
        "self_paced": True,
        "requirements": {"en": "A computer."},
        "recommended_prior": {"en": "Statistics."},
        "target_group": {"en": "People at work."},
        "costs": {"en": "None."},
        "jurisdiction": "IE",
        "industry": {"en": "Process industries."},
        "supported_by": {"en": "A trade body."},
        "depth": {"en": "Foundation."},
    },
    "recognition": {
        "stackability": "towards-another",
        "credit_only_when_stacked_with": ["munster-tu/sustainable-energy"],
        "leads_to": {"eqf": 6},
        "statement": {"en": "Counts towards a certificate."},
        "supersedes": ["munster-tu/data-skills"],
    },
    "template": "munster-tu/data-literacy@1",
    "further": {"en": "Nothing."},
}

# One change per Council element that takes its content away (domain.md §2.1).
WITHOUT: dict[str, tuple[str, ...]] = {
    "element_learner": ("learner",),
    "element_title": ("title",),
    "element_country": ("issuer.countries",),
    "element_awarding_body": ("awarding_bodies",),
    "element_awarded_on": ("awarded_on",),
    "element_outcomes": ("outcomes",),
    "element_workload": ("credit", "workload_hours"),
    "element_level": ("level",),
    "element_assessment": ("assessment.types",),
    "element_participation": ("participation",),
    "element_quality_assurance": ("quality_assurance",),
}


def full(**changes: Any) -> dict[str, Any]:
    """The JSON of a complete record; ``issuer__did="…"`` changes a nested member, None removes one."""
    data = copy.deepcopy(FULL)
    for name, value in changes.items():
        *parents, last = name.split("__")
        place = data
        for parent in parents:
            place = place[parent]
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return data


def record(**changes: Any) -> Record:
    return Record.from_json(full(**changes))


def without(*paths: str) -> Record:
    return record(**{path.replace(".", "__"): None for path in paths})


# Every character but NUL and surrogates: escapes, bidi overrides, markup and newlines are data.
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
_PROSE = st.dictionaries(
    st.sampled_from(["en", "de", "ar", "zh-Hant", "en-IE"]), _TEXT, min_size=1, max_size=3
)
_DATE = st.dates(date(1900, 1, 1), date(2999, 12, 31)).map(date.isoformat)
_COUNTRY = st.sampled_from(["IE", "AT", "BE-VLG"])
_URL = st.sampled_from(["https://example.org/a", "http://data.europa.eu/esco/skill/b"])
_CREDIT = st.from_regex(r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?", fullmatch=True, alphabet="0123456789.")
_HOURS = st.integers(1, 99999).map(str) | st.sampled_from(["0.5", "0.9833", "0.0001", "12.25"])


def _object(required: dict[str, Any] | None = None, **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required or {}, optional=optional).filter(bool)


def _listing(item: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(item, min_size=1, max_size=3)


_LEVEL = _object(
    eqf=st.integers(1, 8),
    nqf=_object({"framework": _TEXT, "level": _TEXT}),
    qf_ehea=st.sampled_from(list(words.QF_EHEA)),
) | st.just({"not_applicable": True})

record_json: st.SearchStrategy[dict[str, Any]] = _object(
    {
        "version": st.just(1),
        "id": _TEXT,
        "issuer": _object(
            {"did": st.sampled_from(["did:web:a.example", "did:web:localhost%3A8301:x"])},
            name=_PROSE,
            countries=_listing(_COUNTRY),
            registry_id=_TEXT,
        ),
    },
    title=_PROSE,
    learner=_object(given_name=_TEXT, family_name=_TEXT, birth_date=_DATE, id=_TEXT),
    awarding_bodies=_listing(_object({"name": _TEXT}, status=st.just("public"), country=_COUNTRY)),
    awarded_on=_DATE,
    expires_on=_DATE,
    outcomes=_listing(_object({"text": _PROSE}, esco=_URL, dublin=st.sampled_from(list(words.DUBLIN)))),
    credit=_object({"system": st.sampled_from(list(words.CREDIT_SYSTEMS)), "value": _CREDIT}),
    workload_hours=_HOURS,
    level=_LEVEL,
    assessment=_object(
        basis=st.sampled_from(list(words.EVIDENCE_GRADES)),
        types=_listing(st.sampled_from(list(words.ASSESSMENT_TYPES))),
        supervision=st.sampled_from(list(words.SUPERVISION)),
        criteria=_PROSE,
    ),
    participation=_listing(st.sampled_from(list(words.PARTICIPATION))),
    quality_assurance=_object(
        {"type": st.just("internal")}, agency=_TEXT, statement=_PROSE, accreditation=st.just("course")
    )
    | _object({"type": st.just("industry")}, standard=_TEXT)
    | _object(
        {"type": st.just("platform")}, assurance=_object(profile=_PROSE, processes=_PROSE, review=_PROSE)
    ),
    grade=_object({"scale": _TEXT, "value": _TEXT}),
    language=_listing(st.sampled_from(["en", "de", "zh-Hant"])),
    prerequisites=_PROSE,
    description=_PROSE,
    evidence=_listing(_object({"url": _URL}, sha256=st.just("0f" * 32), description=_PROSE)),
    articulates_with=_listing(_TEXT),
    learning_type=st.sampled_from(list(words.LEARNING_TYPES)),
    category=st.sampled_from(list(words.CATEGORIES)),
    provision=_object(
        starts_on=st.just("2025-01-01"),
        ends_on=st.just("2025-01-01"),
        self_paced=st.just(True),
        requirements=_PROSE,
        costs=_PROSE,
        jurisdiction=_COUNTRY,
        depth=_PROSE,
    ),
    recognition=_object(
        stackability=st.sampled_from(list(words.STACKABILITY)),
        credit_only_when_stacked_with=_listing(_TEXT),
        leads_to=_LEVEL,
        statement=_PROSE,
        supersedes=_listing(_TEXT),
    ),
    template=_TEXT,
    further=_PROSE,
)

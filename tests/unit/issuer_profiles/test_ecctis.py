"""The nine issuers of source 003: their facts are where they say, and contradictions are kept."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from agent.core import vocabularies as words
from issuer_profiles import Profile, Target, Template, load_profile, load_target, load_templates
from issuer_profiles.loader import ROOT
from issuer_profiles.models import Fact

NINE = (
    "ccea",
    "childhood-education-international",
    "depaul",
    "friday-institute",
    "harvard-extension",
    "nova-academy",
    "personalized-learning",
    "suny-buffalo-state",
    "teacher-career-pathways",
)
PROFILES = [load_profile(name) for name in NINE]
TEMPLATES = [(profile, template) for profile in PROFILES for template in load_templates(profile)]
TARGETS = {
    file.stem: (profile, load_target(file))
    for profile in PROFILES
    for file in sorted((ROOT / profile.id / "targets").glob("*.toml"))
}
FACTS = [
    pytest.param(profile, fact, id=f"{profile.id}-{fact.topic}-{fact.source}")
    for profile in PROFILES
    for fact in profile.facts
]

# One vocabulary for all nine, so that they can be compared.
TOPICS = frozenset(
    {
        *("stackable", "stackable-to-degree", "stackable-in-cv", "any-order"),
        *("credit-bearing", "credit-academic", "credit-professional", "credit-by-seat-time"),
        *("award-is-badge", "award-is-certificate", "certificate-is-the-micro-credential", "joint-award"),
        *("assessed", "assessed-alike", "graded", "time-limit", "course-required", "open-to-non-students"),
        *("accredited", "quality-assurance-published", "online", "self-paced", "cost"),
        *("platform-digital-promise", "own-website", "is-platform", "content-focused", "experience-focused"),
    }
)
# How many lines the source documents have; the nine cite 003.
LINES = {"000": 523, "001": 885, "002": 2048, "003": 2719, "004": 437}
SEEDS = ROOT.parents[1] / "shared" / "seeds"
_CITED = re.compile(r"(00[0-4]):(\d+)(?:-(\d+))?")


def cited(source: str) -> list[tuple[str, int, int]]:
    """(document, first line, last line) of each place that a source such as ``003:1299, 003:1584`` names."""
    places = []
    for place in source.split(", "):
        found = _CITED.fullmatch(place)
        if found is not None:
            places.append((found[1], int(found[2]), int(found[3] or found[2])))
    return places


def squeezed(text: str) -> str:
    """Cells of a table are parted by tabs, and a quote may run over an empty line."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def seeds() -> dict[str, list[str]]:
    """The lines of the source documents, which are not part of this repository."""
    files = {file.name[:3]: file for file in sorted(SEEDS.glob("00[0-4]_*.txt"))}
    if set(files) != set(LINES):
        pytest.skip(f"the source documents are not at {SEEDS}: quotes are not compared")
    # Not splitlines(), which parts lines at other characters as well.
    return {name: file.read_text("utf-8").removesuffix("\n").split("\n") for name, file in files.items()}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_profiles_are_illustrative_and_claim_no_registry(profile: Profile) -> None:
    assert profile.illustrative
    assert "not issued, reviewed or endorsed" in profile.notice
    assert profile.registry_id is None
    assert {"complaint", "privacy"} <= set(profile.synthetic)
    assert profile.credit_system in words.CREDIT_SYSTEMS
    quality = profile.quality_assurance
    assert (quality.accreditation == "institution") == (quality.type == "external-institutional")
    if quality.accreditation:
        # Never of the micro-credential (003:279, 003:1659), and only where the source says so.
        assert any(fact.topic == "accredited" and fact.value == "yes" for fact in profile.facts)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.id)
def test_templates_and_what_is_said_of_every_issuer(profile: Profile) -> None:
    templates = load_templates(profile)
    assert len(templates) == 12 if profile.id == "suny-buffalo-state" else 2 <= len(templates) <= 5
    topics = {fact.topic for fact in profile.facts}
    assert topics <= TOPICS
    assert {"stackable", "assessed", "cost", "quality-assurance-published", "credit-academic"} <= topics
    assert {"award-is-badge", "award-is-certificate"} & topics
    for template in templates:
        assert set(template.assessment.types) <= set(words.ASSESSMENT_TYPES)
        assert template.credit is None or template.credit.system in words.CREDIT_SYSTEMS
        assert template.prerequisites
        assert template.synthetic


def test_credit_systems_and_sizes() -> None:
    systems = defaultdict(set)
    for profile, template in TEMPLATES:
        systems[profile.id].add(template.credit.system if template.credit else "")
    assert systems == {
        "ccea": {"contact-unit"},
        "childhood-education-international": {""},
        "depaul": {""},
        "friday-institute": {"us-credit", "ceu"},
        "harvard-extension": {"us-credit"},
        "nova-academy": {"ects"},
        "personalized-learning": {""},
        "suny-buffalo-state": {"us-credit"},
        "teacher-career-pathways": {"a-plus-credit"},
    }
    sizes = [each.credit.value for each in load_templates("suny-buffalo-state") if each.credit]
    assert len(set(sizes)) >= 10


def test_nova_is_awarded_jointly_and_priced_by_the_credit() -> None:
    nova = load_profile("nova-academy")
    assert [body.name for body in nova.awarding_bodies] == [
        "Universiteit Gent",
        "Vrije Universiteit Brussel",
        "Universiteit Antwerpen",
    ]
    for template in load_templates(nova):
        assert template.credit
        assert template.provision
        price = f"EUR {float(template.credit.value) * 37.5:.2f}".removesuffix(".00")
        assert dict(template.provision.costs or {})["en"].startswith(f"{price} (")


@pytest.mark.parametrize(("profile", "fact"), FACTS)
def test_facts_cite_a_line_that_can_exist(profile: Profile, fact: Fact) -> None:
    ((document, first, last),) = cited(fact.source)
    assert document == "003"
    assert 1 <= first <= last <= LINES[document]


def test_facts_quote_their_lines(seeds: dict[str, list[str]]) -> None:
    assert {name: len(lines) for name, lines in seeds.items()} == LINES
    for profile in PROFILES:
        for fact in profile.facts:
            ((document, first, last),) = cited(fact.source)
            line = squeezed(" ".join(seeds[document][first - 1 : last]))
            assert fact.quote, f"{profile.id}: {fact.topic} has no quote"
            assert squeezed(fact.quote) in line, f"{profile.id}: {fact.source} does not say “{fact.quote}”"


def test_sources_cite_lines_that_say_something(seeds: dict[str, list[str]]) -> None:
    items: list[Profile | Template | Target] = [*PROFILES, *(template for _, template in TEMPLATES)]
    items += [target for _, target in TARGETS.values()]
    for item in items:
        for source in item.sources:
            for document, first, last in cited(source.source):
                said = seeds[document][first - 1 : last]
                assert all(line.strip() for line in (said[0], said[-1])), f"{item.id}: {source.source}"


def test_titles_that_a_source_names_are_in_it(seeds: dict[str, list[str]]) -> None:
    for _, template in TEMPLATES:
        if "title" in template.synthetic or template.id.startswith("microcertificate-"):
            continue
        (source,) = (source.source for source in template.sources if source.fact == "Title")
        ((document, first, _),) = cited(source)
        assert template.title["en"].removeprefix("Micro-credentials: ") in seeds[document][first - 1]


def test_contradictions_are_kept() -> None:
    """domain.md §2.3: value and source line, nothing tidied."""
    disagree = defaultdict(set)
    for profile in PROFILES:
        values = defaultdict(set)
        for fact in profile.facts:
            values[fact.topic].add(fact.value)
        disagree[profile.id] = {topic for topic, said in values.items() if len(said) > 1}
    assert disagree == {
        "ccea": {"credit-bearing", "credit-professional", "cost"},
        "childhood-education-international": {"cost"},
        "depaul": {"award-is-certificate", "stackable-to-degree"},
        "friday-institute": {"award-is-certificate", "credit-professional", "stackable"},
        "harvard-extension": {"assessed", "certificate-is-the-micro-credential", "stackable-to-degree"},
        "nova-academy": {"joint-award", "stackable-to-degree"},
        "personalized-learning": set(),
        "suny-buffalo-state": {
            "award-is-badge",
            "cost",
            "quality-assurance-published",
            "stackable-to-degree",
        },
        "teacher-career-pathways": {"award-is-certificate", "credit-bearing"},
    }


def test_targets_accept_their_owner_by_an_example_did() -> None:
    assert {name: owner.id for name, (owner, _) in TARGETS.items()} == {
        "depaul-degree": "depaul",
        "friday-institute-course": "friday-institute",
        "harvard-graduate-certificate": "harvard-extension",
        "harvard-microcertificate": "harvard-extension",
        "nc-licence-renewal": "friday-institute",
        "nova-elective": "nova-academy",
    }
    for owner, target in TARGETS.values():
        assert target.illustrative
        assert "illustrative" in target.awarded_by.name
        assert target.complaint
        assert target.accepts.issuers[0] == f"did:web:{owner.id}.example"
        # No institution of the United States is in DEQAR.
        assert target.accepts.registry_assured == (owner.countries == ("BE",))


def test_targets_say_what_their_sources_say() -> None:
    """domain.md §4, worked vectors; that they add up is the stack engine's to show."""
    licence, course = TARGETS["nc-licence-renewal"][1], TARGETS["friday-institute-course"][1]
    assert (licence.kind, licence.unit, licence.total, licence.convert) == (
        "licence",
        "clock-hour",
        "80",
        {"ceu": "10"},
    )
    assert "North Carolina" in licence.awarded_by.name
    assert (course.unit, course.total) == ("us-credit", "3")
    assert course.sizes
    assert (course.sizes.least, course.sizes.most) == ("1", "1")

    micro, graduate = TARGETS["harvard-microcertificate"][1], TARGETS["harvard-graduate-certificate"][1]
    assert (micro.unit, micro.total, micro.window.span_months) == ("credentials", "2", 12)
    assert micro.grades
    assert micro.grades.accepted == ("A+", "A", "A-", "B+", "B")
    assert micro.grades.scale == load_profile("harvard-extension").grading_scale
    (pool,) = micro.elective
    assert (pool.at_least, pool.at_most) == (2, 2)
    assert 2 <= len(pool.match.templates) <= 5
    assert (graduate.unit, graduate.total) == ("credentials", "2")
    assert [place.id for place in graduate.required] == ["project-management"]

    degree = TARGETS["depaul-degree"][1]
    assert (degree.kind, degree.required, degree.elective) == ("degree", (), ())


def test_targets_name_templates_that_exist() -> None:
    known = {f"{profile.id}/{template.id}" for profile, template in TEMPLATES}
    for _, target in TARGETS.values():
        matches = [place.match for place in target.required] + [pool.match for pool in target.elective]
        assert {name for match in matches for name in match.templates} <= known


def test_nova_elective_keeps_both_facts() -> None:
    target = TARGETS["nova-elective"][1]
    assert target.kind == "elective-block"
    sources = {source.source for source in target.sources}
    assert {"003:1299, 003:1584", "003:1610-1612"} <= sources

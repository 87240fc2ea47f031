"""The negative samples: regenerating changes nothing, and each shows what its README says."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import rfc8785

from agent.core import taxonomy
from agent.core.policy import Policy, flags
from agent.core.record import Record
from issuer_profiles.loader import ROOT
from trust_registry.facts import Agency, Binding, Facts, Institution, Report, SnapshotFacts
from trust_registry.models import Decision, Query
from trust_registry.resolve import resolve
from trust_registry.vocabulary import Activity, Cycle, Outcome, Reason, ReportDecision, SnapshotKind, Status

FOLDER = ROOT / "samples" / "negative"
SCRIPT = ROOT.parent / "scripts" / "negative_samples.py"
README = (FOLDER / "README.md").read_text("utf-8")
POLICY = "policy-asks-nationality.json"
QUESTIONS = {"authentic", "quality-assured", "complete", "counts"}
# | `file` | what is wrong | question | answer |
ROW = re.compile(r"^\| `([^`]+)` \| [^|]+ \| ([a-z-]+) \| ([^|]+) \|$", re.MULTILINE)
INDEX: dict[str, tuple[str, str]] = {row[1]: (row[2], row[3]) for row in ROW.finditer(README)}
RECORDS = sorted(set(INDEX) - {POLICY})
TODAY = date(2026, 11, 22)


def load(file: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / file).read_text("utf-8"))
    return data


def sample(name: str) -> Record:
    return Record.from_json(load(f"{name}.json"))


def micro_credential(name: str) -> bool | None:
    return taxonomy.category(sample(name)).micro_credential


def question(name: str) -> str:
    return INDEX[f"{name}.json"][0]


def test_regenerating_changes_nothing() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "no file changed\n"), done.stdout + done.stderr


def test_the_index_is_complete() -> None:
    assert set(INDEX) == {file.name for file in FOLDER.glob("*.json")}
    assert {INDEX[file][0] for file in RECORDS} == QUESTIONS
    assert INDEX[POLICY][0] == "none"


@pytest.mark.parametrize("file", RECORDS)
def test_every_record_is_read_and_is_synthetic(file: str) -> None:
    data = load(file)
    record = Record.from_json(data)
    assert record.to_json() == data
    assert record.id.startswith("urn:uuid:")
    assert record.issuer.host.endswith(".example")
    assert (record.learner.family_name, record.learner.id) == ("Sample", "SAMPLE-0001")
    assert record.further["en"].startswith("A synthetic sample")


def test_ids_differ() -> None:
    assert len({load(file)["id"] for file in RECORDS}) == len(RECORDS)


# Authentic and current


def test_tampered_has_another_digest() -> None:
    signed, found = re.findall(r"`([0-9a-f]{64})`", README)
    record = sample("tampered")
    assert record.digest() == found != signed
    data = load("tampered.json")
    assert hashlib.sha256(rfc8785.dumps(data)).hexdigest() == found
    # What was signed: the same, but for the credit.
    assert Record.from_json(data | {"credit": {"system": "ects", "value": "5"}}).digest() == signed
    assert question("tampered") == "authentic"


def test_expired() -> None:
    record = sample("expired")
    assert record.expires_on == date(2022, 3, 1)
    assert record.expires_on < TODAY
    assert question("expired") == "authentic"
    others = [sample(file.removesuffix(".json")) for file in RECORDS if file != "expired.json"]
    assert {other.expires_on for other in others} == {None}


# Quality-assured at the date of award

FHJ, LAPSED, HARBOUR = (
    f"did:web:{name}.example" for name in ("fh-joanneum", "lapsed-college", "harbour-university")
)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def _binding(did: str, institution: str) -> Binding:
    return Binding(
        did=did,
        institution_id=institution,
        level=2,
        thumbprint="A" * 43,
        jwk={},
        valid_from=date(2010, 1, 1),
        valid_to=None,
        revoked=None,
        evidence="test",
        recorded_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


def _report(institution: str, start: date, end: date) -> Report:
    return Report(
        id=f"ILLUSTRATIVE-{institution}",
        institution_ids=(institution,),
        agency="TEST",
        activity=Activity.INSTITUTIONAL,
        status=Status.OBLIGATORY,
        decision=ReportDecision.POSITIVE,
        valid_from=start,
        valid_to=end,
        cycles=frozenset({Cycle.FIRST, Cycle.SECOND}),
        illustrative=True,
    )


def registry_says(record: Record) -> Decision:
    """The answer of a registry that holds what the README says it has to."""
    demo = SnapshotKind.DEMO
    facts = Facts(
        snapshot=SnapshotFacts(seq=1, issued_at=NOW, kind=demo, sha256="0" * 64, deployment=demo),
        bindings=(_binding(FHJ, "DEQARINST0066"), _binding(LAPSED, "LAPSED"), _binding(HARBOUR, "HARBOUR")),
        institutions=(
            Institution("DEQARINST0066", "University of Applied Sciences Joanneum", ("AT",)),
            Institution("LAPSED", "Lapsed College", ("IE",)),
            Institution("HARBOUR", "Harbour University", ("IE",)),
        ),
        reports=(
            _report("DEQARINST0066", date(2018, 3, 15), date(2028, 3, 14)),
            _report("LAPSED", date(2015, 9, 1), date(2020, 8, 31)),
            _report("HARBOUR", date(2020, 1, 1), date(2027, 12, 31)),
        ),
        agencies=(Agency("TEST", "An agency", ((date(2010, 1, 1), None),)),),
    )
    assert record.awarded_on is not None
    query = Query(
        did=record.issuer.did,
        key="A" * 43,
        awarded_on=record.awarded_on,
        country=record.issuer.countries[0],
        eqf=record.level.eqf if record.level else None,
        ects=record.credit.amount if record.credit and record.credit.system == "ects" else None,
    )
    return resolve(facts, query, now=NOW)


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("private-person-issuer", Outcome.UNKNOWN_ISSUER, Reason.DID_NOT_BOUND),
        ("review-expired", Outcome.NO_EVIDENCE, Reason.REPORT_EXPIRED),
        ("outside-level", Outcome.NOT_ASSURED, Reason.LEVEL_NOT_COVERED),
        ("outside-country", Outcome.NOT_ASSURED, Reason.JURISDICTION_NOT_COVERED),
        ("diploma-mill", Outcome.UNKNOWN_ISSUER, Reason.DID_NOT_BOUND),
    ],
)
def test_the_registry_does_not_assure(name: str, outcome: Outcome, reason: Reason) -> None:
    decision = registry_says(sample(name))
    assert (decision.outcome, decision.reasons) == (outcome, (reason,))
    assert question(name) == "quality-assured"
    assert f"`{outcome}`" in INDEX[f"{name}.json"][1]
    # A sound micro-credential all the same: the questions are never merged.
    assert micro_credential(name) is True


def test_it_is_the_level_and_the_country_that_are_not_covered() -> None:
    level, country = sample("outside-level"), sample("outside-country")
    assert level.level
    within = replace(level, level=replace(level.level, eqf=7))
    at_home = replace(country, issuer=replace(country.issuer, countries=("AT",)))
    assert {registry_says(each).outcome for each in (within, at_home)} == {Outcome.ASSURED_OFFICIAL}


def test_the_mill_names_its_accreditor() -> None:
    quality = sample("diploma-mill").quality_assurance
    assert quality
    assert "Atlantis" in (quality.agency or "")
    assert "untrusted" not in json.dumps(registry_says(sample("diploma-mill")).to_json())


def test_a_joint_award_names_both_bodies_and_one_of_them_signed() -> None:
    record = sample("joint-award")
    assert [body.country for body in record.awarding_bodies] == ["IE", "BE"]
    assert record.issuer.countries == ("IE", "BE")
    decision = registry_says(record)
    assert decision.outcome is Outcome.ASSURED_OFFICIAL
    assert "Zee" not in json.dumps(decision.to_json())


# A micro-credential at all, and complete


@pytest.mark.parametrize("name", ["attendance-certificate", "participation-badge"])
def test_nothing_assessed_is_no_micro_credential(name: str) -> None:
    assert micro_credential(name) is False
    assert INDEX[f"{name}.json"][1].startswith("Not a micro-credential")


@pytest.mark.parametrize("name", ["zero-ects-8-hours", "unassessed-5-ects"])
def test_what_the_table_leaves_open_is_undefined(name: str) -> None:
    assert micro_credential(name) is None
    assert INDEX[f"{name}.json"][1].startswith("Undefined")


def test_sizes_of_other_countries() -> None:
    credit, hours = sample("nz-41-credits").credit, sample("59-minutes").workload_hours
    assert credit
    assert (credit.system, credit.amount > 40) == ("nz-credit", True)
    assert round(Decimal(hours or "0") * 60) == 59
    for name, country in (("nz-41-credits", "NZ"), ("59-minutes", "AU")):
        provision = sample(name).provision
        assert provision
        assert provision.jurisdiction == country
        # Ireland's table, which is the default, has no row for either.
        assert micro_credential(name) is None


def test_twelve_ects_called_a_single_module() -> None:
    record = sample("single-module-12-ects")
    assert micro_credential("single-module-12-ects") is True
    assert record.category == "single-module"
    assert taxonomy.category(record).code != taxonomy.category(sample("superseded-version-1")).code


# Counts


def test_a_bachelor_by_accumulation_is_refused() -> None:
    assert micro_credential("bachelor-180-ects") is False
    assert question("bachelor-180-ects") == "counts"


def test_ceu_are_not_ects() -> None:
    record = sample("ceu-credit")
    assert record.credit
    assert record.credit.system == "ceu"
    assert micro_credential("ceu-credit") is None


def test_two_versions_of_one_template() -> None:
    old, new = sample("superseded-version-1"), sample("superseded-version-2")
    assert old.template
    assert new.template
    assert (old.template.partition("@"), new.template.partition("@")[2]) == (
        (new.template.partition("@")[0], "@", "1"),
        "2",
    )
    assert (old.issuer, old.learner) == (new.issuer, new.learner)
    assert new.recognition
    assert new.recognition.supersedes == (old.template,)


# Not a record


def test_a_policy_that_asks_for_the_nationality() -> None:
    policy = Policy.from_json(load(POLICY))
    flagged = {(flag.code, flag.claim) for flag in flags(policy)}
    assert {("legally_irrelevant", "nationality"), ("unsatisfiable", "nationality")} <= flagged

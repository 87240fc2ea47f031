"""Write the negative samples: records with which something is wrong, and the index that says what.

    python scripts/negative_samples.py [--check]

writes issuer_profiles/samples/negative/*.json and README.md. With ``--check`` nothing is written and the exit
code is 1 if a file would change or does not belong there. Ids are UUIDs of names and dates are fixed, so the
same code writes the same bytes. Long, because it is a list: each sample is what is wrong with it, spelt out.
Learner, issuers and awards are invented; two samples name a real institution, say so, and use a DID under
``.example``.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent.core.policy import Policy  # noqa: E402 - after the path is set
from agent.core.record import Record  # noqa: E402 - after the path is set

OUT = ROOT / "issuer_profiles" / "samples" / "negative"
ADDRESS = "https://cairn.example/samples/negative/"

AUTHENTIC, ASSURED, COMPLETE, COUNTS = "authentic", "quality-assured", "complete", "counts"

# A record with which nothing is wrong; a sample changes as little of it as it can.
SOUND: dict[str, Any] = {
    "version": 1,
    "title": {"en": "Data Skills for Harbour Operations"},
    "learner": {
        "given_name": "Nora",
        "family_name": "Sample",
        "birth_date": "1990-01-01",
        "id": "SAMPLE-0001",
    },
    "issuer": {
        "did": "did:web:harbour-university.example",
        "name": {"en": "Harbour University (invented)"},
        "countries": ["IE"],
    },
    "awarding_bodies": [{"name": "Harbour University (invented)", "status": "public", "country": "IE"}],
    "awarded_on": "2025-03-01",
    "outcomes": [
        {"text": {"en": "Read and question the data that a harbour records."}, "dublin": "knowledge"},
        {"text": {"en": "Summarise a measurement series with a short program."}, "dublin": "application"},
    ],
    "credit": {"system": "ects", "value": "5"},
    "workload_hours": "125",
    "level": {"eqf": 6, "qf_ehea": "first"},
    "assessment": {
        "basis": "assessed",
        "types": ["project"],
        "supervision": "supervised-online-id",
        "criteria": {"en": "A project on a given data set."},
    },
    "participation": ["blended"],
    "quality_assurance": {
        "type": "internal",
        "statement": {"en": "Internal quality assurance of the issuer."},
    },
    "language": ["en"],
    "prerequisites": {"en": "None."},
    "learning_type": "formal",
    "template": "harbour-university/data-skills@1",
    "further": {"en": "A synthetic sample: nobody was awarded this."},
}

FHJ: dict[str, Any] = {
    "did": "did:web:fh-joanneum.example",
    "name": {"en": "FH JOANNEUM (illustrative)"},
    "countries": ["AT"],
    "registry_id": "DEQARINST0066",
}
FHJ_BODY = {"name": "FH JOANNEUM Gesellschaft mbH (illustrative)", "status": "public", "country": "AT"}
REAL = {
    "en": "A synthetic sample: FH JOANNEUM is real, has awarded no such thing and has endorsed nothing here."
}
NO_LEVEL = {"not_applicable": True}
UNASSESSED = {"basis": "participation"}


def body(name: str, country: str, status: str = "private") -> list[dict[str, str]]:
    return [{"name": name, "status": status, "country": country}]


def issuer(host: str, name: str, *countries: str) -> dict[str, Any]:
    return {"did": f"did:web:{host}.example", "name": {"en": name}, "countries": list(countries)}


def outcome(text: str) -> list[dict[str, Any]]:
    return [{"text": {"en": text}}]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """``changes`` replaces members of `SOUND`; None takes one away."""

    file: str
    wrong: str
    question: str
    answer: str
    changes: Mapping[str, Any] = field(default_factory=dict)


SAMPLES = (
    Sample(
        file="tampered.json",
        wrong="Changed after signing: 5 ECTS became 9.",
        question=AUTHENTIC,
        answer="No: its digest is not the one that was signed (both are below).",
        changes={"credit": {"system": "ects", "value": "9"}},
    ),
    Sample(
        file="expired.json",
        wrong="It expired on 2022-03-01.",
        question=AUTHENTIC,
        answer="Authentic, and no longer current.",
        changes={"awarded_on": "2020-03-01", "expires_on": "2022-03-01"},
    ),
    Sample(
        file="private-person-issuer.json",
        wrong="The issuer is a private person, as a badge's may be (000:270).",
        question=ASSURED,
        answer="`unknown_issuer`: no information, which is not a word against it.",
        changes={
            "title": {"en": "Knots and Splices"},
            "issuer": issuer("jo-doe", "Jo Doe (invented)", "IE"),
            "awarding_bodies": body("Jo Doe (invented)", "IE", "private-person"),
            "outcomes": outcome("Tie and splice twelve knots for use on a boat."),
            "credit": None,
            "workload_hours": "12",
            "level": NO_LEVEL,
            "assessment": {"basis": "assessed", "types": ["practical-assignment"]},
            "participation": ["onsite"],
            "learning_type": "informal",
            "category": "digital-badge",
            "template": None,
        },
    ),
    Sample(
        file="review-expired.json",
        wrong="The issuer's only external review ended on 2020-08-31, before the award.",
        question=ASSURED,
        answer="`no_evidence`, `report_expired`.",
        changes={
            "issuer": issuer("lapsed-college", "Lapsed College (invented)", "IE"),
            "awarding_bodies": body("Lapsed College (invented)", "IE"),
            "quality_assurance": {
                "type": "external-institutional",
                "agency": "An agency (invented)",
                "statement": {
                    "en": "Reviewed externally on 2015-09-01; the review is valid until 2020-08-31."
                },
            },
            "template": "lapsed-college/data-skills@1",
        },
    ),
    Sample(
        file="outside-level.json",
        wrong="A listed institution awards at EQF 8; its review covers the first and second cycle.",
        question=ASSURED,
        answer="`not_assured`, `level_not_covered`.",
        changes={
            "title": {"en": "Research Design for Doctoral Candidates"},
            "issuer": FHJ,
            "awarding_bodies": [FHJ_BODY],
            "outcomes": outcome("Design and defend a programme of original research."),
            "level": {"eqf": 8, "qf_ehea": "third"},
            "template": "fh-joanneum/research-design@1",
            "further": REAL,
        },
    ),
    Sample(
        file="outside-country.json",
        wrong="A listed institution awards in Norway, where it has no location.",
        question=ASSURED,
        answer="`not_assured`, `jurisdiction_not_covered`, when the country is asked for.",
        changes={
            "issuer": FHJ | {"countries": ["NO"]},
            "awarding_bodies": [FHJ_BODY],
            "participation": ["onsite"],
            "provision": {"jurisdiction": "NO"},
            "template": "fh-joanneum/data-skills@1",
            "further": REAL,
        },
    ),
    Sample(
        file="joint-award.json",
        wrong="Two awarding bodies, one signature.",
        question=ASSURED,
        answer="Both bodies are shown; the registry speaks of the one whose key signed, and of the other nothing.",
        changes={
            "issuer": issuer("harbour-university", "Harbour University (invented)", "IE", "BE"),
            "awarding_bodies": [
                *body("Harbour University (invented)", "IE", "public"),
                *body("Hogeschool aan Zee (invented)", "BE", "public"),
            ],
        },
    ),
    Sample(
        file="diploma-mill.json",
        wrong="An unlisted provider names an accreditor of its own.",
        question=ASSURED,
        answer="`unknown_issuer`: what it says of itself proves nothing, and it is not called untrusted.",
        changes={
            "title": {"en": "Executive Blockchain Mastery"},
            "issuer": issuer("atlantis-institute", "Atlantis Institute of Advanced Credentials", "XA"),
            "awarding_bodies": body("Atlantis Institute of Advanced Credentials", "XA"),
            "outcomes": outcome("Master every aspect of blockchain leadership."),
            "credit": {"system": "ects", "value": "10"},
            "workload_hours": "250",
            "level": {"eqf": 7, "qf_ehea": "second"},
            "assessment": {
                "basis": "assessed",
                "types": ["quiz"],
                "criteria": {"en": "Award on registration."},
            },
            "participation": ["online"],
            "quality_assurance": {
                "type": "external-micro-credential",
                "agency": "Sovereign Accreditation Board of Atlantis",
                "statement": {
                    "en": "Fully accredited worldwide by the Sovereign Accreditation Board of Atlantis."
                },
            },
            "template": "diploma-mill/executive-blockchain-mastery@1",
        },
    ),
    Sample(
        file="attendance-certificate.json",
        wrong="Nothing was assessed: it says that somebody was there (000:256).",
        question=COMPLETE,
        answer="Not a micro-credential; may be kept, and is barred from stacks.",
        changes={
            "title": {"en": "Certificate of Attendance: Harbour Safety Day"},
            "outcomes": None,
            "credit": None,
            "workload_hours": "6",
            "level": NO_LEVEL,
            "assessment": UNASSESSED,
            "participation": ["onsite"],
            "learning_type": "non-formal",
            "category": "attendance",
            "template": "harbour-university/safety-day@1",
        },
    ),
    Sample(
        file="participation-badge.json",
        wrong="A badge for participation only (003:572, 004:225), although of 12 hours.",
        question=COMPLETE,
        answer="Not a micro-credential.",
        changes={
            "title": {"en": "Hackathon Participant"},
            "outcomes": outcome("Took part in a hackathon on harbour data."),
            "credit": None,
            "workload_hours": "12",
            "level": NO_LEVEL,
            "assessment": UNASSESSED | {"criteria": {"en": "Being there."}},
            "learning_type": "non-formal",
            "category": "digital-badge",
            "template": "harbour-university/hackathon@1",
        },
    ),
    Sample(
        file="zero-ects-8-hours.json",
        wrong="Assessed, 0 ECTS and 8 hours: no row of the table holds it (000:249-254).",
        question=COMPLETE,
        answer="Undefined: said so, not guessed.",
        changes={
            "title": {"en": "First Aid on the Quay"},
            "outcomes": outcome("Give first aid until help arrives."),
            "credit": {"system": "ects", "value": "0"},
            "workload_hours": "8",
            "level": NO_LEVEL,
            "assessment": {"basis": "assessed", "types": ["practical-assignment"]},
            "participation": ["onsite"],
            "learning_type": "non-formal",
            "template": "harbour-university/first-aid@1",
        },
    ),
    Sample(
        file="unassessed-5-ects.json",
        wrong="It carries 5 ECTS and says that nothing was assessed.",
        question=COMPLETE,
        answer="Undefined: credit without assessment has no row; it counts nowhere.",
        changes={"assessment": UNASSESSED},
    ),
    Sample(
        file="nz-41-credits.json",
        wrong="41 New Zealand credits; 1 to 40 are allowed (003:963).",
        question=COMPLETE,
        answer="Not a micro-credential in New Zealand; undefined in Ireland's table.",
        changes={
            "issuer": issuer("southern-polytechnic", "Southern Polytechnic (invented)", "NZ"),
            "awarding_bodies": body("Southern Polytechnic (invented)", "NZ", "public"),
            "credit": {"system": "nz-credit", "value": "41"},
            "workload_hours": "410",
            "level": {"nqf": {"framework": "NZQCF", "level": "5"}},
            "provision": {"jurisdiction": "NZ"},
            "template": "southern-polytechnic/data-skills@1",
        },
    ),
    Sample(
        file="59-minutes.json",
        wrong="59 minutes of learning; Australia asks for one hour (004:239, 003:599).",
        question=COMPLETE,
        answer="Not a micro-credential in Australia; undefined in Ireland's table.",
        changes={
            "title": {"en": "Knife Safety in the Galley"},
            "issuer": issuer("galley-training", "Galley Training (invented)", "AU"),
            "awarding_bodies": body("Galley Training (invented)", "AU"),
            "outcomes": outcome("Handle, clean and store galley knives safely."),
            "credit": None,
            "workload_hours": "0.9833",
            "level": NO_LEVEL,
            "assessment": {"basis": "assessed", "types": ["quiz"]},
            "participation": ["online"],
            "learning_type": "non-formal",
            "category": "digital-badge",
            "provision": {"jurisdiction": "AU", "self_paced": True},
            "template": "galley-training/knife-safety@1",
        },
    ),
    Sample(
        file="single-module-12-ects.json",
        wrong="12 ECTS declared as a single module; by size it is a minor award or the like (000:251-252).",
        question=COMPLETE,
        answer="A micro-credential, with a warning: the declared category disagrees with the size (000:241).",
        changes={
            "credit": {"system": "ects", "value": "12"},
            "workload_hours": "300",
            "category": "single-module",
        },
    ),
    Sample(
        file="bachelor-180-ects.json",
        wrong="180 ECTS of micro-credentials, claimed to be a Bachelor's degree.",
        question=COUNTS,
        answer="Refused: a major award is no micro-credential, and credits never sum to a degree (002:643-645).",
        changes={
            "title": {"en": "Bachelor of Arts by Accumulation"},
            "outcomes": outcome("Holds micro-credentials of 180 ECTS in all."),
            "credit": {"system": "ects", "value": "180"},
            "workload_hours": "4500",
            "category": "major-award",
            "template": "harbour-university/bachelor-by-accumulation@1",
        },
    ),
    Sample(
        file="ceu-credit.json",
        wrong="Its credit is 2 CEU, and the target counts ECTS.",
        question=COUNTS,
        answer="Nothing towards ECTS: unlike units are never added; prior learning is the way.",
        changes={
            "credit": {"system": "ceu", "value": "2"},
            "workload_hours": "20",
            "level": NO_LEVEL,
            "learning_type": "non-formal",
            "template": "harbour-university/data-skills-cpd@1",
        },
    ),
    Sample(
        file="superseded-version-1.json",
        wrong="Version 1 of a template of which version 2 is held as well.",
        question=COUNTS,
        answer="The two count once.",
    ),
    Sample(
        file="superseded-version-2.json",
        wrong="Version 2 of the same template, for the same learner.",
        question=COUNTS,
        answer="The two count once.",
        changes={
            "awarded_on": "2026-03-01",
            "outcomes": [
                *SOUND["outcomes"],
                {"text": {"en": "Judge whether a model suits the decision at hand."}, "dublin": "judgement"},
            ],
            "recognition": {"supersedes": ["harbour-university/data-skills@1"]},
            "template": "harbour-university/data-skills@2",
        },
    ),
)

POLICY_FILE = "policy-asks-nationality.json"
POLICY: dict[str, Any] = {
    "version": 1,
    "title": "Harbour pilot (invented)",
    "purpose": "Shortlisting for an invented application",
    "retention_days": 30,
    "claims": [
        {"claim": "title", "required": True, "disclose": "reveal"},
        {"claim": "nationality", "required": True, "disclose": "reveal"},
    ],
}

README = """# Negative samples

Records (version 1) with which something is wrong. `scripts/negative_samples.py` writes this folder, this page
included. Everybody and everything in it is invented, except that FH JOANNEUM is a real institution, which has
awarded and endorsed nothing here.

Each answers one of four questions, which are never merged: is it **authentic** and current; is the issuer
**quality-assured** at the date of award; is it a micro-credential at all, and **complete**; does it **count**
towards a target. The table names the one question for which a sample is here.

| File | What is wrong | Question | Expected answer |
|---|---|---|---|
{rows}

Digests of `tampered.json`:

| Digest | SHA-256 of the canonical form |
|---|---|
| signed by the issuer | `{signed}` |
| of the file | `{found}` |

What the registry has to hold for the answers on quality assurance: `did:web:fh-joanneum.example` is bound to
DEQARINST0066, an institution in AT with a report on the first and second cycle in force in March 2025;
`did:web:lapsed-college.example` is bound to an institution in IE with one report, of 2015-09-01 to 2020-08-31;
`did:web:harbour-university.example` to an institution in IE with a report in force. It knows nothing of the others.

A **revoked** credential is no file: it is a record like any other, and only a status list tells. The integration
tests revoke one.
"""


def record(sample: Sample) -> Record:
    data = copy.deepcopy(SOUND) | dict(sample.changes)
    data["id"] = uuid.uuid5(uuid.NAMESPACE_URL, ADDRESS + sample.file).urn
    return Record.from_json({name: value for name, value in data.items() if value is not None})


def files() -> dict[str, str]:
    """The text of every file of the folder, by name."""
    records = {sample.file: record(sample) for sample in SAMPLES}
    found = {name: _json(made.to_json()) for name, made in records.items()}
    found[POLICY_FILE] = _json(Policy.from_json(POLICY).to_json())
    (tampered,) = (sample for sample in SAMPLES if sample.file == "tampered.json")
    rows = [f"| `{each.file}` | {each.wrong} | {each.question} | {each.answer} |" for each in SAMPLES]
    rows.append(
        f"| `{POLICY_FILE}` | Not a record: an employer's policy that asks for the nationality (002:1756). | none | "
        "Flagged to the learner; no micro-credential states it, so nobody can satisfy it. |"
    )
    found["README.md"] = README.format(
        rows="\n".join(rows),
        signed=record(Sample(file=tampered.file, wrong="", question="", answer="")).digest(),
        found=records[tampered.file].digest(),
    )
    return found


def _json(data: dict[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    check = options.parse_args().check
    wanted = files()
    changed = []
    for name, text in wanted.items():
        path = OUT / name
        if not path.exists() or path.read_text("utf-8") != text:
            changed.append(name)
            if not check:
                OUT.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
    surplus = sorted(path.name for path in OUT.iterdir() if path.name not in wanted) if OUT.is_dir() else []
    print("\n".join(changed) if changed else "no file changed")
    if surplus:
        print(f"not written by this script: {', '.join(surplus)}")
    return 1 if (check and changed) or surplus else 0


if __name__ == "__main__":
    sys.exit(main())

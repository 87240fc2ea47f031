"""Write the sample records of MicroCredX (domain.md §6), from the profiles and templates of their issuers.

    python scripts/samples.py [--check]

writes issuer_profiles/samples/microcredx/<template>.json, each a record in JSON form, version 1. With
``--check`` nothing is written and the exit code is 1 if a file would change, is missing or is left over.
The learner is invented; ids and dates are fixed, so the same profiles give the same bytes. Nothing is signed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent.core.record import Learner, Record  # noqa: E402 - after the path is set
from agent.core.templates import record_from_template  # noqa: E402 - after the path is set
from issuer_profiles import load_profile, load_template  # noqa: E402 - after the path is set

OUT: Final = ROOT / "issuer_profiles" / "samples" / "microcredx"
# dhbw-exchange has a learning agreement with this student.
LEARNER: Final = Learner(
    given_name="Robin", family_name="Beispiel", birth_date=date(2001, 2, 3), id="MCX-2025-0001"
)
# A record travels without the profile's notice.
NOTICE: Final = {
    "en": "A sample: invented, unsigned, and neither issued nor endorsed by the institution that it names."
}


@dataclass(frozen=True, slots=True)
class Award:
    """``grade`` is on the scale of the issuer's profile."""

    profile: str
    template: str
    awarded_on: date
    grade: str


AWARDS: Final = (
    Award("dhbw", "data-literacy-industry-4-0", date(2025, 1, 31), "1.7"),
    Award("fh-joanneum", "human-machine-interaction", date(2025, 2, 14), "2"),
    Award("uoc", "cyber-security-safety-basics", date(2025, 3, 14), "8.5"),
    Award("mondragon", "coding-for-non-programmers", date(2025, 4, 11), "7.2"),
    Award("tampere", "change-and-risk-management", date(2025, 5, 9), "4"),
    Award("mondragon", "green-transition-in-manufacturing", date(2025, 6, 13), "9.0"),
    Award("uoc", "digital-ethics-and-ai", date(2025, 7, 4), "8.0"),
    Award("tampere", "intercultural-virtual-collaboration", date(2025, 9, 12), "5"),
    Award("dhbw", "social-taxonomy-in-finance", date(2025, 10, 10), "2.3"),
    Award("safety-seminars", "first-aid-seminar", date(2025, 10, 24), "pass"),
)


def issuer_did(profile: str) -> str:
    """A DID that nobody can own: the targets of MicroCredX name the same."""
    return f"did:web:{profile}.example"


def record(award: Award) -> Record:
    profile = load_profile(award.profile)
    name = f"https://cairn.example/samples/microcredx/{award.profile}/{award.template}"
    made = record_from_template(
        profile,
        load_template(profile, award.template),
        issuer_did=issuer_did(award.profile),
        learner=LEARNER,
        awarded_on=award.awarded_on,
        record_id=uuid5(NAMESPACE_URL, name).urn,
        grade=award.grade,
    )
    return dataclasses.replace(made, further=NOTICE)


def texts() -> dict[str, str]:
    """What each file holds, by its name."""
    return {
        f"{award.template}.json": json.dumps(record(award).to_json(), ensure_ascii=False, indent=2) + "\n"
        for award in AWARDS
    }


def differences() -> list[str]:
    """The names of all files that `texts` would change, add or not know."""
    wanted = texts()
    held = {file.name: file.read_text("utf-8") for file in OUT.glob("*.json")}
    return sorted(name for name in wanted.keys() | held.keys() if wanted.get(name) != held.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the sample records of MicroCredX.")
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if a file would change")
    if parser.parse_args().check:
        for name in (different := differences()):
            print(f"would change: {name}")
        return 1 if different else 0
    OUT.mkdir(parents=True, exist_ok=True)
    for name in differences():
        print(name)
    wanted = texts()
    for file in OUT.glob("*.json"):
        if file.name not in wanted:
            file.unlink()
    for name, content in wanted.items():
        (OUT / name).write_text(content, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

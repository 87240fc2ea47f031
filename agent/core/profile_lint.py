"""Would a template make a valid and completely described record? What `issuer_profiles.lint` cannot ask.

Every version of every template is awarded to an invented learner, and the record is judged like any other: by its
grammar, by the Council's mandatory elements, and by the table of sizes (domain.md §2.1, §3).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from agent.core import profiles, taxonomy
from agent.core.record import Learner, Record
from agent.core.templates import record_from_template
from agent.errors import InputError
from issuer_profiles.lint import Remark, Severity, lint_contents, load_contents
from issuer_profiles.loader import ROOT
from issuer_profiles.models import Profile
from issuer_profiles.versions import Version

LEARNER: Final = Learner(
    given_name="Example", family_name="Learner", birth_date=date(2000, 1, 1), id="EXAMPLE-0001"
)
ISSUER: Final = "did:web:issuer.example"
RECORD: Final = "urn:uuid:00000000-0000-4000-8000-000000000000"
# The Council's elements are the floor: what lacks one must not be offered as it is.
_ELEMENT: Final[dict[str, Severity]] = {"fail": "error", "warning": "warning", "no_information": "warning"}
# Its size makes a template no mistake: attendance records may be issued, too (000:256), and a table of one
# jurisdiction has no row for credit of another.
_SIZE: Final[dict[str, Severity]] = {
    "fail": "warning",
    "warning": "warning",
    "no_information": "information",
}


def lint_profile(profile_id: str, today: date, root: Path = ROOT) -> tuple[Remark, ...]:
    """Everything to be said of one issuer's files; ``today`` is the day of the invented award."""
    contents = load_contents(profile_id, root)
    remarks = [*contents.errors, *lint_contents(contents, profile_id, root)]
    if contents.profile is not None:
        for version in contents.versions:
            remarks += _record(contents.profile, version, today)
    return tuple(remarks)


def _record(profile: Profile, version: Version, today: date) -> Iterator[Remark]:
    try:
        record = record_from_template(
            profile,
            version.template,
            issuer_did=ISSUER,
            learner=LEARNER,
            awarded_on=today,
            record_id=RECORD,
        )
    except InputError as error:
        yield Remark(severity="error", code=error.code, text=error.detail, file=version.file, hint=error.hint)
        return
    yield from _judged(record, version.file)


def _judged(record: Record, file: str) -> Iterator[Remark]:
    for finding in profiles.validate(record):
        if severity := _ELEMENT.get(str(finding.outcome)):
            detail = finding.detail or finding.outcome.replace("_", " ")
            yield Remark(
                severity=severity,
                code="council_element",
                text=f"{finding.label}: {detail}",
                file=file,
                source=finding.source,
            )
    for finding in taxonomy.findings(record):
        if severity := _SIZE.get(str(finding.outcome)):
            yield Remark(
                severity=severity,
                code=finding.code,
                text=f"{finding.label}: {finding.detail}",
                file=file,
                source=finding.source,
            )

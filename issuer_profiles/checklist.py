"""What an issuer has to settle before it issues, in the manner of Digital Promise (003:1669-1676).

Digital Promise asks eight things of whoever wants to issue through it. For each, what of it can be read from the
files of a profile: *met* means that the files state it, not that it is true, or good; *cannot be told* is for what
no file of ours holds. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from issuer_profiles.lint import PLACEHOLDER, Contents
from issuer_profiles.models import Profile, Template

type State = Literal["met", "not met", "cannot be told"]
type _Holds = Callable[[Template], bool]
type _Lacking = Callable[[Profile], Iterator[str]]  # in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """``source`` is the line of the requirement, ``where`` the members of the files that answer it, if any."""

    text: str
    source: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    point: Point
    state: State
    detail: str


def _point(line: int, text: str, where: str) -> Point:
    return Point(text=text, source=f"003:{line}", where=where)


LEARNERS: Final = _point(1669, "Who may earn it: requirements on learners", "the template: prerequisites")
ORGANISATION: Final = _point(
    1670, "Issuer: type of organisation", "the profile: awarding_bodies.status, countries, registry_id"
)
COMPETENCY: Final = _point(
    1670, "Issuer: commitment to competency-based recognition", "the template: outcomes, assessment.basis"
)
TRACK_RECORD: Final = _point(
    1670, "Issuer: expertise and track record, an established audience, the application", ""
)
ASSESSORS: Final = _point(1671, "Who assesses, and with which qualification", "")
DEVELOPMENT: Final = _point(
    1672,
    "How micro-credentials are developed and submitted",
    "the profile or the template: quality_assurance, and versions.json",
)
EARNING: Final = _point(
    1673, "How it is earned", "the template: participation, language, workload_hours or credit"
)
EVALUATION: Final = _point(
    1674, "How what learners submit is evaluated", "the template: assessment.types, assessment.criteria"
)
AWARD: Final = _point(1675, "How it is awarded, and how to appeal", "the profile: awarding_bodies, complaint")
PRIVACY: Final = _point(1676, "Privacy policy", "the profile: privacy")
TERMS: Final = _point(1676, "Terms of use of the site", "")

POINTS: Final = (
    LEARNERS,
    ORGANISATION,
    COMPETENCY,
    TRACK_RECORD,
    ASSESSORS,
    DEVELOPMENT,
    EARNING,
    EVALUATION,
    AWARD,
    PRIVACY,
    TERMS,
)


def checklist(contents: Contents) -> tuple[Answer, ...]:
    """One answer per point, in the order of `POINTS`. What could not be loaded cannot be told."""
    profile = contents.profile
    templates = [each.template for each in contents.versions if each.current]
    drafts = [each.template.id for each in contents.versions if each.state == "draft"]
    answers = [
        _each(LEARNERS, templates, _states_entry, "without entry requirements"),
        _of_profile(ORGANISATION, profile, _organisation),
        _each(COMPETENCY, templates, _by_competency, "not based on an assessment of its outcomes"),
        _untold(TRACK_RECORD),
        _untold(ASSESSORS),
        _development(profile, templates, drafts),
        _each(EARNING, templates, _earning, "without workload, or with a text still to write"),
        _each(EVALUATION, templates, _evaluation, "without types or criteria of assessment"),
        _of_profile(AWARD, profile, _award),
        _of_profile(PRIVACY, profile, _privacy),
        _untold(TERMS),
    ]
    if contents.errors:
        return tuple(
            Answer(point=each.point, state="cannot be told", detail="A file cannot be used.")
            if each.state == "met"
            else each
            for each in answers
        )
    return tuple(answers)


def _untold(point: Point) -> Answer:
    return Answer(point=point, state="cannot be told", detail="The files do not hold it.")


def _of_profile(point: Point, profile: Profile | None, lacking: _Lacking) -> Answer:
    if profile is None:
        return Answer(point=point, state="cannot be told", detail="The profile cannot be read.")
    lack = ", ".join(lacking(profile))
    return Answer(point=point, state="not met" if lack else "met", detail=f"Lacking: {lack}." if lack else "")


def _each(point: Point, templates: list[Template], holds: _Holds, lack: str) -> Answer:
    if not templates:
        return Answer(point=point, state="cannot be told", detail="There is no template that can be read.")
    without = [template.id for template in templates if not holds(template)]
    if without:
        return Answer(point=point, state="not met", detail=f"{lack.capitalize()}: {', '.join(without)}.")
    return Answer(point=point, state="met", detail="")


def _development(profile: Profile | None, templates: list[Template], drafts: list[str]) -> Answer:
    if profile is None or not templates:
        return Answer(point=DEVELOPMENT, state="cannot be told", detail="Profile or templates are missing.")
    lack = []
    assured = [profile.quality_assurance, *(each.quality_assurance for each in templates)]
    if not any(each and (_said(each.statement) or each.standard or each.assurance) for each in assured):
        lack.append("a statement on quality assurance")
    if drafts:
        lack.append(f"release of {', '.join(dict.fromkeys(drafts))}")
    return Answer(
        point=DEVELOPMENT,
        state="not met" if lack else "met",
        detail=f"Lacking: {'; '.join(lack)}." if lack else "",
    )


def _organisation(profile: Profile) -> Iterator[str]:
    if not all(body.status for body in profile.awarding_bodies):
        yield "whether each awarding body is public or private"
    if not _written(body.name for body in profile.awarding_bodies):
        yield "the names of the awarding bodies"


def _award(profile: Profile) -> Iterator[str]:
    complaint = profile.complaint
    if not _written((complaint.how, complaint.process, complaint.expected_resolution)):
        yield "the route for complaints"
    if not _written(body.name for body in profile.awarding_bodies):
        yield "the names of the awarding bodies"


def _privacy(profile: Profile) -> Iterator[str]:
    if not _written((profile.privacy,)):
        yield "what becomes of learners' data"


def _states_entry(template: Template) -> bool:
    return _said(template.prerequisites)


def _by_competency(template: Template) -> bool:
    return template.assessment.basis == "assessed" and all(_said(each.text) for each in template.outcomes)


def _earning(template: Template) -> bool:
    sized = template.workload_hours is not None or template.credit is not None
    return sized and (template.description is None or _said(template.description))


def _evaluation(template: Template) -> bool:
    return bool(template.assessment.types) and _said(template.assessment.criteria)


def _said(prose: Mapping[str, str] | None) -> bool:
    return bool(prose) and _written((prose or {}).values())


def _written(texts: Iterable[str]) -> bool:
    """Nothing of the skeleton is left in them."""
    return not any(PLACEHOLDER in text for text in texts)

"""From an issuer's template and a learner to the record that is issued."""

from __future__ import annotations

from datetime import date
from typing import Any

from agent.core.attributes import add_months
from agent.core.record import RECORD_VERSION, Learner, Record, to_plain
from agent.core.stacks.pathway import Offering
from agent.errors import InputError
from issuer_profiles import Profile, Template

# Members of a template that go into the record under the same name.
_SAME = (
    "title",
    "outcomes",
    "credit",
    "workload_hours",
    "level",
    "assessment",
    "participation",
    "language",
    "learning_type",
    "prerequisites",
    "description",
    "further",
    "articulates_with",
    "category",
    "provision",
    "recognition",
)


def template_ref(profile: Profile, template: Template) -> str:
    """``munster-tu/data-literacy@1``: what a record says about the criteria it was issued under."""
    return f"{profile.id}/{template.id}@{template.version}"


def record_from_template(
    profile: Profile,
    template: Template,
    *,
    issuer_did: str,
    learner: Learner,
    awarded_on: date,
    record_id: str,
    grade: str | None = None,
) -> Record:
    """The record of one award. ``grade`` is a value on the profile's grading scale.

    What the template leaves open (awarding bodies, quality assurance) comes from the profile. Raises
    `InputError` with a path if template, learner or grade hold what a record may not
    (``no_grading_scale`` for a grade without a scale).
    """
    if grade is not None and profile.grading_scale is None:
        raise InputError(
            "no_grading_scale", "The issuer's profile names no grading scale.", "Leave the grade out."
        )
    members: dict[str, Any] = {
        "version": RECORD_VERSION,
        "id": record_id,
        "learner": to_plain(learner),
        "issuer": {
            "did": issuer_did,
            "name": to_plain(profile.name),
            "countries": to_plain(profile.countries),
            "registry_id": profile.registry_id,
        },
        "awarding_bodies": to_plain(template.awarding_bodies or profile.awarding_bodies),
        "quality_assurance": to_plain(template.quality_assurance or profile.quality_assurance),
        "awarded_on": awarded_on.isoformat(),
        "template": template_ref(profile, template),
        "grade": {"scale": profile.grading_scale, "value": grade} if grade is not None else None,
    }
    if template.valid_months is not None:
        members["expires_on"] = add_months(awarded_on, template.valid_months).isoformat()
    members |= {name: to_plain(getattr(template, name)) for name in _SAME}
    return Record.from_json(_without_absent(members))


def offering(profile: Profile, template: Template, awarded_on: date) -> Offering:
    """The template as something that could be earned, for `agent.core.stacks.pathway`. The DID is made up
    under ``.example``: which key an issuer signs with is known only when it offers.
    """
    ref = template_ref(profile, template)
    record = record_from_template(
        profile,
        template,
        issuer_did=f"did:web:{profile.id}.example",
        learner=Learner(id="you"),
        awarded_on=awarded_on,
        record_id=ref,
    )
    return Offering(ref, record, profile.registry_id or "")


def _without_absent(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_absent(item) for name, item in value.items() if item not in (None, {}, [])}
    return value

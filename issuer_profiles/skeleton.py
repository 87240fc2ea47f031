"""The files of a new issuer, with a comment at each member: they load as they are, and say TODO where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from issuer_profiles.errors import ProfileQueryError, ProfileWriteError
from issuer_profiles.loader import is_id

TEMPLATE_ID: Final = "first-micro-credential"

PROFILE: Final = """\
# Who issues. Replace every TODO, then run: cairn profile lint FOLDER
format = 1
id = "{id}"  # the name of this folder
# An example of an institution that has not endorsed it. Only the institution itself says false.
illustrative = true
notice = "An illustration: nobody has issued, reviewed or endorsed anything here. TODO"
countries = ["IE"]  # TODO, ISO 3166; several for a joint issuer
# registry_id = "DEQARINST0000"  # as a register names you; only the registry's binding proves it
# website = "https://www.example.org/"
language = ["en"]  # those you teach in
credit_system = "ects"  # or: uk-credit, us-credit, nz-credit, ceu, clock-hour, contact-unit, a-plus-credit
# grading_scale = "Percentage"  # without one, no grade can be given
privacy = "TODO: what becomes of learners' data."
# The members above and below that were invented, because no source states them.
synthetic = ["countries", "language", "credit_system", "privacy", "awarding_bodies", "quality_assurance", "complaint"]

[name]
en = "TODO: the institution's name"

[[awarding_bodies]]  # one table for each, if several award together
name = "TODO: the institution's name"
status = "public"  # or: private, …
country = "IE"

[quality_assurance]
type = "external-institutional"  # the scope: of the institution, not of each micro-credential
# agency = "Quality and Qualifications Ireland"
[quality_assurance.statement]
en = "TODO: how the quality of micro-credentials is assured."

[complaint]  # whoever is refused recognition is told this
how = "TODO: whom to write to."
process = "TODO: who answers, and who reviews the answer."
expected_resolution = "TODO: within how many days."

# What a source says of the institution, as it says it: yes, no, sometimes or unclear. Sources may disagree.
# [[facts]]
# topic = "stackable"
# value = "sometimes"
# source = "003:1205"

[[sources]]  # where each thing above is from: 003:1614, an https address, or synthetic
fact = "Everything"
source = "synthetic"
"""

TEMPLATE: Final = """\
# One micro-credential. 'cairn profile release' fixes this version; a change of criteria then makes the next one.
format = 1
id = "{template}"  # the name of this file
version = 1
workload_hours = "125"  # 20 to 30 hours for one ECTS
participation = ["online"]  # or: onsite, blended, work-experience, independent, voluntary
language = ["en"]
learning_type = "formal"  # or: non-formal, informal
# articulates_with = ["…"]  # ids of targets
# valid_months = 36  # without it, it never expires
synthetic = ["title", "outcomes", "credit", "workload_hours", "level", "assessment", "participation", "prerequisites"]

[title]
en = "TODO: the title"

[[outcomes]]  # one table for each learning outcome
text = {{ en = "TODO: what the learner is able to do." }}
# esco = "http://data.europa.eu/esco/skill/…"
# dublin = "knowledge"  # or: application, judgement, communication, learning-skills

[credit]
system = "ects"
value = "5"  # in quotes: "2.5" must stay what it is

[level]  # or: not_applicable = true
eqf = 6

[assessment]
basis = "assessed"  # or: training-completion, course-completion, participation
types = ["project"]
supervision = "supervised-online-id"  # or: unsupervised, supervised-no-id, supervised-onsite-id
criteria = {{ en = "TODO: what is assessed, and what it takes to pass." }}

[prerequisites]
en = "TODO: the entry requirements; without them, recognition is hard."

[[sources]]
fact = "Everything"
source = "synthetic"
"""

TARGET: Final = """\
# Something that micro-credentials count towards. Only the side that awards it declares it.
format = 1
id = "{target}"  # the name of this file; no two issuers share one
kind = "certificate"  # or: micro-degree, elective-block, course-requirement, licence, badge, degree
illustrative = true
notice = "An illustration: nobody awards this. TODO"
unit = "ects"  # a credit system, or: credentials
total = "10"
# minimum_eqf = 6
synthetic = ["title", "total", "required", "complaint"]

[title]
en = "TODO: the title"

[awarded_by]
name = "TODO: the institution's name (illustrative)"

[accepts]
registry_assured = true  # only issuers that a trust registry assures

# [[required]]  # a place that exactly one credential fills
# id = "foundation"
# title = {{ en = "Foundation" }}
# match = {{ templates = ["{id}/{template}"], issuers = ["DEQARINST0000"] }}

[complaint]
how = "TODO: whom to write to."
process = "TODO: who answers, and who reviews the answer."
expected_resolution = "TODO: within how many days."

[[sources]]
fact = "Everything"
source = "synthetic"
"""


def write_skeleton(profile_id: str, folder: Path) -> tuple[str, ...]:
    """Make ``folder/profile_id`` with a profile, a template and a target; gives the files' names.

    Raises `ProfileQueryError` (``bad_id``) and `ProfileWriteError` (``exists``, ``not_written``). Nothing that
    is there already is touched.
    """
    if not is_id(profile_id):
        raise ProfileQueryError(
            "bad_id",
            "An id is a word of at most 64 small letters, digits and hyphens.",
            "For example: my-college.",
        )
    target = f"certificate-{profile_id}"[:64].rstrip("-")
    names = {"id": profile_id, "template": TEMPLATE_ID, "target": target}
    files = {
        "profile.toml": PROFILE.format(**names),
        f"templates/{TEMPLATE_ID}.toml": TEMPLATE.format(**names),
        f"targets/{target}.toml": TARGET.format(**names),
    }
    home = folder / profile_id
    try:
        home.mkdir(parents=True)
        for name, text in files.items():
            (home / name).parent.mkdir(exist_ok=True)
            with (home / name).open("x", encoding="utf-8") as stream:
                stream.write(text)
    except FileExistsError as error:
        raise ProfileWriteError(
            "exists", f"There is a {profile_id} already.", "Nothing was written."
        ) from error
    except OSError as error:
        raise ProfileWriteError("not_written", "The files cannot be written.", file=profile_id) from error
    return tuple(f"{profile_id}/{name}" for name in files)

"""The words a record may use, each with the label shown to people (domain.md §2.3).

Closed vocabularies are enumerated by their source and anything else is refused; open ones (credit systems,
assessment types, kinds of quality assurance) list what the sources name, and an issuer may use another slug.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

type Vocabulary = Mapping[str, str]


def _vocabulary(**labels: str) -> Vocabulary:
    """Keywords with underscores become slugs with hyphens."""
    return MappingProxyType({name.replace("_", "-"): label for name, label in labels.items()})


# Open. Typed and never summed across types (domain.md §2.3; 003:1614 for CEU and contact units).
CREDIT_SYSTEMS: Final = _vocabulary(
    ects="ECTS",
    uk_credit="UK credits",
    us_credit="US credits",
    nz_credit="NZ credits",
    ceu="CEU",
    clock_hour="clock hours",
    contact_unit="contact units",
    a_plus_credit="A+ credits",
)

# Closed. 003:713-715, and attendance as 000:256 describes it.
EVIDENCE_GRADES: Final = _vocabulary(
    assessed="based on assessment",
    training_completion="completion of training",
    course_completion="completion of a course",
    participation="participation only",
)

# Open. 003:1458-1469, 002:1144, 002:1199, 002:1927.
ASSESSMENT_TYPES: Final = _vocabulary(
    portfolio="portfolio",
    peer_observation="peer observation",
    reflective_journal="reflective journal",
    structured_reflection="structured reflection",
    teaching_demonstration="teaching demonstration",
    writing_prompts="writing prompts",
    coursework="coursework",
    oral_exam="oral exam",
    written_exam="written exam",
    essay="essay",
    workshop="workshop",
    applied_learning="applied learning",
    certification_preparation="certification preparation",
    mentorship="mentorship",
    quiz="quiz",
    project="project",
    case_study="case study",
    practical_assignment="practical assignment",
)

# Closed. 002:1936.
SUPERVISION: Final = _vocabulary(
    unsupervised="unsupervised, identity not verified",
    supervised_no_id="supervised, identity not verified",
    supervised_online_id="supervised online, identity verified",
    supervised_onsite_id="supervised onsite, identity verified",
)

# Closed. 002:1952 (domain.md §2.1, element 10).
PARTICIPATION: Final = _vocabulary(
    online="online",
    onsite="onsite",
    blended="blended",
    work_experience="work experience",
    independent="independent learning",
    voluntary="voluntary",
)

# Open. The scope is part of the word, because an institution's accreditation must never be shown as
# the credential's own (003:279, 003:1659, 003:1690); 002:1528 and 002:1590-1600 for the kinds.
QUALITY_ASSURANCE: Final = _vocabulary(
    external_institutional="external, of the institution",
    external_programme="external, of the programme",
    external_micro_credential="external, of this micro-credential",
    internal="internal quality assurance",
    platform="by the platform",
    industry="by an industry body",
)

# Closed. 002:1039-1041.
LEARNING_TYPES: Final = _vocabulary(formal="formal", non_formal="non-formal", informal="informal")

# Closed. 002:1941: standing alone, integrated, or stackable towards another credential.
STACKABILITY: Final = _vocabulary(
    stand_alone="stand-alone",
    integrated="integrated in a programme",
    towards_another="stackable towards another credential",
)

# Open. What an issuer calls the thing; `agent.core.taxonomy` computes what it is (000:249-256).
CATEGORIES: Final = _vocabulary(
    major_award="major award",
    minor_award="minor award",
    supplemental_award="supplemental award",
    special_purpose_award="special purpose award",
    certificate="certificate",
    diploma="diploma",
    single_module="single module certification",
    digital_badge="digital badge",
    attendance="record of attendance",
)

# Open. 002:1947: the scope of the provider's accreditation.
ACCREDITATION: Final = _vocabulary(
    institution="of the institution", curriculum="of the curriculum", course="of the course", none="none"
)

# Closed. QF-EHEA cycles; in EQF levels 5 to 8 (trust-registry.md §1, "Vocabularies").
QF_EHEA: Final = _vocabulary(
    short="short cycle", first="first cycle", second="second cycle", third="third cycle"
)

# Open. 002:1922 names the first two and leaves the list open.
PROVIDER_STATUS: Final = _vocabulary(public="public", private="private")

# Closed. The five Dublin descriptors (002:911-915).
DUBLIN: Final = _vocabulary(
    knowledge="knowledge and understanding",
    application="applying knowledge and understanding",
    judgement="making judgements",
    communication="communication",
    learning_skills="learning skills",
)

# The values of the attribute ``level_status`` (underscores: they are the schema's own words).
LEVEL_STATUS: Final[Vocabulary] = MappingProxyType(
    {"given": "given", "not_applicable": "not applicable", "missing": "not stated"}
)

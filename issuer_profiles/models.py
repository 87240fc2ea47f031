"""What the files of a profile say, typed. Pure: `issuer_profiles.loader` reads, nothing here does.

The dataclasses are the schema: the loader checks files against them, and ``schema/*.json`` is generated from
them (``python -m issuer_profiles``). Members named like those of a record mean the same and take the
same values; `agent.core.record` has the last word on their form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

STRICT = ConfigDict(extra="forbid", strict=True)

type Text = Annotated[str, Field(min_length=1, max_length=4000)]
type Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$", max_length=64)]
type Country = Annotated[str, Field(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
type Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", max_length=35)]
type Decimal = Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?$")]
type Eqf = Annotated[int, Field(ge=1, le=8)]
type Months = Annotated[int, Field(ge=1, le=1200)]
type Prose = Annotated[Mapping[Language, Text], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a fact comes from: ``003:1614`` is line 1614 of the source document 003."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    fact: Text
    source: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardingBody:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: Text
    status: Slug | None = None
    country: Country | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityAssurance:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    type: Slug
    agency: Text | None = None
    statement: Prose | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """The route for complaints and appeals, with what 002:1628 asks it to say."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    how: Text
    process: Text
    expected_resolution: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One issuer. ``registry_id`` is what it says of itself; only a registry binding proves it.

    ``illustrative`` profiles show a real or invented institution as an example, as ``notice`` says;
    ``synthetic`` names the members that were invented because the sources do not state them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    format: Literal[1]
    id: Slug
    illustrative: bool
    notice: Text
    name: Prose
    countries: Annotated[tuple[Country, ...], Field(min_length=1)]
    registry_id: Text | None = None
    website: Text | None = None
    awarding_bodies: Annotated[tuple[AwardingBody, ...], Field(min_length=1)]
    language: Annotated[tuple[Language, ...], Field(min_length=1)]
    credit_system: Slug
    grading_scale: Text | None = None
    quality_assurance: QualityAssurance
    complaint: Complaint
    privacy: Text
    sources: tuple[Source, ...] = ()
    synthetic: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    text: Prose
    esco: Text | None = None
    dublin: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    system: Slug
    value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalLevel:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    framework: Text
    level: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    eqf: Eqf | None = None
    nqf: NationalLevel | None = None
    qf_ehea: Text | None = None
    not_applicable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    basis: Text
    types: tuple[Slug, ...] = ()
    supervision: Text | None = None
    criteria: Prose | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One micro-credential as it is offered. A change of criteria is a new ``version``; what was issued
    keeps the old one (domain.md §5). ``valid_months`` sets the expiry, counted from the date of award.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    format: Literal[1]
    id: Slug
    version: Annotated[int, Field(ge=1)]
    title: Prose
    outcomes: Annotated[tuple[Outcome, ...], Field(min_length=1)]
    credit: Credit | None = None
    workload_hours: Decimal | None = None
    level: Level | None = None
    assessment: Assessment
    participation: Annotated[tuple[Text, ...], Field(min_length=1)]
    language: Annotated[tuple[Language, ...], Field(min_length=1)]
    learning_type: Text | None = None
    prerequisites: Prose | None = None
    description: Prose | None = None
    further: Prose | None = None
    quality_assurance: QualityAssurance | None = None
    awarding_bodies: tuple[AwardingBody, ...] = ()
    articulates_with: tuple[Text, ...] = ()
    valid_months: Months | None = None
    sources: tuple[Source, ...] = ()
    synthetic: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardedBy:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: Text
    registry_id: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepts:
    """Whose micro-credentials may count. ``issuers`` are DIDs or registry ids; none named means any issuer
    that passes ``registry_assured``. This is the awarding side's declaration of articulation (000:278).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    issuers: tuple[Text, ...] = ()
    registry_assured: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """Accepted values on one scale; grades on different scales are never compared."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    scale: Text
    accepted: Annotated[tuple[Text, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``span_months``: all counted members awarded within so many months of one another; ``age_months``:
    awarded at most so many months ago. Whole months, the last day included.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    span_months: Months | None = None
    age_months: Months | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most ``maximum`` (in the target's unit) from: ``all`` members; ``each_issuer`` (by DID);
    ``other_institutions`` than the awarding one, as the registry identifies them; or members whose only
    form of ``participation`` is ``value``.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    of: Literal["all", "each_issuer", "other_institutions", "participation"]
    maximum: Decimal
    value: Text | None = None
    text: Text
    source: Text

    def __post_init__(self) -> None:
        if (self.of == "participation") != (self.value is not None):
            raise ValueError("value goes with of = 'participation', and only with it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something micro-credentials may count towards, declared by the side that awards it (domain.md §4).

    ``unit`` is a credit system or ``credentials`` (each counts 1). ``convert`` gives, for another unit, how
    many of ``unit`` one is worth, if the awarding side says so; without it unlike units are never added.
    A target of kind ``degree`` can be described, but nothing ever counts towards it (002:643-645).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    format: Literal[1]
    id: Slug
    title: Prose
    kind: Literal[
        "micro-degree", "certificate", "elective-block", "course-requirement", "licence", "badge", "degree"
    ]
    illustrative: bool
    notice: Text
    awarded_by: AwardedBy
    unit: Slug
    total: Decimal
    minimum_eqf: Eqf | None = None
    accepts: Accepts = field(default_factory=Accepts)
    grades: Grades | None = None
    window: Window = field(default_factory=Window)
    convert: Mapping[Slug, Decimal] = field(default_factory=dict)
    caps: tuple[Cap, ...] = ()
    complaint: Text | None = None
    sources: tuple[Source, ...] = ()
    synthetic: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        if not float(self.total):
            raise ValueError("total must be above 0")

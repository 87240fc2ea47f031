"""What the files of an issuer say, typed; targets are in `issuer_profiles.targets`.

Pure: `issuer_profiles.loader` reads, nothing here does. The dataclasses are the schema: the loader checks
files against them, and ``schema/*.json`` is generated from them (``python -m issuer_profiles``). Members
named like those of a record mean the same and take the same values; `agent.core.record` has the last word
on their form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
class Assurance:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    profile: Prose | None = None
    processes: Prose | None = None
    review: Prose | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityAssurance:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    type: Slug
    agency: Text | None = None
    statement: Prose | None = None
    accreditation: Slug | None = None
    standard: Text | None = None
    assurance: Assurance | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """The route for complaints and appeals, with what 002:1628 asks it to say."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    how: Text
    process: Text
    expected_resolution: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing a source says of an issuer, as it says it. Facts on one topic may contradict one another;
    all are kept (domain.md §2.3). ``value`` is tri-state and a half: the sources also say "sometimes".
    ``quote`` holds at most a few words of the source.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    topic: Slug
    value: Literal["yes", "no", "sometimes", "unclear"]
    source: Annotated[str, Field(pattern=r"^00[0-4]:[0-9]+(-[0-9]+)?$")]
    quote: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    note: Text | None = None


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
    facts: tuple[Fact, ...] = ()
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
class Provision:
    """How it is offered; the dates of one run belong to an award, not to a template."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    self_paced: Literal[True] | None = None
    requirements: Prose | None = None
    recommended_prior: Prose | None = None
    target_group: Prose | None = None
    costs: Prose | None = None
    jurisdiction: Country | None = None
    industry: Prose | None = None
    supported_by: Prose | None = None
    depth: Prose | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    stackability: Slug | None = None
    credit_only_when_stacked_with: tuple[Text, ...] = ()
    leads_to: Level | None = None
    statement: Prose | None = None
    supersedes: tuple[Text, ...] = ()


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
    category: Slug | None = None
    provision: Provision | None = None
    recognition: Recognition | None = None
    valid_months: Months | None = None
    sources: tuple[Source, ...] = ()
    synthetic: tuple[Text, ...] = ()

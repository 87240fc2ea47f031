"""What micro-credentials may count towards: targets, declared by the side that awards them (domain.md §4).

Everything is data with a source. `agent.core.stacks` reads these rules; nothing here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from issuer_profiles.models import (
    STRICT,
    Complaint,
    Decimal,
    Eqf,
    Language,
    Months,
    Prose,
    Slug,
    Source,
    Text,
)

MAX_PARTS = 64  # of each kind: a plan tries every credential against every part

type Day = Annotated[str, Field(pattern=r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardedBy:
    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    name: Text
    registry_id: Text | None = None
    did: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor:
    """``institution`` (a registry id) counts as ``successor`` for what it awarded up to ``until``."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    institution: Text
    successor: Text
    until: Day
    source: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepts:
    """Whose micro-credentials may count. ``issuers`` are DIDs or registry ids; none named means any issuer
    that passes ``registry_assured``. This is the awarding side's declaration of articulation (000:278).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    issuers: tuple[Text, ...] = ()
    registry_assured: bool = True
    predecessors: tuple[Predecessor, ...] = ()


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
class Size:
    """How large one member may be, in the target's unit; the sources disagree, so each target says its own
    with a source (002:419, 002:798, 002:1200).
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    least: Decimal | None = None
    most: Decimal | None = None
    text: Text
    source: Text


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
class Match:
    """Which credentials are meant: every member that is stated must hold, and of its list one item.

    ``templates`` are references such as ``munster-tu/data-literacy`` (any version) or ``…@2`` (that one). An
    issuer can write any reference into a credential, so they need ``issuers`` beside them: DIDs, or registry
    ids, which hold only when the registry binds the signing key to that institution.
    ``skills`` are ESCO addresses; ``minimum_credit`` is in the target's unit.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    templates: tuple[Text, ...] = ()
    issuers: tuple[Text, ...] = ()
    skills: tuple[Text, ...] = ()
    languages: tuple[Language, ...] = ()
    minimum_eqf: Eqf | None = None
    minimum_credit: Decimal | None = None

    def __post_init__(self) -> None:
        if self.templates and not self.issuers:
            raise ValueError("templates need issuers: anybody can name a template")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A required member: exactly one credential fills it."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Slug
    title: Prose
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Electives: ``minimum`` to ``maximum`` of the unit, ``at_least`` to ``at_most`` credentials."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Slug
    title: Prose
    match: Match
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    at_least: Annotated[int, Field(ge=0, le=64)] = 0
    at_most: Annotated[int, Field(ge=1, le=64)] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Members that never count here, and the awarding side's reason in words."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    match: Match
    text: Text
    source: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Institutions that exchange what is taught in some languages (002:720). ``institutions`` are DIDs or
    registry ids; empty means all.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    id: Slug
    title: Prose
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    institutions: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One way of recognition (002:1810-1828, 002:1869-1906). A target without routes counts whatever it
    accepts; with routes each member takes one that is open to it. ``prior-learning`` counts nothing by
    itself: it says which evidence an application needs.

    ``parties`` are DIDs or registry ids of the issuers, ``modules`` template references (none: all),
    ``programmes`` the home programmes, ``student`` (ad hoc) the learner's id, ``starts`` to ``ends`` the dates
    of award. ``passed`` asks for an assessed credential. ``maximum`` in the target's unit, or ``share`` of its
    total in per cent, limits what the route counts.
    """

    __pydantic_config__: ClassVar[ConfigDict] = STRICT
    kind: Literal["automatic", "elective", "prior-learning", "academic-issuer", "ad-hoc"]
    text: Text
    source: Text
    parties: tuple[Text, ...] = ()
    modules: tuple[Text, ...] = ()
    programmes: tuple[Text, ...] = ()
    student: Text | None = None
    starts: Day | None = None
    ends: Day | None = None
    passed: bool = False
    grades: Grades | None = None
    maximum: Decimal | None = None
    share: Decimal | None = None
    evidence: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        if self.kind in ("automatic", "ad-hoc") and not self.parties:
            raise ValueError(f"a route of kind {self.kind} names its parties")
        if (self.kind == "ad-hoc") != (self.student is not None):
            raise ValueError("student goes with kind = 'ad-hoc', and only with it")
        if (self.kind == "prior-learning") != bool(self.evidence):
            raise ValueError("evidence goes with kind = 'prior-learning', and only with it")
        if self.modules and not self.parties:
            raise ValueError("modules need parties: anybody can name a template")
        if self.maximum is not None and self.share is not None:
            raise ValueError("a route has a maximum or a share, not both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Something micro-credentials may count towards, declared by the side that awards it (domain.md §4).

    ``unit`` is a credit system or ``credentials`` (each counts 1). ``convert`` gives, for another unit, how
    many of ``unit`` one is worth, if the awarding side says so; without it unlike units are never added.
    A target of kind ``degree`` can be described, but nothing ever counts towards it (002:643-645).

    ``required`` places and ``elective`` pools each take credentials of their own; what fits none of them
    counts only if ``free`` (it is, unless the file says otherwise). ``overlap`` says which learning counts
    once: credentials with all outcomes alike, or with any; versions of one template always do.
    With ``cluster`` only that cluster's languages and institutions count; with ``clusters`` alone, those in
    which the awarding institution takes part.
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
    sizes: Size | None = None
    convert: Mapping[Slug, Decimal] = field(default_factory=dict)
    caps: Annotated[tuple[Cap, ...], Field(max_length=MAX_PARTS)] = ()
    required: Annotated[tuple[Place, ...], Field(max_length=MAX_PARTS)] = ()
    elective: Annotated[tuple[Pool, ...], Field(max_length=MAX_PARTS)] = ()
    excluded: Annotated[tuple[Excluded, ...], Field(max_length=MAX_PARTS)] = ()
    free: bool = True
    overlap: Literal["same-outcomes", "any-outcome"] = "same-outcomes"
    clusters: Annotated[tuple[Cluster, ...], Field(max_length=MAX_PARTS)] = ()
    cluster: Slug | None = None
    routes: Annotated[tuple[Route, ...], Field(max_length=MAX_PARTS)] = ()
    complaint: Complaint | None = None
    sources: tuple[Source, ...] = ()
    synthetic: tuple[Text, ...] = ()

    def __post_init__(self) -> None:
        if not float(self.total):
            raise ValueError("total must be above 0")
        ids = [*(place.id for place in self.required), *(pool.id for pool in self.elective)]
        if len(set(ids)) != len(ids):
            raise ValueError("two places or pools have the same id")
        if self.cluster is not None and self.cluster not in {each.id for each in self.clusters}:
            raise ValueError("cluster names none of the clusters")

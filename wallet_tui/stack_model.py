"""Goals, plans and the way to them, as the agent service answers (see `wallet_tui.model`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from wallet_tui.doc import Doc
from wallet_tui.model import MAX_ROWS
from wallet_tui.safe_text import Untrusted

MAX_BEFORE = 6


@dataclass(frozen=True, slots=True)
class Target:
    id: str
    title: Untrusted
    awarded_by: Untrusted
    unit: Untrusted
    total: Untrusted
    minimum_eqf: int | None = None

    @classmethod
    def read(cls, doc: Doc) -> Target:
        by = doc.doc("awarded_by")
        return cls(
            id=doc.need("id"),
            title=doc.text("title"),
            awarded_by=by.text("name") if by else doc.text("awarded_by"),
            unit=doc.text("unit"),
            total=doc.text("total"),
            minimum_eqf=doc.number("minimum_eqf"),
        )


@dataclass(frozen=True, slots=True)
class Before:
    """What comes before something else: ``why`` is required, recommended or stacked."""

    id: str
    why: str

    @classmethod
    def read(cls, doc: Doc) -> Before:
        return cls(doc.ident("id"), doc.word("why", ("required", "recommended", "stacked"), "required"))


@dataclass(frozen=True, slots=True)
class Member:
    credential_id: str
    title: Untrusted
    issuer: Untrusted
    credit: Untrusted
    credit_system: Untrusted
    eqf: int | None
    counts: Untrusted
    state: str
    reason: Untrusted
    host: Untrusted
    left_out: bool
    is_offer: bool
    place: str
    source: Untrusted
    asked: Untrusted
    before: tuple[Before, ...]
    names_target: bool

    @classmethod
    def read(cls, doc: Doc) -> Member:
        issuer = doc.doc("issuer")
        return cls(
            credential_id=doc.ident("credential_id"),
            title=doc.text("title"),
            issuer=issuer.text("name") if issuer else doc.text("issuer"),
            credit=doc.text("credit"),
            credit_system=doc.text("credit_system"),
            eqf=doc.number("eqf"),
            counts=doc.text("counts"),
            state=doc.word("state", ("counted", "offered", "excluded"), "excluded"),
            reason=doc.text("reason"),
            host=issuer.text("host") or issuer.text("did"),
            left_out=doc.ident("code") == "left_out",
            is_offer=doc.flag("is_offer"),
            place=doc.ident("place"),
            source=doc.text("source"),
            asked=doc.text("prerequisites"),
            before=_before(doc),
            names_target=doc.flag("names_target"),
        )


def _before(doc: Doc) -> tuple[Before, ...]:
    return tuple(Before.read(item) for item in doc.docs("before", MAX_BEFORE))


@dataclass(frozen=True, slots=True)
class Place:
    """A required place or an elective pool of a target; ``missing`` is empty when it is filled."""

    id: str
    title: Untrusted
    required: bool
    missing: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Place:
        return cls(doc.ident("id"), doc.text("title"), doc.flag("required"), doc.text("missing"))


@dataclass(frozen=True, slots=True)
class Stack:
    """Progress towards one target. Amounts are None when the service gave no number we can read."""

    target: Target
    unit: Untrusted
    required: Decimal | None
    counted: Decimal | None
    offered: Decimal | None
    missing: Decimal | None
    met: bool
    members: tuple[Member, ...]
    places: tuple[Place, ...]
    route: Untrusted
    complaint: tuple[Untrusted, ...]
    note: Untrusted
    next: tuple[Untrusted, ...]

    @classmethod
    def read(cls, doc: Doc) -> Stack:
        complaint = doc.doc("complaint")
        return cls(
            target=Target.read(doc.doc("target")),
            unit=doc.text("unit"),
            required=doc.amount("required"),
            counted=doc.amount("counted"),
            offered=doc.amount("offered"),
            missing=doc.amount("missing"),
            met=doc.flag("met"),
            members=tuple(Member.read(item) for item in doc.docs("members", MAX_ROWS)),
            places=tuple(Place.read(item) for item in doc.docs("places", 100)),
            route=doc.text("route"),
            complaint=tuple(
                complaint.text(name) for name in ("how", "process", "expected_resolution") if complaint
            ),
            note=doc.text("note"),
            next=doc.texts("next", 50),
        )


@dataclass(frozen=True, slots=True)
class PathStep:
    """One credential that would bring the goal nearer: an open offer, or one that could be earned."""

    id: str
    title: Untrusted
    issuer: Untrusted
    counts: Untrusted
    eqf: int | None
    condition: Untrusted
    open_offer: bool
    others: int
    place: str
    before: tuple[Before, ...]

    @classmethod
    def read(cls, doc: Doc) -> PathStep:
        return cls(
            id=doc.ident("id"),
            title=doc.text("title"),
            issuer=doc.text("issuer"),
            counts=doc.text("counts"),
            eqf=doc.number("eqf"),
            condition=doc.text("condition"),
            open_offer=doc.word("kind", ("offered", "next"), "next") == "offered",
            others=len(doc.docs("alternatives", 10)),
            place=doc.ident("place"),
            before=_before(doc),
        )


@dataclass(frozen=True, slots=True)
class Pathway:
    """The fewest next credentials for one goal; ``closes`` says whether they reach it."""

    target_id: str
    steps: tuple[PathStep, ...]
    closes: bool
    remaining: Decimal | None
    note: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Pathway:
        return cls(
            target_id=doc.doc("target").need("id"),
            steps=tuple(PathStep.read(item) for item in doc.docs("steps", 64)),
            closes=doc.flag("closes"),
            remaining=doc.amount("remaining"),
            note=doc.text("note"),
        )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one is towards one of the known goals. Amounts are None when they are no number."""

    target_id: str
    unit: Untrusted
    required: Decimal | None
    counted: Decimal | None
    offered: Decimal | None
    missing: Decimal | None
    met: bool

    @classmethod
    def read(cls, doc: Doc) -> Progress:
        return cls(
            target_id=doc.need("id"),
            unit=doc.text("unit"),
            required=doc.amount("required"),
            counted=doc.amount("counted"),
            offered=doc.amount("offered"),
            missing=doc.amount("missing"),
            met=doc.flag("met"),
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """``target`` is what it was saved with, an id or a whole target: for sending back, never for showing."""

    id: str
    name: Untrusted
    title: Untrusted
    target: Any
    without: frozenset[str]
    note: Untrusted
    saved_at: datetime | None

    @classmethod
    def read(cls, doc: Doc) -> Draft:
        return cls(
            id=doc.need("id"),
            name=doc.text("name"),
            title=doc.text("title"),
            target=doc.raw("target"),
            without=frozenset(text.raw for text in doc.texts("without", 500)),
            note=doc.text("note"),
            saved_at=doc.time("saved_at"),
        )

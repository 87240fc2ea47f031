"""Goals, plans and the way to them, as the agent service answers (see `wallet_tui.model`)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from wallet_tui.doc import Doc
from wallet_tui.model import MAX_ROWS
from wallet_tui.safe_text import Untrusted


@dataclass(frozen=True, slots=True)
class Target:
    id: str
    title: Untrusted
    awarded_by: Untrusted
    unit: Untrusted
    total: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Target:
        by = doc.doc("awarded_by")
        return cls(
            id=doc.need("id"),
            title=doc.text("title"),
            awarded_by=by.text("name") if by else doc.text("awarded_by"),
            unit=doc.text("unit"),
            total=doc.text("total"),
        )


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
        )


@dataclass(frozen=True, slots=True)
class Place:
    """A required place or an elective pool of a target; ``missing`` is empty when it is filled."""

    title: Untrusted
    required: bool
    missing: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Place:
        return cls(doc.text("title"), doc.flag("required"), doc.text("missing"))


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

    title: Untrusted
    issuer: Untrusted
    counts: Untrusted
    eqf: int | None
    condition: Untrusted
    open_offer: bool
    others: int

    @classmethod
    def read(cls, doc: Doc) -> PathStep:
        return cls(
            title=doc.text("title"),
            issuer=doc.text("issuer"),
            counts=doc.text("counts"),
            eqf=doc.number("eqf"),
            condition=doc.text("condition"),
            open_offer=doc.word("kind", ("offered", "next"), "next") == "offered",
            others=len(doc.docs("alternatives", 10)),
        )


@dataclass(frozen=True, slots=True)
class Pathway:
    """The fewest next credentials for one goal; ``closes`` says whether they reach it."""

    target_id: str
    steps: tuple[PathStep, ...]
    closes: bool
    note: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Pathway:
        return cls(
            target_id=doc.doc("target").need("id"),
            steps=tuple(PathStep.read(item) for item in doc.docs("steps", 64)),
            closes=doc.flag("closes"),
            note=doc.text("note"),
        )

"""What the agent service answers, as typed values: parsed once, here, with every list bounded.

Text that an issuer, an employer or a registry wrote is `Untrusted`; words of our own vocabulary (states,
results, modes) are checked against it, and anything else becomes the honest fallback (``unknown``).
Identifiers stay `str` because they go back into addresses (quoted); they too are shown with `safe_text`.
Source of the shapes: the agent service's HTTP API.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wallet_tui.doc import MAX_NUMBER_CHARS, Doc
from wallet_tui.safe_text import Untrusted
from wallet_tui.status import Status as Status  # noqa: PLC0414 - one of the models, read without the others at start

MAX_ROWS = 20_000
MAX_LABELS = 50
MAX_SEARCH_CHARS = 600
RESULTS = ("pass", "fail", "unknown")


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody with a DID. ``host`` is what the DID resolves to: shown beside every name."""

    did: Untrusted
    host: Untrusted
    name: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Party:
        return cls(doc.text("did"), doc.text("host"), doc.text("name"))


@dataclass(frozen=True, slots=True)
class Credit:
    system: Untrusted
    value: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Credit | None:
        return cls(doc.text("system"), doc.text("value")) if doc else None


@dataclass(frozen=True, slots=True)
class Claim:
    name: str
    label: Untrusted
    value: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Claim:
        return cls(doc.ident("name"), doc.text("label"), doc.text("value"))


@dataclass(frozen=True, slots=True)
class Proof:
    """One piece of evidence of a check (agent.core.verdict.Evidence)."""

    kind: Untrusted
    label: Untrusted
    value: Untrusted
    url: Untrusted
    sha256: Untrusted
    at: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Proof:
        return cls(
            doc.text("kind"),
            doc.text("label"),
            doc.text("value"),
            doc.text("url"),
            doc.text("sha256"),
            doc.text("at"),
        )


@dataclass(frozen=True, slots=True)
class CheckRow:
    code: str
    label: Untrusted
    result: str
    reason: Untrusted
    detail: Untrusted
    evidence: tuple[Proof, ...]

    @classmethod
    def read(cls, doc: Doc) -> CheckRow:
        return cls(
            code=doc.ident("code"),
            label=doc.text("label"),
            result=doc.word("result", RESULTS, "unknown"),
            reason=doc.text("reason"),
            detail=doc.text("detail"),
            evidence=tuple(Proof.read(item) for item in doc.docs("evidence", 50)),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """``search`` are further words that it is found by (outcomes, ESCO labels, description, note)."""

    id: str
    title: Untrusted
    credit: Credit | None
    eqf: int | None
    issuer: Party
    awarded_on: Untrusted
    expires_on: Untrusted
    state: str
    counts: tuple[int, int, int]
    checked_at: datetime | None
    headline: Untrusted
    form: Untrusted
    envelope: str
    archived: bool
    collections: tuple[Untrusted, ...]
    tags: tuple[Untrusted, ...]
    noted: bool
    search: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Summary:
        counts = doc.doc("counts")
        return cls(
            id=doc.need("id"),
            title=doc.text("title"),
            credit=Credit.read(doc.doc("credit")),
            eqf=doc.number("eqf"),
            issuer=Party.read(doc.doc("issuer")),
            awarded_on=doc.text("awarded_on"),
            expires_on=doc.text("expires_on"),
            state=doc.word("state", RESULTS, "unknown"),
            counts=(counts.number("pass") or 0, counts.number("fail") or 0, counts.number("unknown") or 0),
            checked_at=doc.time("checked_at"),
            headline=doc.text("headline"),
            form=doc.text("form"),
            envelope=doc.ident("envelope"),
            archived=doc.flag("archived"),
            collections=doc.texts("collections", MAX_LABELS),
            tags=doc.texts("tags", MAX_LABELS),
            noted=doc.flag("noted"),
            search=Untrusted(doc.ident("search")[:MAX_SEARCH_CHARS]),
        )


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the learner adds to a credential: nobody else sees any of it."""

    archived: bool
    collections: tuple[Untrusted, ...]
    tags: tuple[Untrusted, ...]
    note: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Shelf:
        return cls(
            doc.flag("archived"),
            doc.texts("collections", MAX_LABELS),
            doc.texts("tags", MAX_LABELS),
            doc.text("note"),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One learning outcome of a record, in one language; ``esco`` is the address of a skill, where it names one."""

    text: Untrusted
    esco: str


@dataclass(frozen=True, slots=True)
class Shared:
    at: datetime | None
    to: Untrusted
    claims: tuple[Untrusted, ...]


@dataclass(frozen=True, slots=True)
class Raw:
    """What was not understood of an imported credential: where it stands, and its text as it came."""

    path: Untrusted
    text: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Raw:
        return cls(doc.text("path"), doc.text("text"))


@dataclass(frozen=True, slots=True)
class Credential:
    """``beside`` are rows that decide nothing and are in no tally; ``forms`` what it is held as."""

    summary: Summary
    claims: tuple[Claim, ...]
    checks: tuple[CheckRow, ...]
    beside: tuple[CheckRow, ...]
    forms: tuple[Untrusted, ...]
    not_understood: tuple[Raw, ...]
    shared: tuple[Shared, ...]
    shelf: Shelf
    outcomes: tuple[Outcome, ...]

    @classmethod
    def read(cls, doc: Doc) -> Credential:
        return cls(
            summary=Summary.read(doc),
            claims=tuple(Claim.read(item) for item in doc.docs("claims")),
            checks=tuple(CheckRow.read(item) for item in doc.docs("checks")),
            beside=tuple(CheckRow.read(item) for item in doc.docs("beside")),
            forms=doc.texts("forms", 20),
            not_understood=tuple(Raw.read(item) for item in doc.docs("not_understood")),
            shared=tuple(_shared(item) for item in doc.docs("shared")),
            shelf=Shelf.read(doc.doc("shelf")),
            outcomes=tuple(_outcome(item) for item in doc.doc("record").docs("outcomes", 100)),
        )


def _shared(doc: Doc) -> Shared:
    to = doc.doc("to")
    # A party object or a plain name: both are seen as text.
    return Shared(doc.time("at"), to.text("host") if to else doc.text("to"), doc.texts("claims"))


def _outcome(doc: Doc) -> Outcome:
    text = doc.doc("text")
    return Outcome(text.text("en") or text.first_text(), doc.ident("esco")[:300])


@dataclass(frozen=True, slots=True)
class Problem:
    code: str
    detail: Untrusted
    hint: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Problem | None:
        return cls(doc.ident("code"), doc.text("detail"), doc.text("hint")) if doc else None


@dataclass(frozen=True, slots=True)
class Step:
    name: Untrusted
    seconds: float | None
    state: str = "done"

    @classmethod
    def read(cls, doc: Doc) -> Step:
        try:
            seconds = float(doc.ident("seconds")[:MAX_NUMBER_CHARS])
        except ValueError:
            seconds = None
        return cls(doc.text("name"), seconds, doc.word("state", ("running", "done", "failed"), "done"))


@dataclass(frozen=True, slots=True)
class Identity:
    how: Untrusted
    key: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Identity:
        return cls(doc.text("how"), doc.text("key"))


OFFER_STATES = ("open", "accepting", "accepted", "rejected", "expired", "failed")


@dataclass(frozen=True, slots=True)
class Offer:
    id: str
    link: Untrusted
    state: str
    issuer: Party
    identity: Identity
    received_at: datetime | None
    expires_at: datetime | None
    title: Untrusted
    credit: Credit | None
    eqf: int | None
    awarded_on: Untrusted
    claims: tuple[Claim, ...]
    checks: tuple[CheckRow, ...]
    steps: tuple[Step, ...]
    credential_id: str
    error: Problem | None

    @classmethod
    def read(cls, doc: Doc) -> Offer:
        return cls(
            id=doc.need("id"),
            link=doc.text("link"),
            state=doc.word("state", OFFER_STATES, "failed"),
            issuer=Party.read(doc.doc("issuer")),
            identity=Identity.read(doc.doc("identity")),
            received_at=doc.time("received_at"),
            expires_at=doc.time("expires_at"),
            title=doc.text("title"),
            credit=Credit.read(doc.doc("credit")),
            eqf=doc.number("eqf"),
            awarded_on=doc.text("awarded_on"),
            claims=tuple(Claim.read(item) for item in doc.docs("claims")),
            checks=tuple(CheckRow.read(item) for item in doc.docs("checks")),
            steps=tuple(Step.read(item) for item in doc.docs("steps")),
            credential_id=doc.ident("credential_id"),
            error=Problem.read(doc.doc("error")),
        )

"""Who can be trusted and why, as the agent service answers it: what was found, one subject, and the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wallet_tui.doc import Doc
from wallet_tui.model import MAX_ROWS, RESULTS, CheckRow, Party
from wallet_tui.safe_text import Untrusted

FRESHNESS = ("fresh", "stale", "expired", "dead")


@dataclass(frozen=True, slots=True)
class TrustList:
    """The registry's list. ``seq`` None: there is none here. ``check`` is its own link of every chain."""

    url: Untrusted
    registry: Untrusted
    seq: int | None
    version: int | None
    demo: bool
    issued_at: datetime | None
    signed_at: datetime | None
    checked_at: datetime | None
    age: int | None
    freshness: str
    pinned: bool
    signed_by: Untrusted
    root: Untrusted
    sha256: Untrusted
    problem: str
    sources: tuple[Untrusted, ...]
    check: CheckRow

    @classmethod
    def read(cls, doc: Doc) -> TrustList:
        return cls(
            url=doc.text("url"),
            registry=doc.text("registry"),
            seq=doc.number("seq"),
            version=doc.number("version"),
            demo=doc.word("kind", ("demo", "production"), "production") == "demo",
            issued_at=doc.time("issued_at"),
            signed_at=doc.time("signed_at"),
            checked_at=doc.time("checked_at"),
            age=doc.number("age_seconds"),
            freshness=doc.word("freshness", FRESHNESS, ""),
            pinned=doc.word("root", ("pinned", "first_use"), "first_use") == "pinned",
            signed_by=doc.text("signed_by"),
            root=doc.text("root_sha256"),
            sha256=doc.text("sha256"),
            problem=doc.ident("problem"),
            sources=tuple(each.text("file") for each in doc.docs("sources", 20)),
            check=CheckRow.read(doc.doc("check")),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the results: an issuer of what is held (``did``), or an institution of the list (``id``)."""

    did: str
    id: str
    name: Untrusted
    host: Untrusted
    found_as: Untrusted
    countries: tuple[Untrusted, ...]
    credentials: int
    assured: int
    dids: int

    @property
    def key(self) -> str:
        return f"did:{self.did}" if self.did else f"inst:{self.id}"

    @classmethod
    def of_issuer(cls, doc: Doc) -> Entry:
        party = Party.read(doc)
        assured = doc.doc("assured").number("pass") or 0
        held = doc.number("credentials") or 0
        return cls(doc.need("did"), "", party.name, party.host, Untrusted(""), (), held, assured, 0)

    @classmethod
    def of_institution(cls, doc: Doc) -> Entry:
        name, found_as = doc.text("name"), doc.text("found_as")
        other = Untrusted("") if found_as == name else found_as
        dids = doc.number("dids") or 0
        return cls("", doc.need("id"), name, Untrusted(""), other, doc.texts("countries", 20), 0, 0, dids)


@dataclass(frozen=True, slots=True)
class Found:
    """Issuers first. ``more``: institutions that fit and are not here."""

    entries: tuple[Entry, ...]
    more: int
    problem: str
    list: TrustList

    @classmethod
    def read(cls, doc: Doc) -> Found:
        issuers = [Entry.of_issuer(item) for item in doc.docs("issuers", MAX_ROWS)]
        institutions = [Entry.of_institution(item) for item in doc.docs("institutions")]
        return cls(
            entries=(*issuers, *institutions),
            more=max(0, (doc.number("total") or 0) - len(institutions)),
            problem=doc.ident("problem"),
            list=TrustList.read(doc.doc("list")),
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """A DID and key bound to an institution."""

    did: str
    host: Untrusted
    institution_id: str
    level: int
    since: Untrusted
    until: Untrusted
    thumbprint: Untrusted
    agreed: bool
    result: str
    detail: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Bound:
        return cls(
            did=doc.ident("did"),
            host=doc.text("host"),
            institution_id=doc.ident("institution_id"),
            level=doc.number("level") or 0,
            since=doc.text("since"),
            until=doc.text("until"),
            thumbprint=doc.text("thumbprint"),
            agreed=doc.flag("agreed"),
            result=doc.word("result", RESULTS, "unknown"),
            detail=doc.text("detail"),
        )


@dataclass(frozen=True, slots=True)
class Report:
    """A report of external quality assurance. ``levels`` None: the source does not say which."""

    activity: Untrusted
    status: Untrusted
    decision: Untrusted
    valid_from: Untrusted
    last_day: Untrusted
    inferred: bool
    in_force: bool
    levels: tuple[int, ...] | None
    programme: Untrusted
    agency: Untrusted
    acronym: Untrusted
    url: Untrusted
    illustrative: bool

    @classmethod
    def read(cls, doc: Doc) -> Report:
        agency = doc.doc("agency")
        return cls(
            activity=doc.text("activity"),
            status=doc.text("status"),
            decision=doc.text("decision"),
            valid_from=doc.text("valid_from"),
            last_day=doc.text("last_day"),
            inferred=doc.flag("last_day_inferred"),
            in_force=doc.flag("in_force"),
            levels=doc.numbers("levels"),
            programme=doc.text("programme"),
            agency=agency.text("name"),
            acronym=agency.text("acronym"),
            url=doc.text("url"),
            illustrative=doc.flag("illustrative"),
        )


@dataclass(frozen=True, slots=True)
class Institution:
    id: str
    name: Untrusted
    names: tuple[Untrusted, ...]
    countries: tuple[Untrusted, ...]
    url: Untrusted
    website: Untrusted
    founded: Untrusted
    closed: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Institution | None:
        if not doc:
            return None
        return cls(
            id=doc.ident("id"),
            name=doc.text("name"),
            names=doc.texts("names", 20),
            countries=doc.texts("countries", 20),
            url=doc.text("url"),
            website=doc.text("website"),
            founded=doc.text("founded"),
            closed=doc.text("closed"),
        )


@dataclass(frozen=True, slots=True)
class HeldHere:
    id: str
    title: Untrusted
    state: str

    @classmethod
    def read(cls, doc: Doc) -> HeldHere:
        return cls(doc.ident("id"), doc.text("title"), doc.word("state", RESULTS, "unknown"))


@dataclass(frozen=True, slots=True)
class Subject:
    """A DID (``did``), or an institution. ``result``: is it quality-assured today; ``names``: what it calls itself."""

    did: str
    host: Untrusted
    names: tuple[Untrusted, ...]
    institution: Institution | None
    result: str
    reason: str
    detail: Untrusted
    answered_by: str
    unchecked: tuple[Untrusted, ...]
    chain: tuple[CheckRow, ...]
    bindings: tuple[Bound, ...]
    reports: tuple[Report, ...]
    reports_total: int
    credentials: tuple[HeldHere, ...]
    list: TrustList

    @classmethod
    def read(cls, doc: Doc) -> Subject:
        answered = doc.doc("answered")
        reports = tuple(Report.read(item) for item in doc.docs("reports"))
        return cls(
            did=doc.ident("did"),
            host=doc.text("host"),
            names=doc.texts("names", 5),
            institution=Institution.read(doc.doc("institution")),
            result=doc.word("result", RESULTS, "unknown"),
            reason=doc.ident("reason"),
            detail=doc.text("detail"),
            answered_by=answered.word("by", ("registry", "copy"), "copy"),
            unchecked=answered.texts("unchecked", 10),
            chain=tuple(CheckRow.read(item) for item in doc.docs("chain", 10)),
            bindings=tuple(Bound.read(item) for item in doc.docs("bindings")),
            reports=reports,
            reports_total=max(len(reports), doc.number("reports_total") or 0),
            credentials=tuple(HeldHere.read(item) for item in doc.docs("credentials")),
            list=TrustList.read(doc.doc("list")),
        )

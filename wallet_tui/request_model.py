"""An employer's request and the plan that answers it, as the agent service describes them (see `model`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from agent.errors import AgentError
from wallet_tui.doc import Doc
from wallet_tui.model import Credit, Identity, Party, Problem
from wallet_tui.safe_text import Untrusted

REQUEST_STATES = ("open", "sending", "sent", "declined", "expired", "failed")
ANSWERABLE = ("open", "failed")
MAX_PLAN_ROWS = 2_000
MAX_ROW_PATHS = 50
MAX_OTHERS = 50
MAX_ITEMS = 50


@dataclass(frozen=True, slots=True)
class Switches:
    """What the learner set: optional claims on SEND, and by item the credential chosen to answer."""

    include: frozenset[str] = frozenset()
    choose: tuple[tuple[str, str], ...] = ()

    def toggled(self, claim: str) -> Switches:
        return replace(self, include=self.include ^ {claim})

    def with_choice(self, item: str, credential: str) -> Switches:
        return replace(self, choose=tuple(sorted({**dict(self.choose), item: credential}.items())))

    def to_json(self) -> dict[str, Any]:
        return {"include": sorted(self.include), "choose": dict(self.choose)}


@dataclass(frozen=True, slots=True)
class Flag:
    code: str
    claim: str
    text: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Flag:
        return cls(doc.ident("code"), doc.ident("claim"), doc.text("text"))


@dataclass(frozen=True, slots=True)
class PlanCredential:
    """One credential the plan draws on; ``item`` is its short name in row ids (``c0``). ``others`` could take its
    place; they have no item and no others."""

    item: str
    id: str
    title: Untrusted
    issuer: Party
    credit: Credit | None
    eqf: int | None
    awarded_on: Untrusted
    others: tuple[PlanCredential, ...] = ()

    @classmethod
    def read(cls, doc: Doc) -> PlanCredential:
        return cls(
            item=doc.ident("item"),
            id=doc.ident("id"),
            others=tuple(cls.read(other) for other in doc.docs("others", MAX_OTHERS)),
            title=doc.text("title"),
            issuer=Party.read(doc.doc("issuer")),
            credit=Credit.read(doc.doc("credit")),
            eqf=doc.number("eqf"),
            awarded_on=doc.text("awarded_on"),
        )


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One claim of one credential. ``id`` names the row (``c0.title``); ``paths`` is what leaves because of it,
    as the history writes it (``c0.title_lang``, ``c0.eqf_level>=6``)."""

    id: str
    item: str
    claim: str
    send: bool
    predicate: bool
    label: Untrusted
    value: Untrusted
    sent_as: Untrusted
    credential_title: Untrusted
    required: bool
    locked: Untrusted
    flag: Untrusted
    paths: tuple[str, ...]

    @property
    def switchable(self) -> bool:
        return not self.required and not self.locked

    @classmethod
    def read(cls, doc: Doc) -> PlanRow:
        return cls(
            id=doc.need("id"),
            item=doc.ident("item"),
            claim=doc.need("claim"),
            send=doc.flag("send"),
            predicate=doc.word("mode", ("reveal", "predicate"), "reveal") == "predicate",
            label=doc.text("label"),
            value=doc.text("value"),
            sent_as=doc.text("sent_as"),
            credential_title=doc.text("credential_title"),
            required=doc.flag("required"),
            locked=doc.text("locked"),
            flag=doc.text("flag"),
            paths=doc.idents("paths", MAX_ROW_PATHS),
        )


@dataclass(frozen=True, slots=True)
class Seen:
    item: str
    label: Untrusted
    value: Untrusted


@dataclass(frozen=True, slots=True)
class Unseen:
    label: Untrusted
    why: Untrusted


@dataclass(frozen=True, slots=True)
class LeftOut:
    title: Untrusted
    why: Untrusted


@dataclass(frozen=True, slots=True)
class Plan:
    hash: str
    satisfied: bool
    credentials: tuple[PlanCredential, ...]
    rows: tuple[PlanRow, ...]
    sees: tuple[Seen, ...]
    not_sees: tuple[Unseen, ...]
    links: tuple[Untrusted, ...]
    left_out: tuple[LeftOut, ...]
    note: Untrusted
    choose: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, doc: Doc) -> Plan | None:
        if not doc:
            return None
        rows = tuple(PlanRow.read(item) for item in doc.all_docs("rows", MAX_PLAN_ROWS))
        if len({row.id for row in rows}) != len(rows):
            raise AgentError("bad_answer", "The agent service described one claim of the plan twice.")
        return cls(
            hash=doc.ident("hash"),
            satisfied=doc.flag("satisfied"),
            credentials=tuple(PlanCredential.read(item) for item in doc.docs("credentials", MAX_ITEMS)),
            rows=rows,
            sees=tuple(
                Seen(item.ident("item"), item.text("label"), item.text("value"))
                for item in doc.all_docs("sees", MAX_PLAN_ROWS)
            ),
            not_sees=tuple(
                Unseen(item.text("label"), item.text("why")) for item in doc.docs("not_sees", MAX_PLAN_ROWS)
            ),
            links=doc.texts("links"),
            left_out=tuple(LeftOut(item.text("title"), item.text("why")) for item in doc.docs("left_out")),
            note=doc.text("note"),
            choose=doc.doc("choose").named(MAX_ITEMS),
        )

    def credential(self, item: str) -> PlanCredential | None:
        return next((each for each in self.credentials if each.item == item), None)

    def sent_rows(self) -> tuple[PlanRow, ...]:
        return tuple(row for row in self.rows if row.send)

    def revealed_paths(self) -> tuple[str, ...]:
        """Every path that the rows marked SEND stand for, sorted: what may be in the bytes, and nothing else."""
        return tuple(sorted({path for row in self.rows if row.send for path in row.paths}))

    @property
    def says_what_leaves(self) -> bool:
        """Every row marked SEND names what it sends, and no row marked HIDE sends anything."""
        return all(row.send == bool(row.paths) for row in self.rows)

    def switches(self) -> Switches:
        """What leads to this plan again: what `plan` and `present` take."""
        sent = frozenset(row.claim for row in self.rows if row.send and row.switchable)
        return Switches(sent, self.choose)


@dataclass(frozen=True, slots=True)
class Outcome:
    at: datetime | None
    sent_claims: tuple[Untrusted, ...]
    matches_consent: bool | None
    detail: Untrusted

    @classmethod
    def read(cls, doc: Doc) -> Outcome | None:
        if not doc:
            return None
        # Absent is not "no": the comparison may not have been made.
        stated = doc.flag("matches_consent") or (False if doc.is_false("matches_consent") else None)
        return cls(doc.time("at"), doc.texts("sent_claims"), stated, doc.text("detail"))


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    link: Untrusted
    state: str
    requester: Party
    identity: Identity
    title: Untrusted
    purpose: Untrusted
    retention_days: int | None
    received_at: datetime | None
    expires_at: datetime | None
    flags: tuple[Flag, ...]
    plan: Plan | None
    missing: tuple[Untrusted, ...]
    outcome: Outcome | None
    error: Problem | None

    @classmethod
    def read(cls, doc: Doc) -> Request:
        return cls(
            id=doc.need("id"),
            link=doc.text("link"),
            state=doc.word("state", REQUEST_STATES, "failed"),
            requester=Party.read(doc.doc("requester")),
            identity=Identity.read(doc.doc("identity")),
            title=doc.text("title"),
            purpose=doc.text("purpose"),
            retention_days=doc.number("retention_days"),
            received_at=doc.time("received_at"),
            expires_at=doc.time("expires_at"),
            flags=tuple(Flag.read(item) for item in doc.docs("flags")),
            plan=Plan.read(doc.doc("plan")),
            missing=doc.texts("missing"),
            outcome=Outcome.read(doc.doc("outcome")),
            error=Problem.read(doc.doc("error")),
        )

    @property
    def answerable(self) -> bool:
        """Nothing has been answered yet. After a failure nothing was sent, so it may be tried again."""
        return self.state in ANSWERABLE

    @property
    def can_send(self) -> bool:
        return self.answerable and self.plan is not None and self.plan.satisfied and bool(self.plan.hash)

"""Looking up who can be trusted and why: an institution, a DID, and the list that says so.

What is shown of institutions, bindings and reports comes from the copy of the registry's list, whose signature and
hashes were checked (`trust_registry.looking`): never from an answer that nobody signed. About one DID and key the
registry is asked as well (`trust_registry.asking`), since what it revoked in the last minutes is not in the list yet.
Where there is no list, or it is too old, the answer is unknown and says why.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from typing import Any

from agent.core.record import host_of
from agent.core.verdict import Check, Result
from agent.errors import InputError, NotFoundError
from agent.services import clock, trust, trust_chain
from agent.services.held import HeldFact, Kept
from agent.services.node import Node
from trust_registry import cover
from trust_registry.answered import Source
from trust_registry.dates import format_time
from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.facts import Agency, Institution, Report
from trust_registry.looking import Look, readable
from trust_registry.models import DID, Query
from trust_registry.resolve import latest_bindings
from trust_registry.standing import Standing
from trust_registry.vocabulary import CYCLE_OF_EQF, AwardKind

MOST_FOUND = 50
MOST_REPORTS = 60
MAX_QUESTION = 512
REFRESH_SECONDS = 10.0

type Document = dict[str, Any]


class TrustPanel:
    def __init__(self, node: Node, held: Kept[HeldFact]) -> None:
        self._node, self._held = node, held

    async def search(self, question: str, *, refresh: bool = False) -> Document:
        """Institutions by name, id or DID, and the issuers of what is held that fit; without a question, only those."""
        held = await self._held_now()
        if len(question) > MAX_QUESTION:
            raise InputError("bad_request", f"A question has at most {MAX_QUESTION} characters.")
        if refresh:
            await self._refresh()
        look, problem = await self._look()
        issuers = _issuers(held, question)
        found = _Found()
        if look is not None and question.strip():
            found, problem = await _aside(_find, look, question.strip(), problem)
        return {
            "query": question,
            "institutions": found.items,
            "total": found.total,
            "total_is_exact": found.exact,
            "issuers": issuers,
            "problem": problem,
            "list": await self._list(look, problem),
        }

    async def institution(self, identifier: str, *, refresh: bool = False) -> Document:
        """One institution today. Raises `NotFoundError` unknown_institution, which is no judgement."""
        if refresh:
            await self._refresh()
        held = await self._held_now()
        look, problem = await self._look()
        if look is None:
            return self._nothing(problem) | {"id": identifier, "list": await self._list(None, problem)}
        now = clock.now()
        shown: Document | None = await _aside(_institution, look, identifier, held)
        if shown is None:
            raise NotFoundError(
                "unknown_institution",
                "This institution is not on the list.",
                "That is no judgement: taking part is voluntary.",
            )
        return shown | {"list": await self._list(look, ""), "asked_at": clock.stamp(now)}

    async def issuer(self, did: str, *, refresh: bool = False) -> Document:
        """One DID today: whose it is, by which binding, and the institution behind it. Raises `InputError` bad_did."""
        everything = await self._held_now()
        if DID.fullmatch(did) is None or len(did) > MAX_QUESTION:
            raise InputError("bad_did", "This is not a DID.", "A DID looks like did:web:university.example.")
        if refresh:
            await self._refresh()
        held = [each for each in everything if each.did == did]
        look, problem = await self._look()
        listed = await self._list(look, problem)
        answer = await self._ask(did, look)
        list_row = Check.from_json(listed["check"])
        links = trust_chain.chain(answer.decision, list_row, reason=answer.reason, did=did, held=held)
        bound = () if look is None else await _aside(_bindings_of_did, look, did, list_row)
        owners = sorted({each["institution_id"] for each in bound if each["result"] == Result.PASS})
        behind = None
        if look is not None and len(owners) == 1:
            behind = await _aside(_institution, look, owners[0], [])
        return {
            "did": did,
            "host": host_of(did) or did,
            "names": sorted({each.issuer for each in held})[:5],
            **_said(answer, list_row),
            "answered": {
                "by": str(answer.source),
                "as_of": "" if answer.as_of is None else format_time(answer.as_of),
                "unchecked": [trust.UNCHECKED.get(name, name) for name in answer.unchecked],
            },
            "chain": [link.to_json() for link in links],
            "bindings": list(bound),
            "institution": None if behind is None else behind["institution"],
            "reports": [] if behind is None else behind["reports"],
            "reports_total": 0 if behind is None else behind["reports_total"],
            "credentials": _credentials(held),
            "problem": problem,
            "list": listed,
        }

    # ------------------------------------------------------------------ what it rests on

    async def _held_now(self) -> list[HeldFact]:
        return list((await self._held.all(self._node.vault)).values())

    async def _look(self) -> tuple[Look | None, str]:
        try:
            return await self._node.asker.look(), ""
        except TrustRegistryError as error:
            return None, error.code

    async def _refresh(self) -> None:
        """The newest list, if the registry gives it in time; if not, the one here says how old it is."""
        self._node.trust_memory.forget()
        with suppress(TrustRegistryError, TimeoutError):
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._node.asker.sync()

    async def _ask(self, did: str, look: Look | None) -> trust.Answer:
        """The registry's signed word on this DID today, or the copy's: with the key that is bound, if it is one."""
        today = clock.today()
        keys: set[str] = set()
        if look is not None:
            with suppress(TrustRegistryError), readable():
                known = latest_bindings(look.bindings_of_did(did), clock.now())
                keys = {each.thumbprint for each in known if each.valid_from <= today}
        query = Query(
            did=did,
            key=keys.pop() if len(keys) == 1 else None,
            awarded_on=today,
            award_kind=AwardKind.PROGRAMME,  # of the institution: what a small award needs beyond that is its own check
        )
        return await trust.ask_query(self._node, query)

    async def _list(self, look: Look | None, problem: str) -> Document:
        node = self._node
        facts: Document = {"url": node.settings.registry_url, "demo": node.settings.demo}
        facts |= {
            "root": "pinned" if node.settings.registry_root else "first_use",
            "problem": node.registry_list.problem,
        }
        if look is None:
            return facts | {"check": trust_chain.no_list(problem or trust.UNREACHABLE).to_json()}
        found, row = await _aside(_list_row, look)
        return {**facts, **found, "check": row.to_json()}

    def _nothing(self, problem: str) -> Document:
        row = trust_chain.no_list(problem or trust.UNREACHABLE)
        return {
            "institution": None,
            "result": str(Result.UNKNOWN),
            "reason": row.reason,
            "detail": row.detail,
            "chain": [link.to_json() for link in trust_chain.chain(None, row)],
            "bindings": [],
            "reports": [],
            "reports_total": 0,
            "credentials": [],
            "problem": problem,
        }


class _Found:
    def __init__(self, items: Iterable[Document] = (), total: int = 0, *, exact: bool = True) -> None:
        self.items, self.total, self.exact = list(items), total, exact


async def _aside(work: Any, *arguments: Any) -> Any:
    """In a thread: a list of a hundred thousand institutions takes milliseconds that others would wait for."""

    def run() -> Any:
        with readable():
            return work(*arguments)

    return await asyncio.to_thread(run)


# ---------------------------------------------------------------------- in the thread


def _find(look: Look, question: str, problem: str) -> tuple[_Found, str]:
    """By DID, by host, by name; a question that has nothing to look for finds nothing."""
    if question.startswith("did:"):
        hits = [(each.institution_id, question) for each in look.bindings_of_did(question) if each.level > 0]
        return _Found(_found_items(look, dict(hits).items()), len(dict(hits))), problem
    by_host: dict[str, str] = {}
    if "." in question and " " not in question:
        host = question.casefold().removeprefix("https://").removeprefix("http://").partition("/")[0]
        for each in look.bindings_of_did(f"did:web:{host.replace(':', '%3A')}"):
            if each.level > 0:
                by_host[each.institution_id] = f"DID of {host}"
        for identifier in look.at_website(host)[:MOST_FOUND]:
            by_host.setdefault(identifier, f"website at {host}")
    try:
        page = look.search(question, limit=MOST_FOUND)
    except QueryError as error:
        return _Found(_found_items(look, by_host.items()), len(by_host)), "" if by_host else error.code
    named = {hit.institution_id: hit.name for hit in page.hits if hit.institution_id not in by_host}
    items = _found_items(look, [*by_host.items(), *named.items()])
    return _Found(items, len(by_host) + page.total, exact=page.counted_all), problem


def _found_items(look: Look, hits: Iterable[tuple[str, str]]) -> list[Document]:
    found = []
    for identifier, found_as in hits:
        one = look.institution(identifier)
        if one is not None:
            bound = len(latest_bindings(look.bindings_of(identifier), clock.now()))
            found.append(
                {
                    "id": one.id,
                    "name": one.name,
                    "found_as": found_as,
                    "countries": list(one.countries),
                    "dids": bound,
                }
            )
    return found[:MOST_FOUND]


def _institution(look: Look, identifier: str, held: list[HeldFact]) -> Document | None:
    now = clock.now()
    standing = look.standing(identifier, now=now)
    if standing is None:
        return None
    _, list_row = _list_row(look)
    answer = trust.Answer(standing.decision, source=Source.COPY)
    bindings = [_binding(look, each.binding, each.decision, list_row, now.date()) for each in standing.dids]
    dids = {each["did"] for each in bindings if each["result"] == Result.PASS}
    ours = [each for each in held if each.did in dids]
    links = trust_chain.chain(standing.decision, list_row, held=ours)
    reports = [_report(each, standing, now.date()) for each in standing.reports]
    return {
        "institution": _about(standing.institution),
        **_said(answer, list_row),
        "chain": [link.to_json() for link in links],
        "bindings": bindings,
        "reports": reports[:MOST_REPORTS],
        "reports_total": len(reports),
        "credentials": _credentials(ours),
        "problem": "",
    }


def _bindings_of_did(look: Look, did: str, list_row: Check) -> tuple[Document, ...]:
    now = clock.now()
    found = []
    for binding in latest_bindings(look.bindings_of_did(did), now):
        query = Query(did=did, key=binding.thumbprint, awarded_on=now.date(), award_kind=AwardKind.PROGRAMME)
        found.append(_binding(look, binding, look.resolve(query, now=now), list_row, now.date()))
    return tuple(found)


def _list_row(look: Look) -> tuple[Document, Check]:
    now = clock.now()
    facts = look.list_facts(now)
    return facts, trust_chain.list_check(facts, look.distrusted(now))


def _binding(look: Look, binding: Any, decision: Any, list_row: Check, today: date) -> Document:
    row = trust_chain.binding_check(
        binding, decision, counts=look.counts(binding), list_row=list_row, today=today
    )
    return {
        "did": binding.did,
        "host": host_of(binding.did) or binding.did,
        "institution_id": binding.institution_id,
        "level": binding.level,
        "since": binding.valid_from.isoformat(),
        "until": binding.valid_to.isoformat() if binding.valid_to else "",
        "recorded_at": format_time(binding.recorded_at),
        "thumbprint": binding.thumbprint,
        "agreed": bool(binding.proposal),
        "result": str(row.result),
        "reason": row.reason,
        "detail": row.detail,
    }


def _report(report: Report, standing: Standing, today: date) -> Document:
    last, inferred = cover.last_day(report)
    agency = next((each for each in standing.agencies if each.acronym == report.agency), None)
    levels = (
        None
        if report.cycles is None
        else [eqf for eqf, cycle in CYCLE_OF_EQF.items() if cycle in report.cycles]
    )
    return {
        "id": report.id,
        "agency": _agency(report.agency, agency),
        "activity": str(report.activity),
        "status": str(report.status),
        "decision": str(report.decision),
        "flag": str(report.flag),
        "valid_from": report.valid_from.isoformat(),
        "last_day": last.isoformat(),
        "last_day_inferred": inferred,
        "in_force": report.valid_from <= today <= last,
        "levels": levels,
        "programme": report.programme.name if report.programme else "",
        "url": report.url,
        "illustrative": report.illustrative,
    }


def _agency(acronym: str, agency: Agency | None) -> Document:
    periods = () if agency is None else agency.registrations
    return {
        "acronym": acronym,
        "name": acronym if agency is None else agency.name,
        "url": "" if agency is None else agency.url,
        "registered": [[start.isoformat(), end.isoformat() if end else ""] for start, end in periods],
    }


def _about(institution: Institution) -> Document:
    closure = institution.closure
    return {
        "id": institution.id,
        "name": institution.name,
        "names": list(institution.names)[:20],
        "countries": list(institution.countries),
        "url": institution.url,
        "website": institution.website,
        "founded": institution.founded.isoformat() if institution.founded else "",
        "closed": closure.latest.isoformat() if closure else "",
        "identifiers": [{"resource": each.resource, "value": each.value} for each in institution.identifiers],
    }


# ---------------------------------------------------------------------- what is held


def _said(answer: trust.Answer, list_row: Check) -> Document:
    """Result, reason and sentence of "quality-assured today?". Unknown wherever the list is no answer."""
    if list_row.result is not Result.PASS and answer.source is not Source.REGISTRY:
        return {"result": str(Result.UNKNOWN), "reason": list_row.reason, "detail": list_row.detail}
    row = trust.checks(answer)[1]
    return {
        "result": str(row.result),
        "reason": row.reason,
        "detail": row.detail.replace("at the date of award", "today"),
    }


def _issuers(held: list[HeldFact], question: str) -> list[Document]:
    """Who issued what is held, those with most first; only those in whose names every word of ``question`` is."""
    groups: dict[str, list[HeldFact]] = {}
    for each in held:
        groups.setdefault(each.did, []).append(each)
    wanted = question.casefold().split()
    found = []
    for did, ours in groups.items():
        names = f"{ours[-1].issuer} {ours[-1].host} {did}".casefold()
        if all(word in names for word in wanted):
            assured = [each.assured for each in ours]
            found.append(
                {
                    "did": did,
                    "host": ours[-1].host,
                    "name": ours[-1].issuer,
                    "credentials": len(ours),
                    "institution_id": next((each.institution_id for each in ours if each.institution_id), ""),
                    "assured": {str(result): assured.count(result) for result in Result},
                }
            )
    return sorted(found, key=lambda each: (-each["credentials"], each["did"]))


def _credentials(held: list[HeldFact]) -> list[Document]:
    return [{"id": each.id, "title": each.title, "state": str(each.state)} for each in held]

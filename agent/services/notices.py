"""What a learner should notice: withdrawn, expired, soon to expire, waiting, or resting on an old list.

Notices are derived from what the vault holds and never made up: there is one exactly as long as what it says is so.
Only that one was noticed, and seen, is kept (kind ``notice_seen``), so that each is announced once. A quiet recheck
looks at every credential about once a day, so that a revocation is noticed without anybody asking; it counts as
nobody's activity, and waits while an exchange runs.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog

from agent.services import checking, clock
from agent.services.bus import Event
from agent.services.held import HeldFact, Kept, WaitingFact
from agent.services.holding import Holding
from agent.services.node import Node
from agent.store.vault import Put, Vault
from trust_registry.models import SnapshotInfo
from trust_registry.vocabulary import Freshness

log = structlog.get_logger(__name__)

SEEN = "notice_seen"
SOON = timedelta(days=30)
RECHECK_AFTER, RETRY_AFTER = timedelta(days=1), timedelta(hours=1)
TICK_SECONDS = 60.0  # time passes without an event: something expires, the list grows old
GATHER_SECONDS = 0.3  # several changes at once are one look
PAUSE_SECONDS = 0.25  # between two credentials of a quiet recheck
PATIENCE = 1200  # pauses that a recheck waits for exchanges at most: one may stay open for days
MANY = 10  # more new ones than that are announced together
BATCH = 25  # of one round: what they share is looked up once
TELLING = frozenset({"credential", "offer", "request", "verdict"})
BUSY = frozenset({"accepting", "sending"})

type Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """``id`` stays the same as long as it is so; ``at`` empty: when it was first noticed; ``day``: of an expiry."""

    id: str
    kind: str
    at: str
    title: str
    detail: str
    what: str
    about: str = ""
    day: str = ""
    party: tuple[str, str, str] = ("", "", "")

    def to_json(self, *, at: str, seen: bool) -> Document:
        did, host, name = self.party
        return {
            "id": self.id,
            "kind": self.kind,
            "at": self.at or at,
            "title": self.title,
            "detail": self.detail,
            "about": {"what": self.what, "id": self.about},
            "party": {"did": did, "host": host, "name": name},
            "day": self.day,
            "seen": seen,
        }


def derive(
    held: Iterable[HeldFact],
    offers: Iterable[WaitingFact],
    requests: Iterable[WaitingFact],
    copy: SnapshotInfo | None,
    now: datetime,
) -> list[Notice]:
    """Pure. ``copy``: the registry's list on this machine; None, where there is none, is not an old one."""
    found = [notice for each in held for notice in _of_credential(each, now.date())]
    for kind, what, waiting in (("new_offer", "offer", offers), ("new_request", "request", requests)):
        found += [
            Notice(
                f"{kind}:{one.id}",
                kind,
                one.received_at,
                one.title,
                f"waits for your decision until {clock.stamp(one.expires_at)}",
                what,
                one.id,
                party=one.party,
            )
            for one in waiting
            if one.state == "open" and now < one.expires_at
        ]
    if copy is not None and copy.freshness is not Freshness.FRESH:
        days = copy.age_seconds // 86400
        detail = f"list {copy.seq} is {'a day' if days == 1 else f'{days} days'} old: {_OLD[copy.freshness]}"
        found.append(
            Notice(f"list_old:{copy.freshness}", "list_old", "", "The registry's list is old", detail, "list")
        )
    return found


_OLD = {
    Freshness.STALE: "answers still rest on it, with its age",
    Freshness.EXPIRED: "it answers for awards long before it only",
    Freshness.DEAD: "it answers nothing any more",
}


def _of_credential(held: HeldFact, today: date) -> Iterable[Notice]:
    def notice(kind: str, detail: str, *, day: str = "", at: date | None = None) -> Notice:
        mark, since = f":{day}" if day else "", "" if at is None else f"{at.isoformat()}T00:00:00Z"
        return Notice(
            f"{kind}:{held.id}{mark}",
            kind,
            since,
            held.title,
            detail,
            "credential",
            held.id,
            day,
            (held.did, held.host, held.issuer),
        )

    if held.withdrawn:
        yield notice(held.withdrawn, held.withdrawn_by or f"{held.withdrawn} by its issuer")
    if held.expires_on is None:
        return
    day = held.expires_on.isoformat()
    if held.expires_on < today:
        yield notice("expired", f"expired on {day}", day=day, at=held.expires_on + timedelta(days=1))
    elif held.expires_on - today <= SOON:
        yield notice("expires_soon", f"expires on {day}", day=day, at=held.expires_on - SOON)


class Notices:
    def __init__(
        self,
        node: Node,
        holding: Holding,
        held: Kept[HeldFact],
        offers: Kept[WaitingFact],
        requests: Kept[WaitingFact],
    ) -> None:
        self._node, self._holding = node, holding
        self._held, self._offers, self._requests = held, offers, requests
        self._marks: WeakKeyDictionary[Vault, dict[str, Document]] = WeakKeyDictionary()
        self._unseen: WeakKeyDictionary[Vault, int] = WeakKeyDictionary()
        self._looking = asyncio.Lock()
        self._tried: dict[str, datetime] = {}
        self._watched: Vault | None = None

    async def all(self) -> list[Document]:
        """What there is to notice now, newest first; what is new is noted and announced."""
        async with self._looking:
            return await self._all()

    def unseen(self) -> int:
        """How many nobody had seen at the last look; the status asks often, and must not wait for the first one."""
        return self._unseen.get(self._node.vault, 0)

    async def see(self, ids: Iterable[str]) -> list[Document]:
        """Mark these as seen; what is not there any more is no error."""
        async with self._looking:
            await self._all()
            marks = await self._known(self._node.vault)
            at = clock.stamp(clock.now())
            changed = [marks[id] | {"seen_at": at} for id in ids if id in marks and not marks[id]["seen_at"]]
            await self._keep(marks, changed)
            found = await self._all()
        if changed:
            self._node.bus.publish("notice", id="", state="seen")
        return found

    async def _all(self) -> list[Document]:
        vault, now = self._node.vault, clock.now()
        held = await self._held.all(vault)
        offers, requests = await self._offers.all(vault), await self._requests.all(vault)
        copy = await self._node.asker.standing()
        found = derive(held.values(), offers.values(), requests.values(), copy, now)
        marks = await self._known(vault)
        new = [each for each in found if each.id not in marks]
        await self._forget(marks, {each.id for each in found}, held)
        fresh = [{"id": each.id, "noticed_at": clock.stamp(now), "seen_at": ""} for each in new]
        await self._keep(marks, fresh)  # before it is announced: once, also when this process dies now
        for each in new if len(new) <= MANY else ():
            self._node.bus.publish("notice", id=each.id, kind=each.kind, what=each.what, about=each.about)
        if len(new) > MANY:
            self._node.bus.publish("notice", id="", kind="several", count=len(new))
        shown = [
            each.to_json(at=marks[each.id]["noticed_at"], seen=bool(marks[each.id]["seen_at"]))
            for each in found
        ]
        self._unseen[vault] = sum(not each["seen"] for each in shown)
        return sorted(shown, key=lambda each: (each["at"], each["id"]), reverse=True)

    async def _known(self, vault: Vault) -> dict[str, Document]:
        if vault not in self._marks:
            self._marks[vault] = {each["id"]: each for each in await vault.all(SEEN)}
        return self._marks[vault]

    async def _keep(self, marks: dict[str, Document], documents: list[Document]) -> None:
        if documents:
            await self._node.vault.put(*(Put(SEEN, _name(each["id"]), each) for each in documents))
            marks.update((each["id"], each) for each in documents)

    async def _forget(
        self, marks: dict[str, Document], there: set[str], held: Mapping[str, HeldFact]
    ) -> None:
        """A mark goes with what it was about, so that the same may be noticed again. A status that could not be looked
        up just now says nothing: its mark stays."""
        for id in [id for id in marks if id not in there]:
            about = held.get(id.split(":")[1]) if ":" in id else None
            if about is None or about.status_known:
                await self._node.vault.delete(SEEN, _name(id))
                del marks[id]

    # ------------------------------------------------------------------ watching

    async def resume(self) -> None:
        """At each unlock, and at each start of ACA-Py: watch as long as this vault is open."""
        if self._watched is not self._node.vault:
            self._watched = self._node.vault
            self._node.spawn(self._watch(), "notices")
            self._node.spawn(self._recheck(), "quiet recheck")

    async def _watch(self) -> None:
        async with self._node.bus.listen() as queue:
            while True:
                await self.all()
                with suppress(TimeoutError):
                    await asyncio.wait_for(_told(queue), TICK_SECONDS)
                await asyncio.sleep(GATHER_SECONDS)
                while not queue.empty():
                    queue.get_nowait()

    # ------------------------------------------------------------------ the quiet recheck

    async def _recheck(self) -> None:
        while True:
            await self.recheck_due()
            await asyncio.sleep(TICK_SECONDS)

    async def recheck_due(self) -> int:
        """Every credential whose checks are older than a day, one after the other; how many that were.

        One that got no answer keeps the checks it had, for a while, and is tried again in an hour.
        """
        due, patience = await self._due(), PATIENCE
        for start in range(0, len(due), BATCH):
            self._node.forget_answers()
            shared = checking.Round(self._node)
            for id in due[start : start + BATCH]:
                while patience > 0 and await self._busy():
                    patience -= 1
                    await asyncio.sleep(PAUSE_SECONDS)
                self._tried[id] = clock.now()
                await self._holding.recheck_quietly(id, shared)
                await asyncio.sleep(PAUSE_SECONDS)
        if due:
            log.info("quiet recheck", credentials=len(due))
        return len(due)

    async def _due(self) -> list[str]:
        held, now = await self._held.all(self._node.vault), clock.now()
        long_ago = now - RECHECK_AFTER - RETRY_AFTER
        old = sorted(
            (each.checked_at, each.id) for each in held.values() if now - each.checked_at >= RECHECK_AFTER
        )
        return [id for _, id in old if now - self._tried.get(id, long_ago) >= RETRY_AFTER]

    async def _busy(self) -> bool:
        """An exchange has the machine for itself, and without ACA-Py some checks cannot be made."""
        vault = self._node.vault
        waiting = (*(await self._offers.all(vault)).values(), *(await self._requests.all(vault)).values())
        return self._node.agent_state != "ready" or any(each.state in BUSY for each in waiting)


async def _told(queue: asyncio.Queue[Event | None]) -> None:
    while True:
        event = await queue.get()
        if event is not None and event.name in TELLING:
            return


def _name(id: str) -> str:
    """Of the mark in the vault: an id may be as long as it likes."""
    return hashlib.sha256(id.encode()).hexdigest()[:32]

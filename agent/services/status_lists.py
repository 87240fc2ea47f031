"""The issuer's status lists (Bitstring Status List v1.0): who gets which index, what is set, what is published.

Lists come in pairs, one for revocation and one for suspension; a credential has the same index in both. The vault
holds what is true, a file under ``public/`` what is published: the file is served when the wallet is locked, too.
Each state of a list has a sequence number. It is in the vault first and then on the file, so a process that was
killed in between publishes at its next start, and no older file ever takes the place of a newer one.

An index is drawn at random among the unused ones, and no list is filled beyond half, so that an index says
nothing about when it was given out or how many there are (section 6.1). A list does not change when an index
is given out. What is in a list are bits: no name, no credential id.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from agent.core.limits import parse_json
from agent.errors import AgentError, CairnError, ConflictError, InputError, NotFoundError
from agent.services import clock, signing
from agent.services.node import Node
from agent.store.vault import Document, Put
from agent.vc import status_list
from agent.vc.status_list import REVOCATION, SUSPENSION

log = structlog.get_logger(__name__)

KIND = "status_lists"  # a pair of lists
INDEX = "status_index"  # an index that was given out: <pair>/<index>
PURPOSES = (REVOCATION, SUSPENSION)
SIZE = status_list.MIN_ENTRIES
VALID = timedelta(days=7)  # how long a locked or dead issuer's list is believed
REFRESH = timedelta(days=1)
TTL = timedelta(minutes=5)  # how long a verifier may keep it; the public listener's max-age is the same
CHECK_SECONDS = 3600.0
RETRY_SECONDS = 60.0
_FILE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a credential stands in a pair of lists; kept by who keeps the credential."""

    pair: str
    index: int

    def to_json(self) -> dict[str, Any]:
        return {"pair": self.pair, "index": self.index}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Slot:
        return cls(data["pair"], data["index"])


@dataclass(frozen=True, slots=True)
class Allocation:
    """A slot that nobody else gets. ``put`` must be written together with what uses it, before that leaves.

    ``credential_status``: the two entries for the credential (section 2.1).
    """

    slot: Slot
    put: Put
    credential_status: list[dict[str, Any]]


class StatusLists:
    """Call `resume` whenever the wallet is open and ACA-Py ready (`Node.on_ready`)."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = asyncio.Lock()
        self._used: dict[str, set[int]] | None = None  # by pair; also what was given out and not yet written
        self._behind = asyncio.Event()
        self._keeping = False

    # ------------------------------------------------------------------ for who issues

    async def allocate(self) -> Allocation:
        """A random unused slot, in lists that are published. Raises `AgentError` while they cannot be."""
        async with self._lock:
            pair = await self._pair_with_room()
            await self._publish(pair)
            used = await self._used_of(pair["id"])
            index = secrets.randbelow(SIZE)
            while index in used:  # at most half are: two draws on average
                index = secrets.randbelow(SIZE)
            used.add(index)
        slot = Slot(pair["id"], index)
        entries = [
            status_list.entry(url=self._url(slot.pair, purpose), index=index, purpose=purpose)
            for purpose in PURPOSES
        ]
        return Allocation(slot, Put(INDEX, _index_id(slot), slot.to_json()), entries)

    async def set_status(self, slot: Slot, purpose: str, value: bool) -> None:
        """Revoke, suspend, or lift a suspension; returns when it is published. Repeatable.

        Raises `NotFoundError` for a slot that nobody has, `InputError` for another purpose, `ConflictError`
        revocation_is_final, and `AgentError` not_published: it is set then, and will be published.
        """
        async with self._lock:
            pair = await self._pair_of(slot, purpose)
            bits = _bits(pair, purpose)
            if status_list.get_bit(bits, slot.index) is not value:
                if purpose == REVOCATION and not value:
                    raise ConflictError("revocation_is_final", "A revocation cannot be taken back.")
                await self._save(pair, purpose, status_list.with_bit(bits, slot.index, value))
            try:
                await self._publish(pair)
            except CairnError as error:
                self._behind.set()
                raise AgentError(
                    "not_published",
                    "The status is changed and not published yet.",
                    "It will be, as soon as the agent is ready; or do it again.",
                ) from error

    async def is_set(self, slot: Slot, purpose: str) -> bool:
        """What the vault says. Raises `NotFoundError`, `InputError`."""
        async with self._lock:
            return status_list.get_bit(_bits(await self._pair_of(slot, purpose), purpose), slot.index)

    # ------------------------------------------------------------------ keeping them published

    async def resume(self) -> None:
        """Publish what was set and not published, renew what is a day old, and keep doing so."""
        if not self._keeping:
            self._node.spawn(self._keep(), "status lists")
        await self.publish_all()

    async def publish_all(self) -> None:
        """Every list as the vault has it, signed less than a day ago."""
        async with self._lock:
            now = clock.now()
            for pair in await self._pairs():
                for purpose in PURPOSES:
                    if not _is_fresh(pair, purpose, now):
                        await self._save(pair, purpose, _bits(pair, purpose))
                await self._publish(pair)

    async def _keep(self) -> None:
        self._keeping = True
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._behind.wait(), CHECK_SECONDS)
                self._behind.clear()
                try:
                    await self.publish_all()
                except CairnError as error:
                    log.warning("status lists not published", code=error.code)
                    self._behind.set()
                    await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._keeping = False

    async def _publish(self, pair: Document) -> None:
        """Sign and write those lists of the pair whose file is not there or older than the vault."""
        for purpose in PURPOSES:
            sequence, name = pair["lists"][purpose]["sequence"], _list_id(pair["id"], purpose)
            if self._node.public.status_list_sequence(name) >= sequence:
                continue
            now = clock.now()
            document = status_list.credential(
                url=self._url(pair["id"], purpose),
                issuer=self._node.settings.did,
                purpose=purpose,
                bits=_bits(pair, purpose),
                valid_from=now,
                valid_until=now + VALID,
                ttl=TTL,
            )
            signed = await signing.sign(self._node, document, did=self._node.settings.did, now=now)
            self._node.public.put_status_list(name, sequence, json.dumps(signed, indent=1).encode())
            log.info("status list published", list=name, sequence=sequence)

    # ------------------------------------------------------------------ the vault

    async def _pairs(self) -> list[Document]:
        """All pairs, oldest first, none of them behind its own files."""
        pairs = sorted(await self._node.vault.all(KIND), key=lambda pair: (str(pair["made_at"]), pair["id"]))
        for pair in pairs:
            await self._catch_up(pair)
        return pairs

    async def _pair_of(self, slot: Slot, purpose: str) -> Document:
        if purpose not in PURPOSES:
            raise InputError("no_such_purpose", f"A status is one of {', '.join(PURPOSES)}.")
        pair = await self._node.vault.get(KIND, slot.pair)
        if pair is None or await self._node.vault.get(INDEX, _index_id(slot)) is None:
            raise NotFoundError("no_such_status", "No credential of this issuer has that status entry.")
        await self._catch_up(pair)
        return pair

    async def _pair_with_room(self) -> Document:
        for pair in await self._pairs():
            if not pair["closed"] and len(await self._used_of(pair["id"])) < SIZE // 2:
                return pair
        now = clock.stamp(clock.now())
        empty = {"bits": status_list.encode(bytes(SIZE // 8)), "sequence": 1, "at": now}
        pair = {
            "id": secrets.token_hex(8),
            "made_at": now,
            "closed": False,
            "lists": {purpose: dict(empty) for purpose in PURPOSES},
        }
        await self._node.vault.put(Put(KIND, pair["id"], pair))
        return pair

    async def _used_of(self, pair: str) -> set[int]:
        if self._used is None:
            used: dict[str, set[int]] = {}
            for document in await self._node.vault.all(INDEX):
                used.setdefault(document["pair"], set()).add(document["index"])
            self._used = used
        return self._used.setdefault(pair, set())

    async def _save(self, pair: Document, purpose: str, bits: bytes, *, after: int = 0) -> None:
        """The next state of a list; ``pair`` is changed too."""
        sequence = max(pair["lists"][purpose]["sequence"], after) + 1
        pair["lists"][purpose] = {
            "bits": status_list.encode(bits),
            "sequence": sequence,
            "at": clock.stamp(clock.now()),
        }
        await self._node.vault.put(Put(KIND, pair["id"], pair))

    async def _catch_up(self, pair: Document) -> None:
        """A vault that was put back from a backup is behind what we published. A revocation stays one; and as
        nobody knows any more which indexes were given out since, no more are given out of this pair."""
        for purpose in PURPOSES:
            name = _list_id(pair["id"], purpose)
            sequence = self._node.public.status_list_sequence(name)
            if sequence <= pair["lists"][purpose]["sequence"]:
                continue
            bits = status_list.read(
                parse_json(self._node.public.get_status_list(name) or b"", max_bytes=_FILE_BYTES)
            ).bits
            if purpose == REVOCATION:
                bits = bytes(a | b for a, b in zip(bits, _bits(pair, purpose), strict=True))
            log.warning("the vault is older than the published list", list=name, sequence=sequence)
            pair["closed"] = True
            await self._save(pair, purpose, bits, after=sequence)

    def _url(self, pair: str, purpose: str) -> str:
        return f"{self._node.settings.public_base}/status/{_list_id(pair, purpose)}"


def _list_id(pair: str, purpose: str) -> str:
    return f"{pair}-{purpose}"


def _index_id(slot: Slot) -> str:
    return f"{slot.pair}/{slot.index}"


def _bits(pair: Document, purpose: str) -> bytes:
    return status_list.expand(pair["lists"][purpose]["bits"])


def _is_fresh(pair: Document, purpose: str, now: datetime) -> bool:
    """Not so when the clock went back, either: the list would not be valid yet."""
    at = clock.parse(pair["lists"][purpose]["at"])
    return at <= now < at + REFRESH

"""Copies of what we publish, at the trust registry: a credential must verify when its issuer is offline.

The registry takes objects only from DIDs that are bound to an institution; an unlisted issuer's objects stay
with the issuer. What could not be handed over yet is tried again: the list of it is a folder of marker files,
so a crash forgets nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote, unquote

import structlog

from agent.services.node import Node
from agent.store.public import write_atomic
from trust_registry import objects
from trust_registry.errors import RegistryError, TrustRegistryError

log = structlog.get_logger(__name__)

RETRY_SECONDS = (1.0, 2.0, 5.0, 15.0, 60.0)


class Mirror:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._wanted = asyncio.Event()
        self._folder = node.home / "public" / "to-mirror"
        node.on_ready.append(self._start)

    def add(self, kind: str, name: str) -> None:
        """Something new was published: ``kind`` object, list or tails; ``name`` its id or hash."""
        write_atomic(self._folder / f"{kind}~{quote(name, safe='')}", b"")
        self._wanted.set()

    async def _start(self) -> None:
        self._node.spawn(self._run(), "mirror")

    async def _run(self) -> None:
        failures = 0
        while True:
            self._wanted.clear()
            waiting = sorted(self._folder.glob("*~*")) if self._folder.exists() else []
            left = [path for path in waiting if not await self._hand_over(path)]
            failures = failures + 1 if left else 0
            if left:
                await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS)) - 1])
            else:
                await self._wanted.wait()

    async def _hand_over(self, path: Path) -> bool:
        kind, _, quoted = path.name.partition("~")
        name = unquote(quoted)
        try:
            await self._put(kind, name)
        except RegistryError as error:
            # 403: not bound yet (an operator may bind us later). 409: it has this or a newer one.
            if error.status != 409:
                return False
        except TrustRegistryError as error:
            log.info("mirror not reached", code=error.code)
            return False
        path.unlink(missing_ok=True)
        return True

    async def _put(self, kind: str, name: str) -> None:
        registry, public = self._node.registry, self._node.public
        if kind == "tails":
            await _if_there(public.get_tails(name), lambda data: registry.put_tails(name, data))
            return
        ref = objects.split_object_id(name)
        if kind == "list":
            await _if_there(
                public.get_list(ref.sha256, None),
                lambda data: registry.put_revocation_list(name, data.decode()),
            )
        else:
            await _if_there(
                public.get(str(ref.kind), ref.sha256), lambda data: registry.put_object(name, data.decode())
            )


async def _if_there(data: bytes | None, hand_over: Callable[[bytes], Awaitable[None]]) -> None:
    if data is not None:
        await hand_over(data)

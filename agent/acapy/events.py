"""ACA-Py's webhooks, turned into something to wait for.

An event may arrive before anybody waits for it (ACA-Py is faster than our answer to the call that caused
it), so what arrived is remembered, bounded, by each identifier it names.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from agent.errors import UnreachableError

KEY_FIELDS = ("cred_ex_id", "pres_ex_id", "connection_id", "thread_id", "oob_id", "invi_msg_id", "rev_reg_id")
_REMEMBERED_KEYS = 8192
_PER_KEY = 24
_MAX_FIELDS = 40
_MAX_TEXT = 600

type _Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Event:
    """``topic`` as ACA-Py names it (``issue_credential_v2_0``, ``present_proof_v2_0``, ``connections``, …).

    ``fields`` are the payload's top-level scalars as text, cut at 600 characters. Nested values, where claims
    would be, are dropped: fetch the record instead.
    """

    topic: str
    state: str
    fields: dict[str, str]

    def __getitem__(self, name: str) -> str:
        """The field, or an empty text."""
        return self.fields.get(name, "")


class Webhooks:
    """One per ACA-Py process. Single event loop; nothing here blocks."""

    def __init__(self) -> None:
        self._seen: OrderedDict[_Key, deque[Event]] = OrderedDict()
        self._waiting: dict[_Key, list[tuple[frozenset[str], asyncio.Future[Event]]]] = {}
        self._subscribers: list[Callable[[Event], None]] = []

    def deliver(self, topic: str, payload: Any) -> Event | None:
        """Take one webhook; anything that is not a JSON object is ignored. Returns the event made of it."""
        if not isinstance(payload, dict) or not topic or len(topic) > 100:
            return None
        fields = _scalars(payload)
        event = Event(topic, fields.get("rfc23_state") or fields.get("state", ""), fields)
        for name in KEY_FIELDS:
            if value := event[name]:
                self._file((topic, name, value), event)
        for subscriber in list(self._subscribers):
            subscriber(event)
        return event

    async def wait(
        self, topic: str, key: str, value: str, states: Collection[str], *, seconds: float
    ) -> Event:
        """The first event of ``topic`` whose field ``key`` is ``value``, in one of ``states``.

        Events that already arrived count. ``key`` is one of `KEY_FIELDS`. For connections the state is the
        RFC 0023 one (``completed``). Include the states of failure (``abandoned``, ``deleted``) to learn of
        them at once. Raises `UnreachableError` timeout after ``seconds``.
        """
        if key not in KEY_FIELDS:
            raise ValueError(f"events are not filed by {key}")
        wanted = frozenset(states)
        place = (topic, key, value)
        for event in self._seen.get(place, ()):
            if event.state in wanted:
                return event
        future: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        entry = (wanted, future)
        self._waiting.setdefault(place, []).append(entry)
        try:
            return await asyncio.wait_for(future, seconds)
        except TimeoutError as error:
            raise UnreachableError(
                "timeout",
                f"No {' or '.join(sorted(wanted))} within {seconds:.0f} s ({topic}).",
                "The other side may be away; the exchange can be taken up again.",
            ) from error
        finally:
            entries = self._waiting[place]
            entries.remove(entry)
            if not entries:
                del self._waiting[place]

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call ``callback`` with every event from now on; returns what ends that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def _file(self, place: _Key, event: Event) -> None:
        events = self._seen.get(place)
        if events is None:
            events = self._seen[place] = deque(maxlen=_PER_KEY)
            if len(self._seen) > _REMEMBERED_KEYS:
                self._seen.popitem(last=False)
        else:
            self._seen.move_to_end(place)
        events.append(event)
        for states, future in self._waiting.get(place, ()):
            if event.state in states and not future.done():
                future.set_result(event)


def _scalars(payload: dict[Any, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in payload.items():
        if len(found) >= _MAX_FIELDS:
            break
        if isinstance(name, str) and len(name) <= 100 and isinstance(value, str | int | float):
            found[name] = str(value)[:_MAX_TEXT]
    return found

"""Killing a process at a named moment of an exchange, with SIGKILL, and bringing it back as init would.

The learner's service says on ``/v1/events`` when a step begins and ends. The kill is given in the very turn of
the event loop in which such a word is read, so it lands within milliseconds of the same place in every run.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psutil

from agent.cli.universe import Universe
from agent.client import Event, _parse_events

MOMENT_SECONDS = 60.0

ASKING = "asking the issuer for the credential"
JOINING = "connecting to the issuer's agent"
COMPARING = "comparing the offer with what you reviewed"
STORING = "checking the signature and storing"
BADGE = "asking for the same as an Open Badge"
CONNECTING = "connecting to the employer's agent"
PROPOSING = "proposing what you agreed to"
PROVING = "making and sending the proof"


@dataclass(frozen=True, slots=True)
class Moment:
    """A step's name with running or done; or, with the event's own name, the state of what is exchanged."""

    name: str
    state: str = "running"

    def is_this(self, event: Event, exchange: str) -> bool:
        if event.name == "step":
            named = (event.data.get("exchange"), event.data.get("name"), event.data.get("state"))
            return named == (exchange, self.name, self.state)
        return (event.name, event.data.get("id"), event.data.get("state")) == (
            self.name,
            exchange,
            self.state,
        )

    def __str__(self) -> str:
        word = {"running": "begins", "done": "ends"}.get(self.state, self.state)
        return f"{self.name} {word}"


@dataclass(slots=True)
class Strike:
    """What happens at the moment. ``seen`` are the events until then, for the message when it never comes."""

    moment: Moment
    exchange: str
    do: Callable[[], None]
    done: asyncio.Event = field(default_factory=asyncio.Event)
    seen: list[str] = field(default_factory=list)

    def hear(self, event: Event) -> None:
        if self.done.is_set():
            return
        self.seen.append(f"{event.name} {event.data.get('name', '')} {event.data.get('state', '')}")
        if self.moment.is_this(event, self.exchange):
            self.do()
            self.done.set()

    async def came(self) -> None:
        """The moment has to come: a test in which nothing was killed has tested nothing."""
        try:
            await asyncio.wait_for(self.done.wait(), MOMENT_SECONDS)
        except TimeoutError:
            raise AssertionError(f"{self.moment} never came; heard: {self.seen}") from None


@asynccontextmanager
async def striking(
    universe: Universe, moment: Moment, exchange: str, do: Callable[[], None]
) -> AsyncIterator[Strike]:
    """Listens to the learner's service from before the block until the moment."""
    strike = Strike(moment, exchange, do)
    async with (
        universe.client("learner") as api,
        api._http.stream("GET", "/v1/events", timeout=None) as answer,
    ):
        chunks = answer.aiter_bytes()
        await anext(chunks)  # its hello: from here on no event is missed

        async def listen() -> None:
            async for event in _parse_events(chunks):
                strike.hear(event)

        listening = asyncio.create_task(listen())
        try:
            yield strike
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def acapy_of(universe: Universe, member: str) -> psutil.Process:
    return psutil.Process(json.loads((universe.home(member) / "acapy" / "acapy.pid").read_text())["pid"])


def pid_of(universe: Universe, member: str, what: str) -> int:
    return acapy_of(universe, member).pid if what == "acapy" else universe.pid(member)


def killer(pid: int) -> Callable[[], None]:
    return lambda: os.kill(pid, signal.SIGKILL)


async def bring_back(universe: Universe, member: str, what: str) -> None:
    """A service is started again, as init would; its ACA-Py it starts again by itself. Ready when this returns."""
    if what == "service":
        await universe.stop_one(member, signal.SIGKILL)
        await universe.start_agent(member)
    await universe.wait(member, lambda status: bool(status["agent"]["state"] == "ready"), "its agent")

"""Several processes that answer at one address: started, watched, and ended together.

Each listens on a socket of its own at the same address (SO_REUSEPORT), so that the kernel spreads connections over
them: from one socket in common, whichever is awake takes most. The parent holds the address and takes none. A worker
that dies is started again, not faster than once a second; one whose parent is gone ends by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.context import SpawnProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from types import FrameType
from typing import Any

from trust_registry.errors import TrustRegistryError
from trust_registry.vocabulary import SnapshotKind
from trust_registry.web.limits import Limits

_START_SECONDS, _STOP_SECONDS = 60.0, 10.0
_RESTART_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Task:
    """What every worker does the same."""

    home: Path
    did: str
    deployment: SnapshotKind
    proxies: list[str]
    limits: Limits


def share(taken: socket.socket) -> socket.socket:
    """The same address, bound so that workers can bind it too. It was free: ``taken`` has had it alone."""
    address, family = taken.getsockname(), taken.family
    taken.close()
    return _beside(family, address)


def supervise(
    task: Task,
    workers: int,
    listener: socket.socket,
    ready: Callable[[], None],
    say: Callable[[str], None],
) -> None:
    """Run `service.work` in ``workers`` processes until SIGTERM or SIGINT.

    ``ready`` is called when all answer. `TrustRegistryError` worker_failed if one ends before that.
    """
    spawn = multiprocessing.get_context("spawn")
    stop = threading.Event()

    def start(place: int) -> tuple[SpawnProcess, Event]:
        answers = spawn.Event()
        process = spawn.Process(
            target=_run, args=(place, os.getpid(), task, listener, answers), name=f"worker-{place}"
        )
        process.start()
        return process, answers

    def told(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    previous = {number: signal.signal(number, told) for number in (signal.SIGINT, signal.SIGTERM)}
    running = [start(place) for place in range(workers)]
    try:
        _wait_until_ready(running, stop)
        if not stop.is_set():
            ready()
        while not stop.wait(_RESTART_SECONDS):
            for place, (process, _) in enumerate(running):
                if not process.is_alive():
                    say(f"A worker ended with status {process.exitcode}; another takes its place.")
                    running[place] = start(place)
    finally:
        _end(process for process, _ in running)
        for number, handler in previous.items():
            signal.signal(number, handler)


def _wait_until_ready(running: Sequence[tuple[SpawnProcess, Event]], stop: threading.Event) -> None:
    deadline = time.monotonic() + _START_SECONDS
    for process, answers in running:
        while not answers.wait(0.05) and not stop.is_set():
            if not process.is_alive() or time.monotonic() > deadline:
                raise TrustRegistryError("worker_failed", "A process of the registry did not start.")


def _end(processes: Iterable[SpawnProcess]) -> None:
    alive = [process for process in processes if process.is_alive()]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + _STOP_SECONDS
    for process in alive:
        process.join(max(0.0, deadline - time.monotonic()))
        if process.is_alive():
            process.kill()
            process.join()


def _run(place: int, parent: int, task: Task, listener: socket.socket, answers: Event) -> None:
    from trust_registry.service import work  # which imports this module

    def follow() -> None:
        while os.getppid() == parent:
            time.sleep(_RESTART_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True).start()
    own = _beside(listener.family, listener.getsockname())
    listener.close()
    # ctrl+c reaches the whole group: the parent ends us in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        work(place, task, own, answers.set)
    finally:
        own.close()


def _beside(family: int, address: Any) -> socket.socket:
    # With the protocol named, as in `service`: else every answer waits 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(address)
    return bound

"""``cairn demo`` and ``cairn up``."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.io import Json, out, out_json, run, say
from agent.cli.story import Story
from agent.cli.universe import PASSPHRASE, Universe
from agent.errors import EXIT_FAILED, ConflictError
from agent.roots import default_root

HINTS = """
The universe is up. In another terminal:

  cairn-wallet                                     the learner's terminal wallet; passphrase: {passphrase}
  cairn offer new data-literacy --given-name Aoife --family-name Byrne --birth-date 1999-04-02
                                                   Munster TU offers a credential; prints a link
  cairn offer accept LINK                          the learner accepts it
  cairn request new docs/examples/policy.json      the employer asks; prints a link
  cairn present LINK --dry-run                     what the learner would send
  cairn verdict REQUEST                            the employer's verdict

ctrl+c ends it; the next 'cairn up' goes on where this one stopped ({root})."""


def demo(
    *,
    json_: Json = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the folder with all homes and logs.")] = False,
) -> None:
    """A university, a learner and an employer, end to end, on real agents."""

    async def work() -> Story:
        folder = tempfile.mkdtemp(prefix="cairn-demo-")
        universe = Universe(Path(folder))
        story = Story(universe, narrate=say)
        _stop_on_signals()
        try:
            await story.tell()
        finally:
            await universe.stop()
            if keep or not story.ok:
                say(f"homes and logs are in {folder}")
            else:
                _remove(Path(folder))
        return story

    story = run(work)
    total = sum(step["seconds"] for step in story.steps)
    if json_:
        out_json({"ok": story.ok, "steps": story.steps, "verdicts": story.verdicts})
    else:
        passed = sum(step["ok"] for step in story.steps)
        out(f"{passed} of {len(story.steps)} steps came out as expected, in {total:.0f} s")
    if not story.ok:
        raise typer.Exit(EXIT_FAILED)


def up(
    *,
    root: Annotated[
        Path | None, typer.Option(help="Data folder; default: where the other commands look.")
    ] = None,
) -> None:
    """The demo universe in the foreground, to play with; ctrl+c ends it."""
    folder = root or default_root()

    async def work() -> None:
        universe = Universe(folder)
        if universe.is_running():
            raise ConflictError("already_up", f"A universe is already running in {folder}.")
        stopped = _stop_on_signals()
        story = Story(universe, narrate=say)
        try:
            await story.start()
            if story.ok:
                for line in HINTS.format(passphrase=PASSPHRASE, root=folder).split("\n"):
                    out(line)
                await stopped.wait()
        finally:
            say("stopping")
            await universe.stop()
        if not story.ok:
            raise typer.Exit(EXIT_FAILED)

    run(work)


def _stop_on_signals() -> asyncio.Event:
    """SIGTERM is like ctrl+c: everything is stopped in order."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    main: asyncio.Task[Any] | None = asyncio.current_task()

    def stop() -> None:
        if stopped.is_set() or main is None:
            return
        stopped.set()
        main.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, stop)
    return stopped


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def register(app: typer.Typer) -> None:
    app.command("demo")(demo)
    app.command("up")(up)

"""The ``cairn-wallet`` command: find the agent service of a wallet folder, then open the wallet."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from agent.client import AgentClient
from agent.errors import EXIT_OK, CairnError

EXIT_INTERRUPTED = 130


def default_home(environ: dict[str, str] | None = None) -> Path:
    """``CAIRN_HOME``, else the learner in ``CAIRN_ROOT``, in ``$XDG_DATA_HOME/cairn`` or ``~/.local/share/cairn``."""
    values = dict(os.environ) if environ is None else environ
    if values.get("CAIRN_HOME"):
        return Path(values["CAIRN_HOME"]).expanduser()
    if values.get("CAIRN_ROOT"):
        return Path(values["CAIRN_ROOT"]).expanduser() / "learner"
    data = values.get("XDG_DATA_HOME", "")
    # The XDG specification says to ignore a relative path.
    base = Path(data) if data and Path(data).is_absolute() else Path.home() / ".local" / "share"
    return base / "cairn" / "learner"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="cairn-wallet",
        description="The Cairn wallet in the terminal: keep, stack and selectively present micro-credentials.",
        epilog="It needs the wallet's agent service: `cairn agent run --home DIR`, or `cairn up` for the demo "
        "universe. The passphrase is asked for on the screen, never taken from the command line. "
        "Without screens, and for screen readers: the `cairn` command.",
    )
    made.add_argument(
        "--home",
        type=Path,
        help="the wallet's folder (default: $CAIRN_HOME, else $CAIRN_ROOT/learner, else in the user's data folder)",
    )
    return made


async def _answers(home: Path) -> None:
    async with AgentClient.from_home(home) as client:
        await client.get("/v1/status", timeout=5)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code of wallet-ui.md: 0, 2 usage, 3 unreachable, 130 interrupted."""
    options = parser().parse_args(arguments)
    home: Path = (options.home or default_home()).expanduser().absolute()
    try:
        asyncio.run(_answers(home))
    except CairnError as error:
        # Imported late: it brings Textual in, which a mere message does not need.
        from wallet_tui.safe_text import clean

        sys.stderr.write(f"cairn-wallet: {clean(error.detail, 500)}\n")
        sys.stderr.write(f"  wallet folder: {clean(str(home), 500)}\n")
        sys.stderr.write(
            f"  start it:      cairn agent run --home {clean(str(home), 500)}    or, to play:  cairn up\n"
        )
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    from wallet_tui.app import CairnApp

    app = CairnApp(lambda: AgentClient.from_home(home), demo_root=home.parent)
    app.run()
    return app.return_code or EXIT_OK


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())

"""The ``cairn-wallet`` command: find the agent service of a wallet folder, then open the wallet.

What is imported here is what stands between the command and the first frame; the rest is imported where it is needed.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.errors import EXIT_OK, CairnError
from wallet_tui import config
from wallet_tui.i18n import t, use_language, wished
from wallet_tui.listening import first_status

if TYPE_CHECKING:
    from wallet_tui.config import Config

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
        description=t(
            "The Cairn wallet in the terminal: keep, stack and selectively present micro-credentials."
        ),
        epilog=t(
            "It needs the wallet's agent service: `cairn agent run --home DIR`, or `cairn up` for the demo "
            "universe. The passphrase is asked for on the screen, never taken from the command line. "
            "Without screens, and for screen readers: the `cairn` command."
        ),
    )
    made.add_argument(
        "--home",
        type=Path,
        help=t(
            "the wallet's folder (default: $CAIRN_HOME, else $CAIRN_ROOT/learner, else in the user's data folder)"
        ),
    )
    made.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=t(
            "settings, theme and keys (default: $CAIRN_CONFIG, else cairn/wallet.toml in the user's "
            "configuration folder)"
        ),
    )
    made.add_argument(
        "--write-config",
        action="store_true",
        help=t("write that file with every setting and key as it is now, all commented out, and stop"),
    )
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code of wallet-ui.md: 0, 2 usage, 3 unreachable, 130 interrupted."""
    use_language(wished())
    options = parser().parse_args(arguments)
    try:
        if options.write_config:
            sys.stdout.write(f"{config.write_sample(options.config)}\n")
            return EXIT_OK
        settings = config.load(options.config)
    except CairnError as error:
        _complain(error)
        return error.exit_code
    use_language(settings.language or wished())
    home: Path = (options.home or default_home()).expanduser().absolute()
    try:
        status = first_status(home)
    except CairnError as error:
        from wallet_tui.safe_text import clean

        _complain(error)
        shown = clean(str(home), 500)
        sys.stderr.write(t("  wallet folder: {home}").format(home=shown) + "\n")
        sys.stderr.write(
            t("  start it:      cairn agent run --home {home}    or, to play:  cairn up").format(home=shown)
            + "\n"
        )
        return error.exit_code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    return _open(home, settings, status)


def _open(home: Path, settings: Config, status: bytes) -> int:
    from agent.client import AgentClient
    from wallet_tui.app import CairnApp

    app = CairnApp(
        lambda: AgentClient.from_home(home), config=settings, first_status=status, demo_root=home.parent
    )
    app.run()
    return app.return_code or EXIT_OK


def _complain(error: CairnError) -> None:
    # Imported late: it brings Textual in, which a mere message does not need.
    from wallet_tui.safe_text import clean

    sys.stderr.write(f"cairn-wallet: {clean(error.detail, 1000)}\n")


def run() -> None:
    """Entry point of the console script."""
    sys.exit(main())

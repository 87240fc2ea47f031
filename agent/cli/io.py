"""How the command line talks: data on stdout, narration on stderr, one error template, fixed exit codes.

Exit codes (wallet-ui.md): 0 ok, 1 a check failed, 2 usage, 3 unreachable, 4 locked, 5 unknown, 6 not
consented, 130 interrupted. JSON is ASCII with escapes, text goes through `printable`: nothing from outside
reaches the terminal as a control sequence.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO
from urllib.parse import quote

import typer

from agent.core.plain_text import printable
from agent.errors import EXIT_USAGE, CairnError, InputError
from agent.roots import default_root

if TYPE_CHECKING:
    from agent.client import AgentClient

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
As = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Which agent of the data folder, e.g. learner, employer.")
]
Home = Annotated[
    Path | None, typer.Option("--home", help="The agent's own folder; goes before --as.", envvar="CAIRN_HOME")
]

MAX_PASSPHRASE_BYTES = 1000
GLYPHS = {"pass": "✓ pass", "fail": "✗ fail", "unknown": "? unknown"}


def home_of(home: Path | None, name: str) -> Path:
    return home if home is not None else default_root() / name


def say(line: str = "") -> None:
    """One line of narration: stderr."""
    _write(sys.stderr, line)
    sys.stderr.flush()


def out(line: str = "") -> None:
    """One line of data: stdout. A line break in it comes from outside, and would forge a line of ours."""
    _write(sys.stdout, line)


def out_json(document: Any) -> None:
    body = {"version": 1, **document} if isinstance(document, dict) else document
    sys.stdout.write(json.dumps(body, ensure_ascii=True, indent=2) + "\n")


def _write(stream: TextIO, line: str) -> None:
    # A terminal of an old locale gets escapes for what it cannot show.
    encoding = stream.encoding or "utf-8"
    stream.write(printable(line).encode(encoding, "backslashreplace").decode(encoding) + "\n")


def segment(text: str) -> str:
    """What a person gave, as one segment of a path and nothing else."""
    return quote(text, safe="", errors="replace")


def _days(value: float) -> float:
    if not 0 < value <= 365:  # also refuses "nan"
        raise typer.BadParameter("must be more than 0 and at most 365")
    return value


Days = Annotated[float, typer.Option("--expires-in-days", callback=_days, help="How long the link holds.")]


def run[T](work: Callable[[], Awaitable[T]]) -> T:
    """Run one command; our errors become a message on stderr and an exit code."""

    async def main() -> T:
        return await work()

    try:
        return asyncio.run(main())
    except CairnError as error:
        show_error(error)
        raise typer.Exit(error.exit_code) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        say("interrupted")
        raise typer.Exit(130) from None


def show_error(error: CairnError) -> None:
    say(f"✗ {error.detail}")
    if error.hint:
        say(f"  {error.hint}")
    say(f"  [{error.code}]")


def client(home: Path | None, name: str) -> AgentClient:
    from agent.client import AgentClient  # an HTTP client takes longer to load than most of the rest

    return AgentClient.from_home(home_of(home, name))


def read_at_most(path: Path | str, limit: int, *, hint: str = "") -> bytes:
    """A file, or standard input for ``-``: one byte more than ``limit`` at most, so that a larger one is seen to be
    larger. Raises `InputError` unreadable.
    """
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(limit + 1)
        with Path(path).open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise InputError("unreadable", f"{path} cannot be read: {error.strerror}.", hint) from None


def read_json_file(path: Path) -> Any:
    """A JSON document from a file or, for ``-``, from standard input; bounded."""
    from agent.core.limits import LIMITS, parse_json

    limit = LIMITS.link_document_bytes
    return parse_json(read_at_most(path, limit), max_bytes=limit, what="file")


def read_passphrase(fd: int | None, *, twice: bool = False) -> str:
    """From a file descriptor (first line), else from the terminal without echo; never from argv."""
    if fd is not None:
        try:
            with os.fdopen(os.dup(fd), "rb") as stream:
                line = stream.readline(MAX_PASSPHRASE_BYTES + 1)
            passphrase = line.decode("utf-8")
        except (OSError, OverflowError):
            raise InputError("bad_descriptor", f"File descriptor {fd} cannot be read.") from None
        except UnicodeDecodeError:
            raise InputError("bad_passphrase", "The passphrase is not text in UTF-8.") from None
        if len(line) > MAX_PASSPHRASE_BYTES:
            raise InputError("bad_passphrase", f"A passphrase has at most {MAX_PASSPHRASE_BYTES} bytes.")
        return passphrase.removesuffix("\n").removesuffix("\r")
    if not sys.stdin.isatty():
        raise InputError(
            "no_passphrase", "There is no terminal to ask for the passphrase.", "Use --passphrase-fd."
        )
    first = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Again: ") != first:
        raise InputError("passphrases_differ", "The two passphrases differ.")
    return first


def usage(detail: str, hint: str = "") -> typer.Exit:
    show_error(InputError("usage", detail, hint))
    return typer.Exit(EXIT_USAGE)

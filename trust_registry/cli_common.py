"""What the commands of ``cairn-registry`` share. stdout is data, stderr narration.

Exit codes (wallet-ui.md): 0 ok or assured, 1 failed or not assured, 2 usage, 3 unreachable, 5 not known.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from trust_registry.errors import (
    BindingError,
    KeyFormatError,
    QueryError,
    RegistryUnreachable,
    SourceUnreachable,
    StoreError,
    StoreUnreachable,
    TrustRegistryError,
)
from trust_registry.registry import Registry
from trust_registry.service import open_home

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_UNKNOWN = 0, 1, 2, 3, 5

HomeDir = Annotated[Path, typer.Option(help="The registry's folder.", envvar="CAIRN_REGISTRY_HOME")]
Did = Annotated[str, typer.Option(help="The issuer's did:web.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


def run_or_exit[Value](work: Callable[[], Value]) -> Value:
    """Turns the package's errors into a sentence on stderr and an exit code."""
    try:
        return work()
    except TrustRegistryError as error:
        say(safe(error.diagnostics()))
        raise typer.Exit(_code(error)) from None


def with_home[Value](home: Path, work: Callable[[Registry], Value]) -> Value:
    registry = open_home(home)
    try:
        return work(registry)
    finally:
        registry.close()


def safe(text: str) -> str:
    """Nothing from outside steers the terminal."""
    return "".join(character if character.isprintable() else "�" for character in text)


def say(text: str) -> None:
    typer.echo(text, err=True)


def _code(error: TrustRegistryError) -> int:
    if isinstance(error, RegistryUnreachable | SourceUnreachable | StoreUnreachable):
        return EXIT_UNREACHABLE
    usage = isinstance(error, QueryError | KeyFormatError | BindingError | StoreError)
    return EXIT_USAGE if usage else EXIT_FAILED

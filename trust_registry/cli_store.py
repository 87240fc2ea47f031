"""``cairn-registry store``: where the registry's records are, moved, kept and put back.

The address of a PostgreSQL database comes from the environment (`trust_registry.store.place`), never from the
command line, where every user of the machine could read it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from trust_registry.audit import Head
from trust_registry.cli_common import HomeDir, run_or_exit, say
from trust_registry.errors import StoreError
from trust_registry.signing import RegistryKey
from trust_registry.store import backup as keeping
from trust_registry.store import store_place
from trust_registry.store.place import FILE_VARIABLE, VARIABLE

store = typer.Typer(help="The records of bindings: move them, back them up.", no_args_is_help=True)

Noted = Annotated[str | None, typer.Option(help="SEQ:SHA256 noted earlier; must be in the backup's log.")]


def register(app: typer.Typer) -> None:
    app.add_typer(store, name="store")


@store.command()
def copy(home: HomeDir) -> None:
    """Copy registry.db into the empty PostgreSQL database of the environment. Stop the service first."""

    def work() -> Head:
        place = store_place(home)
        if isinstance(place, Path):
            raise StoreError(
                "bad_database_setting",
                "There is no database to copy to.",
                f"Set {VARIABLE}, or {FILE_VARIABLE} to a file with the address.",
            )
        return keeping.copy(home / "registry.db", place, _key(home))

    _done("Copied; the log holds there. Start the service with the same setting.", work)


@store.command()
def backup(
    home: HomeDir,
    to: Annotated[Path, typer.Option(help="New file, SQLite.")],
) -> None:
    """Write everything into one file, also while the service runs; stdout is the head to note with it."""
    _done("Backed up; the key is not in it.", lambda: keeping.backup(store_place(home), to, _key(home)))


@store.command()
def restore(
    home: HomeDir,
    file: Annotated[Path, typer.Option("--from", help="File that `store backup` wrote.")],
    head: Noted = None,
) -> None:
    """Put a backup into an empty place: a home without registry.db, or an empty PostgreSQL database."""

    def work() -> Head:
        noted = Head.parse(head) if head is not None else None
        return keeping.restore(file, store_place(home), _key(home), noted)

    _done("Restored; the log holds.", work)


def _done(sentence: str, work: Callable[[], Head]) -> None:
    head = run_or_exit(work)
    say(sentence)
    typer.echo(str(head))


def _key(home: Path) -> RegistryKey:
    """The home's key, which must be there: with a new one no record would verify."""
    if not (home / "key").is_file():
        raise StoreError("no_registry", "There is no key in this folder.", "Is it the registry's --home?")
    return RegistryKey.load_or_create(home / "key")

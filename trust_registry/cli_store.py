"""``cairn-registry store``: where the registry's records are, moved, kept and put back.

The address of a PostgreSQL database comes from the environment (`trust_registry.store.place`), never from the
command line, where every user of the machine could read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from trust_registry.audit import Head
from trust_registry.cli_common import HomeDir, run_or_exit, say
from trust_registry.errors import StoreError
from trust_registry.keyring import KeyRing
from trust_registry.store import Store, store_place
from trust_registry.store import backup as keeping
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


def last_numbers(home: Path) -> Mapping[str, int]:
    """By table, the number of the last record. Needs no key: while keys rotate there may be none that counts."""
    store = Store(store_place(home), _Nobody())
    try:
        return store.last_numbers()
    finally:
        store.close()


class _Nobody:
    """`Signer` of who only counts."""

    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str:  # noqa: ARG002
        raise StoreError("no_key", f"A statement of type {typ} needs the registry's key.")

    def verify(self, jws: str, *, typ: str, table: str, number: int) -> dict[str, Any]:  # noqa: ARG002
        raise StoreError("no_key", f"Nothing of type {typ} can be verified without the registry's keys.")


def _key(home: Path) -> KeyRing:
    """The home's keys, which must be there: with a new one no record would verify."""
    if not (home / "keys.json").is_file() and not (home / "key").is_file():
        raise StoreError("no_registry", "There is no key in this folder.", "Is it the registry's --home?")
    return KeyRing.open(home)

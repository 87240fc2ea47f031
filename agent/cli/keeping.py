"""Backups of a wallet: ``cairn backup``, ``backup-check`` and ``restore``.

A backup is made by the running service, which has the key. Checking and restoring need no service: they are done here
where none runs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from agent.cli.io import As, Home, Json, client, home_of, out, out_json, read_passphrase, run, say
from agent.client import SERVICE_UNREACHABLE
from agent.errors import LockedError, UnreachableError
from agent.services import backup, restoring

SECONDS = 600.0

File = Annotated[Path, typer.Argument(help="The backup file.")]
Fd = Annotated[
    int | None,
    typer.Option("--passphrase-fd", help="Read the backup's passphrase from this file descriptor."),
]


def backup_(
    file: File,
    *,
    passphrase_fd: Fd = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the file if there is one.")] = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Write an encrypted backup of the wallet and read it back."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            if (await api.get("/v1/status"))[
                "lock"
            ] != "unlocked":  # before a passphrase is typed for nothing
                raise LockedError("locked", "The wallet is locked.", "Unlock it first: cairn unlock")
            say("a passphrase for the backup; it may be that of the wallet. Nobody can reset it.")
            passphrase = read_passphrase(passphrase_fd, twice=True)
            body = {"path": _whole(file), "passphrase": passphrase, "replace": replace}
            return await api.post("/v1/backup", body, timeout=SECONDS)

    document = run(work)
    if json_:
        out_json(document)
        return
    out(f"{document['path']}: {_found(document)}, read back and complete")


def check(
    file: File, *, passphrase_fd: Fd = None, home: Home = None, as_: As = "learner", json_: Json = False
) -> None:
    """Read a whole backup and say what is in it; nothing is changed. No service needs to run."""
    del home, as_  # taken, so that every command takes them

    async def work() -> dict[str, Any]:
        return await backup.check(Path(_whole(file)), read_passphrase(passphrase_fd))

    document = run(work)
    if json_:
        out_json(document)
        return
    out(f"{file}: {_found(document)}, complete")
    out(f"  wallet of {document['wallet']}, made {document['made_at']}")
    if not document["history_intact"]:
        out("  ! the chain of its history does not hold")


def restore(
    file: File,
    *,
    passphrase_fd: Fd = None,
    new_passphrase_fd: Annotated[
        int | None,
        typer.Option(
            "--new-passphrase-fd", help="Read the restored wallet's passphrase from this file descriptor."
        ),
    ] = None,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Make the wallet of a backup in a folder that has none. A running service may be waiting there, or none."""
    folder = home_of(home, as_).expanduser().absolute()

    async def work() -> dict[str, Any]:
        say("the passphrase of the backup")
        passphrase = read_passphrase(passphrase_fd)
        say("a passphrase for the restored wallet; nobody can reset it")
        new = read_passphrase(new_passphrase_fd, twice=True)
        try:
            async with client(home, as_) as api:
                body = {"path": _whole(file), "passphrase": passphrase, "new_passphrase": new}
                return await api.post("/v1/restore", body, timeout=SECONDS)
        except UnreachableError as error:
            if error.code != SERVICE_UNREACHABLE:
                raise
        return await restoring.restore(folder, Path(_whole(file)), passphrase, new)

    document = run(work)
    if json_:
        out_json(document)
        return
    out(f"restored {document['wallet']} into {document['home']}: {_found(document)}")
    if document["missing"]:
        out(
            f"  ! {document['missing']} of the credentials cannot be presented: their keys are not in the backup"
        )
    say("unlock it with: cairn unlock   (or start it first: cairn agent run)")


def _whole(file: Path) -> str:
    return str(file.expanduser().absolute())


def _found(document: dict[str, Any]) -> str:
    return (
        f"{_size(document['bytes'])}, {document['credentials']} credential(s), {document['offers']} offer(s), "
        f"{document['history']} history entries"
    )


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} kB"


def register(app: typer.Typer) -> None:
    app.command("backup")(backup_)
    app.command("backup-check")(check)
    app.command("restore")(restore)

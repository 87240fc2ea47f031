"""Running an agent, and looking at one: init, run, status, lock, unlock."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli import logs
from agent.cli.io import As, Home, Json, client, home_of, out, out_json, read_passphrase, run, say
from agent.settings import Role, create_home, load_settings

agent = typer.Typer(help="The agent service itself.", no_args_is_help=True)

PassphraseFd = Annotated[
    int | None, typer.Option("--passphrase-fd", help="Read the passphrase from this file descriptor.")
]


@agent.command("init")
def init(
    name: Annotated[str, typer.Argument(help="Shown to others, e.g. 'Munster Technological University'.")],
    *,
    role: Annotated[list[Role], typer.Option(help="May be repeated.")],
    registry: Annotated[str, typer.Option(help="Address of the trust registry.")],
    registry_root: Annotated[
        str,
        typer.Option(help="SHA-256 of its first root, from its operator. Without: who answers first counts."),
    ] = "",
    profile: Annotated[str, typer.Option(help="For an issuer: a profile of issuer_profiles.")] = "",
    demo: Annotated[
        bool, typer.Option("--demo", help="Allow http on this machine and demonstration lists.")
    ] = False,
    lock_after: Annotated[int, typer.Option(help="Lock after so many idle seconds; 0: never.")] = 0,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Make an agent's folder. The passphrase is asked for at its first start."""

    async def work() -> dict[str, Any]:
        folder = home_of(home, as_)
        settings = create_home(
            folder,
            name=name,
            roles=frozenset(role),
            registry_url=registry,
            registry_root=registry_root,
            profile=profile,
            demo=demo,
            lock_after_seconds=lock_after,
        )
        return {"home": str(folder), "ports": settings.ports.model_dump()}

    document = run(work)
    out_json(document) if json_ else out(f"made {document['home']}")


@agent.command("run")
def run_(*, passphrase_fd: PassphraseFd = None, home: Home = None, as_: As = "learner") -> None:
    """Serve one agent in the foreground until ctrl+c. Without a passphrase it waits for 'cairn unlock'."""
    folder = home_of(home, as_)

    async def work() -> None:
        from agent.api import server
        from agent.services.agent import Agent
        from agent.store import restore_folder

        restore_folder.finish(folder)  # a restore may have been broken off after it was decided
        settings = load_settings(folder)
        logs.to_file(folder / "logs" / "service.log")
        passphrase = None if passphrase_fd is None else read_passphrase(passphrase_fd)
        say(f"serving {settings.name}; ctrl+c stops it")
        await server.run(Agent(folder, settings), passphrase=passphrase)

    run(work)


def status(*, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """What runs, whether it is unlocked, how old the registry's list is."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.get("/v1/status")

    document = run(work)
    if json_:
        out_json(document)
        return
    out(f"{document['name']} ({', '.join(document['roles'])}): {document['lock']}")
    out(f"  agent {document['agent']['state']} {document['agent']['detail']}".rstrip())
    out(f"  registry {_registry(document['registry'])}")
    out(f"  waiting: {document['inbox']['offers']} offer(s), {document['inbox']['requests']} request(s)")


def _registry(found: dict[str, Any]) -> str:
    words = "does not answer, answers come from the copy" if found["state"] == "copy" else found["state"]
    if snapshot := found["snapshot"]:
        words += f", list {snapshot['seq']}, {snapshot['age_seconds'] // 60} min old, {snapshot['freshness']}"
    words += ", first root pinned" if found["root"] == "pinned" else ", first root trusted at first use"
    return f"{words}; its list was not fetched: {found['problem']}" if found["problem"] else words


def unlock(
    *, passphrase_fd: PassphraseFd = None, home: Home = None, as_: As = "learner", json_: Json = False
) -> None:
    """Unlock the wallet; the first time, the passphrase is set."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            first = bool((await api.get("/v1/status"))["first_run"])
            passphrase = read_passphrase(passphrase_fd, twice=first)
            return await api.post("/v1/unlock", {"passphrase": passphrase})

    document = run(work)
    out_json(document) if json_ else out(document["lock"])


def lock(*, home: Home = None, as_: As = "learner", json_: Json = False) -> None:
    """Lock the wallet now: stop its agent and forget the key."""

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            return await api.post("/v1/lock")

    document = run(work)
    out_json(document) if json_ else out(document["lock"])


def register(app: typer.Typer) -> None:
    app.command("status")(status)
    app.command("unlock")(unlock)
    app.command("lock")(lock)
    app.add_typer(agent, name="agent")

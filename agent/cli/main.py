"""The `cairn` command."""

from __future__ import annotations

import typer

from agent.cli import elm, employer, holder, issuer, play, policy, profile, record, service, stack

app = typer.Typer(
    name="cairn",
    help="Micro-credentials: keep, stack and selectively present them; offer them; ask for them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
play.register(app)
holder.register(app)
issuer.register(app)
employer.register(app)
service.register(app)
app.add_typer(holder.offer, name="offer")
app.add_typer(employer.request, name="request")
app.add_typer(stack.app, name="stack")
app.command("pathway")(stack.pathway_)
app.add_typer(record.app, name="record")
app.add_typer(elm.app, name="elm")
app.add_typer(policy.app, name="policy")
app.add_typer(profile.app, name="profile")


def run() -> None:
    app()


if __name__ == "__main__":
    run()

"""The `cairn` command."""

from __future__ import annotations

import typer

from agent.cli import employer, holder, issuer, play, service

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


def run() -> None:
    app()


if __name__ == "__main__":
    run()

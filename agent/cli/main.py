"""The `cairn` command.

Only the modules that have a command's first word are loaded: a file is verified in the time that loading all of
them would take. Without a word that is known, and for help, everything is.
"""

from __future__ import annotations

import sys
from importlib import import_module

import typer

# The first word of a command → the modules of this package that register it.
WORDS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("demo", "up"), ("play",)),
    **dict.fromkeys(("list", "show", "offers", "requests", "present", "decline"), ("holder",)),
    **dict.fromkeys(("history", "notices"), ("book",)),
    "trust": ("trust",),
    **dict.fromkeys(("verify", "import", "export"), ("documents",)),
    **dict.fromkeys(
        ("collect", "tag", "note", "archive", "unarchive", "delete", "collections", "compare"), ("portfolio",)
    ),
    **dict.fromkeys(("offer", "revoke", "suspend", "reinstate"), ("issuer",)),
    **dict.fromkeys(("request", "verdict"), ("employer",)),
    **dict.fromkeys(("agent", "status", "unlock", "lock"), ("service",)),
    **dict.fromkeys(("backup", "backup-check", "restore"), ("keeping",)),
    **dict.fromkeys(("stack", "pathway"), ("stack",)),
    **{name: (name,) for name in ("record", "policy", "profile", "elm")},
}


def build(word: str = "") -> typer.Typer:
    """The command with what ``word`` needs, or with everything."""
    app = typer.Typer(
        name="cairn",
        help="Micro-credentials: keep, stack and selectively present them; offer them; ask for them.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def cairn() -> None:
        """A callback, so that one command alone is still named by its word."""

    for name in WORDS.get(word) or dict.fromkeys(name for names in WORDS.values() for name in names):
        import_module(f"agent.cli.{name}").register(app)
    return app


def run() -> None:
    build(sys.argv[1] if len(sys.argv) > 1 else "")()


if __name__ == "__main__":
    run()

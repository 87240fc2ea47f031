"""Asks where to write a file. It returns a path and writes nothing; `write_new` does, and never over another file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agent.errors import ConflictError, InputError
from wallet_tui.actions import bindings
from wallet_tui.i18n import t

MAX_PATH_CHARS = 1000


class SaveFileScreen(ModalScreen[str | None]):
    """``about`` says what is written; None means it was thought better of."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, heading: str, about: str, path: str) -> None:
        super().__init__()
        self._heading, self._about, self._path = heading, about, path

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._heading, "bold"), markup=False)
            yield Static(Content(self._about), markup=False)
            yield Input(self._path, id="path", max_length=MAX_PATH_CHARS)
            yield Static(Content.styled(t("enter write it    esc back"), "$muted"), markup=False)

    def on_mount(self) -> None:
        self.query_one("#path", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.value.strip():
            self.dismiss(event.value.strip())

    def action_back(self) -> None:
        self.dismiss(None)


def default_path(name: str) -> str:
    folder = "~/Downloads" if Path("~/Downloads").expanduser().is_dir() else "~"
    return f"{folder}/{name}"


def write_new(typed: str, data: bytes) -> Path:
    """Readable by its owner only. Raises `ConflictError` file_exists or `InputError`. Blocks: call it in a thread."""
    try:
        path = Path(typed).expanduser().absolute()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except FileExistsError:
        raise ConflictError(
            "file_exists", t("There is a file of this name already."), t("Choose another name.")
        ) from None
    except (OSError, ValueError, RuntimeError):
        raise InputError(
            "unwritable", t("The file cannot be written there."), t("Choose a folder of your own.")
        ) from None
    return path

"""A backup into one file: where, with which passphrase, and what was found when it was read back."""

from __future__ import annotations

import os
from pathlib import Path
from time import monotonic
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Center, Vertical
from textual.content import Content
from textual.widgets import Input, Static

from agent.client import Event
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.backup_model import Backup
from wallet_tui.doc import Doc
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import join
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Refused, set_text
from wallet_tui.screens.passphrase import (
    MIN_PASSPHRASE_CHARS,
    Judging,
    Passphrase,
    labelled_field,
    meter,
    show_field,
)
from wallet_tui.screens.progress import Progress
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.frame import Hint, KeyBar, StatusLine

EXCHANGE = "backup"  # the name of its steps in the service's events
MAX_PATH_CHARS = 1000
ABOUT = mark(
    "One encrypted file with everything: credentials, keys, history. With it and its passphrase the wallet comes "
    "back on another machine; without it, a lost machine is a lost wallet. Keep it somewhere else."
)
# What the service calls its steps, in words of the catalogue.
STEPS = {
    name: name
    for name in (
        mark("waiting for the agent"),
        mark("copying the wallet"),
        mark("encrypting"),
        mark("reading it back"),
        mark("reading the backup"),
        mark("making the wallet"),
        mark("putting it in its place"),
    )
}


class BackupScreen(Judging):
    """``passphrase`` is the wallet's own, as it was just chosen in a first run: it need not be typed again."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "choice.next", "choice.previous", "choice.take")

    def __init__(self, *, first: bool = False, passphrase: str = "") -> None:
        super().__init__()
        self._first, self._own = first, passphrase
        self._progress: Progress | None = None
        self._told = Content("")
        self._made: Backup | None = None
        self._tried = ("", "")

    def compose(self) -> ComposeResult:
        yield StatusLine()
        with Center(classes="form-middle"), Vertical(classes="form"):
            yield Static(Content.styled(t("A backup of this wallet"), "bold"), markup=False)
            yield Static(Content(t(ABOUT)), markup=False)
            path = Input(self._default_path(), id="path", max_length=MAX_PATH_CHARS)
            yield from labelled_field(path, t("File"))
            yield from labelled_field(Passphrase("passphrase"))
            yield from labelled_field(Passphrase("again"), t("The same again"))
            yield Choices(id="choices")
            yield Static(id="form-says", markup=False)
        yield KeyBar(self.hints)

    def hints(self) -> list[Hint]:
        if self._made is not None:
            return [Hint("choice.take", label=t("to the wallet")), Hint("quit.typing")]
        label = t("later") if self._first else ""
        return [Hint("open", self._why_not(), t("make it")), Hint("back", label=label), Hint("quit.typing")]

    def _why_not(self) -> str:
        if self._progress is not None:
            return t("A backup is being made.")
        return t("The agent service does not answer.") if self.cairn.connection.error is not None else ""

    def _default_path(self) -> str:
        status = self.cairn.connection.status
        home = clean(status.home.raw, MAX_PATH_CHARS) if status is not None else ""
        folder = Path(home).parent if home else Path.home()
        day = self.cairn.now().astimezone().date().isoformat()
        return str(folder / f"cairn-backup-{day}.cairn")

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.25, self._show)
        self.query_one("#choices", Choices).display = False
        self._name_fields()
        self.query_one("#path", Input).focus()
        self._show()

    def _name_fields(self) -> None:
        own = t("A passphrase for the file (empty: the wallet's own)")
        other = t("A passphrase for the file; nobody can reset it")
        show_field(self, "passphrase", shown=True, label=own if self._own else other)
        typed = self.query_one("#passphrase", Passphrase).value
        show_field(self, "again", shown=bool(typed) or not self._own)

    def forget(self) -> None:
        """Locked: the place that was typed stays, passphrases do not."""
        super().forget()
        self._own, self._tried = "", ("", "")
        for field in self.query(Passphrase):
            field.value = ""
        if self._made is None:
            self._name_fields()

    # What is shown.

    def connection_changed(self) -> None:
        super().connection_changed()
        self._show()

    def service_said(self, event: Event) -> None:
        if self._progress is not None and event.name == "step" and event.data.get("exchange") == EXCHANGE:
            name = event.data.get("name")
            known = STEPS.get(name, "") if isinstance(name, str) else ""
            self._progress.take(Doc({**event.data, "name": t(known) if known else name}))
            self._show()

    def _show(self) -> None:
        set_text(self.query_one("#form-says", Static), self._says())

    def _says(self) -> list[Content]:
        if self._progress is not None:
            return [self._progress.line(monotonic())]
        if self._made is not None:
            return made_lines(self._made)
        lines = [self._told] if self._told.plain else []
        if self.query_one("#passphrase", Passphrase).value:
            lines.append(meter(self._score))
        return lines

    def say(self, text: Content) -> None:
        self._told = text
        self._show()

    # What is done.

    def on_input_changed(self, event: Input.Changed) -> None:
        if event.input.id == "passphrase" and self._made is None:
            self.judge(event.value)
            self._name_fields()
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._made is not None:
            self.action_back()
            return
        path, first, again = (self.query_one(f"#{name}", Input) for name in ("path", "passphrase", "again"))
        if event.input is path and not first.value and not self._own:
            first.focus()
        elif event.input is first and first.value and not again.value:
            again.focus()
        else:
            self._submit(path.value, first, again)

    def _submit(self, typed: str, first: Input, again: Input) -> None:
        if self.refuse(self._why_not()):
            return
        if not typed.strip():
            self.say(wrong(t("Say where the file should go.")))
            self.query_one("#path", Input).focus()
        elif first.value != again.value:
            self.say(wrong(t("The two passphrases differ. Type both again.")))
            first.value = again.value = ""
            first.focus()
        elif len(first.value or self._own) < MIN_PASSPHRASE_CHARS:
            self.say(too_short())
            first.focus()
        else:
            self._make(whole_path(typed), first.value or self._own)

    def _make(self, path: str, passphrase: str, *, replace: bool = False) -> None:
        self._told, self._tried = Content(""), (path, passphrase)
        self._progress = Progress(t("waiting for the agent"), monotonic())
        self.query_one("#choices", Choices).display = False
        self.ask("make", lambda: self.cairn.wallet.backup(path, passphrase, replace=replace))
        self.update_keys()
        self._show()

    def on_answered(self, message: Answered[object]) -> None:
        if message.group == self.JUDGED and isinstance(message.value, int):
            self.take_score(Answered(message.group, message.value))
        elif isinstance(message.value, Backup):
            self._progress, self._made = None, message.value
            self.forget()
            for name in ("path", "passphrase", "again"):
                show_field(self, name, shown=False)
            self.query_one("#choices", Choices).display = False
            self.set_focus(None)
            self.cairn.read_status()
        self.update_keys()
        self._show()

    def on_refused(self, message: Refused) -> None:
        self._progress = None
        told = words.explain(message.error)
        self.say(join(("✗ ", "$text-error"), told.happened, " ", told.do))
        if message.error.code == "file_exists":
            choices = self.query_one("#choices", Choices)
            choices.show([Choice("name", t("Another name"), ""), Choice("replace", t("Replace it"), "")])
            choices.marked, choices.display = 0, True
            self.set_focus(None)
        else:
            self.query_one("#path", Input).focus()
        self.update_keys()

    # Keys; with a field in focus they are the field's.

    @property
    def _choosing(self) -> Choices | None:
        choices = self.query_one("#choices", Choices)
        return choices if choices.display else None

    def action_choice_next(self) -> None:
        self._choosing.move(1) if self._choosing else self.focus_next()

    def action_choice_previous(self) -> None:
        self._choosing.move(-1) if self._choosing else self.focus_previous()

    def action_choice_take(self) -> None:
        if self._choosing is not None:
            self._choosing.take()
        elif self._made is not None:
            self.action_back()

    def on_choices_taken(self, message: Choices.Taken) -> None:
        self.query_one("#choices", Choices).display = False
        if message.name == "replace":
            self._make(*self._tried, replace=True)
        else:
            self._told = Content("")
            self.query_one("#path", Input).focus()
        self._show()

    def action_back(self) -> None:
        if self._progress is not None:
            self.notify(t("The backup goes on. The history says when it is done."))
        elif self._first and self._made is None:
            self.notify(
                t("No backup yet. Press B for it when you have a place for the file."), severity="warning"
            )
        self.dismiss(None)


def made_lines(made: Backup) -> list[Content]:
    """What was found when the file was read back."""
    found = t("{size}, {credentials}, {history}: read back and complete.").format(
        size=size(made.size),
        credentials=tn("{n} credential", "{n} credentials", made.credentials).format(n=made.credentials),
        history=tn("{n} history entry", "{n} history entries", made.history).format(n=made.history),
    )
    lines = [join(("✓ ", "$text-success"), found), safe_text(made.path, MAX_PATH_CHARS)]
    if not made.intact:
        lines.append(
            Content.styled(
                t("✗ The chain of the history does not hold; it is in the file as it is."), "$text-error"
            )
        )
    return [*lines, Content.styled(t("enter  to the wallet"), "$muted")]


def size(count: int) -> str:
    if count >= 1_000_000:
        return t("{n} MB").format(n=f"{count / 1_000_000:.1f}")
    return t("{n} kB").format(n=max(1, round(count / 1000)))


def whole_path(typed: str) -> str:
    """As a shell would read it; the service takes whole paths only."""
    return os.path.abspath(os.path.expanduser(typed.strip()))  # noqa: PTH100, PTH111 - text in, text out


def wrong(text: str) -> Content:
    return join(("✗ ", "$text-error"), text)


def too_short() -> Content:
    return wrong(
        t("That is too short: at least {n} characters; four words are better.").format(n=MIN_PASSPHRASE_CHARS)
    )

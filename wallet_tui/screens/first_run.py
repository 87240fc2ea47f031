"""The first run: a new wallet with its passphrase, or one out of a backup file. Nothing is made unless confirmed."""

from __future__ import annotations

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
from wallet_tui.model import Status
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.backup import (
    EXCHANGE,
    MAX_PATH_CHARS,
    STEPS,
    BackupScreen,
    too_short,
    whole_path,
    wrong,
)
from wallet_tui.screens.base import Answered, Refused, set_text
from wallet_tui.screens.passphrase import (
    GOOD,
    MIN_PASSPHRASE_CHARS,
    WORDS,
    Judging,
    Passphrase,
    labelled_field,
    meter,
    show_field,
)
from wallet_tui.screens.progress import Progress
from wallet_tui.widgets.choices import Choice, Choices
from wallet_tui.widgets.frame import Banner, Hint, KeyBar, StatusLine

# Public: it is printed by `cairn up` and protects nothing.
DEMO_PASSPHRASE = "cairn-demo-passphrase"  # noqa: S105
NO_RESET = mark("Nobody can reset it: without the passphrase nobody can read the credentials, you included.")
WEAK = mark(
    "This passphrase is {word}: somebody who gets hold of this folder would find it. Four or five words are better."
)
RESTORE = mark("The wallet that is in the backup comes here, whole or not at all. The file is not changed.")
# Which fields each page has, in their order.
PAGES: dict[str, tuple[str, ...]] = {
    "start": (),
    "new": ("passphrase", "again"),
    "restore": ("path", "file-passphrase", "passphrase", "again"),
    "weak": (),
}
ALL_FIELDS = PAGES["restore"]


class FirstRunScreen(Judging):
    """Pages: start, new, restore, and weak (the question whether a weak passphrase is meant)."""

    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back", "choice.next", "choice.previous", "choice.take", "first-run.demo", "help"
    )

    def __init__(self) -> None:
        super().__init__()
        self._page = "start"
        self._from = "new"  # where the question about a weak passphrase came from
        self._told = Content("")
        self._progress: Progress | None = None
        self._passphrase = ""  # on its way to the service
        self._restored: Backup | None = None
        self._submitted = self._left = False

    def compose(self) -> ComposeResult:
        yield StatusLine()
        yield Banner()
        with Center(classes="form-middle"), Vertical(classes="form"):
            yield Static(Content.styled(t("Cairn, your wallet for micro-credentials"), "bold"), markup=False)
            yield Static(id="first-who", markup=False)
            yield from labelled_field(Input(id="path", max_length=MAX_PATH_CHARS), t("The backup file"))
            yield from labelled_field(Passphrase("file-passphrase"), t("Passphrase of the backup"))
            yield from labelled_field(Passphrase("passphrase"))
            yield from labelled_field(Passphrase("again"), t("The same again"))
            yield Choices(id="choices")
            yield Static(id="form-says", markup=False)
            yield Static(id="first-note", markup=False)
        yield KeyBar(self.hints)

    def hints(self) -> list[Hint]:
        why = t("It is being made.") if self._progress is not None else ""
        if self._page in {"start", "weak"}:
            demo = [Hint("first-run.demo")] if self._page == "start" and self._demo else []
            back = [] if self._page == "start" else [Hint("back")]
            return [Hint("choice.take", why), Hint("choice.next", why), *demo, *back, Hint("quit.typing")]
        return [Hint("open", why, t("go on")), Hint("back", why), Hint("quit.typing")]

    @property
    def _status(self) -> Status | None:
        return self.cairn.connection.status

    @property
    def _demo(self) -> bool:
        return self._status is not None and self._status.demo

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.25, self._show)
        self._turn("start")

    def on_screen_resume(self) -> None:
        self._leave_if_done()

    def connection_changed(self) -> None:
        super().connection_changed()
        self._leave_if_done()
        self._show()

    def _leave_if_done(self) -> None:
        """The wallet was made, perhaps by somebody else: unlocking is another screen's."""
        made = self._status is not None and not self._status.first_run
        if made and self._progress is None:
            self._leave()

    def _leave(self) -> None:
        if self.is_current and not self._left:  # more than one answer may say so
            self._left = True
            self.dismiss(None)

    def forget(self) -> None:
        super().forget()
        self._passphrase = ""
        for field in self.query(Passphrase):
            field.value = ""

    # What is shown.

    def _turn(self, page: str, told: Content | None = None) -> None:
        self._page, self._told = page, told or Content("")
        new = (
            t("A new passphrase for this machine (empty: the same)") if page == "restore" else t("Passphrase")
        )
        for name in ALL_FIELDS:
            label = new if name == "passphrase" else ""
            show_field(self, name, shown=name in PAGES[page], label=label)
        choices = self.query_one("#choices", Choices)
        choices.display = not PAGES[page]
        choices.show(self._choices())
        choices.marked = 0
        self.query_one("#first-who", Static).update(self._who())
        note = {"new": t(NO_RESET), "restore": t(RESTORE)}.get(page, "")
        self.query_one("#first-note", Static).update(Content(note))
        self.set_focus(self.query_one(f"#{PAGES[page][0]}", Input) if PAGES[page] else None)
        self.update_keys()
        self._show()

    def _choices(self) -> list[Choice]:
        if self._page == "weak":
            return [Choice("another", t("Choose another"), ""), Choice("anyway", t("Use it anyway"), "")]
        demo = [Choice("demo", t("Demo passphrase"), "d")] if self._demo else []
        return [
            Choice("new", t("Make a new wallet"), ""),
            Choice("restore", t("Restore a backup"), ""),
            *demo,
        ]

    def _who(self) -> Content:
        status = self._status
        if status is None:
            return Content("")
        name, home = safe_text(status.name, 60), safe_text(status.home, 300)
        if self._page == "start":
            first = join(t("There is no wallet yet for "), name, ".")
            return Content("\n").join([first, join((t("Folder  "), "$muted"), home)])
        if self._page == "restore":
            return join(t("Restore from a backup file into "), home)
        return join(t("Choose a passphrase for "), name, ".")

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
        lines = [self._told] if self._told.plain else []
        if "passphrase" in PAGES[self._page] and self.query_one("#passphrase", Passphrase).value:
            lines.append(meter(self._score))
        return lines

    def say(self, text: Content) -> None:
        self._told = text
        self._show()

    # What is typed.

    def on_input_changed(self, event: Input.Changed) -> None:
        self._submitted = False
        if event.input.id == "passphrase":
            self.judge(event.value)
        self._show()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes to the next empty field, and on from the last."""
        event.stop()
        if self._progress is not None:
            return
        names = PAGES[self._page]
        following = names[names.index(event.input.id or "") + 1 :]
        optional = self._page == "restore" and not self._value("passphrase")
        for name in following:
            if not self._value(name) and not (optional and name == "again"):
                self.query_one(f"#{name}", Input).focus()
                return
        self._submit()

    def _value(self, name: str) -> str:
        return self.query_one(f"#{name}", Input).value

    def _submit(self) -> None:
        chosen, again = self._value("passphrase"), self._value("again")
        if self._page == "restore" and not (self._value("path").strip() and self._value("file-passphrase")):
            self.say(wrong(t("Name the file and type its passphrase.")))
            return
        same = self._page == "restore" and not chosen
        if chosen != again:
            self.say(wrong(t("The two passphrases differ. Type both again.")))
            for name in ("passphrase", "again"):
                self.query_one(f"#{name}", Input).value = ""
            self.query_one("#passphrase", Input).focus()
        elif not same and len(chosen) < MIN_PASSPHRASE_CHARS:
            self.say(too_short())
            self.query_one("#passphrase", Input).focus()
        elif same:
            self._go(self._value("file-passphrase"))
        elif self._score is None:
            self._submitted = True  # goes on when it is known how strong it is
        elif self._score < GOOD:
            self._from = self._page
            self._turn("weak", Content(t(WEAK).format(word=t(WORDS[self._score]))))
        else:
            self._go(chosen)

    # What is done.

    def _go(self, passphrase: str) -> None:
        """Make the wallet, or restore it and unlock it."""
        self._passphrase = passphrase
        restoring = self._from == "restore" if self._page == "weak" else self._page == "restore"
        if restoring:
            path, of_file = whole_path(self._value("path")), self._value("file-passphrase")
            self._from = "restore"
            self._progress = Progress(t("reading the backup"), monotonic())
            self.ask("restore", lambda: self.cairn.wallet.restore(path, of_file, passphrase))
        else:
            self._from = "new"
            self.cairn.after_unlock = BackupScreen(first=True, passphrase=passphrase)
            self._unlock()
        self.set_focus(None)
        self.update_keys()
        self._show()

    def _unlock(self) -> None:
        passphrase = self._passphrase
        self._progress = Progress(t("making the wallet"), monotonic())
        self.ask("unlock", lambda: self.cairn.wallet.unlock(passphrase))

    def on_answered(self, message: Answered[object]) -> None:
        if message.group == self.JUDGED and isinstance(message.value, int):
            if self.take_score(Answered(message.group, message.value)) and self._submitted:
                self._submitted = False
                self._submit()
            self._show()
        elif isinstance(message.value, Backup):
            self._restored = message.value
            self._unlock()
        elif isinstance(message.value, Status):
            self._progress = None
            self.forget()
            if self._restored is not None:
                self._tell_restored(self._restored)
            self._leave()
            self.cairn.take_status(message.value)

    def _tell_restored(self, made: Backup) -> None:
        found = t("Restored: {credentials}, {history}.").format(
            credentials=tn("{n} credential", "{n} credentials", made.credentials).format(n=made.credentials),
            history=tn("{n} history entry", "{n} history entries", made.history).format(n=made.history),
        )
        self.notify(found, timeout=12)
        if made.missing:
            lost = tn(
                "{n} credential cannot be presented: its keys are not in the backup.",
                "{n} credentials cannot be presented: their keys are not in the backup.",
                made.missing,
            )
            self.notify(lost.format(n=made.missing), severity="warning", timeout=20)

    def on_refused(self, message: Refused) -> None:
        self._progress, self._passphrase, self.cairn.after_unlock = None, "", None
        told = words.explain(message.error)
        shown = join(("✗ ", "$text-error"), told.happened, " ", told.do, "  (", told.code, ")")
        self._turn(self._from, shown)
        if message.group == "restore" and message.error.code == "backup_passphrase":
            field = self.query_one("#file-passphrase", Passphrase)
            field.value = ""
            field.focus()

    # Keys; with a field in focus they are the field's.

    def action_choice_next(self) -> None:
        self._move(1)

    def action_choice_previous(self) -> None:
        self._move(-1)

    def _move(self, by: int) -> None:
        if not PAGES[self._page]:
            self.query_one("#choices", Choices).move(by)
        elif by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_choice_take(self) -> None:
        if not PAGES[self._page] and self._progress is None:
            self.query_one("#choices", Choices).take()

    def action_demo(self) -> None:
        if self._page != "start" or self._progress is not None:
            return
        if not self.refuse(
            "" if self._demo else t("This is no demonstration: choose a passphrase of your own.")
        ):
            self._go(DEMO_PASSPHRASE)

    def on_choices_taken(self, message: Choices.Taken) -> None:
        if self._progress is not None:
            return
        if message.name == "demo":
            self.action_demo()
        elif message.name == "anyway":
            self._go(self._value("passphrase"))
        elif message.name == "another":
            for name in ("passphrase", "again"):
                self.query_one(f"#{name}", Input).value = ""
            self._turn(self._from)
            self.query_one("#passphrase", Input).focus()
        else:
            self._turn(message.name)

    def action_back(self) -> None:
        if self._progress is None and self._page != "start":
            self.forget()
            self._turn("start")

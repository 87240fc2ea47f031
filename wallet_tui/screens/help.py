"""Keys that work on the screen below, those of the focused widget and the screen first, and what the states mean."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input

from wallet_tui import words
from wallet_tui.actions import KEYS, bindings, shown
from wallet_tui.i18n import mark, t
from wallet_tui.layout import fit, fold, heading, join, labelled
from wallet_tui.screens.base import Passing
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import KeyBar

KEY_WIDTH = 10
MAX_CHARS = 60
_STATES = (
    ("pass", mark("was checked and holds")),
    ("fail", mark("was checked and does not hold")),
    ("unknown", mark("could not be found out; it is neither pass nor fail")),
)


class HelpScreen(Passing):
    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "find", "quit")

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        # Asked before this screen covers it: what works there, and why not now.
        self._why_not = {hint.id: hint.why_not for bar in below.query(KeyBar) for hint in bar.hints}
        self._here: list[str] = []
        self._everywhere: list[str] = []
        for active in below.active_bindings.values():
            group = self._everywhere if isinstance(active.node, App) else self._here
            name = active.binding.id or ""
            if name in KEYS and name not in group:
                group.append(name)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall filled"):
            yield Input(id="help-find", placeholder=t("find a key"), max_length=MAX_CHARS)
            yield Document(id="help")

    @property
    def document(self) -> Document:
        return self.query_one("#help", Document)

    @property
    def field(self) -> Input:
        return self.query_one("#help-find", Input)

    def on_mount(self) -> None:
        self.field.display = False
        self.document.show(self._blocks)
        self.document.focus()

    def on_input_changed(self, _: Input.Changed) -> None:
        self.document.show(self._blocks)

    def on_input_submitted(self, _: Input.Submitted) -> None:
        self.document.focus()

    def _blocks(self, width: int) -> list[Block]:
        wanted = self.field.value.casefold().split()
        head = t("{find} finds, {back} closes this").format(find=shown("find"), back=shown("back"))
        lines = [Content.styled(head, "$muted")]
        none = True
        for title, names in ((t("Keys here"), self._here), (t("Keys everywhere"), self._everywhere)):
            found = [name for name in names if all(word in _words(name) for word in wanted)]
            if found:
                none = False
                lines += [Content(""), heading(title)]
                for name in found:
                    lines += self._key(name, width)
        if none:
            lines += [Content(""), Content(t("No key fits these words."))]
        if not wanted:
            lines += [Content(""), heading(t("What the states mean"))]
            room = words.result_width()
            for state, meaning in _STATES:
                lines += fold(
                    join(fit(words.result(state), room), "  ", t(meaning)), width, indent=room + 2, first=0
                )
            lines.append(Content(""))
            lines += fold(
                t("The `cairn` command does all of this without screens, also for screen readers."), width
            )
        return [Block(lines)]

    def _key(self, name: str, width: int) -> list[Content]:
        says = Content(t(KEYS[name].help))
        if self._why_not.get(name):
            says = join(says, ("  " + t("(not now: {why})").format(why=self._why_not[name]), "$muted"))
        key = Content.styled(KEYS[name].shown, "bold $text-accent")
        return labelled(key, says, width, label_width=KEY_WIDTH, indent=0)

    def action_find(self) -> None:
        self.field.display = True
        self.field.focus()

    def action_back(self) -> None:
        if self.field.display:
            self.field.value = ""
            self.field.display = False
            self.document.focus()
        else:
            self.dismiss(None)


def _words(name: str) -> str:
    key = KEYS[name]
    return f"{key.shown} {t(key.label)} {t(key.help)}".casefold()

"""A docked row of choices. The marked one is in angle marks and reversed, so it shows without colour."""

from __future__ import annotations

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from wallet_tui.actions import DEFAULTS, shown
from wallet_tui.layout import join
from wallet_tui.widgets.frame import Clickable


@dataclass(frozen=True, slots=True)
class Choice:
    """``shown_key`` is the direct key; ``why_not`` says why it cannot be taken now."""

    name: str
    label: str
    shown_key: str
    why_not: str = ""

    @property
    def key_now(self) -> str:
        """``shown_key`` as it is remapped: the key with this default that does what the choice does, or goes back."""
        for name, key in DEFAULTS.items():
            if key.shown == self.shown_key and (name == "back" or key.action == self.name):
                return shown(name)
        return self.shown_key


class Choices(Clickable):
    """Starts on the first choice, which screens make the safe one."""

    class Taken(Message):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._choices: list[Choice] = []
        self.marked = 0

    def show(self, choices: list[Choice]) -> None:
        """Replace the choices; the mark stays on the same name or goes back to the first."""
        before = self._choices[self.marked].name if self._choices else ""
        self._choices = choices
        self.marked = next((i for i, choice in enumerate(choices) if choice.name == before), 0)
        self.refresh()

    @property
    def names(self) -> list[str]:
        return [choice.name for choice in self._choices]

    @property
    def marked_name(self) -> str:
        return self._choices[self.marked].name if self._choices else ""

    def move(self, by: int) -> None:
        if self._choices:
            self.marked = (self.marked + by) % len(self._choices)
            self.refresh()

    def take(self) -> None:
        if self._choices:
            self.post_message(self.Taken(self.marked_name))

    def render(self) -> Content:
        pieces: list[tuple[Content, str]] = []
        for index, choice in enumerate(self._choices):
            style = "$muted" if choice.why_not else ""
            marked = index == self.marked
            label = f"{choice.label}  {choice.key_now}" if choice.shown_key else choice.label
            if choice.why_not:
                label = f"({label})"
            inner = Content.styled(
                f" ‹{label}› " if marked else f"  {label}  ", f"bold reverse {style}" if marked else style
            )
            pieces.append((join(inner, " "), choice.name))
        return self.assemble(pieces, self.size.width)

    def clicked(self, name: str) -> None:
        self.marked = self.names.index(name)
        self.refresh()
        self.take()

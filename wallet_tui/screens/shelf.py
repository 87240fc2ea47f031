"""The learner's own order of things: collections and tags, and a note. These dialogs return what is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Static, TextArea

from wallet_tui.actions import bindings
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import fold
from wallet_tui.model import Summary
from wallet_tui.portfolio_model import MAX_LABEL_CHARS, MAX_NOTE_CHARS
from wallet_tui.safe_text import Untrusted, clean
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

MAX_NAMES = 50
MAX_FIELD_CHARS = 3200
Change = dict[str, Any]
FIELDS = ("collections", "tags")
TITLES = {"collections": mark("Collections"), "tags": mark("Tags")}
SAVE, LEAVE = mark("Save the note"), mark("Leave it as it was")


class LabelsScreen(ModalScreen[dict[str, Change] | None]):
    """Collections and tags of one credential, or of several: then what all have in common is edited, and what only
    some have stays. Returns the changes by credential; an empty answer when nothing changed.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "save")

    def __init__(self, items: Sequence[Summary], held: Iterable[Summary]) -> None:
        super().__init__()
        self._items = list(items)
        everything = list(held)
        self._known = {field: known_names(everything, field) for field in FIELDS}
        self._common = {field: common_names(self._items, field) for field in FIELDS}

    def compose(self) -> ComposeResult:
        count = len(self._items)
        with Vertical(classes="dialog"):
            if count == 1:
                yield Static(Content.styled(clean(self._items[0].title, 70), "bold"), markup=False)
            else:
                said = tn("{n} credential is marked", "{n} credentials are marked", count).format(n=count)
                yield Static(Content.styled(said, "bold"), markup=False)
                yield Static(
                    Content(t("Below is what all of them have in common. What only some have stays.")),
                    markup=False,
                )
            for field in FIELDS:
                yield Static(Content(t(TITLES[field])), classes="label", markup=False)
                yield Input(
                    ", ".join(self._common[field]),
                    id=field,
                    placeholder=t("names with commas between them"),
                    suggester=Completion(self._known[field]),
                    max_length=MAX_FIELD_CHARS,
                )
                if self._known[field]:
                    names = t("so far: {names}").format(names=", ".join(self._known[field][:12]))
                    yield Static(
                        Content("\n").join(fold(Content.styled(names, "$muted"), 70, max_lines=2)),
                        markup=False,
                    )
            yield Static(
                Content.styled(t("enter next, then save    → completes a name    esc back"), "$muted"),
                id="labels-say",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#collections", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "collections":
            self.query_one("#tags", Input).focus()
        else:
            self.action_save()

    def action_save(self) -> None:
        wanted = {field: read_names(self.query_one(f"#{field}", Input).value) for field in FIELDS}
        for field, names in wanted.items():
            if len(names) > MAX_NAMES:
                said = t("✗ At most {n} names in one field.").format(n=MAX_NAMES)
                self.query_one("#labels-say", Static).update(Content.styled(said, "$text-error"))
                self.query_one(f"#{field}", Input).focus()
                return
        self.dismiss(changes(self._items, self._common, wanted))

    def action_back(self) -> None:
        self.dismiss(None)


class NoteScreen(ModalScreen[str | None]):
    """Returns the note, or None when it was left as it was."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "save")

    def __init__(self, title: Untrusted, note: Untrusted) -> None:
        super().__init__()
        self._title = title
        self._note = plain_note(note.raw)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall"):
            yield Static(Content.styled(clean(self._title, 70), "bold"), markup=False)
            yield Static(
                Content(t("A note for yourself. It is found by its words, and never shared.")), markup=False
            )
            yield TextArea(self._note, id="note", soft_wrap=True, show_line_numbers=False)
            yield RowList(_draw_choice, lambda item: item, row_height=1, id="note-choices")
            yield Static(
                Content.styled(t("tab then enter, or f2: save    esc back"), "$muted"),
                id="note-says",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#note-choices", RowList).show([SAVE, LEAVE])
        self.query_one("#note", TextArea).focus()

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        if message.key == SAVE:
            self.action_save()
        else:
            self.dismiss(None)

    def action_save(self) -> None:
        note = plain_note(self.query_one("#note", TextArea).text)
        if len(note) > MAX_NOTE_CHARS:
            said = t("✗ A note has at most {n} characters; this one has {have}.").format(
                n=MAX_NOTE_CHARS, have=len(note)
            )
            self.query_one("#note-says", Static).update(Content.styled(said, "$text-error"))
            return
        self.dismiss(None if note == self._note else note)

    def action_back(self) -> None:
        """A draft is not thrown away by one key: the first ``esc`` only moves to the choices."""
        text = self.query_one("#note", TextArea)
        if text.has_focus and plain_note(text.text) != self._note:
            self.query_one("#note-choices", RowList).focus()
        else:
            self.dismiss(None)


class Completion(Suggester):
    """The rest of the name that is being typed after the last comma."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._names = names

    async def get_suggestion(self, value: str) -> str | None:
        start = value.rpartition(",")[2].lstrip()
        if not start:
            return None
        found = next((name for name in self._names if name.casefold().startswith(start.casefold())), None)
        return None if found is None or len(found) <= len(start) else value + found[len(start) :]


def _draw_choice(item: str, width: int) -> list[Content]:  # noqa: ARG001 - a row as `RowList` asks for it
    return [Content(t(item))]


def known_names(held: Iterable[Summary], field: str) -> list[str]:
    """Names in use, the most used first."""
    counted = Counter(clean(each, MAX_LABEL_CHARS) for item in held for each in getattr(item, field))
    return [name for name, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))]


def common_names(items: Sequence[Summary], field: str) -> list[str]:
    every = [[clean(each, MAX_LABEL_CHARS) for each in getattr(item, field)] for item in items]
    return [name for name in every[0] if all(name in names for names in every)] if every else []


def read_names(text: str) -> list[str]:
    """Names between commas, each once whatever its case, without what cannot be shown."""
    found: dict[str, str] = {}
    for part in text.split(","):
        name = clean(part, MAX_LABEL_CHARS).strip()
        if name:
            found.setdefault(name.casefold(), name)
    return list(found.values())


def changes(
    items: Sequence[Summary], common: dict[str, list[str]], wanted: dict[str, list[str]]
) -> dict[str, Change]:
    """For every credential that has to change: its own names, without what was taken out, with what was put in."""
    out: dict[str, Change] = {}
    for item in items:
        change: Change = {}
        for field in FIELDS:
            own = [each.raw for each in getattr(item, field)]
            gone = {name for name in common[field] if name not in wanted[field]}
            kept = [name for name in own if clean(name, MAX_LABEL_CHARS) not in gone]
            have = {clean(name, MAX_LABEL_CHARS).casefold() for name in kept}
            new = kept + [name for name in wanted[field] if name.casefold() not in have]
            if new != own:
                change[field] = new
        if change:
            out[item.id] = change
    return out


def plain_note(text: str) -> str:
    """Lines without what a terminal could act on; blank lines stay, those at the end go."""
    # Longer than a note may be: one that is too long is refused in words, never cut in silence.
    lines = [clean(line, 4 * MAX_NOTE_CHARS) for line in text[: 4 * MAX_NOTE_CHARS].splitlines()]
    return "\n".join(lines).rstrip()

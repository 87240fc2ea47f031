"""Small dialogs of the stack: why something counts or not, saving a draft, writing a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from agent.errors import ConflictError, InputError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import t
from wallet_tui.layout import heading, join, labelled
from wallet_tui.local_files import EXISTS, MAX_PATH_CHARS, default_path, path_of, shown, write_whole
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import Answered, Asking, Passing, Refused
from wallet_tui.screens.stack_text import FATES, fate
from wallet_tui.service import Wallet
from wallet_tui.stack_model import Draft, Member, Stack
from wallet_tui.stack_way import BEFORE_WORDS
from wallet_tui.widgets.document import Block, Document

MAX_NAME_CHARS, MAX_NOTE_CHARS = 80, 2_000
FORMS: Final = {"pdf": "pdf", "html": "html", "json": "clr"}


class WhyScreen(Passing):
    """All that is known of one member's part in the plan. True means: open the credential or the offer."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back", "open")

    def __init__(self, member: Member, stack: Stack) -> None:
        super().__init__()
        self._member, self._stack = member, stack

    def compose(self) -> ComposeResult:
        opens = t("enter open the offer") if self._member.is_offer else t("enter open the credential")
        with Vertical(classes="dialog tall"):
            yield Document(id="why", focusable=False)
            yield Static(Content.styled(f"{opens}    {t('esc back')}", "$muted"), markup=False)

    def on_mount(self) -> None:
        self.query_one("#why", Document).show(lambda width: [Block(self._lines(width))])

    def action_open(self) -> None:
        self.dismiss(True)

    def action_back(self) -> None:
        self.dismiss(False)

    def _lines(self, width: int) -> list[Content]:
        member, stack = self._member, self._stack
        glyph, word, style, _ = FATES[fate(member)]
        counts = join(safe_text(member.counts, 12), " ", words.unit(stack.unit))
        places = {place.id: place.title for place in stack.places}
        titles = {each.credential_id: each.title for each in stack.members}
        facts: list[tuple[str, Content]] = [
            (t("In this plan"), Content.styled(f"{glyph} {t(word)}", style)),
            (t("Counts"), counts),
            (t("Why"), safe_text(member.reason, 600)),
            (t("Rule from"), safe_text(member.source, 120)),
        ]
        if member.place in places:
            facts.append((t("Fills"), safe_text(places[member.place])))
        facts.append((t("Level"), Content(words.eqf(member.eqf))))
        facts.append(
            (t("Issuer"), join(safe_text(member.issuer, 80), "  ", (clean(member.host, 80), "$text-accent")))
        )
        if member.asked:
            facts.append((t("Entry requirements, as its issuer says"), safe_text(member.asked, 500)))
        for each in member.before:
            if each.id in titles:
                says = t(BEFORE_WORDS[each.why]).format(title=clean(titles[each.id]))
                facts.append((t("Comes"), Content(says)))
        if member.names_target:
            said = t(
                "Its issuer says that it counts towards this goal; only who awards the goal decides that."
            )
            facts.append((t("Named goal"), Content(said)))
        lines = [heading(clean(member.title)), Content("")]
        for label, value in facts:
            lines += labelled(label, value, width, label_width=16, indent=0)
        return lines


class SaveDraftScreen(ModalScreen[dict[str, Any] | None]):
    """Asks for a name and a note; returns what to save. What was typed stays here through a lock."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, known: Sequence[Draft], draft: Draft | None) -> None:
        super().__init__()
        self._known = {_key(clean(each.name, MAX_NAME_CHARS)): each.id for each in known}
        self._draft = draft
        self._sure = ""

    def compose(self) -> ComposeResult:
        draft = self._draft
        name = clean(draft.name, MAX_NAME_CHARS) if draft is not None else ""
        note = clean(draft.note, MAX_NOTE_CHARS) if draft is not None else ""
        with Vertical(classes="dialog"):
            yield Static(Content.styled(t("Save this plan as a draft"), "bold"), markup=False)
            yield Static(
                Content(
                    t("It keeps the goal and what is left out. What counts is worked out anew each time.")
                ),
                markup=False,
            )
            yield Input(name, id="draft-name", placeholder=t("name"), max_length=MAX_NAME_CHARS)
            yield Input(note, id="draft-note", placeholder=t("note (optional)"), max_length=MAX_NOTE_CHARS)
            yield Static(
                Content.styled(t("enter save it    tab next field    esc back"), "$muted"),
                id="draft-says",
                markup=False,
            )

    def on_mount(self) -> None:
        self.query_one("#draft-name", Input).focus()

    def on_input_submitted(self) -> None:
        name = " ".join(self.query_one("#draft-name", Input).value.split())
        known = self._known.get(_key(name), "")
        own = self._draft.id if self._draft is not None else ""
        if not name:
            self._say(t("✗ A draft needs a name."))
            return
        if known and known != own and self._sure != _key(name):
            self._sure = _key(name)
            self._say(t("There is a draft of this name. Press enter again to replace it."))
            return
        same = self._draft is not None and _key(clean(self._draft.name, MAX_NAME_CHARS)) == _key(name)
        note = self.query_one("#draft-note", Input).value.strip()
        self.dismiss({"name": name, "note": note, "id": known or (own if same else "")})

    def action_back(self) -> None:
        self.dismiss(None)

    def _say(self, text: str) -> None:
        self.query_one("#draft-says", Static).update(Content.styled(text, "$text-warning"))


def _key(name: str) -> str:
    return name.casefold()


@dataclass(frozen=True, slots=True)
class _Written:
    where: str
    size: int
    remarks: tuple[str, ...]


class WriteStackScreen(Passing, Asking):
    """Asks where to; the ending says in what form. Never over another file without asking, and whole or not at all."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("back")

    def __init__(self, title: str, fetch: Callable[[Wallet, str], Any]) -> None:
        super().__init__()
        self._title, self._fetch = title, fetch
        self._sure = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(t("Write this stack to a file"), "bold"), markup=False)
            yield Static(
                Content(
                    t(
                        "The ending says what it is: .pdf or .html is a page to read and print; .json is one bundle of "
                        "the signed badges that count (CLR 2.0)."
                    )
                ),
                markup=False,
            )
            yield Input(default_path(self._title, "pdf"), id="stack-path", max_length=MAX_PATH_CHARS)
            yield Static(
                Content.styled(t("enter write it    esc back"), "$muted"), id="stack-says", markup=False
            )

    def on_mount(self) -> None:
        self.query_one("#stack-path", Input).focus()

    def on_input_changed(self) -> None:
        self._sure = ""

    def on_input_submitted(self, event: Input.Submitted) -> None:
        typed, replace = event.value, self._sure == event.value
        self._say(t("… writing"))
        self.ask("write", lambda: self._write(typed, replace=replace))

    async def _write(self, typed: str, *, replace: bool) -> _Written:
        path = path_of(typed)
        form = FORMS.get(path.suffix.lower().removeprefix("."))
        if form is None:
            raise InputError("bad_ending", t("The name has to end in .pdf, .html or .json."))
        if not replace and await asyncio.to_thread(path.exists):
            raise ConflictError(EXISTS, t("There is already a file {path}.").format(path=shown(path)))
        data, remarks = await self._fetch(self.cairn.wallet, form)
        await asyncio.to_thread(write_whole, path, data, replace=replace)
        return _Written(shown(path), len(data), tuple(remarks))

    def on_answered(self, message: Answered[_Written]) -> None:
        written = message.value
        said = t("Written: {path}, {size} bytes.").format(path=written.where, size=written.size)
        self.notify(" ".join([said, *written.remarks]), timeout=12)
        self.dismiss(None)

    def on_refused(self, message: Refused) -> None:
        error = message.error
        if error.code == EXISTS:
            self._sure = self.query_one("#stack-path", Input).value
            self._say(f"{error.detail} {t('Press enter again to replace it.')}")
        else:
            self._say(f"✗ {error.diagnostics()}")

    def action_back(self) -> None:
        self.dismiss(None)

    def _say(self, text: str) -> None:
        self.query_one("#stack-says", Static).update(Content.styled(clean(text, 300), "$text-warning"))

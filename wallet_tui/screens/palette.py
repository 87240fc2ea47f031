"""Everything that can be done here, by name: keys of the screen below, areas, themes, languages, credentials.

What is chosen is run after this has closed, on the screen it was opened over. Decisions (share, accept, reject, …)
are listed with their key and not run: ``enter`` is always safe, here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

from wallet_tui import words
from wallet_tui.actions import DECIDES, KEYS, LIST_KEYS, bindings, shown
from wallet_tui.config import THEMES
from wallet_tui.i18n import languages, t, tn
from wallet_tui.layout import Cell, join, row
from wallet_tui.model import Summary
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.base import Answered, Area, Asking, Passing
from wallet_tui.widgets.frame import KeyBar
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

if TYPE_CHECKING:
    from wallet_tui.app import CairnApp

LABEL_WIDTH, KEY_WIDTH, HOST_WIDTH = 14, 9, 26
MAX_CHARS = 100


@dataclass(frozen=True, slots=True)
class Command:
    """``what`` is run with ``name``: an action on ``node``, a theme, a language, or a credential to open."""

    what: str
    name: str
    label: Content
    help: Content
    search: str
    key: str = ""
    why_not: str = ""
    node: DOMNode | None = None
    credential: Summary | None = None


class PaletteScreen(Passing, Asking):
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "back", "list.down", "list.up", "list.page-down", "list.page-up"
    )

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        # Asked before this screen covers it: what works there, with the keys as they are mapped.
        self._commands = [*_keys(below), *_looks(), *_languages()]
        self._credentials: list[Command] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog tall filled"):
            yield Input(
                id="command", placeholder=t("what to do, or the title of a credential"), max_length=MAX_CHARS
            )
            yield RowList(
                _draw, lambda command: f"{command.what}:{command.name}", row_height=1, id="commands"
            )
            yield Static(id="command-says", markup=False)

    @property
    def rows(self) -> RowList[Command]:
        return self.query_one("#commands", RowList)

    def on_mount(self) -> None:
        self.rows.can_focus = False  # letters always go into the field
        self.query_one("#command", Input).focus()
        self._filter()
        if self.cairn.connection.unlocked:
            self.ask("credentials", self.cairn.wallet.credentials)

    def on_answered(self, message: Answered[list[Summary]]) -> None:
        if self.cairn.connection.unlocked:
            self._credentials = [_credential(item) for item in message.value]
            self._filter()

    def forget(self) -> None:
        self._credentials = []
        self.rows.show([])

    def on_input_changed(self, _: Input.Changed) -> None:
        self._filter()

    def _filter(self) -> None:
        wanted = self.query_one("#command", Input).value.casefold().split()
        # Thousands of credentials would only be in the way before a word of theirs was typed.
        among = [*self._commands, *self._credentials] if wanted else self._commands
        found = [item for item in among if all(word in item.search for word in wanted)]
        # What begins with the word comes first; otherwise the order stays.
        if wanted:
            found.sort(key=lambda item: not item.search.startswith(wanted[0]))
        self.rows.show(found)
        self.rows.action_cursor_first()
        says = tn("{n} found", "{n} found", len(found)).format(n=len(found))
        keys = t("enter does it    {back} closes").format(back=shown("back"))
        self.query_one("#command-says", Static).update(Content.styled(f"{says}    {keys}", "$muted"))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._take(self.rows.current)

    def on_lines_chosen(self, _: Lines.Chosen) -> None:
        self._take(self.rows.current)

    def _take(self, command: Command | None) -> None:
        if command is not None and not self.refuse(command.why_not):
            self.dismiss(command)

    # The field keeps the focus; the list moves.

    def action_cursor_down(self) -> None:
        self.rows.action_cursor_down()

    def action_cursor_up(self) -> None:
        self.rows.action_cursor_up()

    def action_page_down(self) -> None:
        self.rows.action_page_down()

    def action_page_up(self) -> None:
        self.rows.action_page_up()

    def action_back(self) -> None:
        self.dismiss(None)


def run_command(app: CairnApp, command: Command | None) -> None:
    """Do what was chosen, on the screen the list was opened over."""
    if command is None:
        return
    if command.what == "key":
        app.call_later(app.run_action, KEYS[command.name].action, command.node)
    elif command.what == "theme":
        app.call_later(app.use_theme, command.name)
    elif command.what == "language":
        app.call_later(app.use_language, command.name)
    else:
        app.call_later(_reveal, app, command.name)


def _reveal(app: CairnApp, credential_id: str) -> None:
    if app.connection.unlocked:
        app.switch_mode("credentials")
        app.call_after_refresh(partial(_reveal_there, app, credential_id))


def _reveal_there(app: CairnApp, credential_id: str) -> None:
    screen = app.screen
    if isinstance(screen, Area) and app.current_mode == "credentials":
        screen.reveal(credential_id)


def _keys(below: Screen[Any]) -> list[Command]:
    """Every key that works on ``below``, those of a list last; one that does not work now says why."""
    why_not = {hint.id: hint.why_not for bar in below.query(KeyBar) for hint in bar.hints}
    nodes: dict[str, DOMNode] = {}
    for active in below.active_bindings.values():
        if active.binding.id in KEYS and active.binding.id != "palette":
            nodes.setdefault(active.binding.id or "", active.node)
    names = sorted(nodes, key=lambda name: name in LIST_KEYS)
    return [_key(name, nodes[name], why_not.get(name, "")) for name in names]


def _key(name: str, node: DOMNode, why_not: str) -> Command:
    key = KEYS[name]
    if name in DECIDES:
        why_not = why_not or t("That is decided on its own screen: press {key} there.").format(
            key=shown(name)
        )
    label, says = t(key.label), t(key.help)
    return Command(
        "key", name, Content(label), Content(says), f"{label} {says}".casefold(), key.shown, why_not, node
    )


def _looks() -> list[Command]:
    return [
        Command("theme", name, Content(t("theme")), Content(name), f"{t('theme')} {name}".casefold())
        for name in THEMES
    ]


def _languages() -> list[Command]:
    return [
        Command("language", code, Content(t("language")), Content(code), f"{t('language')} {code}".casefold())
        for code in languages()
    ]


def _credential(item: Summary) -> Command:
    """Searched in as it came; made fit to be shown only where it is drawn, as there may be thousands."""
    return Command(
        "credential",
        item.id,
        Content(t("open")),
        Content(""),
        f"{item.title.raw[:200]} {item.issuer.host.raw[:100]}".casefold(),
        credential=item,
    )


def _draw(command: Command, width: int) -> list[Content]:
    label, says = command.label, command.help
    if command.credential is not None:
        host = Content.styled(words.host(command.credential.issuer), "$text-accent")
        title = Cell(safe_text(command.credential.title, 80))
        return [row(width, Cell(label, LABEL_WIDTH, style="bold"), title, Cell(host, HOST_WIDTH, "right"))]
    if command.why_not:
        label, says = join("(", label, ")"), Content(command.why_not)
    style = "$muted" if command.why_not else ""
    cells = (
        Cell(label, LABEL_WIDTH, style=style or "bold"),
        Cell(says, style="$muted" if command.what == "key" else style),
        Cell(command.key, KEY_WIDTH, "right", style=style or "bold $text-accent"),
    )
    return [row(width, *cells)]

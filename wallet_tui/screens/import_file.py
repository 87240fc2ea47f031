"""A credential from a file: what it was understood as, and what its checks found. It is kept only after they ran."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from time import monotonic
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from agent.errors import CairnError
from wallet_tui import words
from wallet_tui.actions import bindings
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import fold, heading, join
from wallet_tui.local_files import MAX_PATH_CHARS, path_of, read_whole
from wallet_tui.model import CheckRow, Credential
from wallet_tui.portfolio_model import Taken
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.base import BLANK, Answered, Refused, error_blocks, paragraph
from wallet_tui.screens.credential_rows import draw_entry
from wallet_tui.screens.credential_text import lacks, verdict_lines
from wallet_tui.screens.progress import Progress
from wallet_tui.screens.sheet import Sheet, why_away
from wallet_tui.widgets.document import Block, Document
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines

# The service takes no more (agent/vc/limits.py, image_bytes).
MAX_BYTES = 12 * 1024 * 1024
NOTHING = mark("Nothing was imported.")
WHAT = mark(
    "A credential that somebody gave you as a file: JSON, a token (JWT), a picture with one inside (PNG, SVG), or "
    "several in a ZIP. Its checks run before it is kept; importing never makes it verified."
)
HOW = {
    "imported": mark("✓ imported"),
    "known": mark("= you have it already"),
    "visual_badge": mark("◇ kept as a picture"),
    "refused": mark("✗ not imported"),
}


class ImportScreen(Sheet):
    """Returns the id of what was imported and chosen, or an empty text after an import, or None."""

    AUTO_FOCUS = "#path"
    BINDINGS: ClassVar[list[BindingType]] = bindings("pane.next")

    def __init__(self) -> None:
        super().__init__()
        self._taken: Taken | None = None
        self._checks: dict[str, tuple[CheckRow, ...]] = {}
        self._error: CairnError | None = None
        self._progress: Progress | None = None
        self._something = False

    def body(self) -> Iterable[Widget]:
        yield Input(
            id="path",
            placeholder=t("path of the file, such as ~/Downloads/badge.png"),
            max_length=MAX_PATH_CHARS,
        )
        yield Document(id="outcome")

    @property
    def document(self) -> Document:
        return self.query_one("#outcome", Document)

    def hints(self) -> list[Hint]:
        if self.document.has_focus:
            return [
                Hint("back", label=t("close")),
                Hint("list.select", label=t("show it")),
                Hint("pane.next", label=t("another file")),
                Hint("help"),
            ]
        return [
            Hint("list.select", why_away(self.cairn.connection), t("import")),
            Hint("back", label=t("close")),
            Hint("pane.next", label=t("outcome")),
        ]

    def on_mount(self) -> None:
        self.entitle(t("Import a credential from a file"))
        self.set_interval(0.2, self._tick)
        self._show()

    def on_descendant_focus(self) -> None:
        self.update_keys()

    # Work.

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if self.refuse(why_away(self.cairn.connection)) or self._progress is not None:
            return
        typed = event.value
        self._taken, self._error = None, None
        self._checks.clear()
        self._progress = Progress(t("read the file and check what is in it"), monotonic())
        self.ask("import", lambda: self._take(typed))
        self._show()

    async def _take(self, typed: str) -> Taken:
        path = path_of(typed)
        data = await asyncio.to_thread(read_whole, path, MAX_BYTES)
        return await self.cairn.wallet.take_file(data, path.name)

    def on_answered(self, message: Answered[object]) -> None:
        if not self.cairn.connection.unlocked:
            return
        if isinstance(message.value, Taken):
            self._progress, self._taken, self._something = None, message.value, True
            found = [each for each in parts_of(message.value) if each.credential is not None]
            if len(found) == 1 and found[0].credential is not None:
                identifier = found[0].credential.id
                self.ask("checks", lambda: self.cairn.wallet.credential(identifier))
            self.document.focus()
        elif isinstance(message.value, Credential):
            self._checks[message.value.summary.id] = message.value.checks
        self._show()

    def on_refused(self, message: Refused) -> None:
        if message.group == "checks":  # the state and the counts are there; the four answers are not
            return
        self._progress, self._error = None, message.error
        self._show()

    def forget(self) -> None:
        self._taken, self._progress = None, None
        self._checks.clear()
        self.document.show(lambda _: [])

    # Showing.

    def _tick(self) -> None:
        if self._progress is not None and monotonic() - self._progress.began > 0.15:
            self._show()

    def _show(self) -> None:
        self.document.show(self._blocks)
        self.update_keys()

    def _blocks(self, width: int) -> list[Block]:
        if self._error is not None:
            return error_blocks(self._error, width, t(NOTHING))
        if self._progress is not None:
            return self._progress.blocks(width, monotonic())
        if self._taken is None:
            return [paragraph(t(WHAT), width, "$muted")]
        parts = parts_of(self._taken)
        blocks: list[Block] = []
        if self._taken.how == "bundle":
            said = tn("A bundle of {n} credential", "A bundle of {n} credentials", len(parts)).format(
                n=len(parts)
            )
            blocks += [Block([heading(said)]), BLANK]
        for each in parts:
            blocks += [_outcome(each, width, self._checks), BLANK]
        return blocks

    def on_lines_chosen(self, message: Lines.Chosen) -> None:
        self.dismiss(message.key)

    def action_pane_next(self) -> None:
        (self.query_one("#path", Input) if self.document.has_focus else self.document).focus()

    def action_back(self) -> None:
        """Leaving while it runs stops waiting only: the service keeps what it was given, or refuses it."""
        self.dismiss("" if self._something or self._progress is not None else None)


def parts_of(taken: Taken) -> Sequence[Taken]:
    return taken.parts if taken.how == "bundle" else (taken,)


def _outcome(taken: Taken, width: int, checks: dict[str, tuple[CheckRow, ...]]) -> Block:
    """A stop of the cursor where there is something to be shown in the list."""
    lines = [Content.styled(t(HOW[taken.how]), "$text-error" if taken.how == "refused" else "bold")]
    if taken.credential is not None:
        item = taken.credential
        lines += draw_entry(item, width, marked=False)
        lines += fold(
            join(t("held as"), " ", safe_text(item.form, 60) if item.form else "–"), width, indent=2
        )
        lines.append(Content(""))
        if item.id in checks:
            lines += verdict_lines(checks[item.id], width)
        else:
            lines += [
                join("  ", words.counts(item.counts)),
                *fold(safe_text(item.headline, 300), width, indent=2),
            ]
        return Block(lines, item.id)
    if taken.badge is not None:
        lines += draw_entry(taken.badge, width, marked=False)
        lines += fold(lacks(taken.badge), width, indent=2)
        return Block(lines, taken.badge.id)
    for said in (taken.detail, taken.hint):
        if said:
            lines += fold(safe_text(said, 400), width, indent=2)
    return Block(lines)

"""Credentials as files: which, in what form, and where to. The bytes come from the service and are written here.

Nothing is written over without asking, and a file is there whole or not at all, readable by its owner only.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Static

from agent.errors import CairnError, ConflictError, InputError
from wallet_tui.actions import bindings
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import Cell, fold, join, row
from wallet_tui.local_files import EXISTS, MAX_PATH_CHARS, default_path, path_of, shown, write_whole
from wallet_tui.safe_text import safe_text
from wallet_tui.screens.base import Answered, Refused, error_blocks, set_text
from wallet_tui.screens.progress import Progress
from wallet_tui.screens.sheet import AskScreen, Sheet, why_away
from wallet_tui.widgets.frame import Hint
from wallet_tui.widgets.lines import Lines
from wallet_tui.widgets.rows import RowList

NOT_WRITTEN = mark("Nothing was written.")
NAME_WIDTH = 14
MAX_CHALLENGE_CHARS = 500


@dataclass(frozen=True, slots=True)
class Form:
    """``name`` is the service's word, or ``id`` and ``file``, which are ours; ``ending`` of the file's name."""

    name: str
    label: str
    says: str
    ending: str


ONE = (
    Form("json", mark("credential"), mark("as its issuer signed it; others can verify it"), "json"),
    Form(
        "open-badge", mark("Open Badge"), mark("the signed badge, where its issuer gives one"), "badge.json"
    ),
    Form("pdf", mark("PDF page"), mark("to print or mail, with a link and a QR code"), "pdf"),
    Form("html", mark("web page"), mark("the same page for a browser"), "html"),
    Form("png", mark("PNG picture"), mark("a picture, with the signed badge inside if there is one"), "png"),
    Form("svg", mark("SVG picture"), mark("the same, in any size"), "svg"),
    Form("elm", mark("Europass"), mark("European Learning Model, not signed"), "elm.json"),
    Form(
        "presentation",
        mark("presentation"),
        mark("signed by you, for one verifier who gave you a challenge"),
        "vp.json",
    ),
    Form("zip", mark("ZIP"), mark("the credential and its pages together"), "zip"),
    Form("id", mark("identifier"), mark("its identifier only, as text"), "txt"),
)
MANY = (
    Form("zip", mark("ZIP"), mark("every credential as its issuer signed it, in one file"), "zip"),
    Form("pdf", mark("PDF pages"), mark("to print or mail"), "pdf"),
    Form("html", mark("web page"), mark("the same pages for a browser"), "html"),
    Form("json", mark("JSON"), mark("a list of them as signed"), "json"),
    Form(
        "clr",
        mark("CLR bundle"),
        mark("Comprehensive Learner Record of the badges, signed by you"),
        "clr.json",
    ),
)
PICTURE = (Form("file", mark("as it came"), mark("the picture or document itself"), ""),)


@dataclass(frozen=True, slots=True)
class Scope:
    """What is written: ``ids`` of credentials, or None for all; ``badge`` is the ending of a picture's file."""

    label: str
    ids: tuple[str, ...] | None
    name: str
    badge: str = ""

    @property
    def forms(self) -> Sequence[Form]:
        if self.badge:
            return (Form("file", PICTURE[0].label, PICTURE[0].says, self.badge),)
        return ONE if self.ids is not None and len(self.ids) == 1 else MANY


@dataclass(frozen=True, slots=True)
class Written:
    path: Path
    size: int
    remarks: tuple[str, ...]


class ExportScreen(Sheet):
    AUTO_FOCUS = "#forms"
    BINDINGS: ClassVar[list[BindingType]] = bindings("write.scope", "pane.next")

    def __init__(self, scopes: Sequence[Scope]) -> None:
        super().__init__()
        self._scopes = list(scopes)
        self._at = 0
        self._proposed = ""
        self._progress: Progress | None = None
        self._done: Written | CairnError | None = None

    @property
    def scope(self) -> Scope:
        return self._scopes[self._at]

    @property
    def forms(self) -> RowList[Form]:
        return self.query_one("#forms", RowList)

    def body(self) -> Iterable[Widget]:
        yield Static(id="scope", markup=False)
        yield RowList(_draw, lambda form: form.name, row_height=1, id="forms")
        yield Input(
            id="challenge",
            placeholder=t("the challenge that the verifier gave you"),
            max_length=MAX_CHALLENGE_CHARS,
        )
        yield Input(
            id="domain",
            placeholder=t("whom it is for, as they told you (a domain)"),
            max_length=MAX_CHALLENGE_CHARS,
        )
        yield Input(id="path", placeholder=t("path of the file"), max_length=MAX_PATH_CHARS)
        yield Static(id="says", markup=False)

    def hints(self) -> list[Hint]:
        why = "" if len(self._scopes) > 1 else t("There is nothing else to choose.")
        away = why_away(self.cairn.connection)
        if isinstance(self.focused, Input):
            return [
                Hint("list.select", away, t("write it")),
                Hint("back", label=t("close")),
                Hint("pane.next", label=t("forms")),
            ]
        return [
            Hint("list.select", label=t("choose")),
            Hint("write.scope", why),
            Hint("pane.next", label=t("path")),
            Hint("back", label=t("close")),
            Hint("help"),
        ]

    def on_mount(self) -> None:
        self.entitle(t("Write to a file"))
        self.set_interval(0.2, self._tick)
        self._choose_scope()

    def on_descendant_focus(self) -> None:
        """While the path is typed, of the forms only the chosen one is shown: what is said needs the room."""
        self.forms.styles.height = 1 if isinstance(self.focused, Input) else len(self.scope.forms)
        self.update_keys()

    # Choosing.

    def action_next_scope(self) -> None:
        if self.refuse("" if len(self._scopes) > 1 else t("There is nothing else to choose.")):
            return
        self._at = (self._at + 1) % len(self._scopes)
        self._choose_scope()

    def _choose_scope(self) -> None:
        self._done = None
        self.forms.show(self.scope.forms)
        self.forms.styles.height = len(self.scope.forms)
        said = join((f"{t('Which')}  ", "$muted"), safe_text(self.scope.label, 100))
        if len(self._scopes) > 1:
            said = join(said, (f"   {t('w for another choice')}", "$muted"))
        self.query_one("#scope", Static).update(said)
        self._choose_form()

    def _choose_form(self) -> None:
        form = self.forms.current
        if form is None:
            return
        for name in ("challenge", "domain"):
            self.query_one(f"#{name}", Input).display = form.name == "presentation"
        path = self.query_one("#path", Input)
        # What was typed by hand stays; only our own proposal follows the form.
        if path.value in {"", self._proposed}:
            self._proposed = default_path(self.scope.name, form.ending)
            path.value = self._proposed
        self._show()

    def on_lines_moved(self, _: Lines.Moved) -> None:
        self._done = None
        self._choose_form()

    def on_lines_chosen(self, _: Lines.Chosen) -> None:
        form = self.forms.current
        first = "challenge" if form is not None and form.name == "presentation" else "path"
        self.query_one(f"#{first}", Input).focus()

    def action_pane_next(self) -> None:
        order: list[Widget] = [self.forms, *(field for field in self.query(Input) if field.display)]
        at = order.index(self.focused) if self.focused in order else -1
        order[(at + 1) % len(order)].focus()

    # Writing.

    def on_input_submitted(self, event: Input.Submitted) -> None:
        if event.input.id == "path":
            self._start(replace=False)
        else:
            self.action_pane_next()

    def _start(self, *, replace: bool) -> None:
        form = self.forms.current
        if form is None or self._progress is not None or self.refuse(why_away(self.cairn.connection)):
            return
        values = {field.id: field.value.strip() for field in self.query(Input)}
        self._done, self._progress = None, Progress(t("make the file"), monotonic())
        scope = self.scope
        self.ask("write", lambda: self._write(scope, form, values, replace))
        self._show()

    async def _write(self, scope: Scope, form: Form, values: dict[str | None, str], replace: bool) -> Written:
        path = path_of(values["path"])
        if not replace and await asyncio.to_thread(os.path.lexists, path):
            if await asyncio.to_thread(path.is_dir):
                raise InputError("no_file", t("{path} is a folder.").format(path=shown(path)))
            raise ConflictError(EXISTS, t("There is already a file {path}.").format(path=shown(path)))
        data, remarks = await self._bytes(scope, form, values)
        await asyncio.to_thread(write_whole, path, data, replace=replace)
        return Written(path, len(data), tuple(remarks))

    async def _bytes(
        self, scope: Scope, form: Form, values: dict[str | None, str]
    ) -> tuple[bytes, list[str]]:
        wallet, ids = self.cairn.wallet, scope.ids
        if ids is not None and len(ids) == 1:
            if form.name == "id":
                return f"{ids[0]}\n".encode(), []
            if scope.badge:
                return await wallet.badge_file(ids[0])
            if form.name != "zip":
                return await wallet.export(
                    ids[0], form.name, challenge=values["challenge"], domain=values["domain"]
                )
        return await wallet.export_many(ids, form.name)

    def on_answered(self, message: Answered[Written]) -> None:
        self._progress, self._done = None, message.value
        self.forms.focus()
        self._show()

    def on_refused(self, message: Refused) -> None:
        self._progress = None
        if message.error.code == EXISTS:
            question = join(safe_text(message.error.detail, 300), " ", (t("Write over it?"), "bold"))
            self.app.push_screen(AskScreen(question), self._over)
        else:
            self._done = message.error
        self._show()

    def _over(self, yes: bool | None) -> None:
        if yes:
            self._start(replace=True)

    def forget(self) -> None:
        """The scopes hold ids and a title; what was typed stays. Whatever was running is asked for again."""
        self._progress = None

    # Showing.

    def _tick(self) -> None:
        if self._progress is not None and monotonic() - self._progress.began > 0.15:
            self._show()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        set_text(self.query_one("#says", Static), self._said(max(30, self.size.width - 4)))
        self.update_keys()

    def _said(self, width: int) -> list[Content]:
        if self._progress is not None:
            return [self._progress.line(monotonic())]
        if isinstance(self._done, CairnError):
            return [line for block in error_blocks(self._done, width, t(NOT_WRITTEN)) for line in block.lines]
        if self._done is None:
            return [
                Content.styled(t("enter chooses the form, then the path; enter there writes it"), "$muted")
            ]
        size = tn("{n} byte", "{n} bytes", self._done.size).format(n=self._done.size)
        lines = fold(
            join(
                ("✓ ", "$text-success"),
                t("written"),
                " ",
                safe_text(shown(self._done.path), 400),
                f"  ({size})",
            ),
            width,
            indent=2,
            first=0,
        )
        for remark in self._done.remarks[:10]:
            lines += fold(join(("! ", "$text-warning"), safe_text(remark, 300)), width, indent=2, first=0)
        return lines

    def action_back(self) -> None:
        if self._progress is not None:
            self.workers.cancel_group(self, "write")
            self._progress = None
            self._show()
            self.notify(t("Stopped waiting for the file."), severity="warning")
            return
        self.dismiss(None)


def _draw(form: Form, width: int) -> list[Content]:
    return [row(width, Cell(t(form.label), NAME_WIDTH), Cell(t(form.says), style="$muted"))]

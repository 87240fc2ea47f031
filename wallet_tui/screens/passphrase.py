"""Fields for passphrases, and how strong one is: shown as a word and a bar, worked out in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, ClassVar

from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input, Static

from wallet_tui.i18n import mark, t
from wallet_tui.layout import join
from wallet_tui.screens.base import Answered, Asking

MAX_PASSPHRASE_CHARS = 1000
MIN_PASSPHRASE_CHARS = 8
# zxcvbn's time grows with the square of the length; what is longer is judged by its beginning.
JUDGED_CHARS = 100
# Below this score (zxcvbn's, 0 to 4) somebody with the file would find it: "safely unguessable" begins here.
GOOD = 3
WORDS = (mark("very weak"), mark("weak"), mark("not enough"), mark("good"), mark("strong"))
STYLES = ("$text-error", "$text-error", "$text-warning", "$text-success", "$text-success")
CELLS = 10


class Passphrase(Input):
    """A field whose content never reaches a clipboard."""

    def __init__(self, id: str, placeholder: str = "") -> None:
        super().__init__(id=id, placeholder=placeholder, password=True, max_length=MAX_PASSPHRASE_CHARS)

    def action_copy(self) -> None:
        self.app.bell()

    def action_cut(self) -> None:
        self.app.bell()


def labelled_field(field: Input, label: str = "") -> Iterator[Widget]:
    """A field of a form with its label above it: filled in with dots, it says no more what it is."""
    yield Static(Content(label), id=f"{field.id}-label", classes="label", markup=False)
    yield field


def show_field(screen: Screen[Any], name: str, *, shown: bool, label: str = "") -> None:
    title = screen.query_one(f"#{name}-label", Static)
    screen.query_one(f"#{name}", Input).display = title.display = shown
    if label:
        title.update(Content(label))


def score(text: str) -> int:
    """0 to 4, by zxcvbn. Takes up to a fifth of a second: not for the thread that draws."""
    from zxcvbn import zxcvbn  # with its lists of words; nobody waits for them who unlocks

    if len(text) < MIN_PASSPHRASE_CHARS:
        return 0
    return int(zxcvbn(text[:JUDGED_CHARS], user_inputs=["cairn", "wallet"], max_length=JUDGED_CHARS)["score"])


def meter(found: int | None) -> Content:
    """``strength  [████████··] good``; None: it is being worked out."""
    if found is None:
        return Content.styled(t("strength  …"), "$muted")
    full = CELLS * (found + 1) // len(WORDS)
    bar = "█" * full + "·" * (CELLS - full)
    return join(
        (t("strength"), "$muted"), "  [", (bar, STYLES[found]), "] ", (t(WORDS[found]), STYLES[found])
    )


class Judging(Asking):
    """A screen that shows how strong what is being typed is. One judgement at a time; the newest text is next."""

    JUDGED: ClassVar[str] = "judged"  # the group of its questions

    def __init__(self) -> None:
        super().__init__()
        self._wanted, self._asked = "", ""
        self._score: int | None = None

    def judge(self, text: str) -> None:
        self._wanted = text
        if text != self._asked:
            self._score = None
            if not self._judging:
                self._ask_score()

    @property
    def _judging(self) -> bool:
        return any(worker.group == self.JUDGED and not worker.is_finished for worker in self.workers)

    def _ask_score(self) -> None:
        text = self._asked = self._wanted
        self.ask(self.JUDGED, lambda: asyncio.to_thread(score, text))

    def take_score(self, message: Answered[int]) -> bool:
        """Whether the judgement is of what stands there now."""
        if self._wanted != self._asked:
            self.call_later(self._ask_score)
            return False
        self._score = message.value
        return True

    def forget(self) -> None:
        self._wanted, self._asked, self._score = "", "", None

"""Who issues, on which list, and why that is trusted. (A place holder: the panel itself comes with its own branch.)"""

from __future__ import annotations

from collections.abc import Iterable

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from wallet_tui.i18n import t
from wallet_tui.layout import heading
from wallet_tui.screens.base import Area
from wallet_tui.widgets.frame import Hint


class TrustScreen(Area):
    AUTO_FOCUS = ""

    def body(self) -> Iterable[Widget]:
        yield Static(heading(t("Trust")), markup=False)
        yield Static(Content(t("What the registry's list says is in the line at the top.")), markup=False)

    def hints(self) -> list[Hint]:
        return [Hint("lock"), Hint("help"), Hint("quit")]

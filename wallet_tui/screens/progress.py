"""Named steps with their time, for work that takes longer than a glance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from textual.content import Content

from wallet_tui.doc import Doc
from wallet_tui.i18n import mark, t
from wallet_tui.layout import Cell, heading, join, row
from wallet_tui.model import Step
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.widgets.document import Block

MAX_STEPS = 30
_MARKS = {
    "done": (mark("✓ done"), "$text-success"),
    "failed": (mark("✗ failed"), "$text-error"),
    "running": (mark("… running"), "$text-warning"),
}
# The service's own names of its steps, as it sends them (`agent.services.views.step`), in the reader's language.
_NAMES = frozenset(
    {
        mark("reading the offer"),
        mark("resolving the issuer"),
        mark("asking the trust registry"),
        mark("reading the request"),
        mark("resolving the requester"),
        mark("checking what you hold"),
        mark("asking the issuer for the credential"),
        mark("connecting to the issuer's agent"),
        mark("comparing the offer with what you reviewed"),
        mark("checking the signature and storing"),
        mark("asking for the same as an Open Badge"),
        mark("connecting to the employer's agent"),
        mark("proposing what you agreed to"),
        mark("making and sending the proof"),
    }
)


class Progress:
    """Steps as the service names them; ``first`` is our own name for what runs before it names any."""

    def __init__(self, first: str, began: float) -> None:
        self._first = first
        self.began = began
        self._steps: list[Step] = []

    def take(self, data: Doc) -> None:
        """A ``step`` event: a new step, or news of one already named."""
        step = Step.read(data)
        for index, known in enumerate(self._steps):
            if known.name == step.name:
                self._steps[index] = replace(
                    step, seconds=step.seconds if step.seconds is not None else known.seconds
                )
                return
        if len(self._steps) < MAX_STEPS:
            self._steps.append(step)

    def line(self, now: float) -> Content:
        """The step that runs, on one line."""
        passed = int(now - self.began)
        running = [step.name for step in self._steps if step.state == "running"]
        name = step_name(running[-1]) if running else safe_text(self._first, 80)
        return join("… ", name, f"   {passed} s" if passed >= 2 else "")

    def blocks(self, width: int, now: float) -> list[Block]:
        passed = now - self.began
        stops = t("esc stops")
        note = f"{int(passed)} s   {stops}" if passed >= 2 else stops
        steps = self._steps or [Step(Untrusted(self._first), None, "running")]
        return [Block([heading(t("Working"), note), Content(""), *step_lines(steps, width)])]


def step_name(name: Untrusted) -> Content:
    """In the reader's language where it is one of ours; else as it came."""
    return Content(t(name.raw)) if name.raw in _NAMES else safe_text(name, 80)


def step_lines(steps: Sequence[Step], width: int) -> list[Content]:
    lines = []
    for step in steps:
        said, style = _MARKS[step.state]
        time = "" if step.seconds is None else f"{step.seconds:.1f} s"
        lines.append(
            row(width, Cell(t(said), 10, style=style), Cell(step_name(step.name)), Cell(time, 9, "right"))
        )
    return lines

"""Checks as lines: glyph and word, what was asked, what was found; the evidence when opened."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import t
from wallet_tui.layout import Cell, fold, join, labelled, row
from wallet_tui.model import CheckRow, Proof
from wallet_tui.safe_text import safe_text
from wallet_tui.widgets.document import Block

LABEL_WIDTH = 24
NARROW = 50


def check_blocks(
    checks: Sequence[CheckRow], width: int, opened: Collection[str], *, old: bool = False, name: str = "check"
) -> list[Block]:
    """One block per check, keyed ``<name>:<position>``; those in ``opened`` show their evidence."""
    blocks = []
    for index, check in enumerate(checks):
        key = f"{name}:{index}"
        blocks.append(Block(check_lines(check, width, opened=key in opened, old=old), key))
    return blocks


def check_lines(check: CheckRow, width: int, *, opened: bool, old: bool = False) -> list[Content]:
    """The row of one check; what did not pass always says why, below itself if there is no room beside."""
    said = check.detail or check.reason
    result, result_width = words.result(check.result), words.result_width()
    label = safe_text(check.label or check.code, 60)
    beside = width - result_width - LABEL_WIDTH - 2
    indent = result_width + 1
    if width >= NARROW and not opened and safe_text(said).cell_length <= beside:
        cells = (
            Cell(result, result_width),
            Cell(label, LABEL_WIDTH),
            Cell(safe_text(said), style="$muted"),
        )
        lines = [row(width, *cells)]
    else:
        lines = [row(width, Cell(result, result_width), Cell(label))]
        if said:
            lines += fold(safe_text(said, 400), width, indent=indent)
    if opened:
        for proof in check.evidence:
            lines += _proof_lines(proof, width, indent)
        if not check.evidence:
            lines.append(join(" " * indent, (t("no evidence was recorded"), "$muted")))
    return [line.stylize("$muted") for line in lines] if old else lines


def _proof_lines(proof: Proof, width: int, indent: int) -> list[Content]:
    """What kind of evidence, then value, address, hash and time, each only if it is there."""
    lines = [join(" " * indent, safe_text(proof.label or proof.kind, 60).stylize_before("$muted"))]
    for name, text in (
        (t("value"), proof.value),
        (t("address"), proof.url),
        ("sha-256", proof.sha256),
        (t("at"), proof.at),
    ):
        if text:
            lines += labelled(name, safe_text(text, 300), width, label_width=8, indent=indent)
    return lines

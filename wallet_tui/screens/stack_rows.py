"""The list of candidates: their order, which words fit them, and how tall a row is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from wallet_tui.i18n import t
from wallet_tui.safe_text import clean
from wallet_tui.screens.stack_text import FATES, fate, row_height
from wallet_tui.stack_model import Member
from wallet_tui.widgets.rows import RowList

_ORDER = tuple(FATES)


class Candidates(RowList[Member]):
    """Rows of as many lines as the width and the reasons ask for."""

    def show(self, items: Sequence[Member]) -> None:
        self._height = row_height(items, self.text_width)
        super().show(items)

    def on_resize(self) -> None:
        self._height, self._drawn = row_height(self.items, self.text_width), None


def in_order(members: Iterable[Member], before: Iterable[Member]) -> list[Member]:
    """What counts first. In another plan for the same goal everything keeps its place under the cursor."""
    places = {member.credential_id: at for at, member in enumerate(before)}
    found = sorted(members, key=lambda member: _ORDER.index(fate(member)))
    return sorted(found, key=lambda member: places.get(member.credential_id, len(places)))


def fits(member: Member, wanted: list[str]) -> bool:
    parts = (member.title, member.issuer, member.host, member.reason)
    text = " ".join(clean(part, 200) for part in parts).casefold() + f" {t(FATES[fate(member)][1])}"
    return all(word in text for word in wanted)

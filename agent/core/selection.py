"""The search behind `agent.core.planning`: the best set of credentials that reaches a sum of credit. Pure.

The smallest size is exact for any number of options: the largest credits decide. Among the sets of that size,
a depth-first search in the order of the options finds the first one that shows the fewest levels, cut off
where even the largest remaining credits do not reach the goal. It visits at most `NODE_BUDGET` nodes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.core.anoncreds_json import MAX_ITEMS

NODE_BUDGET: Final = 50_000


@dataclass(frozen=True, slots=True)
class Option:
    """A usable credential; ``key`` is the caller's, ``credit`` in hundredths.

    Of one ``group`` only one counts. A set needs at least one ``anchor``, which can be c0 and answer for the
    learner. ``shows_level`` marks a credential whose level would have to be revealed.
    """

    key: int
    group: tuple[str, ...]
    credit: int
    anchor: bool
    shows_level: bool


def best_set(options: Sequence[Option], goal: int) -> tuple[tuple[Option, ...], bool] | None:
    """The best set, in the order of ``options``, and whether it is surely the best.

    ``goal`` is the least sum of credit in hundredths. None when no set of up to `MAX_ITEMS` reaches it.
    """
    return _Search(options, goal).best()


class _Search:
    def __init__(self, options: Sequence[Option], goal: int) -> None:
        self._options = options
        self._goal = goal
        self._by_credit = sorted(range(len(options)), key=lambda index: (-options[index].credit, index))
        self._nodes = 0

    def best(self) -> tuple[tuple[Option, ...], bool] | None:
        for size in range(1, min(len(self._options), MAX_ITEMS) + 1):
            largest = self._largest(size)
            if largest is not None and sum(option.credit for option in largest) >= self._goal:
                return self._first(size) or (largest, False)
        return None

    def _largest(self, size: int) -> tuple[Option, ...] | None:
        """The set of this size with most credit: for each possible c0, the largest of the other groups."""
        tops = [self._options[index] for index in self._top(0, set(), len(self._options))]
        best: tuple[Option, ...] | None = None
        most = -1
        for anchor in self._options:
            others = [option for option in tops if option.group != anchor.group][: size - 1]
            total = anchor.credit + sum(option.credit for option in others)
            if anchor.anchor and len(others) == size - 1 and total > most:
                best, most = (anchor, *others), total
        return best and tuple(option for option in self._options if option in best)

    def _first(self, size: int) -> tuple[tuple[Option, ...], bool] | None:
        """The first sufficient set of this size with the fewest levels shown; None when out of budget."""
        for shown in range(size + 1):
            self._nodes = 0
            found = self._extend((), 0, size, shown)
            if found is not None:
                return found, True
            if self._nodes > NODE_BUDGET:
                return None
        return None

    def _extend(
        self, chosen: tuple[Option, ...], start: int, size: int, shown: int
    ) -> tuple[Option, ...] | None:
        if len(chosen) == size:
            enough = sum(option.credit for option in chosen) >= self._goal
            return chosen if enough and any(option.anchor for option in chosen) else None
        groups = {option.group for option in chosen}
        total = sum(option.credit for option in chosen)
        for index in range(start, len(self._options)):
            top = self._top(index, groups, size - len(chosen))
            reach = total + sum(self._options[other].credit for other in top)
            self._nodes += 1
            if len(top) < size - len(chosen) or reach < self._goal or self._nodes > NODE_BUDGET:
                return None
            option = self._options[index]
            if option.group in groups or option.shows_level > shown:
                continue
            found = self._extend((*chosen, option), index + 1, size, shown - option.shows_level)
            if found is not None:
                return found
        return None

    def _top(self, start: int, groups: set[tuple[str, ...]], count: int) -> list[int]:
        """Indices from ``start`` on of the largest credits, one per group, without those in ``groups``."""
        seen = set(groups)
        found: list[int] = []
        for index in self._by_credit:
            if len(found) == count:
                break
            group = self._options[index].group
            if index >= start and group not in seen:
                seen.add(group)
                found.append(index)
        return found

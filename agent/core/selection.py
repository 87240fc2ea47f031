"""The search behind `agent.core.planning`: the best set of credentials for what a set must show together. Pure.

Best is: fewest credentials, then fewest claims revealed, then the set that comes first in the order of the
options. Sizes are tried from the smallest up; then the claims revealed are pressed down until no set does with
fewer; then the members are fixed one by one in the order of the options. Each step asks whether a partial set
can be completed (`agent.core.completion`), and a set that is not there was proved not to be there.

Work is counted in options looked at, not in time, so that the same wallet always gets the same answer. `BUDGET`
is about twice what the hardest 30 options were found to take (docs/decisions/0010-policy-language.md); a search
that uses it up says so (``exact`` is false) and gives the best set it has. Without skills the search never
branches, and hundreds of options stay within it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from agent.core.anoncreds_json import MAX_ITEMS
from agent.core.completion import NO_LIMIT, Completion, Demand, Left, Option, Picked, SpentError

__all__ = ["BUDGET", "Demand", "Found", "NotFound", "Option", "best_set"]

BUDGET: Final = 160_000


@dataclass(frozen=True, slots=True)
class Found:
    """``options`` in their order; ``covering`` are the keys of those that show their skills."""

    options: tuple[Option, ...]
    covering: frozenset[int]
    exact: bool


@dataclass(frozen=True, slots=True)
class NotFound:
    """``exact``: there is surely none; else the search ended before."""

    exact: bool


def best_set(options: Sequence[Option], demand: Demand) -> Found | NotFound:
    """The best set of up to `MAX_ITEMS` options (see the module)."""
    return _Search(options, demand).best()


class _Search:
    def __init__(self, options: Sequence[Option], demand: Demand) -> None:
        self._options, self._demand = options, demand
        self._work = Completion(options, demand)
        self._by_credit = sorted(range(len(options)), key=lambda index: (-options[index].credit, index))

    def best(self) -> Found | NotFound:
        exact = True
        groups = len(set(self._work.group))
        for size in range(max(1, self._demand.credentials), min(groups, MAX_ITEMS) + 1):
            self._allow(max(BUDGET - self._work.spent, 0) // 2)
            try:
                found = self._with((), self._by_credit, size, NO_LIMIT)
            except SpentError:
                exact = False
                continue
            if found is not None:
                return self._refined(size, found, exact=exact)
        if exact:
            return NotFound(exact=True)
        greedy = self._greedy()
        return NotFound(exact=False) if greedy is None else self._found(greedy, exact=False)

    def _refined(self, size: int, found: Picked, *, exact: bool) -> Found:
        """The same size with the fewest claims revealed, and of those sets the first."""
        self._allow(max(BUDGET - self._work.spent, BUDGET // 4))
        try:
            while (cost := self._cost(found)) > 0:
                fewer = self._with((), self._by_credit, size, cost - 1)
                if fewer is None:
                    break
                found = fewer
        except SpentError:
            return self._found(found, exact=False)
        cost, chosen, group = self._cost(found), tuple[int, ...](), self._work.group
        for index in range(len(self._options)):
            if len(chosen) == size:
                break
            if group[index] in {group[member] for member in chosen}:
                continue
            if index not in found[0]:
                later = [other for other in self._by_credit if other > index]
                try:
                    earlier = self._with((*chosen, index), later, size, cost)
                except SpentError:
                    return self._found(found, exact=False)
                if earlier is None:
                    continue
                found = earlier
            chosen = (*chosen, index)
        return self._found(found, exact=exact)

    def _with(self, members: tuple[int, ...], others: list[int], size: int, cost: int) -> Picked | None:
        """A set of this size and at most this cost with ``members`` and some of ``others``."""
        work, demand = self._work, self._demand
        groups = {work.group[member] for member in members}
        free = 0
        for member in members:
            free |= work.free[member]
        found = work.complete(
            Left(
                others=[i for i in others if work.group[i] not in groups] if groups else others,
                held=tuple(member for member in members if work.paid[member]),
                count=size - len(members),
                skills=demand.skills & ~free,
                need=demand.at_least - (demand.skills & free).bit_count(),
                credit=demand.credit - sum(work.credit[member] for member in members),
                cost=cost - sum(work.base[member] for member in members),
                anchored=any(self._options[member].anchor for member in members),
            )
        )
        return found and (members + found[0], found[1])

    def _greedy(self) -> Picked | None:
        """Some sufficient set, when the search was cut short: the largest gains, then the largest credits."""
        self._allow(BUDGET)
        work, members = self._work, list[int]()
        skills, need, others = self._demand.skills, self._demand.at_least, self._by_credit
        while need > 0:
            index = max(others, key=lambda i: ((work.mask[i] & skills).bit_count(), -i), default=None)
            if index is None or not work.mask[index] & skills:
                return None
            need -= (work.mask[index] & skills).bit_count()
            skills &= ~work.mask[index]
            others = [i for i in others if work.group[i] != work.group[index]]
            members.append(index)
        credit = self._demand.credit - sum(work.credit[i] for i in members)
        anchored = any(self._options[i].anchor for i in members)
        for count in range(max(0, self._demand.credentials - len(members)), MAX_ITEMS - len(members) + 1):
            left = Left(others, (), count, 0, 0, credit, NO_LIMIT, anchored)
            filled = work.fill(others, left)
            if filled is not None:
                return (*members, *filled), tuple(i for i in members if work.paid[i])
        return None

    def _cost(self, found: Picked) -> int:
        return sum(self._work.base[i] for i in found[0]) + sum(self._work.extra[i] for i in found[1])

    def _found(self, found: Picked, *, exact: bool) -> Found:
        """Of those that cover for nothing, no more than are needed are marked as covering."""
        work, members = self._work, sorted(found[0])
        covering = set(found[1])
        # Showing its skills spares this one another claim.
        covering |= {i for i in members if work.free[i] and work.base[i] < self._options[i].reveals}
        shown = 0
        for index in covering:
            shown |= work.mask[index]
        for index in sorted(members, key=lambda i: (-work.free[i].bit_count(), i)):
            if shown.bit_count() >= self._demand.at_least:
                break
            if work.free[index] & ~shown:
                covering.add(index)
                shown |= work.free[index]
        keys = frozenset(self._options[index].key for index in covering)
        return Found(tuple(self._options[index] for index in members), keys, exact)

    def _allow(self, work: int) -> None:
        self._work.limit = self._work.spent + work

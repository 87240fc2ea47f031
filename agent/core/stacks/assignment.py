"""The best way to share credentials out to a target's seats: exact, by mixed-integer programming. Pure.

Credentials compete: one fills one seat, learning that overlaps counts once, caps and routes limit amounts. That
is an assignment with side constraints, for which greedy choices are not optimal; the solver is HiGHS
(decision 0012 says why). In this order, the result has

1. the most demands of the target met by what is held, and then the largest amount of it;
2. with that kept, the most demands met and the largest amount with offers counted too;
3. between interchangeable items, those that come first in ``Problem.items`` (the caller puts the oldest
   first), and of amounts that a maximum cuts, the first ones whole.

Points 1 and 2 are proved by the solver. Everything is a whole number: amounts are in one unit that the caller
scales. The solver works in floating point, so what it returns is checked here in whole numbers before anybody
sees it. One thread, one seed: the same problem has the same answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from agent.core.stacks.problem import Assignment, Item, Problem, Taken
from agent.core.stacks.solver import Model
from agent.errors import AgentError

MAX_AMOUNT: Final = 10**9  # the sum of all amounts: far below where doubles lose whole numbers


def assign(problem: Problem) -> Assignment:
    """The best assignment. Raises `AgentError` (``too_large``, ``solver_failed``)."""
    if sum(item.amount for item in problem.items) > MAX_AMOUNT:
        raise AgentError("too_large", "The amounts are too large to be planned exactly.")
    sure = _sure(problem)
    if any(sure):
        open_ = [item for item, taken in zip(problem.items, sure, strict=True) if not taken]
        rest = assign(replace(problem, items=tuple(open_)))
        others = iter(rest.taken)
        return Assignment(tuple(taken or next(others) for taken in sure), rest.window)
    held = frozenset(index for index, item in enumerate(problem.items) if not item.offered)
    every = frozenset(range(len(problem.items)))
    first = Model(problem, held)
    best = first.maximise(first.worth(held))
    model = first
    if held != every:
        model = Model(problem, every)
        model.at_least(model.worth(held), best)
        best = model.maximise(model.worth(every))
    found = _oldest_first(problem, model.first_come(model.worth(model.members), best))
    _check(problem, found)
    return found


def fewest(problem: Problem, goal: int, costs: tuple[int, ...]) -> Assignment | None:
    """The cheapest set of offered items with which every demand is met and the amounts reach ``goal``; None
    when there is none. ``costs`` has one whole number per item, 0 for what is held; between equals the set
    that is smaller in amount.
    """
    every = frozenset(range(len(problem.items)))
    model = Model(problem, every)
    if sum(item.amount for item in problem.items) > MAX_AMOUNT:
        raise AgentError("too_large", "The amounts are too large to be planned exactly.")
    found = model.fewest(goal, costs)
    if found is not None:
        _check(problem, found)
    return found


def _sure(problem: Problem) -> list[Taken | None]:
    """Items that compete with nothing, and so count in full: most of them, with most targets."""
    if problem.windows:
        return [None] * len(problem.items)
    classes = [key for item in problem.items for key in item.once]
    contested = {key for key, count in Counter(classes).items() if count > 1}

    def sure(item: Item) -> Taken | None:
        if len(item.seats) != 1 or len(item.lanes) > 1 or item.limits or contested.intersection(item.once):
            return None
        seat, lane = problem.seats[item.seats[0]], item.lanes[0] if item.lanes else None
        narrow = seat.wants or seat.maximum is not None or seat.at_most is not None
        if narrow or (lane is not None and problem.lanes[lane] is not None):
            return None
        return Taken(item.seats[0], lane, item.amount)

    return [sure(item) for item in problem.items]


def _oldest_first(problem: Problem, found: Assignment) -> Assignment:
    """Of items that are alike in all that matters, the first ones count, and most. Alike items are
    interchangeable, so the value stays the same.
    """
    sizes = Counter(key for item in problem.items for key in item.once)
    alike: dict[Item, list[int]] = {}
    for index, item in enumerate(problem.items):
        shared = tuple(key for key in item.once if sizes[key] > 1)
        alike.setdefault(replace(item, once=shared), []).append(index)
    taken = list(found.taken)
    for group in alike.values():
        best = sorted((taken[index] for index in group), key=lambda one: -one.amount if one else 0)
        for index, one in zip(group, best, strict=True):
            taken[index] = one
    return Assignment(tuple(taken), found.window)


def _check(problem: Problem, found: Assignment) -> None:
    """Every constraint again, in whole numbers. Raises `AgentError` ``solver_failed``."""
    pairs = [(item, taken) for item, taken in zip(problem.items, found.taken, strict=True) if taken]

    def total(chosen: Iterable[tuple[Item, Taken]]) -> int:
        return sum(taken.amount for _, taken in chosen)

    right = [
        0 < taken.amount <= item.amount
        and taken.seat in item.seats
        and (taken.lane in item.lanes if item.lanes else taken.lane is None)
        and (not problem.windows or found.window in item.windows)
        for item, taken in pairs
    ]
    for index, seat in enumerate(problem.seats):
        here = [pair for pair in pairs if pair[1].seat == index]
        most = 1 if seat.single else seat.at_most
        right.append(most is None or len(here) <= most)
        right.append(seat.maximum is None or total(here) <= seat.maximum)
    for index, maximum in enumerate(problem.lanes):
        right.append(maximum is None or total(pair for pair in pairs if pair[1].lane == index) <= maximum)
    for index, maximum in enumerate(problem.limits):
        right.append(total(pair for pair in pairs if index in pair[0].limits) <= maximum)
    classes = [key for item, _ in pairs for key in item.once]
    right.append(len(classes) == len(set(classes)))
    if not all(right):
        raise AgentError("solver_failed", "The best assignment could not be computed.")

"""The assignment against an oracle that tries everything, and its properties."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.core.stacks.assignment import MAX_AMOUNT, assign
from agent.core.stacks.problem import Assignment, Item, Problem, Seat, Taken
from agent.errors import AgentError

SEATS = st.builds(
    Seat,
    single=st.just(False),
    minimum=st.integers(0, 4),
    maximum=st.none() | st.integers(0, 5),
    at_least=st.integers(0, 2),
    at_most=st.none() | st.integers(1, 2),
) | st.just(Seat(single=True))


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    seats = tuple(draw(st.lists(SEATS, min_size=1, max_size=2)))
    lanes = tuple(draw(st.lists(st.none() | st.integers(0, 4), max_size=2)))
    limits = tuple(draw(st.lists(st.integers(0, 5), max_size=2)))
    windows = draw(st.sampled_from([0, 0, 2]))

    def some(count: int) -> st.SearchStrategy[tuple[int, ...]]:
        return st.sets(st.integers(0, max(count - 1, 0)), max_size=count).map(
            lambda found: tuple(sorted(found))
        )

    items = [
        Item(
            amount=draw(st.integers(1, 3)),
            offered=draw(st.booleans()),
            seats=draw(some(len(seats))),
            lanes=draw(some(len(lanes)).filter(bool)) if lanes else (),
            limits=draw(some(len(limits))) if limits else (),
            once=draw(some(2)),
            windows=frozenset(draw(some(windows))) if windows else frozenset(),
        )
        for _ in range(draw(st.integers(0, 4)))
    ]
    return Problem(tuple(items), seats, lanes, limits, windows)


def ways(problem: Problem, item: Item) -> Iterator[Taken | None]:
    yield None
    for seat in item.seats:
        for lane in item.lanes or (None,):
            for amount in range(1, item.amount + 1):
                yield Taken(seat, lane, amount)


def allowed(problem: Problem, taken: tuple[Taken | None, ...]) -> bool:
    pairs = [(item, one) for item, one in zip(problem.items, taken, strict=True) if one]
    classes = [key for item, _ in pairs for key in item.once]
    if len(classes) != len(set(classes)):
        return False
    if problem.windows and pairs and not frozenset.intersection(*(item.windows for item, _ in pairs)):
        return False
    for index, seat in enumerate(problem.seats):
        here = [one for _, one in pairs if one.seat == index]
        if seat.single and len(here) > 1:
            return False
        if seat.at_most is not None and len(here) > seat.at_most:
            return False
        if seat.maximum is not None and sum(one.amount for one in here) > seat.maximum:
            return False
    for index, lane in enumerate(problem.lanes):
        if lane is not None and sum(one.amount for _, one in pairs if one.lane == index) > lane:
            return False
    return all(
        sum(one.amount for item, one in pairs if index in item.limits) <= most
        for index, most in enumerate(problem.limits)
    )


def worth(problem: Problem, taken: tuple[Taken | None, ...], *, held: bool) -> tuple[int, int]:
    counted = [
        one for item, one in zip(problem.items, taken, strict=True) if one and not (held and item.offered)
    ]
    met = 0
    for index, seat in enumerate(problem.seats):
        here = [one for one in counted if one.seat == index]
        if seat.single:
            met += bool(here)
        elif seat.wants:
            met += sum(one.amount for one in here) >= seat.minimum and len(here) >= seat.at_least
    return met, sum(one.amount for one in counted)


def value(problem: Problem, taken: tuple[Taken | None, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
    return worth(problem, taken, held=True), worth(problem, taken, held=False)


def best(problem: Problem) -> tuple[tuple[int, int], tuple[int, int]]:
    every = itertools.product(*(ways(problem, item) for item in problem.items))
    # What is held is planned first; offers come on top of it, whatever they could do alone.
    return max(value(problem, taken) for taken in every if allowed(problem, taken))


@given(problems())
@settings(max_examples=250, deadline=None)
def test_nothing_that_is_allowed_is_better(problem: Problem) -> None:
    found = assign(problem)
    assert allowed(problem, found.taken)
    assert value(problem, found.taken) == best(problem)


@given(problems())
@settings(max_examples=50, deadline=None)
def test_same_problem_same_answer(problem: Problem) -> None:
    assert assign(problem) == assign(problem)


def test_greedy_would_lose() -> None:
    # The larger credential fits both seats; giving it the first one would leave the small one without.
    both, one = Item(5, False, (0, 1)), Item(2, False, (0,))
    found = assign(Problem((both, one), (Seat(single=True), Seat(single=True))))
    assert [taken and taken.seat for taken in found.taken] == [1, 0]


def test_what_is_held_goes_before_what_is_offered() -> None:
    held, offered = Item(2, False, (0,)), Item(5, True, (0,))
    found = assign(Problem((held, offered), (Seat(single=True),)))
    assert found.taken == (Taken(0, None, 2), None)


def test_an_offer_takes_the_seat_that_what_is_held_can_leave() -> None:
    held, offered = Item(2, False, (0, 1)), Item(5, True, (0,))
    found = assign(Problem((held, offered), (Seat(single=True), Seat(single=True))))
    assert found.taken == (Taken(1, None, 2), Taken(0, None, 5))


def test_alike_items_count_in_their_order() -> None:
    items = tuple(Item(3, False, (0,)) for _ in range(3))
    found = assign(Problem(items, (Seat(at_most=2),)))
    assert found.taken == (Taken(0, None, 3), Taken(0, None, 3), None)


def test_a_cut_amount_falls_on_the_last() -> None:
    items = tuple(Item(amount, False, (0,), limits=(0,)) for amount in (4, 5, 4))
    found = assign(Problem(items, (Seat(),), limits=(11,)))
    assert found.taken == (Taken(0, None, 4), Taken(0, None, 5), Taken(0, None, 2))


def test_no_item_counts_a_crumb_where_the_others_suffice() -> None:
    items = tuple(
        Item(amount, False, (0,), limits=(0,)) for amount in (500, 300, 400, 500, 300, 400, 200, 200, 300)
    )
    found = assign(Problem(items, (Seat(),), limits=(2500,)))
    cut = [one for item, one in zip(items, found.taken, strict=True) if one and one.amount < item.amount]
    assert sum(one.amount for one in found.taken if one) == 2500
    assert len(cut) <= 1
    assert all(one.amount >= 100 for one in found.taken if one)


def test_three_limits_that_overlap_in_pairs_still_give_whole_numbers() -> None:
    # Each limit binds two of three: in fractions 3 × ½ would be best, in whole numbers 1 is.
    items = tuple(Item(1, False, (0,), limits=pair) for pair in ((0, 1), (1, 2), (0, 2)))
    found = assign(Problem(items, (Seat(),), limits=(1, 1, 1)))
    assert sum(taken.amount for taken in found.taken if taken) == 1


def test_nothing_to_assign() -> None:
    assert assign(Problem((), (Seat(),))) == Assignment(())
    assert assign(Problem((Item(1, False, ()),), (Seat(),))).taken == (None,)


def test_amounts_beyond_exact_arithmetic_are_refused() -> None:
    with pytest.raises(AgentError) as error:
        assign(Problem((Item(MAX_AMOUNT + 1, False, (0,)),), (Seat(),)))
    assert error.value.code == "too_large"


def test_large_problem_is_exact_where_a_proof_by_hand_exists() -> None:
    chance = random.Random(7)
    items = tuple(Item(chance.choice([100, 300, 500]), False, tuple(range(12))) for _ in range(200))
    found = assign(Problem(items, tuple(Seat(single=True) for _ in range(12))))
    twelve_largest = sum(sorted((item.amount for item in items), reverse=True)[:12])
    assert sum(taken.amount for taken in found.taken if taken) == twelve_largest

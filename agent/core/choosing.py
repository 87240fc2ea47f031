"""The learner's own choice of which credential answers, where several would do. Pure.

The planner proposes the smallest disclosure. Each credential of it has a place (item ``c0``, ``c1``, …), and the
learner may put another one there that fits: the set must still satisfy the policy, with every other place as it is.
A place keeps its name when the credential in it changes, so that a second choice does not undo the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from agent.core.completion import Demand, Option
from agent.core.selection import Found, best_set
from agent.errors import ConsentError

MAX_OTHERS: Final = 20  # shown for one place; the newest come first
MAX_TRIED: Final = 400  # sets looked at for one plan


def in_places(options: Sequence[Option]) -> tuple[Option, ...]:
    """In the order of their items: c0 is the first that can answer for the learner."""
    first = next(option for option in options if option.anchor)
    return (first, *(option for option in options if option is not first))


def swapped(
    found: Found, choose: Mapping[str, str], options: Sequence[Option], ids: Mapping[int, str], demand: Demand
) -> Found:
    """``found`` (in places) with the learner's choices. Raises `ConsentError` choice_not_possible."""
    places = list(found.options)
    by_id = {ids[option.key]: option for option in options}
    for item, wanted in choose.items():
        place = int(item[1:]) if item[:1] == "c" and item[1:].isdecimal() and len(item) <= 3 else len(places)
        if place >= len(places) or wanted not in by_id:
            raise _not_possible()
        places[place] = by_id[wanted]
    shown = _shown(places, demand)
    if shown is None:
        raise _not_possible()
    return replace(found, options=tuple(places), covering=shown.covering)


def who_could_stand_in(
    places: Sequence[Option], options: Sequence[Option], demand: Demand
) -> tuple[tuple[Option, ...], ...]:
    """For each place the other options that would do there, at most `MAX_OTHERS`, in the options' order."""
    rest = [option for option in options if option not in places]
    found, tried = [], 0
    for place in range(len(places)):
        fit: list[Option] = []
        for option in rest:
            if len(fit) == MAX_OTHERS or tried == MAX_TRIED:
                break
            tried += 1
            if _shown([*places[:place], option, *places[place + 1 :]], demand) is not None:
                fit.append(option)
        found.append(tuple(fit))
    return tuple(found)


def _shown(places: Sequence[Option], demand: Demand) -> Found | None:
    """How exactly these would show what is asked, each in its place; None when they would not."""
    if not places[0].anchor or len({option.group for option in places}) < len(places):
        return None
    if sum(option.credit for option in places) < demand.credit:
        return None
    of_all = replace(demand, credentials=len(places))
    if not demand.at_least:
        return Found(tuple(places), frozenset(), exact=True)
    found = best_set(sorted(places, key=lambda option: option.key), of_all)
    return found if isinstance(found, Found) else None


def _not_possible() -> ConsentError:
    return ConsentError(
        "choice_not_possible",
        "The credential that you chose does not fit there, or no longer does.",
        "Review the request again.",
    )

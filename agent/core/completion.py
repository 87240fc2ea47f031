"""One question of the search in `agent.core.selection`: can a partial set of credentials be completed? Pure.

Skills first: branch on the skill that fewest options cover: on each of these options that no other one outdoes,
or, while some skills may stay away, on none of them. A branch ends where the largest gains do not cover
enough, where the largest credits do not reach the sum even with as few options for the skills as the gains
allow, or where both together cannot be (`_relaxed`). Once the skills are covered nothing branches: which
credits to add is decided directly (`_fill`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

NO_LIMIT: Final = 10**9

type Picked = tuple[tuple[int, ...], tuple[int, ...]]  # members added, members that show skills at a cost
type _Gains = list[tuple[int, int]]  # option, the skills (bits) that it would add


@dataclass(frozen=True, slots=True)
class Option:
    """A usable credential; ``key`` is the caller's, ``credit`` in hundredths.

    Of one ``group`` only one counts. A set needs at least one ``anchor``, which can be c0 and answer for the
    learner. ``covers`` has a bit for each skill that it can show. ``reveals`` counts the claims that it shows
    beyond what every credential shows, ``reveals_covering`` the same when it shows its skills.
    """

    key: int
    group: tuple[str, ...]
    credit: int = 0
    anchor: bool = True
    reveals: int = 0
    covers: int = 0
    reveals_covering: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """What a set must come to: a sum of ``credit``, ``at_least`` of the ``skills`` (bits), ``credentials``."""

    credit: int = 0
    skills: int = 0
    at_least: int = 0
    credentials: int = 1


class SpentError(Exception):
    """The work allowed is used up."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is open: ``count`` of ``others`` (by credit, largest first) are to be added.

    ``held`` are members that could show skills at a cost; ``banned`` options do not show theirs in this branch.
    Still missing are ``need`` of the ``skills`` and ``credit``; ``cost`` claims may still be revealed.
    """

    others: list[int]
    held: tuple[int, ...]
    count: int
    skills: int
    need: int
    credit: int
    cost: int
    anchored: bool
    banned: frozenset[int] = frozenset()


class Completion:
    """Options by index. Each has claims it reveals in any case (``_base``) and skills that come with it
    (``_free``), or else skills (``_paid``) that take ``_extra`` claims more. ``spent`` counts options looked at.
    """

    def __init__(self, options: Sequence[Option], demand: Demand) -> None:
        self.options, self.demand = options, demand
        self.credit = [option.credit for option in options]
        self.mask = [option.covers & demand.skills for option in options]
        cheap = [
            bool(mask) and option.reveals_covering <= option.reveals
            for option, mask in zip(options, self.mask, strict=True)
        ]
        self.free = [mask if free else 0 for mask, free in zip(self.mask, cheap, strict=True)]
        self.paid = [0 if free else mask for mask, free in zip(self.mask, cheap, strict=True)]
        pairs = list(zip(options, cheap, strict=True))
        self.base = [option.reveals_covering if free else option.reveals for option, free in pairs]
        self.extra = [
            option.reveals_covering - option.reveals if paid else 0
            for option, paid in zip(options, self.paid, strict=True)
        ]
        numbers = {group: number for number, group in enumerate({option.group: 0 for option in options})}
        self.group = [numbers[option.group] for option in options]
        sizes = [0] * len(numbers)
        for number in self.group:
            sizes[number] += 1
        self._single = [sizes[number] == 1 for number in self.group]
        self._worth = [
            (option.credit, -base, -extra, option.anchor)
            for option, base, extra in zip(options, self.base, self.extra, strict=True)
        ]
        self._bit = [1 << index for index in range(len(options))]
        self._having = dict[int, int]()  # skill (its bit) -> the options that have it (bits)
        for index, mask in enumerate(self.mask):
            for place in range(mask.bit_length()):
                if mask >> place & 1:
                    self._having[1 << place] = self._having.get(1 << place, 0) | self._bit[index]
        self._prices = (demand.at_least / max(demand.credit, 1), 0.5)
        self._asked = 0
        self.spent = 0
        self.limit = 0

    def complete(self, left: Left) -> Picked | None:
        """What completes the set, or None: surely nothing does. Raises `SpentError`."""
        others, held, skills, banned = left.others, left.held, left.skills, left.banned
        while True:
            self._spend(len(others) + 8)
            if len(others) < left.count or left.cost < 0:
                return None
            if left.need <= 0:
                filled = self.fill(others, left)
                return None if filled is None else (filled, ())
            gains: _Gains = []
            if left.count:
                gains = [(i, new) for i in others if (new := self.mask[i] & skills) and i not in banned]
            more = [(i, new) for i in held if (new := self.paid[i] & skills)]
            skill, having, slack = self._rarest(gains + more, left.need)
            if slack < 0 or not self._possible(left, others, gains, more):
                return None
            for index, new in self._undone(having, {i for i, _ in gains}):
                taken = index not in held
                found = self.complete(
                    Left(
                        [i for i in others if self.group[i] != self.group[index]] if taken else others,
                        tuple(i for i in held if i != index),
                        left.count - taken,
                        skills & ~new,
                        left.need - new.bit_count(),
                        left.credit - taken * self.credit[index],
                        left.cost - self.extra[index] - taken * self.base[index],
                        left.anchored or (taken and self.options[index].anchor),
                        banned,
                    )
                )
                if found is not None:
                    shown = (index,) if self.paid[index] else ()
                    return ((index,) if taken else ()) + found[0], shown + found[1]
                # From here on it does not cover. What covers for nothing covers whenever it is there.
                banned |= {index}
                others = others if self.paid[index] else [i for i in others if i != index]
                held = tuple(i for i in held if i != index)
            if not slack:
                return None
            # Nothing covers this skill: one of those that may stay away.
            without = {i for i, _ in having}
            skills, banned = skills & ~skill, banned | without
            others = [i for i in others if i not in without or self.paid[i]]
            held = tuple(i for i in held if i not in without)

    def _possible(self, left: Left, others: list[int], gains: _Gains, more: _Gains) -> bool:
        """False when a bound proves that there is no way."""
        largest = sorted([new.bit_count() for _, new in gains], reverse=True)
        short, covering = left.need - sum([new.bit_count() for _, new in more]), 0
        while short > 0:
            if covering == min(len(largest), left.count):
                return False
            short -= largest[covering]
            covering += 1
        if left.cost < left.count + len(more):
            free = sorted([new.bit_count() for i, new in gains if self.free[i]], reverse=True)
            paid = sorted([new.bit_count() for i, new in gains + more if self.paid[i]], reverse=True)
            if sum(free[: left.count]) + sum(paid[: left.cost]) < left.need:
                return False
        if left.credit > 0 and not self._reaches(left, others, {i for i, _ in gains}, covering):
            return False
        if left.credit <= 0 and left.cost >= NO_LIMIT // 2:
            return True
        return self._relaxed(left, others, gains, more)

    def _reaches(self, left: Left, others: list[int], gaining: set[int], covering: int) -> bool:
        """Whether ``count`` credits, ``covering`` or more of them of options that gain skills, reach the sum."""
        credit, plain, count = left.credit, left.count - covering, left.count
        for index in others:
            if not count:
                break
            if index not in gaining:
                if not plain:
                    continue
                plain -= 1
            count -= 1
            credit -= self.credit[index]
        return not count and credit <= 0

    def _relaxed(self, left: Left, others: list[int], gains: _Gains, more: _Gains) -> bool:
        """False when no choice comes to it even on balance: skills covered, credit at a price and claims at a
        charge, added up (a Lagrange relaxation: for any price and charge, a proof).

        The price and the charge that said most so far are kept, and tried a little higher and lower.
        """
        size = {i: new.bit_count() for i, new in gains}
        rows = [(size.get(i, 0), self.extra[i], self.credit[i], self.base[i]) for i in others]
        held = [(new.bit_count(), self.extra[i]) for i, new in more]
        limited, credit = left.cost < NO_LIMIT // 2, max(left.credit, 0)

        def surplus(price: float, charge: float) -> float:
            values = [
                (gain - charge * extra if gain > charge * extra else 0.0) + price * worth - charge * base
                for gain, extra, worth, base in rows
            ]
            values.sort(reverse=True)
            shown = sum([gain - charge * extra for gain, extra in held if gain > charge * extra])
            limit = charge * left.cost if limited else 0.0
            return sum(values[: left.count]) + shown + limit - left.need - price * credit

        price, charge = self._prices
        price, charge = price if credit else 0.0, charge if limited else 0.0
        least = surplus(price, charge)
        self._asked += 1
        if least >= 0 and self._asked % 3 == 0:
            for higher, dearer in ((1.4, 1.0), (1 / 1.4, 1.0), (1.0, 1.4), (1.0, 1 / 1.4)):
                tried = surplus(price * higher, charge * dearer)
                if tried < least:
                    least = tried
                    self._prices = (self._prices[0] * higher, self._prices[1] * dearer)
                    break
        return least > -1e-6  # rounding must not prove anything

    def _rarest(self, pairs: _Gains, need: int) -> tuple[int, _Gains, int]:
        """The skill (its bit) that fewest options cover, these, and how many skills in reach may stay away."""
        union = present = 0
        for index, new in pairs:
            union |= new
            present |= self._bit[index]
        slack, rarest, least = union.bit_count() - need, 0, len(pairs) + 1
        while union and slack >= 0:
            skill = union & -union
            union ^= skill
            number = (self._having[skill] & present).bit_count()
            if number < least:
                rarest, least = skill, number
        return rarest, [pair for pair in pairs if pair[1] & rarest], slack

    def _undone(self, having: _Gains, fresh: set[int]) -> _Gains:
        """Without options that another one outdoes, the largest gain first."""
        self._spend(len(having) * len(having))
        kept = [
            (i, new)
            for i, new in having
            if i not in fresh
            or not any(j in fresh and self._outdoes(j, other, i, new) for j, other in having)
        ]
        return sorted(kept, key=lambda pair: (-pair[1].bit_count(), -self.credit[pair[0]], pair[0]))

    def _outdoes(self, better: int, gain: int, index: int, new: int) -> bool:
        """Whether any set with ``index`` covering, and not ``better``, is as good with the two exchanged."""
        if better == index or new & ~gain:
            return False
        if not self._single[better] and self.group[better] != self.group[index]:
            return False  # its group may be taken
        one, other = self._worth[better], self._worth[index]
        if any(mine < theirs for mine, theirs in zip(one, other, strict=True)):
            return False
        alike = new == gain and one == other
        mutual = alike and (self._single[index] or self.group[better] == self.group[index])
        return not mutual or better < index

    def fill(self, others: list[int], left: Left) -> tuple[int, ...] | None:
        """``count`` of ``others`` of different groups with the most credit, if that is enough."""
        if not left.count:
            return () if left.credit <= 0 and left.anchored else None
        groups: set[int] = set()
        largest: list[int] = []
        for index in others:
            if self.group[index] not in groups:
                groups.add(self.group[index])
                largest.append(index)
                if len(largest) == left.count:
                    break
        if len(largest) < left.count or sum(self.credit[i] for i in largest) < left.credit:
            return None
        anchored = left.anchored or any(self.options[i].anchor for i in largest)
        if anchored and sum(self.base[i] for i in largest) <= left.cost:
            return tuple(largest)
        return self._fill_within(others, left)

    def _fill_within(self, others: list[int], left: Left) -> tuple[int, ...] | None:
        """The same where claims or the anchor bind: group by group, the most credit for each state.

        Of options alike in claims and anchor, the ``count`` largest are enough: another one's group is free.
        """
        kinds: dict[tuple[int, bool], set[int]] = {}
        groups: dict[int, list[int]] = {}
        for index in others:
            seen = kinds.setdefault((self.base[index], self.options[index].anchor), set())
            if self.group[index] not in seen and len(seen) < left.count:
                seen.add(self.group[index])
                groups.setdefault(self.group[index], []).append(index)
        states: dict[tuple[int, int, bool], tuple[int, tuple[int, ...]]] = {(0, 0, left.anchored): (0, ())}
        for members in groups.values():
            self._spend(len(states) * len(members))
            for (number, shown, anchored), (total, chosen) in list(states.items()):
                if number == left.count:
                    continue
                for index in members:
                    cost = shown + self.base[index]
                    state = (number + 1, cost, anchored or self.options[index].anchor)
                    reached = total + self.credit[index]
                    if cost <= left.cost and (state not in states or states[state][0] < reached):
                        states[state] = (reached, (*chosen, index))
        ends = [end for (number, _, anchored), end in states.items() if number == left.count and anchored]
        best = max(ends, key=lambda end: end[0], default=None)
        return best[1] if best is not None and best[0] >= left.credit else None

    def _spend(self, work: int) -> None:
        self.spent += work
        if self.spent > self.limit:
            raise SpentError

"""The shapes of an assignment problem: items compete for seats, under maximums. Whole numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seat:
    """A place for credentials. ``single`` takes one and wants it; a pool takes ``at_most`` credentials and
    ``maximum`` of amount (None: any), and wants ``minimum`` and ``at_least``.
    """

    single: bool = False
    minimum: int = 0
    maximum: int | None = None
    at_least: int = 0
    at_most: int | None = None

    @property
    def wants(self) -> bool:
        return self.single or self.minimum > 0 or self.at_least > 0


@dataclass(frozen=True, slots=True)
class Item:
    """A credential: ``amount`` above 0; it may take one of ``seats`` by one of ``lanes`` (indices; no lanes:
    none is needed). ``limits`` bind it whatever it takes; of each class in ``once`` one item counts;
    ``windows`` are those it was awarded in, when the problem has windows.
    """

    amount: int
    offered: bool
    seats: tuple[int, ...]
    lanes: tuple[int, ...] = ()
    limits: tuple[int, ...] = ()
    once: tuple[int, ...] = ()
    windows: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Problem:
    """``lanes`` and ``limits`` are maximum amounts (None: no limit). With ``windows`` above 0, all counted
    items lie in one window.
    """

    items: tuple[Item, ...]
    seats: tuple[Seat, ...]
    lanes: tuple[int | None, ...] = ()
    limits: tuple[int, ...] = ()
    windows: int = 0


@dataclass(frozen=True, slots=True)
class Taken:
    """What one item counts, where and by which lane (None when no lane is needed)."""

    seat: int
    lane: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """One entry per item, None for those that count nothing; ``window`` is None without windows."""

    taken: tuple[Taken | None, ...]
    window: int | None = None

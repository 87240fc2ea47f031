"""An assignment problem as rows and columns for HiGHS, and its answers. Pure: numbers in, numbers out.

A column is 0 or 1 for each way in which an item may count, and, where a maximum may cut it, a column for its
amount. Values are proved optimal; `agent.core.stacks.assignment` checks every answer in whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from agent.core.stacks.problem import Assignment, Problem, Taken
from agent.errors import AgentError


@dataclass(frozen=True, slots=True)
class _Option:
    """One way for one item to count: ``column`` of the choice, ``amount`` of its amount when it is limited."""

    item: int
    seat: int
    lane: int | None
    column: int
    amount: int | None


TIDY_STEPS: Final = 20


class Model:
    """The problem as rows and columns of HiGHS, for the items in ``members`` only."""

    def __init__(self, problem: Problem, members: frozenset[int]) -> None:
        self.problem = problem
        self.members = members
        self._columns: list[tuple[int, int]] = []  # lower and upper bound; all are whole numbers
        self._rows: list[tuple[int, int, dict[int, int]]] = []  # lower, upper, column to factor
        self._options = [option for index in sorted(members) for option in self._options_of(index)]
        self._windows = [self._column(0, 1) for _ in range(problem.windows)]
        self._met: dict[tuple[int, frozenset[int]], int] = {}
        self._values: list[int] = []
        self._arrays: tuple[int, tuple[Any, ...]] | None = None
        self._amount_columns = {o.amount for o in self._options if o.amount is not None}
        self._limit()

    # --- building

    def worth(self, counted: frozenset[int]) -> dict[int, int]:
        """Demands met by ``counted``, each worth more than all amounts together, plus their amounts."""
        weight = 1 + sum(item.amount for item in self.problem.items)
        terms = self._amounts(self._of(counted))
        for option in self._of(counted):
            if self.problem.seats[option.seat].single:
                terms[option.column] = terms.get(option.column, 0) + weight
        for index, seat in enumerate(self.problem.seats):
            if seat.wants and not seat.single:
                terms[self._demand(index, counted)] = weight
        return terms

    def at_least(self, terms: dict[int, int], least: int) -> None:
        self._row(least, None, terms)

    def maximise(self, terms: dict[int, int]) -> int:
        """The largest value, proved. Amounts may be fractions at first, which is much faster; whole ones for
        the same choices nearly always reach the same value, and if not, all is solved in whole numbers.
        """
        if not self._columns:
            return 0
        bound = int(self._surely(terms, _CHOICES) + 0.001)
        if self._amount_columns:
            reached = round(self._surely(terms, _AMOUNTS))
            bound = reached if reached == bound else round(self._surely(terms, _ALL))
        return bound

    def _surely(self, terms: dict[int, int], whole: str) -> float:
        """Where counting nothing is always possible."""
        value = self._solve(terms, whole)
        if value is None:
            raise AgentError("solver_failed", "The best assignment could not be computed.")
        return value

    def first_come(self, terms: dict[int, int], best: int) -> Assignment:
        """The answer, with cut amounts given to the items that come first, and to as few as possible."""
        if self._amount_columns:
            self.at_least(terms, best)
            order = {column: len(self._columns) - column for column in sorted(self._amount_columns)}
            self._surely(order, _AMOUNTS)
            for _ in range(TIDY_STEPS):
                if not self._drop_one(order):
                    break
        return self._answer()

    def _drop_one(self, order: dict[int, int]) -> bool:
        """Leave out one item of which only a part counts, if the others make up for it."""
        kept = self._values
        for option in reversed(self._options):
            whole = self.problem.items[option.item].amount
            if option.amount is not None and kept[option.column] and kept[option.amount] < whole:
                self._values = [0 if at == option.column else value for at, value in enumerate(kept)]
                if self._solve(order, _AMOUNTS) is not None:
                    return True
        self._values = kept
        return False

    def _answer(self) -> Assignment:
        taken: list[Taken | None] = [None] * len(self.problem.items)
        for option in self._options:
            if self._values[option.column]:
                whole = self.problem.items[option.item].amount
                amount = whole if option.amount is None else self._values[option.amount]
                taken[option.item] = Taken(option.seat, option.lane, amount)
        window = next((at for at, column in enumerate(self._windows) if self._values[column]), None)
        return Assignment(tuple(taken), window)

    def fewest(self, goal: int, costs: tuple[int, ...]) -> Assignment | None:
        everything = frozenset(range(len(self.problem.items)))
        self._row(goal, None, self._amounts(self._options), always=True)
        for index, seat in enumerate(self.problem.seats):
            if seat.single:
                self._row(1, None, {o.column: 1 for o in self._options if o.seat == index}, always=True)
            elif seat.wants:
                self._row(1, None, {self._demand(index, everything): 1}, always=True)
        weight = 1 + sum(item.amount for item in self.problem.items)
        terms: dict[int, int] = {}
        for option in self._options:
            if costs[option.item]:
                amount = self.problem.items[option.item].amount
                terms[option.column] = -(weight * costs[option.item] + amount)
        if not self._columns or self._solve(terms, _ALL) is None:
            return None
        return self._answer()

    def _options_of(self, index: int) -> list[_Option]:
        """The item's options; those under the same maximums share one column of amount."""
        item, found = self.problem.items[index], []
        shared: dict[tuple[int | None, int | None], tuple[int, dict[int, int]]] = {}
        for seat in item.seats:
            for lane in item.lanes or (None,):
                choice = self._column(0, 1)
                wide = self.problem.seats[seat].maximum is None and not self.problem.seats[seat].minimum
                free = lane is None or self.problem.lanes[lane] is None
                amount = None
                if item.limits or not (wide and free):
                    key = (None if wide else seat, None if free else lane)
                    if key not in shared:
                        shared[key] = (self._column(0, item.amount), {})
                    amount, choices = shared[key]
                    choices[choice] = item.amount
                found.append(_Option(index, seat, lane, choice, amount))
        for amount, choices in shared.values():  # chosen: from 1 to all of it; not chosen: nothing
            self._row(0, None, choices | {amount: -1})
            self._row(None, 0, dict.fromkeys(choices, 1) | {amount: -1})
        return found

    def _limit(self) -> None:
        problem, options = self.problem, self._options
        by_item: dict[int, dict[int, int]] = {}
        for option in options:
            by_item.setdefault(option.item, {})[option.column] = 1
        for index, chosen in by_item.items():
            if problem.windows:
                inside = {self._windows[at]: -1 for at in problem.items[index].windows}
                self._row(None, 0, chosen | inside)
            if len(chosen) > 1:
                self._row(None, 1, chosen)
        if self._windows:
            self._row(None, 1, dict.fromkeys(self._windows, 1))
        self._limit_amounts()
        same: dict[int, dict[int, int]] = {}
        for index, chosen in by_item.items():
            for key in problem.items[index].once:
                same.setdefault(key, {}).update(chosen)
        for _, terms in sorted(same.items()):
            self._row(None, 1, terms)

    def _limit_amounts(self) -> None:
        problem, options = self.problem, self._options
        for index, seat in enumerate(problem.seats):
            here = [option for option in options if option.seat == index]
            most = 1 if seat.single else seat.at_most
            if most is not None:
                self._row(None, most, {option.column: 1 for option in here})
            if seat.maximum is not None:
                self._row(None, seat.maximum, self._amounts(here))
        for index, maximum in enumerate(problem.lanes):
            if maximum is not None:
                self._row(None, maximum, self._amounts(o for o in options if o.lane == index))
        for index, maximum in enumerate(problem.limits):
            bound = [option for option in options if index in problem.items[option.item].limits]
            self._row(None, maximum, self._amounts(bound))

    def _demand(self, index: int, counted: frozenset[int]) -> int:
        """The column that may be 1 only if ``counted`` gives the pool what it wants."""
        if (index, counted) not in self._met:
            seat, met = self.problem.seats[index], self._column(0, 1)
            here = [option for option in self._of(counted) if option.seat == index]
            self._row(0, None, {met: -seat.minimum} | self._amounts(here))
            self._row(0, None, {met: -seat.at_least} | {option.column: 1 for option in here})
            self._met[index, counted] = met
        return self._met[index, counted]

    def _of(self, counted: frozenset[int]) -> list[_Option]:
        return [option for option in self._options if option.item in counted]

    def _amounts(self, options: Iterable[_Option]) -> dict[int, int]:
        """What the options count together; a column that several of them share stands once."""
        return {
            (option.column if option.amount is None else option.amount): (
                self.problem.items[option.item].amount if option.amount is None else 1
            )
            for option in options
        }

    def _column(self, lower: int, upper: int) -> int:
        self._columns.append((lower, upper))
        return len(self._columns) - 1

    def _row(
        self, lower: int | None, upper: int | None, terms: dict[int, int], *, always: bool = False
    ) -> None:
        """``always`` keeps a row without terms: then it says that nothing is possible, or nothing at all."""
        terms = {column: factor for column, factor in terms.items() if factor}
        if terms or always:
            self._rows.append(
                (-_NO_BOUND if lower is None else lower, _NO_BOUND if upper is None else upper, terms)
            )

    # --- solving

    def _solve(self, terms: dict[int, int], whole: str) -> float | None:
        """Solve for `_CHOICES` (amounts may be fractions), for `_AMOUNTS` (choices stay as they are) or for
        `_ALL`; keep the values and return what ``terms`` come to, None when nothing is possible.
        """
        import highspy  # here: with numpy it takes 0.15 s, which only who plans a stack should pay
        import numpy as np

        count = len(self._columns)
        kinds = np.full(count, highspy.HighsVarType.kInteger)
        columns = np.array(self._columns, dtype=np.double).reshape(count, 2)
        if whole == _CHOICES:
            kinds[list(self._amount_columns)] = highspy.HighsVarType.kContinuous
        elif whole == _AMOUNTS:
            fixed = [column for column in range(len(self._values)) if column not in self._amount_columns]
            columns[fixed, :] = np.array(self._values, dtype=np.double)[fixed, None]
            # With the choices fixed this is linear, and its answer nearly always in whole numbers.
            found = self._run(terms, columns, [])
            if found is None or all(abs(value - round(value)) < _ROUGH for value in found[1]):
                return self._keep(found)
        return self._keep(self._run(terms, columns, list(kinds)))

    def _keep(self, found: tuple[float, list[float]] | None) -> float | None:
        if found is None:
            return None
        self._values = [round(value) for value in found[1]]
        return found[0]

    def _run(self, terms: dict[int, int], columns: Any, kinds: list[Any]) -> tuple[float, list[float]] | None:
        """One call of HiGHS: what ``terms`` come to at most and the values, or None: infeasible."""
        import highspy
        import numpy as np

        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self._columns), len(self._rows)
        cost = np.zeros(len(self._columns))
        cost[list(terms)] = list(terms.values())
        model.col_cost_ = cost
        model.col_lower_, model.col_upper_ = columns[:, 0].copy(), columns[:, 1].copy()
        model.row_lower_, model.row_upper_, start, index, value = self._matrix()
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = start, index, value
        model.integrality_ = kinds
        model.sense_ = highspy.ObjSense.kMaximize
        solver = highspy.Highs()  # type: ignore[no-untyped-call]
        for name, setting in _SETTINGS.items():
            solver.setOptionValue(name, setting)
        # Presolving costs more than it saves where nothing is cut, and saves most of the time where it is.
        solver.setOptionValue("presolve", "on" if kinds and self._amount_columns else "off")
        solver.passModel(model)
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return None
        if status != highspy.HighsModelStatus.kOptimal:
            raise AgentError("solver_failed", "The best assignment could not be computed.")
        return float(solver.getInfo().objective_function_value), list(solver.getSolution().col_value)

    def _matrix(self) -> tuple[Any, ...]:
        """Bounds of the rows, and the rows themselves as arrays; made once for each number of rows."""
        import highspy
        import numpy as np

        if self._arrays is None or self._arrays[0] != len(self._rows):
            bounds = np.array([row[:2] for row in self._rows], dtype=np.double).reshape(len(self._rows), 2)
            bounds[bounds >= _NO_BOUND] = highspy.kHighsInf
            bounds[bounds <= -_NO_BOUND] = -highspy.kHighsInf
            arrays = (
                bounds[:, 0].copy(),
                bounds[:, 1].copy(),
                np.cumsum([0, *(len(row[2]) for row in self._rows)]),
                np.array([column for row in self._rows for column in row[2]], dtype=np.int32),
                np.array([factor for row in self._rows for factor in row[2].values()], dtype=np.double),
            )
            self._arrays = (len(self._rows), arrays)
        return self._arrays[1]


_CHOICES, _AMOUNTS, _ALL = "choices", "amounts", "all"
_SETTINGS: Final[dict[str, Any]] = {
    "output_flag": False,
    "threads": 1,
    "random_seed": 0,
    # Large searches gain from these, ours only pay for them (docs/benchmarks.md).
    "mip_heuristic_effort": 0.0,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_detect_symmetry": False,
    "mip_allow_restart": False,
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 0.5,  # values are whole numbers: closer than 1 is proved
}
_NO_BOUND: Final = 10**18
_ROUGH: Final = 1e-5

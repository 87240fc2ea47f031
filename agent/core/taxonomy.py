"""How big a thing is, and whether it is a micro-credential at all, per jurisdiction and from data.

A jurisdiction is a TOML file in ``agent/core/data/taxonomy``; another one is a new file and no code. Ireland's
is the table that the sources define (000:249-256); of others they say less, and so do the files. A file has
``name``, ``title``, ``source``, ``unit`` (a credit system, or ``hours``), ``no_credit_is_zero`` and ``[[row]]``
tables, read top-down, of which the first whose conditions all hold wins::

    assessed       ["yes" | "no" | "not_stated"]   the answer of `assessed`
    credit         {least, most, above, below}     of credit in the table's unit
    any_credit     true                            some credit, in whatever system
    other_credit   true                            some credit in another system than the table's
    hours          {least, most, above, below}     of the stated workload
    hours_stated   false                           no workload is stated
    called         [words]                         what the issuer calls it (``record.category``)

and that says ``code``, ``label``, ``micro_credential`` ("yes", "no", "undefined"), ``reason``, ``source``, the
issuer's words that agree with it (``declared``) and the hours that the source puts beside it
(``workload_column``). ECTS decide first, since 200 hours fit two rows. Sizes that no row covers are *undefined*,
each with a name: we say so and do not guess.

An attendance record is a record like any other and may be kept; it is no micro-credential (000:256) and
`agent.core.stack_rules` bars it from stacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from importlib import resources
from types import MappingProxyType
from typing import Final

from agent.core import vocabularies as words
from agent.core.facts import Bounds, DataGrammar, assessed
from agent.core.findings import Finding, Outcome
from agent.core.record import Record
from agent.errors import InputError

__all__ = [
    "DEFAULT",
    "TABLES",
    "UNASSESSED_CREDIT",
    "Category",
    "Table",
    "assessed",
    "category",
    "declared",
    "findings",
    "read_table",
    "size",
    "table",
    "workload",
]

DEFAULT: Final = "ireland"
_ANSWERS: Final = {"yes": True, "no": False, "undefined": None}
_OUTCOMES: Final = {True: Outcome.PASS, False: Outcome.FAIL, None: Outcome.NO_INFORMATION}


@dataclass(frozen=True, slots=True)
class Category:
    """``micro_credential`` is None where the table has no answer; then ``code`` names the gap."""

    code: str
    label: str
    micro_credential: bool | None
    reason: str
    source: str
    declared: tuple[str, ...] = ()
    workload_column: Bounds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A category and the conditions for it, all of which must hold; the module's docstring explains them."""

    category: Category
    assessed: tuple[str, ...] = ()
    credit: Bounds | None = None
    any_credit: bool = False
    other_credit: bool = False
    hours: Bounds | None = None
    hours_stated: bool = True
    called: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    title: str
    source: str
    unit: str
    no_credit_is_zero: bool
    row: tuple[Row, ...]
    note: str = ""

    def category(self, record: Record) -> Category:
        """The first row that holds; every table ends in rows that name its gaps."""
        stated = record.credit.amount if record.credit else Decimal(0)
        own = record.credit is not None and record.credit.system == self.unit
        amount = stated if own else Decimal(0) if self.no_credit_is_zero and not stated else None
        hours = Decimal(record.workload_hours) if record.workload_hours else None
        answer = {True: "yes", False: "no", None: "not_stated"}[assessed(record)]
        for row in self.row:
            if (
                (not row.assessed or answer in row.assessed)
                and (row.credit is None or (amount is not None and row.credit.hold(amount)))
                and (not row.any_credit or bool(stated))
                and (not row.other_credit or (bool(stated) and not own))
                and (row.hours is None or (hours is not None and row.hours.hold(hours)))
                and (row.hours_stated or hours is None)
                and (not row.called or record.category in row.called)
            ):
                return row.category
        return Category("undefined", "Undefined", None, "The table has no row for this.", self.source)

    def find(self, code: str) -> Category:
        return next(row.category for row in self.row if row.category.code == code)


def category(record: Record, jurisdiction: str = DEFAULT) -> Category:
    """The row of the jurisdiction's table, or the gap. Raises `InputError` unknown_jurisdiction."""
    return table(jurisdiction).category(record)


def table(jurisdiction: str) -> Table:
    """Raises `InputError` with code ``unknown_jurisdiction`` and the nearest name in the hint."""
    if jurisdiction in TABLES:
        return TABLES[jurisdiction]
    near = get_close_matches(jurisdiction[:100], TABLES, n=1, cutoff=0.4)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(TABLES)}."
    raise InputError("unknown_jurisdiction", "There is no table of sizes for that jurisdiction.", hint)


def size(record: Record, jurisdiction: str = DEFAULT) -> Finding:
    """Whether its size and assessment make it a micro-credential there; a gap is no information."""
    found = category(record, jurisdiction)
    outcome = _OUTCOMES[found.micro_credential]
    judged = "Not a micro-credential: " if outcome is Outcome.FAIL else ""
    detail = f"{judged}{found.label}. {found.reason}"
    return Finding("category", "Category by size", outcome, detail, found.source, table(jurisdiction).note)


def declared(record: Record, jurisdiction: str = DEFAULT) -> Finding:
    """What the issuer calls it against what the table computes. They may overlap (000:241): a warning at most."""
    code, label = "declared_category", "Category as declared"
    own, computed = table(jurisdiction), category(record, jurisdiction)
    if record.category is None:
        return Finding(
            code, label, Outcome.NOT_APPLICABLE, "The issuer declares no category.", own.source, own.note
        )
    known = any(record.category in row.category.declared for row in own.row)
    if not known or computed.micro_credential is None:
        why = computed.reason if known else "The table does not know the category that the issuer declares."
        return Finding(code, label, Outcome.NO_INFORMATION, why, own.source, own.note)
    if record.category in computed.declared:
        return Finding(code, label, Outcome.PASS, "", computed.source, own.note)
    detail = f"The issuer declares another category than its size gives: {computed.label}. {computed.reason}"
    return Finding(code, label, Outcome.WARNING, detail, computed.source, own.note)


def workload(record: Record, jurisdiction: str = DEFAULT) -> Finding:
    """Whether the stated hours fit the row that the credit chose; the credit decides, so a warning at most."""
    code, label = "category_workload", "Workload of the category"
    own, computed = table(jurisdiction), category(record, jurisdiction)
    if computed.workload_column is None or record.workload_hours is None:
        return Finding(code, label, Outcome.NOT_APPLICABLE, "There is nothing to compare.", own.source)
    if computed.workload_column.hold(Decimal(record.workload_hours)):
        return Finding(code, label, Outcome.PASS, "", computed.source)
    detail = f"The hours are not those that the table gives for this category: {computed.label}."
    return Finding(code, label, Outcome.WARNING, detail, computed.source)


def findings(record: Record, jurisdiction: str = DEFAULT) -> tuple[Finding, ...]:
    return size(record, jurisdiction), declared(record, jurisdiction), workload(record, jurisdiction)


_G: Final = DataGrammar("bad_taxonomy")
_CALLED = _G.list(_G.key(words.CATEGORIES, "is no category that the sources name"))


def _row(code: str, label: str, micro_credential: str, reason: str, source: str, **more: object) -> Row:
    told = {name: more.pop(name) for name in ("declared", "workload_column") if name in more}
    made = Category(code, label, _ANSWERS[micro_credential], reason, source, **told)  # type: ignore[arg-type]
    return Row(category=made, **more)  # type: ignore[arg-type]


_TABLE: Final = _G.object(
    Table,
    ("name", "title", "source", "unit", "no_credit_is_zero", "row"),
    name=_G.name,
    title=_G.label,
    source=_G.source,
    unit=_G.key({**words.CREDIT_SYSTEMS, "hours": "hours"}, "is no credit system, nor hours"),
    no_credit_is_zero=_G.boolean(),
    note=_G.sentence,
    row=_G.list(
        _G.object(
            _row,
            ("code", "label", "micro_credential", "reason", "source"),
            code=_G.code,
            label=_G.label,
            micro_credential=_G.word(_ANSWERS),
            reason=_G.sentence,
            source=_G.source,
            assessed=_G.list(_G.word({"yes": "", "no": "", "not_stated": ""})),
            credit=_G.bounds,
            any_credit=_G.flag(),
            other_credit=_G.flag(),
            hours=_G.bounds,
            hours_stated=_G.boolean(),
            called=_CALLED,
            declared=_CALLED,
            workload_column=_G.bounds,
        )
    ),
)


def read_table(text: str, name: str) -> Table:
    """One file's text. Raises `InputError` with the file, the row and the nearest key."""
    found: Table = _G.file(_TABLE, text, name, "row")
    codes = [row.category.code for row in found.row]
    if len(set(codes)) != len(codes):
        raise InputError("bad_taxonomy", f"{name}: two rows have the same code.")
    return found


def _load() -> Mapping[str, Table]:
    """Package data, read once at import; a bad file is a bug and raises."""
    folder = resources.files("agent.core") / "data" / "taxonomy"
    files = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda e: e.name
    )
    found = [read_table(entry.read_text("utf-8"), entry.name) for entry in files]
    return MappingProxyType({table.name: table for table in found})


TABLES: Final[Mapping[str, Table]] = _load()
UNASSESSED_CREDIT: Final = TABLES[DEFAULT].find("undefined_unassessed_credit")

"""What a rule written as data may ask of a record: paths, words, amounts; and the reader of such files. Pure.

`agent.core.taxonomy` (tables of sizes) and `agent.core.rules` (validation profiles) are made of these. A path
is checked when the file is read, so that a misspelt one is an error with the nearest name, not a rule that
never holds.

A path names fields of `agent.core.record.Record`; on a list it is present when every item has it. Present
means neither missing nor empty nor a zero amount (0 ECTS says nothing of the workload).
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from operator import attrgetter
from types import MappingProxyType, UnionType
from typing import Any, Final, get_args, get_origin, get_type_hints

from agent.core import vocabularies as words
from agent.core.grammar import Grammar, Reader
from agent.core.record import Record
from agent.errors import InputError

type Holds = Callable[[Record], bool]
type Words = Callable[[Record], tuple[str, ...]]

# One or more places in the sources, such as "003:591" or "000:264-272, 000:127".
SOURCE_PATTERN: Final = r"[0-9]{3}:[0-9]+(-[0-9]+)?(, [0-9]{3}:[0-9]+(-[0-9]+)?)*"
MAX_FILE_CHARS: Final = 64 * 1024
ASSESSED: Final = "computed.assessed"


def assessed(record: Record) -> bool | None:
    """Whether the learning was assessed: by the evidence grade (003:713-715), else by the assessment types.

    A certificate of completion that names a type of assessment counts as assessed; None means not stated.
    """
    basis = record.assessment.basis
    if basis == "participation":
        return False
    if basis == "assessed" or record.assessment.types:
        return True
    return None if basis is None else False


# --- paths


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    many: bool
    optional: bool


def _paths(kind: type, before: tuple[_Step, ...] = ()) -> Iterator[tuple[str, tuple[_Step, ...]]]:
    hints = get_type_hints(kind)
    for field in dataclasses.fields(kind):
        hint = hints[field.name]
        options = get_args(hint) if get_origin(hint) is UnionType else (hint,)
        inner = next(option for option in options if option is not type(None))
        many = get_origin(inner) is tuple
        inner = get_args(inner)[0] if many else inner
        here = (*before, _Step(field.name, many, type(None) in options))
        yield ".".join(step.name for step in here), here
        if dataclasses.is_dataclass(inner) and isinstance(inner, type):
            yield from _paths(inner, here)
    for name in (name for name, value in vars(kind).items() if isinstance(value, property)):
        here = (*before, _Step(name, many=False, optional=False))
        yield ".".join(step.name for step in here), here


PATHS: Final[Mapping[str, tuple[_Step, ...]]] = MappingProxyType(dict(_paths(Record)))

# Words that a path may hold; a rule that asks for another would never hold. Open vocabularies as well: a rule
# may only ask for what the sources name.
_VOCABULARIES: Final[Mapping[str, words.Vocabulary]] = MappingProxyType(
    {
        "assessment.basis": words.EVIDENCE_GRADES,
        "assessment.supervision": words.SUPERVISION,
        "assessment.types": words.ASSESSMENT_TYPES,
        "awarding_bodies.status": words.PROVIDER_STATUS,
        "category": words.CATEGORIES,
        "credit.system": words.CREDIT_SYSTEMS,
        "learning_type": words.LEARNING_TYPES,
        "level.qf_ehea": words.QF_EHEA,
        "participation": words.PARTICIPATION,
        "quality_assurance.accreditation": words.ACCREDITATION,
        "quality_assurance.type": words.QUALITY_ASSURANCE,
        "recognition.stackability": words.STACKABILITY,
        ASSESSED: MappingProxyType({"yes": "assessed", "no": "not assessed"}),
    }
)


def present(path: str) -> Callable[[Record], Any]:
    """Something that is true when the record states ``path``; compiled once, since it runs for every record."""
    return _present(PATHS[path])


def _present(steps: tuple[_Step, ...]) -> Callable[[Any], Any]:
    plain = 0
    while plain < len(steps) - 1 and not (steps[plain].many or steps[plain].optional):
        plain += 1
    get = attrgetter(".".join(step.name for step in steps[: plain + 1]))
    if plain == len(steps) - 1:
        return get
    inner = _present(steps[plain + 1 :])
    if steps[plain].many:
        return lambda value: bool(items := get(value)) and all(map(inner, items))
    return lambda value: (part := get(value)) is not None and inner(part)


def any_of(group: tuple[str, ...]) -> Callable[[Record], Any]:
    tests = tuple(present(path) for path in group)
    if len(tests) == 1:
        return tests[0]
    if len(tests) == 2:
        first, second = tests
        return lambda record: first(record) or second(record)
    return lambda record: any(test(record) for test in tests)


def stated_words(path: str) -> Words:
    """The words that the record holds at ``path``: none, one, or those of a list."""
    if path == ASSESSED:
        answers = {True: ("yes",), False: ("no",), None: ()}
        return lambda record: answers[assessed(record)]

    def collect(value: Any, steps: tuple[_Step, ...]) -> Iterator[str]:
        if value is None:
            return
        if isinstance(value, tuple):
            for item in value:
                yield from collect(item, steps)
        elif steps:
            yield from collect(getattr(value, steps[0].name), steps[1:])
        else:
            yield value

    steps = PATHS[path]
    return lambda record: tuple(collect(record, steps))


# --- amounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Limits of an amount; ``least`` and ``most`` belong to it, ``above`` and ``below`` do not."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None
    below: Decimal | None = None

    def hold(self, amount: Decimal) -> bool:
        return (
            (self.least is None or amount >= self.least)
            and (self.most is None or amount <= self.most)
            and (self.above is None or amount > self.above)
            and (self.below is None or amount < self.below)
        )


def measure(quantity: str, unit: str) -> Callable[[Record], Decimal | None]:
    """The credit in one system, or the workload in hours or minutes; None when it is not stated so.

    Credit in another system is never converted (domain.md §4), and minutes are not rounded.
    """
    if quantity == "credit":
        return lambda record: record.credit.amount if record.credit and record.credit.system == unit else None
    factor = Decimal(60 if unit == "minutes" else 1)
    return lambda record: Decimal(record.workload_hours) * factor if record.workload_hours else None


# --- readers


class DataGrammar(Grammar):
    """The readers that the data files share, beside those of JSON."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = self.text(
            64, r"[a-z][a-z0-9_]*", "must be a word of small letters, digits and underscores"
        )
        self.name = self.text(64, r"[a-z][a-z0-9-]*", "must be a word of small letters, digits and hyphens")
        self.label = self.text(200)
        self.sentence = self.text(500)
        self.source = self.text(200, SOURCE_PATTERN, "must be file:line, such as 003:591 or 000:264-272")
        self.path = self.key(PATHS, "is no member of a record")
        self.group = self.list(self.path)
        self.bounds = self.checked(
            self.object(Bounds, **dict.fromkeys(("least", "most", "above", "below"), self.number())),
            lambda bounds: (
                "gives the same limit twice"
                if (bounds.least is not None and bounds.above is not None)
                or (bounds.most is not None and bounds.below is not None)
                else ""
            ),
        )

    def key(self, known: Mapping[str, Any], rule: str) -> Reader:
        """One of many names, said with the nearest instead of with all of them."""

        def read(value: Any, path: str) -> str:
            if type(value) is str and value in known:
                return value
            near = get_close_matches(value[:100], known, n=1, cutoff=0.4) if type(value) is str else []
            raise self.bad(path, rule, f"Did you mean {near[0]}?" if near else "")

        return Reader(read, {"enum": list(known)})

    def number(self) -> Reader:
        """A whole number, or a decimal as text; a float would not be exact."""

        def read(value: Any, path: str) -> Decimal:
            if type(value) is int and 0 <= value <= 999999:
                return Decimal(value)
            if type(value) is str and re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,4})?", value):
                return Decimal(value)
            raise self.bad(path, 'must be a whole number, or a decimal in quotes such as "2.5"')

        whole = {"type": "integer", "minimum": 0, "maximum": 999999}
        return Reader(read, {"anyOf": [whole, {"type": "string", "pattern": r"^[0-9]{1,6}(\.[0-9]{1,4})?$"}]})

    def table(self, key: Reader, item: Reader) -> Reader:
        """An object whose member names are read as well."""

        def read(value: Any, path: str) -> Mapping[str, Any]:
            if type(value) is not dict or not value:
                raise self.bad(path, "must be a table with at least one member")
            return MappingProxyType(
                {
                    key.read(name, f"{path} (key)"): item.read(part, f"{path}.{name}")
                    for name, part in value.items()
                }
            )

        schema = {
            "type": "object",
            "minProperties": 1,
            "propertyNames": key.schema,
            "additionalProperties": item.schema,
        }
        return Reader(read, schema)

    def asked(self, path: str, asked: tuple[str, ...]) -> str:
        """The broken rule when a word is not one that the path may hold, else ""."""
        vocabulary = _VOCABULARIES[path]
        for word in asked:
            if word not in vocabulary:
                near = get_close_matches(word, vocabulary, n=1, cutoff=0.4)
                return f"asks {path} for a word that no source names" + (
                    f"; nearest: {near[0]}" if near else ""
                )
        return ""

    def word_path(self) -> Reader:
        return self.key(_VOCABULARIES, "is no member that holds words of a vocabulary")

    def file(self, reader: Reader, text: str, name: str, array: str) -> Any:
        """Read one TOML file; errors name the file, the line, the entry of ``array`` and the nearest key."""
        if len(text) > MAX_FILE_CHARS:
            raise self.bad(name, "is too large")
        try:
            data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise self.bad(name, f"is not TOML: {error}") from error
        try:
            return reader.read(data, name)
        except InputError as error:
            detail = error.detail.removeprefix(name).lstrip(".: ")
            raise InputError(
                error.code, f"{name}{_where(text, data, detail, array)}: {detail}", error.hint
            ) from error


def _where(text: str, data: Mapping[str, Any], detail: str, array: str) -> str:
    """ ", line 12, rule size" for the entry of ``array`` that ``detail`` names; "" when it names none."""
    place = re.match(rf"{array}\[(\d+)\]", detail)
    if place is None:
        return ""
    number = int(place[1])
    heads = [at for at, line in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[\[{array}\]\]", line)]
    line = f", line {heads[number]}" if number < len(heads) else ""
    entry = data[array][number]
    code = entry.get("code") if isinstance(entry, dict) else None
    return f"{line}, {array} {code if isinstance(code, str) and code.isidentifier() else number + 1}"

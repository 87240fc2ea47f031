"""The record: what a micro-credential says, apart from any envelope that secures it (design.md).

`Record.from_json` is the edge: what it returns is typed, bounded and has one canonical JSON form. Absent
members are ``None`` or empty and never appear in JSON, so that *missing* and *stated as empty* cannot be
confused: an empty text, list or object is refused. Texts keep every character they came with, because
they are data (`safe_text` is the display's business); only NUL and lone surrogates are refused, as they do
not survive the C strings of AnonCreds or UTF-8.

Shapes: dates are `datetime.date` (``YYYY-MM-DD`` in JSON); decimals are strings such as ``"5"`` or
``"2.5"``; prose is a mapping of language tag to text; vocabularies are in `agent.core.vocabularies`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Final

import rfc8785

from agent.core import vocabularies as words
from agent.core.limits import LIMITS
from agent.errors import InputError

RECORD_VERSION: Final = 1
MAX_RECORD_BYTES: Final = 64 * 1024
MAX_NAME_CHARS: Final = 300
MAX_LIST_ITEMS: Final = 64
MAX_LANGUAGES: Final = 30

type LangMap = Mapping[str, str]


def host_of(did: str) -> str:
    """``localhost:8301`` for ``did:web:localhost%3A8301``; empty for DIDs without a host."""
    method = "did:web:"
    if not did.startswith(method):
        return ""
    # Only the colon of a port may be encoded; decoding more would let a DID smuggle control characters.
    return did.removeprefix(method).split(":")[0].replace("%3A", ":").replace("%3a", ":")


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """Element 1 (002:1916). ``id`` is the issuer's number or a URI; a learner has no public DID."""

    given_name: str | None = None
    family_name: str | None = None
    birth_date: date | None = None
    id: str | None = None

    @property
    def full_name(self) -> str:
        return " ".join(name for name in (self.given_name, self.family_name) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Who signed. ``registry_id`` is the issuer's own claim and proves nothing (trust-registry.md §3)."""

    did: str
    name: LangMap = dataclasses.field(default_factory=dict)
    countries: tuple[str, ...] = ()
    registry_id: str | None = None

    @property
    def host(self) -> str:
        return host_of(self.did)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwardingBody:
    name: str
    status: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    text: LangMap
    esco: str | None = None
    dublin: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """``value`` in units of ``system``; never added to another system's."""

    system: str
    value: str

    @property
    def amount(self) -> Decimal:
        return Decimal(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NationalLevel:
    framework: str
    level: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Either at least one of the three levels, or explicitly not applicable (002:1926)."""

    eqf: int | None = None
    nqf: NationalLevel | None = None
    qf_ehea: str | None = None
    not_applicable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """``basis`` is the evidence grade (003:713-715), ``types`` how it was assessed."""

    basis: str | None = None
    types: tuple[str, ...] = ()
    supervision: str | None = None
    criteria: LangMap = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityAssurance:
    """The issuer's statement; whether it holds is the trust registry's to say."""

    type: str
    agency: str | None = None
    statement: LangMap = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    scale: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """Evidence, bound by hash when ``sha256`` (hex) is given."""

    url: str
    sha256: str | None = None
    description: LangMap = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One micro-credential. Only ``id`` and ``issuer.did`` are needed; what else is missing is for
    `agent.core.profiles.validate` to say, since incomplete credentials exist and must be showable.

    Built directly it is not checked; everything from outside goes through `from_json`.
    """

    id: str
    issuer: Issuer
    title: LangMap = dataclasses.field(default_factory=dict)
    learner: Learner = dataclasses.field(default_factory=Learner)
    awarding_bodies: tuple[AwardingBody, ...] = ()
    awarded_on: date | None = None
    expires_on: date | None = None
    outcomes: tuple[Outcome, ...] = ()
    credit: Credit | None = None
    workload_hours: str | None = None
    level: Level | None = None
    assessment: Assessment = dataclasses.field(default_factory=Assessment)
    participation: tuple[str, ...] = ()
    quality_assurance: QualityAssurance | None = None
    grade: Grade | None = None
    language: tuple[str, ...] = ()
    prerequisites: LangMap = dataclasses.field(default_factory=dict)
    description: LangMap = dataclasses.field(default_factory=dict)
    evidence: tuple[Attachment, ...] = ()
    articulates_with: tuple[str, ...] = ()
    learning_type: str | None = None
    template: str | None = None
    further: LangMap = dataclasses.field(default_factory=dict)

    @classmethod
    def from_json(cls, obj: Any) -> Record:
        """Read the JSON form, version 1.

        Raises `InputError` with a path such as ``record.credit.value`` and one of the codes
        ``bad_record``, ``unknown_member``, ``unsupported_version``, ``too_large``.
        """
        if not isinstance(obj, dict):
            raise InputError("bad_record", "record: must be an object.")
        version = obj.get("version")
        if type(version) is not int or version != RECORD_VERSION:
            raise InputError("unsupported_version", f"record.version: must be {RECORD_VERSION}.")
        members = {name: value for name, value in obj.items() if name != "version"}
        record: Record = _RECORD(members, "record")
        # Measured before the canonical form is made, which costs more; that form is never longer.
        if len(json.dumps(obj, ensure_ascii=False).encode()) > MAX_RECORD_BYTES:
            raise InputError("too_large", f"record: larger than {MAX_RECORD_BYTES} bytes.")
        return record

    def to_json(self) -> dict[str, Any]:
        """The JSON form: snake_case, no null, nothing empty. `from_json` gives back an equal record."""
        plain: dict[str, Any] = to_plain(self)
        return {"version": RECORD_VERSION, **plain}

    def canonical(self) -> bytes:
        """The JSON form as RFC 8785 bytes."""
        return rfc8785.dumps(self.to_json())

    def digest(self) -> str:
        """SHA-256 (hex) of `canonical`; the attribute ``record_digest`` binds the record to its envelope."""
        return hashlib.sha256(self.canonical()).hexdigest()


def choose_language(lang_map: LangMap, preferred: Sequence[str] = ("en",)) -> str:
    """The tag of the text to show, or "" if there is none.

    An exact match comes first, then the same language in another variety (``en-IE`` for ``en``), then the
    smallest tag, so that everyone chooses alike whatever the order of the members.
    """
    tags = sorted(lang_map)
    for wanted in preferred:
        for tag in tags:
            if tag.lower() == wanted.lower():
                return tag
        for tag in tags:
            if tag.lower().split("-")[0] == wanted.lower().split("-")[0]:
                return tag
    return tags[0] if tags else ""


def text(lang_map: LangMap, preferred: Sequence[str] = ("en",)) -> str:
    """The text in the best language (see `choose_language`); "" for an empty mapping."""
    return lang_map.get(choose_language(lang_map, preferred), "")


def to_plain(value: Any) -> Any:
    """Dataclasses to JSON values, without members that are None, False or empty."""
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, to_plain(getattr(value, field.name))) for field in dataclasses.fields(value))
        return {name: item for name, item in pairs if item not in (None, False, {}, [])}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


# Reading. Each parser takes (value, path) and returns the typed value or raises InputError with the path;
# messages name the rule that was broken and never the value.

type Parser = Callable[[Any, str], Any]


def _bad(path: str, rule: str) -> InputError:
    return InputError("bad_record", f"{path}: {rule}.")


def _text(limit: int, pattern: str | None = None, rule: str = "has the wrong form") -> Parser:
    compiled = re.compile(pattern) if pattern else None

    def parse(value: Any, path: str) -> str:
        if not isinstance(value, str):
            raise _bad(path, "must be text")
        if not value:
            raise _bad(path, "is empty; leave the member out instead")
        if len(value) > limit:
            raise _bad(path, f"has {len(value)} characters; the limit is {limit}")
        if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise _bad(path, "holds NUL or half a surrogate pair, which cannot be signed")
        if compiled and not compiled.fullmatch(value):
            raise _bad(path, rule)
        return value

    return parse


def _word(vocabulary: words.Vocabulary) -> Parser:
    def parse(value: Any, path: str) -> str:
        if not isinstance(value, str) or value not in vocabulary:
            raise _bad(path, f"must be one of {', '.join(vocabulary)}")
        return value

    return parse


def _list(item: Parser, limit: int = MAX_LIST_ITEMS) -> Parser:
    def parse(value: Any, path: str) -> tuple[Any, ...]:
        if not isinstance(value, list) or not value:
            raise _bad(path, "must be a list with at least one item")
        if len(value) > limit:
            raise _bad(path, f"has {len(value)} items; the limit is {limit}")
        return tuple(item(entry, f"{path}[{index}]") for index, entry in enumerate(value))

    return parse


def _prose(limit: int = LIMITS.text_chars) -> Parser:
    tag, entry = _text(35, r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"), _text(limit)

    def parse(value: Any, path: str) -> LangMap:
        if not isinstance(value, dict) or not value:
            raise _bad(path, 'must be an object of language to text, such as {"en": "…"}')
        if len(value) > MAX_LANGUAGES:
            raise _bad(path, f"has {len(value)} languages; the limit is {MAX_LANGUAGES}")
        if len({str(name).lower() for name in value}) != len(value):
            raise _bad(path, "names a language twice")
        # The tag itself comes from outside: it enters the path only once it is known to be one.
        return {tag(name, f"{path} (language tag)"): entry(value[name], f"{path}.{name}") for name in value}

    return parse


def _object(build: Callable[..., Any], required: tuple[str, ...] = (), **members: Parser) -> Parser:
    def parse(value: Any, path: str) -> Any:
        if not isinstance(value, dict) or not value:
            raise _bad(path, "must be an object with at least one member")
        for name in value:
            if name not in members:
                near = get_close_matches(str(name)[:100], members, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(members)}."
                raise InputError("unknown_member", f"{path}: unknown member {str(name)[:40]!a}.", hint)
        for name in required:
            if name not in value:
                raise _bad(f"{path}.{name}", "is missing")
        return build(**{name: members[name](value[name], f"{path}.{name}") for name in value})

    return parse


def _date(value: Any, path: str) -> date:
    if isinstance(value, str) and re.fullmatch(r"(19|2\d)\d\d-\d\d-\d\d", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise _bad(path, "is not a day of the calendar") from error
    raise _bad(path, "must be a date written YYYY-MM-DD, from 1900 to 2999")


def _eqf(value: Any, path: str) -> int:
    if type(value) is int and 1 <= value <= 8:
        return value
    raise _bad(path, "must be a whole number from 1 to 8")


def _true(value: Any, path: str) -> bool:
    if value is True:
        return True
    raise _bad(path, "must be true, or left out")


def _level(value: Any, path: str) -> Level:
    level: Level = _LEVEL(value, path)
    if level.not_applicable and len(value) > 1:
        raise _bad(path, "gives a level and says that none applies")
    return level


_NAME = _text(MAX_NAME_CHARS)
_ID = _text(500)
_SLUG = _text(64, r"[a-z][a-z0-9-]*", "must be a word of small letters, digits and hyphens")
_URL = _text(1000, r"https?://\S+", "must be an http or https address")
_COUNTRY = _text(6, r"[A-Z]{2}(-[A-Z0-9]{1,3})?", "must be an ISO 3166 code such as IE or BE-VLG")
_LANGUAGE = _text(35, r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", "must be a language tag such as en")
_DID = _text(500, r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+", "must be a DID")
_SHA256 = _text(64, r"[0-9a-f]{64}", "must be a SHA-256 in small hex")
# ASCII digits only. Two places give hundredths; four let a minute be said in hours (59 min = 0.9833 h).
_CREDIT_VALUE = _text(
    9, r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?", 'must be a decimal string such as "5" or "2.5"'
)
_HOURS = _text(
    10, r"(?!0+(\.0*)?$)(0|[1-9][0-9]{0,4})(\.[0-9]{1,4})?", 'must be a decimal string above 0 such as "125"'
)
_LEVEL = _object(
    Level,
    eqf=_eqf,
    nqf=_object(NationalLevel, ("framework", "level"), framework=_NAME, level=_NAME),
    qf_ehea=_word(words.QF_EHEA),
    not_applicable=_true,
)
_RECORD = _object(
    Record,
    ("id", "issuer"),
    id=_ID,
    title=_prose(500),
    learner=_object(Learner, given_name=_NAME, family_name=_NAME, birth_date=_date, id=_ID),
    issuer=_object(
        Issuer, ("did",), did=_DID, name=_prose(MAX_NAME_CHARS), countries=_list(_COUNTRY), registry_id=_ID
    ),
    awarding_bodies=_list(_object(AwardingBody, ("name",), name=_NAME, status=_SLUG, country=_COUNTRY)),
    awarded_on=_date,
    expires_on=_date,
    outcomes=_list(_object(Outcome, ("text",), text=_prose(), esco=_URL, dublin=_word(words.DUBLIN))),
    credit=_object(Credit, ("system", "value"), system=_SLUG, value=_CREDIT_VALUE),
    workload_hours=_HOURS,
    level=_level,
    assessment=_object(
        Assessment,
        basis=_word(words.EVIDENCE_GRADES),
        types=_list(_SLUG),
        supervision=_word(words.SUPERVISION),
        criteria=_prose(),
    ),
    participation=_list(_word(words.PARTICIPATION)),
    quality_assurance=_object(QualityAssurance, ("type",), type=_SLUG, agency=_NAME, statement=_prose()),
    grade=_object(Grade, ("scale", "value"), scale=_NAME, value=_NAME),
    language=_list(_LANGUAGE),
    prerequisites=_prose(),
    description=_prose(),
    evidence=_list(_object(Attachment, ("url",), url=_URL, sha256=_SHA256, description=_prose())),
    articulates_with=_list(_ID),
    learning_type=_word(words.LEARNING_TYPES),
    template=_ID,
    further=_prose(),
)

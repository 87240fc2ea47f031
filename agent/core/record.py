"""The record: what a micro-credential says, apart from any envelope that secures it (design.md).

`Record.from_json` is the edge: what it returns is typed, bounded and has one canonical JSON form. Absent
members are ``None`` or empty and never appear in JSON, so that *missing* and *stated as empty* cannot be
confused: an empty text, list or object is refused. Texts keep every character they came with, because
they are data (`safe_text` is the display's business); only NUL and lone surrogates are refused, as they do
not survive the C strings of AnonCreds or UTF-8.

Shapes: dates are `datetime.date` (``YYYY-MM-DD`` in JSON); decimals are strings such as ``"5"`` or
``"2.5"``; prose is a mapping of language tag to text; vocabularies are in `agent.core.vocabularies`. One file for the
shape and its reader, although long: a member is added in two places that stand together.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import rfc8785

from agent.core import vocabularies as words
from agent.core.grammar import LANGUAGE_TAG, Grammar, LangMap, Reader, Schema, document_schema
from agent.core.limits import LIMITS
from agent.errors import InputError

RECORD_VERSION: Final = 1
MAX_RECORD_BYTES: Final = 64 * 1024
MAX_NAME_CHARS: Final = 300
COUNTRY_CODE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")


def host_of(did: str) -> str:
    """``localhost:8301`` for ``did:web:localhost%3A8301``; empty for DIDs without a host."""
    method = "did:web:"
    if not did.startswith(method):
        return ""
    # Only the colon of a port may be encoded; decoding more would let a DID smuggle control characters.
    return did.removeprefix(method).split(":")[0].replace("%3A", ":").replace("%3a", ":")


def only_country(codes: Iterable[str]) -> str | None:
    """``BE`` for ``BE-VLG``, and for that and ``BE``; None when the codes are of several countries or of none.

    The registry is asked about one place; which of several an award belongs to, nobody says.
    """
    found = {code[:2] for code in codes}
    return found.pop() if len(found) == 1 else None


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
    """Who signed. ``registry_id`` is the issuer's own claim and proves nothing (trust-registry.md §3).

    ``did`` is a DID; in what was issued elsewhere it may be the web address that the issuer goes by (Open Badges
    2.0 knows no DIDs). An address is kept as it is: nobody signs for a did:web that we made up from it.
    """

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
class Assurance:
    """The statement that stands in for a regulated standard (001:412, 004:243)."""

    profile: LangMap = dataclasses.field(default_factory=dict)
    processes: LangMap = dataclasses.field(default_factory=dict)
    review: LangMap = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityAssurance:
    """The issuer's statement; whether it holds is the trust registry's to say.

    ``accreditation`` is the scope of the provider's accreditation (002:1947).
    ``standard`` names a regulated standard; without one an ``assurance`` statement takes its place, never
    both (001:412).
    """

    type: str
    agency: str | None = None
    statement: LangMap = dataclasses.field(default_factory=dict)
    accreditation: str | None = None
    standard: str | None = None
    assurance: Assurance | None = None


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
class Provision:
    """How it was offered: what Australia asks for beyond the Council's elements (004:233-234), and the
    optional elements of 002:1931-1962. ``requirements`` are physical resources, ``depth`` the mastery.
    """

    starts_on: date | None = None
    ends_on: date | None = None
    self_paced: bool = False
    requirements: LangMap = dataclasses.field(default_factory=dict)
    recommended_prior: LangMap = dataclasses.field(default_factory=dict)
    target_group: LangMap = dataclasses.field(default_factory=dict)
    costs: LangMap = dataclasses.field(default_factory=dict)
    jurisdiction: str | None = None
    industry: LangMap = dataclasses.field(default_factory=dict)
    supported_by: LangMap = dataclasses.field(default_factory=dict)
    depth: LangMap = dataclasses.field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """What the issuer says of further recognition; whether it is recognised is the target's side to say.

    ``credit_only_when_stacked_with`` (004:242) and ``supersedes`` hold template references;
    ``leads_to`` is the level of what it leads to, which is not its own level (004:242).
    """

    stackability: str | None = None
    credit_only_when_stacked_with: tuple[str, ...] = ()
    leads_to: Level | None = None
    statement: LangMap = dataclasses.field(default_factory=dict)
    supersedes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One micro-credential. Only ``id`` and ``issuer.did`` are needed; what else is missing is for
    `agent.core.profiles.validate` to say, since incomplete credentials exist and must be showable.
    ``category`` is what the issuer calls it; `agent.core.taxonomy` says what it is.

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
    category: str | None = None
    provision: Provision | None = None
    recognition: Recognition | None = None
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
        record: Record = _RECORD.read(members, "record")
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


def _one_level_or_none(level: Level) -> str:
    stated = level.eqf is not None or level.nqf is not None or level.qf_ehea is not None
    return "gives a level and says that none applies" if level.not_applicable and stated else ""


def _standard_or_statement(quality: QualityAssurance) -> str:
    both = quality.standard is not None and quality.assurance is not None
    return (
        "names a regulated standard and gives a statement of assurance; it is one or the other"
        if both
        else ""
    )


def _in_order(provision: Provision) -> str:
    if provision.starts_on and provision.ends_on and provision.ends_on < provision.starts_on:
        return "ends before it starts"
    return ""


_G: Final = Grammar("bad_record")
_NAME = _G.text(MAX_NAME_CHARS)
_ID = _G.text(500)
_SLUG = _G.text(64, r"[a-z][a-z0-9-]*", "must be a word of small letters, digits and hyphens")
_URL = _G.text(1000, r"https?://\S+", "must be an http or https address")
_COUNTRY = _G.text(6, COUNTRY_CODE.pattern, "must be an ISO 3166 code such as IE or BE-VLG")
_LANGUAGE = _G.text(35, LANGUAGE_TAG, "must be a language tag such as en")
_ISSUER = _G.text(
    500,
    r"did:[a-z0-9]+:[A-Za-z0-9._:%-]+|https?://\S+",
    "must be a DID, or the web address of a foreign issuer",
)
_SHA256 = _G.text(64, r"[0-9a-f]{64}", "must be a SHA-256 in small hex")
# ASCII digits only. Two places give hundredths; four let a minute be said in hours (59 min = 0.9833 h).
_CREDIT_VALUE = _G.text(
    9, r"(0|[1-9][0-9]{0,5})(\.[0-9]{1,2})?", 'must be a decimal string such as "5" or "2.5"'
)
_HOURS = _G.text(
    10, r"(?!0+(\.0*)?$)(0|[1-9][0-9]{0,4})(\.[0-9]{1,4})?", 'must be a decimal string above 0 such as "125"'
)
_PROSE = _G.prose(LIMITS.text_chars)
_DATE = _G.day()
_LEVEL = _G.checked(
    _G.object(
        Level,
        eqf=_G.whole(1, 8),
        nqf=_G.object(NationalLevel, ("framework", "level"), framework=_NAME, level=_NAME),
        qf_ehea=_G.word(words.QF_EHEA),
        not_applicable=_G.flag(),
    ),
    _one_level_or_none,
    dependentSchemas={"not_applicable": {"maxProperties": 1}},
)
_QUALITY = _G.checked(
    _G.object(
        QualityAssurance,
        ("type",),
        type=_SLUG,
        agency=_NAME,
        statement=_PROSE,
        accreditation=_SLUG,
        standard=_NAME,
        assurance=_G.object(Assurance, profile=_PROSE, processes=_PROSE, review=_PROSE),
    ),
    _standard_or_statement,
    **{"not": {"required": ["standard", "assurance"]}},
)
_PROVISION = _G.checked(
    _G.object(
        Provision,
        starts_on=_DATE,
        ends_on=_DATE,
        self_paced=_G.flag(),
        requirements=_PROSE,
        recommended_prior=_PROSE,
        target_group=_PROSE,
        costs=_PROSE,
        jurisdiction=_COUNTRY,
        industry=_PROSE,
        supported_by=_PROSE,
        depth=_PROSE,
    ),
    _in_order,
)
_MEMBERS: Final[dict[str, Reader]] = {
    "id": _ID,
    "title": _G.prose(500),
    "learner": _G.object(Learner, given_name=_NAME, family_name=_NAME, birth_date=_DATE, id=_ID),
    "issuer": _G.object(
        Issuer,
        ("did",),
        did=_ISSUER,
        name=_G.prose(MAX_NAME_CHARS),
        countries=_G.list(_COUNTRY),
        registry_id=_ID,
    ),
    "awarding_bodies": _G.list(
        _G.object(AwardingBody, ("name",), name=_NAME, status=_SLUG, country=_COUNTRY)
    ),
    "awarded_on": _DATE,
    "expires_on": _DATE,
    "outcomes": _G.list(_G.object(Outcome, ("text",), text=_PROSE, esco=_URL, dublin=_G.word(words.DUBLIN))),
    "credit": _G.object(Credit, ("system", "value"), system=_SLUG, value=_CREDIT_VALUE),
    "workload_hours": _HOURS,
    "level": _LEVEL,
    "assessment": _G.object(
        Assessment,
        basis=_G.word(words.EVIDENCE_GRADES),
        types=_G.list(_SLUG),
        supervision=_G.word(words.SUPERVISION),
        criteria=_PROSE,
    ),
    "participation": _G.list(_G.word(words.PARTICIPATION)),
    "quality_assurance": _QUALITY,
    "grade": _G.object(Grade, ("scale", "value"), scale=_NAME, value=_NAME),
    "language": _G.list(_LANGUAGE),
    "prerequisites": _PROSE,
    "description": _PROSE,
    "evidence": _G.list(_G.object(Attachment, ("url",), url=_URL, sha256=_SHA256, description=_PROSE)),
    "articulates_with": _G.list(_ID),
    "learning_type": _G.word(words.LEARNING_TYPES),
    "category": _SLUG,
    "provision": _PROVISION,
    "recognition": _G.object(
        Recognition,
        stackability=_G.word(words.STACKABILITY),
        credit_only_when_stacked_with=_G.list(_ID),
        leads_to=_LEVEL,
        statement=_PROSE,
        supersedes=_G.list(_ID),
    ),
    "template": _ID,
    "further": _PROSE,
}
_RECORD: Final = _G.object(Record, ("id", "issuer"), **_MEMBERS)


def record_schema() -> Schema:
    """The JSON Schema (2020-12) of the JSON form, version 1; ``docs/schema/record.json`` is this."""
    schema = document_schema(_RECORD, "Cairn micro-credential record, version 1")
    schema["properties"] = {"version": {"const": RECORD_VERSION}, **schema["properties"]}
    schema["required"] = ["version", *schema["required"]]
    return schema

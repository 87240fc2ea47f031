"""From the members of a foreign document to the members of a record. Pure.

Nothing is taken on faith and nothing is made up: a value becomes a member only if the record's own grammar takes it,
and what becomes none stays in the list of what was not understood. Errors: none; what does not fit is left.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from agent.core.grammar import LANGUAGE_TAG
from agent.core.record import Record
from agent.errors import InputError
from trust_registry.strict_json import b64url

NO_LANGUAGE: Final = "und"
MAX_UNKNOWN: Final = 200
MAX_TEXT: Final = 500
MAX_PATH: Final = 200

_LANGUAGE: Final = re.compile(LANGUAGE_TAG)
_STRUCTURE: Final = frozenset({"@context", "proof", "credentialStatus", "credentialSchema"})
# Class names of the standards that say nothing beyond where they stand.
_CLASSES: Final = frozenset(
    {
        "Achievement",
        "AchievementCredential",
        "AchievementSubject",
        "Address",
        "Alignment",
        "AlignmentObject",
        "Assertion",
        "Association",
        "BadgeClass",
        "ClrCredential",
        "ClrSubject",
        "Criteria",
        "EndorsementCredential",
        "EndorsementSubject",
        "Evidence",
        "GeoCoordinates",
        "IdentifierEntry",
        "IdentityObject",
        "Image",
        "Issuer",
        "OpenBadgeCredential",
        "Organization",
        "Person",
        "Profile",
        "Result",
        "ResultDescription",
        "VerifiableCredential",
    }
)


def items(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    """JSON-LD's one or many: each value with its path."""
    if isinstance(value, list):
        yield from ((entry, f"{path}[{index}]") for index, entry in enumerate(value))
    elif value is not None:
        yield value, path


def nodes(value: Any, path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """The objects among one or many."""
    yield from ((entry, place) for entry, place in items(value, path) if isinstance(entry, dict))


def words(value: Any) -> tuple[str, ...]:
    """The strings among one or many."""
    return tuple(entry for entry, _ in items(value, "") if isinstance(entry, str))


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def prose(value: Any, language: str = NO_LANGUAGE) -> dict[str, str] | None:
    """Language to text: of a plain string in ``language``, of value objects with @language (W3C VCDM 2.0, 11.1), or
    of a language map. None for anything else."""
    if isinstance(value, str):
        return {language: value} if value else None
    if isinstance(value, list):
        found: dict[str, str] = {}
        for entry in value:
            for tag, text in (prose(entry, language) or {}).items():
                found.setdefault(tag, text)
        return found or None
    if not isinstance(value, dict):
        return None
    if "@value" in value:
        tag = value.get("@language", language)
        return prose(value["@value"], tag) if _is_language(tag) else None
    texts = {tag: text for tag, text in value.items() if _is_language(tag) and isinstance(text, str) and text}
    return texts if texts and len(texts) == len(value) else None


def language_of(value: Any) -> str:
    """The tag, or *und* when none is stated."""
    return value if _is_language(value) else NO_LANGUAGE


def _is_language(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 35 and _LANGUAGE.fullmatch(value) is not None


def day(value: Any) -> str | None:
    """The day of an RFC 3339 time, as it is written there: the record knows days only."""
    return (
        value[:10]
        if isinstance(value, str) and len(value) >= 10 and value[10:11] in {"", "T", "t", " "}
        else None
    )


def decimal(value: Any) -> str | None:
    """A JSON number or decimal string with at most two decimal places, as the record writes it."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = str(value)
    return text.removesuffix(".0") if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,2})?", text, re.ASCII) else None


def name_by_hash(document: dict[str, Any]) -> str:
    """A name for a document without an id, made of nothing but itself (RFC 6920)."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"ni:///sha-256;{b64url(hashlib.sha256(text.encode()).digest())}"


@dataclass(slots=True)
class Draft:
    """A record in the making. ``known`` are the paths of the document whose values it holds."""

    members: dict[str, Any] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def put(self, member: str, value: Any, path: str = "") -> bool:
        """Take ``value`` as ``member`` (``learner.id``; ``outcomes[]`` appends) if the record's grammar does.

        A member that is there already stays: the first source wins, and the other is shown as not understood.
        """
        if value is None:
            return False
        top, _, rest = member.removesuffix("[]").partition(".")
        trial = deepcopy(self.members.get(top))
        if member.endswith("[]"):
            trial = [*(trial or []), value]
        elif rest:
            trial = trial or {}
            if rest in trial:
                return False
            trial[rest] = value
        elif trial is None:
            trial = value
        else:
            return False
        if not self._fits(top, trial):
            return False
        self.members[top] = trial
        if path:
            self.known.add(path)
        return True

    def record(self) -> Record | None:
        """None when there is no id, or no issuer that a record can name."""
        if "id" not in self.members or "did" not in self.members.get("issuer", {}):
            return None
        return Record.from_json({"version": 1, **self.members})

    def _fits(self, top: str, trial: Any) -> bool:
        """Held against the whole, so that the record never grows larger than a record may be."""
        members: dict[str, Any] = {"id": "urn:trial", **self.members, top: trial}
        members["issuer"] = {"did": "did:x:trial", **members.get("issuer", {})}
        try:
            Record.from_json({"version": 1, **members})
        except InputError:
            return False
        return True


def leftovers(document: dict[str, Any], known: set[str]) -> tuple[tuple[str, str], ...]:
    """Path and raw text of every value that ``known`` does not cover, bounded in number and in length.

    What stands beyond the bound is counted in a last entry with the path ``…``. Proofs, contexts, status and schema
    references are left to the verifier.
    """
    found: list[tuple[str, str]] = []
    beyond = 0
    for path, value in _leaves(document, "", known):
        if len(found) < MAX_UNKNOWN:
            found.append((_cut(path, MAX_PATH), _cut(_raw(value), MAX_TEXT)))
        else:
            beyond += 1
    if beyond:
        found.append(("…", f"{beyond} more"))
    return tuple(found)


def _leaves(value: Any, path: str, known: set[str]) -> Iterator[tuple[str, Any]]:
    if path in known:
        return
    if isinstance(value, dict) and value:
        for name, part in value.items():
            if (not path and name in _STRUCTURE) or (
                name == "type" and _CLASSES.issuperset(words(part) or ("",))
            ):
                continue
            yield from _leaves(part, f"{path}.{name}" if path else name, known)
    elif isinstance(value, list) and value:
        for index, part in enumerate(value):
            yield from _leaves(part, f"{path}[{index}]", known)
    else:
        yield path, value


def _raw(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

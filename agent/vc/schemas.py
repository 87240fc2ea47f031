"""1EdTech's JSON Schemas, pinned; and what a document does not meet in them. Pure.

The files in ``data/schemas`` are byte for byte what 1EdTech published, each held against its SHA-256 in
``manifest.json`` (``{"url", "file", "sha256", "licence", "source"}``) before it is used. 1EdTech publishes two of each
kind: the *formal* one, in which everything that may be many is a list (``proof`` too), and one for JSON-LD, in which
one of a kind may stand alone. Of the learner record only the second could be had.

A document is data from outside: a `Problem` names a place and the rule, never a value. Takes 0.2 s for the first
check, since jsonschema is imported then; verification does not need it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from agent.errors import InputError
from agent.vc.badge3 import is_badge
from agent.vc.mapping import words

if TYPE_CHECKING:
    from jsonschema import Draft201909Validator
    from jsonschema.exceptions import ValidationError

__all__ = ["Problem", "check"]

MAX_PROBLEMS: Final = 20
_FORMAL: Final = "ob-3.0-achievementcredential.json"
_BADGE: Final = "ob-3.0-achievementcredential-jsonld.json"
_CLR: Final = "clr-2.0-clrcredential-jsonld.json"


@dataclass(frozen=True, slots=True)
class Problem:
    """``path`` such as ``credentialSubject.achievement.criteria``, empty for the whole document."""

    path: str
    rule: str


def check(document: dict[str, Any], *, formal: bool = False) -> tuple[Problem, ...]:
    """What the document does not meet, at most ``MAX_PROBLEMS``; empty when it is valid.

    ``formal``: by the formal schema, which is how badges of our own are made. Raises `InputError` no_schema for
    documents of other kinds (Open Badges 2.0, the W3C data model 1.1) and schema_digest.
    """
    kinds = words(document.get("type"))
    contexts = words(document.get("@context"))
    if "https://www.w3.org/ns/credentials/v2" not in contexts[:1] or not (
        "ClrCredential" in kinds or is_badge(document)
    ):
        raise InputError("no_schema", "There is no JSON Schema here for a document of this kind.")
    name = _CLR if "ClrCredential" in kinds else _FORMAL if formal else _BADGE
    found = []
    for error in _validator(name).iter_errors(document):
        found.append(_problem(error))
        if len(found) == MAX_PROBLEMS:
            break
    return tuple(found)


@cache
def _validator(name: str) -> Draft201909Validator:
    from jsonschema import Draft201909Validator

    entries = json.loads(_data("manifest.json"))
    pinned = {entry["file"]: entry["sha256"] for entry in entries}
    data = _data(name)
    if hashlib.sha256(data).hexdigest() != pinned[name]:
        raise InputError("schema_digest", f"The schema file {name} is not the pinned one.", "Install again.")
    return Draft201909Validator(json.loads(data))


def _data(name: str) -> bytes:
    return files("agent.vc").joinpath("data", "schemas", name).read_bytes()


def _problem(error: ValidationError) -> Problem:
    """The place and rule of an error; of alternatives, of the one that went furthest, which was the one meant."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return Problem(_path(error.absolute_path), _rule(error))


def _path(parts: Iterable[str | int]) -> str:
    path = ""
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else f".{part[:60]}"
    return path.removeprefix(".")[:300]


def _rule(error: ValidationError) -> str:
    """The keyword and what it asks, from the schema alone: the error's own message quotes the document."""
    if error.validator == "required":
        absent = [name for name in error.validator_value if name not in error.instance]
        return f"lacks {', '.join(absent)}"
    if error.validator in {"type", "enum", "pattern", "minItems", "format"}:
        return f"{error.validator}: {json.dumps(error.validator_value)[:200]}"
    return f"does not meet {error.validator}"

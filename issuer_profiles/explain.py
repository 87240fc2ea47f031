"""From pydantic's complaint about a file to one sentence for its author: where, what, and the nearest key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from issuer_profiles.errors import ProfileContentError
from issuer_profiles.positions import Path, scan
from issuer_profiles.reading import clipped

# In an author's words; what is not here is said as pydantic says it.
_SAID: Final[Mapping[str, str]] = {
    "unexpected_keyword_argument": "unknown key",
    "missing": "is missing",
    "missing_keyword_only_argument": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list",
    "mapping_type": "must be a table",
    "dict_type": "must be a table",
    "dataclass_type": "must be a table",
    "string_too_short": "is empty",
    "too_short": "is empty",
}
# By the pattern's own text, which JSON Schema shows, too.
PATTERNS: Final[Mapping[str, str]] = {
    r"^[a-z][a-z0-9-]*$": "must be a word of small letters, digits and hyphens",
    r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$": "must be an ISO 3166 code such as IE or BE-VLG",
    r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$": "must be a language tag such as en",
    r"^(0|[1-9][0-9]{0,5})(\.[0-9]{1,4})?$": 'must be a decimal number in quotes, such as "5" or "2.5"',
    r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}$": 'must be a date in quotes, such as "2026-11-22"',
    r"^00[0-4]:[0-9]+(-[0-9]+)?$": "must name a line of a source document, such as 003:1614",
}


def explain(model: type, error: ValidationError, text: str, file: str) -> ProfileContentError:
    """The first complaint, as one error; unknown keys first, since they often cause the others."""
    first = min(
        error.errors(include_url=False, include_input=True),
        key=lambda item: item["type"] != "unexpected_keyword_argument",
    )
    kind, context = first["type"], first.get("ctx", {})
    path: Path = tuple(part for part in first["loc"] if part != "[key]")
    place, hint = path, ""
    if kind == "unexpected_keyword_argument":
        said, hint = _SAID[kind], nearest(str(path[-1]), known_keys(model, path[:-1]))
    elif kind == "value_error":
        said = str(context["error"])
        # The models' own rules begin with the key they are about, where there is one.
        key = said.split(maxsplit=1)[0].strip("',.:")
        place = (*path, key) if key in known_keys(model, path) else path
    elif kind == "literal_error":
        words = re.findall(r"'([^']*)'", str(context["expected"])) or [str(context["expected"])]
        said = f"must be one of {', '.join(words)}" if len(words) > 1 else f"must be {words[0]}"
        near = get_close_matches(str(first["input"])[:100], words, n=1, cutoff=0.4)
        hint = f"Did you mean {near[0]}?" if near and near[0] != str(first["input"]) else ""
    else:
        said = PATTERNS.get(str(context.get("pattern")), "") or _SAID.get(kind, "") or first["msg"].lower()
        hint = _how_to_write(kind, path, first.get("input"))
    if kind.startswith("missing"):
        place = path[:-1]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{clipped(part, 60)}" for part in path)
    detail = f"{where.lstrip('.')}: {said}." if path else f"{said[:1].upper()}{said[1:]}."
    return ProfileContentError("bad_content", detail, hint, file=file, line=_line_of(place, text))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint: the nearest of ``known``, or all of them."""
    words = tuple(known)
    near = get_close_matches(name[:100], words, n=1, cutoff=0.4)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known: {', '.join(words)}." if words else ""


def known_keys(model: type, path: Path) -> tuple[str, ...]:
    """The keys of the table at ``path``, read from the model's JSON Schema; none where any key may stand."""
    root = _schema(model)

    def resolve(part: Mapping[str, Any]) -> Mapping[str, Any]:
        for option in (part, *part.get("anyOf", ())):
            if "$ref" in option:
                return resolve(root["$defs"][option["$ref"].rpartition("/")[2]])
        return part

    place = resolve(root)
    for step in path:
        at_index = isinstance(step, int)
        place = resolve(place.get("items", {}) if at_index else place.get("properties", {}).get(step, {}))
    return tuple(place.get("properties", ()))


@cache
def _schema(model: type) -> dict[str, Any]:
    return TypeAdapter(model).json_schema()


def _how_to_write(kind: str, path: Path, given: Any) -> str:
    key = next((clipped(part, 60) for part in reversed(path) if isinstance(part, str)), "")
    if kind == "string_type" and isinstance(given, int | float) and not isinstance(given, bool):
        return f'Put it in quotes: "{clipped(str(given), 20)}".'
    if kind == "string_type" and isinstance(given, dict):
        return "Here is no table for languages; write one text."
    if kind in ("mapping_type", "dict_type") and isinstance(given, str):
        return f'Say the language: {key} = {{ en = "…" }}.'
    if kind == "tuple_type" and isinstance(given, dict):
        return f"Write [[{key}]] before each of its items."
    if kind == "tuple_type":
        return f'Write it in brackets: {key} = ["…"].'
    return ""


def _line_of(path: Path, text: str) -> int:
    """The line of the deepest part of ``path`` that occurs in the file; 0 if none does."""
    found = scan(text)
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return 0

"""Small readers of JSON values that also say what they take, as JSON Schema. Pure.

One declaration is the parser and the schema, so that the two cannot disagree. A reader takes (value, path)
and returns the typed value or raises `InputError` whose detail names the path and the rule that was broken,
never the value. What a schema cannot say (a day of the calendar, halves of surrogate pairs) only the parser
refuses; `agent.core.record` and `agent.core.policy` are made of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Any, Final

from agent.errors import InputError

MAX_LIST_ITEMS: Final = 64
MAX_LANGUAGES: Final = 30
LANGUAGE_TAG: Final = r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*"

type Schema = dict[str, Any]
type LangMap = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """``read(value, path)`` and the JSON Schema of what it takes."""

    read: Callable[[Any, str], Any]
    schema: Schema

    def __call__(self, value: Any, path: str) -> Any:
        return self.read(value, path)


def document_schema(reader: Reader, title: str, **more: Any) -> Schema:
    """A whole JSON Schema document (2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        **more,
        **reader.schema,
    }


class Grammar:
    """The readers of one kind of document; ``code`` is the error code of everything wrong with it."""

    def __init__(self, code: str) -> None:
        self._code = code

    def bad(self, path: str, rule: str, hint: str = "") -> InputError:
        return InputError(self._code, f"{path}: {rule}.", hint)

    def text(
        self, limit: int, pattern: str | None = None, rule: str = "has the wrong form", least: int = 1
    ) -> Reader:
        match = re.compile(pattern).fullmatch if pattern else None

        def read(value: Any, path: str) -> str:
            if type(value) is not str:
                raise self.bad(path, "must be text")
            if not value:
                raise self.bad(path, "is empty; leave the member out instead")
            if len(value) > limit:
                raise self.bad(path, f"has {len(value)} characters; the limit is {limit}")
            if "\0" in value or not (value.isascii() or _encodable(value)):
                raise self.bad(path, "holds NUL or half a surrogate pair, which cannot be signed")
            if match is not None and match(value) is None:
                raise self.bad(path, rule)
            return value

        schema: Schema = {"type": "string", "minLength": least, "maxLength": limit}
        if pattern:
            schema["pattern"] = f"^(?:{pattern})$"
        return Reader(read, schema)

    def word(self, vocabulary: Mapping[str, Any]) -> Reader:
        """One of a closed vocabulary."""

        def read(value: Any, path: str) -> str:
            if type(value) is not str or value not in vocabulary:
                near = get_close_matches(value[:100], vocabulary, n=1) if type(value) is str else []
                hint = f"Did you mean {near[0]}?" if near else ""
                raise self.bad(path, f"must be one of {', '.join(vocabulary)}", hint)
            return value

        return Reader(read, {"enum": list(vocabulary)})

    def whole(self, least: int, most: int) -> Reader:
        def read(value: Any, path: str) -> int:
            if type(value) is int and least <= value <= most:
                return value
            raise self.bad(path, f"must be a whole number from {least} to {most}")

        return Reader(read, {"type": "integer", "minimum": least, "maximum": most})

    def flag(self) -> Reader:
        """True, or the member is left out: false would be a third way to say nothing."""

        def read(value: Any, path: str) -> bool:
            if value is True:
                return True
            raise self.bad(path, "must be true, or left out")

        return Reader(read, {"const": True})

    def boolean(self) -> Reader:
        def read(value: Any, path: str) -> bool:
            if type(value) is bool:
                return value
            raise self.bad(path, "must be true or false")

        return Reader(read, {"type": "boolean"})

    def list(self, item: Reader, limit: int = MAX_LIST_ITEMS) -> Reader:
        read_item = item.read

        def read(value: Any, path: str) -> tuple[Any, ...]:
            if type(value) is not list or not value:
                raise self.bad(path, "must be a list with at least one item")
            if len(value) > limit:
                raise self.bad(path, f"has {len(value)} items; the limit is {limit}")
            return tuple([read_item(entry, f"{path}[{index}]") for index, entry in enumerate(value)])

        return Reader(read, {"type": "array", "items": item.schema, "minItems": 1, "maxItems": limit})

    def prose(self, limit: int) -> Reader:
        """Text in one or more languages: ``{"en": "…"}``."""
        tag, entry = self.text(35, LANGUAGE_TAG), self.text(limit)
        known_tag, read_entry = re.compile(LANGUAGE_TAG).fullmatch, entry.read

        def read(value: Any, path: str) -> LangMap:
            if type(value) is not dict or not value:
                raise self.bad(path, 'must be an object of language to text, such as {"en": "…"}')
            if len(value) > MAX_LANGUAGES:
                raise self.bad(path, f"has {len(value)} languages; the limit is {MAX_LANGUAGES}")
            if len(value) > 1 and len({str(name).lower() for name in value}) != len(value):
                raise self.bad(path, "names a language twice")
            found = {}
            for name, text in value.items():
                # The tag itself comes from outside: it enters a path only once it is known to be one.
                if type(name) is not str or known_tag(name) is None or len(name) > 35:
                    tag.read(name, f"{path} (language tag)")
                found[name] = read_entry(text, f"{path}.{name}")
            return found

        schema = {
            "type": "object",
            "minProperties": 1,
            "maxProperties": MAX_LANGUAGES,
            "propertyNames": tag.schema,
            "additionalProperties": entry.schema,
        }
        return Reader(read, schema)

    def object(
        self, build: Callable[..., Any], required: tuple[str, ...] = (), /, **members: Reader
    ) -> Reader:
        """``build(**members)``; an unknown member is an error of its own code, with the nearest name."""

        readers = {name: reader.read for name, reader in members.items()}
        known = readers.get

        def read(value: Any, path: str) -> Any:
            if type(value) is not dict or not value:
                raise self.bad(path, "must be an object with at least one member")
            found = {}
            for name, part in value.items():
                reader = known(name)
                if reader is None:
                    raise unknown_member(path, name, members)
                found[name] = reader(part, f"{path}.{name}")
            for name in required:
                if name not in found:
                    raise self.bad(f"{path}.{name}", "is missing")
            return build(**found)

        schema: Schema = {
            "type": "object",
            "properties": {name: reader.schema for name, reader in members.items()},
            "additionalProperties": False,
            "minProperties": 1,
        }
        if required:
            schema["required"] = list(required)
        return Reader(read, schema)

    def day(self) -> Reader:
        pattern = re.compile(_DAY, re.ASCII)

        def read(value: Any, path: str) -> date:
            if type(value) is str and pattern.fullmatch(value):
                try:
                    return date.fromisoformat(value)
                except ValueError as error:
                    raise self.bad(path, "is not a day of the calendar") from error
            raise self.bad(path, "must be a date written YYYY-MM-DD, from 1900 to 2999")

        return Reader(read, {"type": "string", "format": "date", "pattern": f"^{_DAY}$"})

    def checked(self, reader: Reader, check: Callable[[Any], str], **schema: Any) -> Reader:
        """``reader``, and then a rule over the typed value: ``check`` gives the broken rule or ""."""

        def read(value: Any, path: str) -> Any:
            found = reader.read(value, path)
            if rule := check(found):
                raise self.bad(path, rule)
            return found

        return Reader(read, {**reader.schema, **schema})


_DAY: Final = r"(19|2[0-9])[0-9][0-9]-[0-9][0-9]-[0-9][0-9]"


def unknown_member(path: str, name: Any, known: Mapping[str, Any]) -> InputError:
    """The member is named only if it could be one of ours misspelt: anything else might be a value."""
    near = get_close_matches(str(name)[:100], known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
    told = f" '{name}'" if re.fullmatch(r"[a-z][a-z_]{0,39}", str(name)) else ""
    return InputError("unknown_member", f"{path}: unknown member{told}.", hint)


def _encodable(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True

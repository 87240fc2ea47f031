"""JSON objects from the agent service, read defensively: what is malformed counts as absent or is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from agent.errors import AgentError
from wallet_tui.safe_text import Untrusted

MAX_PARTS = 500
MAX_NUMBER_CHARS = 12
MAX_NUMBER = 10**12
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


class Doc:
    """A JSON object read defensively: a member of the wrong type counts as absent."""

    __slots__ = ("_data",)

    def __init__(self, data: Any) -> None:
        self._data: dict[str, Any] = data if isinstance(data, dict) else {}

    def __bool__(self) -> bool:
        return bool(self._data)

    def text(self, name: str) -> Untrusted:
        return Untrusted(self.ident(name))

    def ident(self, name: str) -> str:
        value = self._data.get(name)
        if isinstance(value, str):
            return value
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""

    def word(self, name: str, allowed: Iterable[str], fallback: str) -> str:
        value = self._data.get(name)
        return value if isinstance(value, str) and value in allowed else fallback

    def number(self, name: str) -> int | None:
        value = self._data.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MAX_NUMBER:
            return None
        return int(value)

    def amount(self, name: str) -> Decimal | None:
        """A plain decimal such as ``12`` or ``2.5``; exponents, signs and words count as absent."""
        raw = self.ident(name)
        return Decimal(raw) if _AMOUNT.fullmatch(raw) else None

    def flag(self, name: str) -> bool:
        return self._data.get(name) is True

    def is_false(self, name: str) -> bool:
        return self._data.get(name) is False

    def time(self, name: str) -> datetime | None:
        """RFC 3339 with an offset; anything else counts as absent."""
        try:
            value = datetime.fromisoformat(self.ident(name))
        except ValueError:
            return None
        return value if value.tzinfo is not None else None

    def doc(self, name: str) -> Doc:
        return Doc(self._data.get(name))

    def docs(self, name: str, limit: int = MAX_PARTS) -> list[Doc]:
        value = self._data.get(name)
        return [Doc(item) for item in value[:limit]] if isinstance(value, list) else []

    def all_docs(self, name: str, limit: int) -> list[Doc]:
        """Every item or an error: for lists where an item left out would be a lie."""
        value = self._data.get(name)
        if isinstance(value, list) and len(value) > limit:
            raise AgentError("too_large", f"The agent service sent more than {limit} items for “{name}”.")
        return self.docs(name, limit)

    def texts(self, name: str, limit: int = MAX_PARTS) -> tuple[Untrusted, ...]:
        value = self._data.get(name)
        items = value[:limit] if isinstance(value, list) else []
        return tuple(Untrusted(item) for item in items if isinstance(item, str))

    def first_text(self) -> Untrusted:
        """The first member that is text, for objects whose names are languages."""
        return Untrusted(next((item for item in self._data.values() if isinstance(item, str)), ""))

    def idents(self, name: str, limit: int) -> tuple[str, ...]:
        """Every identifier of a list, or an error: one left out would be a lie (see `all_docs`)."""
        value = self._data.get(name)
        items = value if isinstance(value, list) else []
        if len(items) > limit or not all(isinstance(item, str) for item in items):
            raise AgentError("bad_answer", f"The agent service sent no list of names for “{name}”.")
        return tuple(items)

    def named(self, limit: int) -> tuple[tuple[str, str], ...]:
        """The members that are texts, by name."""
        found = [(name, value) for name, value in self._data.items() if isinstance(value, str)]
        return tuple(sorted(found)[:limit])

    def raw(self, name: str) -> Any:
        """As it came: for sending back, never for showing."""
        return self._data.get(name)

    def numbers(self, name: str, limit: int = 20) -> tuple[int, ...] | None:
        """Whole numbers only; None when there is no such list."""
        value = self._data.get(name)
        if not isinstance(value, list):
            return None
        return tuple(item for item in value[:limit] if type(item) is int and abs(item) < MAX_NUMBER)

    def need(self, name: str) -> str:
        """An identifier without which the answer is of no use."""
        value = self.ident(name)
        if not value:
            raise AgentError(
                "bad_answer", f"The agent service left out “{name}”.", "Update both parts of Cairn."
            )
        return value

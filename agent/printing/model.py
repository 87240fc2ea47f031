"""A page as data, whatever it is printed as: a heading, sections of facts, checks, tables and sentences, and a file.

Every text in it has been through `agent.printing.text.shown`; nothing is cut silently: what was left out is said.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

from agent.errors import InputError
from agent.printing.drawing import Outline

type Mark = Literal["pass", "fail", "unknown", "counted", "offered", "excluded"]

MAX_ATTACHED: Final = 16 * 1024 * 1024
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

# A state is always a glyph and a word, never a colour alone; the words are the wallet's.
WORDS: Final[dict[Mark, tuple[str, str]]] = {
    "pass": ("✓", "pass"),
    "fail": ("✗", "fail"),
    "unknown": ("?", "unknown"),
    "counted": ("✓", "counted"),
    "offered": ("+", "offered"),
    "excluded": ("–", "not counted"),
}


@dataclass(frozen=True, slots=True)
class Fact:
    """``values`` are paragraphs."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    title: str
    rows: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class CheckRow:
    """``sources`` say where the answer comes from, and when."""

    mark: Mark
    label: str
    detail: str
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Checks:
    title: str
    mark: Mark
    rows: tuple[CheckRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Sentences:
    """``strong`` for what nobody may overlook."""

    title: str
    lines: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A few words about something, with its mark before them."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Cell:
    """``text`` in the ink of the page, ``below`` smaller, then ``states``. A ``mark`` is printed before the text with
    its word, and the text is then short: it is not wrapped.
    """

    text: str
    below: tuple[str, ...] = ()
    mark: Mark | None = None
    states: tuple[State, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """``share`` of the width of the page, in parts of 100."""

    title: str
    share: int


@dataclass(frozen=True, slots=True)
class Table:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


type Section = Facts | Checks | Sentences | Table


@dataclass(frozen=True, slots=True)
class Attached:
    """A file that a PDF carries. ``name`` has no folder."""

    name: str
    media_type: str
    content: bytes
    description: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def attach(name: str, content: bytes, media_type: str, description: str) -> Attached:
    """Raises `InputError` bad_file_name or too_large."""
    if not _FILE_NAME.fullmatch(name):
        raise InputError(
            "bad_file_name", "The attached file needs a plain name of letters, digits, dots and dashes."
        )
    if not content or len(content) > MAX_ATTACHED:
        raise InputError("too_large", f"The attached file must have 1 to {MAX_ATTACHED} bytes.")
    return Attached(name, media_type, content, description)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """``kind`` stands above the title, ``by`` below it (a name and its host). ``qr`` is what the QR code holds and
    ``qr_label`` what it is for. ``printed`` is the time of printing in words, ``at`` in RFC 3339.
    """

    kind: str
    title: str
    by: tuple[str, ...]
    lang: str
    sections: tuple[Section, ...]
    printed: str
    at: str
    qr: str
    qr_label: str
    emblem: tuple[Outline, ...]
    attached: Attached | None = None

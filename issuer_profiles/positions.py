"""On which line of a TOML file does a key stand? `tomllib` does not say, and an author needs to know.

One pass, linear in the length of the text, whatever the text: `scan` also runs *before* `tomllib` on files
with suspiciously many dots, because a key of many parts costs `tomllib` the square of their number. It takes
more than TOML allows and never refuses anything but depth: what is wrong is for the parser to say.
"""

from __future__ import annotations

import re
import tomllib
from typing import Final

type Path = tuple[str | int, ...]

MAX_KEY_PARTS: Final = 16
_MAX_PATH: Final = 64

_SPACE: Final = re.compile(r"[ \t\r]*+")
_GAP: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
_REST: Final = re.compile(r"[^\n]*+")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]++")
_BARE_VALUE: Final = re.compile(r"[^,\]}#\n]*+")
_STRING: Final = re.compile(
    r'"""(?:[^"\\]|\\.|"{1,2}+(?!"))*+"{3,5}+'
    r"|'''(?:[^']|'{1,2}+(?!'))*+'{3,5}+"
    r'|"(?:[^"\\\n]|\\[^\n])*+"'
    r"|'[^'\n]*+'",
    re.DOTALL,
)


class TooDeepError(Exception):
    """A key of more than `MAX_KEY_PARTS` parts, or values nested beyond all use."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def scan(text: str) -> dict[Path, int]:
    """Every path of a document, such as ``("outcomes", 1, "text", "en")``, with its line, counted from 1.

    Of text that is not TOML, the paths up to somewhere. Raises `TooDeepError`.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self.found: dict[Path, int] = {}
        self._text = text
        self._at = 0
        self._line, self._counted = 1, 0
        self._last: dict[Path, int] = {}  # an array of tables → the number of its last table

    def document(self) -> None:
        table: Path = ()
        while self._skip(_GAP):
            start = self._at
            if self._text[self._at] == "[":
                table = self._header()
            else:
                path = self._key(table)
                if self._sign("="):
                    self._value(path)
            # Nothing but a comment may follow on the line; whatever does is the parser's to refuse.
            self._take(_REST)
            self._at += self._at == start

    def _header(self) -> Path:
        self._at += 1
        many = self._sign("[")
        path: Path = ()
        parts = self._parts()
        for number, part in enumerate(parts):
            path += (part,)
            if many and number == len(parts) - 1:
                self._note(path)
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path += (self._last[path],)
            self._note(path)
        return path

    def _key(self, table: Path) -> Path:
        path = table
        for part in self._parts():
            path += (part,)
            self._note(path)
        return path

    def _parts(self) -> list[str]:
        parts: list[str] = []
        while self._skip(_SPACE):
            if self._text[self._at] in "\"'":
                if text := self._take(_STRING):
                    parts.append(_unquoted(text))  # which may well be empty
            elif text := self._take(_BARE_KEY):
                parts.append(text)
            if len(parts) > MAX_KEY_PARTS:
                raise TooDeepError(self._line_now())
            if not self._sign("."):
                break
        return parts

    def _value(self, path: Path) -> None:
        if len(path) > _MAX_PATH:
            raise TooDeepError(self._line_now())
        self._note(path)
        if not self._skip(_SPACE):
            return
        sign = self._text[self._at]
        if sign in "\"'":
            self._take(_STRING)
        elif sign == "[":
            self._members(path, "]")
        elif sign == "{":
            self._members(path, "}")
        else:
            self._take(_BARE_VALUE)

    def _members(self, path: Path, end: str) -> None:
        """The items of an array, or the members of an inline table."""
        self._at += 1
        index = 0
        while self._skip(_GAP):
            start = self._at
            if self._sign(end):
                return
            if self._sign(","):
                index += 1
            elif end == "]":
                self._value((*path, index))
            else:
                member = self._key(path)
                if self._sign("="):
                    self._value(member)
            self._at += self._at == start

    def _note(self, path: Path) -> None:
        if path not in self.found:
            self.found[path] = self._line_now()

    def _line_now(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _sign(self, sign: str) -> bool:
        """Take ``sign``, after blanks, if it comes next."""
        self._skip(_SPACE)
        if self._text.startswith(sign, self._at):
            self._at += 1
            return True
        return False

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        """Take what ``pattern`` matches; whether anything is left."""
        self._take(pattern)
        return self._at < len(self._text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            if pattern is _STRING:  # It has no end: no parser gets past it, and looking again is no use.
                self._at = len(self._text)
            return ""
        self._at = found.end()
        return found[0]


def _unquoted(key: str) -> str:
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except (tomllib.TOMLDecodeError, KeyError):
        return key

"""From a file to plain values, within limits: profiles also come by e-mail, and are hostile until parsed.

Whatever the bytes, the answer is a dict or a `ProfileError`; and in bounded time.
"""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from issuer_profiles.errors import ProfileContentError, ProfileNotFoundError, ProfileSyntaxError
from issuer_profiles.positions import MAX_KEY_PARTS, TooDeepError, scan


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest file we ship has 7 KB and some 230 values, 5 deep; a target can nest 7 deep."""

    file_bytes: int = 256 * 1024
    depth: int = 16
    values: int = 20_000
    shown_chars: int = 200  # of what a file says, in a message


LIMITS: Final = Limits()


def read_bytes(file: Path, name: str, limit: int = LIMITS.file_bytes) -> bytes:
    """At most ``limit`` bytes of a regular file. ``name`` stands for it in messages."""
    try:
        # Without waiting: a pipe under a profile's name would otherwise hang whoever lists profiles.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ProfileNotFoundError("no_file", "That is not a file.", file=name)
            data = stream.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ProfileNotFoundError("no_file", "The file cannot be read.", file=name) from error
    if len(data) > limit:
        raise ProfileSyntaxError("too_large", f"The file is larger than {limit} bytes.", file=name)
    return data


def read_toml(file: Path, name: str) -> tuple[dict[str, Any], str]:
    """What the file says, and its text. Raises `ProfileError`."""
    data = read_bytes(file, name)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProfileSyntaxError(
            "not_utf8", "The file is not text in UTF-8.", file=name, line=line
        ) from error
    try:
        _refuse_long_keys(text)
        parsed = tomllib.loads(text)
        _measure(parsed, name)
    except TooDeepError as error:
        raise ProfileSyntaxError(
            "too_deep", f"A key has more than {MAX_KEY_PARTS} parts.", file=name, line=error.line
        ) from error
    except RecursionError as error:
        raise ProfileSyntaxError("too_deep", "Values are nested too deeply.", file=name) from error
    except ValueError as error:  # of which TOMLDecodeError is one; a number of 5,000 digits is another
        found = re.search(r" \(at line (\d+), column \d+\)$", str(error))
        said = clipped(str(error)[: found.start()] if found else str(error))
        hint = "Save it without a byte order mark." if text.startswith("\ufeff") else ""
        raise ProfileSyntaxError(
            "not_toml",
            f"The file is not TOML: {said.rstrip('.')}.",
            hint,
            file=name,
            line=int(found[1]) if found else 0,
        ) from error
    return parsed, text


def clipped(text: str, limit: int = LIMITS.shown_chars) -> str:
    """A piece of somebody's file on one line of bounded length, control characters as escapes."""
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return text if text.isprintable() else ascii(text)[1:-1]


def _refuse_long_keys(text: str) -> None:
    # A key stands on one line, so lines of few dots hold no long key; counting is cheaper than scanning.
    if any(line.count(".") >= MAX_KEY_PARTS for line in text.split("\n")):
        scan(text)


def _measure(parsed: dict[str, Any], name: str) -> None:
    """Depth, number of values, and the two scalars that nothing downstream can carry."""
    seen = 0
    level: list[Any] = [parsed] if parsed else []
    for _ in range(LIMITS.depth):
        below: list[Any] = []
        for value in level:
            below += [*value.keys(), *value.values()] if isinstance(value, dict) else value
        seen += len(below)
        if seen > LIMITS.values:
            raise ProfileSyntaxError("too_many", f"The file has more than {LIMITS.values} values.", file=name)
        for value in below:
            if isinstance(value, str) and "\0" in value:
                raise ProfileContentError("bad_content", "A text holds NUL.", file=name)
            if type(value) is int and value.bit_length() > 63:
                raise ProfileContentError("bad_content", "A number is too large.", file=name)
        level = [value for value in below if isinstance(value, dict | list) and value]
        if not level:
            return
    raise ProfileSyntaxError("too_deep", f"Values are nested more than {LIMITS.depth} deep.", file=name)

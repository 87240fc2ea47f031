"""Files of the person at the keyboard: read and written whole, never blocking, never over another without asking.

What somebody types as a path may be a folder, a pipe, a device or nonsense. Reading opens without waiting and takes
regular files only; writing makes the file beside its place and moves it there, readable by its owner only. Raises
`InputError` only. These block (a disk may be slow): call them in a thread.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

from agent.errors import ConflictError, InputError
from wallet_tui.i18n import t

MAX_PATH_CHARS = 1024
MAX_NAME_CHARS = 80
MAX_SHOWN = 120
EXISTS = "file_exists"


def path_of(typed: str) -> Path:
    """Where ``typed`` leads, with ``~`` and relative to the present folder; absolute. Reads nothing but the home."""
    text = typed.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":  # as terminals paste a dropped file
        text = text[1:-1]
    if not text:
        raise InputError("no_path", t("No file was named."))
    if len(text) > MAX_PATH_CHARS:
        raise InputError("bad_path", t("That is too long for the name of a file."))
    if not all(char.isprintable() or unicodedata.category(char) == "Zs" for char in text):
        raise InputError(
            "bad_path", t("That is not the name of a file: it holds characters that cannot be shown.")
        )
    try:
        return Path(text).expanduser().absolute()
    except (RuntimeError, OSError) as error:  # ~somebody who does not exist; no present folder
        raise InputError("bad_path", t("That folder is not known here.")) from error


def shown(path: Path) -> str:
    """With ``~`` for the home folder; of a very long one, its beginning and its end."""
    try:
        text = f"~/{path.relative_to(Path.home())}"
    except (ValueError, RuntimeError):
        text = str(path)
    return text if len(text) <= MAX_SHOWN else f"{text[:20]}…{text[21 - MAX_SHOWN :]}"


def default_path(title: str, ending: str) -> str:
    """A name made of ``title`` in the folder for downloads, if there is one, else at home."""
    folder = "~/Downloads" if Path("~/Downloads").expanduser().is_dir() else "~"
    return f"{folder}/{plain_name(title)}.{ending}"


def plain_name(title: str) -> str:
    """Small ASCII letters, digits and single hyphens: a name that every system and every shell takes as it is."""
    letters = unicodedata.normalize("NFKD", title[:400]).encode("ascii", "ignore").decode().casefold()
    name = re.sub(r"[^a-z0-9]+", "-", letters)[:MAX_NAME_CHARS].strip("-")
    return name or "credential"


def read_whole(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most ``limit`` bytes."""
    try:
        # Without waiting: opening a pipe would otherwise last until somebody writes to it.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _unusable(path, error, t("Look for a mistake in its name.")) from error
    try:
        _require_regular(os.fstat(handle).st_mode, path)
        with os.fdopen(handle, "rb", closefd=False) as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise _unusable(path, error) from error
    finally:
        os.close(handle)
    if len(data) > limit:
        raise InputError(
            "too_large",
            t("{path} has more than {size} MiB.").format(path=shown(path), size=limit // (1024 * 1024)),
            t("A credential is a small file, and an image with one is not much larger."),
        )
    return data


def write_whole(path: Path, data: bytes, *, replace: bool) -> None:
    """All of it or nothing. Raises `ConflictError` `EXISTS` where something is, unless ``replace``."""
    if not path.parent.is_dir():
        raise InputError(
            "no_folder",
            t("There is no folder {path}.").format(path=shown(path.parent)),
            t("Name a folder that is there."),
        )
    try:
        _refuse_special(path)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _place(draft, path, replace=replace)
        finally:
            Path(draft).unlink(missing_ok=True)
    except FileExistsError as error:
        raise ConflictError(EXISTS, t("There is already a file {path}.").format(path=shown(path))) from error
    except OSError as error:
        raise _unusable(path, error) from error


def _refuse_special(path: Path) -> None:
    """A folder, a pipe or a device is never written over."""
    try:
        kind = path.stat().st_mode
    except FileNotFoundError:
        return
    _require_regular(kind, path)


def _require_regular(kind: int, path: Path) -> None:
    if stat.S_ISDIR(kind):
        raise InputError("no_file", t("{path} is a folder.").format(path=shown(path)))
    if not stat.S_ISREG(kind):
        raise InputError("no_file", t("{path} is not a file with content.").format(path=shown(path)))


def _place(draft: str, path: Path, *, replace: bool) -> None:
    if replace:
        Path(draft).replace(path)
        return
    # A link fails where a name is taken, even by a file that appeared a moment ago.
    _link_or_copy(draft, path, os.link)


def _link_or_copy(draft: str, path: Path, link: Callable[[str, Path], None]) -> None:
    try:
        link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # sticks and shares without hard links: the name is claimed first, then filled at once
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            Path(draft).replace(path)
        except OSError:
            path.unlink(missing_ok=True)  # the empty file that held the name
            raise


def _unusable(path: Path, error: OSError, hint: str = "") -> InputError:
    return InputError(
        "unusable_path",
        t("{path} cannot be used: {why}.").format(
            path=shown(path), why=error.strerror or type(error).__name__
        ),
        hint,
    )

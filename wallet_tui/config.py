"""The wallet's configuration: one TOML file, read once at start and never written by the wallet.

::

    theme = "high-contrast"      # cairn, cairn-light, high-contrast
    language = "de"              # without it: as the environment says
    plain = true                 # no box drawing, lists instead of drawings
    [keys]
    "list.down" = ["z", "down"]  # id = key, or a list of keys

Looked for at ``--config``, else ``$CAIRN_CONFIG``, else ``$XDG_CONFIG_HOME/cairn/wallet.toml`` (``~/.config``).
Only the last may be missing. Whatever is wrong is an `InputError` that names the file, the line and the nearest
name there is: a setting that is silently not applied would be taken for one that is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import InputError
from wallet_tui.i18n import languages, t

MAX_BYTES = 64 * 1024
THEMES = ("cairn", "cairn-light", "high-contrast")
SETTINGS = ("theme", "language", "plain", "keys")
MAX_KEYS_EACH = 8


@dataclass(frozen=True, slots=True)
class Config:
    """``path`` is where the file is or would be; ``keys`` maps ids of `actions.KEYS` to Textual's names of keys."""

    path: Path = Path("wallet.toml")
    theme: str = THEMES[0]
    language: str = ""
    plain: bool = False
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def config_path(given: Path | None, environ: Mapping[str, str] | None = None) -> tuple[Path, bool]:
    """Where the file is, and whether it must be there."""
    values = os.environ if environ is None else environ
    if given is not None:
        return given.expanduser(), True
    if values.get("CAIRN_CONFIG"):
        return Path(values["CAIRN_CONFIG"]).expanduser(), True
    folder = values.get("XDG_CONFIG_HOME", "")
    # The XDG specification says to ignore a relative path.
    base = Path(folder) if folder and Path(folder).is_absolute() else Path.home() / ".config"
    return base / "cairn" / "wallet.toml", False


def load(given: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """Read and check the configuration. Raises `InputError` (``bad_config``, ``no_config``)."""
    path, needed = config_path(given, environ)
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        if not needed:
            return Config(path)
        raise InputError("no_config", t("There is no configuration file {path}.").format(path=path)) from None
    except OSError as error:
        raise InputError(
            "bad_config",
            t("The configuration file {path} cannot be read: {why}.").format(path=path, why=error.strerror),
        ) from None
    return parse(data, path)


def parse(data: bytes, path: Path) -> Config:
    """Settings from the bytes of a file. Raises `InputError` (``bad_config``)."""
    import tomllib  # only who has such a file waits for it

    if len(data) > MAX_BYTES:
        raise _bad(path, 0, t("it is larger than {limit} KiB, the limit").format(limit=MAX_BYTES // 1024))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(path, data[: error.start].count(b"\n") + 1, t("it is not UTF-8 text")) from None
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"line (\d{1,6})", str(error))
        line = int(found[1]) if found else len(text.splitlines()) if "end of document" in str(error) else 0
        said = re.sub(r" \(at .*", "", str(error))
        raise _bad(path, line, t("it is not TOML: {why}").format(why=said)) from None
    return _Reader(path, text).config(document)


class _Reader:
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()

    def config(self, document: dict[str, Any]) -> Config:
        for name in document:
            if name not in SETTINGS:
                raise self._wrong(name, t("there is no setting “{name}”"), name, SETTINGS)
        theme = self._text(document, "theme", THEMES[0])
        if theme not in THEMES:
            raise self._wrong("theme", t("there is no theme “{name}”"), theme, THEMES)
        language = self._text(document, "language", "")
        if language and language not in languages():
            raise self._wrong("language", t("there is no language “{name}”"), language, languages())
        plain = document.get("plain", False)
        if not isinstance(plain, bool):
            raise self._wrong("plain", t("“{name}” is true or false"), "plain")
        keys = document.get("keys", {})
        if not isinstance(keys, dict):
            raise self._wrong("keys", t("“{name}” is a table: [keys], then one id = key a line"), "keys")
        return Config(self._path, theme, language, plain, self._keys(keys))

    def _text(self, document: dict[str, Any], name: str, default: str) -> str:
        value = document.get(name, default)
        if not isinstance(value, str):
            raise self._wrong(name, t("“{name}” is a text in quotes"), name)
        return value

    def _keys(self, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        if not table:
            return {}
        from wallet_tui.keymap import check, why_not  # the table of keys brings Textual in

        found: dict[str, tuple[str, ...]] = {}
        for name, value in _flat(table):
            written = [value] if isinstance(value, str) else value
            if not isinstance(written, list) or not all(isinstance(each, str) for each in written):
                raise self._wrong(name, t("the key of “{name}” is a text, or a list of texts"), name)
            if not 0 < len(written) <= MAX_KEYS_EACH:
                raise self._wrong(
                    name,
                    t("“{name}” needs one key at least and {most} at most").replace(
                        "{most}", str(MAX_KEYS_EACH)
                    ),
                    name,
                )
            problem = why_not(name, written)
            if problem is not None:
                raise self._wrong(name, *problem)
            found[name] = check(written)
        self._clashes(found)
        return found

    def _clashes(self, found: dict[str, tuple[str, ...]]) -> None:
        from wallet_tui.keymap import clash

        problem = clash(found)
        if problem is not None:
            name, says = problem
            raise _bad(self._path, self._line(name), says)

    def _wrong(self, entry: str, says: str, name: str, known: Iterable[str] = ()) -> InputError:
        """``says`` with the name filled in; of the ``known`` names, the nearest or (when they are few) all."""
        sentence = says.format(name=_short(name))
        names = list(known)
        if names:
            from difflib import get_close_matches

            near = get_close_matches(name, names, 1, 0.5)
            if near:
                sentence += t("; did you mean “{near}”?").format(near=near[0])
            elif len(names) <= len(SETTINGS):
                sentence += t("; there are: {names}").format(names=", ".join(names))
        return _bad(self._path, self._line(entry), sentence)

    def _line(self, entry: str) -> int:
        """The line that sets ``entry``, with or without quotes, whole or as its last part; 0 if not found."""
        last = entry.rpartition(".")[2]
        for wanted in (entry, last):
            pattern = re.compile(rf"""\s*(?:\[\s*|.*\.\s*)?["']?{re.escape(wanted)}["']?\s*[=\].]""")
            for number, line in enumerate(self._lines, 1):
                if pattern.match(line):
                    return number
        return 0


def _flat(table: dict[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """Ids have dots, and TOML takes a dot without quotes for a table in a table: ``list.down`` is meant either way."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _short(name: str) -> str:
    return name if len(name) <= 60 else name[:59] + "…"


def _bad(path: Path, line: int, says: str) -> InputError:
    where = t("{path}, line {line}").format(path=path, line=line) if line else str(path)
    return InputError("bad_config", f"{where}: {says}")


def sample() -> str:
    """A file with every setting and every key, all commented out: what is there without a file."""
    from wallet_tui.actions import DEFAULTS
    from wallet_tui.key_names import shown_key

    lines = [
        t("# Cairn, the terminal wallet. What stands here after a # is how it is without this file."),
        f'# theme = "{THEMES[0]}"    # {", ".join(THEMES)}',
        f'# language = "en"    # {", ".join(languages())}; {t("without it, as LANG says")}',
        f"# plain = false    # {t('true: no box drawing, lists instead of drawings')}",
        "",
        "[keys]",
        t(
            '# One key, or several: ["j", "down"]. Keys: a character, or a name such as enter, esc, f5, ctrl+p.'
        ),
    ]
    for name, key in DEFAULTS.items():
        keys = [
            shown_key(each) if len(shown_key(each)) == 1 and shown_key(each).isascii() else each
            for each in key.keys.split(",")
        ]
        value = f'"{keys[0]}"' if len(keys) == 1 else "[" + ", ".join(f'"{each}"' for each in keys) + "]"
        lines.append(f'# "{name}" = {value}    # {t(key.help)}')
    return "\n".join(lines) + "\n"


def write_sample(given: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Write `sample` to where the configuration is looked for; an existing file is never touched.

    Raises `InputError` (``config_exists``, ``bad_config``).
    """
    path, _ = config_path(given, environ)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(sample())
    except FileExistsError:
        raise InputError(
            "config_exists", t("{path} is there already; it was left as it is.").format(path=path)
        ) from None
    except OSError as error:
        raise InputError(
            "bad_config", t("{path} cannot be written: {why}.").format(path=path, why=error.strerror)
        ) from None
    return path

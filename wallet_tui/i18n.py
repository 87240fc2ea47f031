"""Words of the wallet in the learner's language: GNU gettext catalogues in ``locale/``, English in the code.

`t` looks up a sentence, `tn` one that depends on a number, and `mark` marks a sentence of a table that is made
before the language is known (it is looked up with `t` where it is shown). Placeholders are named, ``{name}``, and
filled after the look-up with `str.format`, so that a translation may order them as its language does. A translation
is ours, not from outside, but what is filled in may be: the result is a `str`, and goes through `Content` or
`safe_text` as every other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gettext import NullTranslations

DOMAIN = "cairn"
FOLDER = Path(__file__).with_name("locale")
SOURCE = "en"

# English needs none, and the first frame does not wait for what reads them.
_catalogue: NullTranslations | None = None


def languages() -> list[str]:
    """Codes of the languages there are, English first."""
    found = sorted(path.parent.parent.name for path in FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return [SOURCE, *found]


def wished(environ: Mapping[str, str] | None = None) -> str:
    """The language that the environment asks for, if we have it (variables as gettext reads them, in its order)."""
    values = os.environ if environ is None else environ
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        for each in values.get(name, "").split(":"):
            code = each.partition(".")[0].partition("_")[0].casefold()
            if code in languages():
                return code
            if code in {"c", "posix"}:
                return SOURCE
    return SOURCE


def use_language(code: str) -> None:
    """From now on `t` answers in this language; one that is not there is English."""
    global _catalogue  # noqa: PLW0603 - one terminal, one person, one language
    if code == SOURCE:
        _catalogue = None
        return
    import gettext

    _catalogue = gettext.translation(DOMAIN, FOLDER, [code], fallback=True)


def t(text: str) -> str:
    return _catalogue.gettext(text) if text and _catalogue is not None else text


def tn(one: str, many: str, number: int) -> str:
    """``one`` or ``many`` by the language's own rule; ``{n}`` is not filled in here."""
    if _catalogue is None:
        return one if number == 1 else many
    return _catalogue.ngettext(one, many, number)


def mark(text: str) -> str:
    return text

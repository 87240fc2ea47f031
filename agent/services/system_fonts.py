"""A font of this machine for Chinese, Japanese and Korean, which the fonts that come with the software lack.

Only fonts under free licences are looked for, by file name: a PDF embeds what it uses, and not every font may be
embedded. Nothing is asked of the network or of fontconfig.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from agent.errors import InputError
from agent.printing.fonts import Fonts, bundled, fonts_with

# The better ones first. Noto's collection begins with the Japanese forms of the letters that differ.
NAMES: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKjp-Regular.otf",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSans-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
)
_MAX_FOLDERS, _MAX_BYTES = 2000, 64 * 1024 * 1024


def folders() -> tuple[Path, ...]:
    """Where systems keep fonts, the user's own first."""
    home = Path.home()
    return (
        home / ".local" / "share" / "fonts",
        home / "Library" / "Fonts",
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
        Path("/usr/share/fonts-droid-fallback"),
        Path("/Library/Fonts"),
    )


def find(where: Sequence[Path]) -> Path | None:
    """The best font in these folders or below, or None."""
    found: dict[str, Path] = {}
    for path in _files(where):
        if path.name in NAMES and path.name not in found and path.stat().st_size <= _MAX_BYTES:
            found[path.name] = path
    return next((found[name] for name in NAMES if name in found), None)


def _files(where: Sequence[Path]) -> Iterator[Path]:
    seen = 0
    for folder in where:
        for parent, _, names in os.walk(folder):
            seen += 1
            if seen > _MAX_FOLDERS:
                return
            yield from (path for name in names if (path := Path(parent, name)).is_file())


def fonts_for(text: str, where: Sequence[Path] | None = None) -> Fonts:
    """The fonts to print ``text`` with. The machine's are looked for only when a character needs it; without one,
    what is printed says which characters are missing.
    """
    fonts = bundled()
    if not fonts.lacking(text):
        return fonts
    path = find(folders() if where is None else where)
    if path is None:
        return fonts
    try:
        return fonts_with(path)
    except InputError:  # a broken file, which is no reason not to print
        return fonts

"""A page as one HTML file: no script, nothing loaded from anywhere, and it prints on A4."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from agent.printing.drawing import path
from agent.printing.model import WORDS, Attached, Page

if TYPE_CHECKING:
    from jinja2 import Template

_DATA: Final = Path(__file__).parent / "data"


def html(page: Page, *more: Page) -> bytes:
    """UTF-8; several pages are one document. The attached file is in it as a link that saves it, so that the page can
    still be checked."""
    return _template().render(pages=(page, *more), qr=_qr).encode()


@cache
def _template() -> Template:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_DATA),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    style = (_DATA / "page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals |= {
        "words": WORDS,
        "kind": lambda section: type(section).__name__,
        "path": path,
        "data": _data_address,
        # Our own file; the policy of the page allows exactly these characters as a style.
        "style": Markup(style),  # noqa: S704 - a constant of this package
        "style_hash": f"sha256-{digest}",
    }
    return environment.get_template("page.html")


def _data_address(attached: Attached) -> str:
    return f"data:{attached.media_type};base64,{base64.b64encode(attached.content).decode()}"


def _qr(page: Page) -> Markup:
    if not page.qr:
        return Markup("")
    import segno

    drawn = segno.make(page.qr, error="m", micro=False).svg_inline(border=2, omitsize=True, svgclass=None)
    return Markup(drawn)  # noqa: S704 - lines drawn by segno; the text is in the code, not in the markup

"""Which kind of link somebody pasted. Nothing is fetched here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from wallet_tui.i18n import t

MAX_LINK_CHARS = 2048


@dataclass(frozen=True, slots=True)
class Link:
    kind: Literal["offer", "request"]
    url: str


def read_link(text: str) -> Link | str:
    """A `Link`, or the sentence that says why this is none (design.md: ``…/o/CODE`` and ``…/r/CODE``)."""
    url = text.strip().strip("<>\"'")
    if not url:
        return t("Nothing was pasted.")
    if len(url) > MAX_LINK_CHARS:
        return t("That is too long for a link (more than {most} characters).").format(most=MAX_LINK_CHARS)
    if not url.isascii() or not url.isprintable() or " " in url:
        return t("That is not a link: it holds characters that no link may hold.")
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return t("That is not a link.")
    if parts.scheme not in {"http", "https"} or not host:
        return t("An offer or request link starts with https:// (http:// only on this machine).")
    if parts.username is not None:
        return t("A link with a user name in it is not accepted.")
    segments = [segment for segment in parts.path.split("/") if segment]
    marker = segments[-2] if len(segments) >= 2 else ""
    if marker == "o":
        return Link("offer", url)
    if marker == "r":
        return Link("request", url)
    return t("This is neither an offer link (…/o/CODE) nor a request link (…/r/CODE).")

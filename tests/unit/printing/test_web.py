"""The HTML: one file, no script, nothing from outside, and what it says cannot become markup."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest

from agent.core.verdict import Check, Result
from agent.printing.credential import Group
from agent.printing.model import Page
from agent.printing.transcript import transcript_page
from agent.printing.web import html
from tests.unit.core_domain.builders import record

from .samples import CHINESE, EVIL, FILE, NOW, TITLES, page, stack

VOID = {"meta", "col"}


class Reader(HTMLParser):
    """Elements with their attributes, and the text; unbalanced tags are an error."""

    def __init__(self, document: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(document.decode())
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def hostile() -> Page:
    sample = record(
        title={"en": EVIL},
        issuer={"did": "did:web:a.example", "name": {"en": EVIL}},
        description={"en": EVIL},
        outcomes=[{"text": {"en": EVIL}}],
    )
    checks = (Group(EVIL, (Check("c", EVIL, Result.FAIL, "x", EVIL),)),)
    return page(sample, checks=checks, checked_at=EVIL, issuer_host=EVIL)


PAGES = {"credential": page(), "hostile": hostile(), "transcript": transcript_page(stack(), now=NOW)}


@pytest.mark.parametrize("kind", PAGES)
def test_no_script_and_nothing_from_outside(kind: str) -> None:
    read = Reader(html(PAGES[kind]))
    tags = {tag for tag, _ in read.found}
    assert tags.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "base", "image", "use"}
    )
    for _, attributes in read.found:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "srcset", "style")
        ]
        address = attributes.get("href")
        assert address is None or address.startswith("data:application/json;base64,")
    assert "{{" not in "".join(read.text).replace("{{ 7*7 }}", "")


def test_the_policy_allows_exactly_its_own_style() -> None:
    document = html(page())
    style = re.findall(r"<style>(.*?)</style>", document.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[0].encode()).digest()).decode()
    policies = [
        attributes["content"]
        for tag, attributes in Reader(document).found
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert len(style) == 1
    assert policies == [
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert "@import" not in style[0]
    assert "url(" not in style[0]


def test_the_file_can_be_saved_from_it() -> None:
    saved = next(attributes for tag, attributes in Reader(html(page())).found if tag == "a")
    assert saved["download"] == "data-literacy.json"
    assert base64.b64decode((saved["href"] or "").split(",")[1]) == FILE.content


@pytest.mark.parametrize("kind", PAGES)
def test_a_state_is_a_sign_and_a_word(kind: str) -> None:
    """Never a colour alone; the sign is not read aloud, the word is."""
    document = html(PAGES[kind]).decode()
    marks = re.findall(
        r'<span class="mark (\w+)"><span aria-hidden="true">(.)</span> ([a-z ]+)</span>', document
    )
    assert marks
    assert len(marks) == document.count('class="mark ')
    assert {sign for _, sign, _ in marks} <= set("✓✗?+–")


def test_texts_of_any_script_are_whole_and_find_their_direction() -> None:
    for tag, title in (TITLES | {"zh": CHINESE}).items():
        document = html(page(record(title={tag: title}))).decode()
        assert f'<h1 lang="{tag}" dir="auto">{title}</h1>' in document


def test_a_table_has_heads() -> None:
    read = Reader(html(PAGES["transcript"]))
    scopes = [attributes.get("scope") for tag, attributes in read.found if tag == "th"]
    assert scopes.count("col") == 8
    assert scopes.count("row") == 6


def test_the_same_page_gives_the_same_bytes() -> None:
    assert html(page()) == html(page())

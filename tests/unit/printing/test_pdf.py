"""The PDF: the file in it, its fonts, its times, and that the same page gives the same bytes."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agent.core.verdict import Check, Result
from agent.printing.credential import Group
from agent.printing.fonts import bundled, fonts_with
from agent.printing.model import Page
from agent.printing.pdf import pdf
from agent.printing.transcript import transcript_page
from agent.services.system_fonts import find, folders
from tests.unit.core_domain.builders import record

from .samples import CHINESE, EVIL, FILE, NOW, TITLES, letters, page, stack, streams


def pages(document: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", document))


def test_it_is_a_pdf_a_that_carries_the_credential() -> None:
    document = pdf(page())
    assert document.startswith(b"%PDF-1.7")
    assert FILE.content in streams(document)
    assert b"data-literacy.json" in document
    assert b"/AFRelationship /Source" in document
    metadata = next(each for each in streams(document) if b"xmpmeta" in each).decode()
    assert "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in metadata
    assert pages(document) == 2


def test_it_runs_nothing_and_points_nowhere() -> None:
    document = pdf(hostile())
    for sign in (b"/JavaScript", b"/JS", b"/Launch", b"/URI", b"/AA", b"/SubmitForm"):
        assert sign not in document
    # Where it opens is a place on a page, not something to do.
    assert re.findall(rb"/OpenAction (.)", document) == [b"["]


def hostile() -> Page:
    sample = record(
        title={"en": EVIL},
        issuer={"did": "did:web:a.example", "name": {"en": EVIL}},
        description={"en": EVIL},
    )
    return page(sample, checks=(Group(EVIL, (Check("c", EVIL, Result.PASS),)),), checked_at=EVIL)


def test_the_metadata_hold_the_title_the_language_and_no_person() -> None:
    sample = record(
        learner={"given_name": "Marker", "family_name": "Planted"}, title={"ga": "Litearthacht <&>"}
    )
    metadata = next(each for each in streams(pdf(page(sample))) if b"xmpmeta" in each).decode()
    assert '<rdf:li xml:lang="ga">Litearthacht &lt;&amp;&gt;</rdf:li>' in metadata
    assert "Marker" not in metadata
    assert "Planted" not in metadata
    assert "dc:creator" not in metadata


def test_its_only_time_is_the_one_given() -> None:
    document = pdf(page())
    times = {
        match
        for each in (document, *streams(document))
        for match in re.findall(rb"D?:?20\d\d-?\d\d-?\d\d", each)
    }
    assert times
    assert all(match.lstrip(b"D:").replace(b"-", b"") == b"20260115" for match in times), times


PROGRAM = """
import hashlib
from agent.printing.pdf import pdf
from agent.printing.transcript import transcript_page
from tests.unit.core_domain.builders import record
from tests.unit.printing.samples import NOW, TITLES, page, stack
made = [page(record(title={"ar": " ".join(TITLES.values())})), transcript_page(stack(), now=NOW)]
print([hashlib.sha256(pdf(each)).hexdigest() for each in made])
"""


def test_the_same_page_gives_the_same_bytes_in_any_process() -> None:
    """Python orders sets by a hash that differs from process to process."""
    made = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1


@pytest.mark.parametrize(("tag", "title"), TITLES.items(), ids=TITLES)
def test_titles_of_nine_scripts_are_printed(tag: str, title: str) -> None:
    """Each letter of the title stands behind a glyph of an embedded font."""
    document = pdf(page(record(title={tag: title})))
    assert set(title) - {" "} <= letters(document)
    assert b"not printed" not in b"".join(streams(document))


def test_what_no_font_has_is_named_on_the_page() -> None:
    document = pdf(page(record(title={"zh": CHINESE})))
    assert not set(CHINESE) & letters(document)
    # "Characters that could not be printed" is the name of a section in the outline.
    assert b"Characters that could not be printed" in document
    assert b"Characters that could not be printed" not in pdf(page())


def test_chinese_is_printed_with_a_font_of_the_machine() -> None:
    path = find(folders())
    if path is None:
        pytest.skip(f"no free font for Chinese, Japanese and Korean in {', '.join(map(str, folders()))}")
    document = pdf(page(record(title={"zh": CHINESE})), fonts=fonts_with(path))
    assert set(CHINESE) <= letters(document)
    assert b"Characters that could not be printed" not in document


def test_a_record_of_64_kilobytes_is_printed_whole() -> None:
    outcomes = [{"text": {"en": f"{at} " + "word " * 780}} for at in range(14)]
    document = pdf(page(record(outcomes=outcomes, title={"en": "W" * 500})))
    assert pages(document) > 8


def test_a_transcript_repeats_the_head_of_its_table_and_numbers_its_pages() -> None:
    from dataclasses import replace

    one = stack()
    document = pdf(transcript_page(replace(one, members=one.members[:1] * 120), now=NOW))
    assert pages(document) > 5
    assert b"/Type /EmbeddedFile" not in document


def test_text_that_looks_like_the_number_of_pages_is_left_alone() -> None:
    """fpdf2 puts the number of pages in the place of a word, "{nb}" by itself, and anybody could write that."""
    assert {"{", "}"} <= letters(pdf(page(record(title={"he": "{nb} א"}))))


def test_it_is_quiet(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="agent"):
        pdf(page())
    assert not [
        each for each in caplog.records if each.name.startswith("fontTools") and each.levelno > logging.INFO
    ]


def test_only_needed_fonts_are_embedded() -> None:
    def names(document: bytes) -> set[bytes]:
        return set(re.findall(rb"/BaseFont /[A-Z]+\+(\w+)", document))

    assert all(
        b"Arabic" not in name for name in names(pdf(page(record(title={"en": "Plain"})), fonts=bundled()))
    )
    assert any(b"Arabic" in name for name in names(pdf(page(record(title={"ar": TITLES["ar"]})))))

"""The badge: what it says, that nothing gets into its markup, and that it is the same each time."""

from __future__ import annotations

import io
import struct
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from agent.core.record import Record
from agent.errors import InputError
from agent.printing import picture
from agent.printing.stones import stones_of
from tests.unit.core_domain.builders import record

from .samples import CHINESE, EVIL, HOST, TITLES

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {f"{SVG}{name}" for name in ("svg", "title", "desc", "rect", "path", "g", "text")}


def svg(sample: Record, **changes: Any) -> ET.Element:
    return ET.fromstring(picture.svg(sample, **({"issuer_host": HOST} | changes)))


def lines(drawn: ET.Element) -> list[str]:
    return [text.text or "" for text in drawn.iter(f"{SVG}text")]


def png(sample: Record, **changes: Any) -> Image.Image:
    return Image.open(io.BytesIO(picture.png(sample, **({"issuer_host": HOST, "pixels": 400} | changes))))


def test_it_says_what_it_is_whose_and_how_to_check_it() -> None:
    said = lines(svg(record()))
    assert said == [
        "Data Literacy",
        "Munster Technological University",
        "localhost:8301",
        "1 June 2025 · 5 ECTS · EQF 6",
        "An image proves nothing. Check it: cairn verify FILE",
    ]


def test_it_is_described_for_those_who_do_not_see_it() -> None:
    drawn = svg(record())
    assert drawn.findtext(f"{SVG}title") == "Data Literacy"
    assert "Issued by Munster Technological University (localhost:8301)" in (
        drawn.findtext(f"{SVG}desc") or ""
    )
    assert drawn.get("role") == "img"


def test_it_names_no_learner() -> None:
    """It will be posted; who holds it is in the credential."""
    sample = record(learner={"given_name": "Marker", "family_name": "Planted", "birth_date": "1999-04-02"})
    drawn = picture.svg(sample, issuer_host=HOST)
    for planted in (b"Marker", b"Planted", b"1999"):
        assert planted not in drawn


def test_a_name_never_stands_without_a_host() -> None:
    for host in ("", "  "):
        with pytest.raises(InputError) as caught:
            picture.svg(record(), issuer_host=host)
        assert caught.value.code == "no_host"
    assert "did:key:z6Mk" in lines(svg(record(), issuer_host="did:key:z6Mk"))


def test_what_is_missing_is_said() -> None:
    bare = Record.from_json({"version": 1, "id": "x", "issuer": {"did": "did:web:a.example"}})
    said = lines(svg(bare, issuer_host="a.example"))
    assert said[0] == "Credential without a title"
    assert said[2] == "no date of award · no credit stated · level not stated"


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        ({"not_applicable": True}, "no level applies"),
        ({"nqf": {"framework": "NFQ", "level": "8"}}, "NFQ 8"),
    ],
)
def test_levels_that_are_not_eqf(level: dict[str, Any], shown: str) -> None:
    assert lines(svg(record(level=level)))[3].endswith(shown)


def test_hostile_text_stays_text() -> None:
    sample = record(title={"en": EVIL}, issuer={"did": "did:web:a.example", "name": {"en": EVIL}})
    drawn = svg(sample, issuer_host=EVIL, check=EVIL)
    assert {each.tag for each in drawn.iter()} <= ALLOWED
    assert {
        name for each in drawn.iter() for name in each.attrib if "href" in name or name.startswith("on")
    } == set()
    said = " ".join(lines(drawn))
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "<script>alert(1)</script>" in said.replace("\n", " ")


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=200))
def test_any_title_gives_a_well_formed_drawing(title: str) -> None:
    drawn = svg(record(title={"en": title}))
    assert {each.tag for each in drawn.iter()} <= ALLOWED


def test_nothing_refers_outside() -> None:
    drawn = picture.svg(record(), issuer_host=HOST).replace(b'xmlns="http://www.w3.org/2000/svg"', b"")
    for sign in (b"http", b"url(", b"<style", b"<image", b"@import", b"<!"):
        assert sign not in drawn


@pytest.mark.parametrize(("tag", "title"), TITLES.items(), ids=TITLES)
def test_titles_of_nine_scripts_are_drawn(tag: str, title: str) -> None:
    sample = record(title={tag: title})
    assert " ".join(lines(svg(sample))[:-4]) == title
    with_title, without = png(sample), png(record(title={tag: "."}))
    area = (0, 205, 400, 285)
    assert ImageChops.difference(with_title.crop(area), without.crop(area)).getbbox() is not None


def test_a_title_from_right_to_left_says_so() -> None:
    first = next(svg(record(title={"he": TITLES["he"]})).iter(f"{SVG}text"))
    assert first.get("direction") == "rtl"
    assert first.get("{http://www.w3.org/XML/1998/namespace}lang") == "he"


def test_chinese_stays_in_the_svg_and_is_owned_up_to_in_the_png() -> None:
    sample = record(title={"zh": CHINESE})
    assert lines(svg(sample))[0] == CHINESE
    said = png(record(title={"zh": "[6 characters not printed]"}))
    # The stones differ with the record; the words below them do not.
    area = (0, 205, 400, 400)
    assert ImageChops.difference(png(sample).crop(area), said.crop(area)).getbbox() is None


def test_a_long_title_takes_three_lines_and_is_cut() -> None:
    said = lines(svg(record(title={"en": "Safe and efficient cooperation of people and robots " * 9})))
    assert len(said) == 3 + 4
    assert said[2].endswith("…")


def test_the_same_record_gives_the_same_bytes_and_another_another() -> None:
    for draw in (picture.svg, picture.png):
        assert draw(record(), issuer_host=HOST) == draw(record(), issuer_host=HOST)
        assert draw(record(), issuer_host=HOST) != draw(record(id="urn:uuid:other"), issuer_host=HOST)


@pytest.mark.parametrize(
    ("system", "value", "stones"),
    [("ects", "0.5", 3), ("ects", "3", 4), ("ects", "5", 5), ("ects", "60", 7), ("ceu", "60", 3)],
)
def test_stones_count_ects_and_nothing_else(system: str, value: str, stones: int) -> None:
    assert stones_of(record(credit={"system": system, "value": value})) == stones


def test_the_png_has_the_size_asked_for_and_no_text_of_its_own() -> None:
    data = picture.png(record(), issuer_host=HOST, pixels=90)
    assert struct.unpack(">II", data[16:24]) == (90, 90)
    assert b"tEXt" not in data
    assert b"tIME" not in data
    for pixels in (0, 89, 2001):
        with pytest.raises(InputError) as caught:
            picture.png(record(), issuer_host=HOST, pixels=pixels)
        assert caught.value.code == "bad_size"

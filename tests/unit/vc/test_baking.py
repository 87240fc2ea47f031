"""Credentials in images: every attack is an image made here; good images are also those of 1EdTech."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import InputError
from agent.vc.baking import bake, is_png, is_svg, unbake
from agent.vc.limits import VC_LIMITS

ASSETS = Path(__file__).parents[2] / "assets" / "badges"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
JWS = "eyJhbGciOiJFZERTQSJ9.e30.c2ln"


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
# An animation and a chunk that nobody knows: both must come through.
ANIMATED = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", bytes(26)) + chunk(b"prIv", b"mine")
BODY = chunk(b"IDAT", zlib.compress(b"\0\0"))
END = chunk(b"IEND")


def png(*extra: bytes, end: bytes = END) -> bytes:
    return SIGNATURE + HEADER + ANIMATED + b"".join(extra) + BODY + end


def itxt(text: bytes, keyword: bytes = b"openbadgecredential", flags: bytes = b"\0\0") -> bytes:
    return chunk(b"iTXt", keyword + b"\0" + flags + b"\0\0" + text)


def svg(inside: str = "<g/>", prolog: str = "", attributes: str = "") -> bytes:
    return f'{prolog}<svg xmlns="http://www.w3.org/2000/svg"{attributes}>{inside}</svg>'.encode()


def refused(image: bytes) -> str:
    with pytest.raises(InputError) as error:
        unbake(image)
    return error.value.code


JSON_TEXT = st.dictionaries(st.text(max_size=5), st.text(max_size=40), max_size=4).map(
    lambda value: json.dumps(value, ensure_ascii=False)
)


@given(JSON_TEXT)
@settings(max_examples=60, deadline=None)
def test_png_round_trip_keeps_text_and_picture(payload: str) -> None:
    if any("\ud800" <= char <= "\udfff" for char in payload):
        with pytest.raises(InputError, match="half a character"):
            bake(png(), payload)
        return
    baked = bake(png(), payload)
    assert unbake(baked) == payload
    # Nothing but one chunk was added, just before the end.
    assert baked.startswith(png()[: -len(END)])
    assert baked.endswith(END)


@given(JSON_TEXT.filter(lambda text: not any("\ud800" <= char <= "\udfff" for char in text)))
@settings(max_examples=60, deadline=None)
def test_svg_round_trip_keeps_meaning(payload: str) -> None:
    found = unbake(bake(svg(), payload))
    assert found is not None
    assert json.loads(found) == json.loads(payload)


def test_json_in_an_svg_may_hold_the_end_of_its_own_section() -> None:
    payload = '{"a":"]]>]]>","b":"\uffff"}'
    baked = bake(svg(), payload)
    assert b"]]]]><![CDATA[>" in baked
    assert json.loads(unbake(baked) or "") == json.loads(payload)


@pytest.mark.parametrize("image", [png(), svg()], ids=["png", "svg"])
def test_a_jws(image: bytes) -> None:
    baked = bake(image, JWS)
    assert unbake(baked) == JWS
    assert is_png(baked) is is_png(image)
    assert is_svg(baked) is is_svg(image)


def test_the_svg_stays_as_it_was() -> None:
    image = svg("\n <!-- a > b --><g/>", '<?xml version="1.0"?>\n<!-- > -->\n', ' data-x="1>2"\n')
    baked = bake(image, '{"a":1}')
    head, tail = image.split(b"\n>")
    assert baked.startswith(head)
    assert baked.endswith(tail)
    assert b'xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"><openbadges:credential>' in baked
    assert b"script" not in baked


def test_an_ascii_svg_stays_ascii() -> None:
    baked = bake(svg(prolog='<?xml version="1.0" encoding="US-ASCII"?>'), '{"a":"é😀"}')
    assert baked.isascii()
    assert json.loads(unbake(baked) or "") == {"a": "é😀"}


def test_what_1edtech_baked() -> None:
    assert json.loads(unbake((ASSETS / "ob3-json.svg").read_bytes()) or "")["name"] == "Teamwork Badge"
    assert (unbake((ASSETS / "ob3-jwt.svg").read_bytes()) or "").count(".") == 2
    assert json.loads(unbake((ASSETS / "ob2-assertion.png").read_bytes()) or "")["type"] == "Assertion"


@pytest.mark.parametrize(
    "extra",
    [
        itxt(b'{"a":1}', b"openbadges"),
        itxt(zlib.compress(b'{"a":1}'), flags=b"\1\0"),
        chunk(b"tEXt", b'openbadges\0{"a":1}'),
        chunk(b"zTXt", b"openbadges\0\0" + zlib.compress(b'{"a":1}')),
    ],
    ids=["2.0", "compressed", "tEXt", "zTXt"],
)
def test_older_ways_to_bake(extra: bytes) -> None:
    assert unbake(png(extra)) == '{"a":1}'


def test_an_old_svg() -> None:
    old = svg('<openbadges:assertion xmlns:openbadges="http://openbadges.org" verify="a.b.c"/>')
    assert unbake(old) == "a.b.c"


@pytest.mark.parametrize("image", [png(), svg(), png(chunk(b"tEXt", b"Comment\0openbadges"))])
def test_no_badge(image: bytes) -> None:
    assert unbake(image) is None


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (png(end=b""), "broken_image"),
        (png()[:-2], "broken_image"),
        (png().replace(b"mine", b"yous"), "broken_image"),  # the checksum is now wrong
        (SIGNATURE + struct.pack(">I", 2**31 - 1) + b"iTXt" + b"x" * 20, "broken_image"),
        (SIGNATURE + HEADER + struct.pack(">I4s", 10**9, b"iTXt") + b"openbadgecredential\0", "broken_image"),
        (SIGNATURE + BODY + END, "broken_image"),
        (SIGNATURE + HEADER + HEADER + END, "broken_image"),
        (SIGNATURE + HEADER + chunk(b"prIv") * 70_000 + END, "broken_image"),
        (png(itxt(b"")), "broken_image"),
        (png(itxt(b"\xff\xfe{}")), "broken_image"),
        (png(itxt(b"{}", flags=b"\2\0")), "broken_image"),
        (png(itxt(b"{}", flags=b"\1\7")), "broken_image"),
        (png(itxt(b"not zlib", flags=b"\1\0")), "broken_image"),
        (png(itxt(zlib.compress(b'{"a":1}')[:-6], flags=b"\1\0")), "broken_image"),
        (png(chunk(b"iTXt", b"openbadgecredential\0\0\0")), "broken_image"),
        (png(itxt(b"{}"), itxt(b"{}")), "two_badges"),
        (png(itxt(b"{}"), itxt(b"{}", b"openbadges")), "two_badges"),
        (png(itxt(b"{" + b"x" * VC_LIMITS.document_bytes)), "too_large"),
        (png() + b"x" * VC_LIMITS.image_bytes, "too_large"),
        (b"GIF89a", "not_an_image"),
        (b"", "not_an_image"),
    ],
)
def test_bad_png(image: bytes, code: str) -> None:
    assert refused(image) == code


@pytest.mark.parametrize("kind", [b"iTXt", b"zTXt"])
def test_a_gigabyte_in_a_text_chunk_is_never_inflated(kind: bytes) -> None:
    squeeze = zlib.compressobj(9)
    head = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(bytes(1 << 20)) + squeeze.flush(zlib.Z_FULL_FLUSH)  # may be repeated as it is
    bomb = head + block * 1023 + squeeze.flush()
    data = itxt(bomb, flags=b"\1\0") if kind == b"iTXt" else chunk(b"zTXt", b"openbadges\0\0" + bomb)
    assert refused(png(data)) == "too_large"


LAUGHS = (
    "<!DOCTYPE svg ["
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    + "]>"
)


@pytest.mark.parametrize(
    ("image", "code"),
    [
        (svg("<desc>&l9;</desc>", LAUGHS), "unsafe_image"),
        (svg("&x;", '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/hostname">]>'), "unsafe_image"),
        (svg("", '<!DOCTYPE svg [<!ENTITY % x SYSTEM "https://a.example/x"> %x;]>'), "unsafe_image"),
        (svg("", "<!DOCTYPE svg [<!ATTLIST openbadges:credential verify CDATA 'a.b.c'>]>"), "unsafe_image"),
        (svg("<g>" * 600 + "</g>" * 600), "unsafe_image"),
        (svg("<g/>" * 200_001), "unsafe_image"),
        (svg("&undefined;"), "broken_image"),
        (svg("<g>"), "broken_image"),
        (svg(prolog='<?xml version="1.0" encoding="no-such-code"?>'), "broken_image"),
        (b"<html><!-- <svg > --></html>", "not_an_image"),
        (svg("<openbadges:credential verify='a.b.c'/>" * 2), "two_badges"),
        (svg("<openbadges:credential verify='a.b.c'>{}</openbadges:credential>"), "two_badges"),
        (
            svg("<openbadges:credential>{}</openbadges:credential><openbadges:assertion verify='a.b.c'/>"),
            "two_badges",
        ),
        (
            svg(
                "<openbadges:credential>{<openbadges:credential>}</openbadges:credential></openbadges:credential>"
            ),
            "two_badges",
        ),
        (svg("<openbadges:credential/>"), "broken_image"),
        (
            svg(f"<openbadges:credential>{'x' * VC_LIMITS.document_bytes}{{</openbadges:credential>"),
            "too_large",
        ),
    ],
)
def test_bad_svg(image: bytes, code: str) -> None:
    assert refused(image) == code


def test_a_document_type_without_declarations_is_not_loaded_and_no_error() -> None:
    """Drawing programs write it, 1EdTech's samples have it. An entity of it that we do not know has no text."""
    told = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "https://a.example/svg11.dtd">'
    assert unbake(svg("<openbadges:credential>{&x;}</openbadges:credential>", told)) == "{}"


def test_script_in_the_picture_is_left_alone_and_not_read() -> None:
    image = svg("<script>alert(1)</script>")
    assert unbake(image) is None
    assert bake(image, JWS).count(b"script") == image.count(b"script")


def test_a_credential_in_other_words_of_the_picture_is_none() -> None:
    assert (
        unbake(svg("<!-- <openbadges:credential verify='a.b.c'/> --><text>openbadges:credential</text>"))
        is None
    )


@pytest.mark.parametrize(
    ("image", "payload", "code"),
    [
        (png(itxt(b"{}")), JWS, "already_baked"),
        (svg("<openbadges:credential>{}</openbadges:credential>"), JWS, "already_baked"),
        (png(), "https://a.example/assertion", "bad_payload"),
        (svg(), 'a" onload="alert(1)', "bad_payload"),
        (png(), '{"a":"\ud800"}', "bad_payload"),
        (png(), "{" + "x" * VC_LIMITS.document_bytes, "too_large"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', JWS, "empty_image"),
        (svg(attributes=' xmlns:openbadges="https://a.example/other"'), JWS, "unsafe_image"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><svg>é</svg>'.encode("latin-1"), JWS, "unsafe_image"),
        (b"GIF89a", JWS, "not_an_image"),
    ],
)
def test_not_baked(image: bytes, payload: str, code: str) -> None:
    with pytest.raises(InputError) as error:
        bake(image, payload)
    assert error.value.code == code


def test_a_prefix_that_is_declared_already_is_not_declared_twice() -> None:
    image = svg(attributes=' xmlns:openbadges="https://purl.imsglobal.org/ob/v3p0"')
    baked = bake(image, JWS)
    assert baked.count(b"xmlns:openbadges") == 1
    assert unbake(baked) == JWS

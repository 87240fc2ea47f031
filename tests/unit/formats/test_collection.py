"""Lists and zips taken apart: anybody may have made them."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import InputError
from agent.formats import collection
from agent.formats.collection import INDEX, INDEX_TYPE, Part, split


def zipped(files: dict[str, bytes], **more: Any) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    del more
    return out.getvalue()


def parts(data: bytes) -> list[Part]:
    found = split(data)
    assert found is not None
    return list(found)


def index(*names: str, **more: Any) -> bytes:
    rows = [{"files": [{"name": name, "take_in": True}]} for name in names]
    return json.dumps({"type": INDEX_TYPE, "version": 1, "credentials": rows} | more).encode()


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'"x"', b"\x89PNG", b"eyJ.a.b", b"[]", b"[1]", b"[[{}]]", b"[null]", b"P"]
)
def test_any_other_file_is_left_to_others(data: bytes) -> None:
    assert split(data) is None


def test_a_list_of_documents_and_tokens() -> None:
    found = parts(b'\xef\xbb\xbf \n[{"a": 1}, "eyJ.a.b", {"name": "\\u00e9"}]')
    assert [part.data for part in found] == [b'{"a": 1}', b"eyJ.a.b", b'{"name": "\\u00e9"}']


def test_a_zip_without_an_index_is_its_files_and_only_those_that_could_be_one() -> None:
    data = zipped(
        {"../../etc/passwd.json": b"{}", "a/B.PNG": b"p", "read me.md": b"x", "d/": b"", "t.jwt": b"t"}
    )
    assert [(part.name, part.data) for part in parts(data)] == [
        ("passwd.json", b"{}"),
        ("B.PNG", b"p"),
        ("t.jwt", b"t"),
    ]


def test_an_index_says_which_files_another_wallet_takes_in() -> None:
    whole = {"a.json": b"a", "b.json": b"b", "c.json": b"c", "badges/x.svg": b"x"}
    rows = [
        {"files": [{"name": "a.json", "take_in": False}, {"name": "b.json", "take_in": True}]},
        {"files": [{"name": "c.json", "take_in": False}]},
        {"files": [{"name": "nowhere.json", "take_in": True}, {"name": 7}]},
        {"files": "x"},
        7,
    ]
    badges = [{"files": [{"name": "badges/x.svg", "take_in": True}]}]
    data = zipped({INDEX: index(credentials=rows, badges=badges), **whole})
    assert [part.data for part in parts(data)] == [b"b", b"c", b"x"]
    # Somebody else's index is a file like any other.
    data = zipped({INDEX: b'{"type": "other"}', **whole})
    assert len(parts(data)) == 5


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04", "bad_zip"),
        (b"PK\x03\x04" + b"\xff" * 4000, "bad_zip"),
        (zipped({"a.json": b"x" * 5000})[:-30], "bad_zip"),
        (zipped({"a.txt.exe": b"x"}), "no_credentials"),
        (zipped({INDEX: index()}), "no_credentials"),
        (zipped({INDEX: b"[" * 100}), "too_deep"),
        (zipped({INDEX: b"{"}), "not_json"),
        (zipped({"bomb.json": bytes(13 * 1024 * 1024)}), "too_large"),
        (b"[{}", "not_json"),
        (b"[" * 2000, "too_deep"),
        (b'[{"a": 1, "a": 2}]', "duplicate_member"),
        (b"[" + b"{}," * 25_000 + b"{}]", "too_many_parts"),
        (b"\xff[", None),
    ],
)
def test_what_is_damaged_or_too_much(data: bytes, code: str | None) -> None:
    if code is None:
        assert split(data) is None
        return
    with pytest.raises(InputError, match=code) as caught:
        parts(data)
    assert caught.value.hint


def test_a_zip_that_lies_about_a_file_or_hides_one() -> None:
    honest = zipped({"a.json": b'{"a": 1}' * 100, "b.json": b"{}"})
    broken = bytearray(honest)
    at = honest.index(b"a.json") + len("a.json") + 3
    broken[at] ^= 0xFF  # in the compressed bytes
    with pytest.raises(InputError, match="bad_zip"):
        parts(bytes(broken))
    encrypted = bytearray(honest)
    for start in (honest.index(b"PK\x03\x04") + 6, honest.index(b"PK\x01\x02") + 8):
        encrypted[start] |= 1
    with pytest.raises(InputError, match="bad_zip"):
        parts(bytes(encrypted))


def test_all_of_it_together_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({f"{n}.json": b"x" * 1000 for n in range(10)})
    monkeypatch.setattr(collection, "MAX_UNPACKED_BYTES", 5500)
    found = split(data)
    assert found is not None
    assert len([next(found) for _ in range(5)]) == 5
    with pytest.raises(InputError, match="too_large"):
        next(found)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes(noise: bytes, at: int) -> None:
    """Nothing but our own error comes out."""
    honest = zipped({"a.json": b"{}", INDEX: index("a.json")})
    for data in (b"PK\x03\x04" + noise, b"[" + noise, honest[:at] + noise + honest[at + len(noise) :]):
        with contextlib.suppress(InputError):
            list(split(data) or ())

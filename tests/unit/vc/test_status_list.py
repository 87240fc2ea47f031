"""Bitstring Status List v1.0, read and made. Section numbers are those of the Recommendation."""

from __future__ import annotations

import contextlib
import copy
import gzip
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import InputError
from agent.vc import status_list
from agent.vc.status_list import MIN_ENTRIES, Entry
from trust_registry.strict_json import b64url, b64url_decode

URL = "https://issuer.example/status/3"
NOON = datetime(2026, 6, 12, 12, 0, 0, 250_000, UTC)
EMPTY = bytes(MIN_ENTRIES // 8)
# Section 2.2 and appendix A: a list of 131,072 zeros, as the Recommendation prints it.
OF_THE_STANDARD = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"


def made(bits: bytes = EMPTY, **subject: Any) -> dict[str, Any]:
    document = status_list.credential(
        url=URL,
        issuer="did:web:issuer.example",
        purpose="revocation",
        bits=bits,
        valid_from=NOON,
        valid_until=NOON + timedelta(days=7),
        ttl=timedelta(minutes=5),
    )
    document["credentialSubject"] |= subject
    return document


def code(call: Callable[[], object]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.detail
    return caught.value.code


def packed(data: bytes) -> str:
    return "u" + b64url(data)


# --- the standard's own


def test_the_list_printed_in_the_standard() -> None:
    found = status_list.read(
        {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": "https://example.com/credentials/status/3",
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": "did:example:12345",
            "validFrom": "2021-04-05T14:27:40Z",
            "credentialSubject": {
                "id": "https://example.com/status/3#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": OF_THE_STANDARD,
            },
        }
    )
    assert (found.size, found.purposes, found.ttl) == (131_072, ("revocation",), None)
    assert not any(found.bits)
    assert found.is_set(0) is found.is_set(131_071) is False


def test_the_first_index_is_the_left_most_bit() -> None:
    """Section 2.2 and the diagram of section 7.1."""
    assert status_list.with_bit(EMPTY, 0, value=True)[0] == 0b1000_0000
    assert status_list.with_bit(EMPTY, 9, value=True)[1] == 0b0100_0000
    assert status_list.with_bit(EMPTY, MIN_ENTRIES - 1, value=True)[-1] == 0b0000_0001
    assert status_list.read(made(b"\x40" + EMPTY[1:])).is_set(1)


def test_the_entries_printed_in_the_standard() -> None:
    entry = {
        "id": "https://example.com/credentials/status/3#94567",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "94567",
        "statusListCredential": "https://example.com/credentials/status/3",
    }
    assert status_list.read_entry(entry) == Entry(
        "revocation", 94567, "https://example.com/credentials/status/3", entry["id"]
    )
    assert status_list.entry(url=entry["statusListCredential"], index=94567, purpose="revocation") == entry
    several = entry | {"statusPurpose": "message", "statusSize": 2, "statusMessage": []}
    assert code(lambda: status_list.read_entry(several)) == "unsupported_status"


# --- making


def test_a_list_that_is_made_has_the_shape_of_section_2_2() -> None:
    document = made(status_list.with_bit(EMPTY, 94567, value=True))
    assert document["@context"] == ["https://www.w3.org/ns/credentials/v2"]
    assert document["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert (document["validFrom"], document["validUntil"]) == ("2026-06-12T12:00:00Z", "2026-06-19T12:00:00Z")
    assert document["credentialSubject"]["ttl"] == 300_000
    assert document["credentialSubject"]["encodedList"].startswith("uH4sI")
    assert "=" not in document["credentialSubject"]["encodedList"]
    found = status_list.read(document)
    assert found.ttl == timedelta(minutes=5)
    assert [index for index in range(found.size) if found.is_set(index)] == [94567]
    assert made() == made()  # nothing of the time or the machine gets in


@settings(max_examples=40, deadline=None)
@given(
    st.sets(st.integers(0, MIN_ENTRIES + 799), max_size=40),
    st.sampled_from([MIN_ENTRIES, MIN_ENTRIES + 800]),
)
def test_what_is_set_is_read(wanted: set[int], size: int) -> None:
    bits = bytes(size // 8)
    wanted = {index for index in wanted if index < size}
    for index in wanted:
        bits = status_list.with_bit(bits, index, value=True)
    found = status_list.read(made(bits))
    assert found.size == size
    assert found.bits == bits
    assert all(found.is_set(index) for index in wanted)
    assert sum(byte.bit_count() for byte in found.bits) == len(wanted)
    for index in wanted:
        bits = status_list.with_bit(bits, index, value=False)
    assert not any(bits)


# --- what is refused


@pytest.mark.parametrize("index", [-1, MIN_ENTRIES, 10**15])
def test_an_index_outside_the_list(index: int) -> None:
    """Section 3.2, RANGE_ERROR: a negative index must not count from the end either."""
    found = status_list.read(made())
    assert code(lambda: found.is_set(index)) == "index_out_of_range"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "StatusList2021Entry"},
        {"type": ["BitstringStatusListEntry"]},
        {"statusPurpose": ""},
        {"statusPurpose": ["revocation"]},
        {"statusPurpose": None},
        {"statusListIndex": 5},
        {"statusListIndex": True},
        {"statusListIndex": "-1"},
        {"statusListIndex": "05"},
        {"statusListIndex": "5 "},
        {"statusListIndex": "+5"},
        {"statusListIndex": "٥"},
        {"statusListIndex": "5.0"},
        {"statusListIndex": "1" * 5000},
        {"statusListIndex": ""},
        {"statusListCredential": ""},
        {"statusListCredential": {"id": URL}},
        {"statusListCredential": "https://issuer.example/" + "x" * 3000},
        {"id": URL},
        {"id": 7},
        {"statusSize": 0},
        {"statusSize": -1},
        {"statusSize": True},
        {"statusSize": "1"},
        {"statusSize": 1.5},
    ],
)
def test_entries_that_break_section_2_1(change: dict[str, Any]) -> None:
    entry = status_list.entry(url=URL, index=5, purpose="revocation")
    assert status_list.read_entry(entry).index == 5
    assert code(lambda: status_list.read_entry(entry | change)) == "bad_status_entry"
    without = {name: value for name, value in entry.items() if name not in change}
    if set(change) & {"statusPurpose", "statusListIndex", "statusListCredential", "type"}:
        assert code(lambda: status_list.read_entry(without)) == "bad_status_entry"


@pytest.mark.parametrize("entry", [None, [], "x", 5, {}])
def test_what_is_no_entry(entry: Any) -> None:
    assert code(lambda: status_list.read_entry(entry)) == "bad_status_entry"


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        ({"type": "StatusList2021"}, "bad_status_list"),
        ({"type": ["BitstringStatusList", "Other"]}, "bad_status_list"),
        ({"statusPurpose": []}, "bad_status_list"),
        ({"statusPurpose": ["revocation", 5]}, "bad_status_list"),
        ({"statusPurpose": ["revocation", ""]}, "bad_status_list"),
        ({"statusPurpose": ["x"] * 17}, "bad_status_list"),
        ({"statusPurpose": {"id": "revocation"}}, "bad_status_list"),
        ({"statusSize": 2}, "unsupported_status"),
        ({"ttl": -1}, "bad_status_list"),
        ({"ttl": True}, "bad_status_list"),
        ({"ttl": "300000"}, "bad_status_list"),
        ({"ttl": 10**30}, "bad_status_list"),
        ({"encodedList": None}, "bad_status_list"),
        ({"encodedList": ["u"]}, "bad_status_list"),
        ({"encodedList": ""}, "bad_status_list"),
        ({"encodedList": "u"}, "bad_status_list"),
        ({"encodedList": OF_THE_STANDARD[1:]}, "bad_status_list"),  # no multibase letter
        ({"encodedList": "z" + OF_THE_STANDARD[1:]}, "bad_status_list"),
        ({"encodedList": OF_THE_STANDARD + "="}, "bad_status_list"),
        ({"encodedList": OF_THE_STANDARD.replace("-", "+")}, "bad_status_list"),
        ({"encodedList": OF_THE_STANDARD + "\n"}, "bad_status_list"),
        ({"encodedList": "u٥"}, "bad_status_list"),
        ({"encodedList": packed(EMPTY)}, "bad_status_list"),  # not compressed
        ({"encodedList": packed(zlib.compress(EMPTY))}, "bad_status_list"),  # of a Token Status List
        ({"encodedList": packed(gzip.compress(EMPTY)[:-9])}, "bad_status_list"),  # cut off
        ({"encodedList": packed(gzip.compress(EMPTY) + b"\0")}, "bad_status_list"),
        ({"encodedList": packed(gzip.compress(EMPTY) * 2)}, "bad_status_list"),
        ({"encodedList": packed(gzip.compress(EMPTY[1:]))}, "list_too_small"),
        ({"encodedList": packed(gzip.compress(b""))}, "list_too_small"),
        ({"encodedList": "u" + "A" * (6 * 1024 * 1024)}, "too_large"),
    ],
)
def test_lists_that_break_section_2_2(change: dict[str, Any], wanted: str) -> None:
    assert code(lambda: status_list.read(made(**change))) == wanted


def test_a_wrong_checksum() -> None:
    whole = gzip.compress(EMPTY)
    broken = whole[:-8] + struct.pack("<L", zlib.crc32(EMPTY) ^ 1) + whole[-4:]
    assert code(lambda: status_list.read(made(encodedList=packed(broken)))) == "bad_status_list"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "VerifiableCredential"},
        {"type": {"id": "BitstringStatusListCredential"}},
        {"type": None},
        {"credentialSubject": None},
        {"credentialSubject": []},
        {"credentialSubject": [{"type": "BitstringStatusList"}] * 2},
    ],
)
def test_documents_that_are_no_list(change: dict[str, Any]) -> None:
    assert code(lambda: status_list.read(made() | change)) == "bad_status_list"


@pytest.mark.parametrize("document", [None, [], "x", 5, {}])
def test_what_is_no_document(document: Any) -> None:
    assert code(lambda: status_list.read(document)) == "bad_status_list"


def test_several_purposes_in_one_list() -> None:
    """Appendix A, "Multiple Status Entries in a Single List"."""
    document = made(statusPurpose=["revocation", "suspension"])
    assert status_list.read(document).purposes == ("revocation", "suspension")
    several = copy.deepcopy(document)
    several["credentialSubject"] = [several["credentialSubject"]]
    assert status_list.read(several) == status_list.read(document)


def bomb(members: int = 1, zeros: int = 1024 * 1024 * 1024) -> str:
    """A gigabyte of zeros. Made piece by piece, so that the test itself does not hold it."""
    packer = zlib.compressobj(9, wbits=31)
    piece = bytes(4 * 1024 * 1024)
    data = b"".join([*(packer.compress(piece) for _ in range(zeros // len(piece))), packer.flush()])
    return packed(data * members)


def test_a_gzip_bomb_is_not_inflated() -> None:
    document = made(encodedList=bomb())
    assert len(document["credentialSubject"]["encodedList"]) < 2 * 1024 * 1024
    tracemalloc.start()
    try:
        assert code(lambda: status_list.read(document)) == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 16 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_the_largest_list_that_is_read() -> None:
    largest = bytes(status_list.MAX_BYTES)
    assert status_list.read(made(encodedList=status_list.encode(largest))).size == 33_554_432
    over = made(encodedList=status_list.encode(largest + b"\0"))
    assert code(lambda: status_list.read(over)) == "too_large"


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(max_size=60), st.binary(max_size=60).map(packed)))
def test_anything_else_is_refused_with_a_code(encoded: str) -> None:
    assert code(lambda: status_list.read(made(encodedList=encoded))) in ("bad_status_list", "list_too_small")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, len(b64url_decode(OF_THE_STANDARD[1:])) * 8 - 1))
def test_one_flipped_bit_never_makes_another_list(position: int) -> None:
    data = bytearray(b64url_decode(OF_THE_STANDARD[1:]))
    data[position // 8] ^= 1 << position % 8
    document = made(encodedList=packed(bytes(data)))
    with contextlib.suppress(InputError):
        # Only in the header's time, flags or system, which say nothing about the bits.
        assert status_list.read(document).bits == EMPTY

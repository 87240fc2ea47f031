"""The format of a backup: whatever happened to the file, it is refused with one error, or it is whole."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.errors import CairnError, InputError, PassphraseError
from agent.store import backup_file
from agent.store.backup_file import Cost, Entry, Limits, Manifest

PASSPHRASE = "correct horse battery"
CHEAP = Cost(memory_kib=8, passes=1)  # the least that Argon2id takes: the real cost is a test of its own
SMALL = 64
LAX = Limits(min_memory_kib=8, min_chunk=SMALL, entry_bytes=100_000)
FACTS = Manifest("2026-11-28T10:00:00Z", "Ada", {"credentials": 2, "offers": 0, "history": 3}, "ab" * 32)
PARTS = (("vault.jsonl", b"one line\n" * 30), ("acapy.sqlite", bytes(range(256))), ("empty", b""))


def made(parts: tuple[tuple[str, bytes], ...] = PARTS, **more: Any) -> bytes:
    out = io.BytesIO()
    entries = [(name, io.BytesIO(data)) for name, data in parts]
    backup_file.write(out, PASSPHRASE, FACTS, entries, **{"cost": CHEAP, "chunk": SMALL} | more)
    return out.getvalue()


def opened(
    data: bytes, passphrase: str = PASSPHRASE, limits: Limits = LAX
) -> tuple[Manifest, dict[str, bytes]]:
    parts: dict[str, bytearray] = {}

    def take(entry: Entry) -> Any:
        return parts.setdefault(entry.name, bytearray()).extend

    manifest = backup_file.read(io.BytesIO(data), passphrase, take, limits=limits)
    return manifest, {name: bytes(found) for name, found in parts.items()}


def refused(data: bytes, limits: Limits = LAX) -> CairnError:
    with pytest.raises(CairnError) as caught:
        opened(data, limits=limits)
    assert caught.value.hint
    return caught.value


FILE = made()
PIECES = FILE.index(b"}") + 1 + backup_file.CHECK_BYTES


@given(
    parts=st.lists(st.binary(max_size=300), max_size=5),
    passphrase=st.text(min_size=1, max_size=20).filter(lambda text: text.encode("utf-8", "ignore") != b""),
)
@settings(max_examples=60, deadline=None)
def test_what_was_written_is_read(parts: list[bytes], passphrase: str) -> None:
    named = [(f"part{number}", io.BytesIO(data)) for number, data in enumerate(parts)]
    out = io.BytesIO()
    said = backup_file.write(out, passphrase, FACTS, named, cost=CHEAP, chunk=SMALL)
    manifest, found = opened(out.getvalue(), passphrase)
    assert manifest == said
    assert list(found.values()) == parts
    assert (manifest.made_at, manifest.counts, manifest.history_head) == (
        FACTS.made_at,
        FACTS.counts,
        FACTS.history_head,
    )


@given(at=st.integers(0, len(FILE) - 1), flip=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_is_refused(at: int, flip: int) -> None:
    data = bytearray(FILE)
    data[at] ^= flip
    refused(bytes(data))


def test_every_bit_of_the_start_counts() -> None:
    """The part before the first piece, which the format reads before it knows anything."""
    codes = set()
    for at in range(PIECES):
        for bit in range(8):
            data = bytearray(FILE)
            data[at] ^= 1 << bit
            codes.add(refused(bytes(data)).code)
    assert codes == {"not_a_backup", "backup_newer", "backup_damaged", "backup_costs", "backup_passphrase"}


@given(length=st.integers(0, len(FILE) - 1))
@settings(max_examples=150, deadline=None)
def test_any_shortened_file_is_refused(length: int) -> None:
    assert refused(FILE[:length]).code in ("not_a_backup", "backup_damaged")


@given(more=st.binary(min_size=1, max_size=300))
@settings(max_examples=100, deadline=None)
def test_anything_behind_the_end_is_refused(more: bytes) -> None:
    assert refused(FILE + more).code == "backup_damaged"


def test_what_happened_is_said() -> None:
    piece = SMALL + backup_file.TAG_BYTES
    assert "ends too early" in refused(FILE[: PIECES + 2 * piece]).detail
    ended = made((("a", b"x" * 5000),))
    assert (len(ended) - PIECES) % piece, "the last piece is a short one"
    assert "part 2 was changed" in refused(FILE[: PIECES + piece] + b"\0" + FILE[PIECES + piece + 1 :]).detail


def test_pieces_have_their_places() -> None:
    piece = SMALL + backup_file.TAG_BYTES
    parts = [FILE[at : at + piece] for at in range(PIECES, len(FILE), piece)]
    assert len(parts) > 6
    swapped = [parts[1], parts[0], *parts[2:]]
    without = [*parts[:2], *parts[3:]]
    twice = [*parts[:2], parts[1], *parts[2:]]
    for order in (swapped, without, twice, parts[:-2] + parts[-1:]):
        assert refused(FILE[:PIECES] + b"".join(order)).code == "backup_damaged"
    other = made()  # the same content, made again
    assert refused(FILE[:PIECES] + other[PIECES:]).code == "backup_damaged"


@pytest.mark.parametrize("passphrase", ["", "Correct horse battery", PASSPHRASE + " ", "x" * 5000])
def test_a_wrong_passphrase_is_said_to_be_that(passphrase: str) -> None:
    with pytest.raises(PassphraseError) as caught:
        opened(FILE, passphrase)
    assert caught.value.code == "backup_passphrase"
    assert "Wrong passphrase, or the file is damaged at the very start" in caught.value.detail


def test_an_accent_may_be_spelt_in_two_ways() -> None:
    out = io.BytesIO()
    backup_file.write(out, "caf\u00e9 au lait", FACTS, [], cost=CHEAP, chunk=SMALL)
    opened(out.getvalue(), "cafe\u0301 au lait")


@pytest.mark.parametrize(
    "data", [b"", b"x", b"%PDF-1.7\n" * 100, b"PK\x03\x04" + b"\0" * 500, b"SQLite format 3\0"]
)
def test_a_foreign_file(data: bytes) -> None:
    assert refused(data).code == "not_a_backup"


def test_a_newer_format() -> None:
    error = refused(FILE[:8] + (2).to_bytes(2) + FILE[10:])
    assert (error.code, "Update Cairn" in error.hint) == ("backup_newer", True)


def headed(**changed: Any) -> bytes:
    header = {
        "kdf": "argon2id",
        "memory_kib": 65536,
        "passes": 1,
        "lanes": 1,
        "salt": base64.b64encode(b"0" * 16).decode(),
        "cipher": "chacha20-poly1305",
        "chunk": 65536,
    } | changed
    encoded = json.dumps(header).encode()
    return b"CAIRNBAK" + (1).to_bytes(2) + len(encoded).to_bytes(2) + encoded + b"\0" * 200


@pytest.mark.parametrize(
    "changed",
    [
        {"memory_kib": 2 * 1024 * 1024},
        {"memory_kib": 10**12},
        {"memory_kib": 1024},
        {"memory_kib": 19 * 1024, "lanes": 10**6},
        {"passes": 17},
        {"passes": 10**9},
        {"memory_kib": 1024 * 1024, "passes": 6},
        {"chunk": 16},
        {"chunk": 2**31},
        {"salt": base64.b64encode(b"0" * 8).decode()},
    ],
    ids=str,
)
def test_a_file_cannot_ask_for_work_or_memory(
    changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_file, "Argon2id", None)  # nothing is derived: it would be a TypeError
    assert refused(headed(**changed), backup_file.LIMITS).code == "backup_costs"


@pytest.mark.parametrize(
    "changed",
    [
        {"memory_kib": True},
        {"memory_kib": "65536"},
        {"passes": 0},
        {"passes": -1},
        {"passes": 1.5},
        {"lanes": None},
        {"salt": 7},
        {"salt": "not base 64!"},
        {"kdf": "md5"},
        {"cipher": "rot13"},
        {"more": 1},
    ],
    ids=str,
)
def test_a_header_that_is_not_ours(changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_file, "Argon2id", None)
    assert refused(headed(**changed), backup_file.LIMITS).code == "backup_damaged"


def test_a_part_that_is_too_large() -> None:
    large = made((("vault.jsonl", b"x" * 100_001),), chunk=4096)
    assert refused(large).code == "backup_too_large"


@pytest.mark.parametrize(
    "entries",
    [
        "none",
        [{"name": "../vault.db", "size": 0, "sha256": "0" * 64}],
        [{"name": "a", "size": -1, "sha256": "0" * 64}],
        [{"name": "a", "size": 0, "sha256": "0" * 64}],  # not the digest of nothing
        [{"name": "a", "size": 0}],
        [{"name": 5, "size": 0, "sha256": "0" * 64}],
        [{"name": "a", "size": True, "sha256": "0" * 64}],
    ],
    ids=str,
)
def test_a_list_of_contents_that_cannot_be(entries: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Authentic, but of software that is not ours: refused all the same."""
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "to_json", lambda self: {**FACTS_JSON, "entries": entries})
        data = made(())
    assert refused(data).code == "backup_damaged"


FACTS_JSON = FACTS.to_json()


def test_a_newer_list_of_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "to_json", lambda self: {**FACTS_JSON, "version": 2})
        data = made(())
    assert refused(data).code == "backup_newer"


def test_nothing_lies_there_in_plain() -> None:
    for word in (b"one line", b"Ada", b"credentials", b"vault.jsonl", PASSPHRASE.encode()):
        assert word not in FILE


def test_the_real_cost_once() -> None:
    out = io.BytesIO()
    backup_file.write(out, PASSPHRASE, FACTS, [("a", io.BytesIO(b"x" * 200_000))])
    manifest = backup_file.read(io.BytesIO(out.getvalue()), PASSPHRASE, backup_file.nothing)
    assert [entry.size for entry in manifest.entries] == [200_000]
    header = json.loads(out.getvalue()[12 : out.getvalue().index(b"}") + 1])
    assert (header["memory_kib"], header["passes"]) == (256 * 1024, 2)


def test_a_machine_without_the_memory_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    class Greedy:
        def __init__(self, **_: Any) -> None: ...

        def derive(self, _secret: bytes) -> bytes:
            raise MemoryError

    monkeypatch.setattr(backup_file, "Argon2id", Greedy)
    error = refused(FILE)
    assert isinstance(error, InputError)
    assert error.code == "backup_costs"

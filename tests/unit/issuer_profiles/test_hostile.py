"""Files also come by e-mail: whatever the bytes, a `ProfileError` or a value, and never much work."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from issuer_profiles import ProfileError, list_profiles, load_target, load_templates
from issuer_profiles.loader import KINDS, ROOT
from issuer_profiles.positions import MAX_KEY_PARTS, TooDeepError, scan
from issuer_profiles.reading import LIMITS, read_toml

TARGET = next(ROOT.glob("munster-tu/targets/*.toml")).read_bytes()
PIECES = [
    b"[", b"]", b"[[a]]", b"{", b"}", b"=", b".", b"'''", b'"""', b"'", b'"', b"\\", b"#", b"\n", b"\r\n", b",",
    b"a", b"a.b", b" ", b"1", b"1979-05-27 07:32:00", b"\0", b"\xff", b"\xc3\xa9", b"true", b"inf", b"id",
    b"title", b"a = 1\n", b"required", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"\\u0000"', b"0x", b"f" * 40,
]  # fmt: skip


def deep(opening: str, closing: str) -> str:
    return f"x = {opening * 20_000}{closing * 20_000}"


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "bad_content"),
    "ten megabytes": (b"# " + b"x" * 10_000_000, "too_large"),
    "not UTF-8": (b'format = 1\nid = "\xff"', "not_utf8"),
    "half a surrogate pair": (b'id = "\xed\xa0\x80"', "not_utf8"),
    "a byte order mark": (b"\xef\xbb\xbfformat = 1", "not_toml"),
    "NUL": (b'id = "a\0"', "not_toml"),
    "NUL as an escape": (b'id = "a\\u0000"', "bad_content"),
    "NUL in a key": (b'"a\\u0000" = 1', "bad_content"),
    "a key twice": (b"format = 1\nformat = 1", "not_toml"),
    "a table twice": (b"[title]\n[title]", "not_toml"),
    "deep arrays": (deep("[", "]").encode(), "too_deep"),
    "deep inline tables": (deep("{a = ", "}").encode(), "too_deep"),
    "arrays as deep as the parser goes": (f"x = {'[' * 200}{']' * 200}".encode(), "too_deep"),
    "a key of many parts": (b"a" + b".a" * 100_000 + b" = 1", "too_deep"),
    "a table of many parts": (b"[a" + b".a" * 100_000 + b"]", "too_deep"),
    "many keys of many parts": (b"\n".join(b"k%d" % n + b".a" * 60 + b" = 1" for n in range(2_000)), "too_deep"),
    "a long key inside an inline table": (b"x = { s = \"\"\" ' \"\"\", a" + b".a" * 100_000 + b" = 1 }", "too_deep"),
    "a huge array": (b"x = [" + b"1," * 100_000 + b"]", "too_many"),
    "many tables": (b"[[outcomes]]\n" * 20_100, "too_many"),
    "many keys": (b"\n".join(b"k%d = 1" % n for n in range(20_000)), "too_many"),
    "a number of many digits": (b"x = " + b"9" * 100_000, "not_toml"),
    "a number in hex of many digits": (b"x = 0x" + b"f" * 100_000, "bad_content"),
    "not a number": (b"format = nan", "bad_content"),
    "no such day": (b"x = 2026-02-30", "not_toml"),
    "a long unknown key": (b"a" * 100_000 + b" = 1", "bad_content"),
    "an unknown key of control characters": (b'"\\u001b[2J\\n" = 1', "bad_content"),
    "a string without an end": (b'x = """' + b"\\\n" * 50_000, "not_toml"),
    "quotes": (b"'''" * 40_000, "not_toml"),
    "dots": (b"." * 200_000, "not_toml"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_hostile_files(tmp_path: Path, name: str, kind: str) -> None:
    data, code = HOSTILE[name]
    home = tmp_path / "munster-tu"
    (home / "templates").mkdir(parents=True)
    (home / "profile.toml").write_bytes((ROOT / "munster-tu" / "profile.toml").read_bytes())
    places = {"profile": "profile.toml", "template": "templates/x.toml", "target": "x.toml"}
    file = home / places[kind]
    file.write_bytes(data)
    with pytest.raises(ProfileError) as caught:
        load_target(file, tmp_path) if kind == "target" else load_templates("munster-tu", tmp_path)
    error = caught.value
    assert error.code == code
    assert error.file == file.relative_to(tmp_path).as_posix()
    assert len(str(error)) < 2_000
    assert str(error).isprintable()


def test_the_byte_order_mark_gets_a_hint(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b"\xef\xbb\xbfformat = 1")
    with pytest.raises(ProfileError) as caught:
        load_target(tmp_path / "x.toml")
    assert "byte order mark" in caught.value.hint


def test_the_line_of_what_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_bytes(b'format = 1\n\nid = "\xff"')
    with pytest.raises(ProfileError) as caught:
        load_target(tmp_path / "x.toml")
    assert caught.value.line == 3


def test_files_that_are_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")  # opening it plainly would wait for ever
    (tmp_path / "loop.toml").symlink_to(tmp_path / "loop.toml")
    (tmp_path / "folder.toml").mkdir()
    for name in ("pipe.toml", "loop.toml", "folder.toml", "absent.toml", "nul\0.toml"):
        with pytest.raises(ProfileError) as caught:
            load_target(tmp_path / name)
        assert caught.value.code == "no_file"
    with pytest.raises(ProfileError):
        load_target(Path("/dev/zero"))


def test_sizes_are_limited_exactly(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(b"#" * LIMITS.file_bytes)
    assert read_toml(file, "x") == ({}, "#" * LIMITS.file_bytes)
    file.write_bytes(b"#" * (LIMITS.file_bytes + 1))
    with pytest.raises(ProfileError, match="too_large"):
        read_toml(file, "x")
    file.write_text(f"x = {'[' * (LIMITS.depth - 1)}{']' * (LIMITS.depth - 1)}", "utf-8")
    assert read_toml(file, "x")
    file.write_text(f"x = {'[' * LIMITS.depth}1{']' * LIMITS.depth}", "utf-8")
    with pytest.raises(ProfileError, match="too_deep"):
        read_toml(file, "x")


def test_prose_with_many_dots_is_no_long_key(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text('x = "' + "One. Two. " * 100 + '"\ny = """\n' + "a.b" * 100 + '\n"""', "utf-8")
    assert len(read_toml(file, "x")[0]["x"]) == 1000


def test_no_shipped_file_comes_near_the_limits() -> None:
    for file in ROOT.glob("*/**/*.toml"):
        assert file.stat().st_size * 4 < LIMITS.file_bytes
        assert len(scan(file.read_text("utf-8"))) * 4 < LIMITS.values


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(b"".join))
@example(b"[[required]]\nid = 1\n[required.match]\n[required.match.x]")
def test_no_bytes_cause_another_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "fuzz.toml"
    file.write_bytes(data)
    with pytest.raises(ProfileError):  # nothing so short is a target
        load_target(file)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(TARGET)), st.integers(0, 30), st.lists(st.sampled_from(PIECES), max_size=3))
def test_no_change_of_a_good_file_causes_another_error(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, pieces: list[bytes]
) -> None:
    file = tmp_path_factory.getbasetemp() / "changed.toml"
    file.write_bytes(TARGET[:at] + b"".join(pieces) + TARGET[at + cut :])
    error = problem_of(file)
    if error is not None:
        assert error.file == "changed.toml"
        assert error.line <= file.read_bytes().count(b"\n") + 1
        assert str(error).isprintable()


def problem_of(file: Path) -> ProfileError | None:
    try:
        load_target(file)
    except ProfileError as error:
        return error
    return None


# --- lines of keys

KEYS = st.one_of(
    st.text("abz-_09", min_size=1, max_size=4),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=4),
)
VALUES = st.recursive(
    st.one_of(
        st.integers(-5, 5),
        st.booleans(),
        st.text(st.sampled_from("a#[]{}=,.\"'\n\\é "), max_size=8),
        st.datetimes().map(lambda each: each.replace(microsecond=0)),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(name)} = {inline(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[ # a comment ] \n" + "".join(f" {inline(item)},\n" for item in value) + "]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat(" ") if hasattr(value, "isoformat") else str(value)


def written(document: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """As headers where a table is a table, as ``[[…]]`` where all items are tables, and inline below."""
    later: list[tuple[str, Any]] = []
    for name, value in document.items():
        tables = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        if tables or isinstance(value, dict):
            later.append((name, value))
        else:
            yield f'{quoted(name)} = {inline(value)} # [x] "\n'
    for name, value in later:
        header = ".".join(quoted(part) for part in (*path, name))
        for item in value if isinstance(value, list) else [value]:
            yield f"[[{header}]]\n" if isinstance(value, list) else f"[{header}]\n"
            yield from written(item, (*path, name))


def paths(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        yield (*path, name)
        if isinstance(item, dict | list):
            yield from paths(item, (*path, name))


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_every_key_of_a_document_has_its_line(document: dict[str, Any]) -> None:
    text = "".join(written(document))
    parsed = tomllib.loads(text)
    assert parsed == document
    found = scan(text)
    assert set(found) == set(paths(parsed))
    lines = text.split("\n")
    for path, line in found.items():
        if isinstance(path[-1], str):
            assert quoted(path[-1]) in lines[line - 1]


def test_lines_in_shipped_files() -> None:
    for id in list_profiles():
        for file in (ROOT / id).glob("**/*.toml"):
            text = file.read_text("utf-8")
            found = scan(text)
            assert set(found) == set(paths(tomllib.loads(text)))
            lines = text.split("\n")
            assert all(
                path[-1] in lines[line - 1] for path, line in found.items() if isinstance(path[-1], str)
            )


def test_lines_of_what_looks_like_something_else() -> None:
    text = """
"a b".c = 1
'x'.y."z\\t" = \"\"\"q " ' # = [ \\\"\"\" "" \"\"\" # c
m = '''
[not] = 1
'''''
t = 1979-05-27 07:32:00
[[p]]
[[p.q]]
r = 1
[[p.q]]
r = 2
[[p]]
[p.s]
[[p.q]]
r.t = 3
"""
    found = scan(text)
    assert set(found) == set(paths(tomllib.loads(text)))
    assert [found["x", "y", "z\t"], found["p", 0, "q", 1, "r"], found["p", 1, "q", 0, "r", "t"]] == [
        3,
        12,
        16,
    ]


def test_a_key_has_at_most_so_many_parts() -> None:
    good = ".".join("a" * MAX_KEY_PARTS)
    assert scan(f"{good} = 1")[("a",) * MAX_KEY_PARTS] == 1
    with pytest.raises(TooDeepError) as caught:
        scan(f"\n\n{good}.a = 1")
    assert caught.value.line == 3

"""`cairn record`: exit codes, what is shown, and that nothing from the file reaches the terminal raw."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner, Result

from agent.cli.record import GLYPHS, app
from agent.core.findings import Outcome
from agent.core.profiles import PROFILES
from agent.core.record import MAX_RECORD_BYTES, record_schema

RECORDS = Path(__file__).parents[2] / "fixtures" / "records"
COMMAND: Any = typer.main.get_command(app)

type Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    # typer's runner builds all commands anew for every call, which is most of its time.
    monkeypatch.setattr("typer.testing._get_command", lambda _app: COMMAND)

    def invoke(*arguments: str | Path, stdin: bytes = b"") -> Result:
        result = CliRunner().invoke(
            app, [str(each) for each in arguments], input=stdin, catch_exceptions=True
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.stderr
        return result

    return invoke


def sample(name: str) -> Path:
    return RECORDS / f"{name}.json"


@pytest.mark.parametrize(
    ("name", "profiles", "expected"),
    [
        ("complete", (), 0),
        ("complete", ("digital-badge", "eu-certified", "microbol", "unesco", "australia"), 0),
        ("no-level", (), 0),  # no information is no failure
        ("badge-without-evidence", ("digital-badge",), 0),  # a warning is none either
        ("badge-without-evidence", ("importable-badge",), 1),
        ("no-outcomes", (), 1),
        ("no-outcomes", ("importable-badge",), 0),
        ("no-outcomes", ("importable-badge", "council"), 1),
        ("misdeclared", (), 0),
        ("misdeclared", ("ireland",), 0),
        ("attendance", ("ireland",), 1),
        ("new-zealand-41", ("new-zealand",), 1),
        ("hostile", (), 0),
    ],
)
def test_exit_code_is_1_when_something_fails(
    run: Run, name: str, profiles: tuple[str, ...], expected: int
) -> None:
    options = [part for profile in profiles for part in ("--profile", profile)]
    assert run("validate", sample(name), *options).exit_code == expected
    answered = run("validate", sample(name), *options, "--json")
    assert answered.exit_code == expected
    document = json.loads(answered.stdout)
    assert document["result"] == ("fail" if expected else "pass")
    assert [each["name"] for each in document["profiles"]] == list(profiles or ("council",))


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b'{"version": NaN}', "not_json"),
        (b'{"version": -Infinity}', "not_json"),
        (b'{"version": 1, "version": 1}', "duplicate_member"),
        (b'{"version": 1, "issuer": {"did": "did:web:a", "did": "did:web:b"}}', "duplicate_member"),
        (b"[" * 40 + b"]" * 40, "too_deep"),
        (b" " * (MAX_RECORD_BYTES + 1), "too_large"),
        (b"[]", "bad_record"),
        (b'"record"', "bad_record"),
        (b"{}", "unsupported_version"),
        (b'{"version": 2}', "unsupported_version"),
        (b'{"version": 1, "id": "x"}', "bad_record"),
        (
            b'{"version": 1, "id": "x", "issuer": {"did": "did:web:a.example"}, "tilte": {"en": "x"}}',
            "unknown_member",
        ),
        (b'{"version": 1, "id": "\\ud800", "issuer": {"did": "did:web:a.example"}}', "bad_record"),
    ],
)
def test_unreadable_input_is_2(run: Run, tmp_path: Path, data: bytes, code: str) -> None:
    file = tmp_path / "record.json"
    file.write_bytes(data)
    for result in (run("validate", file), run("validate", "-", stdin=data), run("validate", file, "--json")):
        assert result.exit_code == 2
        assert result.stdout == ""
        assert f"[{code}]" in result.stderr


def test_a_record_of_the_largest_size_is_read(run: Run) -> None:
    data = sample("complete").read_bytes()
    assert run("validate", "-", stdin=data.ljust(MAX_RECORD_BYTES)).exit_code == 0
    assert run("validate", "-", stdin=data.ljust(MAX_RECORD_BYTES + 1)).exit_code == 2


def test_no_file_and_a_folder(run: Run, tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        result = run("validate", path)
        assert (result.exit_code, "[unreadable]" in result.stderr) == (2, True)


def test_unknown_profile_is_2_with_the_nearest(run: Run) -> None:
    result = run("validate", sample("complete"), "--profile", "austria")
    assert result.exit_code == 2
    assert "Did you mean australia?" in result.stderr


def test_standard_input(run: Run) -> None:
    result = run("validate", "-", stdin=sample("no-outcomes").read_bytes())
    assert result.exit_code == 1
    assert "✗ fail" in result.stdout


def test_one_line_for_each_finding_with_glyph_and_word(run: Run) -> None:
    lines = run("validate", sample("no-level")).stdout.splitlines()
    shown = lines[lines.index("") + 2 :][:11]
    assert all(any(line.startswith(f"  {glyph}") for glyph in GLYPHS.values()) for line in shown)
    assert sum("? no information" in line for line in shown) == 1
    assert "  10 pass, 1 no information" in lines
    for outcome, glyph in GLYPHS.items():
        assert glyph.strip().endswith(outcome.words)
        assert not glyph[0].isascii() or glyph[0] in "!?"


def test_explain_shows_every_source_and_the_contradiction(run: Run) -> None:
    plain = run("validate", sample("badge-without-evidence"), "--profile", "digital-badge").stdout
    assert "source 000:271" not in plain
    assert "000:127 says otherwise" in plain  # a rule that has something to say names who says otherwise
    explained = run(
        "validate", sample("badge-without-evidence"), "--profile", "digital-badge", "--explain"
    ).stdout
    for rule in PROFILES["digital-badge"].rules:
        assert f"source {rule.source}" in explained
    assert "No expiry." in explained


def test_the_category_and_its_warning(run: Run) -> None:
    result = run("validate", sample("misdeclared"))
    assert (
        "✓ pass            Category by size  ·  Minor, supplemental or special purpose award."
        in result.stdout
    )
    assert "! warning         Category as declared  ·  The issuer declares another category" in result.stdout
    category = json.loads(run("validate", sample("misdeclared"), "--json").stdout)["category"]
    assert (category["code"], category["micro_credential"]) == ("minor_supplemental_special", True)
    assert [each["outcome"] for each in category["findings"]] == ["pass", "warning", "pass"]


def test_an_attendance_record_is_never_called_a_micro_credential(run: Run) -> None:
    result = run("validate", sample("attendance"))
    assert "Not a micro-credential: Attendance record." in result.stdout
    assert (
        json.loads(run("validate", sample("attendance"), "--json").stdout)["category"]["micro_credential"]
        is False
    )


def test_hostile_text_is_shown_harmlessly(run: Run) -> None:
    for arguments in ((), ("--explain",), ("--json",)):
        result = run("validate", sample("hostile"), *arguments)
        for stream in (result.stdout, result.stderr):
            assert not [char for char in stream if not char.isprintable() and char != "\n"]
        # The line break in the title makes no line of its own.
        assert not [line for line in result.stdout.splitlines() if line.startswith("✓ pass  Forged")]


def test_profiles_are_listed_with_their_sources(run: Run) -> None:
    lines = run("profiles").stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(PROFILES)
    assert all(PROFILES[line.split()[0]].source in line for line in lines)
    listed = json.loads(run("profiles", "--json").stdout)["profiles"]
    assert [(each["name"], each["rules"]) for each in listed] == [
        (p.name, len(p.rules)) for p in PROFILES.values()
    ]


def test_schema_is_that_of_the_record(run: Run) -> None:
    printed = json.loads(run("schema").stdout)
    assert printed == record_schema()
    assert Draft202012Validator(printed).is_valid(json.loads(sample("complete").read_text("utf-8")))


def test_every_outcome_has_a_glyph() -> None:
    assert set(GLYPHS) == set(Outcome)
    assert len({glyph[0] for glyph in GLYPHS.values()}) == len(Outcome)

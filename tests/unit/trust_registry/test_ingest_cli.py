"""``cairn-registry ingest``, ``diff``, ``quarantine``: what they say, where, and with which exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.simulators.deqar import TOKEN, Deqar, Inst, world
from trust_registry import cli_ingest, embedded
from trust_registry.cli import app
from trust_registry.fact_json import FactText, Kind
from trust_registry.history import History
from trust_registry.ingest.plan import Change, Step

SAMPLE = f"csv:{embedded.DATA / 'deqar'}"


@pytest.fixture
def deqar() -> Iterator[Deqar]:
    with world().serving() as simulator:
        yield simulator


def call(*words: str | Path, token: str = "") -> Result:
    env = {"CAIRN_REGISTRY_HOME": "", "CAIRN_DEQAR_TOKEN": token}
    return CliRunner().invoke(app, [str(word) for word in words], env=env)


def test_the_sample_from_beginning_to_end(tmp_path: Path) -> None:
    home = tmp_path / "home"
    dry = call("ingest", "--from", SAMPLE, "--home", home, "--dry-run")
    assert dry.exit_code == 0
    assert "207 changes, 0 unchanged, 18 set aside." in dry.stdout
    assert "Nothing was changed." in dry.stderr
    assert not home.exists()

    made = call("ingest", "--from", SAMPLE, "--home", home)
    assert made.exit_code == 0
    assert "institution  IE  added        49" in made.stdout
    assert "(demo) is made" in made.stderr
    assert "deqar-institutions.csv read: 1 of 1" in made.stderr
    assert "read:" not in made.stdout  # progress is narration

    again = call("diff", "--from", SAMPLE, "--home", home, "--json")
    assert again.exit_code == 0
    assert json.loads(again.stdout) == {
        "changes": [],
        "examples": [],
        "unchanged": 207,
        "kept": 0,
        "quarantined": 18,
        "refused": None,
    }


def test_diff_shows_what_would_change(tmp_path: Path, deqar: Deqar) -> None:
    source = f"csv:{deqar.url}/static/daily-csv"
    assert call("ingest", "--from", source, "--home", tmp_path).exit_code == 0
    deqar.reports[0].decision = "negative"
    deqar.institutions.append(Inst(5000, "New \x1b[31mCollege"))
    deqar.institutions = [one for one in deqar.institutions if one.id != 9700]
    shown = call("diff", "--from", source, "--home", tmp_path)
    assert shown.exit_code == 0
    assert 'changed report 11: decision "positive" → "negative"' in shown.stdout
    assert "added institution DEQARINST5000: New �[31mCollege" in shown.stdout
    assert "vanished institution DEQARINST9700: Alliance" in shown.stdout
    assert "It would be refused" in shown.stderr
    assert "--accept-loss ZZ" in shown.stderr


def test_diff_shows_faculties_and_members_that_older_lines_lack(tmp_path: Path, deqar: Deqar) -> None:
    source = f"connect:{deqar.url}"
    assert call("ingest", "--from", source, "--home", tmp_path).exit_code == 0
    deqar.memberships.append((7609, 2005, "faculty", "", ""))
    added = call("diff", "--from", source, "--home", tmp_path)
    assert "added faculty DEQARINST7609 DEQARINST2005 -: DEQARINST7609 DEQARINST2005 -" in added.stdout
    now = FactText('{"id":"I","name":"N","names":["M"]}', ("IE",), None, None)
    before = FactText('{"id":"I","name":"N"}', ("IE",), None, None)
    step = Step(Change.CHANGED, Kind.INSTITUTION, "I", now, before)
    assert cli_ingest._example(step)["what"] == 'names null → ["M"]'


def test_a_refusal_changes_nothing(tmp_path: Path, deqar: Deqar) -> None:
    source = f"csv:{deqar.url}/static/daily-csv"
    assert call("ingest", "--from", source, "--home", tmp_path).exit_code == 0
    manifest = (tmp_path / "tuf" / "metadata" / "timestamp.json").read_bytes()
    deqar.institutions = deqar.institutions[:-5]
    for options in ((), ("--dry-run",)):
        refused = call("ingest", "--from", source, "--home", tmp_path, *options)
        assert refused.exit_code == 1
        assert "IE: 5 of 42 institution facts" in refused.stderr
    assert (tmp_path / "tuf" / "metadata" / "timestamp.json").read_bytes() == manifest
    assert call("ingest", "--from", source, "--home", tmp_path, "--accept-loss", "ie").exit_code == 0
    assert (tmp_path / "tuf" / "metadata" / "timestamp.json").read_bytes() != manifest


def test_quarantine_lists_reasons(tmp_path: Path, deqar: Deqar) -> None:
    assert call("quarantine", "--home", tmp_path).exit_code == 1
    deqar.reports[0].decision = "withdrawn"
    deqar.broken.add("/webapi/v2/browse/institutions/72/")
    source = f"web:{deqar.url}"
    assert call("ingest", "--from", source, "--home", tmp_path, token=TOKEN).exit_code == 0
    shown = call("quarantine", "--home", tmp_path)
    assert shown.exit_code == 0
    assert "reports:1  11  an unknown reportdecision" in shown.stdout
    assert "DEQARINST0072  the source answered with HTTP 500" in shown.stdout
    assert "3 set aside." in shown.stderr
    listed = json.loads(call("quarantine", "--home", tmp_path, "--json").stdout)["quarantined"]
    assert {item["key"] for item in listed} == {"11", "DEQARINST0072", "DEQARINST0498"}
    assert listed[0]["source"] == source


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--from", "ftp:somewhere"), 2),
        (("--from", "csv:no-such-folder"), 1),
        (("--from", "web:https://example.org"), 2),  # no token
        (("--from", "connect:http://127.0.0.1:1"), 3),
        (("--from", "connect:http://example.org"), 1),  # not https
        (("--from", "web:https://example.org", "--token-file", "no-such-file"), 2),
    ],
)
def test_exit_codes(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    for command in ("ingest", "diff"):
        assert call(command, "--home", tmp_path, *words).exit_code == code


def test_the_token_is_in_no_output_and_no_file(tmp_path: Path, deqar: Deqar) -> None:
    (tmp_path / "token.txt").write_text(TOKEN + "\n")
    home = tmp_path / "home"
    given = ("--from", f"web:{deqar.url}", "--home", home, "--token-file", tmp_path / "token.txt")
    results = [call("ingest", *given), call("diff", *given)]
    assert [result.exit_code for result in results] == [0, 0]
    deqar.down_after = 0
    results.append(call("diff", *given))
    wrong = call("ingest", "--from", f"web:{deqar.url}", "--home", home, token="wrong token")
    assert wrong.exit_code == 2
    assert all(TOKEN not in result.output for result in results)
    assert all(TOKEN.encode() not in path.read_bytes() for path in home.rglob("*") if path.is_file())


def test_provenance_is_kept_with_the_facts(tmp_path: Path, deqar: Deqar) -> None:
    source = f"csv:{deqar.url}/static/daily-csv"
    assert call("ingest", "--from", source, "--home", tmp_path, "--licence", "ODC-PDDL").exit_code == 0
    history = History(tmp_path / "history.db")
    sources = {one.file: one for one in history.as_of().sources}
    history.close()
    fetched = sources["deqar-reports.csv"]
    assert fetched.url == f"{deqar.url}/static/daily-csv/deqar-reports.csv"
    assert len(fetched.sha256) == 64
    assert fetched.etag.startswith('"')
    assert fetched.licence == "ODC-PDDL"
    assert fetched.rows == 5

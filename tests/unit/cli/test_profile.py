"""``cairn profile``: no agent, no network, a folder of files."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from agent.cli import profile
from issuer_profiles.loader import ROOT, list_profiles
from tests.unit.cli.test_hostile_text import HOSTILE

type Run = Callable[..., Result]
ISSUER = "munster-tu"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    command: Any = typer.main.get_command(profile.app)
    # typer's runner builds all commands anew for every call, which is most of its time.
    monkeypatch.setattr("typer.testing._get_command", lambda _app: command)

    def work(*arguments: str) -> Result:
        result = CliRunner().invoke(profile.app, [*arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return work


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one issuer."""
    for file in (ROOT / ISSUER).glob("**/*.toml"):
        copy = tmp_path / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    return tmp_path


def spoil(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")


# --- list and show


def test_list(run: Run) -> None:
    result = run("list")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(list_profiles())
    line = next(line for line in result.stdout.splitlines() if line.startswith("diploma-mill "))
    assert line.endswith("1 template, 0 targets  ·  illustrative")
    document = json.loads(run("list", "--json").stdout)
    assert [each["id"] for each in document["profiles"]] == list(list_profiles())
    assert document["version"] == 1


def test_list_of_another_folder(run: Run, root: Path) -> None:
    spoil(root / ISSUER / "profile.toml", "illustrative = true", "illustrative = false")
    assert run("list", "--root", str(root)).stdout.startswith(
        "munster-tu  Munster Technological University  ·  IE"
    )
    assert "illustrative" not in run("list", "--root", str(root)).stdout
    (root / "broken").mkdir()
    (root / "broken" / "profile.toml").write_text("x =", "utf-8")
    result = run("list", "--root", str(root))
    assert result.exit_code == 1
    assert "broken  ✗ error: broken/profile.toml" in result.stdout
    assert "munster-tu  " in result.stdout
    assert run("list", "--root", str(root / "nowhere")).exit_code == 2
    (root / "empty").mkdir()
    assert "No profiles" in run("list", "--root", str(root / "empty")).stdout


def test_show(run: Run) -> None:
    shown = run("show", "depaul").stdout
    assert "stackable-to-degree: no (003:1172) | sometimes (003:2610)  ·  the sources differ" in shown
    assert "Expected resolution:" in shown
    assert "credit system    clock-hour" in shown
    assert "grading scale    Pass or fail" in shown
    assert "depaul-degree" in shown
    assert "illustrative" in shown
    explained = run("show", "depaul", "--explain").stdout
    assert "      003:2610  " in explained
    assert "invented: " in explained
    assert set(shown.splitlines()) < set(explained.splitlines())


def test_show_as_json(run: Run) -> None:
    document = json.loads(run("show", "depaul", "--json").stdout)
    assert document["profile"]["id"] == "depaul"
    assert "stackable-to-degree" in document["contradictions"]
    assert {"no", "sometimes"} == {
        fact["value"] for fact in document["profile"]["facts"] if fact["topic"] == "stackable-to-degree"
    }
    assert len(document["templates"][0]["sha256"]) == 64
    assert document["targets"][0]["id"] == "depaul-degree"


@pytest.mark.parametrize("id", list_profiles())
def test_every_shipped_profile_can_be_shown(run: Run, id: str) -> None:
    assert run("show", id, "--explain").exit_code == 0


def test_show_takes_a_folder(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / ISSUER)
    assert run("show", ".").stdout == run("show", str(root / ISSUER)).stdout


@pytest.mark.parametrize("command", ["show", "checklist", "release", "lint"])
def test_unknown_profiles(run: Run, command: str, root: Path) -> None:
    result = run(command, "munster-tv", "--root", str(root))
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Did you mean munster-tu?" in result.stderr
    (root / "empty").mkdir()
    assert run(command, str(root / "empty"), "--root", str(root)).exit_code == 2
    assert run(command, "a\0b", "--root", str(root)).exit_code == 2


# --- lint


def test_lint_of_all(run: Run) -> None:
    result = run("lint")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith(f"{len(list_profiles())} profiles: 0 errors, ")
    assert "· information  depaul/profile.toml  The sources differ on stackable-to-degree: " in result.stdout


def test_lint_says_file_line_and_nearest_key(run: Run, root: Path) -> None:
    spoil(root / ISSUER / "templates" / "data-literacy.toml", "\n[credit]", "\n[credits]")
    for arguments in (
        (ISSUER, "--root", str(root)),
        (str(root / ISSUER),),
        (str(root),),
        ("--root", str(root)),
    ):
        result = run("lint", *arguments)
        assert result.exit_code == 1
        line = (
            (root / ISSUER / "templates" / "data-literacy.toml")
            .read_text("utf-8")
            .split("\n")
            .index("[credits]")
        )
        assert (
            f"✗ error  munster-tu/templates/data-literacy.toml:{line + 1}  credits: unknown key."
            in result.stdout
        )
        assert "Did you mean credit?" in result.stdout
        assert str(root) not in result.stdout
    document = json.loads(run("lint", str(root), "--json").stdout)
    (error,) = [each for each in document["profiles"][ISSUER] if each["severity"] == "error"]
    assert (error["code"], error["line"]) == ("bad_content", line + 1)


def test_lint_holds_templates_against_the_record(run: Run, root: Path) -> None:
    spoil(root / ISSUER / "templates" / "data-literacy.toml", '"online"', '"at-home"')
    result = run("lint", str(root))
    assert result.exit_code == 1
    assert "record.participation[0]: must be one of online" in result.stdout


# --- new, checklist, release, revise


def test_from_nothing_to_a_released_profile(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "my-college"
    result = run("new", "my-college", "--folder", str(tmp_path))
    assert result.exit_code == 0
    for line in range(1669, 1677):
        assert f"(003:{line})" in result.stdout
    assert len([*home.glob("**/*.toml")]) == 3
    assert run("lint", str(home)).exit_code == 0

    result = run("checklist", str(home))
    assert result.exit_code == 1
    assert "✗ not met         Privacy policy (003:1676)" in result.stdout
    assert "? cannot be told  Who assesses" in result.stdout
    result = run("release", str(home))
    assert result.exit_code == 2
    assert "still says TODO" in result.stderr

    for file in home.glob("**/*.toml"):
        file.write_text(file.read_text("utf-8").replace("TODO", "Done"), "utf-8")
    assert run("release", str(home)).stdout == "released: first-micro-credential@1\n"
    assert run("release", str(home)).stdout == "Nothing to release.\n"
    assert run("lint", str(home)).stdout == "1 profile: 0 errors, 0 warnings, 0 for information\n"
    assert run("checklist", "my-college", "--root", str(tmp_path)).exit_code == 0

    template = home / "templates" / "first-micro-credential.toml"
    spoil(template, 'value = "5"', 'value = "6"')
    result = run("show", str(home))
    assert result.exit_code == 2
    assert "[changed_without_version]" in result.stderr
    assert "my-college/templates/first-micro-credential.toml:4" in result.stderr
    spoil(template, 'value = "6"', 'value = "5"')
    assert "draft: first-micro-credential@2" in run("revise", str(home), "first-micro-credential").stdout
    spoil(template, 'value = "5"', 'value = "6"')
    shown = run("show", str(home)).stdout
    assert "first-micro-credential@2  Done: the title  ·  6 ects  ·  125 h  ·  EQF 6  ·  draft\n" in shown
    assert "5 ects  ·  125 h  ·  EQF 6  ·  released, an earlier version\n" in shown
    assert json.loads(run("release", str(home), "--json").stdout)["released"] == ["first-micro-credential@2"]


def test_new_overwrites_nothing(run: Run, root: Path) -> None:
    before = {file: file.read_bytes() for file in root.glob("**/*.toml")}
    result = run("new", ISSUER, "--folder", str(root))
    assert result.exit_code == 2
    assert "[exists]" in result.stderr
    (root / "file").write_text("kept", "utf-8")
    assert run("new", "file", "--folder", str(root)).exit_code == 2
    assert run("new", "x", "--folder", str(root / "file")).exit_code == 2
    assert {file: file.read_bytes() for file in root.glob("**/*.toml")} == before
    assert (root / "file").read_text("utf-8") == "kept"


@pytest.mark.parametrize("id", ["", "..", "../x", "My-College", "a/b", "1a", "a" * 65, "a\nb", "-a", "é"])
def test_new_takes_no_other_names(run: Run, tmp_path: Path, id: str) -> None:
    assert run("new", "--folder", str(tmp_path / "in"), "--", id).exit_code == 2
    assert [*tmp_path.iterdir()] == []


def test_new_as_json_and_long_names(run: Run, tmp_path: Path) -> None:
    id = "a" * 64
    document = json.loads(run("new", id, "--folder", str(tmp_path), "--json").stdout)
    assert all((tmp_path / name).exists() for name in document["files"])
    assert len(document["checklist"]) == len(
        json.loads(run("checklist", str(tmp_path / id), "--json").stdout)["points"]
    )
    assert run("lint", str(tmp_path)).exit_code == 0


def test_release_where_nothing_can_be_written(run: Run, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object) -> None:
        raise PermissionError("read-only")

    monkeypatch.setattr(Path, "replace", fail)
    result = run("release", ISSUER, "--root", str(root))
    assert result.exit_code == 2
    assert "munster-tu/versions.json: The file cannot be written." in result.stderr
    assert str(root) not in result.stderr


# --- whatever the files say


@pytest.mark.parametrize(
    "name", [name for name in HOSTILE if name not in ("nul and delete", "half a character")]
)
def test_nothing_of_a_file_reaches_the_terminal_raw(run: Run, root: Path, name: str) -> None:
    hostile = json.dumps(HOSTILE[name] + "\x1b[2J", ensure_ascii=True)
    if "\\ud" in hostile:  # TOML knows no surrogates
        hostile = json.dumps(HOSTILE[name], ensure_ascii=False).replace("\x7f", "")
    file = root / ISSUER / "profile.toml"
    spoil(file, 'en = "Munster Technological University"', f"en = {hostile}")
    spoil(file, 'privacy = "', f"privacy = {hostile} #")
    spoil(file, 'fact = "', f"fact = {hostile} #")
    template = root / ISSUER / "templates" / "data-literacy.toml"
    spoil(template, 'en = "Data Literacy for Process Industries"', f"en = {hostile}")
    outputs = [
        run("list", "--root", str(root)),
        run("show", ISSUER, "--explain", "--root", str(root)),
        run("show", ISSUER, "--json", "--root", str(root)),
        run("lint", str(root)),
        run("checklist", ISSUER, "--root", str(root)),
    ]
    assert outputs[1].exit_code == 0
    spoil(template, "[title]", f"[title]\n{hostile} = {hostile}")
    outputs += [run("lint", str(root)), run("show", ISSUER, "--root", str(root))]
    assert outputs[-1].exit_code == 2
    for result in outputs:
        for line in (result.stdout + result.stderr).split("\n"):
            assert not [
                char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")
            ]
            assert not line.startswith("✓ pass")

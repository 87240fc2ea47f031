"""``cairn stack`` and ``cairn pathway`` on files: no agent is needed, and nothing is taken for checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result as Outcome
from typer.testing import CliRunner

from agent.cli.main import build

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "issuer_profiles" / "samples" / "microcredx"
NEGATIVE = ROOT / "issuer_profiles" / "samples" / "negative"
GOAL = "microcredx-micro-degree"


def cairn(*arguments: str | Path) -> Outcome:
    return CliRunner().invoke(build(), [str(argument) for argument in arguments])


def test_targets_are_listed() -> None:
    outcome = cairn("stack", "targets")
    assert outcome.exit_code == 0
    assert GOAL in outcome.stdout
    listed = json.loads(cairn("stack", "targets", "--json").stdout)["targets"]
    assert {"id", "title", "kind", "awarded_by", "unit", "total"} <= set(listed[0])


def test_files_are_said_to_be_unchecked_and_their_issuers_unknown() -> None:
    outcome = cairn("stack", "plan", "--target", GOAL, "--records", SAMPLES)
    assert outcome.exit_code == 0
    assert outcome.stdout.startswith("? From files: no signature, status or issuer was checked.")
    assert "0 of 15 ECTS counted" in outcome.stdout
    assert "no information on the issuer's quality assurance" in outcome.stdout


def test_what_if_the_issuers_are_who_they_say() -> None:
    plan = json.loads(
        cairn("stack", "plan", "--target", GOAL, "--records", SAMPLES, "--assume-issuers", "--json").stdout
    )
    # English, by a partner of the consortium: 4 + 3 + 4 + 3.
    assert (plan["counted"], plan["missing"], plan["met"]) == ("14", "1", False)
    assert "quality-assured" in plan["unchecked"]
    unlisted = next(each for each in plan["members"] if each["credential_id"] == "first-aid-seminar")
    assert (unlisted["state"], unlisted["counts"]) == ("excluded", "0")


def test_without_one_of_them() -> None:
    command = ("stack", "plan", GOAL, "--records", SAMPLES, "--assume-issuers")
    found = json.loads(cairn(*command, "--without", "cyber-security-safety-basics", "--json").stdout)
    left_out = next(each for each in found["members"] if each["code"] == "left_out")
    assert (found["counted"], left_out["credential_id"]) == ("10", "cyber-security-safety-basics")
    shown = cairn(*command, "--without", "cyber-security-safety-basics").stdout
    assert "Counts nothing in this plan: you left it out." in shown


def test_explain_names_the_rule_and_its_source() -> None:
    outcome = cairn("stack", "plan", "--target", GOAL, "--records", SAMPLES, "--assume-issuers", "--explain")
    assert "rule other_cluster, source 002:720" in outcome.stdout
    assert "To complain: Write to the coordinator of the consortium." in outcome.stdout


def test_a_target_from_a_file(tmp_path: Path) -> None:
    source = ROOT / "issuer_profiles" / "tampere" / "targets" / "tampere-master-electives.toml"
    file = tmp_path / "mine.toml"
    file.write_text(source.read_text("utf-8").replace('total = "25"', 'total = "4"'), "utf-8")
    outcome = cairn("stack", "plan", "--target", file, "--records", SAMPLES, "--assume-issuers", "--json")
    assert json.loads(outcome.stdout)["required"] == "4"


def test_compare_puts_the_nearest_first() -> None:
    outcome = cairn("stack", "compare", "--records", SAMPLES, "--assume-issuers", "--json")
    plans = json.loads(outcome.stdout)["plans"]
    assert plans[0]["met"]
    assert [plan["met"] for plan in plans] == sorted((plan["met"] for plan in plans), reverse=True)
    assert "✓ met" in cairn("stack", "compare", "--records", SAMPLES, "--assume-issuers").stdout


def test_the_pathway_is_a_tree_and_a_graph() -> None:
    outcome = cairn("pathway", "--target", "harvard-graduate-certificate", "--records", SAMPLES)
    assert outcome.exit_code == 0
    lines = outcome.stdout.splitlines()
    assert lines[0].startswith("? From files")
    assert any(line.startswith("├─ □  The microcertificate in Project Management") for line in lines)
    assert any("+ next  Microcertificate in Circular Economics" in line for line in lines)
    graph = json.loads(
        cairn("pathway", "--target", "harvard-graduate-certificate", "--records", SAMPLES, "--json").stdout
    )["pathways"][0]["graph"]
    known = {node["id"] for node in graph["nodes"]}
    assert all(edge["from"] in known and edge["to"] in known for edge in graph["edges"])


def test_without_a_target_the_three_nearest_are_drawn() -> None:
    found = json.loads(cairn("pathway", "--records", SAMPLES, "--assume-issuers", "--json").stdout)[
        "pathways"
    ]
    assert len(found) == 3


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("{", "not_json"),
        ('{"version": 1, "version": 1}', "duplicate_member"),
        ('{"version": 1, "id": NaN}', "not_json"),
        ("[" * 50 + "]" * 50, "too_deep"),
        ('{"version": 2}', "unsupported_version"),
        (" " * 70_000, "too_large"),
    ],
)
def test_a_bad_record_names_its_file(tmp_path: Path, content: str, code: str) -> None:
    (tmp_path / "bad.json").write_text(content, "utf-8")
    outcome = cairn("stack", "plan", "--target", GOAL, "--records", tmp_path)
    assert outcome.exit_code == 2
    assert "bad.json" in outcome.stderr
    assert code in outcome.stderr
    assert str(tmp_path) not in outcome.stderr


def test_hostile_text_in_a_record_reaches_the_terminal_harmless(tmp_path: Path) -> None:
    made = json.loads((SAMPLES / "cyber-security-safety-basics.json").read_text("utf-8"))
    made["title"] = {"en": "\x1b]52;c;ZXZpbA==\x07\n✓ counted \u202egnp"}
    (tmp_path / "evil.json").write_text(json.dumps(made), "utf-8")
    for command in (("stack", "plan"), ("pathway",)):
        shown = cairn(*command, "--target", GOAL, "--records", tmp_path, "--assume-issuers").stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert not any(line.startswith("✓ counted") for line in shown.splitlines())


def test_bad_calls_are_told_apart(tmp_path: Path) -> None:
    assert cairn("stack", "plan", "--target", "no-such", "--records", SAMPLES).exit_code != 0
    assert cairn("stack", "plan", "--target", GOAL, "--records", tmp_path).exit_code == 2
    assert cairn("stack", "plan", "--target", GOAL, "--records", SAMPLES, "--wallet").exit_code == 2
    assert cairn("stack", "plan", "--target", GOAL, "--assume-issuers").exit_code == 2
    assert cairn("stack", "plan", "--records", SAMPLES).exit_code == 2
    assert cairn("stack", "plan", GOAL, "--target", GOAL, "--records", SAMPLES).exit_code == 2
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('format = 1\nid = "wrong"\ntotl = "5"\n', "utf-8")
    outcome = cairn("stack", "plan", "--target", wrong, "--records", SAMPLES)
    assert outcome.exit_code == 2
    assert "wrong.toml" in outcome.stderr

"""`cairn policy`: flags and their exit codes, and the published grammar. No service is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.unit.cli.conftest import Service
from tests.unit.core_policy.builder import policy_json, skill_set

type Cairn = Callable[..., Result]

ROOT = Path(__file__).resolve().parents[3]


def given(document: Any) -> bytes:
    return json.dumps(document).encode()


def test_a_modest_policy(cairn: Cairn, service: Service) -> None:
    result = cairn("policy", "lint", str(ROOT / "docs" / "examples" / "policy-skills.json"))
    assert (result.exit_code, result.stdout) == (0, "Nothing stands out.\n")
    assert service.calls == []


def test_advice_is_no_failure_and_is_explained_when_asked(cairn: Cairn) -> None:
    document = given(policy_json([{"claim": "birth_date"}], {}, {}) | {"purpose_category": "recruitment"})
    result = cairn("policy", "lint", "-", stdin=document)
    assert result.exit_code == 0
    assert result.stdout.startswith("▲ over_asking: Date of birth: recruitment does not need it")
    assert len(result.stdout.splitlines()) == 1
    explained = cairn("policy", "lint", "-", "--explain", stdin=document)
    assert "  over_asking: The stated purpose" in explained.stdout


@pytest.mark.parametrize(
    "change",
    [
        {"claims": [{"claim": "nationality"}]},
        {"set": {"skills": skill_set("a", at_least=2)}},
        {"each": {"awarded_since": "2999-01-01"}},
    ],
)
def test_what_nobody_can_satisfy_fails(cairn: Cairn, change: dict[str, Any]) -> None:
    result = cairn("policy", "lint", "-", stdin=given(policy_json() | change))
    assert result.exit_code == 1
    assert "unsatisfiable" in result.stdout


def test_flags_as_json(cairn: Cairn) -> None:
    document = given(policy_json([{"claim": "nationality"}], {}, {}))
    result = cairn("policy", "lint", "-", "--json", "--explain", stdin=document)
    assert result.exit_code == 1
    read = json.loads(result.stdout)
    assert [(flag["code"], flag["claim"]) for flag in read["flags"]] == [
        ("legally_irrelevant", "nationality"),
        ("unsatisfiable", "nationality"),
    ]
    assert set(read["codes"]) == {"legally_irrelevant", "unsatisfiable"}
    assert len(read["digest"]) == 64
    assert "codes" not in json.loads(cairn("policy", "lint", "-", "--json", stdin=document).stdout)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"{", "not_json"),
        (b'{"version": 1, "version": 1}', "duplicate_member"),
        (b"[" * 100, "too_deep"),
        (b'{"version": 2}', "unsupported_version"),
        (given(policy_json() | {"claims": [{"claim": "titel"}]}), "unknown_claim"),
        (given(policy_json() | {"each": {"profile": "\x1b[2J"}}), "bad_policy"),
        (given(policy_json() | {"\x1b[2J": 1}), "unknown_member"),
    ],
)
def test_what_cannot_be_read(cairn: Cairn, text: bytes, code: str) -> None:
    result = cairn("policy", "lint", "-", stdin=text)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert f"[{code}]" in result.stderr
    assert "\x1b" not in result.stderr


def test_a_file_that_is_not_there(cairn: Cairn, tmp_path: Path) -> None:
    result = cairn("policy", "lint", str(tmp_path / "none.json"))
    assert result.exit_code == 2
    assert "[unreadable]" in result.stderr


def test_schema_is_the_published_one(cairn: Cairn) -> None:
    result = cairn("policy", "schema")
    assert result.exit_code == 0
    assert result.stdout == (ROOT / "docs" / "schema" / "policy.json").read_text("utf-8")

"""`cairn elm`: installing, telling what is installed, and the exit codes of validating."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import Result

from agent.settings import Role, create_home
from agent.vc import elm
from tests.unit.core_domain.builders import record
from tests.unit.vc import elm_files

type Cairn = Callable[..., Result]


@pytest.fixture
def installed(cairn: Cairn) -> Cairn:
    result = cairn("elm", "install", "--from", str(elm_files.folder()))
    assert result.exit_code == 0
    assert result.stdout.startswith("✓ installed in ")
    return cairn


def exported(*, whole: bool) -> bytes:
    document = elm.to_elm(
        record(),
        issuer_did="did:web:uni.example",
        credential_id="urn:uuid:7b0f6d3e-9a55-4d8c-8f3b-0d1f6a3f2b12",
        subject_id="urn:uuid:11111111-9a55-4d8c-8f3b-0d1f6a3f2b12",
        issued=datetime(2026, 1, 2, tzinfo=UTC),
        legal_identifier=elm.LegalIdentifier(country="IE", number="1") if whole else None,
        picture=b"\x89PNG\r\n\x1a\n" if whole else None,
    )
    return json.dumps(document).encode()


def test_without_the_files_the_answer_is_unknown(cairn: Cairn) -> None:
    result = cairn("elm", "validate", "-", stdin=exported(whole=True))
    assert result.exit_code == 5
    assert result.stdout.startswith("? unknown")
    assert "cairn elm install" in result.stderr
    asked = cairn("elm", "validate", "-", "--json", stdin=exported(whole=True))
    assert (asked.exit_code, json.loads(asked.stdout)["reason"]) == (5, "not_installed")
    told = cairn("elm", "status", "--json")
    assert (told.exit_code, json.loads(told.stdout)["state"]) == (5, "not_installed")


def test_status_names_the_version_and_where_it_is(installed: Cairn) -> None:
    result = installed("elm", "status")
    assert result.exit_code == 0
    assert "European Learning Model 3, EDC application profile 1.1.0  ·  commit 9d7c5d22" in result.stdout
    assert "state    installed" in result.stdout
    told = json.loads(installed("elm", "status", "--json").stdout)
    assert told["state"] == "installed"
    assert len(told["files"]) == 6


def test_a_document_for_which_the_shapes_hold(installed: Cairn) -> None:
    result = installed("elm", "validate", "-", stdin=exported(whole=True))
    assert (result.exit_code, result.stdout.splitlines()[0][:6]) == (0, "✓ pass")


def test_the_violations_of_the_sample_are_violations_unless_allowed(installed: Cairn, tmp_path: Path) -> None:
    file = tmp_path / "credential.json"
    file.write_bytes(exported(whole=False))
    result = installed("elm", "validate", str(file))
    assert result.exit_code == 1
    assert "3 violations, 0 of them beyond those of the official sample." in result.stdout
    assert "mandatory legal identifier is missing (elm:eidasLegalIdentifier)" in result.stdout
    assert installed("elm", "validate", str(file), "--allow-known").exit_code == 0


def test_others_are_not_allowed_and_a_dropped_term_is_told(installed: Cairn) -> None:
    document = json.loads(exported(whole=False))
    del document["issued"]
    document["nick\u001b[31mname"] = "x"
    result = installed("elm", "validate", "-", "--allow-known", stdin=json.dumps(document).encode())
    assert result.exit_code == 1
    assert "✗ EuropeanDigitalCredential: issued is missing (cred:issued)" in result.stdout
    assert "is defined by no context" in result.stdout
    assert "\u001b" not in result.stdout


@pytest.mark.parametrize(("data", "code"), [(b"{", "not_json"), (b"{}", "not_elm")])
def test_what_cannot_be_read(installed: Cairn, data: bytes, code: str) -> None:
    result = installed("elm", "validate", "-", stdin=data)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"[{code}]" in result.stderr


def test_a_file_that_is_not_there(cairn: Cairn, tmp_path: Path) -> None:
    result = cairn("elm", "validate", str(tmp_path / "none"))
    assert (result.exit_code, "[unreadable]" in result.stderr) == (2, True)


def test_a_folder_without_the_files(cairn: Cairn, tmp_path: Path) -> None:
    result = cairn("elm", "install", "--from", str(tmp_path))
    assert (result.exit_code, "[no_file]" in result.stderr) == (2, True)


def test_the_address_is_the_options_the_environments_the_settings_or_the_published_one(
    cairn: Cairn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def install(source: str | Path, target: Path, fetcher: object = None) -> Path:
        asked.append(str(source))
        return target

    monkeypatch.setattr("agent.services.elm.install", install)
    home = tmp_path / "home"
    settings = create_home(
        home, name="A", roles=frozenset({Role.HOLDER}), registry_url="https://registry.example"
    )
    changed = settings.model_copy(update={"elm_url": "https://settings.example/elm"})
    (home / "agent.json").write_text(changed.model_dump_json())
    assert cairn("elm", "install").exit_code == 0
    assert cairn("elm", "install", "--home", str(home)).exit_code == 0
    monkeypatch.setenv("CAIRN_ELM_URL", "https://environment.example/elm")
    assert cairn("elm", "install", "--home", str(home)).exit_code == 0
    assert cairn("elm", "install", "--from", "https://option.example/elm").exit_code == 0
    assert [address.split("/")[2] for address in asked] == [
        "raw.githubusercontent.com",
        "settings.example",
        "environment.example",
        "option.example",
    ]

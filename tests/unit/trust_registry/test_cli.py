from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.unit.trust_registry.samples import CIT, CIT_ID, FHJ, MILL
from trust_registry.cli import app
from trust_registry.registry import Registry, utc_now
from trust_registry.service import Service, _write_service
from trust_registry.vocabulary import SnapshotKind


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home that was served once as a demonstration."""
    folder = tmp_path / "home"
    did = "did:web:localhost%3A8300"
    Registry.open(folder, did=did, deployment=SnapshotKind.DEMO, now=utc_now()).close()
    _write_service(folder, Service("http://localhost:8300", did, SnapshotKind.DEMO, None))
    (tmp_path / "cit.jwk").write_text(json.dumps(CIT.jwk))
    return folder


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], env={"CAIRN_REGISTRY_HOME": ""})


def bind(home: Path, **changes: str) -> Result:
    options = {
        "--did": CIT.did,
        "--jwk": str(home.parent / "cit.jwk"),
        "--institution": CIT_ID,
        "--level": "2",
        "--valid-from": "2000-01-01",
        "--note": "test",
    } | changes
    return call("bind", "--home", home, *(word for pair in options.items() for word in pair))


def test_bind_then_resolve(home: Path) -> None:
    assert bind(home).exit_code == 0
    asked = ("resolve", "--home", home, "--did", CIT.did, "--key", CIT.thumbprint)
    good = call(*asked, "--awarded-on", "2019-06-01", "--eqf", "6", "--json")
    assert good.exit_code == 0
    assert json.loads(good.stdout)["outcome"] == "assured_official"
    closed = call(*asked, "--awarded-on", "2021-06-01")
    assert closed.exit_code == 1
    assert "institution_closed" in closed.stdout
    unknown = call("resolve", "--home", home, "--did", MILL.did, "--awarded-on", "2021-06-01")
    assert unknown.exit_code == 5
    assert "unknown_issuer" in unknown.stdout


def test_a_home_that_is_no_demonstration_assures_nothing(home: Path) -> None:
    bind(home)
    _write_service(home, Service("http://localhost:8300", "did:web:x.example", SnapshotKind.PRODUCTION, None))
    result = call("resolve", "--home", home, "--did", CIT.did, "--awarded-on", "2019-06-01")
    assert result.exit_code == 5
    assert "did_not_bound" in result.stdout  # what one person bound counts in a demonstration only
    alone = bind(home)
    assert alone.exit_code == 2
    assert "two operators" in alone.stderr


def test_revoke_and_unbind(home: Path) -> None:
    bind(home)
    asked = ("resolve", "--home", home, "--did", CIT.did, "--awarded-on", "2019-06-01")
    ended = call("unbind", "--home", home, "--did", CIT.did, "--last-day", "2018-12-31")
    assert ended.exit_code == 0
    assert "did_not_bound" in call(*asked).stdout
    revoked = call(
        "revoke-key", "--home", home, "--did", CIT.did, "--key", CIT.thumbprint, "--reason", "compromised"
    )
    assert revoked.exit_code == 0
    assert call(*asked).exit_code == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"--valid-from": "20000101"},
        {"--institution": "DEQARINST9"},
        {"--level": "7"},
        {"--did": "did:web:10.0.0.1"},
        {"--jwk": "/nonexistent"},
        {"--note": ""},
    ],
)
def test_bindings_that_are_not_made(home: Path, changes: dict[str, str]) -> None:
    result = bind(home, **changes)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.output


def test_usage(home: Path) -> None:
    neither = call("resolve", "--did", CIT.did, "--awarded-on", "2019-06-01")
    assert neither.exit_code == 2
    malformed = call("resolve", "--home", home, "--did", CIT.did, "--awarded-on", "yesterday")
    assert (malformed.exit_code, malformed.stdout) == (2, "")
    assert bind(home, **{"--kid": "x"}).exit_code == 0  # only asked for with --key-from-did
    assert (
        call("revoke-key", "--home", home, "--did", FHJ.did, "--key", "x", "--reason", "retired").exit_code
        == 2
    )

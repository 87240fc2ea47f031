"""The audit log under attack by somebody who can write the database, and the file of operators."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trust_registry.postgres import execute
from tests.unit.trust_registry.samples import FHJ, FHJ_ID, MTU, MTU_ID, NOW
from trust_registry import audit, bindings
from trust_registry.audit import Action, Head
from trust_registry.errors import BindingError, TrustRegistryError
from trust_registry.operators import Operators
from trust_registry.registry import Registry
from trust_registry.signing import RegistryKey
from trust_registry.store import Act
from trust_registry.vocabulary import RevocationReason, SnapshotKind

DID = "did:web:localhost%3A8300"
Tamper = Callable[..., None]


def open_home(home: Path) -> Registry:
    return Registry.open(home, did=DID, deployment=SnapshotKind.DEMO, now=NOW)


@pytest.fixture
def registry(tmp_path: Path, placed: Path | str) -> Iterator[Registry]:
    """Five entries: two bindings, a revocation, an end, a note; on both databases."""
    opened = open_home(tmp_path)
    for issuer, institution in ((MTU, MTU_ID), (FHJ, FHJ_ID)):
        bindings.bind(
            opened.store,
            opened.snapshot,
            did=issuer.did,
            jwk=issuer.jwk,
            institution_id=institution,
            level=2,
            valid_from=date(2021, 1, 1),
            evidence="test",
            now=NOW,
        )
    bindings.revoke_key(
        opened.store, did=FHJ.did, key=FHJ.thumbprint, at=NOW, reason=RevocationReason.COMPROMISED, now=NOW
    )
    bindings.unbind(opened.store, did=MTU.did, last_day=date(2026, 12, 31), now=NOW)
    opened.store.note(Act("alice", Action.CHECK, NOW), MTU.did)
    yield opened
    opened.close()


@pytest.fixture
def tamper(placed: Path | str) -> Tamper:
    """As whoever can write the database: the triggers that guard against our own mistakes are gone first."""
    return lambda *statements: execute(placed, *statements, unguarded=True)


def refused(registry: Registry, noted: Head | None = None) -> str:
    with pytest.raises(BindingError) as caught:
        registry.store.audit(noted)
    return caught.value.code


def test_every_change_is_an_entry_and_the_chain_holds(registry: Registry) -> None:
    entries = registry.store.audit()
    assert [entry.seq for entry in entries] == [1, 2, 3, 4, 5]
    assert [str(entry.action) for entry in entries] == ["bind", "bind", "revoke-key", "unbind", "check"]
    assert entries[0].prev == audit.FIRST_PREV
    assert entries[0].operator == audit.HOME
    assert entries[4].operator == "alice"
    assert registry.store.audit_head().seq == 5
    assert registry.store.audit(registry.store.audit_head()) == entries


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("DELETE FROM audit WHERE seq = 1", "audit_gap"),
        ("DELETE FROM audit WHERE seq = 3", "audit_gap"),
        ("UPDATE audit SET jws = (SELECT jws FROM audit WHERE seq = 2) WHERE seq = 3", "audit_gap"),
        (
            "UPDATE audit SET jws = substr(jws, 1, length(jws) - 9) || 'AAAAAAAAA' WHERE seq = 3",
            "audit_not_authentic",
        ),
        ("UPDATE audit SET jws = 'x' WHERE seq = 1", "audit_not_authentic"),
        ("DELETE FROM bindings WHERE number = 3", "record_missing"),  # a revocation that never was
        ("DELETE FROM audit WHERE seq >= 4", "record_unlogged"),
        (
            "INSERT INTO bindings SELECT 99, did, institution, jws FROM bindings WHERE number = 1",
            "record_unlogged",
        ),
    ],
)
def test_tampering_is_noticed(registry: Registry, tamper: Tamper, statement: str, code: str) -> None:
    registry.store.audit()
    tamper(statement)
    assert refused(registry) == code


def test_an_entry_by_another_key_is_noticed(registry: Registry, tamper: Tamper) -> None:
    last = registry.store.audit()[-1]
    forged = RegistryKey(bytes(32)).sign_statement(last.to_json(), typ=audit.AUDIT_TYPE)
    tamper(f"UPDATE audit SET jws = '{forged}' WHERE seq = 5")
    assert refused(registry) == "audit_not_authentic"
    # Nothing is built on it either.
    with pytest.raises(BindingError, match="audit_not_authentic"):
        registry.store.note(Act("alice", Action.CHECK, NOW), "x")


def test_an_entry_written_anew_by_our_own_key_breaks_the_chain(registry: Registry, tamper: Tamper) -> None:
    entry = registry.store.audit()[2].to_json() | {"operator": "somebody-else"}
    jws = registry.key.sign_statement(entry, typ=audit.AUDIT_TYPE)
    tamper(f"UPDATE audit SET jws = '{jws}' WHERE seq = 3")
    assert refused(registry) == "audit_broken"


def test_log_and_records_cut_together_show_against_a_noted_head(registry: Registry, tamper: Tamper) -> None:
    noted = registry.store.audit_head()
    tamper("DELETE FROM audit WHERE seq >= 3", "DELETE FROM bindings WHERE number >= 3")
    registry.store.audit()  # from inside, it looks whole: the revocation is gone
    assert refused(registry, noted) == "audit_rewritten"
    registry.store.note(Act("alice", Action.CHECK, NOW), "x")
    assert refused(registry, Head(3, noted.sha256)) == "audit_rewritten"


@pytest.mark.parametrize("text", ["", "5", "x:" + "0" * 64, "5:abc", "-1:" + "0" * 64])
def test_heads_that_are_none(text: str) -> None:
    with pytest.raises(BindingError, match="bad_head"):
        Head.parse(text)


# --- operators


def code(work: Any, *args: Any, **named: Any) -> str:
    with pytest.raises(TrustRegistryError) as caught:
        work(*args, **named)
    return caught.value.code


def test_an_operators_token_is_theirs_alone(tmp_path: Path) -> None:
    operators = Operators(tmp_path)
    token_file = tmp_path / "alice.token"
    operators.add("alice", token_file, now=NOW)
    operators.add("bob", tmp_path / "bob.token", now=NOW)
    token = token_file.read_text().strip()
    assert operators.authenticate(token) == "alice"
    assert operators.names() == {"alice", "bob"}
    for path in (token_file, tmp_path / "operators.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert token not in (tmp_path / "operators.json").read_text()
    for wrong in ("", token[:-1], token + "x", "\ud800", "x" * 43):
        assert code(operators.authenticate, wrong) == "unauthorised"
    operators.remove("alice")
    assert code(operators.authenticate, token) == "unauthorised"


def test_operators_that_are_not_made(tmp_path: Path) -> None:
    operators = Operators(tmp_path)
    operators.add("alice", tmp_path / "a", now=NOW)
    assert code(operators.add, "alice", tmp_path / "b", now=NOW) == "operator_exists"
    assert code(operators.add, "Bob!", tmp_path / "b", now=NOW) == "bad_operator"
    assert code(operators.add, "(home)", tmp_path / "b", now=NOW) == "bad_operator"
    assert code(operators.add, "bob", tmp_path / "a", now=NOW) == "token_file"  # never over another's token
    assert operators.names() == {"alice"}
    assert code(operators.remove, "bob") == "unknown_operator"


def test_one_token_is_not_two_operators(tmp_path: Path) -> None:
    operators = Operators(tmp_path)
    operators.add("alice", tmp_path / "a", now=NOW)
    path = tmp_path / "operators.json"
    data = json.loads(path.read_text())
    data["operators"]["bob"] = data["operators"]["alice"]
    path.write_text(json.dumps(data))
    token = (tmp_path / "a").read_text().strip()
    assert code(operators.authenticate, token) == "bad_operators_file"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"operators": []}',
        '{"operators": {"a": {}}}',
        '{"operators": {"A": {"token_sha256": "x"}}}',
    ],
)
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / "operators.json").write_text(text)
    assert code(Operators(tmp_path).names) == "bad_operators_file"

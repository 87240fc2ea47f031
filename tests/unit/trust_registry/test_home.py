"""A registry's home: snapshot, bindings, mirror, and what happens to those who edit its files."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import base58
import pytest

from tests.unit.trust_registry.samples import (
    CIT,
    CIT_ID,
    FHJ,
    FHJ_ID,
    MILL,
    MTU,
    MTU_ID,
    NOW,
    Issuer,
    query,
)
from trust_registry import bindings, cli_keys, embedded, ingest_run, objects, snapshot_tables
from trust_registry.cli_store import last_numbers
from trust_registry.content import of_ingested
from trust_registry.errors import BindingError, KeyFormatError, ObjectError, SnapshotError
from trust_registry.facts import Binding
from trust_registry.ingest.adapters import adapter_for
from trust_registry.keys import keys_from_did_document, thumbprint
from trust_registry.models import Outcome, Reason
from trust_registry.publishing import Repository, Target
from trust_registry.registry import Registry, registry_did
from trust_registry.signing import RegistryKey
from trust_registry.store import Store
from trust_registry.store import backup as keeping
from trust_registry.tails import TAILS_BYTES
from trust_registry.vocabulary import RevocationReason, SnapshotKind

DID = "did:web:localhost%3A8300"


def open_home(home: Path, now: datetime = NOW, did: str = DID) -> Registry:
    return Registry.open(home, did=did, deployment=SnapshotKind.DEMO, now=now)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    opened = open_home(tmp_path)
    opened.publish_schema(now=NOW)
    yield opened
    opened.close()


def bind(registry: Registry, issuer: Issuer = MTU, institution: str = MTU_ID, **changes: Any) -> Binding:
    members: dict[str, Any] = {
        "did": issuer.did,
        "jwk": issuer.jwk,
        "institution_id": institution,
        "level": 2,
        "valid_from": date(2010, 1, 1),
        "evidence": "seen by the test",
        "now": NOW - timedelta(minutes=1),
    }
    return bindings.bind(registry.store, registry.snapshot, **(members | changes))


# --- the embedded data give the golden answers through the store


@pytest.mark.parametrize(
    ("issuer", "institution", "day", "outcome", "reasons"),
    [
        (CIT, CIT_ID, "2019-06-01", Outcome.ASSURED_OFFICIAL, set()),
        (CIT, CIT_ID, "2020-12-31", Outcome.ASSURED_OFFICIAL, set()),
        (CIT, CIT_ID, "2021-06-01", Outcome.NOT_ASSURED, {Reason.INSTITUTION_CLOSED}),
        (MTU, MTU_ID, "2019-06-01", Outcome.NO_EVIDENCE, {Reason.INSTITUTION_NOT_FOUNDED}),
        (MTU, MTU_ID, "2020-12-31", Outcome.NO_EVIDENCE, {Reason.INSTITUTION_NOT_FOUNDED}),
        (MTU, MTU_ID, "2021-06-01", Outcome.ASSURED_OFFICIAL, {Reason.INHERITED_FROM_PREDECESSOR}),
        (FHJ, FHJ_ID, "2025-06-01", Outcome.ASSURED_OFFICIAL, set()),
    ],
)
def test_golden_cases_from_the_embedded_data(
    registry: Registry, issuer: Issuer, institution: str, day: str, outcome: Outcome, reasons: set[Reason]
) -> None:
    bind(registry, issuer, institution)
    decision = registry.resolve(query(issuer, day, eqf=6), now=NOW)
    assert (decision.outcome, set(decision.reasons)) == (outcome, reasons)


def test_every_stored_fact_comes_back_as_it_went_in(registry: Registry) -> None:
    loaded = embedded.load()
    stored = registry.snapshot
    assert all(stored.institution(name) == found for name, found in loaded.institutions.items())
    assert all(stored.agency(name) == found for name, found in loaded.agencies.items())
    assert {report.id: report for report in stored.reports(loaded.institutions)} == loaded.reports
    assert all(step in stored.lineage(step.successor) for step in loaded.relations)
    assert stored.quarantined() == len(loaded.quarantined)


# --- snapshot


def test_a_snapshot_is_kept_while_it_is_due_and_renewed_after(tmp_path: Path) -> None:
    for now, seq in ((NOW, 1), (NOW + timedelta(hours=24), 1), (NOW + timedelta(hours=25), 2)):
        registry = open_home(tmp_path, now)
        assert registry.snapshot.manifest.seq == seq
        registry.close()
    moved = open_home(tmp_path, now, did="did:web:localhost%3A8399")
    assert moved.snapshot.manifest.seq == 3
    moved.close()


def test_the_same_facts_have_the_same_hash(tmp_path: Path) -> None:
    first, second = open_home(tmp_path / "a"), open_home(tmp_path / "b", NOW + timedelta(days=1))
    assert first.snapshot.manifest.db_sha256 == second.snapshot.manifest.db_sha256
    first.close()
    second.close()


def test_changed_data_are_not_served(tmp_path: Path) -> None:
    open_home(tmp_path).close()
    (path,) = (tmp_path / "tuf" / "targets").glob("*.facts.sqlite")
    db = sqlite3.connect(path)
    db.execute("UPDATE reports SET decision = 'positive', valid_to = '2099-01-01'")
    db.commit()
    db.close()
    with pytest.raises(SnapshotError, match="not_authentic"):
        open_home(tmp_path)


def test_a_manifest_of_another_file_is_not_served(tmp_path: Path) -> None:
    """Not even when our own key signed it: each file and what is said of it belong together."""
    open_home(tmp_path).close()
    repository = Repository(tmp_path)
    facts, bound = (repository.current()[name] for name in ("facts.sqlite", "bindings.sqlite"))
    custom = {**facts.custom, "db_sha256": "0" * 64}
    repository.publish(
        [Target("facts.sqlite", facts.path, custom), Target("bindings.sqlite", bound.path, bound.custom)],
        now=NOW + timedelta(minutes=1),
    )
    with pytest.raises(SnapshotError, match="not_authentic"):
        open_home(tmp_path)


def test_a_list_by_another_key_is_not_served(tmp_path: Path) -> None:
    open_home(tmp_path / "ours").close()
    open_home(tmp_path / "theirs", NOW + timedelta(days=2)).close()
    for part in ("metadata", "targets"):
        for path in (tmp_path / "theirs" / "tuf" / part).iterdir():
            if path.name != "1.root.json":
                shutil.copy(path, tmp_path / "ours" / "tuf" / part / path.name)
    with pytest.raises(SnapshotError, match="not_authentic"):
        open_home(tmp_path / "ours")


def test_rollback_and_equivocation_are_refused(tmp_path: Path) -> None:
    registry = open_home(tmp_path)
    digest = registry.snapshot.manifest.db_sha256
    with pytest.raises(SnapshotError, match="snapshot_equivocation"):
        registry.store.accept_snapshot(1, "f" * 64)
    registry.store.accept_snapshot(1, digest)
    registry.close()
    shutil.copytree(tmp_path / "tuf", tmp_path / "before")
    open_home(tmp_path, NOW + timedelta(days=2)).close()
    shutil.rmtree(tmp_path / "tuf")
    shutil.copytree(tmp_path / "before", tmp_path / "tuf")
    with pytest.raises(SnapshotError, match="snapshot_rollback"):
        open_home(tmp_path, NOW + timedelta(days=2))


def test_a_production_snapshot_takes_no_illustrative_report(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="illustrative"):
        snapshot_tables.write(
            tmp_path / "facts.sqlite", of_ingested(embedded.load()), SnapshotKind.PRODUCTION
        )


def test_what_another_process_published_is_taken_up(tmp_path: Path) -> None:
    serving = open_home(tmp_path)
    asked = query(MTU, "2024-05-01", eqf=6)
    assert serving.resolve(asked, now=NOW).outcome is Outcome.UNKNOWN_ISSUER
    other = open_home(tmp_path)
    bind(other)
    # Bound elsewhere, and counting here at once, before anything is published.
    assert serving.resolve(asked, now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    assert serving.live.unpublished() == 1
    assert other.upkeep(NOW, publish_from=1)
    assert other.live.unpublished() == 0
    later = NOW + timedelta(days=2)
    assert serving.take_up()
    assert not serving.take_up()
    assert serving.live.unpublished() == 0
    assert serving.resolve(asked, now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    # The sample is renewed while the service runs, and its list grows no older than a day.
    before = serving.snapshot.manifest.seq
    assert serving.upkeep(later, publish_from=1)
    assert serving.snapshot.manifest.seq == before + 1
    assert not serving.upkeep(later, publish_from=1)
    assert other.take_up()
    for registry in (serving, other):
        assert registry.status(now=later)["snapshot"]["freshness"] == "fresh"
        registry.close()


def test_what_does_not_hold_is_not_taken_up(tmp_path: Path) -> None:
    serving = open_home(tmp_path)
    open_home(tmp_path, NOW + timedelta(days=2)).close()
    for path in (tmp_path / "tuf" / "targets").iterdir():
        path.unlink()  # what is open stays open
        path.write_bytes(b"nonsense")
    with pytest.raises(SnapshotError, match="not_authentic"):
        serving.take_up()
    assert serving.snapshot.manifest.seq == 1
    assert serving.resolve(query(MTU, "2024-05-01"), now=NOW).snapshot.seq == 1
    serving.close()


def test_a_rotated_key_signs_and_the_old_one_is_still_shown(tmp_path: Path) -> None:
    registry = open_home(tmp_path)
    identifier = registry.publish_schema(now=NOW)
    bind(registry)
    first = registry.key.jwk
    registry.close()
    cli_keys.rotate_online(tmp_path, limits=last_numbers, overlap=timedelta(days=30), now=NOW)
    registry = open_home(tmp_path)
    assert registry.key.jwk != first
    shown = keys_from_did_document(registry.did_document(NOW), DID).values()
    assert [thumbprint(key) for key in (registry.key.jwk, first)] == list(
        dict.fromkeys(map(thumbprint, shown))
    )
    after = keys_from_did_document(registry.did_document(NOW + timedelta(days=31)), DID).values()
    assert {thumbprint(key) for key in after} == {thumbprint(registry.key.jwk)}
    # What the old key signed still counts; the shared schema is signed anew under the same id.
    assert registry.resolve(query(MTU, "2024-05-01", eqf=6), now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    assert registry.publish_schema(now=NOW) == identifier
    jws = registry.store.object(identifier)
    assert jws is not None
    assert objects.verify(jws, expected_id=identifier, key=registry.key.jwk).id == identifier
    registry.store.audit()
    bind(registry, CIT, CIT_ID)
    registry.close()


def test_secrets_are_the_owners_alone(registry: Registry) -> None:
    for name in ("key", "token"):
        assert (registry.home / name).stat().st_mode & 0o777 == 0o600
    again = RegistryKey.load_or_create(registry.home / "key")
    assert again.jwk == registry.key.jwk
    (registry.home / "key").write_text("nonsense")
    with pytest.raises(KeyFormatError):
        RegistryKey.load_or_create(registry.home / "key")


# --- bindings


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"institution_id": "DEQARINST999999"}, "unknown_institution"),
        ({"level": 4}, "bad_level"),
        ({"valid_to": date(2009, 12, 31)}, "bad_period"),
        ({"evidence": ""}, "no_evidence"),
        ({"did": "did:web:user.github.io"}, "shared_host"),
    ],
)
def test_bindings_that_are_not_made(registry: Registry, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(BindingError) as caught:
        bind(registry, **changes)
    assert caught.value.code == code
    assert registry.store.bindings().bindings == ()


def test_one_did_is_one_institution(registry: Registry) -> None:
    bind(registry)
    with pytest.raises(BindingError, match="did_ambiguous"):
        bind(registry, MTU, FHJ_ID)
    bind(registry, MTU, MTU_ID, jwk=FHJ.jwk)  # a second key of the same institution is fine
    assert len(bindings.pinned_keys(registry.store, MTU.did, NOW)) == 2


def test_one_host_is_one_institution_or_its_successor(registry: Registry) -> None:
    bind(registry, MTU, CIT_ID, did="did:web:cit.example:a")
    bind(registry, MTU, MTU_ID, did="did:web:cit.example:b")
    with pytest.raises(BindingError, match="host_ambiguous"):
        bind(registry, FHJ, FHJ_ID, did="did:web:cit.example:c")


def test_an_edited_binding_makes_nothing_assured(registry: Registry) -> None:
    bind(registry)
    assert registry.resolve(query(MTU, "2022-01-01"), now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    other = RegistryKey(bytes(32))
    forged = other.sign_statement(bind(registry).to_json(), typ="cairn-binding+jwt")
    db = sqlite3.connect(registry.home / "registry.db")
    db.execute("UPDATE bindings SET jws = ? WHERE number = 1", (forged,))
    db.commit()
    db.close()
    with pytest.raises(BindingError, match="binding_not_authentic"):
        bindings.pinned_keys(registry.store, MTU.did, NOW)
    # A process that verified the record before it was edited goes on with that; one that meets it now does not.
    assert registry.resolve(query(MTU, "2022-01-01"), now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    again = open_home(registry.home)
    decision = again.resolve(query(MTU, "2022-01-01"), now=NOW)
    assert (decision.outcome, decision.reasons) == (Outcome.INDETERMINATE, (Reason.SOURCE_UNCHECKED,))
    with pytest.raises(BindingError, match="binding_not_authentic"):
        again.upkeep(NOW, publish_from=1)
    again.close()


def test_a_published_binding_is_not_edited_in_the_database(registry: Registry) -> None:
    bind(registry)
    bind(registry, CIT, CIT_ID)
    registry.upkeep(NOW, publish_from=1)
    db = sqlite3.connect(registry.home / "registry.db")
    db.execute("UPDATE bindings SET jws = replace(jws, '.', '.A') WHERE number = 1")
    db.commit()
    again = open_home(registry.home)
    assert again.resolve(query(MTU, "2022-01-01"), now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    with pytest.raises(BindingError, match="record_missing"):
        again.store.audit()
    again.close()
    # The last one tells the store from another: with it edited, nothing is served that may not be its own.
    db.execute("UPDATE bindings SET jws = replace(jws, '.', '.A')")
    db.commit()
    db.close()
    with pytest.raises(BindingError, match="binding_not_authentic"):
        open_home(registry.home)


@pytest.mark.parametrize("made_since", [0, 1, 2, 3])
def test_after_an_older_store_was_put_back_all_is_published_anew(tmp_path: Path, made_since: int) -> None:
    """Its numbers begin again below those that were published: none of the new records may be passed over."""
    registry = open_home(tmp_path)
    bind(registry)
    keeping.backup(tmp_path / "registry.db", tmp_path / "backup", registry.key)
    bind(registry, CIT, CIT_ID)
    bind(registry, FHJ, FHJ_ID)
    assert registry.upkeep(NOW, publish_from=1)
    registry.close()
    for path in tmp_path.glob("registry.db*"):
        path.unlink()
    keeping.restore(tmp_path / "backup", tmp_path / "registry.db", registry.key)
    store = Store(tmp_path / "registry.db", registry.key)
    for number in range(made_since):
        at = NOW - timedelta(seconds=30 - number)
        compromised = RevocationReason.COMPROMISED
        bindings.revoke_key(store, did=MTU.did, key=MTU.thumbprint, at=NOW, reason=compromised, now=at)
    store.close()
    again = open_home(tmp_path)
    assert again.live.unpublished() == 0
    assert again.resolve(query(CIT, "2019-01-01"), now=NOW).outcome is Outcome.UNKNOWN_ISSUER
    expected = Outcome.NOT_ASSURED if made_since else Outcome.ASSURED_OFFICIAL
    assert again.resolve(query(MTU, "2022-01-01"), now=NOW).outcome is expected
    again.close()


def test_a_home_that_lost_its_history_does_not_go_back_to_the_sample(tmp_path: Path) -> None:
    folder = tmp_path / "csv"
    shutil.copytree(embedded.DATA / "deqar", folder)
    home = tmp_path / "home"
    adapter = adapter_for(f"csv:{folder}", spool=home / "spool", clock=lambda: NOW)
    ingest_run.ingest(
        home, adapter, clock=lambda: NOW, publish=lambda: open_home(home).close(), say=lambda _: None
    )
    for path in home.glob("history.db*"):
        path.unlink()
    with pytest.raises(SnapshotError, match="history_lost"):
        open_home(home)


def test_a_binding_moved_to_another_did_does_not_count(registry: Registry) -> None:
    bind(registry)
    db = sqlite3.connect(registry.home / "registry.db")
    db.execute("UPDATE bindings SET did = ?", (MILL.did,))
    db.commit()
    db.close()
    assert registry.resolve(query(MILL, "2022-01-01"), now=NOW).outcome is Outcome.INDETERMINATE


def test_revocation_is_final_and_only_grows(registry: Registry) -> None:
    bind(registry)
    at = datetime(2026, 1, 1, tzinfo=UTC)

    def revoke(reason: RevocationReason, when: datetime) -> None:
        bindings.revoke_key(registry.store, did=MTU.did, key=MTU.thumbprint, at=when, reason=reason, now=NOW)

    revoke(RevocationReason.COMPROMISED, at)
    revoke(RevocationReason.RETIRED, at + timedelta(days=100))
    (record,) = bindings.current(registry.store, MTU.did, NOW)
    assert record.revoked is not None
    assert (record.revoked.at, record.revoked.reason) == (at, RevocationReason.COMPROMISED)
    assert registry.resolve(query(MTU, "2022-01-01"), now=NOW).reasons == (Reason.KEY_REVOKED,)
    with pytest.raises(BindingError, match="key_revoked"):
        bind(registry)
    with pytest.raises(BindingError, match="did_not_bound"):
        bindings.revoke_key(
            registry.store, did=MILL.did, key="x", at=at, reason=RevocationReason.RETIRED, now=NOW
        )


def test_unbinding_keeps_what_was_awarded_before(registry: Registry) -> None:
    bind(registry)
    bindings.unbind(registry.store, did=MTU.did, last_day=date(2025, 12, 31), now=NOW)
    assert registry.resolve(query(MTU, "2025-12-31"), now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    assert registry.resolve(query(MTU, "2026-01-01"), now=NOW).outcome is Outcome.UNKNOWN_ISSUER
    assert bindings.pinned_keys(registry.store, MTU.did, NOW) == []
    bindings.unbind(registry.store, did=MTU.did, last_day=date(2026, 6, 1), now=NOW)  # never made longer
    assert registry.resolve(query(MTU, "2026-01-01"), now=NOW).outcome is Outcome.UNKNOWN_ISSUER


# --- mirror


def test_the_mirror_takes_what_a_pinned_key_signed(registry: Registry) -> None:
    bind(registry)
    name, jws = MTU.schema()
    for _ in range(2):
        registry.put_object(name, jws.encode(), now=NOW)
    assert registry.store.object(name) == jws


@pytest.mark.parametrize(
    ("level", "revoke", "signer", "code"),
    [
        (None, False, MTU, "did_not_bound"),
        (0, False, MTU, "did_not_bound"),
        (2, True, MTU, "did_not_bound"),
        (2, False, Issuer(7, MTU.did), "bad_signature"),
    ],
)
def test_the_mirror_refuses(
    registry: Registry, level: int | None, revoke: bool, signer: Issuer, code: str
) -> None:
    if level is not None:
        bind(registry, level=level)
    if revoke:
        bindings.revoke_key(
            registry.store, did=MTU.did, key=MTU.thumbprint, at=NOW, reason=RevocationReason.RETIRED, now=NOW
        )
    name, jws = signer.schema()
    with pytest.raises((BindingError, ObjectError)) as caught:
        registry.put_object(name, jws.encode(), now=NOW)
    assert caught.value.code == code
    assert registry.store.object(name) is None


def revocation_list(registry_id: str, timestamp: int, bits: list[int]) -> bytes:
    content = {
        "issuerId": MTU.did,
        "revRegDefId": registry_id,
        "revocationList": bits,
        "timestamp": timestamp,
    }
    return MTU.sign("REVLIST", content, identifier=registry_id)[1].encode()


def test_revocation_lists_by_time_and_never_replaced(registry: Registry) -> None:
    bind(registry)
    name, _ = MTU.sign("REVREG", {"issuerId": MTU.did, "tag": "t"})
    lists = {at: revocation_list(name, at, [at % 2]) for at in (100, 200, 301)}
    for jws in reversed(lists.values()):
        registry.put_revocation_list(name, jws, now=NOW)
    registry.put_revocation_list(name, lists[200], now=NOW)  # the same again is no news
    store = registry.store
    for at, expected in ((None, 301), (301, 301), (300, 200), (200, 200), (199, 100), (5, 100)):
        assert store.revocation_list(name, at) == lists[expected].decode()
    with pytest.raises(ObjectError, match="list_replaced"):
        registry.put_revocation_list(name, revocation_list(name, 200, [1]), now=NOW)
    assert store.revocation_list(name, 200) == lists[200].decode()
    late = int((NOW + timedelta(hours=1)).timestamp())
    with pytest.raises(ObjectError, match="list_from_future"):
        registry.put_revocation_list(name, revocation_list(name, late, [0]), now=NOW)


def test_the_shared_schema_is_an_object_of_the_registry_itself(registry: Registry) -> None:
    from trust_registry import objects

    jws = registry.store.object(registry.schema_id())
    assert jws is not None
    signed = objects.verify(jws, expected_id=registry.schema_id(), key=registry.key.jwk)
    assert signed.content["issuerId"] == DID
    assert len(signed.content["attrNames"]) == 31
    assert registry.publish_schema(now=NOW + timedelta(days=1)) == registry.schema_id()


# --- tails


def test_tails_are_named_as_anoncreds_names_them(registry: Registry, tmp_path: Path) -> None:
    anoncreds = pytest.importorskip("anoncreds")
    schema = anoncreds.Schema.create("s", "1.0", "did:web:x", ["a"])
    parts = anoncreds.CredentialDefinition.create(
        "did:web:x/s", schema, "did:web:x", "t", "CL", support_revocation=True
    )
    folder = tmp_path / "made"
    folder.mkdir()
    anoncreds.RevocationRegistryDefinition.create(
        "did:web:x/c", parts[0], "did:web:x", "t", "CL_ACCUM", 4, tails_dir_path=str(folder)
    )
    (made,) = folder.iterdir()
    with registry.tails.receive(made.name) as incoming:
        incoming.write(made.read_bytes())
        incoming.finish()
    kept = registry.tails.path(made.name)
    assert kept is not None
    assert kept.read_bytes() == made.read_bytes()


def test_a_tails_file_under_another_name_leaves_nothing(registry: Registry) -> None:
    name = base58.b58encode(b"\x01" * 32).decode()
    with registry.tails.receive(name) as incoming:
        incoming.write(b"abc")
        with pytest.raises(ObjectError, match="wrong_hash"):
            incoming.finish()
    with registry.tails.receive(name) as incoming:
        incoming.write(bytes(TAILS_BYTES))
        with pytest.raises(ObjectError, match="too_large"):
            incoming.write(b"x")
    assert list((registry.home / "tails").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["..", "../key", "/etc/passwd", "a" * 31, "0" * 43, "a" * 45, "", "a/b", "é" * 43]
)
def test_no_name_leads_out_of_the_tails_folder(registry: Registry, name: str) -> None:
    with pytest.raises(ObjectError, match="malformed"):
        registry.tails.path(name)
    with pytest.raises(ObjectError, match="malformed"):
        registry.tails.receive(name)


@pytest.mark.parametrize(
    ("url", "did"),
    [
        ("http://localhost:8300", "did:web:localhost%3A8300"),
        ("https://registry.example/", "did:web:registry.example"),
        ("https://x.example/trust", "did:web:x.example:trust"),
    ],
)
def test_the_registrys_own_did(url: str, did: str) -> None:
    assert registry_did(url) == did


@pytest.mark.parametrize(
    "url", ["http://registry.example", "https://localhost:1", "registry.example", "https://"]
)
def test_public_urls_that_have_no_did(url: str) -> None:
    with pytest.raises(KeyFormatError):
        registry_did(url)

"""A registry's home folder, opened: the services behind the HTTP API and the command line.

::

    HOME/key            Ed25519 signing key, 0600        HOME/snapshot/   data file and signed manifest
    HOME/token          admin token, 0600                HOME/registry.db bindings and mirrored objects
    HOME/service.json   {"url", "pid"}                   HOME/tails/      tails files by hash
    HOME/history.db     ingested facts over time         HOME/spool/      fetched, not yet recorded
    HOME/operators.json who proposes and approves

A home into which nothing was ever ingested serves the embedded demo data.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from trust_registry import bindings, embedded, keys, objects, snapshot
from trust_registry.errors import BindingError, KeyFormatError, ObjectError, SnapshotError
from trust_registry.facts import Binding, Facts, SnapshotFacts
from trust_registry.history import History
from trust_registry.ingest.deqar_csv import Ingested, Source
from trust_registry.models import Decision, Query
from trust_registry.objects import Kind, SignedObject
from trust_registry.operators import Operators
from trust_registry.resolve import resolve, snapshot_info
from trust_registry.signing import RegistryKey, read_or_create_secret
from trust_registry.snapshot import Snapshot
from trust_registry.store import Store
from trust_registry.tails import TailsStore
from trust_registry.vocabulary import SnapshotKind

# A list from the future would be the newest for ever and hide every later revocation.
_LIST_LEAD = timedelta(minutes=5)


class Registry:
    """Open with `Registry.open`; every method takes the time it is to work with."""

    def __init__(
        self,
        *,
        home: Path,
        did: str,
        key: RegistryKey,
        store: Store,
        current: Snapshot,
        deployment: SnapshotKind,
    ) -> None:
        self.home, self.did, self.key, self.store, self.snapshot = home, did, key, store, current
        self.deployment = deployment
        self.tails = TailsStore(home / "tails")
        self.operators = Operators(home)
        self.token = read_or_create_secret(home / "token", lambda: secrets.token_urlsafe(32))

    @classmethod
    def open(
        cls,
        home: Path,
        *,
        did: str,
        deployment: SnapshotKind,
        now: datetime,
        refresh: bool = True,
        rebuild: bool = False,
    ) -> Registry:
        """Open or make the home; checks the snapshot's signature, hash and order before anything is served.

        A snapshot that is due (24 hours), or made from other sources or for another DID, is built anew with
        the next number if ``refresh``; ``rebuild`` does so in any case (after an ingest). Raises
        `SnapshotError` when the one on disk does not hold.
        """
        key = RegistryKey.load_or_create(home / "key")
        store = Store(home / "registry.db", key)
        try:
            directory = home / "snapshot"
            manifest = _manifest(directory, key)
            if manifest is not None:
                store.accept_snapshot(manifest.seq, manifest.db_sha256)
            content = _content(home, now)
            if manifest is None or rebuild or (refresh and _due(manifest, did, content, now)):
                seq, prev = store.last_snapshot()
                facts, kind = content.load()
                manifest = snapshot.build(
                    directory,
                    facts,
                    key=key,
                    iss=did,
                    seq=seq + 1,
                    prev=prev,
                    kind=kind,
                    now=content.at,
                )
                store.accept_snapshot(manifest.seq, manifest.db_sha256)
            current = Snapshot(directory, manifest)
            return cls(home=home, did=did, key=key, store=store, current=current, deployment=deployment)
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        self.snapshot.close()
        self.store.close()

    # --- answers

    def resolve(self, query: Query, *, now: datetime) -> Decision:
        return resolve(self.facts(query.did), query, now=now)

    @property
    def is_demo(self) -> bool:
        return self.deployment is SnapshotKind.DEMO

    def bind_directly(self, **terms: Any) -> Binding:
        """`bindings.bind` by one person: for demonstrations; elsewhere two operators are needed."""
        if not self.is_demo:
            raise BindingError(
                "two_operators_needed",
                "Outside a demonstration a binding takes two operators.",
                "Use `binding propose`, and let another operator approve.",
            )
        return bindings.bind(self.store, self.snapshot, **terms)

    def issuer(self, did: str, *, now: datetime) -> list[Binding]:
        """What is bound to a DID and counts here, level 0 included."""
        return list(bindings.counting(bindings.current(self.store, did, now), demo=self.is_demo))

    def facts(self, did: str) -> Facts:
        """Everything that bears on one DID."""
        stored = self.store.bindings(did)
        counting = bindings.counting(stored.bindings, demo=self.is_demo)
        bound = {binding.institution_id for binding in counting}
        relations = {step for one in bound for step in self.snapshot.lineage(one)}
        owners = sorted(bound | {step.predecessor for step in relations})
        reports = self.snapshot.reports(owners)
        agencies = (self.snapshot.agency(name) for name in sorted({report.agency for report in reports}))
        institutions = (self.snapshot.institution(one) for one in owners)
        return Facts(
            snapshot=self.snapshot_facts(),
            bindings=counting,
            bindings_intact=stored.intact,
            institutions=tuple(one for one in institutions if one is not None),
            relations=tuple(sorted(relations, key=lambda step: (step.at, step.predecessor))),
            reports=reports,
            agencies=tuple(agency for agency in agencies if agency is not None),
        )

    def snapshot_facts(self) -> SnapshotFacts:
        manifest = self.snapshot.manifest
        return SnapshotFacts(
            seq=manifest.seq,
            issued_at=manifest.issued_at,
            kind=manifest.kind,
            sha256=manifest.db_sha256,
            deployment=self.deployment,
        )

    def status(self, *, now: datetime) -> dict[str, Any]:
        """``GET /v1/status``: the snapshot with its age, this registry's DID, what was set aside."""
        info = snapshot_info(self.snapshot_facts(), now)
        return {
            "version": 1,
            "did": self.did,
            "deployment": str(self.deployment),
            "snapshot": info.to_json(),
            "sources": list(self.snapshot.manifest.sources),
            "quarantined": self.snapshot.quarantined(),
        }

    # --- mirror

    def put_object(self, identifier: str, jws: bytes, *, now: datetime) -> SignedObject:
        """Keep a schema, credential definition or revocation registry; `ObjectError` or `BindingError`."""
        signed = self._verified(identifier, jws, kind=None, now=now)
        self.store.put_object(signed)
        return signed

    def put_revocation_list(self, identifier: str, jws: bytes, *, now: datetime) -> SignedObject:
        signed = self._verified(identifier, jws, kind=Kind.REVLIST, now=now)
        if signed.timestamp > (now + _LIST_LEAD).timestamp():
            raise ObjectError("list_from_future", "The revocation list is dated in the future.")
        self.store.put_revocation_list(signed, objects.content_sha256(signed.content))
        return signed

    def schema_id(self) -> str:
        return objects.object_id(self.did, Kind.SCHEMA, self._schema())

    def did_document(self) -> dict[str, Any]:
        return keys.did_document(self.did, self.key.raw_public)

    def _verified(self, identifier: str, jws: bytes, *, kind: Kind | None, now: datetime) -> SignedObject:
        """Under a key pinned, and not revoked, for the DID that the id names."""
        ref = objects.split_object_id(identifier)
        pinned = (
            [self.key.jwk]
            if ref.did == self.did
            else bindings.pinned_keys(self.store, ref.did, now, demo=self.is_demo)
        )
        if not pinned:
            raise BindingError("did_not_bound", "No key of the object's issuer is pinned here.")
        failure = ObjectError("bad_signature", "The object is not signed by a pinned key.")
        for key in pinned:
            try:
                return objects.verify(jws, expected_id=identifier, key=key, kind=kind)
            except ObjectError as error:
                if error.code != "bad_signature":
                    raise
                failure = error
        raise failure

    def _schema(self) -> dict[str, Any]:
        return {"issuerId": self.did, **embedded.shared_schema()}

    def publish_schema(self, *, now: datetime) -> str:
        """The shared schema as an object of this registry's own DID; returns its id."""
        identifier = self.schema_id()
        if self.store.object(identifier) is None:
            signing_input = objects.signing_input(
                objects.header(f"{self.did}#{keys.KEY_FRAGMENT}"),
                objects.payload(Kind.SCHEMA, identifier, self._schema(), int(now.timestamp())),
            )
            jws = objects.assemble(signing_input, self.key.sign(signing_input))
            self.put_object(identifier, jws.encode("ascii"), now=now)
        return identifier


def utc_now() -> datetime:
    """The one clock of this package; everything below the edges is given its result."""
    return datetime.now(UTC)


def registry_did(public_url: str) -> str:
    """The did:web of a public base URL; `KeyFormatError` when no did:web can stand for it."""
    scheme, separator, rest = public_url.rstrip("/").partition("://")
    host, *segments = rest.split("/")
    did = keys.did_web(host, *segments)
    if not separator or keys.did_web_url(did).scheme != scheme:
        raise KeyFormatError("bad_url", "A public URL is https, or http on the loopback host.")
    return did


def _manifest(directory: Path, key: RegistryKey) -> snapshot.Manifest | None:
    """The manifest on disk; None also for one by an older version, whose data are built anew from the source."""
    try:
        return snapshot.read_manifest(directory, key)
    except SnapshotError as error:
        if error.code != "manifest_schema":
            raise
        return None


@dataclass(frozen=True, slots=True)
class _Content:
    """What a snapshot would be made of. ``at``: the age that it may claim."""

    sources: list[Source]
    load: Callable[[], tuple[Ingested, SnapshotKind]]
    at: datetime
    renewable: bool


def _content(home: Path, now: datetime) -> _Content:
    """The ingested facts if there are any, otherwise the demo data.

    The demo data are as good today as ever; ingested ones are as old as their retrieval, whenever the
    snapshot is built, so passing time alone is no reason to build it.
    """
    history = History.existing(home)
    if history is None:
        facts = embedded.load()
        return _Content(facts.sources, lambda: (facts, SnapshotKind.DEMO), now, renewable=True)
    try:
        return _Content(history.sources(), lambda: _current(home), history.data_time(), renewable=False)
    finally:
        history.close()


def _current(home: Path) -> tuple[Ingested, SnapshotKind]:
    history = History(home / "history.db")
    try:
        return history.as_of(), history.kind()
    finally:
        history.close()


def _due(manifest: snapshot.Manifest, did: str, content: _Content, now: datetime) -> bool:
    recorded = {(str(item.get("file")), str(item.get("sha256"))) for item in manifest.sources}
    late = content.renewable and now.timestamp() > manifest.next_update
    return late or manifest.iss != did or recorded != snapshot.source_hashes(content.sources)

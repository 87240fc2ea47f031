"""A registry's home folder, opened: the services behind the HTTP API and the command line.

::

    HOME/key            Ed25519 signing key, 0600        HOME/root-key    key of the distribution's root, 0600
    HOME/keys.json      which keys count                 HOME/tuf/        what is published, and its metadata
    HOME/token          admin token, 0600                HOME/registry.db bindings and mirrored objects
    HOME/service.json   {"url", "pid"}                   HOME/tails/      tails files by hash
    HOME/history.db     ingested facts over time         HOME/spool/      fetched, not yet recorded
    HOME/operators.json who proposes and approves

A home into which nothing was ever ingested serves the embedded demo data.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from trust_registry import bindings, embedded, keys, objects
from trust_registry.bindings_file import BindingsFile
from trust_registry.content import Content, of_ingested
from trust_registry.errors import BindingError, KeyFormatError, ObjectError, SnapshotError
from trust_registry.facts import Binding, SnapshotFacts
from trust_registry.gathering import gather
from trust_registry.harvested import Source
from trust_registry.history import History
from trust_registry.keyring import KeyRing
from trust_registry.live import LiveBindings
from trust_registry.manifest import Manifest
from trust_registry.models import Decision, Query
from trust_registry.objects import Kind, SignedObject
from trust_registry.operators import Operators
from trust_registry.publication import Current, Publication
from trust_registry.resolve import counting, resolve, snapshot_info
from trust_registry.signing import read_or_create_secret
from trust_registry.snapshot import Snapshot
from trust_registry.store import Store, store_place
from trust_registry.tails import TailsStore
from trust_registry.vocabulary import SnapshotKind

# A list from the future would be the newest for ever and hide every later revocation.
_LIST_LEAD = timedelta(minutes=5)


class Keys:
    """The key ring of a home, opened anew when a rotation was made by another process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.ring = KeyRing.open(home)

    def reopen(self) -> None:
        self.ring = KeyRing.open(self._home)

    @property
    def jwk(self) -> keys.Jwk:
        return self.ring.jwk

    def sign(self, data: bytes) -> bytes:
        return self.ring.current.sign(data)

    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str:
        return self.ring.sign_statement(payload, typ=typ)

    def verify(self, jws: str, *, typ: str, table: str = "", number: int = 0) -> dict[str, Any]:
        return self.ring.verify(jws, typ=typ, table=table, number=number)


class Registry:
    """Open with `Registry.open`; every method takes the time it is to work with."""

    def __init__(
        self,
        *,
        home: Path,
        did: str,
        key: Keys,
        store: Store,
        publication: Publication,
        deployment: SnapshotKind,
        current: Current | None = None,
    ) -> None:
        """Takes up what is published; `SnapshotError` if that does not hold, or nothing is."""
        self.home, self.did, self.key, self.store = home, did, key, store
        self.deployment = deployment
        self.publication = publication
        self.tails = TailsStore(home / "tails")
        self.operators = Operators(home)
        self.token = read_or_create_secret(home / "token", lambda: secrets.token_urlsafe(32))
        self._taking_up = threading.Lock()
        current = current or publication.current()
        if current is None:
            raise SnapshotError("nothing_published", "Nothing is published here yet.")
        self._mark = current.mark
        self.snapshot = current.snapshot()
        self.live = LiveBindings(store, BindingsFile(current.bindings.path))

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
        """Open or make the home; checks signatures, hashes and order before anything is served.

        A snapshot that is due (24 hours), or made from other sources or for another DID, is built anew with
        the next number if ``refresh``; ``rebuild`` does so in any case (after an ingest). Raises
        `SnapshotError` when what is published does not hold.
        """
        key = Keys(home)
        store = Store(store_place(home), key)
        try:
            publication = Publication(home, store)
            current = publication.current()
            manifest = current.manifest if current is not None and current.bindings_usable else None
            if manifest is not None:
                store.accept_snapshot(manifest.seq, manifest.db_sha256)
            with _content(home, now) as source:
                _require_history(current, source)
                if manifest is None or rebuild or (refresh and _due(manifest, did, source, now)):
                    seq, prev = store.last_snapshot()
                    manifest = publication.publish(
                        source.content(),
                        iss=did,
                        seq=seq + 1,
                        prev=prev,
                        kind=source.kind(),
                        at=source.at,
                        now=now,
                    )
                    store.accept_snapshot(manifest.seq, manifest.db_sha256)
                    current = None
            return cls(
                home=home,
                did=did,
                key=key,
                store=store,
                publication=publication,
                deployment=deployment,
                current=current,
            )
        except BaseException:
            store.close()
            raise

    def close(self) -> None:
        self.snapshot.close()
        self.live.published.close()
        self.store.close()

    # --- while others write

    def take_up(self) -> bool:
        """Serve what was published since, by whichever process; whether there was anything new.

        What does not hold is not taken up (`SnapshotError`), and what was served before stays.
        """
        with self._taking_up:
            mark = self.publication.mark()
            if mark == self._mark:
                return False
            self.key.reopen()
            current = self.publication.current()
            if current is None or current.manifest is None or not current.bindings_usable:
                raise SnapshotError(
                    "not_of_this_store",
                    "What was published is of another version, or of another state of the store.",
                    "Start the service again: it publishes anew.",
                )
            self._use(current, current.manifest)
            self._mark = mark
            return True

    def _use(self, current: Current, manifest: Manifest) -> None:
        if manifest.db_sha256 != self.snapshot.manifest.db_sha256 or manifest != self.snapshot.manifest:
            self.store.accept_snapshot(manifest.seq, manifest.db_sha256)
            self.snapshot = current.snapshot()
        if current.bindings.path != self.live.published.path:
            self.live.use(BindingsFile(current.bindings.path))

    def upkeep(self, now: datetime, *, publish_from: int) -> bool:
        """Publish what was bound since, if that is at least ``publish_from`` records, and the demo data when they
        are due; keep the list fresh. Whether anything but the list's date was published."""
        self.take_up()
        manifest = self.snapshot.manifest
        renewed = now.timestamp() > manifest.next_update and self._renew(manifest, now)
        published = renewed or self.live.unpublished() >= publish_from
        if published and not renewed:
            self.publication.publish_bindings(now=now)
        elif not published:
            self.publication.repository.renew(now)
        self.take_up()
        return published

    def _renew(self, manifest: Manifest, now: datetime) -> bool:
        with _content(self.home, now) as origin:
            if not origin.renewable:
                return False
            self.publication.publish(
                origin.content(),
                iss=self.did,
                seq=manifest.seq + 1,
                prev=manifest.db_sha256,
                kind=origin.kind(),
                at=origin.at,
                now=now,
            )
            return True

    # --- answers

    def resolve(self, query: Query, *, now: datetime) -> Decision:
        snapshot, stored = self.snapshot, self.live.of_did(query.did)
        known = counting(stored.bindings, demo=self.is_demo)
        facts = gather(snapshot, self._about(snapshot), known, query, intact=stored.intact)
        return resolve(facts, query, now=now)

    def bindings_of(self, institution_id: str) -> tuple[Binding, ...]:
        """Every record of one institution, oldest first."""
        return self.live.of_institution(institution_id).bindings

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
        stored = self.live.of_did(did)
        if not stored.intact:
            raise BindingError("binding_not_authentic", "A stored binding of this DID does not verify.")
        return list(counting(bindings.newest(stored.bindings, now), demo=self.is_demo))

    def snapshot_facts(self) -> SnapshotFacts:
        return self._about(self.snapshot)

    def _about(self, snapshot: Snapshot) -> SnapshotFacts:
        manifest = snapshot.manifest
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

    def did_document(self, now: datetime) -> dict[str, Any]:
        """With the key that signs, and those of before for as long as others may still meet them."""
        current, *before = (keys.raw_from_jwk(jwk) for jwk in self.key.ring.jwks(now))
        return keys.did_document(self.did, current, *before)

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
        """The shared schema as an object of this registry's own DID, signed by its current key; returns its id."""
        identifier = self.schema_id()
        known = self.store.object(identifier)
        if known is None or not self._is_ours(known, identifier):
            signing_input = objects.signing_input(
                objects.header(f"{self.did}#{keys.KEY_FRAGMENT}"),
                objects.payload(Kind.SCHEMA, identifier, self._schema(), int(now.timestamp())),
            )
            jws = objects.assemble(signing_input, self.key.sign(signing_input))
            signed = self._verified(identifier, jws.encode("ascii"), kind=None, now=now)
            self.store.put_object(signed, replace=True)
        return identifier

    def _is_ours(self, jws: str, identifier: str) -> bool:
        try:
            objects.verify(jws, expected_id=identifier, key=self.key.jwk)
        except ObjectError:
            return False  # by a key of before: signed anew
        return True


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


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a snapshot would be made of, read when it is. ``at``: the age that it may claim."""

    sources: list[Source]
    content: Callable[[], Content]
    kind: Callable[[], SnapshotKind]
    at: datetime
    renewable: bool


@contextmanager
def _content(home: Path, now: datetime) -> Iterator[_Origin]:
    """The ingested facts if there are any, otherwise the demo data.

    The demo data are as good today as ever; ingested ones are as old as their retrieval, whenever the
    snapshot is built, so passing time alone is no reason to build it.
    """
    history = History.existing(home)
    if history is None:
        facts = embedded.load()
        yield _Origin(
            facts.sources, lambda: of_ingested(facts), lambda: SnapshotKind.DEMO, now, renewable=True
        )
        return
    try:
        yield _Origin(history.sources(), history.content, history.kind, history.data_time(), renewable=False)
    finally:
        history.close()


def _require_history(current: Current | None, origin: _Origin) -> None:
    """A home that published ingested data does not go back to the sample: clients would take it up."""
    if not origin.renewable or current is None or current.manifest is None:
        return
    own = {(source.file, source.licence) for source in origin.sources}
    if any((item.get("file"), item.get("licence")) not in own for item in current.manifest.sources):
        raise SnapshotError(
            "history_lost",
            "This home has published ingested data, and history.db is gone.",
            "Put history.db back from a backup, or ingest into a new home.",
        )


def _due(manifest: Manifest, did: str, origin: _Origin, now: datetime) -> bool:
    recorded = {(str(item.get("file")), str(item.get("sha256"))) for item in manifest.sources}
    late = origin.renewable and now.timestamp() > manifest.next_update
    wanted = {(source.file, source.sha256) for source in origin.sources}
    return late or manifest.iss != did or recorded != wanted

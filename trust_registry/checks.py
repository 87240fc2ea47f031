"""Everything that is checked before a DID is bound: at the proposal, at the approval and by ``binding check``.

`place` asks the store and the snapshot, `look` fetches the two documents, `judge` reads what came. Each check
is a `Finding`; what could not be fetched is *unknown*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from trust_registry import hosts, linkage, strict_json
from trust_registry.errors import BindingError, KeyFormatError
from trust_registry.facts import Binding, Institution
from trust_registry.findings import Finding, failed, passed, unknown
from trust_registry.keys import Jwk, did_web_url, keys_from_did_document, thumbprint
from trust_registry.outside import MAX_BYTES, Fetch, Fetched, Unfetched
from trust_registry.snapshot import Snapshot
from trust_registry.store import Store

NEEDED_SOURCES = 2
AUTHORITY_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """What the DID's host said at one moment."""

    document: Fetched | Unfetched
    configuration: Fetched | Unfetched


def look(did: str, fetch: Fetch) -> Seen:
    url = did_web_url(did)
    return Seen(fetch(url.document), fetch(f"{url.scheme}://{url.host}{linkage.PATH}"))


def place(
    store: Store, snapshot: Snapshot, *, did: str, institution_id: str, demo: bool
) -> tuple[Finding, ...]:
    """May this DID stand for this institution: institution, did, host. `BindingError` if a record is forged."""
    if snapshot.institution(institution_id) is None:
        detail = f"{institution_id[:40]} is not in the snapshot."
        return (failed("institution", "unknown_institution", detail),)
    found = [passed("institution", f"{institution_id} is in the snapshot.")]
    stored = store.bindings_on(did_web_url(did).host.partition(":")[0])
    if not stored.intact:
        raise BindingError("binding_not_authentic", "A stored binding does not verify.")
    other = next(
        (one for one in stored.bindings if one.did == did and one.institution_id != institution_id), None
    )
    if other is not None:
        found.append(failed("did", "did_ambiguous", f"The DID is already bound to {other.institution_id}."))
    else:
        found.append(passed("did", "The DID is bound to no other institution."))
    found.append(_host(stored.bindings, snapshot, did, institution_id, demo=demo))
    return tuple(found)


def judge(
    seen: Seen,
    snapshot: Snapshot,
    *,
    did: str,
    institution_id: str,
    jwk: Jwk,
    sources: tuple[str, ...],
    level: int,
    now: datetime,
) -> tuple[Finding, ...]:
    """The checks of what was fetched and cited: key, linkage, sources; for level 3, authority."""
    cited = [_sources(snapshot, did, institution_id, sources)]
    if level == AUTHORITY_LEVEL:
        cited.append(authority(snapshot.institution(institution_id), did, now.date()))
    keys = read_keys(seen.document, did)
    if isinstance(keys, Finding):
        unchecked = unknown(
            linkage.CHECK, "no_document", "Without the DID's document nothing is linked to it."
        )
        return keys, unchecked, *cited
    if thumbprint(jwk) in {thumbprint(key) for key in keys.values()}:
        key = passed("key", "The DID's document has the key for assertions.")
    else:
        key = failed("key", "key_not_in_document", "The DID's document does not have the key.")
    return key, linked(seen.configuration, did, keys, now), *cited


def read_keys(document: Fetched | Unfetched, did: str) -> dict[str, Jwk] | Finding:
    """The assertion keys by absolute id, or the finding ``key`` that says why there are none."""
    problem = _unusable("key", document, "DID document")
    if problem is not None or isinstance(document, Unfetched):
        return problem or unknown("key", "unreachable", "The DID document was not fetched.")
    try:
        return keys_from_did_document(strict_json.loads(document.content, max_bytes=MAX_BYTES), did)
    except KeyFormatError as error:
        return failed("key", error.code, error.detail)
    except ValueError:
        return failed("key", "not_json", "The DID document is not JSON that can be read.")


def key_finding(records: list[Binding], offered: Mapping[str, Jwk], now: datetime) -> Finding:
    """The DID's document against the pins: nothing new, and a key that is pinned and good is still there."""
    good = {
        one.thumbprint
        for one in records
        if one.level > 0 and one.revoked is None and (one.valid_to is None or now.date() <= one.valid_to)
    }
    revoked = {one.thumbprint for one in records if one.revoked is not None}
    if revoked & offered.keys():
        return failed("key", "key_revoked", "The DID's document still has a key that was revoked.")
    if offered.keys() - {one.thumbprint for one in records}:
        return failed("key", "key_quarantined", "The DID's document has a key that is not pinned.")
    if not good & offered.keys():
        return failed("key", "key_not_in_document", "The DID's document has no key that is pinned and good.")
    return passed("key", "The DID's document has pinned keys only.")


def authority(institution: Institution | None, did: str, day: date) -> Finding:
    """Does DEQAR give this DID to the institution (resource ``DID-EBSI``, or another kind of DID) on that day?

    Level 3 may rest on another authority, which the evidence then names: so silence is *unknown*, and no
    obstacle (trust-registry.md section 3, "Binding").
    """
    for one in institution.identifiers if institution is not None else ():
        is_did = one.resource.upper().partition("-")[0] == "DID"
        begun = one.valid_from is None or one.valid_from <= day
        if is_did and one.value == did and begun and (one.valid_to is None or day <= one.valid_to):
            return passed("authority", f"DEQAR gives the DID to the institution ({one.resource}).")
    return unknown(
        "authority", "no_authority_listed", "DEQAR gives this DID to the institution on no list of this day."
    )


def related(snapshot: Snapshot, one: str, other: str) -> bool:
    """The same institution, or one of the two came of the other by succession or absorption."""
    before = {step.predecessor for each in (one, other) for step in snapshot.lineage(each)}
    return one == other or bool(before & {one, other})


def claimants(snapshot: Snapshot, host: str) -> frozenset[str]:
    """Institutions whose website's host is ``host`` or the nearest name above it."""
    found: dict[str, set[str]] = {}
    for identifier, website in snapshot.websites(hosts.registrable(host)):
        name = hosts.website_host(website)
        if hosts.lies_under(host.removeprefix("www."), name):
            found.setdefault(name, set()).add(identifier)
    return frozenset(found[max(found, key=len)]) if found else frozenset()


def _host(
    bindings: tuple[Binding, ...], snapshot: Snapshot, did: str, institution_id: str, *, demo: bool
) -> Finding:
    url = did_web_url(did)
    if url.scheme == "http":
        # Loopback may carry any institution, but only where nothing rests on it.
        if demo:
            return passed("host", "Loopback, in a demonstration.")
        return failed("host", "loopback_host", "A DID on loopback is for demonstrations only.")
    name = url.host.partition(":")[0]
    if (why := hosts.why_not(name)) is not None:
        return failed("host", *why)
    for known in bindings:
        other = known.institution_id
        if did_web_url(known.did).host.partition(":")[0] == name and not related(
            snapshot, other, institution_id
        ):
            return failed("host", "host_ambiguous", f"The DID's host already stands for {other}.")
    strangers = sorted(one for one in claimants(snapshot, name) if not related(snapshot, one, institution_id))
    if strangers:
        count = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        detail = f"The DID's host is the website of {strangers[0]}{count} too."
        return failed("host", "website_of_others", detail)
    return passed("host", "The DID's host stands for no unrelated institution.")


def _sources(snapshot: Snapshot, did: str, institution_id: str, cited: tuple[str, ...]) -> Finding:
    """Two sources give the domain to the institution: the snapshot's website, and addresses that were cited.

    What is cited is counted, not fetched: the second operator reads it. A page of the domain itself, or two
    of one site, would be the domain speaking for itself, or one source twice.
    """
    url = did_web_url(did)
    name = url.host.partition(":")[0]
    if url.scheme == "http":
        return passed("sources", "Loopback is nobody's domain; a demonstration goes without.")
    domain = hosts.registrable(name)
    given = {hosts.registrable(hosts.website_host(one)) for one in cited} - {domain, ""}
    ours = any(related(snapshot, one, institution_id) for one in claimants(snapshot, name))
    count = len(given) + ours
    if count >= NEEDED_SOURCES:
        own = "the snapshot and " if ours else ""
        return passed("sources", f"The domain is given by {own}{len(given)} cited source(s).")
    detail = f"{count} of {NEEDED_SOURCES} sources give the domain to the institution."
    return failed("sources", "too_few_sources", detail)


def linked(answer: Fetched | Unfetched, did: str, keys: dict[str, Jwk], now: datetime) -> Finding:
    problem = _unusable(linkage.CHECK, answer, "DID configuration")
    if problem is not None or isinstance(answer, Unfetched):
        return problem or unknown(linkage.CHECK, "unreachable", "The DID configuration was not fetched.")
    url = did_web_url(did)
    origin = f"{url.scheme}://{url.host}"
    return linkage.judge(answer.content, did=did, origin=origin, keys=keys, now=now)


def _unusable(check: str, answer: Fetched | Unfetched, what: str) -> Finding | None:
    """A host that says no has answered; one that is silent or broken has not."""
    if isinstance(answer, Unfetched):
        return (failed if answer.answered else unknown)(check, answer.code, answer.detail)
    if answer.status in {404, 410}:
        return failed(check, "not_published", f"The host publishes no {what}.")
    if answer.status != 200:
        return unknown(check, "bad_status", f"The host answered with HTTP {answer.status} for the {what}.")
    return None

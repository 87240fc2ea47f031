"""Two operators, the checks they rest on, the refusals and the quarantine; hosts are real names that a fake serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.trust_registry.linked_host import configuration, credential
from tests.unit.trust_registry.samples import CIT_ID, FHJ_ID, MTU_ID, NOW, Issuer, query
from trust_registry import bindings, checks, hosts, keys, linkage
from trust_registry.desk import Desk, Terms
from trust_registry.errors import BindingError, TrustRegistryError
from trust_registry.facts import Binding, Identifier, Institution
from trust_registry.findings import Result
from trust_registry.models import Outcome, Reason
from trust_registry.outside import Fetched, Unfetched
from trust_registry.proposals import LIFETIME, Proposal
from trust_registry.registry import Registry
from trust_registry.vocabulary import RevocationReason, SnapshotKind

DID = "did:web:credentials.mtu.ie"
MTU, NEXT = Issuer(1, DID), Issuer(2, DID)
SECOND_SOURCE = "https://ror.org/0286jdx42"


class World:
    """What hosts publish, by address; ``down`` stands for a network that fails."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.down = False

    def __call__(self, url: str) -> Fetched | Unfetched:
        if self.down:
            return Unfetched("unreachable", "down", answered=False)
        return Fetched(200, self.pages[url]) if url in self.pages else Fetched(404, b"")

    def publish(self, *issuers: Issuer) -> None:
        """Document with these keys, linkage signed by the first."""
        did = issuers[0].did
        url = keys.did_web_url(did)
        document = keys.did_document(did, issuers[0].raw)
        for number, one in enumerate(issuers[1:], start=2):
            method = keys.did_document(did, one.raw)["verificationMethod"][0] | {"id": f"{did}#key-{number}"}
            document["verificationMethod"].append(method)
            document["assertionMethod"].append(method["id"])
        self.pages[url.document] = json.dumps(document).encode()
        origin = f"{url.scheme}://{url.host}"
        linked = configuration(credential(issuers[0], origin, NOW))
        self.pages[origin + linkage.PATH] = json.dumps(linked).encode()


@pytest.fixture
def world() -> World:
    made = World()
    made.publish(MTU)
    return made


@pytest.fixture
def registry(tmp_path: Path, placed: Path | str) -> Iterator[Registry]:
    """A production deployment with three operators, on both databases."""
    opened = Registry.open(
        tmp_path / "home", did="did:web:registry.example", deployment=SnapshotKind.PRODUCTION, now=NOW
    )
    for name in ("alice", "bob", "carol"):
        opened.operators.add(name, tmp_path / f"{name}.token", now=NOW)
    yield opened
    opened.close()


def desk(registry: Registry, world: World, operator: str = "alice", now: datetime = NOW) -> Desk:
    return Desk(registry, operator=operator, now=now, fetch=world)


def terms(**changes: Any) -> Terms:
    members: dict[str, Any] = {
        "did": DID,
        "institution_id": MTU_ID,
        "level": 2,
        "valid_from": date(2021, 1, 1),
        "valid_to": None,
        "evidence": "registrar by phone",
        "sources": (SECOND_SOURCE,),
    }
    return Terms(**(members | changes))


def agreed(registry: Registry, world: World, now: datetime = NOW, **changes: Any) -> Binding:
    proposal = desk(registry, world, "alice", now).propose(terms(**changes))
    return desk(registry, world, "bob", now).approve(proposal.id)


def refusal(work: Any, *args: Any, **named: Any) -> str:
    with pytest.raises(TrustRegistryError) as caught:
        work(*args, **named)
    return caught.value.code


def actions(registry: Registry) -> list[tuple[str, str]]:
    return [(entry.operator, str(entry.action)) for entry in registry.store.audit()]


# --- two operators


def test_a_proposal_binds_nothing_until_another_operator_approves(registry: Registry, world: World) -> None:
    proposal = desk(registry, world).propose(terms())
    assert {finding.code for finding in proposal.findings} == {"ok"}
    assert registry.resolve(query(MTU, "2024-05-01"), now=NOW).outcome is Outcome.UNKNOWN_ISSUER
    binding = desk(registry, world, "bob").approve(proposal.id)
    assert (binding.thumbprint, binding.proposal, binding.level) == (MTU.thumbprint, proposal.id, 2)
    # Bound; that demo data assure nothing in production is another matter.
    decision = registry.resolve(query(MTU, "2024-05-01"), now=NOW)
    assert decision.institution is not None
    assert decision.institution.id == MTU_ID
    assert Reason.SNAPSHOT_DEMO in decision.reasons
    assert actions(registry) == [("alice", "propose"), ("bob", "approve"), ("bob", "bind")]


def test_the_same_operator_twice_is_refused(registry: Registry, world: World) -> None:
    proposal = desk(registry, world).propose(terms())
    assert refusal(desk(registry, world, "alice").approve, proposal.id) == "same_operator"
    assert registry.store.bindings().bindings == ()
    assert actions(registry)[-1] == ("alice", "approval-refused")


def test_a_proposal_is_decided_once(registry: Registry, world: World) -> None:
    proposal = desk(registry, world).propose(terms())
    desk(registry, world, "bob").approve(proposal.id)
    assert refusal(desk(registry, world, "carol").approve, proposal.id) == "proposal_closed"
    assert refusal(desk(registry, world, "carol").reject, proposal.id, "late") == "proposal_closed"
    other = desk(registry, world).propose(terms())
    desk(registry, world, "bob").reject(other.id, "the registrar never heard of it")
    assert refusal(desk(registry, world, "carol").approve, other.id) == "proposal_closed"
    assert refusal(desk(registry, world, "bob").approve, "0" * 16) == "unknown_proposal"
    assert len(registry.store.bindings().bindings) == 1


def test_a_proposal_expires(registry: Registry, world: World) -> None:
    proposal = desk(registry, world).propose(terms())
    late = desk(registry, world, "bob", NOW + LIFETIME)
    assert refusal(late.approve, proposal.id) == "proposal_expired"
    assert late.listing()["proposals"][0]["state"] == "expired"
    world.publish(MTU)
    in_time = desk(registry, world, "bob", NOW + LIFETIME - timedelta(seconds=1))
    assert in_time.approve(proposal.id).institution_id == MTU_ID


def test_a_removed_operators_proposal_is_not_approved(registry: Registry, world: World) -> None:
    proposal = desk(registry, world).propose(terms())
    registry.operators.remove("alice")
    assert refusal(desk(registry, world, "bob").approve, proposal.id) == "proposer_removed"


def test_one_person_binds_only_in_a_demonstration(registry: Registry) -> None:
    alone = {
        "did": DID,
        "jwk": MTU.jwk,
        "institution_id": MTU_ID,
        "level": 2,
        "valid_from": date(2021, 1, 1),
        "evidence": "x",
        "now": NOW,
    }
    assert refusal(registry.bind_directly, **alone) == "two_operators_needed"
    # Bound while the home was a demonstration: it does not count here, neither for awards nor for the mirror.
    registry.deployment = SnapshotKind.DEMO
    registry.bind_directly(**alone)
    assert registry.resolve(query(MTU, "2024-05-01"), now=NOW).outcome is Outcome.ASSURED_OFFICIAL
    registry.deployment = SnapshotKind.PRODUCTION
    assert registry.resolve(query(MTU, "2024-05-01"), now=NOW).reasons == (Reason.DID_NOT_BOUND,)
    assert registry.issuer(DID, now=NOW) == []
    name, jws = MTU.schema()
    assert refusal(registry.put_object, name, jws.encode(), now=NOW) == "did_not_bound"


# --- the approval checks again


@pytest.mark.parametrize(
    ("page", "code"),
    [
        ("https://credentials.mtu.ie/.well-known/did-configuration.json", "check_failed"),
        ("", "check_unknown"),
    ],
)
def test_the_approval_checks_again(registry: Registry, world: World, page: str, code: str) -> None:
    proposal = desk(registry, world).propose(terms())
    world.pages.pop(page, None)
    world.down = not page
    assert refusal(desk(registry, world, "bob").approve, proposal.id) == code
    assert registry.store.bindings().bindings == ()
    world.down = False
    world.publish(MTU)
    assert desk(registry, world, "bob").approve(proposal.id).did == DID  # a refusal is not the end


def test_a_key_that_left_the_document_is_not_bound(registry: Registry, world: World) -> None:
    proposal = desk(registry, world).propose(terms())
    world.publish(NEXT)
    assert refusal(desk(registry, world, "bob").approve, proposal.id) == "check_failed"


def test_what_each_level_needs(registry: Registry, world: World) -> None:
    world.pages.pop("https://credentials.mtu.ie" + linkage.PATH)
    proposals: dict[int, Proposal] = {
        level: desk(registry, world).propose(terms(level=level, sources=())) for level in range(4)
    }
    approver = desk(registry, world, "bob")
    assert refusal(approver.approve, proposals[1].id) == "check_failed"
    assert refusal(approver.approve, proposals[2].id) == "check_failed"
    assert approver.approve(proposals[0].id).level == 0
    assert registry.resolve(query(MTU, "2024-05-01"), now=NOW).outcome is Outcome.UNKNOWN_ISSUER
    assert approver.approve(proposals[3].id).level == 3  # an authority's word
    world.pages["https://credentials.mtu.ie" + linkage.PATH] = json.dumps(
        configuration(credential(NEXT, "https://credentials.mtu.ie", NOW))
    ).encode()
    contradicted = desk(registry, world).propose(terms(level=3))
    assert refusal(approver.approve, contradicted.id) == "check_failed"


def test_level_3_says_whether_deqar_is_the_authority(registry: Registry, world: World) -> None:
    def said(level: int) -> dict[str, str]:
        proposal = desk(registry, world).propose(terms(level=level))
        return {finding.check: finding.code for finding in proposal.findings}

    assert "authority" not in said(2)
    assert said(3)["authority"] == "no_authority_listed"
    world.down = True  # nothing fetched, and DEQAR's word is looked up all the same
    proposal = desk(registry, world).propose(terms(level=3, jwk=MTU.jwk))
    assert {finding.check for finding in proposal.findings} >= {"key", "authority"}


DAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("identifier", "listed"),
    [
        (Identifier("DID-EBSI", DID), True),
        (Identifier("DID", DID), True),
        (Identifier("did-web", DID), True),
        (Identifier("DID-EBSI", DID, DAY, DAY), True),
        (Identifier("DID-EBSI", DID, DAY + timedelta(days=1)), False),
        (Identifier("DID-EBSI", DID, None, DAY - timedelta(days=1)), False),
        (Identifier("DID-EBSI", "did:ebsi:zabc"), False),
        (Identifier("DID-EBSI", DID.upper()), False),
        (Identifier("DID-EBSI", DID + ":school"), False),
        (Identifier("SCHAC", DID), False),
        (Identifier("DIDACTICS", DID), False),
    ],
)
def test_the_authority_is_a_did_that_deqar_gives_on_that_day(identifier: Identifier, listed: bool) -> None:
    known = Institution(MTU_ID, "MTU", identifiers=(Identifier("ROR", "x"), identifier))
    found = checks.authority(known, DID, DAY)
    # Silence is no fail: another authority may be named in the evidence.
    assert (found.result, found.code) == (
        (Result.PASS, "ok") if listed else (Result.UNKNOWN, "no_authority_listed")
    )
    assert checks.authority(None, DID, DAY).result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("sources", "enough"),
    [
        ((), False),
        ((SECOND_SOURCE,), True),
        (("https://www.mtu.ie/about",), False),  # the domain speaking for itself
    ],
)
def test_two_sources_give_the_domain(
    registry: Registry, world: World, sources: tuple[str, ...], enough: bool
) -> None:
    proposal = desk(registry, world).propose(terms(sources=sources))
    if enough:
        assert desk(registry, world, "bob").approve(proposal.id)
    else:
        assert refusal(desk(registry, world, "bob").approve, proposal.id) == "check_failed"


# --- refusals


@pytest.mark.parametrize(
    ("did", "institution", "code"),
    [
        ("did:web:ac.uk", MTU_ID, "public_suffix"),
        ("did:web:intranet", MTU_ID, "public_suffix"),
        ("did:web:mtu.github.io", MTU_ID, "shared_host"),
        ("did:web:sites.google.com:view:sunrise-alliance", "DEQARINST9853", "shared_host"),
        ("did:web:mtu.wordpress.com", MTU_ID, "shared_host"),
        ("did:web:www.ie.edu", "DEQARINST9787", "website_of_others"),  # five schools, one host
        ("did:web:law.ie.edu", "DEQARINST9785", "website_of_others"),
        ("did:web:www.fh-joanneum.at", MTU_ID, "website_of_others"),
        ("did:web:localhost%3A8301", MTU_ID, "loopback_host"),
        (DID, "DEQARINST999999", "unknown_institution"),
    ],
)
def test_hosts_that_stand_for_nobody_alone(
    registry: Registry, world: World, did: str, institution: str, code: str
) -> None:
    world.publish(Issuer(1, did))
    assert refusal(desk(registry, world).propose, terms(did=did, institution_id=institution)) == code
    assert registry.store.proposals() == []


def test_one_did_and_one_host_for_two(registry: Registry, world: World) -> None:
    agreed(registry, world)
    assert refusal(desk(registry, world).propose, terms(institution_id=CIT_ID)) == "did_ambiguous"
    beside = Issuer(5, "did:web:credentials.mtu.ie:other")
    world.publish(beside)
    assert (
        refusal(desk(registry, world).propose, terms(did=beside.did, institution_id=FHJ_ID))
        == "host_ambiguous"
    )
    # The predecessor may have a DID on its successor's host.
    assert desk(registry, world).propose(terms(did=beside.did, institution_id=CIT_ID)).did == beside.did


def test_two_proposals_for_one_did_make_one_binding(registry: Registry, world: World) -> None:
    free = Issuer(6, "did:web:somewhere.example")
    world.publish(free)
    both = ("https://ror.org/1", "https://www.example.org/2")
    first, second = (
        desk(registry, world).propose(terms(did=free.did, institution_id=one, sources=both))
        for one in (MTU_ID, FHJ_ID)
    )
    desk(registry, world, "bob").approve(first.id)
    assert refusal(desk(registry, world, "bob").approve, second.id) == "check_failed"
    assert {one.institution_id for one in registry.store.bindings().bindings} == {MTU_ID}


def test_a_record_made_meanwhile_is_a_conflict(registry: Registry, world: World) -> None:
    from trust_registry.audit import Action
    from trust_registry.store import Act

    made = agreed(registry, world)
    before = registry.store.last_number() - 1
    with pytest.raises(BindingError, match="changed_meanwhile"):
        registry.store.add_binding(made, Act("bob", Action.BIND, NOW), seen=before)


def test_a_weaker_word_does_not_replace_a_stronger_one_that_came_meanwhile(
    registry: Registry, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed(registry, world)
    at_first = bindings.current

    def revoke(reason: RevocationReason) -> None:
        desk(registry, world, "carol").revoke(DID, MTU.thumbprint, at=NOW, reason=reason)

    def meanwhile(*args: Any) -> list[Binding]:
        found = at_first(*args)
        monkeypatch.setattr(bindings, "current", at_first)
        revoke(RevocationReason.COMPROMISED)
        return found

    monkeypatch.setattr(bindings, "current", meanwhile)
    assert refusal(revoke, RevocationReason.RETIRED) == "changed_meanwhile"
    (record,) = registry.issuer(DID, now=NOW)
    assert record.revoked is not None
    assert record.revoked.reason is RevocationReason.COMPROMISED


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.mtu.ie/", "mtu.ie"),
        ("mtu.ie", "mtu.ie"),
        (" HTTP://WWW.Example.EDU:8080/x", "example.edu"),
        ("https://bücher.example", "xn--bcher-kva.example"),
        ("", ""),
        ("http://[", ""),
    ],
)
def test_websites_as_sources_write_them(url: str, host: str) -> None:
    assert hosts.website_host(url) == host


def test_a_host_lies_under_whole_labels_only() -> None:
    assert hosts.lies_under("credentials.mtu.ie", "mtu.ie")
    assert not hosts.lies_under("evilmtu.ie", "mtu.ie")
    assert not hosts.lies_under("mtu.ie", "")


def test_the_nearest_website_above_a_host_counts(registry: Registry) -> None:
    assert checks.claimants(registry.snapshot, "credentials.mtu.ie") == {MTU_ID}
    assert len(checks.claimants(registry.snapshot, "www.ie.edu")) == 6
    assert checks.claimants(registry.snapshot, "evilmtu.ie") == frozenset()


# --- keys


def test_a_new_key_waits_in_quarantine(registry: Registry, world: World) -> None:
    agreed(registry, world)
    world.publish(MTU, NEXT)
    report = desk(registry, world, "carol").check(DID)
    assert report["quarantined"] == [NEXT.thumbprint]
    assert {item["check"]: item["code"] for item in report["findings"]}["key"] == "key_quarantined"
    unpinned = registry.resolve(query(NEXT, "2024-05-01"), now=NOW)
    assert (unpinned.outcome, unpinned.reasons) == (Outcome.UNKNOWN_ISSUER, (Reason.KEY_NOT_PINNED,))
    listed = desk(registry, world).listing()["quarantined"]
    assert [(one["did"], one["thumbprint"]) for one in listed] == [(DID, NEXT.thumbprint)]
    desk(registry, world, "carol").check(DID)
    assert actions(registry).count(("carol", "quarantine-key")) == 1  # named once, at first sight
    # Re-proved: proposed and approved like the first.
    with pytest.raises(BindingError, match="which_key"):
        desk(registry, world).propose(terms())
    agreed(registry, world, jwk=NEXT.jwk)
    report = desk(registry, world).check(DID)
    assert (report["quarantined"], {item["code"] for item in report["findings"]}) == ([], {"ok"})
    assert desk(registry, world).listing()["quarantined"] == []


def test_after_a_compromise_the_issuers_date_is_not_trusted(registry: Registry, world: World) -> None:
    agreed(registry, world)
    at = NOW - timedelta(days=2)
    desk(registry, world, "carol").revoke(DID, MTU.thumbprint, at=at, reason=RevocationReason.COMPROMISED)
    for day in ("2021-06-01", "2026-11-22"):  # dated long before, and after
        decision = registry.resolve(query(MTU, day), now=NOW)
        assert (decision.outcome, decision.reasons) == (Outcome.NOT_ASSURED, (Reason.KEY_REVOKED,))
    (record,) = registry.issuer(DID, now=NOW)
    assert record.revoked is not None
    assert (record.revoked.at, record.proposal != "") == (at, True)
    assert refusal(desk(registry, world).propose, terms()) == "key_revoked"
    report = desk(registry, world).check(DID)
    assert {item["check"]: item["code"] for item in report["findings"]}["key"] == "key_revoked"


def test_limits_of_a_proposal(registry: Registry, world: World) -> None:
    for changes, code in (
        ({"evidence": ""}, "no_evidence"),
        ({"level": 4}, "bad_level"),
        ({"sources": ("http://plain.example",)}, "bad_source"),
        ({"sources": (SECOND_SOURCE,) * 11}, "bad_source"),
        ({"valid_to": date(2020, 1, 1)}, "bad_period"),
    ):
        assert refusal(desk(registry, world).propose, terms(**changes)) == code

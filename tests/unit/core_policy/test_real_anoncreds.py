"""Our reading against the real AnonCreds library: the shape it writes, and the attack that it lets through.

One small credential definition is made once (some seconds of safe primes); no network, no ACA-Py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anoncreds
import pytest

from agent.core.disclosure import Disclosure, consented_paths, disclose, proposal
from agent.core.planning import Candidate, Plan, plan
from agent.core.policy import Policy
from agent.core.presentation import examine
from agent.core.reading import revealed_paths
from agent.core.verdict import Result
from tests.unit.core_policy.builder import (
    EMPLOYER,
    NONCE,
    NOW,
    REGISTRY,
    SCHEMA,
    TODAY,
    candidate,
    cred_def,
    policy,
    present,
)
from tests.unit.core_policy.test_presentation import bad, facts_with

NAMES = ["title", "title_lang", "given_name", "eqf_level", "ects_hundredths", "expires_on"]
ASKED: Policy = policy(
    [{"claim": "title"}, {"claim": "given_name"}, {"claim": "level", "disclose": "predicate"}], {"min_eqf": 6}
)
HELD = (candidate("a", revocable=False, eqf_level="7"), candidate("b", revocable=False))


class Library:
    """An issuer, a holder's link secret and the two credentials of `HELD`, made by anoncreds-rs."""

    def __init__(self) -> None:
        self.schema = anoncreds.Schema.create("MicroCredential", "1.0", REGISTRY, NAMES)
        public, private, correctness = anoncreds.CredentialDefinition.create(
            SCHEMA, self.schema, "did:web:mtu.example", "default", "CL"
        )
        self.cred_def = public
        self.secret = anoncreds.create_link_secret()
        self.credentials = {}
        for held in HELD:
            offer = anoncreds.CredentialOffer.create(SCHEMA, cred_def(), correctness)
            request, metadata = anoncreds.CredentialRequest.create(
                "entropy", None, public, self.secret, "default", offer
            )
            values = {name: held.attributes[name] for name in NAMES}
            issued = anoncreds.Credential.create(public, private, offer, request, values)
            self.credentials[held.id] = issued.process(metadata, self.secret, public)

    def prove(self, request: dict[str, Any], sources: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
        """A presentation with each referent from the credential named, and whether it verifies."""
        used = anoncreds.PresentCredentials()
        for referent, source in sources.items():
            if referent in request["requested_attributes"]:
                used.add_attributes(self.credentials[source], referent, reveal=True)
            else:
                used.add_predicates(self.credentials[source], referent)
        made = anoncreds.Presentation.create(
            request, used, {}, self.secret, {SCHEMA: self.schema}, {cred_def(): self.cred_def}
        )
        verified = made.verify(request, {SCHEMA: self.schema}, {cred_def(): self.cred_def})
        found: dict[str, Any] = made.to_dict()
        return found, bool(verified)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


def exchange(*held: Candidate) -> tuple[Disclosure, Plan, dict[str, Any]]:
    found = plan(ASKED, held, today=TODAY)
    assert isinstance(found, Plan)
    disclosure = disclose(found, ASKED, requester=EMPLOYER, request_id="r1")
    return disclosure, found, proposal(disclosure, schema_id=SCHEMA, now=NOW) | {"nonce": NONCE}


def honest(disclosure: Disclosure, request: dict[str, Any]) -> dict[str, str]:
    source = {item.item: item.credential for item in disclosure.items}
    referents = [*request["requested_attributes"], *request["requested_predicates"]]
    return {referent: source[referent.split(".")[0]] for referent in referents}


KNOWN = facts_with("did:web:mtu.example", supports_revocation=False)


def test_a_real_presentation_reads_as_consented(library: Library) -> None:
    disclosure, found, request = exchange(*HELD)
    presentation, verified = library.prove(request, honest(disclosure, request))
    assert verified
    assert revealed_paths(presentation) == consented_paths(disclosure)
    examined = examine(ASKED, request, presentation, verified, KNOWN)
    assert bad(examined) == []
    assert [item.revealed["title"] for item in examined.items] == [
        item.candidate.title for item in found.items
    ]


def test_the_made_up_presentations_have_the_real_shape(library: Library) -> None:
    disclosure, found, request = exchange(*HELD)
    real, _ = library.prove(request, honest(disclosure, request))
    made_up = present(
        request, {item.item: item.candidate.attributes for item in found.items}, revocable=False
    )
    assert made_up["requested_proof"].keys() == real["requested_proof"].keys()
    assert made_up["identifiers"] == real["identifiers"]
    for ours, theirs in zip(made_up["proof"]["proofs"], real["proof"]["proofs"], strict=True):
        assert ours.keys() == theirs.keys()
        mine, other = ours["primary_proof"], theirs["primary_proof"]
        assert mine.keys() == other.keys()
        assert mine["eq_proof"].keys() == other["eq_proof"].keys()
        assert mine["eq_proof"]["revealed_attrs"] == other["eq_proof"]["revealed_attrs"]

        def predicates(proof: dict[str, Any]) -> list[Any]:
            return sorted(str(sorted(one["predicate"].items())) for one in proof["ge_proofs"])

        assert predicates(mine) == predicates(other)
    assert made_up["requested_proof"]["predicates"] == real["requested_proof"]["predicates"]


def test_the_library_verifies_an_item_of_two_credentials_and_we_do_not(library: Library) -> None:
    """The title of one, the level of the other: the reason for step 6 of `examine`."""
    disclosure, _, request = exchange(*HELD)
    sources = honest(disclosure, request)
    sources["c0.eqf_level"], sources["c1.eqf_level"] = sources["c1.eqf_level"], sources["c0.eqf_level"]
    presentation, verified = library.prove(request, sources)
    assert verified
    examined = examine(ASKED, request, presentation, verified, KNOWN)
    assert {reason for code, _, reason, _ in bad(examined) if code == "binding"} >= {"mixed_credentials"}
    assert examined.part.result is Result.FAIL
    assert examined.items == ()


def test_the_library_verifies_one_credential_for_two_items_and_we_do_not(library: Library) -> None:
    disclosure, _, request = exchange(*HELD)
    sources = dict.fromkeys(honest(disclosure, request), "a")
    # Both bounds are met by "a" alone, so the library has nothing to object to.
    presentation, verified = library.prove(request, sources)
    assert verified
    examined = examine(ASKED, request, presentation, verified, KNOWN)
    assert ("binding", "fail", "same_credential", "c1") in bad(examined)


def test_another_nonce_does_not_verify(library: Library) -> None:
    disclosure, _, request = exchange(*HELD)
    presentation, _ = library.prove(request, honest(disclosure, request))
    ours = anoncreds.Presentation.load(presentation)
    other = request | {"nonce": "77"}
    assert not ours.verify(other, {SCHEMA: library.schema}, {cred_def(): library.cred_def})

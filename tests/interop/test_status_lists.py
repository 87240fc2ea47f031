"""Bitstring status lists: theirs read here, ours read there, bit by bit and with a credential on each side."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from agent.core.verdict import Check, Result
from agent.vc import rules, status_list
from agent.vc.facts import Facts, Fetched
from tests.interop.bridges import Bridge, RefusedError
from tests.interop.documents import MADE, NOW, our_badge, signed
from tests.interop.keys import ISSUER, STRANGER, Key

URL = "https://issuer.example/status/revocation/3"
SUITE = "eddsa-rdfc-2022"
AT = NOW.isoformat()
SET = [0, 7, 8, 4095, 131_071]  # the ends of bytes and of the list: where two readers differ, if they do
PROBED = [*SET, 1, 9, 4094, 131_070]


def ours(*, issuer: Key = ISSUER, changed: tuple[int, ...] = ()) -> dict[str, Any]:
    bits = bytes(status_list.MIN_ENTRIES // 8)
    for index in (*SET, *changed):
        bits = status_list.with_bit(bits, index, True)
    document = status_list.credential(
        url=URL,
        issuer=issuer.controller,
        purpose=status_list.REVOCATION,
        bits=bits,
        valid_from=MADE,
        valid_until=MADE
        + timedelta(days=3650),  # others judge a list by the clock, whatever time they were given
        ttl=timedelta(minutes=5),
    )
    return signed(document, issuer, SUITE)


def theirs(maker: str, bridge: Bridge) -> dict[str, Any]:
    given = {"id": URL, "length": status_list.MIN_ENTRIES, "set": SET, "purpose": status_list.REVOCATION}
    if maker == "digitalbazaar":
        key = {"key": ISSUER.for_node(), "created": "2026-06-12T09:30:00Z", "suite": SUITE}
        return dict(bridge.ask("statusList", **given, issuer=ISSUER.controller, **key))
    unsigned = bridge.ask("status_list", **given, issuer=ISSUER.controller)
    return dict(bridge.ask("sign", document=unsigned, suite=SUITE, key=ISSUER.for_openvc()))


def credential(index: int) -> dict[str, Any]:
    entry = status_list.entry(url=URL, index=index, purpose=status_list.REVOCATION)
    return signed(our_badge(ISSUER, status=[entry]), ISSUER, SUITE)


def status_here(document: dict[str, Any], published: dict[str, Any]) -> Check:
    fetched = Fetched(url=URL, result=Result.PASS, content=json.dumps(published).encode())
    examined = rules.examine(document, Facts(now=NOW, documents={URL: fetched}))
    (found,) = (check for check in examined.checks if check.code == "status")
    return found


@pytest.mark.parametrize("maker", ["digitalbazaar", "openvc"])
def test_their_list_is_read_here(request: pytest.FixtureRequest, maker: str) -> None:
    bridge: Bridge = request.getfixturevalue("node" if maker == "digitalbazaar" else "openvc")
    published = theirs(maker, bridge)
    read = status_list.read(published)
    assert read.size == status_list.MIN_ENTRIES
    assert [index for index in PROBED if read.is_set(index)] == SET
    assert status_here(credential(9), published).result is Result.PASS
    revoked = status_here(credential(8), published)
    assert (revoked.result, revoked.reason) == (Result.FAIL, "revoked")


def test_our_list_is_read_by_digitalbazaar(node: Bridge) -> None:
    encoded = ours()["credentialSubject"]["encodedList"]
    read = node.ask("readStatusList", encodedList=encoded, indexes=PROBED)
    assert read["length"] == status_list.MIN_ENTRIES
    assert [index for index, value in zip(PROBED, read["values"], strict=True) if value] == SET


def test_digitalbazaar_follows_our_credential_to_our_list(node: Bridge) -> None:
    """Its ``verified`` says that the list was read; that the bit is set, it leaves to the caller."""
    node.ask("documents", documents={URL: ours()})
    for index, is_set in ((9, False), (8, True)):
        answer = node.ask("verifyCredential", credential=credential(index), now=AT)
        assert answer["verified"], answer["reasons"]
        assert answer["status"] == [["revocation", is_set]]


def test_digitalbazaar_refuses_a_changed_list_and_another_issuers(node: Bridge) -> None:
    forged = ours()
    forged["credentialSubject"] |= {"encodedList": ours(changed=(9,))["credentialSubject"]["encodedList"]}
    for published in (forged, ours(issuer=STRANGER)):
        node.ask("documents", documents={URL: published})
        assert not node.ask("verifyCredential", credential=credential(9), now=AT)["verified"]
        assert status_here(credential(9), published).result is Result.FAIL


def test_openvc_follows_our_credential_to_our_list(openvc: Bridge) -> None:
    openvc.ask("documents", given={URL: ours()})
    openvc.ask("verify", document=credential(9), now=AT)
    with pytest.raises(RefusedError, match="CredentialRevoked"):
        openvc.ask("verify", document=credential(8), now=AT)

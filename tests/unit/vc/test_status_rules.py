"""Step 6: status lists that are good, stale, forged, of somebody else, and not there."""

from __future__ import annotations

from typing import Any

import pytest

from agent.core.verdict import Result
from agent.vc import proofs, rules, status_list
from agent.vc.facts import Fetched

from .documents import (
    LIST_URL,
    STRANGER,
    SUSPENSION_URL,
    credential,
    facts,
    fetched,
    jwt,
    sign,
    status,
    status_document,
)
from .test_rules import FAIL, GOOD_LIST, PASS, SUSPENSION, UNKNOWN, bad, results


def suspension(*taken_back: int) -> Fetched:
    document = status_document(*taken_back, purpose=status_list.SUSPENSION, url=SUSPENSION_URL)
    return fetched(sign(document), SUSPENSION_URL)


def gzip_bomb() -> dict[str, Any]:
    document = status_document()
    document["credentialSubject"]["encodedList"] = status_list.encode(bytes(status_list.MAX_BYTES + 1))
    return document


def small() -> dict[str, Any]:
    document = status_document()
    document["credentialSubject"]["encodedList"] = status_list.encode(bytes(1000))
    return document


def revoked_elsewhere(**changes: Any) -> Fetched:
    return fetched(sign(status_document(**changes)))


STATUS: dict[str, tuple[Any, list[Fetched], tuple[Result, str]]] = {
    "not revoked": (status(), [GOOD_LIST], (PASS, "")),
    "revoked": (status(8), [GOOD_LIST], (FAIL, "revoked")),
    "revoked by the second of two entries": ([status(), status(9)], [GOOD_LIST], (FAIL, "revoked")),
    "suspended": ([status(), SUSPENSION], [GOOD_LIST, suspension(7)], (FAIL, "suspended")),
    "not suspended": ([status(), SUSPENSION], [GOOD_LIST, suspension()], (PASS, "")),
    "one list of two not had": ([status(), SUSPENSION], [GOOD_LIST], (UNKNOWN, "not_gathered")),
    "revoked, and another list not had": ([status(8), SUSPENSION], [GOOD_LIST], (FAIL, "revoked")),
    "unreachable": (
        status(),
        [Fetched(url=LIST_URL, result=UNKNOWN, reason="unreachable", detail="No answer.")],
        (UNKNOWN, "unreachable"),
    ),
    "a web page": (status(), [fetched(b"<html>maintenance</html>")], (UNKNOWN, "status_list_unreadable")),
    "not text": (status(), [fetched(b"\xff\xfe")], (UNKNOWN, "status_list_unreadable")),
    "too large": (status(), [fetched(b" " * 7_000_000)], (UNKNOWN, "status_list_unreadable")),
    "not a credential": (status(), [fetched({"a": 1})], (FAIL, "status_list_not_credential")),
    "a credential, not a list": (status(), [fetched(sign(credential(id=LIST_URL)))], (FAIL, "bad_status_list")),
    "as a JWT": (status(8), [fetched(jwt(status_document(8)).encode())], (FAIL, "revoked")),
    "as a JWT of nobody": (status(), [fetched(b"eyJ.eyJ.x")], (UNKNOWN, "status_list_unreadable")),
    "not signed": (status(), [fetched(status_document())], (FAIL, "status_list_not_secured")),
    "signed by a stranger": (
        status(),
        [fetched(sign(status_document(), STRANGER))],
        (FAIL, "status_list_not_secured"),
    ),
    "of a stranger": (
        status(),
        [fetched(sign(status_document(issuer=STRANGER.did), STRANGER))],
        (FAIL, "status_list_wrong_issuer"),
    ),
    "a bit changed back": (
        status(8),
        [fetched(sign(status_document(8)) | {"credentialSubject": status_document()["credentialSubject"]})],
        (FAIL, "status_list_not_secured"),
    ),
    "another list of the issuer": (
        status(8),
        [fetched(sign(status_document(url="https://mtu.example/status/99")))],
        (FAIL, "status_list_wrong_id"),
    ),
    "for another purpose": (
        status(8),
        [fetched(sign(status_document(purpose=status_list.SUSPENSION)))],
        (FAIL, "status_list_purpose"),
    ),
    "run out": (
        status(8),
        [revoked_elsewhere(validUntil="2026-11-22T11:59:59Z")],
        (UNKNOWN, "status_list_not_in_force"),
    ),
    "out of range": (status(status_list.MIN_ENTRIES), [GOOD_LIST], (FAIL, "index_out_of_range")),
    "too small for privacy": (status(), [fetched(sign(small()))], (FAIL, "list_too_small")),
    "a gzip bomb": (status(), [fetched(sign(gzip_bomb()))], (UNKNOWN, "too_large")),
    "an index that is no number": (status(statusListIndex="-1"), [GOOD_LIST], (FAIL, "bad_status_entry")),
    "no list named": (status(statusListCredential=...), [GOOD_LIST], (FAIL, "bad_status_entry")),
    "two bits each": (
        status(statusSize=2, purpose="message"),
        [GOOD_LIST],
        (UNKNOWN, "unsupported_status"),
    ),
    "of another kind": (
        {"id": "https://mtu.example/s#1", "type": "StatusList2021Entry"},
        [GOOD_LIST],
        (UNKNOWN, "unsupported_status"),
    ),
    "of another kind beside a revocation": (
        [{"id": "https://mtu.example/s#1", "type": "https://mtu.example/OwnStatus"}, status(8)],
        [GOOD_LIST],
        (FAIL, "revoked"),
    ),
    "a purpose of the issuer's own": (
        status(purpose="expelled"),
        [fetched(sign(status_document(7, purpose="expelled")))],
        (UNKNOWN, "unsupported_purpose"),
    ),
    "a message": (status(purpose="message"), [fetched(sign(status_document(7, purpose="message")))], (PASS, "")),
    "seventeen entries": ([status(i) for i in range(10, 27)], [GOOD_LIST], (UNKNOWN, "too_many_entries")),
}  # fmt: skip


@pytest.mark.parametrize("name", STATUS)
def test_status(name: str) -> None:
    entry, documents, expected = STATUS[name]
    # Over the text, since some of these entries have no meaning in JSON-LD.
    document = sign(credential(credentialStatus=entry), suite=proofs.EDDSA_JCS)
    assert results(document, facts(*documents))["", "status"] == expected


def test_a_list_counts_for_its_own_issuer_only() -> None:
    """Who signs with a key of their own names a list of the true issuer, in which nothing stands about them."""
    document = sign(credential(issuer=STRANGER.did, credentialStatus=status()), STRANGER)
    assert bad(document) == {"status": (FAIL, "status_list_wrong_issuer")}


def test_without_a_status_it_says_so() -> None:
    (check,) = (c for c in rules.examine(sign(credential()), facts()).checks if c.code == "status")
    assert (check.result, check.detail) == (PASS, "The credential cannot be revoked.")


def test_a_status_says_what_was_read_where() -> None:
    entries = [status(8), status(7, "message", SUSPENSION_URL)]
    message = fetched(sign(status_document(7, purpose="message", url=SUSPENSION_URL)), SUSPENSION_URL)
    document = sign(credential(credentialStatus=entries))
    (check,) = (c for c in rules.examine(document, facts(GOOD_LIST, message)).checks if c.code == "status")
    assert [(e.label, e.value, e.url) for e in check.evidence] == [
        ("revocation", "set", LIST_URL),
        ("message", "set", SUSPENSION_URL),
    ]

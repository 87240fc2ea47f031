"""Offer links of every hostile kind: a clear error, and the wallet as it was before (issue 2, "Bad input")."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from agent.core.limits import LIMITS, Limits
from agent.core.signed_link import OFFER_TYP, REQUEST_TYP
from agent.errors import CairnError, ConflictError, ExpiredError, InputError, NotFoundError, UnreachableError
from agent.services import clock
from tests.simulators.internet import raw_answer
from tests.simulators.town import Member, Town
from tests.unit.services import hostile
from tests.unit.services.hostile import Edit, payload_of, serve, serve_document, signed

CODE = "o-hostile-code"


async def refused(learner: Member, link: str) -> CairnError:
    """The error of a review that must leave nothing behind."""
    with pytest.raises(CairnError) as caught:
        await learner.agent.holding.review(link)
    assert await learner.agent.holding.offers() == []
    assert await learner.history() == []
    assert caught.value.detail
    return caught.value


def with_record(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def edit(record: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in (record | changes).items() if value is not None}

    return edit


def record(edit: Callable[[dict[str, Any]], Any]) -> Edit:
    def changed(member: Member, payload: dict[str, Any]) -> str:
        return signed(OFFER_TYP, record=edit(copy.deepcopy(payload["record"])))(member, payload)

    return changed


def issued_by(did: str) -> Edit:
    return record(lambda honest: honest | {"issuer": honest["issuer"] | {"did": did}})


def prefix_trick(member: Member, payload: dict[str, Any]) -> str:
    """The DID as a mere beginning of another DID."""
    cred_def_id = f"{member.did}5/anoncreds/v1/CREDDEF/{'0' * 64}"
    return signed(OFFER_TYP, cred_def_id=cred_def_id)(member, payload)


OF_OFFERS: dict[str, tuple[Edit, str]] = {
    "no record": (signed(OFFER_TYP, drop="record"), "bad_record"),
    "a record that is a text": (signed(OFFER_TYP, record="Data Literacy"), "bad_record"),
    "a record of another version": (record(with_record(version=2)), "unsupported_version"),
    "a record with an unknown member": (record(with_record(nationality="IE")), "unknown_member"),
    "a record with half a character": (record(with_record(title={"en": "\ud800"})), "not_text"),
    "a record larger than any": (
        record(with_record(description={f"x{chr(97 + n)}": "y" * 4000 for n in range(20)})),
        "too_large",
    ),
    "a record of another issuer": (issued_by(hostile.FAR_AWAY), "wrong_issuer"),
    "a definition of another issuer": (
        signed(OFFER_TYP, cred_def_id=f"{hostile.FAR_AWAY}/anoncreds/v1/CREDDEF/{'0' * 64}"),
        "wrong_issuer",
    ),
    "a definition of an issuer whose DID begins alike": (prefix_trick, "wrong_issuer"),
    "no definition": (signed(OFFER_TYP, drop="cred_def_id"), "wrong_issuer"),
    "a definition that is a list": (signed(OFFER_TYP, cred_def_id=[]), "wrong_issuer"),
}
DOCUMENTS = hostile.of_any_kind(OFFER_TYP, REQUEST_TYP) | OF_OFFERS


@pytest.fixture
def there(shared: Town) -> Iterator[Member]:
    """The university of the shared town, which serves as before afterwards."""
    yield shared.members["munster"]
    shared.internet.raw.clear()


@pytest.fixture
def here(shared: Town) -> Member:
    """Its learner, who never accepts anything."""
    return shared.members["learner"]


async def test_documents_that_no_wallet_takes(university: Member, learner: Member, subtests: Any) -> None:
    offer = await university.offer()
    honest = {"payload": payload_of(await university.agent.issuing.document(offer["id"]))}
    link = f"{university.settings.public_base}/o/{CODE}"
    for name, (edit, code) in DOCUMENTS.items():
        with subtests.test(name):
            serve_document(university, f"/o/{CODE}", edit(university, copy.deepcopy(honest["payload"])))
            assert (await refused(learner, link)).code == code
    # The same document unchanged is taken, so it was the edits that were refused.
    serve_document(university, f"/o/{CODE}", signed(OFFER_TYP)(university, honest["payload"]))
    assert (await learner.agent.holding.review(link))["state"] == "open"


async def test_a_maker_with_a_very_long_did_is_shown_and_unknown(
    place: Town, university: Member, learner: Member
) -> None:
    """As long as a did:web may be: whatever the registry makes of it, the review must not break."""
    did = university.did + ":" + "a" * (500 - len(university.did) - 1)
    university.wallet.keys[did] = university.wallet.keys[university.did]
    offer = await university.offer()
    payload = payload_of(await university.agent.issuing.document(offer["id"]))
    payload["record"]["issuer"]["did"] = did
    payload |= {"iss": did, "cred_def_id": f"{did}/anoncreds/v1/CREDDEF/{'0' * 64}"}
    document = university.wallet.jwt(did, {"typ": OFFER_TYP}, payload)
    did_document = university.agent.node.public.get_did_document()
    assert did_document is not None
    own = did_document.replace(university.did.encode(), did.encode())

    def raw(asked: Any) -> bytes | None:
        if asked.target.endswith("/did.json"):
            return raw_answer(own, content_type="application/did+json")
        return raw_answer(document.encode()) if asked.target == f"/o/{CODE}" else None

    place.internet.raw[university.place] = raw
    reviewed = await learner.agent.holding.review(f"{university.settings.public_base}/o/{CODE}")
    results = {check["code"]: check["result"] for check in reviewed["checks"]}
    assert results["institution"] == "unknown"


# --- how it is served


async def test_an_unreachable_host(place: Town, university: Member, learner: Member) -> None:
    offer = await university.offer()
    app = place.internet.apps.pop(university.place)
    error = await refused(learner, offer["link"])
    assert isinstance(error, UnreachableError)
    assert (error.code, bool(error.hint)) == ("unreachable", True)
    place.internet.apps[university.place] = app
    assert (await learner.receive(offer["link"]))["state"] == "accepted"  # nothing was lost


async def test_an_unknown_host(here: Member) -> None:
    error = await refused(here, f"https://nowhere.example/o/{CODE}")
    assert isinstance(error, UnreachableError)


@pytest.mark.parametrize("declared", [True, False])
async def test_too_large(there: Member, here: Member, declared: bool) -> None:
    body = b"a" * (LIMITS.link_document_bytes + 1)
    more = {} if declared else {"content_length": ""}
    serve(there, f"/o/{CODE}", raw_answer(body, **more))
    error = await refused(here, f"{there.settings.public_base}/o/{CODE}")
    assert isinstance(error, InputError)
    assert error.code == "too_large"


async def test_slow(place: Town) -> None:
    place.limits = Limits(fetch_seconds=0.05)
    learner = await place.learner()
    place.internet.silent.add(("127.0.0.1", 9000))
    error = await refused(learner, f"http://localhost:9000/o/{CODE}")
    assert isinstance(error, UnreachableError)
    assert error.code == "timeout"


async def test_a_redirect_is_not_followed(shared: Town, there: Member, here: Member) -> None:
    serve(there, f"/o/{CODE}", raw_answer(b"", 302, location="http://127.0.0.1:22/"))
    error = await refused(here, f"{there.settings.public_base}/o/{CODE}")
    assert error.code == "redirect"
    assert [connected for connected in shared.internet.connected if connected[1] == 22] == []


async def test_a_compressed_answer(there: Member, here: Member) -> None:
    serve(there, f"/o/{CODE}", raw_answer(b"\x1f\x8b", content_encoding="gzip"))
    assert (await refused(here, f"{there.settings.public_base}/o/{CODE}")).code == "encoded"


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (404, NotFoundError, "link_unknown"),
        (409, ConflictError, "already_used"),
        (410, ExpiredError, "expired"),
        (423, UnreachableError, "not_now"),
        (429, UnreachableError, "not_now"),
        (500, UnreachableError, "not_now"),
        (503, UnreachableError, "not_now"),
        (401, CairnError, "unexpected_answer"),
        (204, CairnError, "unexpected_answer"),
    ],
)
async def test_the_makers_own_refusals(
    there: Member, here: Member, status: int, kind: type[CairnError], code: str
) -> None:
    """Its words are not repeated: they may be anything."""
    serve(there, f"/o/{CODE}", raw_answer(b'{"detail":"\x1b[2Jcall 0900"}', status))
    error = await refused(here, f"{there.settings.public_base}/o/{CODE}")
    assert isinstance(error, kind)
    assert error.code == code
    assert "0900" not in error.diagnostics()


PRIVATE = (
    ("10.1.2.3", f"https://uni.example/o/{CODE}", "private_address"),
    ("169.254.169.254", f"https://uni.example/o/{CODE}", "private_address"),
    ("127.0.0.1", f"https://uni.example/o/{CODE}", "private_address"),
    ("::ffff:10.0.0.1", f"https://uni.example/o/{CODE}", "private_address"),
    ("93.184.215.14", f"http://uni.example/o/{CODE}", "not_https"),
    ("127.0.0.1", f"http://localhost:9000/o/{CODE}", "private_address"),
    ("127.0.0.1", f"https://localhost:9000/o/{CODE}", "private_address"),
)


async def test_private_addresses_outside_the_demo(place: Town, subtests: Any) -> None:
    learner = await place.learner(demo=False)
    for address, link, code in PRIVATE:
        with subtests.test(f"{link} at {address}"):
            place.internet.names |= {"uni.example": [address], "localhost": ["127.0.0.1"]}
            assert (await refused(learner, link)).code == code
            assert place.internet.connected == []


@pytest.mark.parametrize("port", [0, 65536, 99999])
async def test_ports_that_do_not_exist(here: Member, port: int) -> None:
    assert (await refused(here, f"http://localhost:{port}/o/{CODE}")).http_status in (422, 502)


# --- what a person pastes


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "hello",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://uni.example/",
        "https://uni.example/o/short",
        f"https://uni.example/o/{CODE}?next=http://evil.example",
        f"https://user@uni.example/o/{CODE}",
        f"https://uni.example/o/{CODE}#fragment",
        f"https://uni.example /o/{CODE}",
        f"https://uni.example/o/{CODE}\nhttps://evil.example/o/{CODE}",
        f"https://uni.example/o/../{CODE}",
        f"https://uni.example/{'a' * 3000}/o/{CODE}",
    ],
)
async def test_what_is_not_a_link(here: Member, text: str) -> None:
    error = await refused(here, text)
    assert (error.code, error.http_status) == ("not_a_link", 422)
    assert "/o/CODE" in error.hint


async def test_broken_addresses(here: Member) -> None:
    for host in ("[::1", "a..b", "xn--a", "-", "host:port", "%00", "ünïcode.example"):
        error = await refused(here, f"http://{host}/o/{CODE}")
        assert error.http_status in (404, 422, 502), host


async def test_a_request_link_is_not_an_offer(here: Member) -> None:
    error = await refused(here, f"https://uni.example/r/{CODE}")
    assert error.code == "wrong_kind"
    assert "a request link" in error.detail


# --- its life


async def test_already_used(place: Town, university: Member, learner: Member) -> None:
    offer = await university.offer()
    assert (await learner.receive(offer["link"]))["state"] == "accepted"
    await place.world.settled()
    thief = await place.learner("thief")
    error = await refused(thief, offer["link"])
    assert (error.code, error.http_status) == ("already_used", 409)


async def test_rejected(place: Town, university: Member, learner: Member) -> None:
    offer = await university.offer()
    reviewed = await learner.agent.holding.review(offer["link"])
    await learner.agent.holding.reject(reviewed["id"], "Not mine.")
    assert (await university.agent.issuing.offer(offer["id"]))["reason"] == "Not mine."
    assert (await refused(await place.learner("other"), offer["link"])).code == "already_used"


async def test_expired_on_both_sides(
    place: Town, university: Member, learner: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = await university.offer(expires_in_days=1)
    reviewed = await learner.agent.holding.review(offer["link"])
    later = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(ExpiredError):
        await university.agent.issuing.accept(offer["id"])
    with pytest.raises(ConflictError, match="expired"):
        await learner.agent.holding.accept(reviewed["id"])
    assert (await refused(await place.learner("other"), offer["link"])).code == "expired"
    assert university.wallet.credentials == {}


async def test_an_unknown_code(there: Member, here: Member) -> None:
    error = await refused(here, f"{there.settings.public_base}/o/{CODE}")
    assert (error.code, error.http_status) == ("link_unknown", 404)


async def test_codes_cannot_be_guessed_or_walked(there: Member) -> None:
    codes = {(await there.offer())["id"] for _ in range(5)}
    assert len(codes) == 5
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{16}", code) for code in codes)


# --- the registry while reviewing


@pytest.mark.parametrize("mode", ["down", "broken", "nonsense"])
async def test_without_a_registry_the_review_says_unknown(
    place: Town, university: Member, learner: Member, mode: str
) -> None:
    offer = await university.offer()
    place.registry.mode = mode
    reviewed = await learner.agent.holding.review(offer["link"])
    rows = {check["code"]: check for check in reviewed["checks"]}
    for code in ("institution", "accreditation", "registry_list"):
        assert (rows[code]["result"], rows[code]["reason"]) == ("unknown", "registry_unreachable")
    assert rows["signature"]["result"] == "pass"

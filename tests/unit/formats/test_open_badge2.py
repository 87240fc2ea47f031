"""Open Badges 2.0 by address: what its issuer's site says decides, and only the issuer's own site."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agent.core.verdict import Result
from agent.errors import InputError, UnreachableError
from agent.formats.envelope import Means
from agent.formats.gathering import Lookups
from agent.formats.open_badge2 import OpenBadge2
from agent.formats.opening import Opened, open_fully
from agent.net.did_web import DidResolver
from tests.simulators.internet import Internet, raw_answer
from tests.simulators.town import without_tls
from tests.unit.cli.files import BADGE_CLASS, PROFILE, Web, assertion, data
from tests.unit.vc.test_baking import chunk, png

AT = "https://club.example/a/1"
CLASS, ISSUER = BADGE_CLASS["id"], PROFILE["id"]
EVIL = "https://evil.example/a/1"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    without_tls(monkeypatch)
    return Web(Internet())


def means(web: Web) -> Means:
    fetcher = web.internet.fetcher(demo=False)
    network: Any = None  # AnonCreds objects are asked of it, and there are none
    return Means(network, Lookups(fetcher, DidResolver(fetcher)), datetime(2026, 11, 22, tzinfo=UTC))


async def opened(web: Web, document: Any) -> Opened:
    return await open_fully(document if isinstance(document, bytes) else data(document), means(web))


async def hosted(web: Web, document: Any) -> tuple[str, str]:
    """Result and reason of the row that stands for a signature."""
    found = await opened(web, document)
    read = await OpenBadge2().read(found.found.document, means(web))
    row, key = read.checks
    assert (key.code, key.result) == ("issuer_key", Result.UNKNOWN)
    assert read.key == ""
    return str(row.result), row.reason


def image(address: str = AT) -> bytes:
    return png(chunk(b"tEXt", b"openbadges\0" + address.encode()))


async def test_hosted_and_equal(web: Web) -> None:
    assert await hosted(web, assertion()) == ("pass", "")
    assert await hosted(web, assertion(badge=BADGE_CLASS)) == ("pass", "")
    assert await hosted(web, assertion(badge=BADGE_CLASS | {"issuer": PROFILE})) == ("pass", "")
    web.pages[AT] = assertion(badge=BADGE_CLASS)
    assert await hosted(web, assertion()) == ("pass", "")


@pytest.mark.parametrize(
    "change",
    [
        {"issuedOn": "2020-01-01T00:00:00Z"},
        {"recipient": {"type": "email", "hashed": False, "identity": "thief@evil.example"}},
        {"badge": BADGE_CLASS | {"name": "Doctor of Everything"}},
        {"badge": BADGE_CLASS | {"criteria": {"narrative": "Nothing."}}},
        {"badge": BADGE_CLASS | {"issuer": PROFILE | {"name": "A university"}}},
        {"badge": BADGE_CLASS | {"issuer": PROFILE | {"id": "https://uni.example"}}},
        {"badge": "https://club.example/b/2"},
        {"extra": 1},
    ],
)
async def test_a_file_that_says_something_else(web: Web, change: dict[str, Any]) -> None:
    """Also where the file brings its own badge class along, which the assertion only points to."""
    assert await hosted(web, assertion(**change)) == ("fail", "hosted_differs")


async def test_gone_away_and_revoked(web: Web) -> None:
    file = assertion()
    for page, expected in (
        (None, ("fail", "gone")),
        ([raw_answer(b"", 410)], ("fail", "gone")),
        ([raw_answer(b"", 500)], ("unknown", "unreachable")),
        ([raw_answer(b"", 301, location="https://evil.example")], ("unknown", "redirect")),
        ({"revoked": True}, ("fail", "revoked")),
        (file | {"revoked": True}, ("fail", "revoked")),
        (b"<html>", ("unknown", "not_json")),
        (b"[]", ("unknown", "not_an_object")),
        (b'{"a": "\\ud800"}', ("unknown", "not_text")),
        (b"[" * 5000, ("unknown", "too_deep")),
        (b"x" * 2_000_000, ("unknown", "too_large")),
    ):
        web.pages[AT] = page
        assert await hosted(web, file) == expected, page
    del web.internet.names["club.example"]
    assert await hosted(web, file) == ("unknown", "unreachable")


async def test_what_it_points_to_is_away(web: Web) -> None:
    """The file brings its badge class, its address serves the bare assertion, and nobody can compare them now."""
    file = assertion(badge=BADGE_CLASS)
    web.pages[CLASS] = [raw_answer(b"", 500)]
    assert await hosted(web, file) == ("unknown", "badge_class_unreachable")
    web.pages[CLASS] = BADGE_CLASS | {"id": "https://club.example/b/9"}  # another's object at this address
    assert await hosted(web, file) == ("unknown", "badge_class_unreachable")


async def test_only_the_issuers_own_site_counts(web: Web) -> None:
    """Anybody can serve an assertion of a badge that a university has."""
    stolen = assertion(id=EVIL)
    web.pages[EVIL] = stolen
    assert await hosted(web, stolen) == ("fail", "not_the_issuers_site")
    # A copy of the profile that comes with it allows what it likes; the issuer's own is what counts.
    generous = PROFILE | {"verification": {"allowedOrigins": ["evil.example"]}}
    inside = stolen | {"badge": BADGE_CLASS | {"issuer": generous}}
    web.pages[EVIL] = inside
    assert await hosted(web, inside) == ("fail", "not_the_issuers_site")
    for allowed in (
        {"allowedOrigins": "evil.example"},
        {"allowedOrigins": ["else.example", "EVIL.example"]},
        {"startsWith": "https://evil.example/a/"},
    ):
        web.pages[ISSUER] = PROFILE | {"verification": allowed}
        web.pages[EVIL] = stolen
        assert await hosted(web, stolen) == ("pass", ""), allowed
    for nothing in ({"startsWith": "https://"}, {"startsWith": ""}, {"allowedOrigins": [7, None]}, {}, "all"):
        web.pages[ISSUER] = PROFILE | {"verification": nothing}
        assert await hosted(web, stolen) == ("fail", "not_the_issuers_site"), nothing
    web.pages[EVIL] = stolen | {"badge": BADGE_CLASS | {"issuer": PROFILE}}
    web.pages[ISSUER] = [raw_answer(b"", 503)]
    assert await hosted(web, web.pages[EVIL]) == ("unknown", "issuer_unreachable")
    nobody = assertion(badge=BADGE_CLASS | {"issuer": {"id": "did:web:club.example", "name": "A club"}})
    web.pages[AT] = nobody
    assert await hosted(web, nobody) == ("unknown", "no_issuer")


async def test_the_signed_kind(web: Web) -> None:
    signed = assertion(verification={"type": "signed", "creator": "https://club.example/key"})
    assert await hosted(web, signed) == ("unknown", "unsupported_suite")


async def test_an_image_with_only_an_address(web: Web) -> None:
    found = await opened(web, image())
    assert (found.title, found.found.carrier, found.envelope) == ("Rowing", "png", "open_badge_2")
    assert await hosted(web, image()) == ("pass", "")
    for page in (None, b"{", b"7", [raw_answer(b"", 500)]):
        web.pages[AT] = page
        with pytest.raises(UnreachableError) as error:
            await opened(web, image())
        assert error.value.hint
    for other in (BADGE_CLASS, {"hello": "world"}, {"type": ["VerifiableCredential"]}):
        web.pages[AT] = other
        with pytest.raises(InputError) as refused:
            await opened(web, image())
        assert (refused.value.code, bool(refused.value.hint)) == ("not_recognised", True)


async def test_two_rounds_and_no_more(web: Web) -> None:
    """Badge class and issuer; an issuer that is an address of an address is not followed."""
    web.pages["https://club.example/more"] = PROFILE | {"id": "https://club.example/more"}
    web.pages[ISSUER] = PROFILE | {"parentOrg": "https://club.example/more"}
    await opened(web, assertion())
    assert web.asked == [CLASS, ISSUER]


async def test_a_ring_of_addresses_ends(web: Web) -> None:
    web.pages[CLASS] = BADGE_CLASS | {"issuer": CLASS}
    found = await opened(web, assertion())
    assert len(web.asked) <= 2
    assert found.found.document is not None


async def test_what_was_given_names_it(web: Web) -> None:
    """The digest by which a file is known again does not change with what its issuer says of itself."""
    first = await opened(web, assertion())
    web.pages[ISSUER] = PROFILE | {"name": "Another name"}
    again = await opened(web, assertion())
    assert first.payload == again.payload
    assert first.record != again.record


async def test_version_1_had_no_ids(web: Web) -> None:
    """Its badge class is known by its address alone, wherever it stands."""
    plain = {name: value for name, value in BADGE_CLASS.items() if name not in ("id", "@context", "type")}
    web.pages[CLASS] = plain
    assert await hosted(web, assertion()) == ("pass", "")


@pytest.mark.parametrize("text", ["http://[", "https://[::1", "https://\u202e", "https://club.example:x/"])
async def test_addresses_that_are_none(web: Web, text: str) -> None:
    for file in (assertion(badge=text), assertion(id=text), assertion(badge=BADGE_CLASS | {"issuer": text})):
        assert (await hosted(web, file))[0] != "pass"

"""Whatever bytes come: an answer or an error of ours, and a wallet that is as it was when it is an error."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.core.verdict import Result
from agent.errors import CairnError, InputError, UnreachableError, UntrustedError
from agent.formats import didkit
from agent.services import documents
from agent.services.importing import Importing
from agent.vc.second_opinion import Opinion
from tests.simulators.town import Member, Town
from tests.unit.cli import files
from tests.unit.vc import documents as made
from tests.unit.vc.test_baking import itxt, png

type Path = tuple[str | int, ...]

GOOD = [
    files.rdfc(),
    files.jcs(),
    files.old(),
    files.presentation(),
    files.assertion(),
    files.assertion(badge=files.BADGE_CLASS | {"issuer": files.PROFILE}),
    files.rdfc(credentialStatus=made.status()),
    files.record(),
    {
        "type": "cairn-anoncreds-export",
        "version": 1,
        "record": files.record(files.SITE),
        "attributes": {},
        "schema_id": f"{files.SITE.did}/anoncreds/v1/SCHEMA/{'5' * 64}",
        "cred_def_id": f"{files.SITE.did}/anoncreds/v1/CREDDEF/{'6' * 64}",
        "rev_reg_id": f"{files.SITE.did}/anoncreds/v1/REVREG/{'7' * 64}",
        "cred_rev_id": "3",
    },
]
NASTY = st.one_of(
    st.sampled_from(
        [
            None,
            True,
            0,
            -1,
            10**400,
            1e308,
            1e-300,
            "",
            "\x00",
            "a" * 5000,
            [],
            {},
            [[]],
            [None],
            {"id": None},
        ]
    ),
    st.sampled_from(
        [
            "did:web:",
            "did:key:z",
            "http://[",
            "https://\u202e",
            "9" * 5000,
            "2026-13-99T00:00:00Z",
            "_:b0",
            "@id",
        ]
    ),
    st.sampled_from([{"@value": "x"}, {"@id": "x"}, {"@list": []}, {"@context": {"x": "y"}}, {"type": []}]),
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
)


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    entries: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, part in entries:
        yield from places(part, (*path, name))


def put(document: Any, path: Path, value: Any) -> Any:
    if not path:
        return value
    changed = json.loads(json.dumps(document))
    inside = changed
    for name in path[:-1]:
        inside = inside[name]
    inside[path[-1]] = value
    return changed


@st.composite
def edited(draw: st.DrawFn) -> bytes:
    """A good document with one or two places changed; as it is, in an image, or as a token's claims."""
    document = draw(st.sampled_from(GOOD))
    for _ in range(draw(st.integers(1, 2))):
        document = put(document, draw(st.sampled_from(list(places(document)))), draw(NASTY))
        if not isinstance(document, dict | list):
            break
    text = json.dumps(document)
    form = draw(st.sampled_from(["plain", "png", "jwt", "vc claim"]))
    if form == "png":
        return png(itxt(text.encode()))
    if form == "jwt" and isinstance(document, dict):
        return made.jwt(document, files.ISSUER).encode()
    if form == "vc claim":
        return made.jwt({"iss": files.ISSUER.did, "vc": document, "nbf": draw(NASTY)}, files.ISSUER).encode()
    return text.encode()


def cut(draw_from: bytes) -> st.SearchStrategy[bytes]:
    """Bytes of a real file with a piece of something else."""
    return st.builds(
        lambda start, end, between: draw_from[:start] + between + draw_from[end:],
        st.integers(0, len(draw_from)),
        st.integers(0, len(draw_from)),
        st.binary(max_size=8),
    )


ANY = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")),
    *(cut(each) for each in (files.data(GOOD[0]), files.baked(png()), files.baked(files.PICTURES["svg"]))),
    cut(files.token().encode()),
    edited(),
    edited(),
    edited(),
)


@pytest.fixture(scope="module")
async def wallet(shared: Town) -> Member:
    files.Web(shared.internet)
    return shared.members["learner"]


async def state(member: Member) -> tuple[int, int, int]:
    held = await member.agent.holding.credentials()
    badges = await Importing(member.agent.node).visual_badges()
    return len(held), len(badges), len(await member.history())


@given(ANY)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_bytes(wallet: Member, content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(didkit, "second_opinion", absent)  # a process for each would take most of the time
        node = wallet.agent.node
        found = await tried(documents.examine(node, content))
        if isinstance(found, CairnError):
            assert found.code
            assert found.hint
        else:
            # It can be sent and printed, and something was checked.
            json.dumps(found.to_json(), ensure_ascii=False, allow_nan=False).encode()
            assert found.verdict.authentic.checks
        before = await state(wallet)
        taken = await tried(Importing(node).take(content))
        if isinstance(taken, CairnError):
            assert taken.code
            assert await state(wallet) == before
        else:
            json.dumps(taken, ensure_ascii=False, allow_nan=False).encode()
            await readable(wallet, taken)


async def tried[T](work: Awaitable[T]) -> T | CairnError:
    try:
        return await work
    except (InputError, UnreachableError, UntrustedError) as error:
        # An image's address that is away, and a badge that says two things, are no fault of the bytes.
        return error


async def readable(wallet: Member, taken: dict[str, Any]) -> None:
    """What was taken can be listed, shown and checked again."""
    from agent.services import views

    if "state" in taken:
        held = await wallet.agent.holding.recheck(taken["id"])
        json.dumps(views.credential_detail(held, []), ensure_ascii=False, allow_nan=False).encode()


async def absent(_document: str, **_more: Any) -> Opinion:
    return Opinion(result=Result.UNKNOWN, reason="absent")

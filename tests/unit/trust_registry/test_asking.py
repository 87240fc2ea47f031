"""Asking a real registry over HTTP, and its copy when it is away: attacks, ages, rotations, deaths."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tests.unit.trust_registry.asked_registry import DID, QUERY, Served, prepare, served
from tests.unit.trust_registry.samples import FHJ, FHJ_ID, MILL, MTU
from tests.unit.trust_registry.tuf_host import each_kill
from trust_registry import asking, embedded
from trust_registry.answered import Source
from trust_registry.asking import BINDINGS, FACTS, Asker
from trust_registry.errors import (
    RegistryError,
    RegistryUnreachable,
    SnapshotError,
    TrustRegistryError,
)
from trust_registry.models import Outcome, Query, Reason
from trust_registry.publishing import Target
from trust_registry.signed_answers import MEDIA_TYPE, sign_answer
from trust_registry.signing import RegistryKey
from trust_registry.snapshot import file_sha256
from trust_registry.vocabulary import Freshness, SnapshotKind

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RESOLVE = "/v1/resolve"
FHJ_QUERY = replace(QUERY, did=FHJ.did, key=FHJ.thumbprint, country="AT")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def place(tmp_path: Path, prepared: Path) -> Iterator[Served]:
    with served(tmp_path, prepared) as running:
        yield running


@asynccontextmanager
async def asking_at(place: Served, name: str = "copy", **options: Any) -> AsyncIterator[Asker]:
    asker = place.asker(name, **options)
    try:
        yield asker
    finally:
        asker.close()
        await asker._client._http.aclose()


@pytest.fixture
async def asker(place: Served) -> AsyncIterator[Asker]:
    """One that has the list."""
    async with asking_at(place) as made:
        await made.sync()
        yield made


async def refusal(asker: Asker, query: Query = QUERY) -> str:
    with pytest.raises(TrustRegistryError) as error:
        await asker.ask(query)
    return error.value.code


def manifest_is(place: Served, **changes: Any) -> None:
    """What the serving process takes for its list, whatever it distributes."""
    assert place.registry is not None
    place.registry.snapshot.manifest = replace(place.registry.snapshot.manifest, **changes)


# --- the registry, and the copy


async def test_signed_when_it_answers_and_from_the_copy_when_not(place: Served, asker: Asker) -> None:
    now = await asker.ask(QUERY)
    assert (now.decision.outcome, now.source) == (Outcome.ASSURED_OFFICIAL, Source.REGISTRY)
    assert (now.as_of, now.unchecked) == (place.clock.now, ())
    signed_at = place.clock.now

    place.stop()
    place.clock.now += 3 * HOUR
    away = await asker.ask(QUERY)
    assert (away.decision.outcome, away.source) == (Outcome.ASSURED_OFFICIAL, Source.COPY)
    assert (away.as_of, away.unchecked) == (signed_at, ("registry",))
    assert away.decision.snapshot.age_seconds == 3 * 3600
    assert away.decision.snapshot.freshness is Freshness.FRESH
    assert away.decision.authority_chain == now.decision.authority_chain

    # Another process, on what is on disk.
    async with asking_at(place) as again:
        assert (await again.ask(QUERY)).decision == away.decision
        standing = await again.standing()
        assert standing is not None
        assert (standing.seq, standing.age_seconds) == (8, 3 * 3600)

    place.start()
    assert (await asker.ask(QUERY)).source is Source.REGISTRY


async def test_what_the_question_left_open_is_named(place: Served, asker: Asker) -> None:
    bare = replace(QUERY, key=None, country=None, eqf=None)
    assert (await asker.ask(bare)).unchecked == ("key", "country", "level")
    place.stop()
    answered = await asker.ask(bare)
    assert answered.unchecked == ("registry", "key", "country", "level")
    assert Reason.KEY_UNCHECKED in answered.decision.reasons


@pytest.mark.parametrize(
    ("age", "awarded_on", "outcome", "freshness"),
    [
        (DAY, date(2026, 11, 20), Outcome.ASSURED_OFFICIAL, Freshness.FRESH),
        (DAY + HOUR, date(2026, 11, 20), Outcome.ASSURED_OFFICIAL, Freshness.STALE),
        (7 * DAY + HOUR, date(2024, 5, 1), Outcome.ASSURED_OFFICIAL, Freshness.EXPIRED),
        (7 * DAY + HOUR, date(2026, 11, 20), Outcome.INDETERMINATE, Freshness.EXPIRED),
        (30 * DAY + HOUR, date(2024, 5, 1), Outcome.INDETERMINATE, Freshness.DEAD),
    ],
)
async def test_the_copy_grows_old_and_says_so(
    place: Served, asker: Asker, age: timedelta, awarded_on: date, outcome: Outcome, freshness: Freshness
) -> None:
    place.stop()
    place.clock.now += age
    for issuer in (MTU, MILL):
        query = replace(QUERY, did=issuer.did, key=issuer.thumbprint, awarded_on=awarded_on)
        decision = (await asker.ask(query)).decision
        assert decision.snapshot.freshness is freshness
        assert (Reason.SNAPSHOT_STALE in decision.reasons) == (freshness is not Freshness.FRESH)
        if issuer is MTU:
            assert decision.outcome is outcome
        elif outcome is Outcome.INDETERMINATE:  # an old list never says that somebody is not on it
            assert decision.outcome is Outcome.INDETERMINATE
    standing = await asker.standing()
    assert standing is not None
    assert standing.freshness is freshness


async def test_the_list_s_own_signature_ages_too(place: Served, asker: Asker) -> None:
    """Facts are as old as their list at the least: what was bound or revoked since is not known."""
    place.clock.now += 2 * DAY
    assert place.registry is not None
    place.publication.repository.renew(place.clock.now)
    await asker.sync()
    place.stop()
    answered = await asker.ask(QUERY)
    assert answered.as_of == place.clock.now - 2 * DAY  # signed anew, of the same data
    assert Reason.SNAPSHOT_STALE in answered.decision.reasons


async def test_demonstration_data_where_this_is_none(place: Served) -> None:
    """Whatever the registry takes itself for, and whatever it says: neither assured nor not."""
    queries = (
        QUERY,
        replace(QUERY, country="FR"),
        replace(QUERY, did=MILL.did, key=MILL.thumbprint),
    )
    async with asking_at(place, demo=False) as asker:
        for away in (False, True):
            if away:
                place.stop()
            for query in queries:
                answered = await asker.ask(query)
                assert answered.source is (Source.COPY if away else Source.REGISTRY)
                assert answered.decision.outcome is Outcome.INDETERMINATE
                assert Reason.SNAPSHOT_DEMO in answered.decision.reasons
                assert answered.decision.authority_chain == ()


async def test_what_one_person_bound_counts_in_a_demonstration_only(place: Served) -> None:
    """In the copy too, whose file holds every binding."""
    facts = embedded.load()
    facts.reports = {id: report for id, report in facts.reports.items() if not report.illustrative}
    place.bind(FHJ, FHJ_ID, agreed=False)
    place.publish(9, kind=SnapshotKind.PRODUCTION, facts=facts)
    place.stop()
    place.start(deployment=SnapshotKind.PRODUCTION)
    async with asking_at(place, demo=False) as asker:
        await asker.sync()
        for source in (Source.REGISTRY, Source.COPY):
            known, unknown = await asker.ask(QUERY), await asker.ask(FHJ_QUERY)
            assert known.source is unknown.source is source
            assert known.decision.institution is not None
            assert unknown.decision.outcome is Outcome.UNKNOWN_ISSUER
            place.stop()


# --- older lists


async def test_an_older_list_across_a_restart(place: Served, asker: Asker) -> None:
    asker.close()
    manifest_is(place, seq=7, db_sha256="a" * 64)
    async with asking_at(place) as again:
        decision = (await again.ask(QUERY)).decision
        assert (decision.outcome, decision.authority_chain) == (Outcome.INDETERMINATE, ())
        assert Reason.SNAPSHOT_ROLLBACK in decision.reasons
        await again.sync()  # the list that it distributes is still the newer one
        assert (await again.ask(QUERY)).decision.outcome is Outcome.INDETERMINATE


async def test_another_list_of_the_same_number(place: Served, asker: Asker) -> None:
    manifest_is(place, db_sha256="a" * 64)
    decision = (await asker.ask(QUERY)).decision
    assert decision.outcome is Outcome.INDETERMINATE
    assert Reason.SNAPSHOT_ROLLBACK in decision.reasons


async def test_a_newer_list_seen_in_an_answer_counts_until_it_is_fetched(place: Served, asker: Asker) -> None:
    assert not asker.behind.is_set()
    manifest_is(place, seq=9, db_sha256="b" * 64)
    assert (await asker.ask(QUERY)).decision.outcome is Outcome.ASSURED_OFFICIAL
    assert asker.behind.is_set()
    manifest_is(place, seq=8)
    assert (await asker.ask(QUERY)).decision.outcome is Outcome.INDETERMINATE
    place.stop()
    away = (await asker.ask(QUERY)).decision  # the copy is older than what was seen
    assert (away.outcome, Reason.SNAPSHOT_ROLLBACK in away.reasons) == (Outcome.INDETERMINATE, True)


async def test_a_registry_restored_from_a_backup_is_believed_by_its_new_list(
    place: Served, asker: Asker
) -> None:
    """Its list's number may go back; the distribution's own version does not, and that is what is signed."""
    place.clock.now += HOUR
    place.publish(7)
    assert (await asker.ask(QUERY)).decision.outcome is Outcome.INDETERMINATE
    assert asker.behind.is_set()
    await asker.sync()
    assert (await asker.ask(QUERY)).decision.outcome is Outcome.ASSURED_OFFICIAL


async def test_an_older_distribution_is_refused_and_the_copy_stays(
    place: Served, asker: Asker, tmp_path: Path
) -> None:
    kept = shutil.copytree(place.home / "tuf", tmp_path / "kept")
    place.clock.now += HOUR
    place.publish(9)
    await asker.sync()
    shutil.rmtree(place.home / "tuf")
    shutil.copytree(kept, place.home / "tuf")
    async with asking_at(place) as again:
        with pytest.raises(SnapshotError) as error:
            await again.sync()
        assert error.value.code == "snapshot_rollback"
        standing = await again.standing()
        assert standing is not None
        assert standing.seq == 9


async def test_what_the_copy_does_not_know_yet_makes_it_behind(place: Served, asker: Asker) -> None:
    place.bind(FHJ, FHJ_ID)
    assert (await asker.ask(FHJ_QUERY)).decision.institution is not None
    assert asker.behind.is_set()
    place.clock.now += HOUR
    place.publish(9)
    await asker.sync()
    assert not asker.behind.is_set()
    assert (await asker.ask(FHJ_QUERY)).decision.institution is not None
    assert not asker.behind.is_set()
    place.stop()
    assert (await asker.ask(FHJ_QUERY)).decision.institution is not None


# --- forged answers


def other_key(place: Served) -> Response:
    return PlainTextResponse(_answer(place, RegistryKey(b"x" * 32)), media_type=MEDIA_TYPE)


def replayed(place: Served) -> Response:
    assert place.registry is not None
    return PlainTextResponse(_answer(place, place.registry.key), media_type=MEDIA_TYPE)


def unsigned(place: Served) -> Response:
    assert place.registry is not None
    return JSONResponse(place.registry.resolve(QUERY, now=place.clock.now).to_json())


def unsigned_jws(place: Served) -> Response:
    head, body, _ = _answer(place, RegistryKey(b"x" * 32)).split(".")
    return PlainTextResponse(f"{head}.{body}.")


def nothing(_: Served) -> Response:
    return PlainTextResponse("")


def _answer(place: Served, key: Any) -> str:
    """The registry's own decision, to the same question, with a nonce of some other day."""
    assert place.registry is not None
    decision = place.registry.resolve(QUERY, now=place.clock.now)
    return sign_answer(key, iss=DID, query=QUERY, decision=decision, nonce="A" * 32, now=place.clock.now)


@pytest.mark.parametrize("attack", [other_key, replayed, unsigned, unsigned_jws, nothing])
async def test_an_answer_that_does_not_hold_is_none(
    place: Served, asker: Asker, attack: Callable[[Served], Response]
) -> None:
    """And the copy does not stand in for it: something is wrong, and that is what is said."""
    place.attacks = {RESOLVE: attack(place)}
    place.asked.clear()
    assert await refusal(asker) == "answer_not_authentic"
    assert place.asked.count(RESOLVE) <= 2
    place.attacks = {}
    assert (await asker.ask(QUERY)).decision.outcome is Outcome.ASSURED_OFFICIAL


async def test_forged_while_the_list_cannot_be_fetched(place: Served, asker: Asker) -> None:
    place.attacks = {RESOLVE: other_key(place), ".json": JSONResponse({}, 500)}
    assert await refusal(asker) == "answer_not_authentic"


async def test_refusals_and_failures(place: Served, asker: Asker) -> None:
    place.attacks = {RESOLVE: JSONResponse({"code": "forbidden", "detail": "No."}, 403)}
    with pytest.raises(RegistryError, match="forbidden"):
        await asker.ask(QUERY)
    for away in (
        JSONResponse({"code": "too_many_requests"}, 429),
        JSONResponse({"code": "not_found"}, 500),
        Response(status_code=302, headers={"location": "http://localhost:1/"}),
        PlainTextResponse("x" * 2_000_000),
    ):
        place.attacks = {RESOLVE: away}
        assert (await asker.ask(QUERY)).source is Source.COPY


# --- keys and roots


async def test_the_registry_changes_its_key_while_an_agent_runs(place: Served, asker: Asker) -> None:
    place.clock.now += HOUR
    place.rotate()
    answered = await asker.ask(QUERY)
    assert (answered.decision.outcome, answered.source) == (Outcome.ASSURED_OFFICIAL, Source.REGISTRY)
    place.stop()
    assert (await asker.ask(QUERY)).decision.outcome is Outcome.ASSURED_OFFICIAL


async def test_a_new_key_that_the_list_does_not_tell_is_none(place: Served, asker: Asker) -> None:
    place.clock.now += HOUR
    place.rotate()
    place.attacks = {"2.root.json": JSONResponse({}, 500)}
    assert await refusal(asker) == "answer_not_authentic"


async def test_the_pinned_root(place: Served) -> None:
    right = place.publication.repository.root_sha256()
    async with asking_at(place, "right", root_sha256=right.upper()) as asker:
        assert (await asker.ask(QUERY)).source is Source.REGISTRY
    place.asked.clear()
    async with asking_at(place, "wrong", root_sha256="0" * 64) as asker:
        assert await refusal(asker) == "wrong_root"
        assert await asker.standing() is None
    assert RESOLVE not in place.asked


async def test_a_root_pinned_later_than_another_was_believed(place: Served, asker: Asker) -> None:
    """Neither the copy nor the key of before counts any more, whether the registry is there or not."""
    async with asking_at(place, root_sha256="0" * 64) as again:
        assert await refusal(again) == "wrong_root"
        assert await again.standing() is None
        place.stop()
        assert await refusal(again) == "wrong_root"


# --- first contact, and contact that hangs


async def test_first_contact_while_the_registry_is_away(place: Served) -> None:
    place.stop()
    async with asking_at(place) as asker:
        with pytest.raises(RegistryUnreachable):
            await asker.ask(QUERY)
        assert await asker.standing() is None
        place.start()
        assert (await asker.ask(QUERY)).source is Source.REGISTRY


async def test_many_first_questions_are_one_fetch(place: Served) -> None:
    place.asked.clear()
    async with asking_at(place) as asker:
        answers = await asyncio.gather(*(asker.ask(QUERY) for _ in range(20)))
    assert {answered.source for answered in answers} == {Source.REGISTRY}
    assert len([path for path in place.asked if path.endswith("/1.root.json")]) == 1


async def test_a_registry_that_hangs(place: Served, asker: Asker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question waits a little, for the list as for the answer; a service that stops waits for nothing."""
    monkeypatch.setattr(asking, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(asking, "FETCH_SECONDS", 0.1)
    place.stuck = threading.Event()
    try:
        assert (await asker.ask(QUERY)).source is Source.COPY
        async with asking_at(place, "another") as first:
            with pytest.raises(RegistryUnreachable):
                await first.ask(QUERY)
            place.stuck.set()  # the fetch went on, and the next question finds its list
            await first.sync()
            assert (await first.standing()) is not None
        place.stuck.clear()
        async with asking_at(place, "third") as third:
            fetching = asyncio.create_task(third.sync())
            await asyncio.sleep(0.05)
            third.close()
            with pytest.raises(asyncio.CancelledError):
                await fetching
    finally:
        place.stuck.set()


# --- copies that are none


async def test_a_damaged_copy_is_fetched_anew_and_never_answers(place: Served, asker: Asker) -> None:
    asker.close()
    for path in (place.folder / "copy" / "files").iterdir():
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    place.stop()
    async with asking_at(place) as again:
        assert await again.standing() is None
        with pytest.raises(RegistryUnreachable):
            await again.ask(QUERY)
        place.start()
        assert (await again.ask(QUERY)).decision.outcome is Outcome.ASSURED_OFFICIAL
        assert await again.standing() is not None


async def test_signed_and_yet_no_list(place: Served, asker: Asker, subtests: Any, tmp_path: Path) -> None:
    """A registry that signs nonsense: named, nothing falls over, and who had a list keeps answering from it."""
    current = place.publication.repository.current()
    facts, bound = current[FACTS], current[BINDINGS]
    junk, kept = tmp_path / "junk", Path(shutil.copy(facts.path, tmp_path / "facts"))
    junk.write_bytes(b"SQLite format 3\0 not at all" * 100)
    digest = file_sha256(junk)
    good = Target(BINDINGS, Path(shutil.copy(bound.path, tmp_path / "bindings")), bound.custom)
    cases = {
        "copy_unusable": [Target(FACTS, junk, {**facts.custom, "db_sha256": digest}), good],
        "not_authentic": [Target(FACTS, junk, facts.custom), good],
        "manifest_not_authentic": [Target(FACTS, kept, {**facts.custom, "seq": "8"}), good],
        "copy_of_another_version": [Target(FACTS, kept, {**facts.custom, "schema": 99}), good],
    }
    for number, (code, targets) in enumerate(cases.items()):
        with subtests.test(code):
            place.clock.now += HOUR
            place.publication.repository.publish(targets, now=place.clock.now)
            with pytest.raises(SnapshotError) as error:
                await asker.sync()
            assert error.value.code == code
            assert (await asker.ask(QUERY)).decision.outcome is Outcome.ASSURED_OFFICIAL
            async with asking_at(place, f"new-{number}") as first:
                assert await refusal(first) == code
                assert await first.standing() is None


async def test_a_death_between_any_two_files(place: Served, asker: Asker) -> None:
    """The next process answers from the list before or the new one, and fetches on when the registry is there."""
    asker.close()
    place.clock.now += HOUR
    place.publish(9)
    names: list[str] = []
    loop = asyncio.get_running_loop()

    def attempt(step: int, done: bool) -> Callable[[], object]:
        names.append(f"copy-{step}-{done}")
        shutil.copytree(place.folder / "copy", place.folder / names[-1])
        copy = place.asker(names[-1])._copy
        return lambda: copy.sync(now=place.clock.now)

    def all_deaths() -> list[str]:
        return [names[-1] for _ in each_kill(attempt)]

    died = await loop.run_in_executor(None, all_deaths)
    assert len(died) > 6
    place.stop()
    for name in died:
        async with asking_at(place, name) as again:
            answered = await again.ask(QUERY)
            assert (answered.decision.outcome, answered.source) == (Outcome.ASSURED_OFFICIAL, Source.COPY)
            assert answered.decision.snapshot.seq in {8, 9}
    place.start()
    for name in died:
        async with asking_at(place, name) as again:
            await again.sync()
            standing = await again.standing()
            assert standing is not None
            assert standing.seq == 9

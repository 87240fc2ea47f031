"""kill -9 of any process at any step of an accept and of a presentation: nothing is lost, nothing is sent twice.

Each row of the two tables kills one process (`tests.integration.kills`) when the learner's service says that a step
begins or ends; what must hold afterwards is the same for every row. A service that dies takes its ACA-Py with it.
"""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from agent.cli.universe import Universe
from agent.errors import CairnError
from tests.integration import steps
from tests.integration.kills import (
    ASKING,
    BADGE,
    COMPARING,
    CONNECTING,
    JOINING,
    PROPOSING,
    PROVING,
    STORING,
    Moment,
    bring_back,
    killer,
    pid_of,
    striking,
)
from tests.tui.terminal import WALLET, Terminal

ISSUER = "munster-tu"
TITLE = "Data Literacy for Process Industries"  # of what `steps.offer` offers
SETTLE_SECONDS = 120.0
BADGE_SECONDS = 60.0

KEPT = Moment("offer", "accepted")
AGREED = Moment("request", "sending")
SENT = Moment("request", "sent")

# Who dies at which moment of an accept. One member's rows alternate between its service and its ACA-Py: a service
# that was started again has forgotten how often its ACA-Py died, and so waits least before it starts it again.
ACCEPTING = [
    ("learner", "service", Moment(ASKING)),
    ("learner", "service", Moment(JOINING)),
    ("learner", "acapy", Moment(JOINING, "done")),
    ("learner", "service", Moment(COMPARING)),
    ("learner", "acapy", Moment(COMPARING, "done")),
    ("learner", "service", Moment(STORING)),
    ("learner", "acapy", Moment(STORING)),
    ("learner", "acapy", KEPT),
    ("learner", "service", Moment(BADGE)),
    (ISSUER, "service", Moment(ASKING)),
    (ISSUER, "acapy", Moment(JOINING)),
    (ISSUER, "acapy", Moment(STORING)),
    (ISSUER, "service", Moment(BADGE)),
]
PRESENTING = [
    ("learner", "service", AGREED),
    ("learner", "service", Moment(CONNECTING, "done")),
    ("learner", "acapy", Moment(PROPOSING)),
    ("learner", "service", Moment(PROPOSING, "done")),
    ("learner", "acapy", Moment(PROVING)),
    ("learner", "service", Moment(PROVING)),
    ("learner", "service", Moment(PROVING, "done")),
    ("learner", "service", SENT),
    ("employer", "service", Moment(CONNECTING)),
    ("employer", "acapy", Moment(PROPOSING)),
    ("employer", "acapy", Moment(PROVING, "done")),
    ("employer", "service", SENT),
]
# The wallet holds nothing and decides nothing: what it handed over goes on without it.
WALLET_ACCEPTING = [Moment(ASKING), Moment(STORING), Moment(BADGE)]
WALLET_PRESENTING = [AGREED, Moment(PROVING), SENT]


def _name(value: object) -> str:
    return str(value)


# ---------------------------------------------------------------------- accepting


@pytest.mark.parametrize(("member", "what", "moment"), ACCEPTING, ids=_name)
async def test_accepting_survives_a_kill(universe: Universe, member: str, what: str, moment: Moment) -> None:
    made = await steps.offer(universe)
    before = await _count(universe)
    async with universe.client("learner") as api:
        reviewed = await api.post("/v1/wallet/offers/review", {"link": made["link"]})
        kill = killer(pid_of(universe, member, what))
        async with striking(universe, moment, reviewed["id"], kill) as strike:
            accepting = asyncio.create_task(api.post(f"/v1/wallet/offers/{reviewed['id']}/accept"))
            await strike.came()
            await bring_back(universe, member, what)
            await asyncio.gather(accepting, return_exceptions=True)
    await _accepted_once(universe, reviewed["id"], made["id"], before, by_itself=member == "learner")


async def _accepted_once(
    universe: Universe, id: str, code: str, before: tuple[int, int], *, by_itself: bool
) -> None:
    """One credential that is valid, one badge, one line of history, and the issuer knows.

    ``by_itself``: the badge comes without anybody asking again, as it must when it was the learner's side that
    died; an issuer that was away for longer than the wallet tries is asked again by accepting again.
    """
    offer = await steps.until(
        partial(_settled, universe, "offers", id), "the offer to settle", SETTLE_SECONDS
    )
    if offer["state"] == "failed":  # said so, and accepting again works
        assert offer["error"]["code"]
        async with universe.client("learner") as api:
            offer = await api.post(f"/v1/wallet/offers/{id}/accept")
    assert offer["state"] == "accepted", offer["error"]

    async def kept() -> steps.Document | None:
        async with universe.client("learner") as api:
            if not by_itself:
                await api.post(f"/v1/wallet/offers/{id}/accept")
            found = await api.get(f"/v1/wallet/offers/{id}")
        return found if found["badge"]["state"] == "kept" else None

    kept_offer = await steps.until(kept, "the badge", BADGE_SECONDS)
    async with universe.client("learner") as api:
        credentials = (await api.get("/v1/wallet/credentials"))["credentials"]
        history = await api.get("/v1/wallet/history")
        # Not one of two copies, of which the issuer revoked this one.
        checked = await api.post(f"/v1/wallet/credentials/{kept_offer['credential_id']}/recheck")
    received = [entry["kind"] for entry in history["entries"]].count("received")
    assert (len(credentials), received) == (before[0] + 1, before[1] + 1)
    assert checked["state"] == "pass", checked["headline"]
    assert len(checked["forms"]) == 2
    assert history["intact"]
    async with universe.client(ISSUER) as api:
        offers = (await api.get("/v1/issuer/offers"))["offers"]
    assert [offer["state"] for offer in offers if offer["id"] == code] == ["issued"]


# ---------------------------------------------------------------------- presenting


@pytest.mark.parametrize(("member", "what", "moment"), PRESENTING, ids=_name)
async def test_an_answer_is_sent_once_whoever_dies(
    universe: Universe, member: str, what: str, moment: Moment
) -> None:
    await _hold_one(universe)
    request = await steps.ask(universe)
    shown = await steps.review(universe, request["link"])
    before = await _presented(universe)
    async with universe.client("learner") as api:
        kill = killer(pid_of(universe, member, what))
        async with striking(universe, moment, shown["id"], kill) as strike:
            sending = asyncio.create_task(
                api.post(f"/v1/wallet/requests/{shown['id']}/present", {"expect": shown["plan"]["hash"]})
            )
            await strike.came()
            await bring_back(universe, member, what)
            await asyncio.gather(sending, return_exceptions=True)
    await _sent_once(universe, request, shown["id"], before)


async def _sent_once(universe: Universe, request: steps.Document, id: str, before: int) -> None:
    """One verdict, which is pass, of exactly what was agreed to; one line of history."""
    state = await steps.until(
        partial(_settled, universe, "requests", id), "the request to settle", SETTLE_SECONDS
    )
    if state["state"] != "sent":  # it was not sent, and says so: consent again
        assert state["state"] in ("failed", "open")  # open: it died while it was still planning
        assert await _verdicts(universe, request) == []
        assert await _presented(universe) == before
        async with universe.client("learner") as api:
            again = await api.get(f"/v1/wallet/requests/{id}")
            assert again["plan"], again["missing"]
            state = await api.post(f"/v1/wallet/requests/{id}/present", {"expect": again["plan"]["hash"]})
        assert state["state"] == "sent", state["error"]
    assert state["outcome"]["matches_consent"]

    async def judged() -> list[steps.Document] | None:
        return await _verdicts(universe, request) or None

    verdicts = await steps.until(judged, "the verdict", SETTLE_SECONDS)
    assert len(verdicts) == 1
    assert verdicts[0]["verdict"]["parts"][0]["result"] == "pass"
    async with universe.client("learner") as api:
        history = await api.get("/v1/wallet/history")
    assert await _presented(universe) == before + 1
    assert history["intact"]
    # The consent is used up: the same plan cannot leave a second time.
    async with universe.client("learner") as api:
        with pytest.raises(CairnError, match="not_open"):
            await api.post(f"/v1/wallet/requests/{id}/present", {"expect": "0" * 64})


# ---------------------------------------------------------------------- the wallet itself


@pytest.mark.parametrize("moment", WALLET_ACCEPTING, ids=_name)
async def test_the_wallet_dies_while_it_accepts(universe: Universe, moment: Moment) -> None:
    made = await steps.offer(universe)
    before = await _count(universe)
    with _wallet(universe) as wallet:
        await asyncio.to_thread(_open_link, wallet, made["link"], "An offer for you", "A accept")
        id = (await _by_link(universe, "offers", made["link"]))["id"]
        async with striking(universe, moment, id, killer(wallet.process.pid)) as strike:
            wallet.type("A")
            await strike.came()
    await _accepted_once(universe, id, made["id"], before, by_itself=True)
    with _wallet(universe) as wallet:
        await asyncio.to_thread(wallet.until, f"{before[0] + 1} held")
        await asyncio.to_thread(_open_link, wallet, made["link"], "An offer for you", "✓ accepted")
        wallet.type("q")
        assert await asyncio.to_thread(wallet.leave) == 0


@pytest.mark.parametrize("moment", WALLET_PRESENTING, ids=_name)
async def test_the_wallet_dies_after_its_yes(universe: Universe, moment: Moment) -> None:
    await _hold_one(universe)
    request = await steps.ask(universe)
    before = await _presented(universe)
    with _wallet(universe) as wallet:
        await asyncio.to_thread(_open_link, wallet, request["link"], "You decide")
        id = (await _by_link(universe, "requests", request["link"]))["id"]
        await asyncio.to_thread(_ask_to_share, wallet)
        async with striking(universe, moment, id, killer(wallet.process.pid)) as strike:
            await asyncio.to_thread(_say_yes, wallet, strike.done)
            await strike.came()
    await _sent_once(universe, request, id, before)
    with _wallet(universe) as wallet:
        await asyncio.to_thread(_open_link, wallet, request["link"], "✓ sent")
        wallet.type("q")
        assert await asyncio.to_thread(wallet.leave) == 0


async def test_the_wallet_dies_before_it_decides(universe: Universe) -> None:
    """With the question on the screen and no answer to it: nothing leaves, nothing is noted, all is open as before."""
    await _hold_one(universe)
    made, request = await steps.offer(universe), await steps.ask(universe)
    held, shared = await _count(universe), await _presented(universe)
    with _wallet(universe) as wallet:
        await asyncio.to_thread(_open_link, wallet, made["link"], "An offer for you", "A accept")
        wallet.type("\x1b")
        await asyncio.to_thread(_open_link, wallet, request["link"], "You decide")
        await asyncio.to_thread(_ask_to_share, wallet)
        wallet.kill()
    assert (await _by_link(universe, "offers", made["link"]))["state"] == "open"
    assert (await _by_link(universe, "requests", request["link"]))["state"] == "open"
    assert (await _count(universe), await _presented(universe)) == (held, shared)
    assert await steps.answers(universe, request) == []


def _wallet(universe: Universe) -> Terminal:
    return Terminal([*WALLET, "--home", str(universe.home("learner"))])


def _open_link(wallet: Terminal, link: str, *shown: str) -> None:
    wallet.until("held", gone=("You decide", "An offer for you"))
    wallet.paste(link)
    wallet.until(*shown)


def _ask_to_share(wallet: Terminal) -> None:
    """Ask, then read all that the question wants to have been read, a page at a time as it is drawn."""
    wallet.until("S share")
    wallet.type("S")
    wallet.until("y/N")
    while "y sends" not in wallet.words:
        before = wallet.lines
        wallet.type("\x1b[5~" if "(pgup)" in wallet.words else "\x1b[6~")
        while wallet.lines == before and wallet.read(1):
            pass


def _say_yes(wallet: Terminal, sent: asyncio.Event) -> None:
    """``y`` does not count in the first instants of the question; the bell then rings and the question stays."""
    while not sent.is_set() and "y sends" in wallet.words and wallet.process.poll() is None:
        wallet.type("y")
        wallet.read(0.3)


# ---------------------------------------------------------------------- looking


async def _settled(universe: Universe, what: str, id: str) -> steps.Document | None:
    """An offer or request at rest; None while it moves or its service is still starting."""
    try:
        async with universe.client("learner") as api:
            found = await api.get(f"/v1/wallet/{what}/{id}")
    except (CairnError, OSError):
        return None
    return None if found["state"] in ("accepting", "sending") else found


async def _by_link(universe: Universe, what: str, link: str) -> steps.Document:
    async with universe.client("learner") as api:
        found = (await api.get(f"/v1/wallet/{what}"))[what]
    (one,) = (each for each in found if each["link"] == link)
    return dict(one)


async def _count(universe: Universe) -> tuple[int, int]:
    """Credentials held (other tests import some too), and how many the history says were received."""
    async with universe.client("learner") as api:
        history = await api.get("/v1/wallet/history")
        held = len((await api.get("/v1/wallet/credentials"))["credentials"])
    return held, [entry["kind"] for entry in history["entries"]].count("received")


async def _hold_one(universe: Universe) -> None:
    """A credential that answers the request: what other tests left may be revoked, or of another kind."""
    async with universe.client("learner") as api:
        credentials = (await api.get("/v1/wallet/credentials"))["credentials"]
    if not any(each["state"] == "pass" and each["title"] == TITLE for each in credentials):
        made = await steps.offer(universe)
        assert (await steps.accept(universe, made["link"]))["state"] == "accepted"


async def _presented(universe: Universe) -> int:
    async with universe.client("learner") as api:
        history = await api.get("/v1/wallet/history")
    return [entry["kind"] for entry in history["entries"]].count("presented")


async def _verdicts(universe: Universe, request: steps.Document) -> list[steps.Document]:
    return [answer for answer in await steps.answers(universe, request) if answer["verdict"] is not None]

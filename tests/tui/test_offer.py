from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.widgets import Input

from tests.simulators.agent_service import PASSPHRASE, AgentServiceSimulator, ProblemError
from tests.tui.conftest import WIDE, open_wallet
from wallet_tui.screens.offer import OfferScreen

LINK = "https://fh-joanneum.example/o/OFFER1"


def decided(service: AgentServiceSimulator) -> list[str]:
    return [
        path
        for method, path, _ in service.calls
        if method == "POST" and path.endswith(("/accept", "/reject"))
    ]


async def test_pasting_a_link_reviews_and_decides_nothing(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("a")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.type(LINK)
        await wallet.press("enter")
        await wallet.sees(
            "Who offers it", "did:web:fh-joanneum.example", "Bound to key", "On which list, and the checks"
        )
        assert wallet.posted("/review") == [{"link": LINK}]
        await wallet.listening()
        await wallet.press("enter")  # the marked choice is the safe one
        await wallet.until(lambda: not isinstance(wallet.app.screen, OfferScreen))
        assert decided(service) == []
        assert service.offers[0]["state"] == "open"


async def test_text_pasted_anywhere_opens_a_link(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        wallet.app.post_message(events.Paste(f" {LINK}\n"))
        await wallet.sees("Who offers it")
        await wallet.press("escape")
        wallet.app.post_message(events.Paste("rm -rf ~"))
        await wallet.until(lambda: any("not a link" in toast for toast in wallet.toasts))
        assert decided(service) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ftp://mtu.example/o/X", "starts with https://"),
        ("https://mtu.example/x/X", "neither an offer link"),
        ("https://user@mtu.example/o/X", "user name"),
        ("https://mtu.example/o/\u202eX", "characters that no link may hold"),
    ],
)
async def test_what_is_no_link_is_refused_with_the_reason(
    service: AgentServiceSimulator, text: str, says: str
) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("a")
        await wallet.type(text)
        await wallet.press("enter")
        await wallet.sees(says)
        assert wallet.posted("/review") == []


async def test_steps_are_named_and_esc_stops(service: AgentServiceSimulator) -> None:
    service.hold, service.hold_path = asyncio.Event(), "/v1/wallet/offers/review"
    async with open_wallet(service) as wallet:
        wallet.app.push_screen(OfferScreen(link=LINK))
        await wallet.sees("Working", "fetch the offer")
        await wallet.until(lambda: service.listeners)
        service.emit("step", exchange="x", name="resolve the issuer", seconds=0.4, state="done")
        service.emit("step", exchange="x", name="ask the registry", seconds=None, state="running")
        await wallet.sees("✓ done resolve the issuer 0.4 s", "… running ask the registry")
        await wallet.listening()
        await wallet.press("escape")
        await wallet.until(lambda: not isinstance(wallet.app.screen, OfferScreen))
        service.hold.set()
        assert decided(service) == []


async def test_accept_by_key_stores_it(service: AgentServiceSimulator, size: tuple[int, int]) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.open_offer()
        await wallet.press("A")
        await wallet.sees("✓ accepted")
        assert decided(service) == ["/v1/wallet/offers/offer-1/accept"]
        await wallet.press("escape")
        await wallet.sees("6 held")


async def test_accept_by_choosing_it(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_offer()
        await wallet.press("tab", "enter")
        await wallet.sees("✓ accepted")


async def test_reject_asks_first_and_sends_the_reason(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_offer("offer-2")
        await wallet.press("R")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.press("escape")
        await wallet.listening()
        assert decided(service) == []
        await wallet.press("R")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.type("never heard of you")
        await wallet.press("enter")
        await wallet.sees("rejected")
        assert wallet.posted("/reject") == [{"reason": "never heard of you"}]


async def test_an_unlisted_issuer_is_unknown_not_pass_and_not_fail(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.open_offer("offer-2")
        await wallet.sees("6 pass ✗ 0 fail ? 2 unknown", "? unknown Institution listed")


async def test_evidence_opens_from_the_keyboard(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.open_offer()
        await wallet.press("j", "space")
        await wallet.sees("https://fh-joanneum.example/.well-known/did.json")


@pytest.mark.parametrize(
    ("problem", "pieces"),
    [
        (
            ProblemError(410, "offer_expired", "This offer expired on 1 March."),
            ("This offer expired", "It can no longer be"),
        ),
        (
            ProblemError(422, "bad_signature", "The signature does not hold.", kind="UntrustedError"),
            ("Somebody may be pretending", "bad_signature"),
        ),
        (
            ProblemError(502, "issuer_unreachable", "The issuer did not answer."),
            ("Check the connection", "issuer_unreachable"),
        ),
        (ProblemError(404, "not_found", "Nothing there.", "Ask again."), ("Ask again.", "not_found")),
    ],
)
async def test_errors_say_what_happened_what_it_means_what_to_do(
    service: AgentServiceSimulator, problem: ProblemError, pieces: tuple[str, ...]
) -> None:
    service.fail["/v1/wallet/offers/review"] = problem
    async with open_wallet(service) as wallet:
        wallet.app.push_screen(OfferScreen(link=LINK))
        await wallet.sees("It did not work", "What happened", "Nothing was accepted.", "What to do", *pieces)


async def test_an_offer_already_answered_cannot_be_accepted_again(service: AgentServiceSimulator) -> None:
    service.offers[0]["state"] = "accepted"
    async with open_wallet(service) as wallet:
        await wallet.open_offer()
        await wallet.press("A")
        await wallet.until(lambda: "This offer is accepted." in wallet.toasts)
        assert decided(service) == []


async def test_keys_typed_before_the_offer_appeared_are_dropped(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        early = events.Key("A", "A")
        await wallet.open_offer()
        wallet.app.post_message(early)
        await wallet.press("j")
        assert decided(service) == []


async def test_an_offer_whose_acceptance_failed_can_be_accepted_again(service: AgentServiceSimulator) -> None:
    problem = {"code": "exchange_abandoned", "detail": "The issuer ended the exchange.", "hint": ""}
    service.offers[0] |= {"state": "failed", "error": problem}
    async with open_wallet(service) as wallet:
        await wallet.open_offer()
        await wallet.sees("✗ failed", "The issuer ended the exchange.", "Nothing was kept")
        await wallet.press("A")
        await wallet.sees("✓ accepted")


async def test_an_error_can_be_tried_again(service: AgentServiceSimulator) -> None:
    service.fail["/v1/wallet/offers/review"] = ProblemError(502, "issuer_unreachable", "No answer.")
    async with open_wallet(service) as wallet:
        wallet.app.push_screen(OfferScreen(link=LINK))
        await wallet.sees("It did not work", "try again")
        service.fail.clear()
        await wallet.listening()
        await wallet.press("r")
        await wallet.sees("Who offers it")


async def test_a_lock_blanks_the_offer_and_an_unlock_brings_it_back(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.open_offer()
        wallet.app.action_lock()
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        assert "Who offers it" not in wallet.text
        await wallet.type(PASSPHRASE)
        await wallet.press("enter")
        await wallet.sees("Who offers it")
        assert decided(service) == []


async def test_with_the_service_away_an_offer_stays_readable_and_says_why_not(
    service: AgentServiceSimulator,
) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.open_offer()
        service.go_down()
        await wallet.until(lambda: wallet.app.connection.error is not None)
        await wallet.sees("Read-only", "Who offers it", "(Accept A)")
        await wallet.press("A")
        await wallet.until(lambda: any("does not answer" in toast for toast in wallet.toasts))
        assert decided(service) == []

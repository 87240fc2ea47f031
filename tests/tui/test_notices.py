from __future__ import annotations

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import open_wallet
from wallet_tui.screens.base import Area
from wallet_tui.screens.consent import ConsentScreen
from wallet_tui.screens.credentials import CredentialsScreen
from wallet_tui.screens.notices import NoticesScreen
from wallet_tui.screens.offer import OfferScreen
from wallet_tui.screens.trust import TrustScreen


async def test_what_there_is_to_notice(service: AgentServiceSimulator, size: tuple[int, int]) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.press("exclamation_mark")
        await wallet.sees(
            "5 notices 3 new",
            "● request waiting new Junior analyst",
            "northwind.example",
            "✗ revoked by its issuer",
            "It ends on 2026-04-01. Ask the issuer whether it can be renewed.",
            "? old list",
            "Checks of issuers rest on it until the registry answers again.",
        )
        await wallet.press("exclamation_mark")  # once is enough
        await wallet.press("escape")
        assert not isinstance(wallet.app.screen, NoticesScreen)
        assert isinstance(wallet.app.screen, Area)
        assert wallet.posted("/seen") == []  # looking alone marks nothing


async def test_opening_one_shows_what_it_is_about_and_decides_nothing(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        for steps, expected in (
            (0, ConsentScreen),
            (1, OfferScreen),
            (3, CredentialsScreen),
            (4, TrustScreen),
        ):
            await wallet.press("exclamation_mark")
            await wallet.sees("5 notices")
            await wallet.press("g", *["j"] * steps, "enter")
            await wallet.until(lambda kind=expected: isinstance(wallet.app.screen, kind), expected.__name__)  # type: ignore[misc]
            if expected in (ConsentScreen, OfferScreen):
                await wallet.listening()
                await wallet.press("escape")
                await wallet.until(lambda: isinstance(wallet.app.screen, NoticesScreen))
                await wallet.press("escape")
        seen = [body["ids"] for body in wallet.posted("/seen")]
        assert seen == [["new_request:req-1"], ["revoked:cred-5"]]
        assert {path for method, path, _ in service.calls if method == "POST"} == {"/v1/wallet/notices/seen"}


async def test_marking_one_and_all(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.press("1", "exclamation_mark")
        await wallet.sees("5 notices 3 new")
        await wallet.press("space")
        await wallet.sees("2 new")
        await wallet.press("e")
        await wallet.sees("none new")
        await wallet.press("e")
        await wallet.until(lambda: "You have seen all of them." in wallet.toasts)
        assert len(wallet.posted("/seen")) == 2


async def test_nothing_to_notice_an_error_and_news(service: AgentServiceSimulator) -> None:
    later, service.notices = service.notices, []
    async with open_wallet(service) as wallet:
        await wallet.press("exclamation_mark")
        await wallet.sees("Nothing to notice: nothing was revoked")
        for key in ("space", "e"):
            await wallet.press(key)
        assert wallet.toasts.count("There is no notice.") == 2
        service.notices = later
        service.emit("notice", id="revoked:cred-5", kind="revoked")
        await wallet.sees("5 notices")
        service.fail["/v1/wallet/notices"] = ProblemError(503, "vault_failed", "The vault cannot be read.")
        await wallet.press("r")
        await wallet.sees("✗ The vault cannot be read.")
        await wallet.press("L")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert "Change and Risk" not in wallet.text

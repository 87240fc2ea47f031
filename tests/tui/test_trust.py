from __future__ import annotations

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.simulators.agent_service_data import ATLANTIS
from tests.simulators.agent_service_trust import MTU_ID, OLD, listing
from tests.tui.conftest import WIDE, open_wallet
from wallet_tui.screens.trust import TrustScreen

TALL = (90, 90)


async def test_your_issuers_and_why_one_is_trusted(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.press("5")
        await wallet.sees(
            "Munster Technological University",
            "2 credentials, ✓ 2 assured",
            "1 credential, ? 0 assured",
            "✓ demo list 8, 3 h old, up to date",
        )
        await wallet.press("enter")
        await wallet.sees(
            "✓ quality-assured today",
            "The registry said so just now, signed.",
            "not checked: the level",
            "each line rests on the one below it",
            "✓ pass Your credentials",
            "✓ pass Issuer's DID",
            "✓ pass Quality assurance",
        )
        screen = wallet.app.screen
        assert isinstance(screen, TrustScreen)
        links = [key for key in screen.detail.stop_keys() if key.startswith("link:")]
        assert len(links) == 6
        await wallet.press("g", "j", "j", "j", "enter")
        await wallet.sees("https://qqi.example/reports/7609.pdf")
        for _ in range(4):
            await wallet.press("pagedown")
        await wallet.press("G")
        await wallet.sees("The list", "Signed by", "pinned in the settings", "demonstration data")


async def test_reports_bindings_and_what_is_held(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, TALL) as wallet:
        await wallet.press("5")
        await wallet.sees("2 assured")
        await wallet.press("enter")
        await wallet.sees(
            "Bindings of this DID",
            "level 2: also checked by people in another way; since 2021-01-01",
            "✓ in force 2022-06-30 – 2028-06-29 (six years assumed)",
            "institutional · positive · part of obligatory EQA system · EQF 6, EQF 7, EQF 8",
            "– not today",
            "levels not stated",
            "! illustrative: made for a demonstration, and nobody's word",
            "What you hold of it ✓ pass Data Literacy",
            "Ollscoil Teicneolaíochta na Mumhan",
        )


async def test_looking_somebody_up_and_following_a_binding(service: AgentServiceSimulator) -> None:
    service.issuers = []
    async with open_wallet(service, TALL) as wallet:
        await wallet.press("5", "slash")
        await wallet.type("DEQARINST7609", into="find")
        await wallet.sees("DEQARINST7609 IE", "1 DID bound")
        await wallet.press("enter", "enter")  # out of the field, then the institution
        await wallet.sees("DIDs bound to it")
        screen = wallet.app.screen
        assert isinstance(screen, TrustScreen)
        assert screen._key == f"inst:{MTU_ID}"
        screen.detail.move_to([key.startswith("did:") for key in screen.detail.stop_keys()].index(True))
        await wallet.press("enter")
        await wallet.sees("Bindings of this DID")
        await wallet.press("escape")
        await wallet.sees("1 DID bound")
        await wallet.press("escape")
        await wallet.until(lambda: not screen.sought)


async def test_nobody_on_the_list_is_unknown_and_no_judgement(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, TALL) as wallet:
        await wallet.press("5")
        await wallet.sees("Atlantis")
        await wallet.press("j", "enter")
        await wallet.sees(
            ATLANTIS["did"], "? unknown whether it is quality-assured today", "That is not a judgement."
        )
        await wallet.press("slash")
        await wallet.type("zzz", into="find")
        await wallet.sees("Nothing is found. That is no judgement")


async def test_offline_with_its_age_and_past_the_limit_unknown(service: AgentServiceSimulator) -> None:
    did = service.issuers[0]["did"]
    service.subjects[did]["answered"]["by"] = "copy"
    service.trust_list = listing(problem="registry_unreachable", age_seconds=26 * 3600, freshness="stale")
    async with open_wallet(service, (120, 80)) as wallet:
        await wallet.press("5")
        await wallet.sees(
            "26 h old, older than a day",
            "The registry did not answer: this is from the copy of its list.",
            "Last attempt registry unreachable",
        )
        service.trust_list = listing(**OLD)
        stale = OLD["check"]
        service.subjects[did] |= {"result": "unknown", "detail": stale["detail"], "chain": [stale]}
        await wallet.press("r")
        await wallet.sees(
            "? demo list 8, 40 d old, older than a month: it says nothing",
            "? unknown whether it is quality-assured today",
            "? unknown Signed list",
        )
        assert "✓ quality-assured" not in wallet.text


async def test_without_a_list_without_credentials_and_with_an_error(service: AgentServiceSimulator) -> None:
    service.issuers, service.trust_problem = [], "registry_unreachable"
    service.trust_list = {
        "url": "https://registry.example",
        "root": "first_use",
        "check": {"code": "registry_list", "result": "unknown", "reason": "registry_unreachable"},
    }
    async with open_wallet(service) as wallet:
        await wallet.press("5")
        await wallet.sees("You hold no credential yet. Type a name", "? no list of the registry is here")
        await wallet.press("slash")
        await wallet.type("munster", into="find")
        await wallet.sees("There is no list of the registry on this machine yet")
        service.fail["/v1/wallet/trust"] = ProblemError(503, "vault_failed", "The vault cannot be read.")
        await wallet.press("enter", "r")
        await wallet.sees("The vault cannot be read.")
        await wallet.press("y")
        await wallet.until(lambda: "Nobody is marked." in wallet.toasts)


async def test_locking_forgets_who_was_looked_up(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.press("5")
        await wallet.sees("✓ quality-assured today")
        screen = wallet.app.screen
        assert isinstance(screen, TrustScreen)
        await wallet.press("L")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert (screen.rows.items, screen._kept, screen.detail.line_count) == ([], {}, 0)

from __future__ import annotations

from textual.widgets import Input

from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import NARROW, WIDE, open_wallet
from wallet_tui.screens.credentials import EMPTY


async def test_rows_show_state_title_credit_level_issuer_date(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees(
            "✓ pass Data Literacy for Industry 4.0",
            "? unknown Quantum Leadership Mastery",
            "✗ fail Change and Risk Management",
            "5 ECTS EQF 6",
            "mtu.example",
            "2026-02-14",
            "5 held ✓ 2 pass ✗ 1 fail ? 2 unknown",
        )


async def test_the_empty_state_says_what_to_do(service: AgentServiceSimulator) -> None:
    service.credentials = []
    async with open_wallet(service) as wallet:
        await wallet.sees(EMPTY)
        await wallet.press("d")
        await wallet.until(lambda: any("cairn up" in toast for toast in wallet.toasts))
        await wallet.press("slash")
        await wallet.until(lambda: "There is nothing to find yet." in wallet.toasts)
        await wallet.press("r")
        await wallet.until(lambda: "There is no credential to check." in wallet.toasts)


async def test_find_understands_words(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.sees("Cyber Security")
        for query, there, gone in (
            ("status:unknown", "Cyber Security", "Change and Risk"),
            ("issuer:atlantis", "Quantum Leadership", "Data Literacy for"),
            ("eqf:8", "Quantum Leadership", "Cyber Security"),
            ("risk change", "Change and Risk", "Cyber Security"),
        ):
            await wallet.press("slash")
            await wallet.until(lambda: isinstance(wallet.app.focused, Input))
            await wallet.type(query)
            await wallet.until(
                lambda there=there, gone=gone: there in wallet.text and gone not in wallet.text,  # type: ignore[misc]
                query,
            )
            await wallet.press("escape")
            await wallet.sees("5 held")
        await wallet.press("slash")
        await wallet.type("nothing like this")
        await wallet.sees("Nothing fits these words.")


async def test_detail_is_beside_when_wide_and_instead_when_narrow(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, NARROW) as wallet:
        await wallet.sees("5 held")
        assert "Signature" not in wallet.text
        await wallet.press("enter")
        await wallet.sees("Signature", "did:web:mtu.example", "checked 2 min ago")
        assert "5 held" not in wallet.text
        await wallet.press("escape")
        await wallet.sees("5 held")
    async with open_wallet(service, WIDE) as wallet:
        await wallet.sees("5 held", "Signature", "did:web:mtu.example")
        await wallet.press("j", "j", "j")
        await wallet.sees("Authentic, but no list says", "did:web:atlantis-institute.example")


async def test_check_rows_say_why_and_open_their_evidence(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, WIDE) as wallet:
        await wallet.sees("5 held")
        await wallet.press("G")
        await wallet.sees(
            "✗ fail Status", "revoked by the issuer on 2026-03-01", "✓ 8 pass ✗ 1 fail ? 0 unknown"
        )
        await wallet.press("enter", "j", "j")
        assert "index 17" not in wallet.text
        await wallet.press("enter")
        await wallet.sees("index 17 of the revocation list", "sha-256")
        await wallet.press("enter")
        await wallet.until(lambda: "index 17" not in wallet.text)


async def test_what_stands_beside_is_shown_and_not_counted(service: AgentServiceSimulator) -> None:
    """A second implementation that disagrees is seen, and changes neither the tally nor the state."""
    async with open_wallet(service, (120, 100)) as wallet:
        await wallet.sees("5 held")
        await wallet.press("j", "j", "j", "enter")
        await wallet.sees("Beside the checks decides nothing", "✗ fail Both say the same", "DIDKit says fail")
        await wallet.sees("✓ 7 pass ✗ 0 fail ? 2 unknown", "Held as", "Open Badge")


async def test_what_was_not_understood_is_folded(service: AgentServiceSimulator) -> None:
    async with open_wallet(service, (120, 100)) as wallet:
        await wallet.sees("5 held")
        await wallet.press("j", "j", "j", "enter")
        await wallet.sees("Not understood as it came", "extra[0]", "and 21 more; cairn show ID has them")
        assert "extra[9]" not in wallet.text


async def test_recheck_runs_the_checks_again_and_says_when_it_cannot(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("r")
        await wallet.until(lambda: "The checks were run again." in wallet.toasts)
        assert ("POST", "/v1/wallet/credentials/cred-1/recheck", {}) in service.calls
        service.fail["/v1/wallet/credentials/cred-1/recheck"] = ProblemError(
            502, "registry_unreachable", "No answer."
        )
        await wallet.press("r")
        await wallet.until(lambda: any("No answer." in toast for toast in wallet.toasts))


async def test_old_results_say_so(service: AgentServiceSimulator) -> None:
    service.credentials[0]["checked_at"] = "2026-01-01T00:00:00+00:00"
    async with open_wallet(service, WIDE) as wallet:
        await wallet.sees("checked 70 d ago, old: press r to check again")


async def test_copy_id_goes_to_the_clipboard(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("j", "y")
        await wallet.until(lambda: wallet.app.clipboard == "cred-2")


async def test_a_credential_that_arrives_is_shown_without_asking(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        service.credentials.pop()
        service.emit("credential", id="cred-5")
        await wallet.sees("4 held")


async def test_a_list_that_cannot_be_read_says_so(service: AgentServiceSimulator) -> None:
    service.fail["/v1/wallet/credentials"] = ProblemError(503, "store_failed", "The store could not be read.")
    async with open_wallet(service) as wallet:
        await wallet.sees("The store could not be read.")


async def test_help_lists_the_keys_that_work_here(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("question_mark")
        await wallet.sees("Keys here", "run the checks again", "lock now")
        await wallet.press("escape")
        await wallet.until(lambda: "Keys here" not in wallet.text)


async def test_keys_can_be_remapped_by_their_ids(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        wallet.app.set_keymap({"recheck": "c"})
        await wallet.press("c")
        await wallet.until(lambda: wallet.posted("/recheck") == [{}])


async def test_the_mouse_opens_and_the_areas_are_clickable(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.pilot.click("#list", offset=(5, 2))
        await wallet.until(lambda: wallet.app.screen.rows.cursor == 1)  # type: ignore[attr-defined]
        await wallet.pilot.click("#list", offset=(5, 2))
        await wallet.sees("Human-Machine Interaction", "Signature")
        await wallet.pilot.click("AreaTabs", offset=(22, 0))
        await wallet.until(lambda: wallet.app.current_mode == "inbox")

from __future__ import annotations

import pytest
from textual.filter import NoColor

from tests.simulators.agent_service import AgentServiceSimulator
from tests.tui.conftest import Driver, open_wallet, screen_lines
from wallet_tui.app import CairnApp
from wallet_tui.widgets.frame import MAX_HINTS, AreaTabs, KeyBar, StatusLine

SETTLED = {
    "1": "held",
    "2": "to decide",
    "3": "counted",
    "4": "intact",
    "5": "up to date",
    "exclamation_mark": "notices",
}


async def test_status_areas_and_keys_fit_on_one_row_everywhere(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    service.name = "Maximiliana-Theodora von Hohenstein"
    async with open_wallet(service, size) as wallet:
        for key, there in SETTLED.items():
            await wallet.press(key)
            await wallet.sees(there)
            await check_frame(wallet, size)
        wallet.app.switch_mode("credentials")
        await wallet.open_request()
        await check_frame(wallet, size)
        await wallet.press("escape")
        await wallet.open_offer()
        await check_frame(wallet, size)


async def check_frame(wallet: Driver, size: tuple[int, int]) -> None:
    screen = wallet.app.screen
    lines = screen_lines(wallet.app)
    assert len(lines) == size[1]
    status = screen.query_one(StatusLine)
    assert status.size.height == 1
    assert not any("…" in part for part in lines[0].split("│") if not part.strip().startswith("Max")), lines[
        0
    ]
    assert "4 waiting" in lines[0]
    for bar in screen.query(KeyBar):
        hints = bar._hints()
        assert 0 < len(hints) <= MAX_HINTS
        assert len(bar._pieces) == len(hints), f"a key of the footer does not fit: {lines[-1]}"
        assert bar.region.bottom == size[1]
    for tabs in screen.query(AreaTabs):
        assert len(tabs._pieces) == 5


async def test_every_state_is_a_word_as_well_as_a_colour(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        for glyph, word in (("✓", "pass"), ("✗", "fail"), ("?", "unknown")):
            await wallet.sees(f"{glyph} {word}")


async def test_no_color_draws_without_any_colour(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        assert any(isinstance(item, NoColor) for item in wallet.app.get_line_filters())
        for strip in wallet.app.screen._compositor.render_strips():
            for segment in strip:
                for colour in (segment.style.color, segment.style.bgcolor) if segment.style else ():
                    assert colour is None or colour.is_default
        assert any(line.startswith("▸ ✓ pass") for line in screen_lines(wallet.app)), (
            "the cursor needs no colour"
        )


async def test_when_the_service_goes_away_everything_is_read_only(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        service.go_down()
        await wallet.sees("The agent service does not answer. Read-only", "✗ agent away")
        await wallet.sees("Data Literacy for Industry 4.0")
        for key in ("r", "a"):
            await wallet.press(key)
            await wallet.until(lambda: any("nothing can be changed now" in toast for toast in wallet.toasts))
            wallet.app.clear_notifications()
        calls = len(service.calls)
        assert all(method == "GET" for method, _, _ in service.calls[calls:])
        service.down = False
        await wallet.until(lambda: "Read-only" not in wallet.words)


async def test_a_consent_screen_cannot_send_while_the_service_is_away(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        screen = await wallet.open_request()
        service.go_down()
        await wallet.sees("✗ agent away")
        await wallet.press("S")
        await wallet.until(lambda: any("nothing can be changed now" in toast for toast in wallet.toasts))
        assert not screen.gate.asking


async def test_a_service_that_comes_back_locked_asks_for_the_passphrase(
    service: AgentServiceSimulator,
) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        service.go_down()
        await wallet.sees("✗ agent away")
        service.lock, service.agent_state, service.down = "locked", "stopped", False
        await wallet.until(lambda: wallet.app.current_mode == "unlock")


async def test_the_registry_away_is_unknown_not_an_error(service: AgentServiceSimulator) -> None:
    service.registry_state = "unreachable"
    async with open_wallet(service) as wallet:
        await wallet.sees("? registry away", "The trust registry does not answer.")


@pytest.mark.parametrize(
    ("freshness", "line", "banner"),
    [
        ("fresh", "? registry away, demo list 2 min old", "come from this machine's copy"),
        ("stale", "demo list 2 min old, stale", "come from this machine's copy"),
        ("expired", "demo list 2 min old, expired", "is too old for most answers"),
    ],
)
async def test_the_copy_stands_in_with_its_age(
    service: AgentServiceSimulator, freshness: str, line: str, banner: str
) -> None:
    service.registry_state, service.registry_freshness = "copy", freshness
    async with open_wallet(service, (140, 36)) as wallet:
        await wallet.sees(line, "The trust registry does not answer", banner)


async def test_the_copy_s_age_fits_everywhere(service: AgentServiceSimulator, size: tuple[int, int]) -> None:
    service.registry_state, service.registry_freshness = "copy", "expired"
    service.name = "Maximiliana-Theodora von Hohenstein"
    async with open_wallet(service, size) as wallet:
        await wallet.sees("? copy 2 min old" if size[0] < 140 else "2 min old")
        await check_frame(wallet, size)


async def test_a_failed_agent_is_read_only(service: AgentServiceSimulator) -> None:
    service.agent_state = "failed"
    async with open_wallet(service) as wallet:
        await wallet.sees("The agent is not running. Read-only", "✗ agent failed")
        await wallet.press("r")
        await wallet.until(lambda: any("nothing can be changed now" in toast for toast in wallet.toasts))
        assert wallet.posted("/recheck") == []


async def test_an_answer_of_the_wrong_shape_is_an_error_not_a_crash(service: AgentServiceSimulator) -> None:
    service.credentials = [{"title": "no id"}]
    async with open_wallet(service) as wallet:
        await wallet.sees("The agent service left out “id”.")


async def test_a_fault_of_a_worker_is_said_and_ends_nothing(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")

        async def broken() -> None:
            raise ZeroDivisionError("Ada Byrne")

        monkeypatch.setattr(wallet.app.wallet, "credentials", broken)
        service.emit("credential", id="cred-1")
        await wallet.until(lambda: any("ZeroDivisionError" in toast for toast in wallet.toasts))
        assert not any("Ada" in toast for toast in wallet.toasts)


async def test_a_crash_names_the_place_and_no_values(
    service: AgentServiceSimulator, capsys: pytest.CaptureFixture[str]
) -> None:
    app = CairnApp(service.client)
    secret = "claim-value-4711"

    def crash() -> None:
        held = secret
        raise RuntimeError(held)

    async def run() -> None:
        async with app.run_test() as pilot:
            app.call_later(crash)
            await pilot.pause()

    with pytest.raises(RuntimeError):
        await run()
    told = capsys.readouterr().err
    assert "RuntimeError in crash" in " ".join(told.split())
    assert secret not in told

"""Order of one's own, comparing, files in and out, deleting: through the keys, against the simulated service."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import date
from pathlib import Path

import httpx
import pytest
from textual import events
from textual.widgets import Input, TextArea

from agent.client import AgentClient
from agent.errors import UnreachableError
from tests.simulators import agent_service_data as data
from tests.simulators.agent_service import AgentServiceSimulator, ProblemError
from tests.tui.conftest import NARROW, WIDE, Driver, open_wallet
from tests.tui.hostile import STRINGS, Planter, hostile_service
from tests.tui.test_hostile import check_screen
from wallet_tui.demo import demo_offer
from wallet_tui.screens import credential_actions
from wallet_tui.screens.credentials import EMPTY, CredentialsScreen
from wallet_tui.screens.delete import HOLD_SECONDS, DeleteScreen
from wallet_tui.screens.export import ExportScreen
from wallet_tui.screens.import_file import ImportScreen
from wallet_tui.screens.shelf import LabelsScreen, NoteScreen


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shelf_calls(service: AgentServiceSimulator) -> dict[str, object]:
    return {path.split("/")[-2]: body for method, path, body in service.calls if path.endswith("/shelf")}


async def replace_field(wallet: Driver, name: str, text: str) -> None:
    """What somebody does who marks all and types."""
    await wallet.until(lambda: isinstance(wallet.app.focused, Input) and wallet.app.focused.id == name, name)
    field = wallet.app.focused
    assert isinstance(field, Input)
    field.value = ""
    await wallet.type(text, name)


# The list.


async def test_what_is_archived_is_out_of_sight_and_counted(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("x")
        await wallet.sees("4 held ✓ 1 pass", "1 archived, hidden")
        assert "Data Literacy" not in wallet.text
        await wallet.press("slash")
        await wallet.sees(
            "eqf:7 issuer:munster status:unknown tag:x collection:data is:archived expires:<30d"
        )
        await wallet.type("is:arch")
        await wallet.sees("(archived) Data Literacy", "is:archived, is:all")
        await wallet.press("enter", "x")
        await wallet.until(lambda: shelf_calls(service) == {"cred-1": {"archived": False}})
        await wallet.sees("Nothing fits these words.")
        await wallet.press("escape")
        await wallet.sees("5 held")
        for item in service.credentials:
            data.shelve(item, archived=True)
        service.emit("credential", id="cred-1")
        await wallet.sees("Everything is archived. Find is:archived to see it.", "5 archived, hidden")


async def test_one_can_be_revealed_before_it_is_there_and_when_archived(
    service: AgentServiceSimulator,
) -> None:
    late = service.credentials.pop(1)
    data.shelve(service.credentials[2], archived=True)
    async with open_wallet(service) as wallet:
        await wallet.sees("3 held")
        screen = wallet.app.screen
        assert isinstance(screen, CredentialsScreen)
        screen.reveal("cred-2")
        await wallet.settle()
        assert not screen.detail_open
        service.credentials.append(late)
        service.emit("credential", id="cred-2")
        await wallet.sees("Human-Machine Interaction", "Signature")
        await wallet.press("escape")
        screen.reveal("cred-4")
        await wallet.sees("Quantum Leadership", "did:web:atlantis-institute.example")


async def test_the_order_is_shown_and_goes_round(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held", "as received")
        await wallet.press("s")
        await wallet.sees("by title")
        assert wallet.text.index("Change and Risk") < wallet.text.index("Cyber Security")
        await wallet.press("s", "s", "s", "s", "s")
        await wallet.sees("by expiry, soonest first")
        await wallet.press("s")
        await wallet.sees("as received")


async def test_a_picture_is_no_credential(service: AgentServiceSimulator) -> None:
    service.badges = data.badges()
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held", "◇ badge Welding Safety", "visual badge only")
        await wallet.press("G")
        for key in ("t", "n", "x", "c", "r"):
            await wallet.press(key)
            await wallet.until(lambda: "no credential" in "".join(wallet.toasts))
            wallet.app.clear_notifications()
        await wallet.press("enter")
        await wallet.sees(
            "visual badge only: lacks learner, criteria", "It never counts", "badge.extra: a word"
        )
        assert "✓" not in wallet.text.split("Welding Safety", 1)[1].split("lacks")[0]
        await wallet.press("escape", "D")
        await wallet.sees("The picture itself, as it came.")
        await wallet.listening()
        await wallet.press("D")
        await wallet.sees("Delete it for good? y/N")
        await confirm(wallet)
        await wallet.until(lambda: service.badges == [])
    service.fail["/v1/wallet/badges"] = ProblemError(503, "store_failed", "The store could not be read.")
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.until(lambda: any("Visual badges could not be read" in toast for toast in wallet.toasts))


async def test_only_pictures_are_not_nothing(service: AgentServiceSimulator) -> None:
    service.credentials, service.badges = [], data.badges()
    async with open_wallet(service) as wallet:
        await wallet.sees("Welding Safety")
        assert EMPTY not in wallet.words


async def test_thousands_are_found_and_drawn_by_the_page(
    service: AgentServiceSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No time is measured: what is counted is work. A key draws what is on the screen and reads nothing anew."""
    kinds = [
        {k: v for k, v in item.items() if k not in {"record", "claims", "checks"}}
        for item in service.credentials
    ]
    service.credentials = [kinds[n % 5] | {"id": f"cred-{n}", "title": f"Title {n}"} for n in range(3_000)]
    drawn: list[str] = []
    draw = CredentialsScreen._draw
    monkeypatch.setattr(
        CredentialsScreen,
        "_draw",
        lambda self, item, width: (drawn.append(item.id), draw(self, item, width))[1],
    )
    async with open_wallet(service) as wallet:
        await wallet.sees("3000 held")
        lists = sum(path == "/v1/wallet/credentials" for _, path, _ in service.calls)
        await wallet.press("slash")
        for number, key in enumerate("title 999"):
            drawn.clear()
            await wallet.press("space" if key == " " else key)
            assert len(drawn) <= 60, f"key {number} drew {len(drawn)} rows"
        await wallet.sees("3 of 3000 held")
        await wallet.press("escape")
        await wallet.sees("3000 held")
        for key in ("pagedown", "pagedown", "pagedown", "G", "pageup", "j"):
            await wallet.press(key)
            shown = [line for line in wallet.text.splitlines()[2:21] if "Title " in line or "example" in line]
            assert len(shown) >= 18, wallet.text
        assert sum(path == "/v1/wallet/credentials" for _, path, _ in service.calls) == lists


async def test_reading_says_so_and_a_lock_forgets(service: AgentServiceSimulator) -> None:
    service.hold, service.hold_path = asyncio.Event(), "/v1/wallet/credentials"
    data.shelve(service.credentials[0], note="PRIVATE", tags=["SECRETTAG"])
    async with open_wallet(service, WIDE) as wallet:
        await wallet.sees("… reading what you hold")
        service.hold.set()
        await wallet.sees("5 held", "Signature")
        screen = wallet.app.screen
        assert isinstance(screen, CredentialsScreen)
        await wallet.press("slash")
        await wallet.type("tag:")
        await wallet.sees("SECRETTAG")
        await wallet.press("enter", "L")
        await wallet.until(lambda: wallet.app.current_mode == "unlock")
        assert (screen._all, screen._kept, screen._labels, screen._badges) == ([], {}, [], [])
        assert not screen.rows.items
        assert screen._finder.find("", wallet.app.now().date()) == []


# Menu and marks.


async def test_the_menu_says_what_can_be_done_and_why_not(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("m")
        await wallet.sees(
            "Data Literacy for Industry 4.0", "write to a file…", "delete…", "enter do it esc back"
        )
        await wallet.press("escape", "j", "m", "s")
        await wallet.sees("by title")
        service.go_down()
        await wallet.sees("✗ agent away")
        await wallet.press("m", "x")
        await wallet.until(lambda: any("nothing can be changed now" in toast for toast in wallet.toasts))
        assert shelf_calls(service) == {}
    service.down = False
    service.credentials = []
    async with open_wallet(service) as wallet:
        await wallet.sees("No credentials yet.")
        await wallet.press("m")
        await wallet.sees("Nothing is held yet", "(delete…)")
        await wallet.press("i")
        await wallet.until(lambda: isinstance(wallet.app.screen, ImportScreen))


async def test_marks_are_for_doing_something_with_several(service: AgentServiceSimulator) -> None:
    data.shelve(service.credentials[0], tags=["mine", "old"])
    data.shelve(service.credentials[1], tags=["old"])
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("space", "j", "space")
        await wallet.sees("● marked", "● 2 marked")
        await wallet.press("t")
        await wallet.sees("2 credentials are marked", "so far: old, mine")
        await wallet.type("Data Science, energy", "collections")
        await wallet.press("enter")
        await replace_field(wallet, "tags", "new")
        await wallet.press("enter")
        await wallet.until(lambda: "2 credentials were changed." in wallet.toasts)
        assert shelf_calls(service) == {
            "cred-1": {"collections": ["Data Science", "energy"], "tags": ["mine", "new"]},
            "cred-2": {"collections": ["Data Science", "energy"], "tags": ["new"]},
        }
        await wallet.press("x")
        await wallet.sees("3 held", "2 archived, hidden")
        await wallet.press("escape")
        await wallet.until(lambda: "● 2 marked" not in wallet.words)


async def test_what_breaks_off_says_how_far_it_went(service: AgentServiceSimulator) -> None:
    service.fail["/v1/wallet/credentials/cred-2/shelf"] = ProblemError(
        503, "store_failed", "The disk is full."
    )
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("space", "j", "space", "x")
        await wallet.until(
            lambda: any("1 of 2 were changed" in t and "disk is full" in t for t in wallet.toasts)
        )
        await wallet.sees("4 held")


async def test_a_note_is_written_read_and_not_lost_by_one_key(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("n")
        await wallet.until(lambda: isinstance(wallet.app.screen, NoteScreen))
        text = wallet.app.screen.query_one(TextArea)
        text.insert("first\nsecond \x1b]52;c;eA==\x07")
        await wallet.press("escape")
        await wallet.until(lambda: not text.has_focus)
        assert isinstance(wallet.app.screen, NoteScreen)
        assert "\x1b" not in wallet.text
        await wallet.press("enter")
        await wallet.until(lambda: "1 credential was changed." in wallet.toasts)
        assert shelf_calls(service) == {"cred-1": {"note": "first\nsecond �]52;c;eA==�"}}
        if size == NARROW:
            await wallet.press("enter")
        else:
            await wallet.press("enter", "tab")
        await wallet.until(lambda: wallet.app.screen.has_class("-detail"))
        for _ in range(6):
            await wallet.press("pagedown")
        await wallet.sees("Yours nobody else sees it", "first", "second �]52")
        await wallet.press("escape", "n")
        await wallet.until(lambda: isinstance(wallet.app.screen, NoteScreen))
        wallet.app.screen.query_one(TextArea).text = "x" * 4001
        await wallet.press("f2")
        await wallet.sees("✗ A note has at most 4000 characters")
        await wallet.press("escape", "escape")
        await wallet.until(lambda: isinstance(wallet.app.screen, CredentialsScreen))


async def test_too_many_names_are_refused_in_place(service: AgentServiceSimulator) -> None:
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("t")
        await wallet.type(",".join(f"n{number}" for number in range(51)), "collections")
        await wallet.press("enter", "enter")
        await wallet.sees("✗ At most 50 names in one field.")
        await wallet.press("escape")
        await wallet.until(lambda: not isinstance(wallet.app.screen, LabelsScreen))
        assert shelf_calls(service) == {}


# Comparing.


async def test_two_are_compared(service: AgentServiceSimulator, size: tuple[int, int]) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("c")
        await wallet.until(lambda: any("press c" in toast for toast in wallet.toasts))
        await wallet.press("c")
        await wallet.until(lambda: any("same credential" in toast for toast in wallet.toasts))
        await wallet.press("j", "c")
        await wallet.sees(
            "Two credentials compared", "1 in both, of 2 and 2", "≠ differs Credit", "5 ECTS", "3 ECTS"
        )
        await wallet.press("G")
        await wallet.sees("= same")
        await wallet.press("escape", "space", "j", "space")
        service.fail["/v1/wallet/credentials/cred-3"] = ProblemError(404, "gone", "It is not here any more.")
        await wallet.press("c")
        await wallet.sees("What happened", "It is not here any more.")
        await wallet.press("escape")
        await wallet.sees("5 held")


# Files out.


async def test_one_is_written_and_never_over_another_unasked(
    service: AgentServiceSimulator, home: Path, size: tuple[int, int]
) -> None:
    service.credentials[0]["title"] = "../../\x1b[2J evil " + "x" * 500
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("o")
        await wallet.sees("Which this one", "as its issuer signed it", "presentation")
        await wallet.press("j", "j", "enter")
        await wallet.until(lambda: isinstance(wallet.app.focused, Input))
        await wallet.press("enter")
        await wallet.sees("✓ written", "! Whoever gets this file sees all of it")
        (target,) = home.iterdir()
        assert target.name.startswith("2j-evil-xxx")
        assert target.name.endswith("xx.pdf")
        assert target.read_bytes() == service.shelf.exported
        assert target.stat().st_mode & 0o777 == 0o600
        assert service.shelf.asked[-1]["as"] == "pdf"
        target.write_bytes(b"mine")
        await wallet.press("enter", "enter")
        await wallet.sees("There is already a file", "y yes")
        await wallet.press("enter")
        await wallet.until(lambda: isinstance(wallet.app.screen, ExportScreen))
        assert target.read_bytes() == b"mine"
        await wallet.press("enter")
        await wallet.sees("y yes")
        await wallet.press("y")
        await wallet.sees("✓ written")
        assert target.read_bytes() == service.shelf.exported


async def test_what_cannot_be_written_says_why(service: AgentServiceSimulator, home: Path) -> None:
    os.mkfifo(home / "pipe")
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("o", "enter")
        for typed, said in (
            ("", "No file was named."),
            ("~", "is a folder."),
            ("~/none/x.json", "There is no folder ~/none."),
            ("~nobody-of-that-name/x", "That folder is not known here."),
            ("x" * 300, "cannot be used"),
        ):
            await replace_field(wallet, "path", typed)
            await wallet.press("enter")
            await wallet.sees(said, "Nothing was written.")
        await replace_field(wallet, "path", "~/pipe")
        await wallet.press("enter")
        await wallet.sees("y yes")
        await wallet.press("y")
        await wallet.sees("is not a file with content.")
        await wallet.press("escape", "o", "G", "k", "k", "enter")
        await wallet.until(
            lambda: isinstance(wallet.app.focused, Input) and wallet.app.focused.id == "challenge"
        )
        await wallet.press("enter", "enter", "enter")
        await wallet.sees("A presentation is made for one challenge and one verifier.")
        assert [path.name for path in home.iterdir()] == ["pipe"]


async def test_several_all_and_a_picture_as_it_came(service: AgentServiceSimulator, home: Path) -> None:
    service.badges = data.badges()
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("space", "j", "space", "o")
        await wallet.sees("Which the 2 marked ones", "CLR bundle")
        await wallet.press("enter", "enter")
        await wallet.sees("✓ written ~/credentials.zip")
        assert service.shelf.asked[-1] == {"ids": ["cred-1", "cred-2"], "as": "zip"}
        await wallet.press("w", "w")
        await wallet.sees("all 5, archived too")
        await wallet.press("j", "enter", "enter")
        await wallet.sees("✓ written ~/credentials.pdf")
        assert service.shelf.asked[-1] == {"all": True, "as": "pdf"}
        await wallet.press("w", "w", "G", "enter", "enter")
        await wallet.sees("✓ written ~/human-machine-interaction-in-production.txt")
        assert (home / "human-machine-interaction-in-production.txt").read_text() == "cred-2\n"
        await wallet.press("escape", "G", "o", "w", "enter", "enter")
        await wallet.sees("✓ written ~/welding-safety.png")


async def test_waiting_for_a_file_can_be_stopped(service: AgentServiceSimulator, home: Path) -> None:
    service.hold, service.hold_path = asyncio.Event(), "/v1/wallet/credentials/cred-1/export"
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("o", "enter", "enter")
        await wallet.sees("… make the file")
        await wallet.press("escape")
        await wallet.until(lambda: "Stopped waiting for the file." in wallet.toasts)
        assert isinstance(wallet.app.screen, ExportScreen)
        service.hold.set()
        await wallet.settle()
        assert list(home.iterdir()) == []


# Files in.


async def test_a_file_is_taken_in_and_shown_as_it_was_checked(
    service: AgentServiceSimulator, home: Path
) -> None:
    (home / "award.json").write_text('{"a": 1}')
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("i")
        await wallet.sees("importing never makes it verified")
        await wallet.type("~/award.json", "path")
        await wallet.press("enter")
        await wallet.sees("✓ imported ? unknown Imported Skill", "held as AnonCreds credential")
        await wallet.sees(
            "? unknown Issuer quality-assured", "Policy satisfied: nobody has asked for anything yet"
        )
        assert service.shelf.taken == [("award.json", b'{"a": 1}')]
        await wallet.press("enter")
        await wallet.sees("6 held")
        await wallet.until(lambda: wallet.app.screen.current.id == "cred-6")  # type: ignore[attr-defined]


async def test_files_that_are_none_and_pictures_and_bundles(
    service: AgentServiceSimulator, home: Path
) -> None:
    os.mkfifo(home / "pipe")
    (home / "folder").mkdir()
    (home / "words.txt").write_text("no credential")
    (home / "big.json").write_bytes(b"{" + b" " * (10 * 1024 * 1024))
    (home / "huge.json").write_bytes(b" " * (12 * 1024 * 1024 + 1))
    (home / "b.png").write_bytes(b"\x89PNG\r\n")
    (home / "many.zip").write_bytes(b"PK")
    refused = {"import": "refused", "code": "x", "detail": "\x1b]0;t\x07 is no credential", "hint": ""}
    service.shelf.answers["many.zip"] = {
        "import": "bundle",
        "parts": [{"import": "known", **data.credentials()[0]}, refused],
    }
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("i")
        for typed, said in (
            ("~/pipe", "is not a file with content."),
            ("~/folder", "~/folder is a folder."),
            ("~/absent", "No such file"),
            ("~/words.txt", "This is no credential that is understood."),
            ("~/huge.json", "has more than 12 MiB."),
        ):
            await replace_field(wallet, "path", typed)
            await wallet.press("enter")
            await wallet.sees(said, "Nothing was imported.")
        assert [name for name, _ in service.shelf.taken] == ["words.txt"]
        await replace_field(wallet, "path", "~/big.json")
        await wallet.press("enter")
        await wallet.sees("✓ imported")
        await wallet.press("tab")
        await replace_field(wallet, "path", "~/b.png")
        await wallet.press("enter")
        await wallet.sees("◇ kept as a picture", "visual badge only: lacks learner, criteria")
        assert "✓" not in wallet.text.replace("✓ agent", "").replace("✓ demo list", "")
        await wallet.press("tab")
        await replace_field(wallet, "path", "~/many.zip")
        await wallet.press("enter")
        await wallet.sees(
            "A bundle of 2 credentials", "= you have it already", "✗ not imported", "�]0;t� is no"
        )


# Deleting.


async def confirm(wallet: Driver) -> None:
    """``y`` pressed when the question has stood long enough: the time of the key is what counts."""
    screen = wallet.app.screen
    assert isinstance(screen, DeleteScreen)
    assert screen._asked_at is not None
    key = events.Key("y", "y")
    key.time = screen._asked_at + HOLD_SECONDS + 0.01
    wallet.app.post_message(key)
    await wallet.settle()


async def test_what_is_lost_is_said_first_and_keeping_is_the_default(
    service: AgentServiceSimulator, size: tuple[int, int]
) -> None:
    async with open_wallet(service, size) as wallet:
        await wallet.sees("5 held")
        await wallet.press("D")
        await wallet.sees("What is lost with it", "its issuer may not give it again", "‹Keep it")
        await wallet.listening()
        await wallet.press("y", "enter")
        await wallet.until(lambda: isinstance(wallet.app.screen, CredentialsScreen))
        await wallet.press("D")
        await wallet.sees("What is lost with it")
        await wallet.listening()
        await wallet.press("D")
        await wallet.sees("Delete it for good? y/N", "‹Keep it")
        await wallet.press("y")  # too quick
        await wallet.press("enter")
        await wallet.until(lambda: "y/N" not in wallet.words)
        assert wallet.posted("/delete") == []
        await wallet.press("D")
        await wallet.sees("y/N")
        service.shelf.losses.append("Something more.")
        await confirm(wallet)
        await wallet.sees("Nothing was deleted.", "Something more.")
        assert len(service.credentials) == 5
        await wallet.press("D")
        await wallet.sees("y/N")
        await confirm(wallet)
        await wallet.sees("4 held")
        await wallet.until(lambda: "It was deleted." in wallet.toasts)
        assert [item["id"] for item in service.credentials] == ["cred-2", "cred-3", "cred-4", "cred-5"]


async def test_losses_are_all_on_the_screen_before_anything_can_be_deleted(
    service: AgentServiceSimulator,
) -> None:
    service.shelf.losses = [f"Loss number {number}." for number in range(40)]
    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        await wallet.press("D")
        await wallet.sees("Loss number 1.")
        await wallet.listening()
        await wallet.press("D")
        await wallet.until(lambda: any("Read it all first" in toast for toast in wallet.toasts))
        assert "y/N" not in wallet.words
        await wallet.press("pagedown", "pagedown", "pagedown", "D")
        await wallet.sees("y/N")
        service.emit("credential", id="cred-1")
        await wallet.until(lambda: "y/N" not in wallet.words)
        service.fail["/v1/wallet/credentials/cred-1/loss"] = ProblemError(
            503, "x", "It could not be counted."
        )
        service.emit("credential", id="cred-1")
        await wallet.sees("It could not be counted.", "cannot be deleted now")


# Hostile words.


@pytest.mark.parametrize("first", [0, 11])
async def test_nothing_from_outside_acts_on_these_screens(first: int, home: Path) -> None:
    service = hostile_service(Planter(*STRINGS, first=first))
    held = service.credentials[0]
    data.shelve(held, tags=list(STRINGS[:6]), collections=list(STRINGS[6:12]), note="\n".join(STRINGS))
    (home / "x.json").write_text("{}")
    service.shelf.answers["x.json"] = {
        "import": "bundle",
        "parts": [
            {"import": "known", **service.credentials[1]},
            {"import": "visual_badge", **service.badges[0]},
            {"import": "refused", "detail": STRINGS[first], "hint": STRINGS[first]},
        ],
    }
    async with open_wallet(service, NARROW if first % 2 else WIDE) as wallet:
        await wallet.sees("held")
        for keys in ("enter", "pagedown", "escape", "m", "escape", "t", "escape"):
            await wallet.press(keys)
            check_screen(wallet)
        await wallet.press("slash")
        await wallet.type("tag:")
        check_screen(wallet)
        await wallet.press("escape", "n")
        await wallet.until(lambda: isinstance(wallet.app.screen, NoteScreen))
        check_screen(wallet)
        await wallet.press("escape", "space", "j", "space", "c")
        await wallet.sees("fields are")
        check_screen(wallet)
        await wallet.press("escape", "o", "w", "enter", "enter")
        await wallet.sees("✓ written")
        check_screen(wallet)
        await wallet.press("escape", "i")
        await wallet.type("~/x.json", "path")
        await wallet.press("enter")
        await wallet.sees("A bundle of 3")
        check_screen(wallet)
        await wallet.press("escape", "D")
        await wallet.sees("What is lost")
        check_screen(wallet)
        await wallet.press("escape", "G", "enter")
        check_screen(wallet)
    assert [path.name.isascii() for path in home.iterdir()] == [True, True]


# The demo.


def demo_university(offers: list[dict[str, str]]) -> tuple[httpx.MockTransport, list[dict[str, object]]]:
    made: list[dict[str, object]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            made.append(json.loads(request.content))
            return httpx.Response(201, json={"link": "http://127.0.0.1:9/o/NEW"})
        if request.url.path.endswith("templates"):
            return httpx.Response(200, json={"templates": [{"id": "a"}, {"id": "b"}]})
        return httpx.Response(200, json={"offers": offers})

    return httpx.MockTransport(answer), made


async def test_the_demo_university_offers_something_new_or_what_nobody_used(tmp_path: Path) -> None:
    used = {"state": "issued", "link": "http://127.0.0.1:9/o/USED"}
    transport, made = demo_university([used])

    def connect(home: Path) -> AgentClient:
        assert home == tmp_path / "munster-tu"
        return AgentClient("http://127.0.0.1:9", "token", transport=transport)

    today = data.NOW[:10]
    link = await demo_offer(tmp_path, "Ada de la Cruz", date.fromisoformat(today), connect)
    assert link.endswith("/o/NEW")
    assert made[0]["template"] == "b"
    assert made[0]["learner"] == {
        "given_name": "Ada de la",
        "family_name": "Cruz",
        "birth_date": "1999-04-02",
    }
    transport, made = demo_university([used, {"state": "open", "link": "http://127.0.0.1:9/o/FREE"}])
    assert (await demo_offer(tmp_path, "Ada", date.fromisoformat(today), connect)).endswith("/o/FREE")
    assert made == []
    with pytest.raises(UnreachableError):
        await demo_offer(tmp_path, "Ada", date.fromisoformat(today))


async def test_d_opens_the_review_of_an_offer_or_says_the_way(
    service: AgentServiceSimulator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def offered(*_: object) -> str:
        return str(service.offers[0]["link"])

    async with open_wallet(service) as wallet:
        await wallet.sees("5 held")
        wallet.app.demo_root = home
        await wallet.press("d")
        await wallet.until(lambda: any("cairn up" in toast for toast in wallet.toasts), "no university runs")
        monkeypatch.setattr(credential_actions, "demo_offer", offered)
        await wallet.press("d")
        await wallet.sees("An offer for you")
        assert wallet.posted("/accept") == []

"""The bytes that reach a real pseudo-terminal: only what Textual itself is known to write (`tests.tui.escapes`)."""

from __future__ import annotations

import pytest

from tests.simulators.agent_service import PASSPHRASE
from tests.tui.escapes import faults
from tests.tui.hostile import STRINGS
from tests.tui.terminal import Terminal

CHILD = ("-m", "tests.tui.pty_child")
RUNS = 3


@pytest.mark.parametrize("number", range(0, len(STRINGS), -(-len(STRINGS) // RUNS)))
def test_nothing_planted_reaches_the_terminal(number: int) -> None:
    """Every field holds another string; the runs shift them. Each kind in every field: `test_hostile`."""
    with Terminal([*CHILD, "walk", str(number)]) as terminal:
        code = terminal.leave()
    assert faults(bytes(terminal.raw)) == []
    assert code == 0, "\n".join(terminal.lines)
    # The words of every stop are waited for inside; this one says that there was no other end.
    assert b"WALKED" in terminal.raw, bytes(terminal.raw)[-3000:]


def test_a_learner_unlocks_looks_and_leaves() -> None:
    """The driver, the event loop and the keys as they really are; headless runs differ in all three."""
    with Terminal([*CHILD, "locked"]) as terminal:
        terminal.until("Profile")
        terminal.type(f"{PASSPHRASE}\r")
        for seen, keys in (
            ("5 held", "2"),
            ("look closely", "\r"),
            ("keep it 90 days", "\x1b"),
            ("Site planner", "q"),
        ):
            terminal.until(seen)
            terminal.type(keys)
        assert terminal.leave() == 0
    assert PASSPHRASE.encode() not in terminal.raw
    assert faults(bytes(terminal.raw)) == []


def test_it_starts_against_an_unlocked_service_too() -> None:
    with Terminal([*CHILD, "unlocked"]) as terminal:
        terminal.until("5 held")
        terminal.type("q")
        assert terminal.leave() == 0


@pytest.mark.parametrize(
    "planted",
    [
        *("\x1b]52;c;QQ==\x07", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\", "\x1b]22;x;y\x07"),
        *("\x1bP+q\x1b\\", "\x1bP=1s+q\x1b\\", "\x1b_G\x1b\\", "\x1b^x\x1b\\", "\x1bXx\x1b\\"),
        *("\x07", "\x0e", "\x05", "\x00", "\x7f", "\x1b", "\x1bc", "\x1b(0", "\x1b#8"),
        *("\x1b[5i", "\x1b[!p", "\x1b[>4;1m", "\x1b[?2026$y", "\x1b[1 q", "\x1b[", "\x1b]52;c;unended"),
        *("\x9b2J", "\x9d52;c;QQ==\x9c", "\x85", "\u202e", "\u200b", "\u2066", "\ufeff", "\u00ad"),
        *("\u2028", "\U000e0041", "\ue000", "\udc9b", "e" + "\u0301" * 20),
    ],
    ids=ascii,
)
def test_the_detector_detects(planted: str) -> None:
    """The tests above can fail."""
    assert faults(f"before {planted} after".encode("utf-8", "surrogateescape")), repr(planted)


def test_the_detector_knows_what_is_textual_s_own() -> None:
    own = "\x1b[?1049h\x1b[?2026$p\x1b[>1u\x1b[38;2;1;2;3mtéxt 日本 ❤\x1b[0m\x1b[4;1H\r\n\x1b]22;text\x07\x1bP=1s\x1b\\"
    assert faults(own.encode()) == []

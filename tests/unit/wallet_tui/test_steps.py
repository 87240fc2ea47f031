"""Every step that the service names has its words in the wallet's catalogue."""

from __future__ import annotations

import re
from pathlib import Path

from agent.services import links
from wallet_tui.safe_text import Untrusted
from wallet_tui.screens import progress

STEP = re.compile(r'views\.step\(.+?, "([^"]+)"[,)]')


def test_every_step_of_the_wallets_services_can_be_translated() -> None:
    found = {*links.READING.values(), *links.RESOLVING.values()}
    for name in ("holding", "second_copy", "presenting", "sending"):
        source = Path(links.__file__).with_name(f"{name}.py").read_text("utf-8")
        named = set(STEP.findall(source))
        assert named, name
        found |= named
    assert found <= progress._NAMES, found - progress._NAMES


def test_a_name_from_elsewhere_is_shown_safely() -> None:
    assert progress.step_name(Untrusted("x\x1b[2J")).plain == "x\ufffd[2J"

"""Hostile strings, planted in every text the simulated agent service gives."""

from __future__ import annotations

from typing import Any

from tests.simulators import agent_service_data as data
from tests.simulators.agent_service import AgentServiceSimulator

_ESCAPES = (
    "\x1b]52;c;UExBTlRFRA==\x07clipboard",
    "\x1b[2J\x1b[1;1Hredrawn",
    "\x1b]0;PLANTED\x07title\x1b\\",
    "\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\asks the terminal",
    "\x1b_Gf=24,s=1,v=1;AAAA\x1b\\a picture",
    "\x1b^private\x1b\\\x1bXstart of string\x1b\\",
    "\x1bc\x1b[!p\x1b[5i reset and print",
    "\x1b[200~pasted\x1b[201~",
    "half an escape \x1b",
)
_C1 = (
    "\x9b2Jc1 \x9d52;c;UExBTlRFRA==\x9c",
    "\x90q\x9c \x9f apc \x9c \x9e pm \x98 sos \x85 next line \x84",
)
_MARKUP = (
    "[/x] closing",
    "[@click=app.quit]quit[/]",
    "[bold red]markup[/bold red] $text-error [link=https://evil.example]x[/link]",
)
_DIRECTIONS = (
    "\u202egnp.exe\u202c \u2066isolate\u2069 \u200fright",
    "عنوان عربي שלום " * 20,
)
_UNSEEN = (
    "zero\u200bwidth\u2060joiner\ufeff\u00ad\u180e",
    "\U000e0041\U000e0042 tags \ue000 private \U0010ffff",
    "\u3164\uffa0\u2800 blanks",
    "lone \ud800 surrogate",
    "\udc9b2J surrogates that smuggle \udc1b",
    "\u2028separator\u2029",
)
_WIDTHS = (
    "wide 日本語のタイトル " * 40,
    "family 👨\u200d👩\u200d👧 flag 🇮🇪 heart ❤\ufe0f keycap 1\ufe0f\u20e3 skin 👍🏽",
    "e" + "\u0301" * 500 + " zalgo",
    "\u0301\u0301 mark first ก\u0e33 \u0d4e",
)
_CONTROLS = ("line\nbreak\r\nand\ttab\x0b\x0c\x00\x08\x7f", "\x0e\x0f shifts \x05 enquiry \x07 bell")
_LENGTHS = ("a" * 10_000, "", " " * 300 + "far right", "日" * 5_000)

STRINGS = (*_ESCAPES, *_C1, *_MARKUP, *_DIRECTIONS, *_UNSEEN, *_WIDTHS, *_CONTROLS, *_LENGTHS)

# Fewer, each of several of a kind: for tests that plant one text in every field at once.
MIXTURES = {
    "escapes": "".join(_ESCAPES[:5]),
    "c1 and more escapes": "".join((*_C1, *_ESCAPES[5:])),
    "markup": "".join(_MARKUP),
    "unseen": "".join((_DIRECTIONS[0], *_UNSEEN, _DIRECTIONS[1])),
    "wide": _WIDTHS[0],
    "emoji and marks": "".join(reversed(_WIDTHS[1:])),
    "controls": "".join(_CONTROLS),
    "long": _LENGTHS[0],
    "empty": "",
    "blanks": _LENGTHS[2],
}

# Words of our own vocabulary and values that carry the test itself: planting there tests the parser, not the walls.
KEEP = frozenset(
    {
        "state",
        "result",
        "kind",
        "mode",
        "system",
        "lock",
        "item",
        "id",
        "link",
        "code",
        "claim",
        "received_at",
        "expires_at",
        "checked_at",
        "at",
        "credential_id",
        "hash",
        "required",
        "counted",
        "offered",
        "missing",
        "unit",
    }
)


class Planter:
    """Gives the strings in turn, for ever, starting at ``first``: every field gets another one."""

    def __init__(self, *strings: str, first: int = 0) -> None:
        self._strings, self._next = strings, first

    def text(self) -> str:
        self._next += 1
        return self._strings[(self._next - 1) % len(self._strings)]

    def plant(self, value: Any, name: str = "") -> Any:
        """``value`` with every text replaced, except under the names in `KEEP`; lists keep their length."""
        if isinstance(value, dict):
            return {
                key: item if key in KEEP and not isinstance(item, list) else self.plant(item, key)
                for key, item in value.items()
            }
        if isinstance(value, list):
            return [self.plant(item, name) for item in value]
        return self.text() if isinstance(value, str) else value


def hostile_service(planter: Planter) -> AgentServiceSimulator:
    service = AgentServiceSimulator(unlocked=True)
    names = [[claim["name"] for claim in held["claims"]] for held in service.credentials]
    service.name, service.lock_detail = planter.text(), planter.text()
    service.badges = data.badges()
    service.shelf.losses = [planter.text() for _ in range(3)]
    service.shelf.remarks = [planter.text() for _ in range(3)]
    for attribute in (
        "credentials",
        "badges",
        "offers",
        "requests",
        "history",
        "targets",
        "issuers",
        "institutions",
        "notices",
        "trust_list",
    ):
        setattr(service, attribute, planter.plant(getattr(service, attribute)))
    service.stacks = {key: planter.plant(stack) for key, stack in service.stacks.items()}
    service.subjects = {key: planter.plant(subject) for key, subject in service.subjects.items()}
    for held, issuer in zip(service.subjects, service.issuers, strict=False):
        issuer["did"] = held  # leads on
    service.breaks = [{"seq": 1, "how": planter.text(), "detail": planter.text()}]
    service.pathways = {key: planter.plant(path) for key, path in service.pathways.items()}
    service.stack_drafts = [planter.plant(data.draft())]
    for request in service.requests:
        request["flags"] = [{"code": "over_asking", "claim": "grade", "text": planter.text()}]
    # Labels and flags of rows come from the policy; the claim names in it have to stay what they are.
    service.wanted = {
        name: [
            (claim, planter.text(), mode, required, planter.text()) for claim, _, mode, required, _ in wanted
        ]
        for name, wanted in service.wanted.items()
    }
    for held, kept in zip(service.credentials, names, strict=True):
        for claim, original in zip(held["claims"], kept, strict=True):
            claim["name"] = original
    return service

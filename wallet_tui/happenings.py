"""What the service says by itself, as one sentence for a toast: never opened, never taking the focus."""

from __future__ import annotations

from agent.client import Event
from wallet_tui.actions import KEYS, shown
from wallet_tui.i18n import mark, t, tn
from wallet_tui.safe_text import clean
from wallet_tui.status import Status

TITLE_CHARS = 80

# Kinds of notices (docs/api.md). New offers and requests have events, and toasts, of their own.
_NOTICES = {
    "revoked": mark("✗ “{title}” was revoked by its issuer."),
    "suspended": mark("! “{title}” was suspended by its issuer."),
    "expired": mark("! “{title}” has expired."),
    "expires_soon": mark("! “{title}” expires soon."),
    "list_old": mark("? The registry's list is old: checks may say unknown."),
}


def of_event(event: Event) -> str:
    """Empty for what needs no word."""
    if event.name == "notice":
        says = _NOTICES.get(str(event.data.get("kind")), "")
        return _with_key(t(says).format(title=_title(event))) if says else ""
    if event.data.get("state") != "open":
        return ""
    if event.name == "request":
        return t("A request for some of your data is waiting. Press {key} to look at it.").format(
            key=shown("area.inbox")
        )
    if event.name == "offer":
        return t("An offer is waiting. Press {key} to look at it.").format(key=shown("area.inbox"))
    return ""


def of_status(before: Status | None, now: Status) -> str:
    """At unlocking: how many notices were made while nobody looked. Later ones have their own events."""
    was_open = before is not None and before.lock == "unlocked"
    if now.lock != "unlocked" or was_open or not now.notices:
        return ""
    return _with_key(tn("{n} notice is new.", "{n} notices are new.", now.notices).format(n=now.notices))


def _title(event: Event) -> str:
    title = event.data.get("title")
    return clean(title, TITLE_CHARS) if isinstance(title, str) else ""


def _with_key(says: str) -> str:
    """With the key that opens the list of notices, where there is one."""
    if "notices" not in KEYS:
        return says
    return t("{says} Press {key} to read it.").format(says=says, key=shown("notices"))

"""Every key of the wallet in one table. Each has an id, so that a configuration file can remap it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType

from wallet_tui.i18n import mark


@dataclass(frozen=True, slots=True)
class Key:
    """``keys`` as Textual names them, comma separated; ``shown`` as people read them."""

    id: str
    keys: str
    action: str
    shown: str
    label: str
    help: str


_KEYS = (
    Key("area.credentials", "1", "app.area('credentials')", "1", "Credentials", "what you hold"),
    Key("area.inbox", "2", "app.area('inbox')", "2", "Inbox", "offers and requests that wait for you"),
    Key("area.stack", "3", "app.area('stack')", "3", "Stack", "progress towards a goal"),
    Key("area.history", "4", "app.area('history')", "4", "History", "what you received, shared and declined"),
    Key("find", "slash", "find", "/", "find", "find: words, or eqf:7 issuer:munster status:unknown"),
    Key("open", "enter", "open", "enter", "open", "open what is marked; always safe, never shares"),
    Key(
        "paste",
        "a",
        "app.paste_link",
        "a",
        "add link",
        "add an offer or request by its link (or paste it anywhere)",
    ),
    Key("recheck", "r", "recheck", "r", "recheck", "run the checks again"),
    Key("reload", "r", "reload", "r", "reload", "read again from the agent service"),
    Key(
        "copy-id", "y", "copy_id", "y", "copy id", "copy the identifier to the terminal's clipboard (OSC 52)"
    ),
    Key("demo", "d", "demo", "d", "demo", "how to get a demo credential"),
    Key("lock", "L", "app.lock", "L", "lock", "lock now"),
    Key("help", "question_mark", "app.help", "?", "help", "this list"),
    Key("back", "escape", "back", "esc", "back", "back; nothing is decided by leaving"),
    Key("quit", "q", "app.quit", "q", "quit", "leave; the agent service keeps running"),
    Key("quit.typing", "ctrl+q", "app.quit", "ctrl+q", "quit", "leave, also while typing"),
    Key("pane.next", "tab,l", "pane_next", "tab", "pane", "to the other pane"),
    Key("list.down", "j,down", "cursor_down", "j ↓", "down", "down"),
    Key("list.up", "k,up", "cursor_up", "k ↑", "up", "up"),
    Key("list.first", "g,home", "cursor_first", "g", "top", "to the first line"),
    Key("list.last", "G,end", "cursor_last", "G", "end", "to the last line"),
    Key("list.page-down", "pagedown,ctrl+f", "page_down", "pgdn", "page", "one page down"),
    Key("list.page-up", "pageup,ctrl+b", "page_up", "pgup", "page up", "one page up"),
    Key("list.select", "enter", "select", "enter", "open", "open what is marked; always safe, never shares"),
    Key("choice.next", "tab,right", "choice_next", "tab", "choose", "next choice"),
    Key(
        "choice.previous", "shift+tab,left", "choice_previous", "shift+tab", "choose back", "previous choice"
    ),
    Key(
        "choice.take",
        "enter",
        "choice_take",
        "enter",
        "take",
        "take the marked choice; never shares by itself",
    ),
    Key(
        "consent.toggle",
        "space",
        "switch_row",
        "space",
        "switch",
        "switch an optional line between SEND and HIDE",
    ),
    Key("consent.share", "S", "share", "S", "share…", "ask to share; nothing leaves before you confirm"),
    Key("consent.decline", "D", "decline", "D", "don't share", "decline; the requester is told"),
    Key("evidence", "space", "evidence", "space", "evidence", "show what a check rests on"),
    Key("offer.accept", "A", "accept", "A", "accept", "accept the offer"),
    Key("offer.reject", "R", "reject", "R", "reject", "reject the offer; the issuer is told"),
    Key(
        "area.trust",
        "5",
        "app.area('trust')",
        "5",
        mark("Trust"),
        mark("who issues, on which list, and why that is trusted"),
    ),
    Key("write", "o", "write_file", "o", mark("write"), mark("write it to a file")),
    Key(
        "notices",
        "exclamation_mark",
        "app.notices",
        "!",
        mark("notices"),
        mark("what there is to notice: revoked, expiring, waiting"),
    ),
    Key("notices.seen", "space", "seen", "space", mark("seen"), mark("mark this notice as seen")),
    Key("notices.all-seen", "e", "all_seen", "e", mark("all seen"), mark("mark all notices as seen")),
    Key("stack.goal", "n", "next_goal", "n", "next goal", "show the next goal"),
)

KEYS: dict[str, Key] = {key.id: key for key in _KEYS}

LIST_KEYS = ("list.down", "list.up", "list.first", "list.last", "list.page-down", "list.page-up")


def bindings(*ids: str) -> list[BindingType]:
    """Textual bindings for these keys. None is shown by Textual's own footer; ours is `KeyBar`."""
    return [
        Binding(key.keys, key.action, key.help, show=False, key_display=key.shown, id=key.id)
        for key in (KEYS[name] for name in ids)
    ]

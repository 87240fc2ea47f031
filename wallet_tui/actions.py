"""Every key of the wallet in one table. Each has an id, so that a configuration file can remap it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from textual.binding import Binding, BindingType

from wallet_tui.i18n import mark
from wallet_tui.key_names import shown_key


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
    Key("area.credentials", "1", "app.area('credentials')", "1", mark("Credentials"), mark("what you hold")),
    Key(
        "area.inbox",
        "2",
        "app.area('inbox')",
        "2",
        mark("Inbox"),
        mark("offers and requests that wait for you"),
    ),
    Key("area.stack", "3", "app.area('stack')", "3", mark("Stack"), mark("progress towards a goal")),
    Key(
        "area.history",
        "4",
        "app.area('history')",
        "4",
        mark("History"),
        mark("what you received, shared and declined"),
    ),
    Key(
        "area.trust",
        "5",
        "app.area('trust')",
        "5",
        mark("Trust"),
        mark("who issues, on which list, and why that is trusted"),
    ),
    Key(
        "find",
        "slash",
        "find",
        "/",
        mark("find"),
        mark("find: words, or eqf:7 issuer:munster status:unknown"),
    ),
    Key(
        "open", "enter", "open", "enter", mark("open"), mark("open what is marked; always safe, never shares")
    ),
    Key(
        "paste",
        "a",
        "app.paste_link",
        "a",
        mark("add link"),
        mark("add an offer or request by its link (or paste it anywhere)"),
    ),
    Key("recheck", "r", "recheck", "r", mark("recheck"), mark("run the checks again")),
    Key("reload", "r", "reload", "r", mark("reload"), mark("read again from the agent service")),
    Key(
        "copy-id",
        "y",
        "copy_id",
        "y",
        mark("copy id"),
        mark("copy the identifier to the terminal's clipboard (OSC 52)"),
    ),
    Key("demo", "d", "demo", "d", mark("demo"), mark("how to get a demo credential")),
    Key("lock", "L", "app.lock", "L", mark("lock"), mark("lock now")),
    Key("help", "question_mark", "app.help", "?", mark("help"), mark("this list")),
    Key(
        "palette",
        "ctrl+p",
        "app.palette",
        "ctrl+p",
        mark("commands"),
        mark("everything that can be done here, by name"),
    ),
    Key(
        "jump", "f", "app.jump", "f", mark("jump"), mark("letters over panes and rows: press one to go there")
    ),
    Key("back", "escape", "back", "esc", mark("back"), mark("back; nothing is decided by leaving")),
    Key("quit", "q", "app.quit", "q", mark("quit"), mark("leave; the agent service keeps running")),
    Key("quit.typing", "ctrl+q", "app.quit", "ctrl+q", mark("quit"), mark("leave, also while typing")),
    Key("pane.next", "tab,l", "pane_next", "tab", mark("pane"), mark("to the other pane")),
    Key("list.down", "j,down", "cursor_down", "j ↓", mark("down"), mark("down")),
    Key("list.up", "k,up", "cursor_up", "k ↑", mark("up"), mark("up")),
    Key("list.first", "g,home", "cursor_first", "g", mark("top"), mark("to the first line")),
    Key("list.last", "G,end", "cursor_last", "G", mark("end"), mark("to the last line")),
    Key("list.page-down", "pagedown,ctrl+f", "page_down", "pgdn", mark("page"), mark("one page down")),
    Key("list.page-up", "pageup,ctrl+b", "page_up", "pgup", mark("page up"), mark("one page up")),
    Key(
        "list.select",
        "enter",
        "select",
        "enter",
        mark("open"),
        mark("open what is marked; always safe, never shares"),
    ),
    Key("choice.next", "tab,right", "choice_next", "tab", mark("choose"), mark("next choice")),
    Key(
        "choice.previous",
        "shift+tab,left",
        "choice_previous",
        "shift+tab",
        mark("choose back"),
        mark("previous choice"),
    ),
    Key(
        "choice.take",
        "enter",
        "choice_take",
        "enter",
        mark("take"),
        mark("take the marked choice; never shares by itself"),
    ),
    Key(
        "consent.toggle",
        "space",
        "switch_row",
        "space",
        mark("switch"),
        mark("switch an optional line between SEND and HIDE"),
    ),
    Key(
        "consent.share",
        "S",
        "share",
        "S",
        mark("share…"),
        mark("ask to share; nothing leaves before you confirm"),
    ),
    Key("consent.decline", "D", "decline", "D", mark("don't share"), mark("decline; the requester is told")),
    Key("evidence", "space", "evidence", "space", mark("evidence"), mark("show what a check rests on")),
    Key("offer.accept", "A", "accept", "A", mark("accept"), mark("accept the offer")),
    Key("offer.reject", "R", "reject", "R", mark("reject"), mark("reject the offer; the issuer is told")),
    Key("stack.goal", "n", "next_goal", "n", mark("next goal"), mark("show the next goal")),
    Key(
        "consent.choose",
        "c",
        "choose",
        "c",
        mark("choose"),
        mark("choose which credential answers, where several fit"),
    ),
    Key(
        "mark", "space", "mark", "space", mark("mark"), mark("mark it, to do something with several at once")
    ),
    Key("menu", "m", "menu", "m", mark("more"), mark("everything that can be done here")),
    Key("sort", "s", "next_sort", "s", mark("sort"), mark("the next order of the list")),
    Key(
        "shelf",
        "t",
        "labels",
        "t",
        mark("tags"),
        mark("collections and tags of what is marked, or of this one"),
    ),
    Key("note", "n", "note", "n", mark("note"), mark("write a note about it; only you see it")),
    Key(
        "archive", "x", "archive", "x", mark("archive"), mark("put it out of sight, or back; nothing is lost")
    ),
    Key("compare", "c", "compare", "c", mark("compare"), mark("compare two credentials, field by field")),
    Key(
        "write",
        "o",
        "write_file",
        "o",
        mark("write"),
        mark("write it to a file: as signed, as a page, as a picture"),
    ),
    Key(
        "write.scope",
        "w",
        "next_scope",
        "w",
        mark("which"),
        mark("which credentials: this one, those marked, all"),
    ),
    Key("import", "i", "import_file", "i", mark("import"), mark("take in a credential from a file")),
    Key("delete", "D,delete", "delete", "D", mark("delete"), mark("delete it; what is lost is said first")),
    Key("save", "f2,ctrl+s", "save", "f2", mark("save"), mark("save")),
    Key(
        "backup",
        "B",
        "app.backup",
        "B",
        mark("backup"),
        mark("make a backup of this wallet in one encrypted file"),
    ),
    Key(
        "first-run.demo", "d", "demo", "d", mark("demo"), mark("take the public passphrase of demonstrations")
    ),
    Key(
        "stack.goals",
        "c",
        "choose_goal",
        "c",
        mark("goals"),
        mark("choose a goal from the list, with how far you are"),
    ),
    Key(
        "stack.leave-out",
        "space",
        "leave_out",
        "space",
        mark("leave out"),
        mark("leave it out of this plan or put it back; a what-if, nothing is changed"),
    ),
    Key("stack.save", "s", "save_draft", "s", mark("save"), mark("save this plan as a draft in the wallet")),
    Key("stack.drafts", "d", "drafts", "d", mark("drafts"), mark("drafts that were saved")),
    Key(
        "stack.write",
        "o",
        "write_stack",
        "o",
        mark("write"),
        mark("write this stack to a file: pdf, html or one bundle of badges"),
    ),
    Key("draft.delete", "x", "delete_draft", "x", mark("delete"), mark("delete the draft, once confirmed")),
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
)

# The table as it stands, and as the configuration file has remapped it: one terminal, one person, one set of keys.
DEFAULTS: dict[str, Key] = {key.id: key for key in _KEYS}
KEYS: dict[str, Key] = dict(DEFAULTS)

LIST_KEYS = ("list.down", "list.up", "list.first", "list.last", "list.page-down", "list.page-up")

# What is decided by pressing it. Never on `enter`, never taken from the list of commands: only on its own screen.
DECIDES = frozenset({"consent.share", "consent.decline", "offer.accept", "offer.reject"})


def bindings(*ids: str) -> list[BindingType]:
    """Textual bindings for these keys. None is shown by Textual's own footer; ours is `KeyBar`.

    Always the default keys: the app's keymap (`keymap`) puts others in their place.
    """
    return [
        Binding(key.keys, key.action, key.help, show=False, key_display=key.shown, id=key.id)
        for key in (DEFAULTS[name] for name in ids)
    ]


def use_keys(remapped: Mapping[str, Sequence[str]]) -> None:
    """From now on these ids have these keys (Textual's names), and all others their default."""
    KEYS.clear()
    KEYS.update(DEFAULTS)
    for name, keys in remapped.items():
        first = " ".join(shown_key(key) for key in keys[:2])
        KEYS[name] = replace(DEFAULTS[name], keys=",".join(keys), shown=first)


def keymap() -> dict[str, str]:
    """What differs from the defaults, as `App.set_keymap` takes it."""
    return {name: key.keys for name, key in KEYS.items() if key.keys != DEFAULTS[name].keys}


def shown(name: str) -> str:
    """The key of ``name`` as people read it, for sentences: ``Press {key} to …``."""
    return KEYS[name].shown.split(" ")[0]


def keys_of(*ids: str) -> frozenset[str]:
    """Textual's names of all keys that these ids have now."""
    return frozenset(key for name in ids for key in KEYS[name].keys.split(","))

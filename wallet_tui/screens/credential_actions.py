"""What can be done with what is held: keys and menu of the credentials area. The list itself is in `credentials`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content

from wallet_tui.actions import KEYS, bindings
from wallet_tui.demo import demo_offer
from wallet_tui.find import SORTS, Entry, Indexed
from wallet_tui.i18n import mark, t, tn
from wallet_tui.links import Link, read_link
from wallet_tui.model import Credential, Summary
from wallet_tui.portfolio import Shelved, shelve_all
from wallet_tui.portfolio_model import Badge
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.compare import CompareScreen
from wallet_tui.screens.delete import DeleteScreen
from wallet_tui.screens.export import ExportScreen, Scope
from wallet_tui.screens.gathering import GatheringArea
from wallet_tui.screens.import_file import ImportScreen
from wallet_tui.screens.menu import Item, MenuScreen
from wallet_tui.screens.sheet import why_away
from wallet_tui.screens.shelf import Change, LabelsScreen, NoteScreen

NO_CREDENTIAL = mark("There is no credential yet.")
ONLY_PICTURE = mark("A visual badge is no credential: it can be looked at, written to a file, or deleted.")
DEMO = mark(
    "Run `cairn up` in another terminal: with its demo issuers running, d here opens an offer. "
    "It also says how to make a link of one, to paste here."
)
NO_DEMO = mark("This wallet is no demonstration. Ask an issuer for an offer link, and paste it here.")
MENU = (
    ("open", mark("open it")),
    ("recheck", mark("run its checks again")),
    ("shelf", mark("collections and tags…")),
    ("note", mark("note…")),
    ("archive", mark("archive, or put back")),
    ("compare", mark("compare with another…")),
    ("write", mark("write to a file…")),
    ("copy-id", mark("copy its identifier")),
    ("mark", mark("mark, or take the mark away")),
    ("sort", mark("the next order of the list")),
    ("import", mark("import a file…")),
    ("paste", mark("add a link…")),
    ("delete", mark("delete…")),
)


class CredentialActions(GatheringArea):
    """Actions on the current row, or on the marked ones where several make sense."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "mark", "menu", "sort", "shelf", "note", "archive", "compare", "write", "import", "delete",
        "recheck", "copy-id", "demo",
    )  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self._all: list[Indexed] = []
        self._marked: set[str] = set()
        self._order = "received"
        self._first_of_two = ""

    # What the list gives.

    @property
    def current(self) -> Entry | None:
        raise NotImplementedError

    def changed(self, done: Sequence[Credential]) -> None:
        """These credentials are different now."""
        raise NotImplementedError

    def show_again(self, *, sort: bool = False) -> None:
        """Marks or order changed."""
        raise NotImplementedError

    def go_to(self, identifier: str) -> None:
        """Read the list again, and go to this one when it is there."""
        raise NotImplementedError

    # Which.

    @property
    def marked_items(self) -> list[Summary]:
        return [entry.item for entry in self._all if entry.item.id in self._marked]

    @property
    def chosen(self) -> list[Summary]:
        """The marked credentials, or else the current one; never a picture."""
        item = self.current
        return self.marked_items or ([item] if isinstance(item, Summary) else [])

    def _why_none(self) -> str:
        if self.chosen:
            return ""
        return t(ONLY_PICTURE) if isinstance(self.current, Badge) else t(NO_CREDENTIAL)

    def _why_not_one(self) -> str:
        """For what makes sense with the current one only."""
        item = self.current
        if isinstance(item, Summary):
            return ""
        return t(NO_CREDENTIAL) if item is None else t(ONLY_PICTURE)

    def why_not(self, key: str) -> str:
        """Why a key of the menu does nothing now."""
        away = why_away(self.cairn.connection)
        none = t(NO_CREDENTIAL) if self.current is None else ""
        reasons = {
            "open": none,
            "recheck": self._why_not_one() or self.cairn.connection.why_read_only(),
            "shelf": self._why_none() or away,
            "note": self._why_not_one() or away,
            "archive": self._why_none() or away,
            "compare": self._why_not_one() or away,
            "write": none or away,
            "copy-id": none,
            "mark": none,
            "sort": none,
            "import": away,
            "paste": self.cairn.connection.why_read_only(),
            "delete": none or away,
        }
        return reasons.get(key, "")

    # Menu, marks, order.

    def action_menu(self) -> None:
        marked = len(self._marked)
        item = self.current
        if marked:
            title = Content(tn("● {n} marked", "● {n} marked", marked).format(n=marked))
        else:
            title = safe_text(item.title, 60) if item is not None else Content(t("Nothing is held yet"))
        items = [Item(key, t(label), self.why_not(key)) for key, label in MENU]
        self.open_dialog(MenuScreen(title.stylize_before("bold"), items), self._menu_chosen)

    async def _menu_chosen(self, key: str | None) -> None:
        if key == "open":
            self.action_open_current()
        elif key is not None:
            await self.run_action(KEYS[key].action)

    def action_open_current(self) -> None:
        raise NotImplementedError

    def action_mark(self) -> None:
        item = self.current
        if item is None:
            self.refuse(t(NO_CREDENTIAL))
            return
        self._marked ^= {item.id}
        self.show_again()

    def action_next_sort(self) -> None:
        orders = list(SORTS)
        self._order = orders[(orders.index(self._order) + 1) % len(orders)]
        self.show_again(sort=True)

    # The learner's own order of things.

    def action_labels(self) -> None:
        if not self.refuse(self.why_not("shelf")):
            held = [entry.item for entry in self._all]
            self.open_dialog(LabelsScreen(self.chosen, held), self._shelve)

    def action_note(self) -> None:
        item = self.current
        if not self.refuse(self.why_not("note")) and item is not None:
            self.ask("note", lambda: self.cairn.wallet.credential(item.id))

    def open_note(self, held: Credential) -> None:
        """Called with what the service has now, so that no older note is written over it."""
        identifier = held.summary.id

        def save(note: str | None) -> None:
            if note is not None:
                self._shelve({identifier: {"note": note}})

        self.open_dialog(NoteScreen(held.summary.title, held.shelf.note), save)

    def action_archive(self) -> None:
        if self.refuse(self.why_not("archive")):
            return
        # Several with different states: first all are out of sight.
        archive = not all(item.archived for item in self.chosen)
        self._shelve({item.id: {"archived": archive} for item in self.chosen if item.archived != archive})

    def _shelve(self, changes: dict[str, Change] | None) -> None:
        if changes:
            wallet = self.cairn.wallet
            self.ask("shelve", lambda: shelve_all(wallet, changes))

    def shelved(self, answer: Shelved) -> None:
        """Say what came of it: all, or as far as it went."""
        self.changed(answer.done)
        done = len(answer.done)
        if answer.error is None:
            said = tn("{n} credential was changed.", "{n} credentials were changed.", done).format(n=done)
            self.notify(said)
            return
        said = t("{done} of {n} were changed, then it stopped: {why}").format(
            done=done, n=answer.wanted, why=answer.error.diagnostics()
        )
        self.notify(said, severity="error", timeout=12)

    # Comparing, files, deleting.

    def action_compare(self) -> None:
        """Two that are marked; or this one and the next on which the key is pressed."""
        marked = self.marked_items
        if len(marked) == 2:
            self.open_dialog(CompareScreen(marked[0].id, marked[1].id))
            return
        item = self.current
        if self.refuse(self.why_not("compare")) or item is None:
            return
        first, self._first_of_two = self._first_of_two, ""
        if not first or all(entry.item.id != first for entry in self._all):
            self._first_of_two = item.id
            title = clean(item.title, 60)
            self.notify(t("Compare “{title}” with: go to the other one and press c.").format(title=title))
        elif first == item.id:
            self.refuse(t("That is the same credential. Go to another one and press c."))
            self._first_of_two = first
        else:
            self.open_dialog(CompareScreen(first, item.id))
        self.update_keys()

    def action_write_file(self) -> None:
        if not self.refuse(self.why_not("write")):
            self.open_dialog(ExportScreen(self._scopes()))

    def _scopes(self) -> list[Scope]:
        """Those marked come first, because they were marked for something."""
        item = self.current
        scopes: list[Scope] = []
        marked = self.marked_items
        if marked:
            count = len(marked)
            said = tn("the marked one", "the {n} marked ones", count).format(n=count)
            scopes.append(Scope(said, tuple(each.id for each in marked), "credentials"))
        if item is not None:
            title = clean(item.title, 60)
            badge = (item.carrier or "json") if isinstance(item, Badge) else ""
            scopes.append(Scope(t("this one: {title}").format(title=title), (item.id,), title, badge))
        if len(self._all) > 1:
            count = len(self._all)
            scopes.append(
                Scope(
                    tn("all {n}, archived too", "all {n}, archived too", count).format(n=count),
                    None,
                    "credentials",
                )
            )
        return scopes

    def action_import_file(self) -> None:
        if not self.refuse(self.why_not("import")):
            self.open_dialog(ImportScreen(), self._imported)

    def _imported(self, identifier: str | None) -> None:
        if identifier is not None:
            self.go_to(identifier)

    def action_delete(self) -> None:
        item = self.current
        if not self.refuse(self.why_not("delete")) and item is not None:
            self.open_dialog(DeleteScreen(item), self._deleted)

    def _deleted(self, identifier: str | None) -> None:
        if identifier is not None:
            self._marked.discard(identifier)
            self.load()

    # As before: recheck, copy, demo.

    def action_recheck(self) -> None:
        item = self.current
        why = t("There is no credential to check.") if item is None else self.why_not("recheck")
        if self.refuse(why) or item is None:
            return
        self.notify(t("Running the checks…"))
        self.ask("recheck", lambda: self.cairn.wallet.recheck(item.id))

    def action_copy_id(self) -> None:
        item = self.current
        if item is None:
            self.refuse(t("There is no credential to copy from."))
            return
        self.app.copy_to_clipboard(clean(item.id, 500))
        self.notify(
            t(
                "The credential's identifier is in the clipboard, if your terminal allows that (OSC 52). "
                "o writes it to a file."
            )
        )

    def action_demo(self) -> None:
        """In the demo universe, its university offers something to try; elsewhere the way to a credential is said."""
        status = self.cairn.connection.status
        if status is None or not status.demo:
            self.notify(t(NO_DEMO), timeout=12)
        elif self.cairn.demo_root is None:
            self.notify(t(DEMO), timeout=12)
        elif not self.refuse(self.cairn.connection.why_read_only()):
            root, name = self.cairn.demo_root, clean(status.name, 80)
            self.ask("demo", lambda: demo_offer(root, name, self.cairn.now().date()))

    def open_demo(self, link: str) -> None:
        found = read_link(link)
        if isinstance(found, Link):
            self.cairn.open_link(found)
        else:
            self.notify(t(DEMO), timeout=12)

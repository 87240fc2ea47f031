"""Rows of the list of credentials, what stands below them, and the help while finding. Pure layout."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from textual.content import Content

from wallet_tui import words
from wallet_tui.find import EXAMPLES, MAX_QUERY_CHARS, PREFIXES, SORTS, Entry, Indexed, split
from wallet_tui.i18n import t, tn
from wallet_tui.layout import Cell, fold, join, row
from wallet_tui.model import Summary
from wallet_tui.portfolio_model import Badge
from wallet_tui.safe_text import Untrusted, clean, safe_text

ROOMY = 64
STATE_WIDTH = 9
KNOWN_NAMES = 8
Tally = tuple[int, int, int]


def draw_entry(item: Entry, width: int, *, marked: bool) -> list[Content]:
    return draw_badge(item, width, marked) if isinstance(item, Badge) else draw_summary(item, width, marked)


def draw_summary(item: Summary, width: int, marked: bool = False) -> list[Content]:
    """Two lines: state, title, credit, level; issuer with its host, date of award.

    In a narrow pane the title has the first line to itself, and the host stands for the issuer.
    """
    state, title = Cell(words.result(item.state), STATE_WIDTH), Cell(_title(item), style="bold")
    size = (Cell(words.credit(item.credit), 9, "right"), Cell(words.eqf(item.eqf), 5, "right"))
    awarded = Cell(safe_text(item.awarded_on, 10), 10, "right")
    mark = _mark(marked)
    if width >= ROOMY:
        party = Cell(words.party_in(item.issuer, width - STATE_WIDTH - 10 - 2), style="$muted")
        return [row(width, state, title, *size), row(width, mark, party, awarded)]
    party = Cell(Content.styled(words.host(item.issuer), "$text-accent"))
    return [row(width, state, title), row(width, mark, party, *size, awarded)]


def draw_badge(item: Badge, width: int, marked: bool = False) -> list[Content]:
    """A picture has no state: nothing about it was checked."""
    what = Content.styled(t("visual badge only"), "$text-warning")
    state, title = Cell(Content.styled(t("◇ badge"), "$muted"), STATE_WIDTH), Cell(safe_text(item.title))
    came = Cell(safe_text(item.received_on, 10), 10, "right")
    return [row(width, state, title), row(width, _mark(marked), Cell(what), came)]


def _title(item: Summary) -> Content:
    title = safe_text(item.title)
    return join(t("(archived)"), " ", title) if item.archived else title


def _mark(marked: bool) -> Cell:
    return Cell(Content.styled(t("● marked"), "$text-accent") if marked else "", STATE_WIDTH)


def tally(entries: Iterable[Indexed]) -> Tally:
    states = [entry.item.state for entry in entries]
    return states.count("pass"), states.count("fail"), states.count("unknown")


def totals(shown: int, held: int, counted: Tally, *, order: str, archived: int, marked: int) -> Content:
    """``held`` counts what the list can show now; ``archived`` what it hides."""
    if not held and not archived:
        return Content("")
    if shown == held:
        first = tn("{n} held", "{n} held", held).format(n=held)
    else:
        first = t("{n} of {total} held").format(n=shown, total=held)
    notes = [t(SORTS[order])]
    if marked:
        notes.append(tn("● {n} marked", "● {n} marked", marked).format(n=marked))
    if archived:
        notes.append(tn("{n} archived, hidden", "{n} archived, hidden", archived).format(n=archived))
    return join(f" {first}   ", words.counts(counted), "\n ", (" · ".join(notes), "$muted"))


def find_help(query: str, labels: Collection[Untrusted], width: int) -> Content:
    """What the word that is being typed may be; at most two lines."""
    if query.endswith(" ") or not query.strip():
        said = EXAMPLES
    else:
        prefix, value = split(query[:MAX_QUERY_CHARS])[-1]
        if prefix in ("tag", "collection"):
            said = _names(prefix, value, labels)
        elif prefix:
            said = t(PREFIXES[prefix])
        elif ":" in value:
            fields = ", ".join(f"{name}:" for name in PREFIXES)
            said = t("No such field, so it is looked for as it stands. Fields: {fields}").format(
                fields=fields
            )
        else:
            said = EXAMPLES
    return Content("\n").join(fold(Content.styled(said, "$muted"), width, max_lines=2))


def _names(prefix: str, value: str, labels: Iterable[Untrusted]) -> str:
    names = [clean(each, 30) for each in labels if each.raw.casefold().startswith(value)]
    if not names:
        return t(PREFIXES[prefix])
    shown = ", ".join(names[:KNOWN_NAMES])
    return t("{field} one of: {names}").format(field=f"{prefix}:", names=shown)

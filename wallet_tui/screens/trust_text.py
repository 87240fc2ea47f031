"""An issuer, an institution and the registry's list in words: whose it is, who reviewed it, why that is believed.

Pure layout. Blocks with a key can be opened: ``link:3`` shows the evidence of a link, ``did:…`` and ``inst:…`` lead on.
"""

from __future__ import annotations

from collections.abc import Collection

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import mark, t, tn
from wallet_tui.layout import Cell, Text, fold, heading, join, labelled, row
from wallet_tui.model import CheckRow
from wallet_tui.safe_text import Untrusted, safe_text
from wallet_tui.screens.base import BLANK
from wallet_tui.trust_model import Bound, Entry, Institution, Report, Subject, TrustList
from wallet_tui.widgets.check_row import check_lines
from wallet_tui.widgets.document import Block

LINKS = {
    "credential": mark("Your credentials"),
    "issuer": mark("Issuer's DID"),
    "institution": mark("Institution"),
    "report": mark("Quality assurance"),
    "agency": mark("Agency registered"),
    "registry_list": mark("Signed list"),
}
LEVELS = {
    1: mark("level 1: its website names the DID, and the DID names its website"),
    2: mark("level 2: also checked by people in another way"),
    3: mark("level 3: an authority says so"),
}
HEADLINES = {
    "pass": mark("✓ quality-assured today"),
    "fail": mark("✗ not quality-assured today"),
    "unknown": mark("? unknown whether it is quality-assured today"),
}
LATE = {
    "fresh": mark("up to date"),
    "stale": mark("older than a day"),
    "expired": mark("older than a week: it says nothing about today"),
    "dead": mark("older than a month: it says nothing"),
}
LABEL = 14
RESULT = 9


def draw_entry(entry: Entry, width: int) -> list[Content]:
    """Two lines: name; whose credentials are held, or country and id. A name never without its host or id."""
    name = safe_text(entry.name or entry.host, 120).stylize_before("bold")
    if entry.did:
        held = tn("{n} credential", "{n} credentials", entry.credentials).format(n=entry.credentials)
        assured = tn("{n} assured", "{n} assured", entry.assured).format(n=entry.assured)
        state = words.GLYPHS["pass"] if entry.assured == entry.credentials else words.GLYPHS["unknown"]
        host = safe_text(entry.host or entry.did, 80).stylize_before("$text-accent")
        return [
            row(width, Cell(name)),
            row(width, Cell(host), Cell(f"{held}, {state} {assured}", 26, "right")),
        ]
    where = _joined(entry.countries) or Content(t("no country"))
    bound = (
        tn("{n} DID bound", "{n} DIDs bound", entry.dids).format(n=entry.dids)
        if entry.dids
        else t("no DID bound")
    )
    if entry.found_as:
        name = join(name, ("  ", ""), safe_text(entry.found_as, 80).stylize_before("$muted"))
    facts = join(safe_text(entry.id, 40).stylize_before("$text-accent"), "  ", where)
    return [row(width, Cell(name)), row(width, Cell(facts), Cell(bound, 14, "right", style="$muted"))]


def list_line(about: TrustList) -> Content:
    """The list in one line: which, how old, and whether it can be relied on."""
    if about.seq is None:
        return Content.styled(t("? no list of the registry is here"), words.STYLES["unknown"])
    kind = t("demo list {n}") if about.demo else t("list {n}")
    age = "?" if about.age is None else words.span(about.age)
    says = t("{list}, {age} old, {state}").format(
        list=kind.format(n=about.seq), age=age, state=t(LATE.get(about.freshness, ""))
    )
    result = about.check.result
    return Content.styled(f"{words.GLYPHS[result]} {says}", words.STYLES[result])


def subject_blocks(found: Subject, width: int, opened: Collection[str]) -> list[Block]:
    blocks = [Block(_head(found, width)), BLANK, Block(_answer(found, width)), BLANK]
    blocks.append(Block([heading(t("Why"), t("each line rests on the one below it"))]))
    for index, link in enumerate(found.chain):
        key = f"link:{index}"
        blocks.append(Block(_link(link, width, opened=key in opened), key))
    if found.bindings:
        title = t("Bindings of this DID") if found.did else t("DIDs bound to it")
        blocks += [BLANK, Block([heading(title)])]
        blocks += [_bound(each, width, of_did=bool(found.did)) for each in found.bindings]
    elif found.institution is not None and not found.did:
        blocks += [BLANK, Block([heading(t("DIDs bound to it")), Content("  " + t("none"))])]
    if found.reports_total:
        blocks += [BLANK, Block([heading(t("External quality assurance"), _shown(found))])]
        for report in found.reports:
            blocks.append(Block(_report(report, width)))
    if found.credentials:
        blocks += [BLANK, Block([heading(t("What you hold of it"))])]
        for held in found.credentials:
            line = join(words.result(held.state), "  ", safe_text(held.title, 160))
            blocks.append(Block(fold(line, width, indent=13, first=2)))
    institution = found.institution
    if institution is not None:
        blocks += [BLANK, Block(_names(institution, width))]
    return [*blocks, BLANK, Block(list_lines(found.list, width))]


def list_lines(about: TrustList, width: int) -> list[Content]:
    """Whose list, which one, how old, signed by what; and whether the first root was pinned."""
    lines = [heading(t("The list")), *fold(join("  ", list_line(about)), width, indent=4, first=0)]
    root = t("pinned in the settings") if about.pinned else t("trusted at first contact; nobody compared it")
    told: list[tuple[str, Text]] = [(t("Registry"), safe_text(about.registry or about.url, 200))]
    if about.registry and about.url:
        told.append((t("Address"), safe_text(about.url, 200)))
    if about.seq is not None:
        made = words.day(about.issued_at)
        told += [
            (t("Number"), t("{n}, version {version}").format(n=about.seq, version=about.version)),
            (t("Facts of"), made),
            (t("Signed"), words.day(about.signed_at)),
            (t("Fetched"), words.day(about.checked_at)),
            (t("Signed by"), safe_text(about.signed_by, 64)),
            (t("First root"), join(safe_text(about.root, 80), " ", (f"({root})", "$muted"))),
            ("SHA-256", safe_text(about.sha256, 80)),
        ]
    if about.demo:
        told.append((t("Kind"), t("demonstration data: it assures nothing outside of a demonstration")))
    if about.sources:
        told.append((t("Made from"), Content(", ").join(safe_text(each, 60) for each in about.sources)))
    if about.problem:
        told.append((t("Last attempt"), safe_text(about.problem.replace("_", " "), 60)))
    for label, value in told:
        lines += labelled(label, value, width, label_width=LABEL)
    return lines


def _head(found: Subject, width: int) -> list[Content]:
    institution = found.institution
    lines: list[Content] = []
    if institution is not None:
        lines += fold(safe_text(institution.name, 200).stylize_before("bold"), width)
        facts = join(
            safe_text(institution.id, 40).stylize_before("$text-accent"), "  ", _joined(institution.countries)
        )
        lines += fold(facts, width)
    if found.did:
        lines += fold(
            safe_text(found.did, 300).stylize_before("bold" if institution is None else "$text-accent"), width
        )
        for name in found.names:
            says = join((t("calls itself") + " ", "$muted"), safe_text(name, 120))
            lines += fold(says, width)
    return lines or [Content(t("Nothing is known about it here."))]


def _answer(found: Subject, width: int) -> list[Content]:
    """The result as a glyph and a sentence, what it says, and where it came from."""
    lines = fold(Content.styled(t(HEADLINES[found.result]), words.STYLES[found.result]), width)
    lines += fold(safe_text(found.detail, 400), width, indent=2, first=2)
    if found.did and found.chain:
        by = (
            t("The registry said so just now, signed.")
            if found.answered_by == "registry"
            else t("The registry did not answer: this is from the copy of its list.")
        )
        lines += fold(Content.styled(by, "$muted"), width, indent=2, first=2)
    for each in found.unchecked:
        text = join((t("not checked:") + " ", "$muted"), safe_text(each, 160).stylize_before("$muted"))
        lines += fold(text, width, indent=4, first=2)
    return lines


def _link(link: CheckRow, width: int, *, opened: bool) -> list[Content]:
    label = Untrusted(t(LINKS[link.code])) if link.code in LINKS else link.label
    shown = CheckRow(link.code, label, link.result, link.reason, link.detail, link.evidence)
    return check_lines(shown, width, opened=opened)


def _bound(each: Bound, width: int, *, of_did: bool) -> Block:
    """The other side of a binding leads on: from a DID to its institution, from there to the DID."""
    other = safe_text(each.institution_id if of_did else each.did, 200)
    lines = [row(width, Cell(words.result(each.result), RESULT), Cell(other.stylize_before("bold")))]
    level = t(LEVELS[each.level]) if each.level in LEVELS else t("a claim that nobody checked")
    period = (
        join(safe_text(each.since, 12), " – ", safe_text(each.until, 12))
        if each.until
        else join(t("since") + " ", safe_text(each.since, 12))
    )
    lines += fold(join(level, "; ", period), width, indent=RESULT + 1)
    if not each.agreed:
        lines += fold(Content.styled(t("recorded by one operator alone"), "$muted"), width, indent=RESULT + 1)
    if each.result != "pass":
        lines += fold(safe_text(each.detail, 300), width, indent=RESULT + 1)
    key = join((t("key") + " ", "$muted"), safe_text(each.thumbprint, 64).stylize_before("$muted"))
    lines += fold(key, width, indent=RESULT + 1)
    return Block(lines, f"inst:{each.institution_id}" if of_did else f"did:{each.did}")


def _report(report: Report, width: int) -> list[Content]:
    state = (
        Content.styled(t("✓ in force"), words.STYLES["pass"])
        if report.in_force
        else Content.styled(t("– not today"), "$muted")
    )
    last = join(safe_text(report.last_day, 12), " " + t("(six years assumed)") if report.inferred else "")
    lines = fold(
        join("  ", state, "  ", safe_text(report.valid_from, 12), " – ", last), width, indent=4, first=0
    )
    if report.levels is None:
        levels = t("levels not stated")
    else:
        levels = ", ".join(f"EQF {level}" for level in report.levels) or t("no level")
    what = [safe_text(each, 120) for each in (report.activity, report.decision, report.status) if each]
    if report.programme:
        what.insert(1, safe_text(report.programme, 120))
    lines += fold(Content(" · ").join([*what, Content(levels)]), width, indent=4)
    who = join(safe_text(report.agency, 120), " (", safe_text(report.acronym, 40), ")")
    lines += fold(who, width, indent=4)
    if report.illustrative:
        warning = t("! illustrative: made for a demonstration, and nobody's word")
        lines += fold(Content.styled(warning, "$text-warning"), width, indent=4)
    if report.url:
        lines += fold(safe_text(report.url, 200).stylize_before("$muted"), width, indent=4)
    return lines


def _shown(found: Subject) -> str:
    if found.reports_total > len(found.reports):
        return t("{n} of {total}").format(n=len(found.reports), total=found.reports_total)
    return str(found.reports_total)


def _names(institution: Institution, width: int) -> list[Content]:
    lines = [heading(t("About the institution"))]
    told: list[tuple[str, Text]] = []
    if institution.names:
        told.append((t("Also called"), Content(", ").join(safe_text(name, 80) for name in institution.names)))
    for label, value in (
        (t("Website"), institution.website),
        (t("On the list"), institution.url),
        (t("Founded"), institution.founded),
        (t("Closed"), institution.closed),
    ):
        if value:
            told.append((label, safe_text(value, 200)))
    for label, shown in told:
        lines += labelled(label, shown, width, label_width=LABEL)
    return lines if told else [*lines, Content("  " + t("nothing more"))]


def _joined(texts: tuple[Untrusted, ...]) -> Content:
    return Content(", ").join(safe_text(each, 12) for each in texts)

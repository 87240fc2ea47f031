"""The consent screen in words: who asks, what would be sent line by line, what they will and will not see.

Pure layout. Every value is shown in full up to `VALUE_CHARS`, folded under itself: a value that is cut off
cannot be agreed to.
"""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from wallet_tui import words
from wallet_tui.layout import Cell, fit, fold, heading, join, labelled, row
from wallet_tui.request_model import Plan, PlanCredential, PlanRow, Request
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import BLANK
from wallet_tui.widgets.document import Block

VALUE_CHARS = 4000
HEAD_PURPOSE_LINES = 2
ROW_KEY = "row:"
STATE_WIDTH = 5
NEED_WIDTH = 8
LABEL_WIDTH = 20


def host_of(request: Request) -> str:
    """The name the question uses: the verified host, or the DID, never the display name."""
    return clean(request.requester.host or request.requester.did, 60) or "an unnamed requester"


def items(number: int) -> str:
    return words.plural(number, "item")


def header(request: Request, width: int, now: datetime) -> list[Content]:
    """Docked above the body; at most seven lines."""
    until = words.expiry(request.expires_at, now)
    name = safe_text(request.requester.name or request.requester.host, 80)
    room = width - len(until) - 2
    lines = [
        join(fit(join(name.stylize_before("bold"), ("  asks for your data", "bold")), room), "  ", until)
    ]
    address = request.requester.host or request.requester.did
    lines.append(
        fit(
            join(
                safe_text(address, 80).stylize_before("$text-accent bold"),
                "   ",
                safe_text(request.requester.did, 120),
            ),
            width,
        )
    )
    lines += fold(
        join("Identity checked: ", safe_text(request.identity.how, 200)),
        width,
        indent=18,
        first=0,
        max_lines=2,
    )
    lines += purpose_lines(request, width)[:HEAD_PURPOSE_LINES]
    lines.append(fit(Content(retention(request)), width))
    return lines


def purpose_lines(request: Request, width: int) -> list[Content]:
    if not request.purpose:
        return [Content("They give no purpose.")]
    return fold(join("They say: “", safe_text(request.purpose, 600), "”"), width, indent=10, first=0)


def retention(request: Request) -> str:
    if request.retention_days is None:
        return "They do not say how long they keep it."
    days = words.plural(request.retention_days, "day")
    return f"They say they keep it {days}. What is sent cannot be recalled."


def body(request: Request, width: int, *, with_preview: bool) -> list[Block]:
    """Flags, the lines to decide, and (in one pane) the preview below them."""
    blocks: list[Block] = []
    for flag in request.flags:
        lines = fold(join(("⚑ ", "bold $text-warning"), safe_text(flag.text, 400)), width, indent=2, first=0)
        blocks.append(Block(lines))
    if request.flags:
        blocks.append(BLANK)
    if len(purpose_lines(request, width)) > HEAD_PURPOSE_LINES:
        blocks += [Block([heading("Their purpose in full"), *purpose_lines(request, width)]), BLANK]
    if request.missing or request.plan is None or not request.plan.satisfied:
        blocks += [Block(_missing(request, width)), BLANK]
    if request.plan is not None:
        blocks += rows(request.plan, width)
        if with_preview:
            blocks += [BLANK, *preview(request.plan, width)]
    return blocks


def rows(plan: Plan, width: int) -> list[Block]:
    """One selectable block per row of the plan, under the credential it comes from. None is left out."""
    known = {credential.item: credential for credential in plan.credentials}
    blocks: list[Block] = [Block([heading("You decide", "space switches an optional line")])]
    last: str | None = None
    for plan_row in plan.rows:
        if plan_row.item != last:
            last = plan_row.item
            blocks.append(Block(_source(plan_row, known.get(plan_row.item), width)))
        blocks.append(Block(row_lines(plan_row, width), ROW_KEY + plan_row.id))
    return blocks


def _source(plan_row: PlanRow, credential: PlanCredential | None, width: int) -> list[Content]:
    title = credential.title if credential is not None else plan_row.credential_title
    lines = fold(
        join(("From ", "$muted"), safe_text(title).stylize_before("bold")),
        width,
        indent=5,
        first=0,
        max_lines=3,
    )
    if credential is not None:
        lines += fold(words.party(credential.issuer), width, indent=5, max_lines=2)
    return lines


def row_lines(plan_row: PlanRow, width: int) -> list[Content]:
    """``SEND  label  value  required``; a long value and what is sent instead of it go below."""
    state = (
        Content.styled("SEND", "bold $text-warning") if plan_row.send else Content.styled("HIDE", "$muted")
    )
    need = "required" if plan_row.required else "optional"
    label_width = min(LABEL_WIDTH, max(10, width // 4))
    room = width - STATE_WIDTH - label_width - NEED_WIDTH - 3
    value = fold(safe_text(plan_row.value, VALUE_CHARS), room)
    style = "" if plan_row.send else "$muted"
    label = fold(safe_text(plan_row.label or plan_row.claim, 120), label_width)
    lines = [
        row(
            width,
            Cell(state if index == 0 else "", STATE_WIDTH),
            Cell(label[index] if index < len(label) else "", label_width),
            Cell(value[index] if index < len(value) else "", None, style=style),
            Cell(need if index == 0 else "", NEED_WIDTH, style="$muted"),
        )
        for index in range(max(len(value), len(label)))
    ]
    indent = STATE_WIDTH + 1
    if plan_row.send and plan_row.sent_as != plan_row.value:
        lines += fold(
            join(("they see: ", "$text-accent"), safe_text(plan_row.sent_as, VALUE_CHARS)),
            width,
            indent=indent,
        )
    if plan_row.flag:
        lines += fold(join(("⚑ ", "bold $text-warning"), safe_text(plan_row.flag, 400)), width, indent=indent)
    return lines


def preview(plan: Plan, width: int) -> list[Block]:
    """What they will see, will not see, and what links this to earlier shares."""
    label = LABEL_WIDTH if width >= 64 else 14
    seen: list[Content] = [heading("What they will see")]
    last: str | None = None
    several = len({item.item for item in plan.sees}) > 1
    titles = {credential.item: credential.title for credential in plan.credentials}
    for shown in plan.sees:
        if several and shown.item != last:
            last = shown.item
            seen += fold(
                safe_text(titles.get(shown.item, shown.item)),
                width,
                indent=1,
                max_lines=2,
            )
        seen += labelled(
            safe_text(shown.label, 120), safe_text(shown.value, VALUE_CHARS), width, label_width=label
        )
    if not plan.sees:
        seen.append(Content("  nothing"))
    unseen: list[Content] = [Content(""), heading("What they will not see")]
    for hidden in plan.not_sees:
        unseen += labelled(safe_text(hidden.label, 120), safe_text(hidden.why, 300), width, label_width=label)
    if not plan.not_sees:
        unseen.append(Content("  nothing is kept back"))
    links: list[Content] = [Content(""), heading("What links this to earlier shares")]
    for sentence in plan.links:
        links += fold(join("· ", safe_text(sentence, 400)), width, indent=4, first=2)
    if not plan.links:
        links.append(Content("  not stated"))
    blocks = [Block(seen), Block(unseen), Block(links)]
    if plan.left_out:
        left: list[Content] = [Content(""), heading("Not used")]
        for item in plan.left_out:
            left += fold(
                join(safe_text(item.title, 120), ": ", safe_text(item.why, 300)), width, indent=4, first=2
            )
        blocks.append(Block(left))
    return blocks


def _missing(request: Request, width: int) -> list[Content]:
    lines = [Content.styled("✗ What you hold does not satisfy this request", "$text-error bold")]
    for sentence in request.missing:
        lines += fold(join("missing: ", safe_text(sentence, 400)), width, indent=4, first=2)
    if not request.missing:
        lines.append(Content("  The service does not say what is missing."))
    lines += fold(Content("You can decline it, or leave it open and come back."), width, indent=2)
    return lines


def why_fixed(plan_row: PlanRow, plan: Plan) -> str:
    """The sentence about switching this row."""
    label = clean(plan_row.label or plan_row.claim, 60)
    if plan_row.locked:
        return f"{label} cannot be switched: {clean(plan_row.locked, 200)}"
    if plan_row.required:
        return f"{label} is required: without it the request cannot be answered. You can decline."
    others = sum(1 for other in plan.rows if other.claim == plan_row.claim)
    where = f" in all {others} credentials" if others > 1 else ""
    return f"space: {'hide' if plan_row.send else 'send'} {label}{where}."


def outcome(request: Request, width: int) -> list[Block]:
    """After the decision: what really left, compared with what was agreed to."""
    word = words.stateword(words.REQUEST_WORDS[request.state])
    lines: list[Content] = [join(word, "  ", words.party(request.requester))]
    told = request.outcome
    if told is not None:
        lines += [Content("")]
        if told.matches_consent is not None:
            good = told.matches_consent
            says = (
                "what was revealed is what you agreed to"
                if good
                else "what was revealed differs from what you agreed to"
            )
            lines += fold(
                join(words.result("pass" if good else "fail"), "  ", says), width, indent=11, first=0
            )
        elif request.state == "sent":
            lines += fold(
                join(words.result("unknown"), "  what was revealed has not been compared yet"),
                width,
                indent=11,
                first=0,
            )
        lines += fold(safe_text(told.detail, 400), width) if told.detail else []
        names = Content(", ").join([safe_text(path, 80) for path in told.sent_claims])
        if told.sent_claims:
            lines += [
                Content(""),
                heading("What was revealed or proved"),
                *fold(names, width, indent=2),
            ]
    if request.error is not None:
        lines += fold(
            join(
                ("✗ ", "$text-error"),
                safe_text(request.error.detail, 300),
                " ",
                safe_text(request.error.hint, 300),
            ),
            width,
        )
    lines += [Content(""), Content("It is in your history (area 4).")]
    return [Block(lines)]

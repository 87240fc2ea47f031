"""The consent screen in words: who asks, what would be sent line by line, what they will and will not see.

Pure layout. Every value is shown in full up to `VALUE_CHARS`, folded under itself: a value that is cut off
cannot be agreed to. What stands in the rows, the flags and the links is the agent's (`agent.core.consent`); the words
around them are ours.
"""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from wallet_tui import words
from wallet_tui.i18n import t, tn
from wallet_tui.layout import Cell, fit, fold, heading, join, labelled, row
from wallet_tui.request_model import Plan, PlanCredential, PlanRow, Request
from wallet_tui.safe_text import clean, safe_text
from wallet_tui.screens.base import BLANK
from wallet_tui.screens.consent_changes import NONE, Changes
from wallet_tui.widgets.document import Block

VALUE_CHARS = 4000
HEAD_PURPOSE_LINES = 2
ROW_KEY = "row:"
LABEL_WIDTH = 20


def host_of(request: Request) -> str:
    """The name the question uses: the verified host, or the DID, never the display name."""
    return clean(request.requester.host or request.requester.did, 60) or t("an unnamed requester")


def question(request: Request, number: int) -> str:
    many = tn("Send {n} item to {host}? y/N", "Send {n} items to {host}? y/N", number)
    return many.format(n=number, host=host_of(request))


def share_label(number: int) -> str:
    return tn("Share {n} item…", "Share {n} items…", number).format(n=number) if number else t("Share…")


def header(request: Request, width: int, now: datetime) -> list[Content]:
    """Docked above the body; at most seven lines."""
    until = words.expiry(request.expires_at, now)
    name = safe_text(request.requester.name or request.requester.host, 80)
    asks = join(name.stylize_before("bold"), (f"  {t('asks for your data')}", "bold"))
    lines = [join(fit(asks, width - len(until) - 2), "  ", until)]
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
        join(t("Identity checked:"), " ", safe_text(request.identity.how, 200)),
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
        return [Content(t("They give no purpose."))]
    said = join(t("They say:"), " “", safe_text(request.purpose, 600), "”")
    return fold(said, width, indent=10, first=0)


def retention(request: Request) -> str:
    if request.retention_days is None:
        return t("They do not say how long they keep it.")
    days = request.retention_days
    said = tn("They say they keep it {n} day.", "They say they keep it {n} days.", days).format(n=days)
    return f"{said} {t('What is sent cannot be recalled.')}"


def body(request: Request, width: int, *, with_preview: bool, changed: Changes = NONE) -> list[Block]:
    """What changed, flags, the lines to decide, and (in one pane) the preview below them."""
    blocks: list[Block] = []
    if changed:
        blocks += [Block(_changed(changed, width)), BLANK]
    if request.error is not None:
        blocks += [Block(_failed(request, width)), BLANK]
    blocks += _flags(request, width)
    if len(purpose_lines(request, width)) > HEAD_PURPOSE_LINES:
        blocks += [Block([heading(t("Their purpose in full")), *purpose_lines(request, width)]), BLANK]
    if request.missing or request.plan is None or not request.plan.satisfied:
        blocks += [Block(_missing(request, width)), BLANK]
    if request.plan is not None:
        blocks += rows(request.plan, width, changed)
        if with_preview:
            blocks += [BLANK, *preview(request.plan, width)]
    return blocks


def _changed(changed: Changes, width: int) -> list[Content]:
    lines = [Content.styled(t("≠ Changed since it was shown. Nothing was sent."), "bold $text-warning")]
    for sentence in changed.said:
        lines += fold(join("· ", sentence), width, indent=4, first=2)
    if changed.rows:
        number = len(changed.rows)
        marked = tn("{n} line below is marked with ≠.", "{n} lines below are marked with ≠.", number)
        lines += fold(Content(f"· {marked.format(n=number)}"), width, indent=4, first=2)
    return lines


def _failed(request: Request, width: int) -> list[Content]:
    if request.error is None:
        return []
    title = t("✗ The last attempt failed. Nothing was sent; you can decide again.")
    said = join(safe_text(request.error.detail, 300), " ", safe_text(request.error.hint, 300))
    return [
        *fold(Content.styled(title, "$text-error bold"), width, indent=2, first=0),
        *fold(said, width, indent=2),
    ]


def _flags(request: Request, width: int) -> list[Block]:
    """What concerns the whole request; what concerns one line stands at that line, if there is one."""
    at_rows = {row.claim for row in request.plan.rows if row.flag} if request.plan is not None else set()
    whole = [flag for flag in request.flags if flag.claim not in at_rows]
    number = len({flag.claim for flag in request.flags} & at_rows)
    lines: list[list[Content]] = [
        fold(join(("⚑ ", "bold $text-warning"), safe_text(flag.text, 400)), width, indent=2, first=0)
        for flag in whole
    ]
    if number:
        said = tn(
            "They ask for {n} thing more than this needs: marked with ⚑ below.",
            "They ask for {n} things more than this needs: marked with ⚑ below.",
            number,
        ).format(n=number)
        lines.append(fold(join(("⚑ ", "bold $text-warning"), said), width, indent=2, first=0))
    return [*(Block(each) for each in lines), BLANK] if lines else []


def rows(plan: Plan, width: int, changed: Changes = NONE) -> list[Block]:
    """One selectable block per row of the plan, under the credential it comes from. None is left out."""
    blocks: list[Block] = [Block([heading(t("You decide"), t("space switches an optional line"))])]
    if plan.note:
        blocks.append(Block(fold(join("! ", safe_text(plan.note, 400)), width, indent=2, first=0)))
    last: str | None = None
    for plan_row in plan.rows:
        if plan_row.item != last:
            last = plan_row.item
            blocks.append(Block(_source(plan_row, plan.credential(plan_row.item), width)))
        blocks.append(Block(row_lines(plan_row, width, changed.rows.get(plan_row.id)), ROW_KEY + plan_row.id))
    return blocks


def _source(plan_row: PlanRow, credential: PlanCredential | None, width: int) -> list[Content]:
    title = credential.title if credential is not None else plan_row.credential_title
    lines = fold(
        join((f"{t('From')} ", "$muted"), safe_text(title).stylize_before("bold")),
        width,
        indent=5,
        first=0,
        max_lines=3,
    )
    if credential is not None:
        lines += fold(words.party(credential.issuer), width, indent=5, max_lines=2)
        others = len(credential.others)
        if others:
            said = tn("c: {n} other would fit", "c: {n} others would fit", others).format(n=others)
            lines += fold(Content.styled(said, "$muted"), width, indent=5)
    return lines


def row_lines(plan_row: PlanRow, width: int, changed: Content | None = None) -> list[Content]:
    """``SEND  label  value  required``; a long value, what is sent instead of it and why it is flagged go below."""
    send, hide = t("SEND"), t("HIDE")
    state = Content.styled(send, "bold $text-warning") if plan_row.send else Content.styled(hide, "$muted")
    state_width = max(len(send), len(hide)) + 1
    need_width = max(len(t("required")), len(t("optional")))
    need = t("required") if plan_row.required else t("optional")
    label_width = min(LABEL_WIDTH, max(10, width // 4))
    room = width - state_width - label_width - need_width - 3
    value = fold(safe_text(plan_row.value, VALUE_CHARS), room)
    style = "" if plan_row.send else "$muted"
    label = fold(safe_text(plan_row.label or plan_row.claim, 120), label_width)
    lines = [
        row(
            width,
            Cell(state if index == 0 else "", state_width),
            Cell(label[index] if index < len(label) else "", label_width),
            Cell(value[index] if index < len(value) else "", None, style=style),
            Cell(need if index == 0 else "", need_width, style="$muted"),
        )
        for index in range(max(len(value), len(label)))
    ]
    indent = state_width + 1

    def below(mark: str, style: str, said: Content) -> list[Content]:
        return fold(join((f"{mark} ", style), said), width, indent=indent + 2, first=indent)

    if plan_row.send and plan_row.sent_as != plan_row.value:
        lines += below(t("they see:"), "$text-accent", safe_text(plan_row.sent_as, VALUE_CHARS))
    if plan_row.flag:
        lines += below("⚑", "bold $text-warning", safe_text(plan_row.flag, 400))
    if changed is not None:
        lines += below(t("≠ changed:"), "bold $text-warning", changed)
    return lines


def preview(plan: Plan, width: int) -> list[Block]:
    """What they will see, will not see, and what links this to earlier shares."""
    label = LABEL_WIDTH if width >= 64 else 14
    seen: list[Content] = [heading(t("What they will see"))]
    last: str | None = None
    several = len({item.item for item in plan.sees}) > 1
    for shown in plan.sees:
        if several and shown.item != last:
            last = shown.item
            credential = plan.credential(shown.item)
            title = safe_text(shown.item if credential is None else credential.title)
            seen += fold(title, width, indent=1, max_lines=2)
        seen += labelled(
            safe_text(shown.label, 120), safe_text(shown.value, VALUE_CHARS), width, label_width=label
        )
    if not plan.sees:
        seen.append(Content(f"  {t('nothing')}"))
    unseen: list[Content] = [Content(""), heading(t("What they will not see"))]
    for hidden in plan.not_sees:
        unseen += labelled(safe_text(hidden.label, 120), safe_text(hidden.why, 300), width, label_width=label)
    if not plan.not_sees:
        unseen.append(Content(f"  {t('nothing is kept back')}"))
    links: list[Content] = [Content(""), heading(t("What links this to earlier shares"))]
    for sentence in plan.links:
        links += fold(join("· ", safe_text(sentence, 600)), width, indent=4, first=2)
    if not plan.links:
        links.append(Content(f"  {t('not stated')}"))
    blocks = [Block(seen), Block(unseen), Block(links)]
    if plan.left_out:
        left: list[Content] = [Content(""), heading(t("Not used"))]
        for item in plan.left_out:
            left += fold(
                join(safe_text(item.title, 120), ": ", safe_text(item.why, 300)), width, indent=4, first=2
            )
        blocks.append(Block(left))
    return blocks


def _missing(request: Request, width: int) -> list[Content]:
    title = t("✗ What you hold does not satisfy this request")
    lines = [Content.styled(title, "$text-error bold")]
    for sentence in request.missing:
        lines += fold(join(t("missing:"), " ", safe_text(sentence, 400)), width, indent=4, first=2)
    if not request.missing:
        lines += fold(Content(t("The service does not say what is missing.")), width, indent=2)
    lines += fold(Content(t("You can decline it, or leave it open and come back.")), width, indent=2)
    return lines


def why_fixed(plan_row: PlanRow, plan: Plan) -> str:
    """The sentence about switching this row."""
    label = clean(plan_row.label or plan_row.claim, 60)
    if plan_row.locked:
        why = clean(plan_row.locked, 200)
        return t("{label} cannot be switched: {why}").format(label=label, why=why)
    if plan_row.required:
        text = t("{label} is required: without it the request cannot be answered. You can decline.")
        return text.format(label=label)
    others = sum(1 for other in plan.rows if other.claim == plan_row.claim)
    if others > 1:
        text = (
            t("space: hide {label} in all {n} credentials.")
            if plan_row.send
            else t("space: send {label} in all {n} credentials.")
        )
    else:
        text = t("space: hide {label}.") if plan_row.send else t("space: send {label}.")
    return text.format(label=label, n=others)


def outcome(request: Request, width: int, agreed: tuple[str, ...] = ()) -> list[Block]:
    """After the decision: what really left, compared with what was agreed to.

    ``agreed`` are the paths that this screen displayed when it was agreed to, where that was here: then the wallet
    compares them itself, beside the service's own comparison.
    """
    word = words.stateword(words.REQUEST_WORDS[request.state])
    lines: list[Content] = [join(word, "  ", words.party(request.requester))]
    told = request.outcome
    if told is not None:
        lines += [Content("")]
        revealed = tuple(sorted(path.raw for path in told.sent_claims))
        good = told.matches_consent
        if good and agreed and revealed != agreed:
            good = False
        if good is not None:
            says = (
                t("what was revealed is what you agreed to")
                if good
                else t("what was revealed differs from what you agreed to")
            )
            result = words.result("pass" if good else "fail")
            lines += fold(join(result, "  ", says), width, indent=11, first=0)
        elif request.state == "sent":
            says = t("what was revealed has not been compared yet")
            lines += fold(join(words.result("unknown"), "  ", says), width, indent=11, first=0)
        lines += fold(safe_text(told.detail, 400), width) if told.detail else []
        names = Content(", ").join([safe_text(path, 80) for path in told.sent_claims])
        if told.sent_claims:
            title = heading(t("What was revealed or proved"))
            lines += [Content(""), title, *fold(names, width, indent=2)]
    if request.error is not None:
        said = join(safe_text(request.error.detail, 300), " ", safe_text(request.error.hint, 300))
        lines += fold(join(("✗ ", "$text-error"), said), width)
    lines += [Content(""), *fold(Content(t("It is in your history (area 4).")), width)]
    return [Block(lines)]

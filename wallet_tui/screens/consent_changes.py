"""What is different between the request on the screen and the same request read again. Pure.

Compared is everything that was decided on: who asks, what for, until when, and every line. The derived preview
(what they see, what links it to earlier shares) is left out on purpose: it carries times of its own, and follows
from the lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from textual.content import Content

from wallet_tui.i18n import t
from wallet_tui.layout import join
from wallet_tui.request_model import PlanRow, Request
from wallet_tui.safe_text import safe_text


@dataclass(frozen=True, slots=True)
class Changes:
    """``said`` are whole sentences about the request; ``rows`` says of a line of the new plan how it was before."""

    said: tuple[Content, ...] = ()
    rows: Mapping[str, Content] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.said or self.rows)


NONE = Changes()


def changes(shown: Request, fresh: Request) -> Changes:
    """Empty when nothing differs."""
    said: list[Content] = []
    if fresh.state != shown.state:
        said.append(Content(t("The request is in another state now.")))
    if (fresh.requester, fresh.identity) != (shown.requester, shown.identity):
        said.append(Content(t("The requester's identity changed.")))
    if fresh.expires_at != shown.expires_at:
        said.append(Content(t("Its expiry changed.")))
    if (fresh.purpose, fresh.retention_days) != (shown.purpose, shown.retention_days):
        said.append(Content(t("Its purpose or retention changed.")))
    if fresh.flags != shown.flags:
        said.append(Content(t("What is noticed about the request changed.")))
    if shown.plan is None:
        return Changes(tuple(said))
    if fresh.plan is None:
        said.append(Content(t("What you hold does not satisfy it any more.")))
        return Changes(tuple(said))
    before = {row.id: row for row in shown.plan.rows}
    after = {row.id: row for row in fresh.plan.rows}
    for item in fresh.plan.credentials:
        old = shown.plan.credential(item.item)
        if old is not None and old.id != item.id:
            said.append(join(t("Another credential would answer. It was:"), " ", safe_text(old.title, 120)))
    said += [
        join(t("This line is no longer there:"), " ", safe_text(gone.label or gone.claim, 60))
        for id, gone in before.items()
        if id not in after
    ]
    rows = {id: how for id, row in after.items() if (how := _row_change(before.get(id), row)) is not None}
    if fresh.plan.hash != shown.plan.hash and not said and not rows:
        said.append(Content(t("Something that is not on the screen changed, such as the day.")))
    return Changes(tuple(said), rows)


def _row_change(before: PlanRow | None, row: PlanRow) -> Content | None:
    if before is None:
        return Content(t("this line is new"))
    if before == row:
        return None
    if before.send != row.send:
        return Content(t("it was SEND") if before.send else t("it was HIDE"))
    if before.value != row.value:
        return join(t("it was:"), " ", safe_text(before.value, 400))
    if before.sent_as != row.sent_as:
        return join(t("they would have seen:"), " ", safe_text(before.sent_as, 400))
    return Content(t("it is required or proved differently than before"))

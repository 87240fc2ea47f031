"""What the admin API answers: documents of the vault in the shapes that the terminal and the CLI show."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent.core import claims
from agent.core.attributes import to_attributes
from agent.core.profiles import profiles_met
from agent.core.record import Record, host_of, text
from agent.core.verdict import Check, Result, combine
from agent.services.bus import Bus

if TYPE_CHECKING:
    from agent.formats.envelope import Envelope
    from agent.store.vault import Document

MAX_SEARCH = 600  # characters


def party(did: str, name: str) -> Document:
    """Someone else: the name is theirs, the host is what was verified; both are always shown together."""
    return {"did": did, "host": host_of(did) or did, "name": name}


@contextmanager
def step(bus: Bus, exchange: str, name: str, done: list[Document] | None = None) -> Iterator[None]:
    """A named step of something long: published when it starts and ends, with its seconds."""
    start = time.monotonic()
    bus.publish("step", exchange=exchange, name=name, seconds=0.0, state="running")
    state = "failed"
    try:
        yield
        state = "done"
    finally:
        seconds = round(time.monotonic() - start, 3)
        if done is not None:
            done.append({"name": name, "seconds": seconds})
        bus.publish("step", exchange=exchange, name=name, seconds=seconds, state=state)


def claim_rows(record: Record, *, stated: bool = True) -> list[dict[str, str]]:
    """Every claim the record makes, in words, in the order of the claim vocabulary.

    ``stated``: its issuer states which profiles it meets, as ours do in AnonCreds credentials.
    """
    attributes = to_attributes(record, profiles_met=profiles_met(record))
    rows = []
    for claim in claims.CLAIMS.values():
        if claim.name == "profiles_met" and not stated:
            continue
        value = claims.display_claim(claim.name, attributes)
        if (
            claim.name == "credit" and record.credit is None
        ):  # the attribute says 0, because it has to be a number
            value = "not stated"
        if value:
            rows.append({"name": claim.name, "label": claim.label, "value": value})
    return rows


def check_state(checks: list[Document]) -> Document:
    """State, counts and a headline of stored checks; all three states are counted, none is hidden."""
    typed = [Check.from_json(check) for check in checks]
    state = combine(typed)
    counts = {str(result): sum(check.result is result for check in typed) for result in Result}
    worst = next((check for check in typed if check.result is state), None)
    if state is Result.PASS or worst is None:
        headline = f"{counts['pass']} of {len(typed)} checks pass"
    else:
        headline = f"{worst.label}: {worst.detail}"
    return {"state": str(state), "counts": counts, "headline": headline}


def summary_of_record(record: Record) -> Document:
    return {
        "title": text(record.title),
        "credit": None
        if record.credit is None
        else {"system": record.credit.system, "value": record.credit.value},
        "eqf": None if record.level is None else record.level.eqf,
        "awarded_on": "" if record.awarded_on is None else record.awarded_on.isoformat(),
        "expires_on": None if record.expires_on is None else record.expires_on.isoformat(),
        "learner_name": record.learner.full_name,
    }


def credential_summary(credential: Document) -> Document:
    """As it stands in a list; with nothing on its shelf (see `on_shelf`)."""
    record = Record.from_json(credential["record"])
    envelope = _envelope(credential)
    return {
        "id": credential["id"],
        **summary_of_record(record),
        "issuer": credential["issuer"],
        "form": envelope.label,
        "envelope": envelope.name,
        "checked_at": credential["checked_at"],
        **check_state(credential["checks"]),
        "archived": False,
        "collections": [],
        "tags": [],
        "noted": False,
        "search": search_words(record)[:MAX_SEARCH],
    }


def search_words(record: Record) -> str:
    """What a person may look for beyond the title and the issuer: outcomes, description, skills by their last name."""
    said = [text(outcome.text) for outcome in record.outcomes]
    skills = [outcome.esco.rsplit("/", 1)[-1] for outcome in record.outcomes if outcome.esco]
    return " ".join(word for word in (*said, text(record.description), *skills) if word)


def on_shelf(summary: Document, shelf: Document | None) -> Document:
    """A summary with what its holder added; the beginning of the note is found by its words, too."""
    if shelf is None:
        return summary
    note = " ".join(str(shelf["note"]).split())[: MAX_SEARCH // 2]
    return summary | {
        "archived": shelf["archived"],
        "collections": shelf["collections"],
        "tags": shelf["tags"],
        "noted": bool(note),
        "search": f"{note} {summary['search']}".strip()[:MAX_SEARCH],
    }


def shelf_view(shelf: Document | None) -> Document:
    empty: Document = {"archived": False, "collections": [], "tags": [], "note": ""}
    return empty if shelf is None else {name: shelf[name] for name in empty}


def credential_detail(
    credential: Document, shared: list[Document], shelf: Document | None = None
) -> Document:
    record = Record.from_json(credential["record"])
    return {
        **on_shelf(credential_summary(credential), shelf),
        "record": credential["record"],
        "claims": claim_rows(record, stated="imported" not in credential),
        "checks": credential["checks"],
        "beside": credential.get("beside", []),
        "forms": [_envelope(each).label for each in (credential, *credential.get("also", {}).values())],
        "not_understood": [
            {"path": path, "text": words} for path, words in credential.get("imported", {}).get("unknown", [])
        ],
        "shared": shared,
        "shelf": shelf_view(shelf),
    }


def _envelope(held: Document) -> Envelope:
    from agent.formats.registry import (
        envelope_of,  # late: it loads all envelopes, and a verifier needs none here
    )

    return envelope_of(held)


def issued_view(offer: Document) -> Document:
    """An offer as its registrar sees it; of the badge only that it was given out, and whether it can be suspended."""
    badge = offer.get("badge")
    if not badge:
        return offer
    return offer | {"badge": {"given": True, "suspendable": "suspension" in badge["purposes"]}}


def offer_view(offer: Document) -> Document:
    record = Record.from_json(offer["record"])
    hidden = ("record", "cred_def_id", "thread_id", "institution_id", "badge")
    shown: dict[str, Any] = {name: value for name, value in offer.items() if name not in hidden}
    if offer.get("badge"):
        shown["badge"] = {name: offer["badge"].get(name, "") for name in ("state", "code", "detail")}
    return shown | summary_of_record(record) | {"claims": claim_rows(record)}

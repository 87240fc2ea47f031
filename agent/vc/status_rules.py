"""Step 6: has the issuer taken the credential back? (Bitstring Status List 1.0, section 3.2)

Every entry is read. A list is a credential itself, and counts only when its own signature holds, it is of the
credential's issuer, in force, and for the entry's purpose. A list that was not had, or that has run out, says
nothing: *unknown*. One that was had and does not hold is a fail, since somebody made it so.

A list's ``ttl`` says when to fetch it again and is for who fetches; here `validUntil` counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from agent.core.limits import parse_json
from agent.core.verdict import Check, Evidence, Result
from agent.errors import InputError
from agent.vc import model, status_list
from agent.vc.answers import Answer, failed, passed, unknown, worst
from agent.vc.dates_rules import in_force
from agent.vc.facts import Facts
from agent.vc.limits import VC_LIMITS
from agent.vc.secured import Relation, examine_signatures, open_document
from agent.vc.status_list import Entry, StatusList

MAX_ENTRIES: Final = 16
_LIST_BYTES = status_list.MAX_ENCODED_CHARS + 64 * 1024
_BAD = {status_list.REVOCATION: "revoked", status_list.SUSPENSION: "suspended"}
_INFORMATIVE = {"message", "refresh"}


@dataclass(slots=True)
class Lists:
    """The lists that one examination has judged, so that 32 credentials of one list verify it once."""

    facts: Facts
    judged: dict[tuple[str, str], StatusList | Answer] = field(default_factory=dict)

    def get(self, url: str, issuer: str) -> StatusList | Answer:
        if (url, issuer) not in self.judged:
            self.judged[url, issuer] = _list(url, issuer, self.facts)
        return self.judged[url, issuer]


def entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for entry in model.as_list(document.get("credentialStatus")) if isinstance(entry, dict)]


def list_urls(document: dict[str, Any]) -> list[str]:
    """The lists that `check_status` will ask for."""
    urls = (
        entry.get("statusListCredential")
        for entry in entries(document)[:MAX_ENTRIES]
        if model.types(entry) == (status_list.ENTRY_TYPE,)
    )
    return [url for url in urls if isinstance(url, str) and model.is_url(url)]


def check_status(document: dict[str, Any], issuer: str, lists: Lists, subject: str) -> Check:
    found = entries(document)
    if not found:
        return passed("The credential cannot be revoked.").check("status", subject)
    answers: list[Answer] = []
    evidence: list[Evidence] = []
    for entry in found[:MAX_ENTRIES]:
        answer, seen = _entry(entry, issuer, lists)
        answers.append(answer)
        evidence.extend(seen)
    if len(found) > MAX_ENTRIES:
        answers.append(unknown("too_many_entries", f"It has more than {MAX_ENTRIES} status entries."))
    return worst(answers).check("status", subject, evidence)


def _entry(raw: dict[str, Any], issuer: str, lists: Lists) -> tuple[Answer, list[Evidence]]:
    kinds = model.types(raw)
    if kinds != (status_list.ENTRY_TYPE,):
        return unknown("unsupported_status", "The status is of a kind that is not read here."), []
    try:
        entry = status_list.read_entry({**raw, "type": status_list.ENTRY_TYPE})
    except InputError as error:
        return _list_error(error), []
    found = lists.get(entry.url, issuer)
    answer, state = _value(entry, found)
    evidence = Evidence("status_list", entry.purpose[:100], state, url=entry.url)
    if entry.purpose in _INFORMATIVE:
        return passed(f"Its {entry.purpose} status changes nothing about whether it is valid."), [evidence]
    return answer, [evidence]


def _value(entry: Entry, found: StatusList | Answer) -> tuple[Answer, str]:
    """The answer of one entry and the state of its bit in words."""
    if isinstance(found, Answer):
        return found, "not known"
    if entry.purpose not in found.purposes:
        return failed(
            "status_list_purpose", "The status list is for another purpose than the entry."
        ), "not known"
    try:
        is_set = found.is_set(entry.index)
    except InputError as error:
        return failed(error.code, error.detail), "not known"
    state = "set" if is_set else "not set"
    if entry.purpose not in _BAD:
        return unknown("unsupported_purpose", "What this status means is not known here."), state
    word = _BAD[entry.purpose]
    if is_set:
        return failed(word, f"The issuer has {word} the credential."), state
    return passed(f"The issuer has not {word} the credential."), state


def _list(url: str, issuer: str, facts: Facts) -> StatusList | Answer:
    """3.2, steps 3 to 10: the list at ``url`` when it may be believed, else why not."""
    fetched = facts.documents.get(url)
    if fetched is None:
        return unknown("not_gathered", "The status list was not looked up.")
    if fetched.result is not Result.PASS:
        return Answer(fetched.result, fetched.reason, fetched.detail)
    try:
        text = fetched.content.decode("utf-8").strip()
        item: Any = text
        if not text.startswith("ey"):
            item = parse_json(
                fetched.content, max_bytes=_LIST_BYTES, max_depth=VC_LIMITS.json_depth, what="status list"
            )
    except UnicodeDecodeError:
        return unknown("status_list_unreadable", "What stands at the list's address is no text.")
    except InputError as error:
        return unknown("status_list_unreadable", error.detail)
    opened = open_document(item)
    if opened.problem is not None:
        return unknown("status_list_unreadable", opened.problem.detail)
    document = opened.document
    problem = _not_believed(document, url, issuer)
    if problem is not None:
        return problem
    signed = examine_signatures(opened, issuer, Relation.ASSERTION, facts)
    secure = worst([signed.signature, signed.key, signed.context])
    if secure.result is not Result.PASS:
        return Answer(secure.result, "status_list_not_secured", f"The status list: {secure.detail}")
    current = in_force(opened, facts.now)
    if current.result is not Result.PASS:
        # It was good once. Who keeps an old list back must not turn a good credential into a bad one.
        return unknown("status_list_not_in_force", f"The status list: {current.detail}")
    try:
        return status_list.read(document)
    except InputError as error:
        return _list_error(error)


def _not_believed(document: dict[str, Any], url: str, issuer: str) -> Answer | None:
    if model.check(document) or model.is_presentation(document):
        return failed("status_list_not_credential", "What stands at the list's address is no credential.")
    if model.id_of(document.get("issuer")) != issuer:
        return failed("status_list_wrong_issuer", "The status list is of another issuer than the credential.")
    if "id" in document and document["id"] != url:
        return failed("status_list_wrong_id", "The status list is another one than the one asked for.")
    return None


def _list_error(error: InputError) -> Answer:
    ours = error.code in {"too_large", "unsupported_status"}
    return (unknown if ours else failed)(error.code, error.detail)

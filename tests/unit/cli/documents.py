"""Documents of the agent service with one text in every place where text from outside can be."""

from __future__ import annotations

from typing import Any

type Document = dict[str, Any]


def party(text: str) -> Document:
    return {"did": text, "host": "uni.example", "name": text}


def check(text: str, result: str = "pass") -> Document:
    evidence = [{"kind": text, "label": text, "value": text, "url": text}]
    return {
        "code": text,
        "label": text,
        "result": result,
        "reason": text,
        "detail": text,
        "subject": text,
        "evidence": evidence,
    }


def claims(text: str) -> list[Document]:
    return [{"name": text, "label": text, "value": text}] * 2


def credential(text: str, state: str = "pass") -> Document:
    return {
        "id": f"0123456789{text}",
        "title": text,
        "credit": {"system": text, "value": text},
        "eqf": 6,
        "awarded_on": text,
        "expires_on": text,
        "learner_name": text,
        "issuer": party(text),
        "checked_at": text,
        "state": state,
        "counts": {"pass": 1, "fail": 0, "unknown": 0},
        "headline": text,
        "record": {text: text},
        "claims": claims(text),
        "checks": [check(text, state)],
        "beside": [check(text, "unknown")],
        "form": text,
        "forms": [text, text],
        "not_understood": [{"path": text, "text": text}],
        "shared": [{"at": text, "to": party(text), "claims": [text, text]}],
        "shelf": _shelf(text.encode("utf-8", "replace").decode()),
    }


def _shelf(text: str) -> Document:
    """The learner's own: a note has lines of its own, and the service keeps no half characters."""
    return {"archived": True, "collections": [text], "tags": [text], "note": text.replace("\n", " ")}


def visual_badge(text: str) -> Document:
    return {
        "id": f"0123456789{text}",
        "name": text,
        "kind": text,
        "title": text,
        "missing": [text, text],
        "carrier": text,
        "received_at": text,
        "not_understood": [{"path": text, "text": text}],
    }


def offer(text: str, state: str = "open") -> Document:
    return credential(text) | {
        "link": text,
        "state": state,
        "identity": {"how": text, "key": text},
        "received_at": text,
        "expires_at": text,
        "steps": [{"name": text, "seconds": 1.0}],
        "credential_id": None,
        "error": {"code": text, "detail": text, "hint": text},
    }


def plan(text: str) -> Document:
    row = {
        "claim": text,
        "label": text,
        "value": text,
        "send": True,
        "required": True,
        "locked": text,
        "sent_as": text,
        "credential": text,
        "credential_title": text,
        "item": text,
        "flag": text,
    }
    return {
        "hash": "0" * 64,
        "rows": [row, row | {"send": False, "required": False}],
        "credentials": [{"item": "c0", "id": text, "title": text, "others": [{"id": text, "title": text}]}],
        "sees": [{"item": text, "label": text, "value": text, "claim": text}],
        "not_sees": [{"label": text, "why": text}],
        "left_out": [{"title": text, "why": text, "id": text}],
        "links": [text],
        "note": text,
        "exact": True,
    }


def request(text: str, state: str = "open") -> Document:
    return {
        "id": f"0123456789{text}",
        "link": text,
        "state": state,
        "title": text,
        "purpose": text,
        "retention_days": 90,
        "requester": party(text),
        "identity": {"how": text, "key": text},
        "received_at": text,
        "expires_at": text,
        "flags": [{"code": text, "claim": text, "text": text}],
        "policy": {"title": text},
        "plan": plan(text),
        "missing": [text],
        "left_out": [{"title": text, "why": text}],
        "outcome": {"detail": text, "at": text, "sent_claims": [text], "matches_consent": True},
        "error": {"code": text, "detail": text, "hint": text},
    }


def verdict(text: str, result: str = "pass") -> Document:
    parts = [
        {"name": name, "label": text, "result": result, "checks": [check(text, result)]}
        for name in ("authentic", "quality_assured", "complete", "policy")
    ]
    return {"version": 1, "at": text, "parts": parts}


def asked(text: str, *results: str) -> Document:
    """An employer's request with one answer per result."""
    answers = [
        {
            "id": f"0123456789{text}",
            "state": "verified",
            "verdict": verdict(text, result),
            "items": [{"item": text, "shown": [{"label": text, "value": text, "item": text, "claim": text}]}],
        }
        for result in results
    ]
    return {
        "id": f"0123456789{text}",
        "link": text,
        "title": text,
        "state": "open",
        "policy": {},
        "flags": [{"code": text, "claim": text, "text": text}],
        "expires_at": text,
        "max_responses": 1,
        "responses": [answer["id"] for answer in answers],
        "declined": [{"at": text, "reason": text}],
        "answers": answers,
    }


def issued(text: str) -> Document:
    return {
        "id": text,
        "link": text,
        "state": "open",
        "title": text,
        "learner": text,
        "reason": text,
        "template": text,
        "expires_at": text,
    }


def examination(text: str) -> Document:
    """What `cairn verify FILE` shows."""
    item = {
        "item": "c0",
        "title": text,
        "issuer": party(text),
        "claims": claims(text),
        "not_understood": [{"path": text, "text": text}] * 30,
    }
    return {
        "kind": text,
        "carrier": "png",
        "result": "pass",
        "items": [item, item],
        "verdict": verdict(text),
        "beside": [check(text, "unknown")],
    }


def imported(text: str, how: str) -> Document:
    if how == "visual_badge":
        return {"import": how, "id": "0123456789", "name": text, "title": text, "missing": [text]}
    return credential(text) | {"import": how}


def history(text: str, *, intact: bool = True) -> Document:
    entry = {"seq": 1, "at": text, "kind": text, "party": party(text), "title": text, "claims": [text, text]}
    return {"entries": [entry], "intact": intact}


def notices(text: str) -> Document:
    about = {"what": text, "id": text}
    notice = {
        "id": text,
        "kind": text,
        "at": text,
        "title": text,
        "detail": text,
        "about": about,
        "seen": False,
    }
    return {"notices": [notice | {"party": party(text), "day": text}]}


def trust(text: str, result: str = "pass") -> Document:
    """Of a DID; without ``did`` and ``names`` of an institution."""
    report = {
        "activity": text,
        "decision": text,
        "status": text,
        "valid_from": text,
        "last_day": text,
        "in_force": False,
        "levels": [6],
        "programme": text,
        "url": text,
        "illustrative": True,
        "agency": {"name": text},
    }
    return {
        "did": text,
        "names": [text, text],
        "institution": {"id": text, "name": text, "countries": [text]},
        "result": result,
        "detail": text,
        "chain": [check(text), check(text, "unknown")],
        "bindings": [{"did": text, "institution_id": text, "detail": text, "result": "fail"}],
        "reports": [report, report | {"levels": None}],
        "reports_total": 2,
    }


def trust_found(text: str) -> Document:
    found = {"id": text, "name": text, "found_as": f"{text}.", "countries": [text], "dids": 1}
    return {
        "issuers": [party(text) | {"credentials": 2}],
        "institutions": [found, found],
        "total": 7,
        "list": {"check": check(text)},
    }


def stack(text: str) -> Document:
    member = {
        "credential_id": "held",
        "title": text,
        "issuer": {"did": text, "host": text, "name": text},
        "state": "counted",
        "counts": text,
        "credit": text,
        "credit_system": text,
        "reason": text,
        "eqf": 6,
        "code": text,
        "source": text,
        "before": [],
    }
    out = member | {"credential_id": "out", "state": "excluded"}
    out |= {"before": [{"id": "held", "why": text}, {"id": "nobody", "why": text}]}
    return {
        "places": [{"id": text, "title": text, "required": True, "missing": text}],
        "complaint": {"how": text, "process": text, "expected_resolution": text},
        "unit": text,
        "target": {"id": text, "title": text, "awarded_by": text},
        "counted": text,
        "required": text,
        "offered": text,
        "missing": text,
        "met": False,
        "members": [member, out],
        "route": text,
        "next": [text],
        "note": text,
    }


def draft(text: str) -> Document:
    return {
        "id": "0123456789",
        "name": text,
        "target": text,
        "title": text,
        "without": [text],
        "note": text,
        "saved_at": text,
    }


def pathway(text: str) -> Document:
    step = {"id": "a", "title": text, "issuer": text, "eqf": 6, "condition": text, "kind": "next"}
    step |= {"counts": text, "before": [{"id": "held", "why": "required"}]}
    nodes = [
        {"id": f"target:{text}", "kind": "target", "title": text},
        {"id": "place:p", "kind": "place", "title": text},
        {"id": "a", "kind": "next", "title": text},
    ]
    return {
        "target": {"id": text, "title": text, "awarded_by": text},
        "unit": text,
        "required": text,
        "counted": text,
        "remaining": text,
        "met": False,
        "closes": False,
        "steps": [step | {"alternatives": [{"title": text, "issuer": text}]}],
        "graph": {
            "nodes": nodes,
            "edges": [
                {"from": "place:p", "to": f"target:{text}", "counts": ""},
                {"from": "a", "to": "place:p", "counts": text},
            ],
        },
        "note": text,
    }


def status(text: str) -> Document:
    return {
        "version": 1,
        "name": text,
        "roles": [text],
        "lock": text,
        "lock_detail": text,
        "locks_in": None,
        "first_run": False,
        "agent": {"state": text, "detail": text},
        "registry": {
            "state": text,
            "url": text,
            "snapshot": {"seq": 1, "age_seconds": 60, "freshness": text, "kind": text},
            "copy": None,
            "root": text,
            "problem": text,
        },
        "inbox": {"offers": 1, "requests": 1},
        "demo": True,
        "did": text,
        "public_url": text,
        "ready_to_issue": True,
    }

"""Documents of the agent service as plain text: one fact a line, states as glyph and word."""

from __future__ import annotations

from typing import Any

from agent.cli.io import GLYPHS, out

type Document = dict[str, Any]


def credit(document: Document) -> str:
    given = document.get("credit")
    return f"{given['value']} {given['system'].upper()}" if given else "no credit"


def level(document: Document) -> str:
    return f"EQF {document['eqf']}" if document.get("eqf") else "no level"


def who(party: Document) -> str:
    """A name is never shown without the host it was verified for."""
    if not party["host"]:
        return "nobody who can be named"
    return f"{party['name']} ({party['host']})" if party["name"] else str(party["host"])


def credential_line(document: Document) -> None:
    out(
        f"{GLYPHS[document['state']]:<9}  {document['title']}  ·  {credit(document)}, {level(document)}"
        f"  ·  {who(document['issuer'])}  ·  {document['awarded_on'] or 'no date'}  ·  {document['form']}"
        f"  ·  {document['id'][:8]}"
    )


def shelf(document: Document) -> None:
    """What its holder added to a credential; nothing of it is the issuer's."""
    if document["archived"]:
        out("           archived: it is out of sight, and valid as before")
    for label, member in (("collections", "collections"), ("tags", "tags")):
        if document[member]:
            out(f"           {label}: {', '.join(document[member])}")
    for line in document["note"].split("\n") if document["note"] else []:
        out(f"           note: {line}")


def visual_badge_line(document: Document) -> None:
    """No glyph of a state: nothing about it was a check."""
    title = document["title"] or document["name"] or "a badge without a title"
    out(f"◇ visual badge only  {title}  ·  {document['id'][:8]}")


def visual_badge(document: Document) -> None:
    visual_badge_line(document)
    out(f"  {document['kind']}, received {document['received_at']}, id {document['id']}")
    lacks = ", ".join(document["missing"]) or "what a credential of this wallet needs"
    out(f"  it lacks {lacks}, so it can be looked at and counts for nothing")
    for row in document["not_understood"]:
        out(f"  {row['path']}: {row['text']}")


def checks(found: list[Document]) -> None:
    for check in found:
        subject = f", {item(check['subject'])}" if check["subject"] else ""
        detail = check["detail"] or check["reason"].replace("_", " ")
        out(f"  {GLYPHS[check['result']]:<9}  {check['label']}{subject}{': ' if detail else ''}{detail}")


def item(name: str) -> str:
    """``c0`` in words."""
    return f"credential {int(name[1:]) + 1}" if name[:1] == "c" and name[1:].isdecimal() else name


def credential(document: Document) -> None:
    out(document["title"])
    out(
        f"  {credit(document)}, {level(document)}, awarded on {document['awarded_on']} by {who(document['issuer'])}"
    )
    out(f"  id {document['id']}")
    out()
    out("What it says")
    for row in document["claims"]:
        out(f"  {row['label']}: {row['value']}")
    out()
    out(f"Checks, run {document['checked_at']}")
    checks(document["checks"])
    if document["beside"]:
        out("Beside the checks, deciding nothing")
        checks(document["beside"])
    out(f"Held as: {', '.join(document['forms'])}")
    for row in document["not_understood"]:
        out(f"  not understood, as it came: {row['path']}: {row['text']}")
    if "shelf" in document:
        shelf(document["shelf"])
    for share in document["shared"]:
        out(f"  shared with {who(share['to'])} on {share['at']}: {', '.join(share['claims'])}")


def offer(document: Document) -> None:
    out(f"Offer: {document['title']}")
    out(f"  from {who(document['issuer'])}")
    out(f"  {document['identity']['how']}")
    out(f"  {credit(document)}, {level(document)}, awarded on {document['awarded_on']}")
    out(f"  state {document['state']}, expires {document['expires_at']}, id {document['id']}")
    for row in document["claims"]:
        out(f"  {row['label']}: {row['value']}")
    out("Checks")
    checks(document["checks"])
    badge = document.get("badge")
    if badge:
        out(f"Open Badge: {badge['state']}{': ' if badge['detail'] else ''}{badge['detail']}")
    if document["error"]:
        out(f"  ✗ {document['error']['detail']} [{document['error']['code']}]")


def request(document: Document) -> None:
    out(f"Request: {document['title']}")
    out(f"  from {who(document['requester'])}")
    out(f"  identity: {document['identity']['how']}")
    out(f"  they say: “{document['purpose']}”, kept {document['retention_days']} days")
    out(f"  state {document['state']}, expires {document['expires_at']}, id {document['id']}")
    plan = document["plan"]
    at_rows = {row["claim"] for row in plan["rows"] if row["flag"]} if plan else set()
    for flag in document["flags"]:
        if flag["claim"] not in at_rows:
            out(f"  ▲ {flag['text']}")
    if plan:
        _plan(plan)
    for missing in document["missing"]:
        out(f"  missing: {missing}")
    for row in document.get("left_out", []):
        out(f"  not used: {row['title']}: {row['why']}")
    if document["outcome"]:
        out(f"  {document['outcome']['detail']}")
    if document["error"]:
        out(f"  ✗ {document['error']['detail']} [{document['error']['code']}]")


def _plan(plan: Document) -> None:
    out("What would be sent")
    for row in plan["rows"]:
        _row(row)
    for each in plan["credentials"]:
        for other in each["others"]:
            out(f"  would fit instead: --choose {each['item']}={other['id']}  {other['title']}")
    if plan["note"]:
        out(f"  ▲ {plan['note']}")
    out("What they will see")
    for row in plan["sees"]:
        out(f"  {item(row['item'])}: {row['label']}: {row['value']}")
    out("What they will not see")
    for row in plan["not_sees"]:
        out(f"  {row['label']}: {row['why']}")
    for row in plan["left_out"]:
        out(f"  not used: {row['title']}: {row['why']}")
    for sentence in plan["links"]:
        out(f"  {sentence}")
    out(f"hash {plan['hash']}")


def _row(row: Document) -> None:
    from agent.core.needs import REQUIRED_TEXT  # late: only this command needs policies

    verb = "SEND" if row["send"] else "HIDE"
    need = "required" if row["required"] else "optional"
    value = row["sent_as"] if row["send"] else row["value"]
    out(f"  {verb}  {row['label']}: {value}  ({need}; {row['credential_title']})")
    if row["send"] and row["locked"] not in ("", REQUIRED_TEXT):
        out(f"        {row['locked']}")
    if row["flag"]:
        out(f"        ▲ {row['flag']}")


def verdict(response: Document) -> None:
    out(f"Answer {response['id'][:8]}: {response['state']}")
    if response["verdict"] is None:
        return
    for each in response["items"]:
        out(f"  {item(each['item'])}")
        for row in each["shown"]:
            out(f"    {row['label']}: {row['value']}")
    parts(response["verdict"])


def parts(verdict: Document) -> None:
    """The four answers of a verdict, each with its rows; one that nobody asked for says so."""
    for part in verdict["parts"]:
        if not part["checks"]:
            out(f"– not asked  {part['label']}")
            continue
        out(f"{GLYPHS[part['result']]:<9}  {part['label']}")
        checks(part["checks"])

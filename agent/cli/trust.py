"""Who can be trusted, and why: institutions, DIDs, and the list that says so."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from agent.cli import show
from agent.cli.io import GLYPHS, As, Home, Json, client, out, out_json, run, segment
from agent.errors import EXIT_FAILED, EXIT_UNKNOWN

EXITS = {"pass": 0, "fail": EXIT_FAILED, "unknown": EXIT_UNKNOWN}


def trust(
    question: Annotated[
        str,
        typer.Argument(
            metavar="[SEARCH|DID|ID]", help="Words of a name, a host, a DID, or an institution's id in DEQAR."
        ),
    ] = "",
    *,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Fetch the registry's newest list first, if it answers.")
    ] = False,
    home: Home = None,
    as_: As = "learner",
    json_: Json = False,
) -> None:
    """Look up an issuer or institution: whose it is, who reviewed it, and why that is believed.

    Without a question: those whose credentials you hold. A DID, an id, or words that fit one institution only, show
    it in full; the exit code then says whether it is quality-assured today (0 yes, 1 no, 5 unknown).
    """

    async def work() -> dict[str, Any]:
        async with client(home, as_) as api:
            base = "/v1/wallet/trust"
            params = {"refresh": "true"} if refresh else {}
            if question.startswith("did:"):
                return await api.get(f"{base}/issuers/{segment(question)}", params=params)
            found = await api.get(base, params={"q": question, **params})
            if len(found["institutions"]) == 1 and not found["issuers"]:
                return await api.get(f"{base}/institutions/{segment(found['institutions'][0]['id'])}")
            return found

    document = run(work)
    whole = "chain" in document
    if json_:
        out_json(document)
    elif whole:
        _whole(document)
    else:
        _found(document)
    if whole and (code := EXITS.get(document["result"], EXIT_UNKNOWN)):
        raise typer.Exit(code)


def _found(document: dict[str, Any]) -> None:
    for each in document["issuers"]:
        count = each["credentials"]
        many = "one credential" if count == 1 else f"{count} credentials"
        out(f"your issuer  {show.who(each)}  ·  {many}  ·  {each['did']}")
    for each in document["institutions"]:
        known = f", found as {each['found_as']}" if each["found_as"] != each["name"] else ""
        dids = (
            "no DID bound"
            if not each["dids"]
            else "a DID bound"
            if each["dids"] == 1
            else f"{each['dids']} DIDs"
        )
        where = ", ".join(each["countries"]) or "no country"
        out(f"institution  {each['name']} ({where}){known}  ·  {dids}  ·  {each['id']}")
    more = document["total"] - len(document["institutions"])
    if more > 0:
        out(f"… and {more} more: add a word.")
    if not document["issuers"] and not document["institutions"]:
        out("Nothing is found. That is no judgement.")
    _check(document["list"]["check"])


def _whole(document: dict[str, Any]) -> None:
    institution = document["institution"]
    if "did" in document:
        out(document["did"])
        if document["names"]:
            out(f"  calls itself {', '.join(document['names'])} in your credentials")
    if institution:
        out(
            f"{institution['name']} ({institution['id']}), {', '.join(institution['countries']) or 'no country'}"
        )
    out(f"{GLYPHS[document['result']]}  {document['detail']}")
    out("Why")
    for check in document["chain"]:
        _check(check)
    if document["bindings"]:
        out("DIDs bound to it" if "did" not in document else "Bindings of this DID")
        for each in document["bindings"]:
            out(f"  {GLYPHS[each['result']]:<9}  {each['did']} is {each['institution_id']}: {each['detail']}")
    if document["reports"]:
        out(f"Reports of external quality assurance ({document['reports_total']})")
    for each in document["reports"]:
        _report(each)


def _report(report: dict[str, Any]) -> None:
    state = "in force" if report["in_force"] else "not in force today"
    levels = (
        "levels not stated" if report["levels"] is None else f"EQF {', '.join(map(str, report['levels']))}"
    )
    about = f" on {report['programme']}" if report["programme"] else ""
    made_up = ", illustrative: made for a demonstration" if report["illustrative"] else ""
    what = f"{report['activity']}{about}, {report['decision']}, {levels}, {report['status']}"
    who = f"by {report['agency']['name']}  ·  {state}{made_up}"
    out(f"  {report['valid_from']} to {report['last_day']}  {what}, {who}")
    if report["url"]:
        out(f"    {report['url']}")


def _check(check: dict[str, Any]) -> None:
    out(
        f"  {GLYPHS[check['result']]:<9}  {check['label']}: {check['detail'] or check['reason'].replace('_', ' ')}"
    )


def register(app: typer.Typer) -> None:
    app.command("trust")(trust)

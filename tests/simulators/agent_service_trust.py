"""History pages, the trust panel and notices of the simulated agent service; shapes as the real one answers."""

from __future__ import annotations

from typing import Any

from tests.simulators.agent_service_data import ATLANTIS, FHJ, KEY, MTU, NORTHWIND, NOW, check

Json = dict[str, Any]

REGISTRY = "did:web:registry.example"
MTU_ID = "DEQARINST7609"


def history_page(entries: list[Json], asked: dict[str, str]) -> tuple[list[Json], int]:
    """The part that was asked for, and how many fit; every word in title, kind, claims, outcome or party."""
    party = asked.get("party", "").casefold().split()
    wanted = asked.get("q", "").casefold().split()
    fit = [
        entry
        for entry in entries
        if all(word in " ".join(entry["party"].values()).casefold() for word in party)
        and all(word in f"{entry}".casefold() for word in wanted)
    ]
    older = [entry for entry in fit if entry["seq"] < int(asked.get("before", 10**9))]
    limit = int(asked.get("limit", len(older)))
    return older[max(0, len(older) - limit) :], len(fit)


def listing(**changes: Any) -> Json:
    found = {
        "url": "https://registry.example",
        "demo": True,
        "root": "pinned",
        "problem": "",
        "registry": REGISTRY,
        "seq": 8,
        "version": 41,
        "kind": "demo",
        "sha256": "1a" * 32,
        "issued_at": "2026-03-12T06:00:00Z",
        "signed_at": "2026-03-12T07:00:00Z",
        "checked_at": NOW,
        "age_seconds": 3 * 3600,
        "freshness": "fresh",
        "signed_by": KEY,
        "root_sha256": "2b" * 32,
        "sources": [
            {"file": "deqar-institutions.csv", "url": "https://eqar.example/data", "retrieved_at": NOW}
        ],
        "check": check(
            "registry_list", "Signed list", detail="list 8, 3 h old, demonstration data", sha256="1a" * 32
        ),
    }
    return found | changes


OLD = {
    "freshness": "dead",
    "age_seconds": 40 * 86_400,
    "check": check(
        "registry_list", "Signed list", "unknown", "snapshot_stale", "Too old to say anything about today."
    ),
}


def institution() -> Json:
    return {
        "id": MTU_ID,
        "name": MTU["name"],
        "names": ["Ollscoil Teicneolaíochta na Mumhan", "MTU"],
        "countries": ["IE"],
        "url": "https://eqar.example/institutions/7609",
        "website": "https://www.mtu.example",
        "founded": "2021-01-01",
        "closed": "",
        "identifiers": [{"resource": "DEQAR", "value": MTU_ID}],
    }


def chain(*, of_did: bool, held: int) -> list[Json]:
    found = []
    if held:
        found.append(
            check(
                "credential",
                "Your credentials",
                detail=f"{held} credentials of yours; the signature holds in {held}",
            )
        )
    if of_did:
        found.append(
            check("issuer", "Issuer's DID", detail=f"{MTU_ID}, level 2, since 2021-01-01", value=KEY)
        )
    found += [
        check(
            "institution",
            "Institution",
            detail=f"{MTU['name']} ({MTU_ID})",
            url="https://eqar.example/institutions/7609",
        ),
        check(
            "report",
            "Quality assurance",
            detail="institutional report, part of obligatory EQA system: 2022-06-30 to 2028-06-29.",
            url="https://qqi.example/reports/7609.pdf",
        ),
        check(
            "agency",
            "Agency registered",
            detail="Quality and Qualifications Ireland (QQI), registered 2014-06-01 to now at EQAR",
        ),
        listing()["check"],
    ]
    return found


def binding() -> Json:
    return {
        "did": MTU["did"],
        "host": MTU["host"],
        "institution_id": MTU_ID,
        "level": 2,
        "since": "2021-01-01",
        "until": "",
        "recorded_at": "2026-01-05T09:00:00Z",
        "thumbprint": KEY,
        "agreed": True,
        "result": "pass",
        "reason": "",
        "detail": "level 2: also checked by another way, by people; since 2021-01-01",
    }


def report(**changes: Any) -> Json:
    found = {
        "id": "7609",
        "agency": {
            "acronym": "QQI",
            "name": "Quality and Qualifications Ireland",
            "url": "https://eqar.example/agencies/qqi",
            "registered": [["2014-06-01", ""]],
        },
        "activity": "institutional",
        "status": "part of obligatory EQA system",
        "decision": "positive",
        "flag": "none",
        "valid_from": "2022-06-30",
        "last_day": "2028-06-29",
        "last_day_inferred": True,
        "in_force": True,
        "levels": [6, 7, 8],
        "programme": "",
        "url": "https://qqi.example/reports/7609.pdf",
        "illustrative": False,
    }
    return found | changes


def subject(*, did: str = "") -> Json:
    held = [{"id": "cred-1", "title": "Data Literacy for Industry 4.0", "state": "pass"}]
    found: Json = {
        "institution": institution(),
        "result": "pass",
        "reason": "",
        "detail": "Quality-assured today, as part of the official system.",
        "chain": chain(of_did=bool(did), held=2),
        "bindings": [binding()],
        "reports": [
            report(),
            report(
                in_force=False,
                levels=None,
                valid_from="2015-03-01",
                last_day="2021-02-28",
                illustrative=True,
                url="",
            ),
        ],
        "reports_total": 2,
        "credentials": held,
        "problem": "",
        "list": listing(),
    }
    if did:
        found |= {
            "did": did,
            "host": MTU["host"],
            "names": [MTU["name"]],
            "answered": {
                "by": "registry",
                "as_of": NOW,
                "unchecked": ["the level: none is stated, or it is not disclosed"],
            },
        }
    return found


def stranger(did: str, host: str, name: str) -> Json:
    why = "Nobody has shown that the digital identity belongs to an institution on this day."
    return subject(did=did) | {
        "host": host,
        "names": [name],
        "institution": None,
        "result": "unknown",
        "reason": "unknown_issuer",
        "detail": "The registry has no information about this issuer. That is not a judgement.",
        "chain": [check("issuer", "Issuer's DID", "unknown", "did_not_bound", why), listing()["check"]],
        "bindings": [],
        "reports": [],
        "reports_total": 0,
        "credentials": [],
    }


def issuers() -> list[Json]:
    return [
        MTU | {"credentials": 2, "institution_id": MTU_ID, "assured": {"pass": 2, "fail": 0, "unknown": 0}},
        ATLANTIS | {"credentials": 1, "institution_id": "", "assured": {"pass": 0, "fail": 0, "unknown": 1}},
    ]


def institutions() -> list[Json]:
    return [
        {"id": MTU_ID, "name": MTU["name"], "found_as": MTU["name"], "countries": ["IE"], "dids": 1},
        {
            "id": "DEQARINST0066",
            "name": FHJ["name"],
            "found_as": "FH Joanneum Graz",
            "countries": ["AT"],
            "dids": 0,
        },
    ]


def notices() -> list[Json]:
    def notice(
        kind: str,
        at: str,
        title: str,
        what: str,
        about: str,
        party: Json | None,
        *,
        day: str = "",
        seen: bool = False,
    ) -> Json:
        return {
            "id": f"{kind}:{about or 'stale'}",
            "kind": kind,
            "at": at,
            "title": title,
            "detail": f"{kind} of the simulator",
            "about": {"what": what, "id": about},
            "party": party or {"did": "", "host": "", "name": ""},
            "day": day,
            "seen": seen,
        }

    return [
        notice(
            "new_request",
            "2026-03-12T08:05:00Z",
            "Junior analyst, application 2026-118",
            "request",
            "req-1",
            NORTHWIND,
        ),
        notice(
            "new_offer",
            "2026-03-11T16:20:00Z",
            "Green Transition in Manufacturing",
            "offer",
            "offer-1",
            FHJ,
            seen=True,
        ),
        notice(
            "expires_soon",
            "2026-03-02T00:00:00Z",
            "Cyber Security & Safety Basics",
            "credential",
            "cred-3",
            FHJ,
            day="2026-04-01",
        ),
        notice("revoked", "2026-03-01T09:00:00Z", "Change and Risk Management", "credential", "cred-5", MTU),
        notice("list_old", "2026-02-28T09:00:00Z", "The registry's list is old", "list", "", None, seen=True),
    ]

"""What the simulated agent service knows: five credentials, two offers, two requests, two goals.

Institutions are illustrative; their DIDs lie under ``.example``.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

Json = dict[str, Any]

NOW = "2026-03-12T10:00:00+00:00"

MTU = {"did": "did:web:mtu.example", "host": "mtu.example", "name": "Munster Technological University"}
FHJ = {"did": "did:web:fh-joanneum.example", "host": "fh-joanneum.example", "name": "FH Joanneum"}
UOC = {"did": "did:web:uoc.example", "host": "uoc.example", "name": "Universitat Oberta de Catalunya"}
ATLANTIS = {
    "did": "did:web:atlantis-institute.example",
    "host": "atlantis-institute.example",
    "name": "Atlantis Institute",
}
NORTHWIND = {"did": "did:web:northwind.example", "host": "northwind.example", "name": "Northwind Energy"}
STERN = {"did": "did:web:stern-bau.example", "host": "stern-bau.example", "name": "Stern Bau GmbH"}

KEY = "Zk3vYw0q8y8nJ6m0aP2f5Jm1lq4nB7t9s2x5u8c1d4E"


def check(
    code: str, label: str, result: str = "pass", reason: str = "", detail: str = "", **evidence: str
) -> Json:
    proofs = [{"kind": "record", **evidence}] if evidence else []
    return {
        "code": code,
        "label": label,
        "result": result,
        "reason": reason,
        "detail": detail,
        "subject": "",
        "evidence": proofs,
    }


def checks(
    issuer: Json, *, listed: bool = True, revoked: bool = False, entry: bool = True, held: bool = True
) -> list[Json]:
    registry = "https://registry.example/v1/resolve"
    out = [
        check("signature", "Signature", detail="AnonCreds signature holds, key #key-1"),
        check(
            "issuer_key",
            "Issuer key",
            detail=f"key of {issuer['host']}, current",
            value=KEY,
            url=f"https://{issuer['host']}/.well-known/did.json",
            at="2026-03-12T09:58:00Z",
        ),
    ]
    if revoked:
        out.append(
            check(
                "status",
                "Status",
                "fail",
                "revoked",
                "revoked by the issuer on 2026-03-01",
                value="index 17 of the revocation list",
                sha256="9f" * 32,
                at="2026-03-12T09:58:00Z",
            )
        )
    else:
        out.append(
            check(
                "status",
                "Status",
                detail="not revoked at 09:58 today",
                sha256="5c" * 32,
                at="2026-03-12T09:58:00Z",
            )
        )
    out.append(check("dates", "Dates", detail="valid now, no expiry"))
    if held:
        out.append(check("holder", "Holder binding", detail="bound to this wallet's link secret"))
    if entry:
        out.append(check("complete", "Complete (Council)", detail="eleven of eleven elements"))
    else:
        out.append(
            check(
                "complete",
                "Complete (Council)",
                "unknown",
                "entry_requirements_missing",
                "entry requirements are not stated",
            )
        )
    if listed:
        out += [
            check(
                "institution",
                "Institution listed",
                detail=f"{issuer['name']}, in DEQAR sample",
                url=registry,
                at="2026-03-12T09:58:00Z",
            ),
            check(
                "accreditation",
                "Accreditation covers it",
                detail="institution level, EQF 6, on the date of award",
            ),
        ]
    else:
        out += [
            check(
                "institution",
                "Institution listed",
                "unknown",
                "no_information",
                "no list known to the registry mentions this issuer",
                url=registry,
            ),
            check(
                "accreditation",
                "Accreditation covers it",
                "unknown",
                "no_information",
                "no accreditation is known; that is not a no",
            ),
        ]
    out.append(
        check(
            "registry_list", "List fresh and signed", detail="demo list of 12 March, signed", sha256="1a" * 32
        )
    )
    return out


def claim(name: str, label: str, value: str) -> Json:
    return {"name": name, "label": label, "value": value}


def claims(title: str, issuer: Json, credit: str, eqf: int, awarded_on: str) -> list[Json]:
    return [
        claim("title", "Title", title),
        claim("issuer_name", "Issuer", issuer["name"]),
        claim("given_name", "Given name", "Ada"),
        claim("family_name", "Family name", "Byrne"),
        claim("birth_date", "Date of birth", "1998-04-05"),
        claim("awarded_on", "Awarded on", awarded_on),
        claim("ects", "ECTS", credit),
        claim("eqf_level", "EQF level", str(eqf)),
        claim(
            "outcomes",
            "Learning outcomes",
            "Reads, questions and cleans data sets; explains what a data set cannot show; "
            "documents where data came from and under which licence they may be used again.",
        ),
        claim("assessment_types", "Assessment", "project, oral exam"),
        claim("participation", "Participation", "blended"),
        claim("quality_assurance", "Quality assurance", "institution level, agency-reviewed"),
        claim("grade", "Grade", "1.3"),
        claim("language", "Language", "en"),
    ]


def credential(
    number: int,
    title: str,
    issuer: Json,
    credit: str,
    eqf: int,
    awarded_on: str,
    state: str,
    headline: str,
    **kind: bool,
) -> Json:
    made = checks(issuer, **kind)
    results = [item["result"] for item in made]
    return {
        "id": f"cred-{number}",
        "title": title,
        "credit": {"system": "ects", "value": credit},
        "eqf": eqf,
        "issuer": issuer,
        "awarded_on": awarded_on,
        "expires_on": None,
        "state": state,
        "counts": {name: results.count(name) for name in ("pass", "fail", "unknown")},
        "checked_at": "2026-03-12T09:58:00+00:00",
        "headline": headline,
        "learner_name": "Ada Byrne",
        "envelope": "anoncreds",
        "form": "AnonCreds credential",
        "archived": False,
        "collections": [],
        "tags": [],
        "noted": False,
        "search": "reads questions and cleans data sets",
        "record": {"outcomes": deepcopy(OUTCOMES)},
        "claims": claims(title, issuer, credit, eqf, awarded_on),
        "checks": made,
        "beside": [],
        "forms": ["AnonCreds credential"],
        "not_understood": [],
        "shared": [],
        "shelf": {"archived": False, "collections": [], "tags": [], "note": ""},
    }


OUTCOMES: list[Json] = [
    {"text": {"en": "Reads, questions and cleans data sets."}, "esco": "http://data.europa.eu/esco/skill/s1"},
    {"text": {"en": "Explains what a data set cannot show."}},
]


def shelve(held: Json, **change: Any) -> Json:
    """As the service keeps it: in the detail, and again in the row of the list."""
    held["shelf"] |= change
    held |= {name: held["shelf"][name] for name in ("archived", "collections", "tags")}
    held["noted"] = bool(held["shelf"]["note"])
    return held


def badges() -> list[Json]:
    return [
        {
            "id": "badge-1",
            "name": "welding.png",
            "kind": "PNG image with an Open Badge 2.0 inside",
            "title": "Welding Safety",
            "missing": ["learner", "criteria"],
            "carrier": "png",
            "received_at": "2026-03-01T09:00:00+00:00",
            "not_understood": [{"path": "badge.extra", "text": "a word of theirs"}],
        }
    ]


def credentials() -> list[Json]:
    made = [
        credential(
            1, "Data Literacy for Industry 4.0", MTU, "5", 6, "2026-02-14", "pass", "Every check passed."
        ),
        credential(
            2,
            "Human-Machine Interaction in Production",
            FHJ,
            "3",
            6,
            "2025-11-30",
            "pass",
            "Every check passed.",
        ),
        credential(
            3,
            "Cyber Security & Safety Basics",
            UOC,
            "4",
            6,
            "2025-10-02",
            "unknown",
            "Authentic and listed; entry requirements are not stated.",
            entry=False,
        ),
        credential(
            4,
            "Quantum Leadership Mastery",
            ATLANTIS,
            "10",
            8,
            "2026-01-20",
            "unknown",
            "Authentic, but no list says anything about this issuer.",
            listed=False,
        ),
        credential(
            5,
            "Change and Risk Management",
            MTU,
            "3",
            6,
            "2025-06-18",
            "fail",
            "Revoked by its issuer.",
            revoked=True,
        ),
    ]
    made[0]["forms"].append("Open Badge")
    made[1]["record"]["outcomes"][1] = {"text": {"en": "Designs a safe place of work."}}
    made[3] |= {
        "forms": ["Open Badge"],
        "beside": [
            check(
                "second_opinion",
                "Signature, by DIDKit",
                "fail",
                "bad_signature",
                "DIDKit finds that it does not hold.",
            ),
            check(
                "opinions_agree",
                "Both say the same",
                "fail",
                "opinions_disagree",
                "Ours says pass, DIDKit says fail.",
            ),
        ],
        "not_understood": [
            {"path": f"credentialSubject.achievement.extra[{number}]", "text": f"a word of theirs, {number}"}
            for number in range(30)
        ],
    }
    made[0]["shared"] = [
        {"at": "2026-03-02T08:30:00+00:00", "to": NORTHWIND, "claims": ["title", "awarded_on"]}
    ]
    return made


def offer(number: int, title: str, issuer: Json, credit: str, eqf: int, *, listed: bool = True) -> Json:
    code = f"OFFER{number}"
    return {
        "id": f"offer-{number}",
        "link": f"https://{issuer['host']}/o/{code}",
        "state": "open",
        "issuer": issuer,
        "identity": {"how": f"signed by the key that {issuer['host']} publishes (did:web)", "key": KEY},
        "received_at": "2026-03-11T16:20:00+00:00",
        "expires_at": "2026-03-26T16:20:00+00:00",
        "title": title,
        "credit": {"system": "ects", "value": credit},
        "eqf": eqf,
        "awarded_on": "2026-03-10",
        "claims": claims(title, issuer, credit, eqf, "2026-03-10"),
        "checks": checks(issuer, listed=listed, held=False),
        "steps": [
            {"name": "resolve the issuer", "seconds": 0.2},
            {"name": "read the offer", "seconds": 0.1},
            {"name": "ask the registry", "seconds": 0.3},
            {"name": "make the preview", "seconds": 0.1},
        ],
        "credential_id": None,
        "error": None,
    }


def offers() -> list[Json]:
    return [
        offer(1, "Green Transition in Manufacturing", FHJ, "4", 6),
        offer(2, "Certified Astral Project Manager", ATLANTIS, "30", 8, listed=False),
    ]


#: For each request: claims wanted, as (claim, label, mode, required, flag).
WANTED: dict[str, list[tuple[str, str, str, bool, str]]] = {
    "req-1": [
        ("title", "Title", "reveal", True, ""),
        ("awarded_on", "Awarded on", "reveal", True, ""),
        ("eqf_level", "EQF level", "predicate", True, ""),
        ("ects", "ECTS", "reveal", True, ""),
        ("family_name", "Family name", "reveal", False, ""),
        ("grade", "Grade", "reveal", False, "They ask for more than the purpose needs."),
    ],
    "req-2": [
        ("title", "Title", "reveal", True, ""),
        (
            "nationality",
            "Nationality",
            "reveal",
            True,
            "Recognition law calls nationality irrelevant (002:1744).",
        ),
    ],
}


def request(number: int, requester: Json, title: str, purpose: str, days: int) -> Json:
    return {
        "id": f"req-{number}",
        "link": f"https://{requester['host']}/r/ASK{number}",
        "state": "open",
        "requester": requester,
        "identity": {
            "how": f"request signed by the key that {requester['host']} publishes (did:web)",
            "key": KEY,
        },
        "title": title,
        "purpose": purpose,
        "retention_days": days,
        "received_at": "2026-03-12T08:05:00+00:00",
        "expires_at": "2026-03-14T08:05:00+00:00",
        "flags": [],
        "missing": [],
        "outcome": None,
        "error": None,
    }


def requests() -> list[Json]:
    first = request(
        1,
        NORTHWIND,
        "Junior analyst, application 2026-118",
        "Shortlisting for junior analyst, application 2026-118",
        90,
    )
    second = request(2, STERN, "Site planner", "Personnel file", 3650)
    second["flags"] = [
        {
            "code": "legally_irrelevant",
            "claim": "nationality",
            "text": "They ask for your nationality. Recognition law calls it irrelevant; you need not give it.",
        }
    ]
    second["missing"] = ["no credential you hold states a nationality"]
    return [first, second]


def targets() -> list[Json]:
    return [
        {
            "id": "digital-production",
            "title": "Micro-degree Digital Production",
            "awarded_by": "MicroCredX consortium",
            "unit": "ects",
            "total": "15",
        },
        {
            "id": "data-basics",
            "title": "Certificate Data Basics",
            "awarded_by": "Munster Technological University",
            "unit": "ects",
            "total": "5",
        },
    ]


def member(
    name: str,
    title: str,
    issuer: Json,
    credit: str,
    eqf: int,
    counts: str,
    state: str,
    reason: str,
    *,
    code: str = "",
    place: str = "",
    before: tuple[str, ...] = (),
) -> Json:
    return {
        "credential_id": name,
        "title": title,
        "issuer": issuer,
        "credit": credit,
        "credit_system": "ects",
        "eqf": eqf,
        "counts": counts,
        "state": state,
        "is_offer": name.startswith("offer"),
        "code": code,
        "reason": reason,
        "place": place,
        "route": "",
        "source": "000:278",
        "prerequisites": "Data Literacy for Industry 4.0, or work with data." if before else "",
        "before": [{"id": each, "why": "required"} for each in before],
        "names_target": state == "counted",
    }


def stacks() -> dict[str, Json]:
    first, second = targets()
    members = [
        member(
            "cred-1",
            "Data Literacy for Industry 4.0",
            MTU,
            "5",
            6,
            "5",
            "counted",
            "an elective of this goal",
            place="more",
        ),
        member(
            "cred-2",
            "Human-Machine Interaction in Production",
            FHJ,
            "3",
            6,
            "3",
            "counted",
            "required by this goal",
            place="core",
        ),
        member(
            "offer-1",
            "Green Transition in Manufacturing",
            FHJ,
            "4",
            6,
            "4",
            "offered",
            "would count as an elective once accepted",
            place="more",
            before=("cred-1",),
        ),
        member(
            "cred-3",
            "Cyber Security & Safety Basics",
            UOC,
            "4",
            6,
            "0",
            "excluded",
            "whether it is still in force could not be checked",
            code="current_unknown",
        ),
        member(
            "cred-4",
            "Quantum Leadership Mastery",
            ATLANTIS,
            "10",
            8,
            "0",
            "excluded",
            "no list says anything about this issuer, and the goal accepts listed issuers only",
            code="quality_unknown",
        ),
        member(
            "cred-5",
            "Change and Risk Management",
            MTU,
            "3",
            6,
            "0",
            "excluded",
            "revoked by its issuer",
            code="not_current",
        ),
    ]
    return {
        "digital-production": {
            "target": first | {"minimum_eqf": 6},
            "unit": "ects",
            "required": "15",
            "counted": "8",
            "offered": "4",
            "missing": "3",
            "met": False,
            "members": members,
            "places": [
                {"id": "core", "title": "Human and machine", "required": True, "members": [], "missing": ""},
                {
                    "id": "more",
                    "title": "Electives",
                    "required": False,
                    "members": [],
                    "missing": "3 ECTS missing",
                },
            ],
            "complaint": {
                "how": "Write to the coordinator.",
                "process": "Two partners review the answer.",
                "expected_resolution": "Six weeks.",
            },
            "route": "Cyber Security & Safety Basics may count through recognition of prior learning: "
            "send outcomes and assessment to the consortium.",
            "note": "Recognition is decided by the MicroCredX consortium, not by this wallet.",
            "next": ["3 ECTS more at EQF 6 from a listed issuer, after the offer from FH Joanneum"],
        },
        "data-basics": {
            "target": second,
            "unit": "ects",
            "required": "5",
            "counted": "5",
            "offered": "0",
            "missing": "0",
            "met": True,
            "members": members[:1],
            "places": [],
            "complaint": None,
            "route": "",
            "note": "Recognition is decided by Munster Technological University, not by this wallet.",
            "next": [],
        },
    }


def draft() -> Json:
    return {
        "id": "draft-1",
        "name": "My year",
        "target": "digital-production",
        "title": targets()[0]["title"],
        "without": ["cred-2"],
        "note": "Ask the coordinator.",
        "saved_at": NOW,
    }


def history() -> list[Json]:
    def entry(seq: int, at: str, kind: str, party: Json, title: str, names: list[str], outcome: str) -> Json:
        return {
            "seq": seq,
            "at": at,
            "kind": kind,
            "party": party,
            "title": title,
            "claims": names,
            "request_hash": "7d" * 32 if kind in {"presented", "declined"} else "",
            "outcome": outcome,
            "prev": f"{seq - 1:064x}",
            "hash": f"{seq:064x}",
        }

    return [
        entry(
            1, "2026-02-14T12:00:00+00:00", "received", MTU, "Data Literacy for Industry 4.0", [], "stored"
        ),
        entry(
            2,
            "2026-03-01T09:00:00+00:00",
            "revoked",
            MTU,
            "Change and Risk Management",
            [],
            "seen in the revocation list",
        ),
        entry(
            3,
            "2026-03-02T08:30:00+00:00",
            "presented",
            NORTHWIND,
            "Internship",
            ["c0.title", "c0.awarded_on"],
            "sent; what was revealed matches the consent",
        ),
        entry(
            4, "2026-03-05T14:10:00+00:00", "declined", STERN, "Crane course", [], "the requester was told"
        ),
    ]


def pathways() -> dict[str, Json]:
    """What to earn next; the second goal is met, so the wallet does not ask."""
    (first, _) = targets()
    offered = {
        "id": "offer-1",
        "kind": "offered",
        "title": "Green Transition in Manufacturing",
        "issuer": FHJ["name"],
        "counts": "4",
        "eqf": 6,
        "condition": "",
        "place": "more",
        "before": [{"id": "cred-1", "why": "required"}],
        "alternatives": [],
    }
    step = {
        "id": "tampere/change-and-risk-management@1",
        "kind": "next",
        "title": "Change and Risk Management",
        "issuer": "Tampere University",
        "counts": "3",
        "eqf": 6,
        "condition": "with a grade of A, B (ECTS)",
        "place": "more",
        "before": [{"id": "cred-3", "why": "recommended"}],
        "alternatives": [{"id": "x", "title": "Another"}],
    }
    note = "A suggestion: each counts only if its issuer is quality-assured on the day of award."
    return {
        first["id"]: {
            "target": first,
            "closes": True,
            "remaining": "0",
            "steps": [offered, step],
            "note": note,
        },
    }

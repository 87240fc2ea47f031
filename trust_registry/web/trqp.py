"""TRQP v2 (ToIP Trust Registry Query Protocol): ``POST /authorization`` and ``POST /recognition``.

Authorization: may this DID *issue* an award (``action`` "issue", ``resource`` "micro-credential" or
"programme")? Answered by `Registry.resolve`; ``context`` may narrow the question by the members of
``/v1/resolve``. Recognition: is this quality-assurance agency, named by the address of its entry or as
``urn:cairn:agency:<acronym>``, on EQAR's register (``action`` "assure-quality", ``resource`` "higher-education")?

A boolean has no room for "cannot tell". So *true* is assured and nothing else; *false* is what is known to
lack assurance or evidence, with the outcome in ``message`` and ``context``; an unknown issuer is a 404 problem
and what cannot be answered a 503 problem, and neither is ever *false*.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from trust_registry import cover, strict_json
from trust_registry.dates import format_time, parse_time
from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.models import ASSURED, Query
from trust_registry.registry import Registry
from trust_registry.standing import require_usable
from trust_registry.vocabulary import AwardKind, Outcome, Reason
from trust_registry.web import examples
from trust_registry.web.describing import Content, operation
from trust_registry.web.directory import Directory
from trust_registry.web.limits import LIMITS
from trust_registry.web.params import UNCACHED, read_body
from trust_registry.web.schemas import ref

_ECHOED = ("entity_id", "authority_id", "action", "resource")
_NARROWING = ("key", "country", "eqf", "ects", "programme", "known_at")
_GRACE = timedelta(days=1)  # as resolve's: the asker's calendar may be ahead of ours


@dataclass(frozen=True, slots=True)
class Question:
    """A TRQP body that was understood. ``time`` None: not given, so the time of the answer counts."""

    entity_id: str
    authority_id: str
    action: str
    resource: str
    time: datetime | None
    time_text: str
    narrowing: dict[str, str]


def parse(body: bytes) -> Question:
    """`QueryError` for anything but the four members and a ``context`` of texts; no value is quoted."""
    try:
        data = strict_json.loads(body, max_bytes=LIMITS.body_bytes)
    except ValueError as error:
        raise QueryError("bad_body", "The body is not JSON.") from error
    if not isinstance(data, dict) or not set(_ECHOED) <= data.keys() <= {*_ECHOED, "context"}:
        raise QueryError("bad_body", f"The body has the members {', '.join(_ECHOED)} and may have context.")
    context = data.get("context", {})
    if not isinstance(context, dict) or not context.keys() <= {"time", *_NARROWING}:
        raise QueryError("bad_body", f"The members of context are time, {', '.join(_NARROWING)}.")
    for value in (*(data[name] for name in _ECHOED), *context.values()):
        if not isinstance(value, str) or not 0 < len(value) <= LIMITS.trqp_chars:
            raise QueryError("bad_body", f"Every member is a text of 1 to {LIMITS.trqp_chars} characters.")
    text = context.get("time", "")
    if "time" in context and not text.endswith("Z"):
        raise QueryError("bad_time", "context.time is not an RFC 3339 time with Z.")
    return Question(
        **{name: data[name] for name in _ECHOED},
        time=parse_time(text, "context.time") if "time" in context else None,
        time_text=text,
        narrowing={name: value for name, value in context.items() if name != "time"},
    )


def authorization(registry: Registry, question: Question, now: datetime) -> dict[str, Any]:
    """The answer; raises `TrustRegistryError` unknown_entity (404), cannot_tell (503) or a `QueryError`."""
    _check_authority(registry, question)
    if question.action != "issue" or question.resource not in list(AwardKind):
        raise QueryError(
            "unknown_action", "This registry speaks of action issue, resource micro-credential or programme."
        )
    when = _when(question, now)
    decision = registry.resolve(
        Query.from_params(
            {
                **question.narrowing,
                "did": question.entity_id,
                "awarded_on": when.date().isoformat(),
                "award_kind": question.resource,
            }
        ),
        now=now,
    )
    reasons = ", ".join(decision.reasons)
    if decision.outcome is Outcome.UNKNOWN_ISSUER:
        raise TrustRegistryError("unknown_entity", "This entity is not known here at that time.", reasons)
    if decision.outcome is Outcome.INDETERMINATE:
        raise TrustRegistryError("cannot_tell", "This cannot be told at present.", reasons)
    return {
        **_common(question, now),
        "authorized": decision.outcome in ASSURED,
        "message": f"{decision.outcome}: {reasons}" if reasons else str(decision.outcome),
        "context": {
            "outcome": str(decision.outcome),
            "scope": str(decision.scope),
            "seq": str(decision.snapshot.seq),
        },
    }


def recognition(
    registry: Registry, directory: Directory, question: Question, now: datetime
) -> dict[str, Any]:
    _check_authority(registry, question)
    if (question.action, question.resource) != ("assure-quality", "higher-education") or question.narrowing:
        raise QueryError(
            "unknown_action", "This registry recognises for action assure-quality, resource higher-education."
        )
    when = _when(question, now)
    acronym = directory.agency_acronym(question.entity_id)
    agency = registry.snapshot.agency(acronym) if acronym is not None else None
    if agency is None:
        raise TrustRegistryError("unknown_entity", "This agency is not known here.")
    require_usable(registry, now)
    day, seq = when.date(), registry.snapshot.manifest.seq
    registered, voided = cover.registered(agency, day), cover.voided(agency, day, now)
    said = Reason.AGENCY_VOIDED if voided else "registered" if registered else Reason.AGENCY_NOT_REGISTERED
    return {
        **_common(question, now),
        "recognized": registered and not voided,
        "message": f"{said} on EQAR's register on {day}, by list {seq}",
        "context": {"outcome": str(said), "seq": str(seq)},
    }


def mount(app: FastAPI, registry: Registry, directory: Directory, clock: Callable[[], datetime]) -> None:
    @app.post(
        "/authorization",
        openapi_extra=operation(
            "authorization",
            "TRQP: may this DID issue such an award?",
            Content(ref("AuthorizationAnswer"), examples.MAY_ISSUE_ANSWER),
            tag="TRQP",
            more="*true* is assured and nothing else; *false* is what is known to lack assurance or evidence."
            " An unknown issuer is 404, and what cannot be told 503.",
            body=Content(ref("AuthorizationQuestion"), examples.MAY_ISSUE),
            problems=(404, 503),
            caching="no-store",
        ),
    )
    async def authorize(request: Request) -> Response:
        question = parse(await read_body(request, LIMITS.body_bytes))
        answer = await run_in_threadpool(authorization, registry, question, clock())
        return JSONResponse(answer, headers=UNCACHED)

    @app.post(
        "/recognition",
        openapi_extra=operation(
            "recognition",
            "TRQP: is this quality-assurance agency on EQAR's register?",
            Content(ref("RecognitionAnswer"), examples.RECOGNIZED_ANSWER),
            tag="TRQP",
            more="The agency is named by the address of its entry or as `urn:cairn:agency:ACRONYM`.",
            body=Content(ref("RecognitionQuestion"), examples.RECOGNIZED),
            problems=(404, 503),
            caching="no-store",
        ),
    )
    async def recognise(request: Request) -> Response:
        question = parse(await read_body(request, LIMITS.body_bytes))
        answer = await run_in_threadpool(recognition, registry, directory, question, clock())
        return JSONResponse(answer, headers=UNCACHED)


def _check_authority(registry: Registry, question: Question) -> None:
    """We answer for ourselves; what another authority would say is not known here, and not *false*."""
    if question.authority_id != registry.did:
        raise TrustRegistryError(
            "unknown_authority", "This registry does not speak for that authority.", f"It is {registry.did}."
        )


def _when(question: Question, now: datetime) -> datetime:
    if question.time is not None and question.time > now + _GRACE:
        raise QueryError("bad_time", "context.time is in the future.")
    return question.time or now


def _common(question: Question, now: datetime) -> dict[str, Any]:
    members: dict[str, Any] = {name: getattr(question, name) for name in _ECHOED}
    if question.time is not None:
        members["time_requested"] = question.time_text
    return {**members, "time_evaluated": format_time(now)}

"""Signed answers: ``/v1/resolve`` with ``Accept: application/jwt``, and the asker's side of it. Pure.

The payload is ``{iss, iat, exp, nonce, seq, question, decision}``: the question is part of what is signed, so
an answer to another question is none; the nonce is the asker's, so an old answer is none either; ``seq`` is
the snapshot's number, so an asker who remembers the highest notices an older list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from trust_registry.errors import ObjectError, QueryError
from trust_registry.keys import Jwk
from trust_registry.models import Decision, Query
from trust_registry.signing import verify_statement

ANSWER_TYPE = "cairn-answer+jwt"
MEDIA_TYPE = "application/jwt"
MAX_NONCE_CHARS = 128
LIFETIME = timedelta(minutes=5)
CLOCK_SKEW = timedelta(minutes=1)
NONCE = re.compile(r"[A-Za-z0-9_-]+")
_RANGE = re.compile(r"\s*(?P<type>[^;\s]+)\s*(?:;\s*q\s*=\s*(?P<q>[01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE)


class Signs(Protocol):
    def sign_statement(self, payload: dict[str, Any], *, typ: str) -> str: ...


def wanted(accept: str, media_type: str = MEDIA_TYPE) -> bool:
    """Whether an Accept header names this media type; a wildcard does not ask for it."""
    matches = (_RANGE.fullmatch(item) for item in accept.split(","))
    return any(
        match is not None and match["type"].lower() == media_type and float(match["q"] or 1) > 0
        for match in matches
    )


def checked_nonce(text: str | None) -> str | None:
    """16 to 128 characters of base64url; a short one could be met again by chance."""
    if text is None:
        return None
    if not 16 <= len(text) <= MAX_NONCE_CHARS or not NONCE.fullmatch(text):
        raise QueryError(
            "bad_parameter", f"The parameter nonce is not 16 to {MAX_NONCE_CHARS} base64url characters."
        )
    return text


def sign_answer(
    key: Signs, *, iss: str, query: Query, decision: Decision, nonce: str | None, now: datetime
) -> str:
    iat = int(now.timestamp())
    payload = {
        "iss": iss,
        "iat": iat,
        "exp": iat + int(LIFETIME.total_seconds()),
        "nonce": nonce,
        "seq": decision.snapshot.seq,
        "question": query.to_params(),
        "decision": decision.to_json(),
    }
    return key.sign_statement(payload, typ=ANSWER_TYPE)


def verify_answer(
    jws: str, *, key: Jwk, iss: str, query: Query, nonce: str, now: datetime, last_seq: int = 0
) -> Decision:
    """The decision of a signed answer to exactly this question, by this registry, now.

    ``key`` is pinned by the caller, or from the registry's DID document; ``nonce`` the one that was sent;
    ``last_seq`` the highest list number seen before. `ObjectError`, by what is wrong: bad_signature, malformed,
    wrong_issuer, wrong_question, wrong_nonce, expired, older_list.
    """
    payload = verify_statement(jws, typ=ANSWER_TYPE, key=key)
    try:
        decision = _decision(payload)
        iat, exp = payload["iat"], payload["exp"]
        mistakes = (
            ("wrong_issuer", payload["iss"] != iss),
            ("wrong_nonce", payload["nonce"] != nonce),
            ("wrong_question", payload["question"] != query.to_params()),
            ("expired", not _current(iat, exp, now)),
            ("malformed", payload["seq"] != decision.snapshot.seq),
            ("older_list", decision.snapshot.seq < last_seq),
        )
    except (KeyError, TypeError, ValueError, AttributeError, QueryError) as error:
        raise ObjectError("malformed", "The signed answer is not one.") from error
    for code, holds in mistakes:
        if holds:
            raise ObjectError(code, f"The signed answer cannot be used: {code.replace('_', ' ')}.")
    return decision


def _decision(payload: Mapping[str, Any]) -> Decision:
    return Decision.from_json(payload["decision"])


def _current(iat: Any, exp: Any, now: datetime) -> bool:
    """Within its times, and those not further apart than we ever make them."""
    if type(iat) is not int or type(exp) is not int:
        raise TypeError("times are whole seconds")
    moment, skew = now.timestamp(), CLOCK_SKEW.total_seconds()
    return iat - skew <= moment < exp + skew and 0 < exp - iat <= LIFETIME.total_seconds()

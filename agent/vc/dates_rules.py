"""Step 5: is it in force? (VCDM 2.0 section 4.9, VCDM 1.1 sections 4.6 and 4.7, DI 2.1, RFC 7519 section 4.1)"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from agent.core.verdict import Check, Result
from agent.vc import model, vc_jwt
from agent.vc.answers import Answer, failed, passed, worst
from agent.vc.facts import Facts
from agent.vc.proofs import InvalidProof
from agent.vc.secured import Opened, embedded

# Two clocks that are both right may differ; a credential that was made a moment ago is not from the future.
SKEW = timedelta(seconds=60)


def check_dates(opened: Opened, facts: Facts, subject: str) -> Check:
    return in_force(opened, facts.now).check("dates", subject)


def in_force(opened: Opened, now: datetime) -> Answer:
    """Everything that has a start or an end: the credential, each proof, the token."""
    document = opened.document
    answers = [
        _period(document, "validFrom", "validUntil", now),
        *(
            [_period(document, "issuanceDate", "expirationDate", now)]
            if model.version(document) == "1.1"
            else []
        ),
        *(
            _proof_end(proof, now)
            for proof in (embedded(document) if opened.token is None else [])
            if "expires" in proof
        ),
    ]
    if opened.token is not None:
        try:
            vc_jwt.check_times(opened.token, now)
        except InvalidProof as error:
            answers.append(failed(f"proof_{error.code}", error.detail))
    found = worst(answers)
    if found.result is Result.PASS and not {"validUntil", "expirationDate"} & document.keys():
        return passed("It is in force, and has no end.")
    return found


def _period(document: dict[str, Any], start: str, end: str, now: datetime) -> Answer:
    bounds = {}
    for member in (start, end):
        if member in document:
            bounds[member] = model.date_time(document[member])
            if bounds[member] is None:
                return failed("bad_date", f"Its {member} is no date and time with its time zone.")
    first, last = bounds.get(start), bounds.get(end)
    if first is not None and first > now + SKEW:
        return failed("not_yet_valid", "It is not valid yet.")
    if last is not None and last < now:
        return failed("expired", "It has expired.")
    return passed("It is in force.")


def _proof_end(proof: dict[str, Any], now: datetime) -> Answer:
    end = model.date_time(proof["expires"])
    if end is None:
        return failed("bad_date", "Its proof's expires is no date and time with its time zone.")
    if end < now:
        return failed("proof_expired", "Its proof has expired.")
    return passed("Its proof is in force.")

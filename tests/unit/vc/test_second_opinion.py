"""Two opinions side by side: never merged, a disagreement visible, unknown left alone."""

from __future__ import annotations

import pytest

from agent.core.verdict import Check, Evidence, Result
from agent.vc import second_opinion
from agent.vc.second_opinion import Opinion, checks

PASS, FAIL, UNKNOWN = Result.PASS, Result.FAIL, Result.UNKNOWN


def ours(result: Result) -> Check:
    return Check("signature", "Signature", result, "" if result is PASS else "x", subject="c0")


def theirs(result: Result) -> Opinion:
    reason = {PASS: "", FAIL: "bad_signature", UNKNOWN: "crashed"}[result]
    return Opinion(result=result, reason=reason, version="0.3.5")


@pytest.mark.parametrize(
    ("mine", "other", "agree"),
    [
        (PASS, PASS, PASS),
        (FAIL, FAIL, PASS),
        (PASS, FAIL, FAIL),
        (FAIL, PASS, FAIL),
        (PASS, UNKNOWN, None),
        (FAIL, UNKNOWN, None),
        (UNKNOWN, PASS, None),
        (UNKNOWN, FAIL, None),
        (UNKNOWN, UNKNOWN, None),
    ],
)
def test_every_pair(mine: Result, other: Result, agree: Result | None) -> None:
    before = ours(mine)
    second, *rest = checks(before, theirs(other))
    assert (second.code, second.result, second.subject) == ("second_opinion", other, "c0")
    assert "DIDKit" in second.label
    assert second.evidence == (Evidence("software", "DIDKit", value="0.3.5"),)
    assert [check.result for check in rest] == ([] if agree is None else [agree])
    assert before == ours(mine)


def test_a_disagreement_says_what_each_found() -> None:
    _, warning = checks(ours(PASS), theirs(FAIL))
    assert (warning.code, warning.reason) == ("opinions_agree", "opinions_disagree")
    assert "Our check says pass, DIDKit says fail" in warning.detail


def test_every_reason_has_a_sentence() -> None:
    for reason in second_opinion._DETAILS:
        result = FAIL if reason in ("bad_signature", "malformed_proof") else UNKNOWN
        (check, *_) = checks(ours(UNKNOWN), Opinion(result=result, reason=reason))
        assert check.detail.startswith(("DIDKit", "The ")), reason
        assert check.evidence == ()


@pytest.mark.parametrize(("result", "reason"), [(PASS, "x"), (FAIL, ""), (UNKNOWN, "")])
def test_a_reason_belongs_to_what_is_no_pass(result: Result, reason: str) -> None:
    with pytest.raises(ValueError, match="reason"):
        Opinion(result=result, reason=reason)

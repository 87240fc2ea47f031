"""What a second implementation says of a signature, beside what ours says. Pure.

An opinion is about the signature only: DIDKit accepts an expired Data Integrity credential, reads no status
list and verifies none of the credentials inside a presentation. Dates, status and holder are ours to check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.core.verdict import Check, Evidence, Result

LABEL = "Signature, by DIDKit, a second implementation"
AGREE_LABEL = "Both implementations say the same of the signature"

_DETAILS: Mapping[str, str] = {
    # fail
    "bad_signature": "DIDKit finds that the signature does not hold.",
    "malformed_proof": "DIDKit finds no usable signature in the proof.",
    # unknown: DIDKit was not asked
    "not_read": "The document cannot be read, so DIDKit was not asked.",
    "not_supported": "DIDKit knows the W3C data model 1.1 only, so it was not asked.",
    "no_proof": "The document carries no proof for DIDKit to check.",
    "several_proofs": "DIDKit stops at the first proof that holds, so it is not asked about several.",
    "unsupported_proof": "The proof is of a kind that DIDKit is not asked about.",
    "did_method_not_offline": "DIDKit would go to the network for a DID of the document, so it was not asked.",
    "times_rewritten": (
        "DIDKit writes times in its own form before it checks a signature, and the document has them in another, "
        "so it was not asked."
    ),
    # unknown: DIDKit did not say
    "not_understood": "DIDKit cannot read the document.",
    "unknown_context": "DIDKit does not have a JSON-LD context of the document, or an older copy of it.",
    "not_resolved": "DIDKit cannot resolve the signer's DID.",
    "not_applicable": "DIDKit finds no proof that counts now, for the issuer's key and this purpose.",
    # unknown: no answer
    "not_started": "DIDKit could not be started.",
    "absent": "DIDKit is not installed.",
    "crashed": "DIDKit crashed.",
    "timed_out": "DIDKit did not answer in time.",
    "out_of_memory": "DIDKit needed more memory than it is given.",
    "bad_answer": "DIDKit's answer makes no sense.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """``reason`` is a word of ours, empty only for a pass; ``errors`` and ``warnings`` are words of ours for
    what DIDKit said (its own sentences quote the document). ``seconds`` is what the answer took.
    """

    result: Result
    reason: str = ""
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    version: str = ""

    def __post_init__(self) -> None:
        if (self.result is Result.PASS) != (not self.reason):
            raise ValueError("an opinion needs a reason unless it is a pass")


def checks(ours: Check, opinion: Opinion) -> tuple[Check, ...]:
    """``second_opinion``, and ``opinions_agree`` where both sides decided.

    ``ours`` is our check of the same signature. Neither check belongs in a part of a verdict, where `combine`
    would let the second opinion decide: they are shown beside it. ``opinions_agree`` as fail
    (opinions_disagree) is the warning; it never changes ``ours``.
    """
    evidence = (Evidence("software", "DIDKit", value=opinion.version),) if opinion.version else ()
    detail = _DETAILS.get(opinion.reason, "") if opinion.reason else "DIDKit finds that the signature holds."
    second = Check("second_opinion", LABEL, opinion.result, opinion.reason, detail, ours.subject, evidence)
    if Result.UNKNOWN in (ours.result, opinion.result):
        return (second,)
    if ours.result is opinion.result:
        return (second, Check("opinions_agree", AGREE_LABEL, Result.PASS, subject=ours.subject))
    detail = (
        f"Our check says {ours.result}, DIDKit says {opinion.result}. One of the two is wrong about this "
        "document, or reads it differently; ours is the one that counts here."
    )
    warning = Check("opinions_agree", AGREE_LABEL, Result.FAIL, "opinions_disagree", detail, ours.subject)
    return (second, warning)

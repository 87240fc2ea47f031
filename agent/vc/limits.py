"""Every limit on credentials as documents, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VcLimits:
    """Bytes and counts. A badge of 46 statements has some 90 values, 46 quads and 6 blank nodes; a learner's record of
    a whole study about sixty times as many.

    ``work`` bounds the search for canonical labels (RDFC-1.0 section 7.1, dataset poisoning): one unit is one blank
    node met in one permutation. Documents without identical twins need none of it; 1EdTech's fullest example, with
    the same endorsements in several places, needs 50,000. ``context_work`` counts the contexts that are processed
    anew for one document, scoped ones included, and every tenth inline term; a badge needs about 35, once.
    """

    document_bytes: int = 1024 * 1024
    image_bytes: int = 12 * 1024 * 1024
    json_depth: int = 64
    nodes: int = 16_000
    quads: int = 8_000
    blank_nodes: int = 3_000
    work: int = 250_000
    contexts: int = 10
    context_work: int = 250
    inline_terms: int = 100
    proofs: int = 8


VC_LIMITS = VcLimits()

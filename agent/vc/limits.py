"""Every limit on credentials as documents, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VcLimits:
    """Bytes and counts. A badge of 46 statements has about 150 values, 60 quads and 10 blank nodes; a learner
    record of a whole study about fifty times as many.

    ``work`` bounds the search for canonical labels (RDFC-1.0 section 7.1, dataset poisoning): one unit is one blank
    node met in one permutation. Documents without identical twins need none of it.
    """

    document_bytes: int = 1024 * 1024
    image_bytes: int = 12 * 1024 * 1024
    json_depth: int = 64
    nodes: int = 20_000
    quads: int = 10_000
    blank_nodes: int = 4_000
    work: int = 20_000
    contexts: int = 16
    inline_terms: int = 100
    proofs: int = 8


VC_LIMITS = VcLimits()

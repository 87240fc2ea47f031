"""RDFC-1.0 against the vectors of the W3C, and its limits."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.vc.limits import VC_LIMITS
from agent.vc.rdfc import Quad, TooComplex, canonicalise, literal
from tests.unit.vc.signing import vectors

VECTORS = vectors("rdfc10.json")
WORK = VC_LIMITS.work
# Terms of N-Quads as the vectors write them; their literals are already in canonical form, or become so below.
_TERM = r'(<[^>]*>|_:[^\s]+|"(?:[^"\\]|\\.)*"(?:\^\^<[^>]*>|@[A-Za-z0-9-]+)?)'
_LINE = re.compile(rf"{_TERM}\s+{_TERM}\s+{_TERM}\s*(?:{_TERM})?\s*\.")
_NAMED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", '"': '"', "'": "'", "\\": "\\"}


def quads(text: str) -> list[Quad]:
    found: list[Quad] = []
    for line in re.split(r"[\r\n]+", text):
        match = _LINE.match(line.strip())
        if match:
            s, p, o, g = match.groups()
            found.append((_iri(s), _iri(p), _object(o), _iri(g or "")))
    return found


def _unescape(text: str) -> str:
    return re.sub(
        r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)",
        lambda match: chr(int(match[1][1:], 16)) if match[1][0] in "uU" else _NAMED[match[1]],
        text,
    )


def _iri(text: str) -> str:
    return _unescape(text)


def _object(term: str) -> str:
    if not term.startswith('"'):
        return _iri(term)
    end = term.rindex('"')
    kind = _iri(term[end + 1 :]).replace("^^<http://www.w3.org/2001/XMLSchema#string>", "")
    return literal(_unescape(term[1:end])) + kind


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if vector["out"] is not None])
def test_vectors_of_the_w3c(name: str) -> None:
    assert canonicalise(quads(VECTORS[name]["in"]), work=WORK) == VECTORS[name]["out"]


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if vector["out"] is None])
def test_a_poison_graph_is_given_up(name: str) -> None:
    with pytest.raises(TooComplex) as caught:
        canonicalise(quads(VECTORS[name]["in"]), work=WORK)
    assert caught.value.code == "too_complex"


def clique(size: int) -> list[Quad]:
    return [(f"_:n{a}", "<urn:p>", f"_:n{b}", "") for a, b in itertools.permutations(range(size), 2)]


def ring(size: int) -> list[Quad]:
    return [(f"_:n{n}", "<urn:p>", f"_:n{(n + 1) % size}", "") for n in range(size)]


@pytest.mark.parametrize("graph", [clique(10), clique(40), ring(300), ring(3000)])
def test_cliques_and_long_rings_are_given_up(graph: list[Quad]) -> None:
    with pytest.raises(TooComplex):
        canonicalise(graph, work=WORK)


def test_twins_below_one_parent_cost_next_to_nothing() -> None:
    twins: list[Quad] = [
        quad
        for n in range(1000)
        for quad in (("<urn:a>", "<urn:p>", f"_:n{n}", ""), (f"_:n{n}", "<urn:q>", '"same"', ""))
    ]
    text = canonicalise(twins, work=10_000)
    assert len(text.splitlines()) == 2000


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.integers(0, 1), st.integers(0, 4), st.sampled_from(["", "_:n0", "<urn:g>"])
        ),
        max_size=10,
    ),
    st.permutations(range(5)),
    st.randoms(use_true_random=False),
)
def test_names_and_order_do_not_matter(
    edges: list[tuple[int, int, int, str]], names: list[int], random: object
) -> None:
    first: list[Quad] = [(f"_:n{s}", f"<urn:p{p}>", f"_:n{o}", g) for s, p, o, g in edges]
    renamed: list[Quad] = [
        (f"_:x{names[s]}", f"<urn:p{p}>", f"_:x{names[o]}", f"_:x{names[0]}" if g == "_:n0" else g)
        for s, p, o, g in edges
    ]
    random.shuffle(renamed)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    assert canonicalise(first, work=10**7) == canonicalise(renamed, work=10**7)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain é", '"plain é"'),
        ('"\\', '"\\"\\\\"'),
        ("\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'),
        ("\x00\x0b\x1f\x7f", '"\\u0000\\u000B\\u001F\\u007F"'),
        ("\x80\u2028", '"\x80\u2028"'),
    ],
)
def test_literals_have_one_form(text: str, written: str) -> None:
    assert literal(text) == written

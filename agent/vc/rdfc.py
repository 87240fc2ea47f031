"""RDF Dataset Canonicalization, RDFC-1.0 with SHA-256 (W3C Recommendation of 21 May 2024).

A quad is four strings as N-Quads writes them: ``<iri>``, ``_:label`` or a literal; the graph is empty for the default
graph. Ours and not the library's because the library's escapes some control characters wrongly, has no limit on the
search among blank nodes that look alike, and takes most of a verification's time.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import permutations

from agent.errors import InputError

Quad = tuple[str, str, str, str]

_MAX_DEPTH = 100


class TooComplex(InputError):  # noqa: N818 - it names what was met, as the codes do
    """Within the rules, but more than this verifier is willing to compute."""


def canonicalise(quads: Iterable[Quad], *, work: int) -> str:
    """The canonical N-Quads of a dataset (section 4.4); `TooComplex` (too_complex) past ``work`` steps."""
    return _Canonicaliser(quads, work).run()


Escapes = Mapping[int, str]

_NAMED: Escapes = {ord(char): "\\" + name for char, name in zip('\b\t\n\f\r"\\', 'btnfr"\\', strict=True)}
RDFC_ESCAPES: Escapes = {**{code: f"\\u{code:04X}" for code in (*range(0x20), 0x7F)}, **_NAMED}
# What was signed before RDFC-1.0 settled it. DIDKit escapes four characters and PyLD five; a form under one never
# equals another text's form under another, because a backslash is always doubled.
URDNA2015_ESCAPES: Escapes = {ord(char): _NAMED[ord(char)] for char in '\n\r"\\'}
PYLD_ESCAPES: Escapes = {ord(char): _NAMED[ord(char)] for char in '\t\n\r"\\'}


def literal(text: str, escapes: Escapes = RDFC_ESCAPES) -> str:
    """``text`` between quotes, in the one form that canonical N-Quads allow (section 5)."""
    return f'"{text.translate(escapes)}"'


def _line(quad: Quad) -> str:
    s, p, o, g = quad
    return f"{s} {p} {o} {g} .\n" if g else f"{s} {p} {o} .\n"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Issuer:
    """Section 4.5: labels in the order of asking. ``issued`` keeps that order."""

    __slots__ = ("issued", "prefix")

    def __init__(self, prefix: str, issued: dict[str, str] | None = None) -> None:
        self.prefix = prefix
        self.issued = issued or {}

    def issue(self, node: str) -> str:
        return self.issued.setdefault(node, f"{self.prefix}{len(self.issued)}")

    def copy(self) -> _Issuer:
        return _Issuer(self.prefix, dict(self.issued))


class _Canonicaliser:
    def __init__(self, quads: Iterable[Quad], work: int) -> None:
        self.quads = list(dict.fromkeys(quads))
        self.work = work
        self.first: dict[str, str] = {}
        self.canonical = _Issuer("_:c14n")
        self.of: dict[str, list[Quad]] = defaultdict(list)
        for quad in self.quads:
            for node in {quad[0], quad[2], quad[3]}:
                if node.startswith("_:"):
                    self.of[node].append(quad)

    def run(self) -> str:
        """Section 4.4.3, by its steps 3 to 6."""
        alike: dict[str, list[str]] = defaultdict(list)
        for node in self.of:  # 3
            alike[self._first_degree(node)].append(node)
        hashes = sorted(alike)
        for value in hashes:  # 4: no twin, so the hash alone decides
            if len(alike[value]) == 1:
                self.canonical.issue(alike[value][0])
        for value in hashes:  # 5
            if len(alike[value]) > 1:
                self._label_alike(alike[value])
        label = self.canonical.issued
        return "".join(
            sorted(_line((label.get(s, s), p, label.get(o, o), label.get(g, g))) for s, p, o, g in self.quads)
        )

    def _label_alike(self, nodes: list[str]) -> None:
        paths: list[tuple[str, _Issuer]] = []
        for node in nodes:  # 5.2
            if node not in self.canonical.issued:
                issuer = _Issuer("_:b")
                issuer.issue(node)
                paths.append(self._n_degree(node, issuer, 0))
        for _, issuer in sorted(paths, key=lambda path: path[0]):  # 5.3
            for node in issuer.issued:
                self.canonical.issue(node)

    def _first_degree(self, node: str) -> str:
        """Section 4.6.3. Only the node itself keeps a name; other blank nodes are all alike."""
        found = self.first.get(node)
        if found is None:
            lines = sorted(
                _line((_masked(s, node), p, _masked(o, node), _masked(g, node)))
                for s, p, o, g in self.of[node]
            )
            found = self.first[node] = _sha256("".join(lines))
        return found

    def _related(self, node: str, quad: Quad, issuer: _Issuer, position: str) -> str:
        """Section 4.7.3."""
        label = self.canonical.issued.get(node) or issuer.issued.get(node) or self._first_degree(node)
        return _sha256(f"{position}{'' if position == 'g' else quad[1]}{label}")

    def _n_degree(self, node: str, issuer: _Issuer, depth: int) -> tuple[str, _Issuer]:
        """Section 4.8.3: the hash of what is around the node, and the labels given on the way."""
        if depth > _MAX_DEPTH:
            raise _too_complex()
        around: dict[str, list[str]] = defaultdict(list)
        for quad in self.of[node]:  # 3
            self._spend(1)
            for other, position in ((quad[0], "s"), (quad[2], "o"), (quad[3], "g")):
                if other != node and other.startswith("_:"):
                    around[self._related(other, quad, issuer, position)].append(other)
        data: list[str] = []
        for value in sorted(around):  # 5
            data.append(value)
            chosen: tuple[str, _Issuer] | None = None
            for order in permutations(around[value]):  # 5.4
                self._spend(len(order) + len(issuer.issued))
                tried = self._try(order, issuer, chosen[0] if chosen else "", depth)
                if tried is not None and (chosen is None or tried[0] < chosen[0]):
                    chosen = tried
            if chosen is not None:
                data.append(chosen[0])
                issuer = chosen[1]
        return _sha256("".join(data)), issuer

    def _try(
        self, order: tuple[str, ...], issuer: _Issuer, best: str, depth: int
    ) -> tuple[str, _Issuer] | None:
        """Steps 5.4.1 to 5.4.5 for one permutation; None as soon as ``best`` cannot be beaten."""
        issuer = issuer.copy()
        path = ""
        unseen: list[str] = []
        for node in order:  # 5.4.4
            label = self.canonical.issued.get(node)
            if label is None:
                if node not in issuer.issued:
                    unseen.append(node)
                label = issuer.issue(node)
            path += label
            if _beaten(path, best):
                return None
        for node in unseen:  # 5.4.5
            value, found = self._n_degree(node, issuer, depth + 1)
            path += f"{issuer.issue(node)}<{value}>"
            issuer = found
            if _beaten(path, best):
                return None
        return path, issuer

    def _spend(self, units: int) -> None:
        self.work -= units
        if self.work < 0:
            raise _too_complex()


def _masked(term: str, node: str) -> str:
    if not term.startswith("_:"):
        return term
    return "_:a" if term == node else "_:z"


def _beaten(path: str, best: str) -> bool:
    return bool(best) and len(path) >= len(best) and path > best


def _too_complex() -> TooComplex:
    return TooComplex(
        "too_complex",
        "Too many parts of the document look alike: a canonical form takes too long to find.",
        "Give the parts identifiers of their own.",
    )

"""The one canonical form of a credential, and nothing that it does not cover.

`canonical` = policy (`context_policy`) → expansion (`expansion`) → quads (here) → RDFC-1.0 (`rdfc`). JSON-LD drops
what it cannot map, silently: here everything that a signature would not cover is an error.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import rfc8785

from agent.errors import InputError
from agent.vc import context_policy
from agent.vc.context_policy import RELATIVE, is_iri
from agent.vc.limits import VC_LIMITS, VcLimits
from agent.vc.rdfc import RDFC_ESCAPES, Escapes, Quad, TooComplex, canonicalise, literal

# What says nothing about whether the document is good, only that it cannot be decided here.
UNDECIDED = frozenset({"unknown_context", "unsupported_context", "unsupported_keyword", "too_complex"})

_XSD = "http://www.w3.org/2001/XMLSchema#"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TYPE, _FIRST, _REST, _NIL = (f"<{_RDF}{name}>" for name in ("type", "first", "rest", "nil"))
_SCHEMES = frozenset({"did", "http", "https", "tag", "urn"})
_DOUBLE = re.compile(r"(\d)0*E\+?(-)?0*(\d)")


def canonical(document: Any, limits: VcLimits = VC_LIMITS, *, escapes: Escapes = RDFC_ESCAPES) -> str:
    """The canonical N-Quads (RDFC-1.0) of a credential, a presentation or the options of a proof.

    ``escapes``: for what was signed before RDFC-1.0, see `agent.vc.rdfc`.

    Raises `InputError`. Codes in `UNDECIDED` leave the question open: unknown_context, unsupported_context,
    unsupported_keyword, too_complex. The others say that the document cannot be trusted as it is: undefined_term,
    relative_reference, unsigned_value, context_override, bad_context, bad_value, bad_json_ld, too_deep,
    not_a_document. ``document`` is not changed.
    """
    context_policy.check(document, limits)
    from agent.vc.expansion import expand  # PyLD takes a quarter of a second to import

    quads = _Dataset(limits, escapes).quads(expand(document, limits))
    try:
        text = canonicalise(quads, work=limits.work)
        text.encode()
        return text
    except UnicodeEncodeError:
        raise InputError("bad_value", "The document holds half a character.") from None


class _Dataset:
    """Deserialize JSON-LD to RDF (JSON-LD 1.1 API section 8), for trees: the policy allows no blank node a name."""

    def __init__(self, limits: VcLimits, escapes: Escapes = RDFC_ESCAPES) -> None:
        self.limits = limits
        self.escapes = escapes
        self.blanks = 0
        self.found: list[Quad] = []

    def quads(self, expanded: list[Any]) -> list[Quad]:
        for node in expanded:
            self._whole(node, "")
        return self.found

    def _add(self, quad: Quad) -> None:
        self.found.append(quad)
        if len(self.found) > self.limits.quads:
            raise TooComplex("too_complex", f"The document makes more than {self.limits.quads} statements.")

    def _blank(self) -> str:
        self.blanks += 1
        if self.blanks > self.limits.blank_nodes:
            raise TooComplex(
                "too_complex", f"More than {self.limits.blank_nodes} parts of the document have no id."
            )
        return f"_:b{self.blanks}"

    def _whole(self, node: Any, graph: str) -> None:
        """A node that nothing points to: it must say something, or nothing of it is signed."""
        if not isinstance(node, dict) or "@value" in node or "@list" in node or node.keys() <= {"@id"}:
            raise InputError(
                "unsigned_value",
                "The document holds a value in a place where no signature covers it.",
                "Embed the credential itself instead of its address.",
            )
        self._node(node, graph)

    def _node(self, node: Mapping[str, Any], graph: str) -> str:
        subject = _iri(node["@id"]) if "@id" in node else self._blank()
        for kind in node.get("@type", ()):
            self._add((subject, _TYPE, _term(kind), graph))
        for name, values in node.items():
            if name in ("@id", "@type"):
                continue
            if name == "@graph":
                for inner in values:
                    self._whole(inner, subject)
                continue
            predicate = _term(name)
            for value in values:
                self._add((subject, predicate, self._object(value, graph), graph))
        return subject

    def _object(self, value: Mapping[str, Any], graph: str) -> str:
        if "@value" in value:
            return _literal(value, self.escapes)
        if "@list" in value:
            return self._list(value["@list"], graph)
        return self._node(value, graph)

    def _list(self, values: list[Any], graph: str) -> str:
        """Section 8.5, from the last entry to the first."""
        rest = _NIL
        for value in reversed(values):
            cell = self._blank()
            self._add((cell, _FIRST, self._object(value, graph), graph))
            self._add((cell, _REST, rest, graph))
            rest = cell
        return rest


def _iri(text: str) -> str:
    if text.startswith(RELATIVE):
        raise InputError(
            "relative_reference",
            "The document has an id or a reference that is no absolute address, so that no signature can cover it.",
            "Write addresses in full.",
        )
    if not is_iri(text):
        raise InputError("bad_value", "The document has an address with characters that no address has.")
    return f"<{text}>"


def _term(text: str) -> str:
    """The address of a member or a type. One of an unheard-of scheme is a prefix that no context defines."""
    if text.partition(":")[0] not in _SCHEMES:
        raise InputError(
            "undefined_term",
            "The document has a type that no context defines, or a name with a prefix that none defines.",
            "Add a context that defines it, or write the address in full.",
        )
    return _iri(text)


def _literal(item: Mapping[str, Any], escapes: Escapes) -> str:
    """Object to RDF Conversion (JSON-LD 1.1 API section 8.6); directions as i18n-datatype."""

    def typed(text: str, datatype: str) -> str:
        form = literal(text, escapes)
        return form if datatype == f"{_XSD}string" else f"{form}^^{_iri(datatype)}"

    value, kind = item["@value"], item.get("@type")
    if kind == "@json":
        try:
            return typed(rfc8785.dumps(value).decode(), f"{_RDF}JSON")
        except rfc8785.CanonicalizationError:
            raise InputError(
                "bad_value", "The document has a number that JSON programs do not agree on."
            ) from None
    if isinstance(value, bool):
        return typed("true" if value else "false", kind or f"{_XSD}boolean")
    if isinstance(value, int | float):
        return typed(*_number(value, kind))
    if kind == f"{_XSD}double":
        try:
            return typed(*_number(float(value), kind))
        except ValueError:
            return typed(value, kind)
    language, direction = item.get("@language", ""), item.get("@direction")
    if direction:
        return typed(value, f"https://www.w3.org/ns/i18n#{language}_{direction}")
    if language:
        return f"{literal(value, escapes)}@{language}"
    return typed(value, kind or f"{_XSD}string")


def _number(value: float, kind: str | None) -> tuple[str, str]:
    """Its text and its datatype."""
    if kind == f"{_XSD}double" or value != int(value) or abs(value) >= 1e21:
        return _DOUBLE.sub(r"\1E\2\3", f"{value:.15E}"), kind or f"{_XSD}double"
    return str(int(value)), kind or f"{_XSD}integer"

"""Which documents may be canonicalised at all. No JSON-LD library is needed to say so.

RDF canonicalisation signs a graph, and people and programs read JSON. Whatever lets the same graph be written as
another JSON document lets somebody rename ``credentialStatus`` or ``validUntil`` under a valid signature, or move them
out of sight. So a document may only be written in one way (decision 0020):

- the first context is the base context of the data model, the others are ours or objects that define new terms;
- an inline object defines no term of the listed contexts and no second name for anything that has one;
- members are named by their terms: never by the address that a known term stands for;
- ``@graph``, ``@included``, ``@nest``, ``@reverse``, ``@id`` and the like have no place; ``@value`` only for texts with
  a language or direction;
- ``@context`` appears at the top and in the credentials that are inside, nowhere else.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from agent.errors import InputError
from agent.vc import contexts
from agent.vc.limits import VC_LIMITS, VcLimits
from agent.vc.rdfc import TooComplex

# What a relative reference becomes in expansion; `.invalid` is nobody's (RFC 6761), so that it can be told from others.
RELATIVE = "https://relative.invalid/"

_BASES = (contexts.CREDENTIALS_V2, contexts.CREDENTIALS_V1)
_WITH_CONTEXT = {"VerifiableCredential", "VerifiablePresentation"} | {
    f"Enveloped{kind}" for kind in ("VerifiableCredential", "VerifiablePresentation")
}
_TEXT = {"@value", "@language", "@direction"}
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_TERM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]*")
_DEFINITION = {"@id", "@type", "@container", "@protected"}
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]+")


def is_iri(text: str) -> bool:
    """An absolute IRI as far as it matters here: with a scheme, and nothing that ends it in N-Quads (RFC 3987)."""
    return _IRI.fullmatch(text) is not None


def check(document: Any, limits: VcLimits = VC_LIMITS) -> None:
    """Raise `InputError` unless the document can be written in one way only.

    Codes: not_a_document, bad_context, unknown_context (`UnknownContext`), context_override, unsupported_keyword,
    bad_value, too_deep, too_complex (`TooComplex`). Paths are named, values never.
    """
    if not isinstance(document, dict):
        raise InputError("not_a_document", "A credential is a JSON object.")
    if "@context" not in document:
        raise InputError("bad_context", "The document has no @context.", f"It starts with {_BASES[0]}.")
    names = _Names({})
    seen: list[Any] = []
    left = limits.nodes
    level: list[tuple[str, dict[str, Any]]] = [("", document)]
    for _ in range(limits.json_depth):
        inner: list[tuple[str, dict[str, Any]]] = []
        for path, node in level:
            left -= len(node)
            for name, value in node.items():
                where = f"{path}.{name}" if path else name
                if name == "@context":
                    names.add(_context(node, path, limits, seen))
                elif ":" in name or name.startswith("@"):
                    _member(node, name, where, names)
                if name == "type":
                    _types(value, where, names)
                left -= _values(value, where, inner)
            if left < 0:
                raise TooComplex("too_complex", f"The document has more than {limits.nodes} values.")
        if not inner:
            return
        level = inner
    raise InputError("too_deep", f"The document is nested deeper than {limits.json_depth} levels.")


def _values(value: Any, where: str, inner: list[tuple[str, dict[str, Any]]]) -> int:
    """Put the objects in a value on ``inner``, and say how many values there were."""
    if isinstance(value, dict):
        if where != "@context" and not where.endswith(".@context"):
            inner.append((where, value))
        return 1
    if isinstance(value, list):
        return sum(1 + _values(item, where, inner) for item in value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError("bad_value", f"{where} is not a number.")
    return 0


def _member(node: Mapping[str, Any], name: str, where: str, names: _Names) -> None:
    if name in _TEXT:
        language, direction = node.get("@language"), node.get("@direction")
        if (
            node.keys() <= _TEXT
            and len(node) > 1
            and isinstance(node.get("@value"), str)
            and (language is None or (isinstance(language, str) and _LANGUAGE.fullmatch(language)))
            and direction in (None, "ltr", "rtl")
        ):
            return
        raise InputError("bad_value", f"{where} is not part of a text with a language or a direction.")
    if name.startswith("@"):
        raise InputError(
            "unsupported_keyword",
            f"{where} is JSON-LD that this verifier does not read.",
            "Use id and type; give values in the members that the contexts define.",
        )
    names.require_no_alias(name, where)


def _types(value: Any, where: str, names: _Names) -> None:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and ":" in item:
            names.require_no_alias(item, where)


def _context(node: Mapping[str, Any], path: str, limits: VcLimits, seen: list[Any]) -> dict[str, Any]:
    """Check one ``@context``; the terms that its inline objects define."""
    where = f"{path}.@context" if path else "@context"
    kinds = node.get("type")
    listed_kinds = [kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)]
    if path and _WITH_CONTEXT.isdisjoint(listed_kinds):
        if kinds == "DataIntegrityProof" and node["@context"] in seen:
            return {}  # a proof by eddsa-jcs-2022 repeats those of its document (EDDSA 3.3.1)
        raise InputError("context_override", f"{where} changes what a part of the document means.")
    value = node["@context"]
    seen.append(value)
    listed = value if isinstance(value, list) else [value]
    if not listed or listed[0] not in _BASES:
        raise InputError("bad_context", f"{where} does not start with {' or '.join(_BASES)}.")
    if len(listed) > limits.contexts:
        raise TooComplex("too_complex", f"{where} has more than {limits.contexts} contexts.")
    urls = [item for item in listed if isinstance(item, str)]
    for url in urls:
        if not contexts.known(url):
            contexts.load(url)
    inline = [item for item in listed if not isinstance(item, str)]
    if not all(isinstance(item, dict) for item in inline):
        raise InputError("bad_context", f"{where} holds something that is not a context.")
    found: dict[str, Any] = {}
    for item in inline:
        for term, definition in _inline(item, where):
            if term in found and found[term] != definition:
                raise InputError("context_override", f"{where} defines a term twice.")
            found[term] = definition
    if len(found) > limits.inline_terms:
        raise TooComplex("too_complex", f"{where} defines more than {limits.inline_terms} terms.")
    for term, definition in found.items():
        _require_new(term, definition, urls, found, where)
    return found


def _inline(context: Mapping[str, Any], where: str) -> Iterator[tuple[str, Any]]:
    """The terms of an inline context object, each as a text or an object of the few members that are harmless."""
    if context.keys() == {"@context"} and isinstance(context["@context"], dict):
        # Not in the specification; JSON-LD libraries take it, and signed examples of the W3C have it.
        context = context["@context"]
    for term, definition in context.items():
        if term.startswith("@"):
            if (term, definition) not in [("@version", 1.1), ("@protected", True)]:
                raise InputError(
                    "context_override", f"{where} sets {term[:20]}; only new terms can be defined."
                )
            continue
        if not _TERM.fullmatch(term):
            raise InputError("bad_context", f"{where} defines something that is no term.")
        parts = {"@id": definition} if isinstance(definition, str) else definition
        if (
            not isinstance(parts, dict)
            or not parts.keys() <= _DEFINITION
            or not isinstance(parts.get("@id"), str)
            or not isinstance(parts.get("@type", ""), str)
            or parts.get("@container", "@set") not in ("@set", "@list")
            or not isinstance(parts.get("@protected", True), bool)
        ):
            raise InputError(
                "context_override",
                f"{where} defines a term in a way that this verifier does not allow.",
                "An inline definition has an @id and perhaps a @type and a @container.",
            )
        yield term, definition


def _require_new(
    term: str, definition: Any, urls: Sequence[str], inline: Mapping[str, Any], where: str
) -> None:
    before = [known for url in urls for known in _terms(url).get(term, ())]
    if before:
        if any(known != definition for known in before):
            raise InputError(
                "context_override", f"{where} gives a new meaning to a term of the contexts beside it."
            )
        return
    iri = definition if isinstance(definition, str) else definition["@id"]
    prefix, colon, suffix = iri.partition(":")
    if colon and not suffix.startswith("//") and isinstance(inline.get(prefix), str):
        iri = inline[prefix] + suffix
    if not is_iri(iri):
        raise InputError("bad_context", f"{where} defines a term that stands for no address.")
    others = _names_of().get(iri, frozenset())
    if others and term not in others:
        raise InputError("context_override", f"{where} gives a second name to a term that has one.")


class _Names:
    """Whether a name with a colon is another way to write a known term."""

    def __init__(self, inline: dict[str, Any]) -> None:
        self.inline = inline

    def add(self, inline: Mapping[str, Any]) -> None:
        self.inline = {**self.inline, **inline}

    def require_no_alias(self, name: str, where: str) -> None:
        prefix, _, suffix = name.partition(":")
        bases = set(_prefixes().get(prefix, ()))
        if isinstance(self.inline.get(prefix), str):
            bases.add(self.inline[prefix])
        for iri in {name, *(base + suffix for base in bases)}:
            if iri in _names_of():
                raise InputError(
                    "context_override",
                    f"{where} writes out what a term of the contexts stands for.",
                    "Use the term: a reader looks for its name.",
                )


class _Term(NamedTuple):
    name: str
    definition: Any


@cache
def _terms(url: str) -> Mapping[str, tuple[Any, ...]]:
    """Every definition of every term of a context that is ours, at whatever depth."""
    found: dict[str, list[Any]] = defaultdict(list)
    for term in _definitions(contexts.load(url)["@context"]):
        found[term.name].append(term.definition)
    return {name: tuple(definitions) for name, definitions in found.items()}


def _definitions(context: Any) -> Iterator[_Term]:
    for item in context if isinstance(context, list) else [context]:
        if isinstance(item, dict):
            for name, definition in item.items():
                if not name.startswith("@"):
                    yield _Term(name, definition)
                    if isinstance(definition, dict) and "@context" in definition:
                        yield from _definitions(definition["@context"])


@cache
def _prefixes() -> Mapping[str, frozenset[str]]:
    """What each prefix stands for in any context of ours."""
    found: dict[str, set[str]] = defaultdict(set)
    for url in contexts.manifest():
        for name, definitions in _terms(url).items():
            found[name] |= {text for text in definitions if isinstance(text, str) and text[-1:] in "#/:?"}
    return {name: frozenset(texts) for name, texts in found.items() if texts}


@cache
def _names_of() -> Mapping[str, frozenset[str]]:
    """The terms of all contexts of ours by the address that they stand for."""
    found: dict[str, set[str]] = defaultdict(set)
    for url in contexts.manifest():
        for name, definitions in _terms(url).items():
            for definition in definitions:
                text = definition.get("@id", name) if isinstance(definition, dict) else definition
                if isinstance(text, str):
                    for iri in _written_out(text):
                        found[iri].add(name)
    return {iri: frozenset(names) for iri, names in found.items()}


def _written_out(text: str) -> Iterable[str]:
    prefix, colon, suffix = text.partition(":")
    if not colon or suffix.startswith("//"):
        return (text,)
    return (text, *(base + suffix for base in _prefixes().get(prefix, ())))

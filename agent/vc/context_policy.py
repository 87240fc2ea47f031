"""Which documents may be canonicalised at all. No JSON-LD library is needed to say so.

RDF canonicalisation signs a graph, and people and programs read JSON. Whatever lets the same graph be written as
another JSON document lets somebody rename ``credentialStatus`` or ``validUntil`` under a valid signature, or move it
out of sight. So a document may be written in one way only (decision 0020):

- the first context is the base context of the data model; the others are ours, or objects that define new terms;
- an inline object defines no term of the contexts beside it, no prefix, and no second name for what has one;
- members are named by their terms, never by the address that a known term stands for;
- ``@graph``, ``@included``, ``@nest``, ``@reverse``, ``@id`` and the like have no place, and ``@value`` only in texts
  with a language or a direction;
- ``@context`` stands at the top and in the credentials that are inside, nowhere else.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from agent.errors import InputError
from agent.vc import contexts
from agent.vc.limits import VC_LIMITS, VcLimits
from agent.vc.rdfc import TooComplex

# What a relative reference is made absolute with: a scheme of nobody, so that ``//host/path`` can be told as well.
RELATIVE = "x-relative:"
# Members that our contexts define beside another of the same address. A test finds all of them.
SECOND_NAMES = frozenset(
    {"Achievement", "Address", "Criteria", "GeoCoordinates", "Image", "Profile", "expiration"}
)

_BASES = (contexts.CREDENTIALS_V2, contexts.CREDENTIALS_V1)
_WITH_CONTEXT = frozenset(
    f"{how}Verifiable{what}" for how in ("", "Enveloped") for what in ("Credential", "Presentation")
)
_TEXT = {"@value", "@language", "@direction"}
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_TERM = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.~-]*")
_DEFINITION = {"@id", "@type", "@container", "@protected"}
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|^`\\]+")
_IN_FULL = re.compile(
    r"([a-z][a-z0-9+.-]*://|urn:).*[^:/?#\[\]@]"
)  # of other ends JSON-LD would make a prefix
_EXACT = 2**53 - 1
_SHOWN_CHARS = 120

# A path, from the inside out: a long name is not copied for everything below it.
_Path = tuple["_Path", str] | None


def is_iri(text: str) -> bool:
    """An absolute IRI as far as it matters here: with a scheme, and nothing that ends it in N-Quads (RFC 3987)."""
    return _IRI.fullmatch(text) is not None


def check(document: Any, limits: VcLimits = VC_LIMITS) -> None:
    """Raise `InputError` unless the document can be written in one way only.

    Codes: not_a_document, bad_context, unknown_context (`UnknownContext`), unsupported_context, context_override,
    unsupported_keyword, bad_value, too_deep, too_complex (`TooComplex`). Paths are named, values never.
    """
    if not isinstance(document, dict):
        raise InputError("not_a_document", "A credential is a JSON object.")
    if "@context" not in document:
        raise InputError("bad_context", "The document has no @context.", f"It starts with {_BASES[0]}.")
    left = limits.nodes
    level: list[tuple[_Path, Any]] = [(None, document)]
    for _ in range(limits.json_depth):
        inner: list[tuple[_Path, Any]] = []
        for path, value in level:
            left -= len(value)
            if left < 0:
                raise TooComplex("too_complex", f"The document has more than {limits.nodes} values.")
            for where, item in _node(path, value, limits) if isinstance(value, dict) else _items(path, value):
                if isinstance(item, dict | list):
                    inner.append((where, item))
                elif isinstance(item, int | float) and not _agreed(item):
                    raise InputError(
                        "bad_value", f"{_shown(where)} is a number that programs read differently."
                    )
        if not inner:
            return
        level = inner
    raise InputError("too_deep", f"The document is nested deeper than {limits.json_depth} levels.")


def shown(names: Iterable[str]) -> str:
    """The names of a path with dots between them: short, and without what a terminal would obey."""
    parts = ("".join(char if char.isprintable() else "?" for char in name[:_SHOWN_CHARS]) for name in names)
    return ".".join(parts)[-_SHOWN_CHARS:]


def _shown(path: _Path) -> str:
    names: list[str] = []
    while path is not None:
        path, name = path
        names.append(name)
    return shown(reversed(names))


def _items(path: _Path, values: list[Any]) -> Iterator[tuple[_Path, Any]]:
    return ((path, item) for item in values)


def _agreed(number: float) -> bool:
    return -_EXACT <= number <= _EXACT if isinstance(number, int) else math.isfinite(number)


def _node(path: _Path, node: Mapping[str, Any], limits: VcLimits) -> Iterator[tuple[_Path, Any]]:
    """The members of an object with their paths, each looked at."""
    for name, value in node.items():
        where = (path, name)
        if name == "@context":
            _context(node, path, limits)
            continue
        if name.startswith("@"):
            _keyword(node, name, where)
        elif ":" in name:
            _require_no_alias(name, where)
        elif name in SECOND_NAMES:
            raise InputError("context_override", f"{_shown(where)} is a second name for another member.")
        yield where, _without_repeats(value, node) if name == "proof" else value


def _without_repeats(value: Any, node: Mapping[str, Any]) -> list[Any]:
    """A proof by eddsa-jcs-2022 repeats the contexts of its document (EDDSA 3.3.1), which changes nothing."""
    return [
        {name: inner for name, inner in proof.items() if name != "@context"}
        if isinstance(proof, dict) and proof.get("@context") == node.get("@context")
        else proof
        for proof in (value if isinstance(value, list) else [value])
    ]


def _keyword(node: Mapping[str, Any], name: str, where: _Path) -> None:
    if name not in _TEXT:
        raise InputError(
            "unsupported_keyword",
            f"{_shown(where)} is JSON-LD that this verifier does not read.",
            "Use id and type; give values in the members that the contexts define.",
        )
    language, direction = node.get("@language"), node.get("@direction")
    if (
        not node.keys() <= _TEXT
        or len(node) < 2
        or not isinstance(node.get("@value"), str)
        or not (language is None or (isinstance(language, str) and _LANGUAGE.fullmatch(language)))
        or direction not in (None, "ltr", "rtl")
    ):
        raise InputError(
            "bad_value", f"{_shown(where)} is not part of a text with a language or a direction."
        )


def _context(node: Mapping[str, Any], path: _Path, limits: VcLimits) -> None:
    """Check one ``@context`` (VC Data Model 2.0 section 4.3, VC Data Integrity 1.0 section 2.4)."""
    where = _shown((path, "@context"))
    kinds = node.get("type", [])
    if path and not any(
        isinstance(kind, str) and kind in _WITH_CONTEXT
        for kind in (kinds if isinstance(kinds, list) else [kinds])
    ):
        raise InputError("unsupported_context", f"{where} changes what a part of the document means.")
    value = node["@context"]
    listed = value if isinstance(value, list) else [value]
    if not listed or listed[0] not in _BASES:
        raise InputError("bad_context", f"{where} does not start with {' or '.join(_BASES)}.")
    if len(listed) > limits.contexts:
        raise TooComplex("too_complex", f"{where} has more than {limits.contexts} contexts.")
    urls = [item for item in listed if isinstance(item, str)]
    inline = [item for item in listed if not isinstance(item, str)]
    for url in urls:
        contexts.require(url)
    if not all(isinstance(item, dict) for item in inline):
        raise InputError("bad_context", f"{where} holds something that is not a context.")
    inline = list(map(_unwrapped, inline))
    if sum(map(len, inline)) > limits.inline_terms:
        raise TooComplex("too_complex", f"{where} defines more than {limits.inline_terms} terms.")
    found: dict[str, Any] = {}
    for context in inline:
        for term, definition in context.items():
            if (term == "@version" and definition == 1.1) or (term == "@protected" and definition is True):
                continue
            if found.setdefault(term, definition) != definition:
                raise InputError("context_override", f"{where} defines a term twice.")
            _inline(term, definition, urls, where)


def _unwrapped(context: dict[str, Any]) -> dict[str, Any]:
    """Not in the specification; JSON-LD libraries take it, and signed examples of the W3C have it."""
    inner = context.get("@context")
    return inner if context.keys() == {"@context"} and isinstance(inner, dict) else context


def _inline(term: str, definition: Any, urls: Sequence[str], where: str) -> None:
    """What the contexts beside it define may only be said again; what is new has an address that has no name yet."""
    before = [known for url in urls for known in _terms(url).get(term, ())]
    if any(known != definition for known in before):
        raise InputError(
            "context_override", f"{where} gives a new meaning to a term of the contexts beside it."
        )
    if before:
        return
    parts = {"@id": definition} if isinstance(definition, str) else definition
    if (
        not _TERM.fullmatch(term)
        or not isinstance(parts, dict)
        or not parts.keys() <= _DEFINITION
        or not isinstance(parts.get("@id"), str)
        or not isinstance(parts.get("@type", ""), str)
        or parts.get("@container", "@set") not in ("@set", "@list")
        or parts.get("@protected", True) not in (True, False)
        or not is_iri(parts["@id"])
        or not _IN_FULL.fullmatch(parts["@id"])
    ):
        raise InputError(
            "unsupported_context",
            f"{where} does more than define new terms by their addresses.",
            "An inline definition has an @id, written in full, and perhaps a @type and a @container.",
        )
    if term not in _names().get(parts["@id"], {term}):
        raise InputError("context_override", f"{where} gives a second name to a term that has one.")


def _require_no_alias(name: str, where: _Path) -> None:
    """``cred:validUntil`` and the whole address mean what ``validUntil`` means, where nobody looks for it."""
    if any(iri in _names() for iri in _written_out(name)):
        raise InputError(
            "context_override",
            f"{_shown(where)} writes out what a term of the contexts stands for.",
            "Use the term: a reader looks for its name.",
        )


# What our own contexts define. A name is looked for at any depth, and a prefix in any of them: more is refused than
# could be abused, and nothing is missed.


@cache
def _terms(url: str) -> Mapping[str, tuple[Any, ...]]:
    """Every definition of every term of a context, scoped ones included."""
    found: dict[str, list[Any]] = defaultdict(list)
    for name, definition in _definitions(contexts.load(url)["@context"]):
        found[name].append(definition)
    return {name: tuple(definitions) for name, definitions in found.items()}


def _definitions(context: Any) -> Iterator[tuple[str, Any]]:
    for item in context if isinstance(context, list) else [context]:
        for name, definition in item.items() if isinstance(item, dict) else ():
            if not name.startswith("@"):
                yield name, definition
                if isinstance(definition, dict):
                    yield from _definitions(definition.get("@context"))


@cache
def _prefixes() -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for url in contexts.manifest():
        for name, definitions in _terms(url).items():
            found[name] |= {text for text in definitions if isinstance(text, str)}
    return {name: frozenset(texts) for name, texts in found.items() if texts}


@cache
def _names() -> Mapping[str, frozenset[str]]:
    """The names of each address, over all contexts of ours."""
    found: dict[str, set[str]] = defaultdict(set)
    for url in contexts.manifest():
        for name, definitions in _terms(url).items():
            for definition in definitions:
                text = definition.get("@id", name) if isinstance(definition, dict) else definition
                for iri in _written_out(text) if isinstance(text, str) else ():
                    found[iri].add(name)
    return {iri: frozenset(names) for iri, names in found.items()}


def _written_out(text: str) -> Iterable[str]:
    prefix, colon, suffix = text.partition(":")
    if not colon or suffix.startswith("//"):
        return (text,)
    return (text, *(base + suffix for base in _prefixes().get(prefix, ())))

"""A European Digital Credential held against the published SHACL shapes. Pure: bytes of the files in, findings out.

Slow and fed by strangers: `agent.services.elm` runs it in a process of its own. Steps:

1. Contexts: named ones only, the profile's own and those that come with the software; no context is fetched and
   none is written inline (JSON-LD 1.1, 3.1).
2. RDF: the default graph (JSON-LD 1.1 API, 8.1). A term that no context defines would vanish without a word, as
   one does in the official sample; here it is told.
3. What speaks of classes and ontologies instead of the credential is left out, so that a document cannot change
   what the shapes mean; ``owl:imports`` is followed nowhere.
4. Shapes: those without and those with controlled vocabularies together (SHACL, 3.4), no inference and no rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from agent.errors import AgentError, InputError
from agent.vc import contexts
from agent.vc.elm_codes import EDC_CONTEXT
from agent.vc.limits import VC_LIMITS

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

CONTEXT_FILE: Final = "edc-ap-context.jsonld"
SHAPE_FILES: Final = ("EDC-generic-no-cv.ttl", "EDC-generic-full.ttl")

# A record has 64 of anything at most. PyLD's time grows with the square of a list's length.
MAX_ITEMS: Final = 500
MAX_VALUES: Final = 10_000
MAX_FINDINGS: Final = 500
_MAX_SHOWN: Final = 200

# What the official JSON-LD sample itself violates (rdf/samples/credential-sample.jsonld), by path and constraint.
KNOWN: Final[Mapping[tuple[str, str], str]] = {
    ("elm:individualDisplay", "MinCount"): "the official sample has no picture of itself either",
    ("elm:eidasLegalIdentifier", "MinCount"): (
        "the official sample spells this member with a Greek capital iota, so that it is dropped"
    ),
    ("cred:issuer", "Node"): "follows from the missing eIDAS legal identifier",
}

_UNDEFINED: Final = "urn:cairn:undefined#"
_ABOUT_THE_MODEL: Final = (
    "http://www.w3.org/2000/01/rdf-schema#",
    "http://www.w3.org/2002/07/owl#",
    "http://www.w3.org/ns/shacl#",
)
_PREFIXES: Final = {
    "http://data.europa.eu/snb/model/elm/": "elm",
    "https://www.w3.org/2018/credentials#": "cred",
    "http://purl.org/dc/terms/": "dc",
    "http://www.w3.org/2004/02/skos/core#": "skos",
    "http://xmlns.com/foaf/0.1/": "foaf",
    "http://www.w3.org/ns/adms#": "adms",
    "http://www.w3.org/ns/regorg#": "rov",
    "http://www.w3.org/ns/org#": "org",
    "http://www.w3.org/ns/locn#": "locn",
    "http://www.w3.org/ns/person#": "person",
    "http://www.w3.org/2001/XMLSchema#": "xsd",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
}
_SENTENCES: Final = {
    "MinCount": "is missing",
    "MaxCount": "is given too often",
    "UniqueLang": "has two texts in one language",
    "Class": "is not of the class asked for",
    "Datatype": "is not of the type asked for",
    "HasValue": "is not from the list asked for",
    "NodeKind": "is not an address, or not a text, as is asked for",
    "Or": "is none of the kinds allowed",
    "Node": "does not hold as a whole",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One broken rule at one node. ``path`` is a name such as ``elm:individualDisplay``; ``known`` says how the
    official sample breaks the same rule, and is empty when it does not. ``focus`` is from the document.
    """

    path: str
    constraint: str
    message: str
    severity: str
    shape: str
    focus: str
    known: str = ""

    def to_json(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """``dropped``: terms of the document that no context defines, and members that speak of the model."""

    findings: tuple[Finding, ...]
    dropped: tuple[str, ...]
    triples: int


def examine(document: object, files: Mapping[str, bytes]) -> Examined:
    """Hold a document against the shapes. ``files``: the content of `CONTEXT_FILE` and `SHAPE_FILES`.

    Raises `InputError`: not_elm (no European Digital Credential), unknown_context, context_override, not_jsonld,
    too_complex; `AgentError` shapes_failed when the shapes cannot be applied.
    """
    if not isinstance(document, dict):
        raise InputError("not_elm", "The document is not an object.")
    graph, dropped = _graph(document, json.loads(files[CONTEXT_FILE]))
    from rdflib import RDF, URIRef

    if (None, RDF.type, URIRef("http://data.europa.eu/snb/model/elm/EuropeanDigitalCredential")) not in graph:
        raise InputError("not_elm", "The document is not a European Digital Credential.")
    return Examined(findings=_findings(graph, files), dropped=dropped, triples=len(graph))


def _graph(document: dict[str, Any], edc: Any) -> tuple[Graph, tuple[str, ...]]:
    from pyld import jsonld
    from rdflib import Graph

    if _values(document) > MAX_VALUES:
        raise InputError("too_complex", f"The document holds more than {MAX_VALUES} values.")
    own = {EDC_CONTEXT: edc}
    loaded = {url: own[url] if url in own else contexts.load(url) for url in _context_urls(document)}

    def load(url: str, _options: object = None) -> dict[str, Any]:
        return {"contextUrl": None, "documentUrl": url, "document": loaded[url]}

    options = {"documentLoader": load}
    try:
        triples = jsonld.to_rdf(document, options)["@default"]
        expanded = jsonld.expand(document, {**options, "expandContext": {"@vocab": _UNDEFINED}})
    except (jsonld.JsonLdError, KeyError, TypeError, ValueError, RecursionError):
        raise InputError("not_jsonld", "The document cannot be read as JSON-LD.") from None
    if len(triples) > VC_LIMITS.quads:
        raise InputError("too_complex", f"The document makes more than {VC_LIMITS.quads} statements.")
    dropped = _undefined(expanded)
    graph = Graph(bind_namespaces="none")
    try:
        for triple in triples:
            terms = [triple[name] for name in ("subject", "predicate", "object")]
            about = [each["value"] for each in terms[1:] if _of_the_model(each)]
            dropped.update(about)
            if not about:
                subject, predicate, value = map(_term, terms)
                graph.add((subject, predicate, value))
    except ValueError:
        raise InputError("not_jsonld", "The document tags a text with a language that is none.") from None
    return graph, tuple(sorted(each[:_MAX_SHOWN] for each in dropped))


def _values(value: object) -> int:
    if isinstance(value, list):
        if len(value) > MAX_ITEMS:
            raise InputError("too_complex", f"The document has a list of more than {MAX_ITEMS} items.")
        return 1 + sum(_values(each) for each in value)
    return 1 + sum(_values(each) for each in value.values()) if isinstance(value, dict) else 1


def _undefined(value: object) -> set[str]:
    """The terms that only the vocabulary of last resort gave a meaning: without it they are left out."""
    if isinstance(value, list):
        return {term for each in value for term in _undefined(each)}
    if isinstance(value, dict):
        return {term for name, each in value.items() for term in (*_undefined(name), *_undefined(each))}
    if isinstance(value, str) and value.startswith(_UNDEFINED):
        return {value.removeprefix(_UNDEFINED)}
    return set()


def _of_the_model(term: dict[str, str]) -> bool:
    return term["type"] == "IRI" and term["value"].startswith(_ABOUT_THE_MODEL)


def _term(value: dict[str, str]) -> Node:
    from rdflib import BNode, Literal, URIRef

    if value["type"] == "IRI":
        return URIRef(value["value"])
    if value["type"] == "blank node":
        return BNode(value["value"].removeprefix("_:"))
    if "language" in value:
        return Literal(value["value"], lang=value["language"])
    return Literal(value["value"], datatype=URIRef(value["datatype"]))


def _strange(value: str) -> bool:
    return value.startswith((_UNDEFINED, *_ABOUT_THE_MODEL))


def _context_urls(value: object) -> set[str]:
    """All contexts of a document, wherever they stand."""
    if isinstance(value, list):
        return {url for each in value for url in _context_urls(each)}
    if not isinstance(value, dict):
        return set()
    found = {url for each in value.values() for url in _context_urls(each)}
    if "@context" in value:
        stated = value["@context"]
        for url in stated if isinstance(stated, list) else [stated]:
            if not isinstance(url, str):
                raise InputError(
                    "context_override", "The document brings its own JSON-LD context, which is not read."
                )
            found.add(url)
    return found


@lru_cache(maxsize=1)
def _shapes(*files: bytes) -> Graph:
    """Reading them takes longer than applying them."""
    from rdflib import Graph

    shapes = Graph(bind_namespaces="none")
    for data in files:
        shapes.parse(data=data, format="turtle")
    return shapes


def _findings(graph: Graph, files: Mapping[str, bytes]) -> tuple[Finding, ...]:
    import pyshacl
    from pyshacl.errors import ReportableRuntimeError
    from rdflib import RDF, SH, Graph

    shapes = _shapes(*(files[name] for name in SHAPE_FILES))
    try:
        _, report, _ = pyshacl.validate(
            graph, shacl_graph=shapes, inference="none", advanced=False, do_owl_imports=False, inplace=True
        )
    except (ReportableRuntimeError, RecursionError):
        report = None
    if not isinstance(report, Graph):
        raise AgentError("shapes_failed", "The published shapes could not be applied to the document.")
    found = (_finding(report, shapes, graph, each) for each in report.subjects(RDF.type, SH.ValidationResult))
    # Both shape files ask for some members; one broken rule is one finding.
    distinct = {(each.focus, each.path, each.constraint): each for each in found}
    return tuple(sorted(distinct.values(), key=_order))[:MAX_FINDINGS]


def _order(finding: Finding) -> tuple[bool, str, str, str]:
    return (bool(finding.known), finding.path, finding.constraint, finding.focus)


def _finding(report: Graph, shapes: Graph, graph: Graph, result: Node) -> Finding:
    from rdflib import RDF, SH

    path = _short(report.value(result, SH.resultPath))
    component = _short(report.value(result, SH.sourceConstraintComponent)).rsplit("#", 1)[-1]
    constraint = component.removesuffix("ConstraintComponent")
    source = report.value(result, SH.sourceShape)
    focus = report.value(result, SH.focusNode)
    # A property of a shape has a name for people; a shape that a node is held against has a label.
    name = str((shapes.value(source, SH.name) if source is not None else None) or path.split(":")[-1]).strip()
    kinds = sorted(_short(each) for each in graph.objects(focus, RDF.type)) if focus is not None else []
    return Finding(
        path=path,
        constraint=constraint,
        message=f"{name} {_SENTENCES.get(constraint, f'breaks the rule {constraint}')}",
        severity=_short(report.value(result, SH.resultSeverity)).rsplit("#", 1)[-1].lower(),
        shape=next((kind.split(":")[-1] for kind in kinds if kind != "cred:VerifiableCredential"), ""),
        focus=str(focus if focus is not None else "")[:_MAX_SHOWN],
        known=KNOWN.get((path, constraint), ""),
    )


def _short(term: Node | None) -> str:
    """``elm:individualDisplay``; the whole address when its vocabulary is not one of the model's."""
    text = str(term if term is not None else "")
    for start, prefix in _PREFIXES.items():
        if text.startswith(start):
            return f"{prefix}:{text.removeprefix(start)}"
    return text


def violations(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(each for each in findings if each.severity == "violation")

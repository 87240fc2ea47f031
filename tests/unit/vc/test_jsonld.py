"""The canonical form of a credential: what is in it, and everything that is refused because nothing would cover it."""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyld import jsonld as pyld

from agent.errors import CairnError, InputError
from agent.vc import context_policy, contexts, expansion, jsonld
from agent.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2
from agent.vc.limits import VC_LIMITS
from agent.vc.rdfc import TooComplex
from tests.unit.vc.signing import EXAMPLES, OPEN_BADGES, badge, vectors

SECURITY_V2 = "https://w3id.org/security/v2"
MARK = "marker-7f3a-value"


def credential(**members: Any) -> dict[str, Any]:
    return {
        "@context": [CREDENTIALS_V2],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": "did:web:mtu.example",
        "validUntil": "2030-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:holder"},
        **members,
    }


def refused(document: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        jsonld.canonical(document)
    assert MARK not in str(caught.value.to_json())
    return caught.value


# What it is


def test_a_badge_has_46_statements() -> None:
    assert len(jsonld.canonical(badge()).splitlines()) == 46
    assert len(jsonld.canonical(badge(4)).splitlines()) == pytest.approx(4 * 46, abs=4)


@pytest.mark.parametrize("times", [1, 4])
def test_it_is_what_the_library_makes_of_a_document_without_surprises(times: int) -> None:
    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "documentLoader": lambda url, _options: expansion._load(url),
    }
    assert jsonld.canonical(badge(times)) == pyld.normalize(badge(times), options)


@pytest.mark.parametrize("name", ["eddsa-rdfc-2022", "eddsa-rdfc-2022 employ", "Ed25519Signature2020"])
def test_vectors_of_the_w3c(name: str) -> None:
    vector = vectors("di-eddsa.json")[name]
    document = {member: value for member, value in vector["signed"].items() if member != "proof"}
    assert jsonld.canonical(document) == vector["canonDoc"]
    assert jsonld.canonical(vector["proofConfig"]) == vector["proofCanon"]


def test_a_learner_record_of_1edtech() -> None:
    vector = vectors("1edtech.json")["clr"]
    document = {member: value for member, value in vector["signed"].items() if member != "proof"}
    assert jsonld.canonical(document) == vector["canonDoc"]


def test_the_document_is_not_changed() -> None:
    document = credential(
        **{"@context": [CREDENTIALS_V2, {"x": "https://x.example/x"}], "x": [1, {"x": "y"}]}
    )
    before = copy.deepcopy(document)
    jsonld.canonical(document)
    assert document == before


def test_values_of_every_kind() -> None:
    document = credential(
        **{
            "@context": [
                CREDENTIALS_V2,
                {
                    "list": {"@id": "https://x.example/list", "@container": "@list"},
                    "json": {"@id": "https://x.example/json", "@type": "@json"},
                    "date": {
                        "@id": "https://x.example/date",
                        "@type": "http://www.w3.org/2001/XMLSchema#date",
                    },
                    "double": {
                        "@id": "https://x.example/double",
                        "@type": "http://www.w3.org/2001/XMLSchema#double",
                    },
                    "v": "https://x.example/v",
                },
            ],
            "name": [
                {"@value": "Energie", "@language": "de-AT"},
                {"@value": "طاقة", "@language": "ar", "@direction": "rtl"},
                {"@value": "plain", "@direction": "ltr"},
            ],
            "list": ["a", 1],
            "json": {"b": [1.0, None, "\b"]},
            "date": "2026-11-22",
            "double": [1, "2.50"],
            "v": [True, 5, 5.0, 0.25, 1e21, -0.0, "\x7f"],
        }
    )
    lines = jsonld.canonical(document).splitlines()
    objects = {line.split(" ", 2)[2].removesuffix(" .") for line in lines if "x.example/v>" in line}
    xsd = "http://www.w3.org/2001/XMLSchema#"
    assert objects == {
        f'"true"^^<{xsd}boolean>',
        f'"5"^^<{xsd}integer>',
        f'"2.5E-1"^^<{xsd}double>',
        f'"1.0E21"^^<{xsd}double>',
        f'"0"^^<{xsd}integer>',
        '"\\u007F"',
    }
    text = "\n".join(lines)
    assert '"Energie"@de-at' in text
    assert '"طاقة"^^<https://www.w3.org/ns/i18n#ar_rtl>' in text
    assert '"plain"^^<https://www.w3.org/ns/i18n#_ltr>' in text
    assert f'"1.0E0"^^<{xsd}double>' in text
    assert f'"2.5E0"^^<{xsd}double>' in text
    json_literal = r'"{\"b\":[1,null,\"\\b\"]}"'
    assert f"{json_literal}^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>" in text
    assert text.count("rdf-syntax-ns#first>") == 2


def test_empty_values_say_nothing_and_are_let_through() -> None:
    assert jsonld.canonical(credential(name=None, evidence=[])) == jsonld.canonical(credential())


# What no signature would cover


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"grade": MARK}, "grade"),
        ({"credentialSubject": {"id": "urn:x", "grade": MARK}}, "credentialSubject.grade"),
        ({"credentialSubject": [{"id": "urn:x"}, {"id": "urn:y", "a b": MARK}]}, "credentialSubject.a b"),
        ({"issuer": {"id": "urn:x", "nested": {"deep": MARK}}}, "issuer.nested"),
    ],
)
def test_an_undefined_member_is_named_by_its_path(members: dict[str, Any], path: str) -> None:
    error = refused(credential(**members))
    assert error.code == "undefined_term"
    assert error.detail.startswith(f"{path} is not defined")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"type": ["VerifiableCredential", MARK]}, "undefined_term"),
        ({"credentialSubject": {"id": "urn:x", "type": MARK}}, "undefined_term"),
        ({"type": ["VerifiableCredential", f"nope:{MARK}"]}, "undefined_term"),
        ({"nope:member": "x"}, "undefined_term"),
        ({"id": MARK}, "relative_reference"),
        ({"id": ""}, "relative_reference"),
        ({"id": "//host.example/path"}, "relative_reference"),
        ({"issuer": MARK}, "relative_reference"),
        ({"credentialSubject": {"id": f"../{MARK}"}}, "relative_reference"),
        ({"credentialSchema": {"id": "x-relative://document/x", "type": "JsonSchema"}}, "relative_reference"),
        ({"id": f"http://a> <{MARK}"}, "bad_value"),
        ({"id": f"urn:a\n{MARK}"}, "bad_value"),
        ({"https://x.example/a> <https://x.example/b": "x"}, "undefined_term"),
        ({"https://x.example/a>": "x"}, "bad_value"),
        ({"name": "\ud800"}, "bad_value"),
        ({"name": float("inf")}, "bad_value"),
        ({"name": float("nan")}, "bad_value"),
        ({"name": 2**53}, "bad_value"),
        ({"name": -(10**400)}, "bad_value"),
        ({"id": "_:b0"}, "bad_value"),
        ({"credentialSubject": {"id": "_:b0"}}, "bad_value"),
        ({"type": ["VerifiableCredential", "_:b0"]}, "undefined_term"),
        ({"_:b0": "x"}, "undefined_term"),
        ({"id": 5}, "bad_json_ld"),
        ({"id": None}, "bad_json_ld"),
        ({"credentialSubject": {"id": "urn:x", "type": [5]}}, "bad_json_ld"),
        ({"name": {"@value": "x", "@language": "not a tag"}}, "bad_value"),
        ({"name": {"@value": "x", "@direction": "up"}}, "bad_value"),
        ({"name": {"@value": "x"}}, "bad_value"),
        ({"name": {"@language": "en"}}, "bad_value"),
        ({"name": {"@value": 5, "@language": "en"}}, "bad_value"),
        ({"name": {"@value": "x", "@language": "en", "id": "urn:x"}}, "bad_value"),
    ],
)
def test_what_would_be_dropped_or_could_be_read_twice(members: dict[str, Any], code: str) -> None:
    assert refused(credential(**members)).code == code


def test_a_credential_that_is_only_named_in_a_presentation_is_not_signed() -> None:
    for base in (CREDENTIALS_V1, CREDENTIALS_V2):
        presentation = {
            "@context": [base],
            "type": "VerifiablePresentation",
            "verifiableCredential": [f"urn:{MARK}"],
        }
        assert refused(presentation).code == "unsigned_value"
    presentation = {
        **presentation,
        "@context": [CREDENTIALS_V1],
        "verifiableCredential": {"id": f"urn:{MARK}"},
    }
    assert refused(presentation).code == "unsigned_value"


def test_vocabularies_define_what_is_not_defined() -> None:
    document = credential(**{"@context": [CREDENTIALS_V2, EXAMPLES], "grade": "A"})
    assert "<https://www.w3.org/ns/credentials/examples#grade>" in jsonld.canonical(document)


@pytest.mark.parametrize("document", [None, [], "x", 5, [credential()]])
def test_what_is_no_document(document: Any) -> None:
    assert refused(document).code == "not_a_document"


# Contexts


@pytest.mark.parametrize(
    ("context", "code"),
    [
        (None, "bad_context"),
        ([], "bad_context"),
        ({}, "bad_context"),
        (5, "bad_context"),
        (OPEN_BADGES, "bad_context"),
        ([OPEN_BADGES, CREDENTIALS_V2], "bad_context"),
        ([{"x": "https://x.example/x"}, CREDENTIALS_V2], "bad_context"),
        ([[CREDENTIALS_V2]], "bad_context"),
        ([CREDENTIALS_V2, None], "bad_context"),
        ([CREDENTIALS_V2, 123192875], "bad_context"),
        ([CREDENTIALS_V2, [OPEN_BADGES]], "bad_context"),
        ([CREDENTIALS_V2, "https ://not-a-url/contexts/example/v1"], "unknown_context"),
        ([CREDENTIALS_V2, "https://evil.example/context.json"], "unknown_context"),
        ([CREDENTIALS_V2, OPEN_BADGES.replace("https", "http")], "unknown_context"),
        ([CREDENTIALS_V2, CREDENTIALS_V1], "context_override"),
        ([CREDENTIALS_V2] * 11, "too_complex"),
    ],
)
def test_lists_of_contexts(context: Any, code: str) -> None:
    assert refused(credential(**{"@context": context})).code == code


def test_no_context() -> None:
    document = credential()
    del document["@context"]
    assert refused(document).code == "bad_context"


@pytest.mark.parametrize(
    "inline",
    [
        {"ExampleCredential": "https://example.org/#ExampleCredential"},
        {"grade": {"@id": "https://x.example/grade", "@type": "@id"}},
        {"@version": 1.1, "@protected": True, "grade": {"@id": "urn:x:grade", "@container": "@set"}},
        {
            "validFrom": contexts.load(CREDENTIALS_V2)["@context"]["VerifiableCredential"]["@context"][
                "validFrom"
            ]
        },
        {},
    ],
)
def test_inline_objects_that_only_define_new_terms(inline: dict[str, Any]) -> None:
    document = credential(**{"@context": [CREDENTIALS_V2, inline]})
    assert jsonld.canonical(document) == jsonld.canonical(credential())


@pytest.mark.parametrize(
    ("inline", "code"),
    [
        ({"validUntil": "https://x.example/other"}, "context_override"),
        ({"validUntil": None}, "context_override"),
        ({"credentialStatus": None}, "context_override"),
        ({"statusListIndex": "https://x.example/other"}, "context_override"),
        ({"until": "https://www.w3.org/2018/credentials#validUntil"}, "context_override"),
        ({"until": {"@id": "https://www.w3.org/2018/credentials#validUntil"}}, "context_override"),
        ({"identifier2": "@id"}, "unsupported_context"),
        ({"kind": "@type"}, "unsupported_context"),
        ({"also": "@graph"}, "unsupported_context"),
        ({"cred2": "https://www.w3.org/2018/credentials#"}, "unsupported_context"),
        ({"did": "https://evil.example/"}, "unsupported_context"),
        ({"until": "cred:validUntil"}, "unsupported_context"),
        ({"relative": "x"}, "unsupported_context"),
        ({"x:y": "https://x.example/y"}, "unsupported_context"),
        ({"": "https://x.example/y"}, "unsupported_context"),
        ({"@vocab": "https://x.example/"}, "unsupported_context"),
        ({"@base": "https://x.example/"}, "unsupported_context"),
        ({"@import": CREDENTIALS_V2}, "unsupported_context"),
        ({"@propagate": False}, "unsupported_context"),
        ({"@language": "en"}, "unsupported_context"),
        ({"@direction": "rtl"}, "unsupported_context"),
        ({"@id": "https://x.example/"}, "unsupported_context"),
        ({"@version": 1.0}, "unsupported_context"),
        ({"@protected": False}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@context": {}}}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@nest": "@nest"}}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@prefix": True}}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@language": "en"}}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@container": "@graph"}}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@container": ["@index"]}}, "unsupported_context"),
        ({"x": {"@reverse": "https://x.example/x"}}, "unsupported_context"),
        ({"x": {"@id": None}}, "unsupported_context"),
        ({"x": 5}, "unsupported_context"),
        ({"x": {"@id": "https://x.example/x", "@type": "relative"}}, "bad_json_ld"),
        ({f"t{n}": f"https://x.example/{n}" for n in range(101)}, "too_complex"),
    ],
)
def test_inline_objects_that_do_more(inline: dict[str, Any], code: str) -> None:
    assert refused(credential(**{"@context": [CREDENTIALS_V2, inline]})).code == code


def test_two_inline_objects_do_not_contradict_each_other() -> None:
    context = [CREDENTIALS_V2, {"x": "https://x.example/x"}, {"x": "https://x.example/y"}]
    assert refused(credential(**{"@context": context})).code == "context_override"


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update({"cred:validUntil": document.pop("validUntil")}),
        lambda document: document.update(
            {"https://www.w3.org/2018/credentials#validUntil": document.pop("validUntil")}
        ),
        lambda document: document["credentialSubject"].update(
            {"@id": document["credentialSubject"].pop("id")}
        ),
        lambda document: document.update({"@type": document.pop("type")}),
        lambda document: document.update({"@included": [document.pop("credentialStatus")]}),
        lambda document: document.update({"@nest": {"credentialStatus": document.pop("credentialStatus")}}),
        lambda document: document.update({"@graph": [document.pop("credentialStatus")]}),
        lambda document: document.update({"@reverse": {"issuer": document.pop("credentialStatus")}}),
        lambda document: document["credentialSubject"].update(
            {"Achievement": document["credentialSubject"].pop("achievement")}
        ),
        lambda document: document["credentialSubject"].update(
            {"@context": {"achievement": "https://x.example/other"}}
        ),
        lambda document: document["credentialSubject"].update({"@context": None}),
        lambda document: document["credentialSubject"].update(
            {"@context": [CREDENTIALS_V2, EXAMPLES], "type": ["AchievementSubject"]}
        ),
        lambda document: document.update(
            {"validUntil": {"@value": document["validUntil"], "@type": "xsd:dateTime"}}
        ),
        lambda document: document.update({"validUntil": {"@set": [document["validUntil"]]}}),
    ],
)
def test_a_signed_document_has_no_second_spelling(change: Callable[[dict[str, Any]], Any]) -> None:
    """Each of these says the same graph, so that the signature would hold, and hides a member from a reader."""
    document = badge()
    change(document)
    assert refused(document).code in {
        "context_override",
        "unsupported_context",
        "unsupported_keyword",
        "bad_value",
    }


def test_the_library_itself_would_not_notice() -> None:
    """Why the test above is needed."""
    options = {
        "algorithm": "URDNA2015",
        "format": "application/n-quads",
        "documentLoader": lambda url, _options: expansion._load(url),
    }
    hidden = badge()
    hidden["https://www.w3.org/2018/credentials#credentialStatus"] = hidden.pop("credentialStatus")
    assert pyld.normalize(hidden, options) == pyld.normalize(badge(), options)
    dropped = {**badge(), "grade": "A"}
    assert pyld.normalize(dropped, options) == pyld.normalize(badge(), options)


def members_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every member, but for contexts."""
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if key != "@context":
            if isinstance(value, dict):
                yield (*path, key)
            if isinstance(inner, dict | list):
                yield from members_of(inner, (*path, key))


def without_creator() -> dict[str, Any]:
    """A badge in which nothing is said twice."""
    document = badge()
    del document["credentialSubject"]["achievement"]["creator"]
    return document


EVERY_NAME = sorted({name for url in contexts.manifest() for name in context_policy._terms(url)})
EVERY_ADDRESS = sorted(context_policy._names())


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(members_of(without_creator()))),
    st.sampled_from(EVERY_NAME) | st.sampled_from(EVERY_ADDRESS) | st.just(""),
    st.sampled_from(["", "@set", "@list", "@graph", "@included", "@nest", "@value", "@reverse", "@json"]),
    st.lists(st.sampled_from(list(contexts.manifest())), max_size=3),
    st.none()
    | st.tuples(st.sampled_from(EVERY_NAME), st.sampled_from([*EVERY_ADDRESS, "@id", "@type", "@json"])),
)
def test_no_other_name_or_place_leaves_the_form_as_it_was(
    path: tuple[Any, ...], name: str, wrap: str, more: list[str], inline: tuple[str, str] | None
) -> None:
    document = without_creator()
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    value = parent.pop(path[-1])
    parent[name or path[-1]] = {wrap: value} if wrap else value
    document["@context"] += more + ([dict([inline])] if inline else [])
    try:
        text = jsonld.canonical(document)
    except InputError:
        return
    same = not wrap and name in {"", path[-1]}
    assert same or text != jsonld.canonical(without_creator())


def test_a_context_stands_in_the_credentials_inside() -> None:
    presentation = {
        "@context": [CREDENTIALS_V2],
        "type": ["VerifiablePresentation"],
        "holder": "did:example:holder",
        "verifiableCredential": [
            badge(),
            {
                "@context": CREDENTIALS_V2,
                "id": "data:application/vc+jwt,eyJ",
                "type": "EnvelopedVerifiableCredential",
            },
        ],
    }
    assert len(jsonld.canonical(presentation).splitlines()) == 46 + 5
    presentation["verifiableCredential"][0]["@context"] = [CREDENTIALS_V2, "https://evil.example/"]  # type: ignore[index]
    assert refused(presentation).code == "unknown_context"


def test_contexts_of_one_document_do_not_last_into_the_next() -> None:
    inline = {"grade": "https://x.example/grade"}
    jsonld.canonical(credential(**{"@context": [CREDENTIALS_V2, inline], "grade": "A"}))
    assert refused(credential(grade="A")).code == "undefined_term"
    other = {"grade": "https://x.example/other"}
    text = jsonld.canonical(credential(**{"@context": [CREDENTIALS_V2, other], "grade": "A"}))
    assert "https://x.example/other" in text


def test_many_documents_keep_few_contexts() -> None:
    more = [url for url in contexts.manifest() if "ob" not in url and "v1" not in url][:6]
    for number in range(60):
        order = more[number % 6 :] + more[: number % 6]
        with contextlib.suppress(InputError):  # some contexts contradict each other
            jsonld.canonical(credential(**{"@context": [CREDENTIALS_V2, *order[: number // 10]]}))
    assert len(expansion._kept) <= expansion._KEPT + VC_LIMITS.context_work


def test_threads_do_not_disturb_each_other() -> None:
    expected = jsonld.canonical(badge(4))
    found: list[str] = []

    def work() -> None:
        for _ in range(5):
            expansion._kept.clear()
            found.append(jsonld.canonical(badge(4)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 20


# Limits


def nested(levels: int, kind: str) -> Any:
    value: Any = "x"
    for _ in range(levels):
        value = {"name": value} if kind == "object" else [value]
    return value


@pytest.mark.parametrize("kind", ["object", "list"])
def test_depth(kind: str) -> None:
    document = credential(**{"@context": [CREDENTIALS_V2, EXAMPLES], "x": nested(2000, kind)})
    assert refused(document).code == "too_deep"
    document["x"] = nested(VC_LIMITS.json_depth - 1, kind)
    context_policy.check(document)


def many_types(count: int) -> list[Any]:
    kinds = ["Achievement", "Address", "Alignment", "Evidence", "Image", "Profile", "Related"]
    return [{"type": [kind for n, kind in enumerate(kinds) if number >> n & 1]} for number in range(1, count)]


@pytest.mark.parametrize(
    "values",
    [
        ["x"] * (VC_LIMITS.nodes + 1),
        [str(n) for n in range(VC_LIMITS.quads + 1)],
        [{"b": n} for n in range(VC_LIMITS.blank_nodes + 1)],
        [{"b": [{"c": 1}] * 9}, {"b": [{"c": 1}] * 9}],
        many_types(128),
    ],
    ids=["values", "statements", "blank nodes", "permutations", "types"],
)
def test_counts(values: list[Any]) -> None:
    document = credential(**{"@context": [CREDENTIALS_V2, OPEN_BADGES, EXAMPLES], "x": values})
    with pytest.raises(TooComplex) as caught:
        jsonld.canonical(document, replace(VC_LIMITS, context_work=60))
    assert caught.value.code == "too_complex"
    assert caught.value.code in jsonld.UNDECIDED


def test_a_thousand_lists_of_contexts() -> None:
    inside = [
        {
            "@context": [CREDENTIALS_V2, {f"t{n}": f"https://x.example/{n}"}],
            "type": "VerifiableCredential",
            f"t{n}": "x",
        }
        for n in range(1000)
    ]
    document = {
        "@context": [CREDENTIALS_V2],
        "type": "VerifiablePresentation",
        "verifiableCredential": inside,
    }
    assert refused(document).code == "too_complex"


# Anything at all

_NAMES = st.sampled_from(
    [
        *(
            "id",
            "type",
            "name",
            "issuer",
            "credentialSubject",
            "credentialStatus",
            "evidence",
            "proof",
            "achievement",
        ),
        *(
            "verifiableCredential",
            "credentialSchema",
            "jsonSchema",
            "cred:x",
            "x",
            ":",
            "_:b",
            "https://x.example/x",
        ),
        *("@context", "@value", "@language", "@direction", "@id", "@type", "@graph", "@list", "", "a b"),
    ]
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["", "x", "en", "ltr", "urn:x", "_:b", "@json", "@id", "JsonSchema", "VerifiableCredential"]
    )
    | st.sampled_from([CREDENTIALS_V2, OPEN_BADGES, "Achievement", "2026-01-01T00:00:00Z", "\ud800", "a> <b"])
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(_NAMES, _VALUES, max_size=5),
    st.sampled_from(
        [[CREDENTIALS_V2], [CREDENTIALS_V2, OPEN_BADGES, EXAMPLES], [CREDENTIALS_V1, SECURITY_V2]]
    ),
    _VALUES,
)
def test_whatever_comes_there_is_a_form_or_an_error_of_ours(
    members: dict[str, Any], context: list[Any], inline: Any
) -> None:
    for chosen in (context, [*context, inline]):
        try:
            text = jsonld.canonical({**credential(), **members, "@context": chosen})
        except CairnError:
            continue
        else:
            assert text.endswith(" .\n")
            assert "x-relative" not in text


# Start-up


def test_the_library_is_imported_when_it_is_needed() -> None:
    code = (
        "import sys, agent.vc.proofs, agent.vc.dids, agent.vc.jsonld\n"
        "print('pyld' in sys.modules, 'requests' in sys.modules, 'lxml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 3


def test_the_library_is_left_as_it_was() -> None:
    """No patch of ours may surprise ACA-Py, which uses the same library in the same process."""
    code = (
        "import json, pyld.jsonld, pyld.nquads, pyld.canon\n"
        "def all_of(*modules): return {(m.__name__, n): id(v) for m in modules for n, v in vars(m).items()}\n"
        "def now(): return all_of(pyld.jsonld, pyld.nquads, pyld.canon, pyld.jsonld.JsonLdProcessor)\n"
        "before = now()\n"
        "from agent.vc import jsonld\n"
        f"jsonld.canonical(json.loads({json.dumps(json.dumps(badge()))}))\n"
        "print({name for name, value in now().items() if before.get(name) != value})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"

"""Documents that want something else of the shapes than to be held against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError
from agent.vc import elm, elm_codes
from tests.unit.core_domain.builders import record
from tests.unit.vc.elm_files import LEGAL, PNG, broken, examine, made


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"@context": "https://attacker.example/context"}, "unknown_context"),
        ({"@context": [elm_codes.EDC_CONTEXT, {"title": "urn:x"}]}, "context_override"),
        ({"displayParameter": {"@context": {"title": "urn:x"}, "title": "x"}}, "context_override"),
        ({"@context": [elm_codes.VC_CONTEXT], "type": ["VerifiableCredential"]}, "not_elm"),
        ({"@context": 7}, "context_override"),
        ({"id": {"nested": "x"}}, "not_jsonld"),
        ({"displayParameter": {"title": {"no tag": "x"}}}, "not_jsonld"),
        ({"displayParameter": {"title": {"en": ["x"] * 501}}}, "too_complex"),
        ({"displayParameter": [[{"en": "x"}] * 400] * 20}, "too_complex"),
        ({"displayParameter": [{"title": {f"x-{n}": "x" for n in range(60)}}] * 166}, "too_complex"),
    ],
)
def test_what_is_refused(change: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as refused:
        examine(made(record()) | change)
    assert refused.value.code == code


def test_a_document_cannot_change_what_the_shapes_mean() -> None:
    document = made(record(), legal_identifier=LEGAL, picture=PNG)
    del document["displayParameter"]["primaryLanguage"]["type"]
    del document["displayParameter"]["primaryLanguage"]["inScheme"]
    document["displayParameter"]["primaryLanguage"]["id"] = "urn:no-language"
    document |= {
        "http://www.w3.org/2002/07/owl#imports": {"id": "https://attacker.example/shapes"},
        "http://www.w3.org/ns/shacl#shapesGraph": {"id": "https://attacker.example/shapes"},
        "credentialProfiles": {
            **document["credentialProfiles"],
            "http://www.w3.org/2000/01/rdf-schema#subClassOf": {
                "id": "http://www.w3.org/2004/02/skos/core#Concept"
            },
        },
    }
    found = examine(document)
    assert ("elm:primaryLanguage", "Class") in broken(found)
    assert set(found.dropped) == {
        "http://www.w3.org/2002/07/owl#imports",
        "http://www.w3.org/ns/shacl#shapesGraph",
        "http://www.w3.org/2000/01/rdf-schema#subClassOf",
    }


def test_a_term_of_no_context_is_told_with_all_below_it() -> None:
    document = made(record(), legal_identifier=LEGAL, picture=PNG)
    document["credentialSubject"]["nickname"] = {"id": "urn:n", "type": "Note", "noteLiterals": {"en": "x"}}
    found = examine(document)
    assert found.dropped == ("en", "nickname", "noteLiterals")
    assert found.findings == ()


def test_a_concept_of_another_list_is_found() -> None:
    document = made(record(), legal_identifier=LEGAL, picture=PNG)
    level = document["credentialSubject"]["hasClaim"]["specifiedBy"]["eqfLevel"]
    level["inScheme"]["id"] = "urn:my-own-levels"
    found = examine(document)
    assert ("elm:EQFLevel", "Node") in broken(found)
    assert all(not each.known for each in found.findings)


def test_no_file_of_the_model_is_in_the_software() -> None:
    software = Path(elm.__file__).parents[1]
    names = {file.name for file in software.rglob("*") if file.suffix in (".ttl", ".jsonld")}
    assert "edc-ap-context.jsonld" not in names
    assert not any(name.endswith(".ttl") for name in names)

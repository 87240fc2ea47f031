"""The shape of credentials and presentations: the documents of the W3C suite, and what that suite does not ask."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError
from agent.vc import model
from agent.vc.jsonld import canonical

SUITE = json.loads(
    (Path(__file__).parents[2] / "assets/vc/w3c-data-model/documents.json").read_text(encoding="utf-8")
)
ISSUER = "did:key:z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj"
JWT = "eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJkaWQ6ZXhhbXBsZTphIn0.c2ln"
# These have the right shape; what is wrong is what their terms mean.
WRONG_IN_JSON_LD = {
    "credential-redef-type-fail",
    "credential-redef-type2-fail",
    "credential-type-mapped-nonurl-fail",
    "credential-type-unmapped-fail",
}


def as_sent(name: str) -> dict[str, Any]:
    """The document as the suite sends it: with the issuer and the dates it fills in."""
    document: dict[str, Any] = json.loads(json.dumps(SUITE[name]))
    if not name.startswith("presentation-"):
        issuer = document.get("issuer", ISSUER)
        if isinstance(issuer, dict):
            issuer.setdefault("id", ISSUER)
        document["issuer"] = issuer
    for member, wanted in (("validFrom", "FUTURE DATE"), ("validUntil", "FUTURE DATE")):
        if member in document:
            years = {wanted: "2030-01-01T00:00:00Z", "PAST DATE": "2020-01-01T00:00:00Z"}
            document[member] = years.get(document[member], document[member])
    return document


@pytest.mark.parametrize("name", sorted(SUITE))
def test_w3c_document_is_taken_or_refused_as_its_name_says(name: str) -> None:
    document = as_sent(name)
    problems = model.check(document)
    if name.endswith("-ok"):
        assert problems == ()
        unsecured = {member: value for member, value in document.items() if member != "proof"}
        assert canonical(unsecured)
    elif name in WRONG_IN_JSON_LD:
        with pytest.raises(InputError):
            canonical(document)
    else:
        assert problems


def credential(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": [model.V2],
        "id": "urn:uuid:b2d1a8e6-0f5c-4a5f-9b8e-1f3a0c7d9e21",
        "type": ["VerifiableCredential"],
        "issuer": {"id": "did:web:mtu.example", "name": "MTU"},
        "validFrom": "2026-01-01T00:00:00Z",
        "credentialSubject": {"id": "did:example:learner"},
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not ...}


def old_credential(**changes: Any) -> dict[str, Any]:
    return credential(
        **{"@context": [model.V1], "validFrom": ..., "issuanceDate": "2026-01-01T00:00:00Z"} | changes
    )


def presentation(**changes: Any) -> dict[str, Any]:
    document = {
        "@context": [model.V2],
        "type": ["VerifiablePresentation"],
        "holder": "did:example:learner",
        "verifiableCredential": [credential()],
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not ...}


def found(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(problem.code, problem.path) for problem in model.check(document)]


STATUS = {"id": "https://mtu.example/status/1#7", "type": "BitstringStatusListEntry"}
RESOURCE = {"id": "https://mtu.example/a", "digestSRI": "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}


@pytest.mark.parametrize(
    "document",
    [
        credential(),
        credential(issuer="did:web:mtu.example", validFrom=...),
        credential(**{"@context": model.V2, "type": "VerifiableCredential"}),
        credential(name=[{"@value": "Hund", "@language": "de"}, {"@value": "كلب", "@direction": "rtl"}]),
        credential(validFrom="2026-01-01T24:00:00Z", validUntil="2026-01-02T00:00:00.0000000001Z"),
        credential(relatedResource=RESOURCE),
        credential(credentialStatus=[STATUS, {"type": "https://other.example/Status"}]),
        old_credential(),
        old_credential(credentialStatus=STATUS, expirationDate="2027-01-01T00:00:00+01:00"),
        presentation(),
        presentation(holder=..., verifiableCredential=...),
        presentation(verifiableCredential=credential()),
        presentation(verifiableCredential=[old_credential(), model.enveloped(JWT)]),
        presentation(**{"@context": [model.V1], "verifiableCredential": [JWT]}),
        model.enveloped(JWT),
        model.enveloped(JWT, presentation=True),
        model.enveloped(JWT) | {"id": "data:application/vc+sd-jwt,a.b.c~d~"},
        credential(credentialSubject={"score": {"@value": "7", "@type": "https://schema.org/Number"}}),
    ],
)
def test_right_shapes(document: dict[str, Any]) -> None:
    assert found(document) == []


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        (credential(type=["VerifiableCredential", "VerifiablePresentation"]), "ambiguous_type", "/type"),
        (credential(type=["VerifiableCredential", ""]), "not_type", "/type"),
        (credential(type=["AchievementCredential"]), "wrong_type", "/type"),
        (credential(**{"@context": [model.V2, None]}), "bad_context", "/@context/1"),
        (credential(**{"@context": [{"id": "@id"}, model.V2]}), "no_base_context", "/@context"),
        (credential(issuer=["did:web:mtu.example"]), "not_url", "/issuer"),
        (credential(issuer={"id": "did:web:mtu.example", "name": 7}), "not_language_value", "/issuer/name"),
        (credential(name={"@value": "x", "@language": "not a tag"}), "not_language_value", "/name"),
        (credential(name={"@value": "x", "@direction": "up"}), "not_language_value", "/name"),
        (credential(name=[]), "not_language_value", "/name"),
        (credential(credentialSubject=[]), "empty", "/credentialSubject"),
        (credential(credentialSubject="did:example:learner"), "not_object", "/credentialSubject"),
        (credential(credentialSubject=[{"id": "x:y"}, 7]), "not_object", "/credentialSubject/1"),
        (credential(credentialSubject=[{"id": None}]), "not_url", "/credentialSubject/0/id"),
        (credential(validFrom="2026-01-01"), "not_date_time", "/validFrom"),
        (credential(validFrom="2026-01-01T00:00:00"), "not_date_time", "/validFrom"),
        (credential(validFrom="2026-02-30T00:00:00Z"), "not_date_time", "/validFrom"),
        (credential(validFrom="9999-12-31T24:00:00Z"), "not_date_time", "/validFrom"),
        (credential(validFrom="2026-01-01T00:00:00+14:01"), "not_date_time", "/validFrom"),
        (credential(validFrom="２０２６-01-01T00:00:00Z"), "not_date_time", "/validFrom"),
        (credential(validFrom=["2026-01-01T00:00:00Z"]), "not_date_time", "/validFrom"),
        (credential(validUntil="2025-12-31T23:59:59Z"), "ends_before_start", "/validUntil"),
        (credential(validUntil="2026-01-01T00:30:00+01:00"), "ends_before_start", "/validUntil"),
        (credential(credentialStatus=None), "not_object", "/credentialStatus"),
        (credential(credentialStatus=[STATUS, {"id": "a:b"}]), "missing", "/credentialStatus/1/type"),
        (credential(evidence=["https://mtu.example/e"]), "not_object", "/evidence/0"),
        (credential(relatedResource=[RESOURCE, RESOURCE]), "duplicate_id", "/relatedResource/1/id"),
        (credential(relatedResource={"id": "https://mtu.example/a"}), "no_digest", "/relatedResource"),
        (credential(relatedResource=RESOURCE | {"digestMultibase": 7}), "no_digest", "/relatedResource"),
        (credential(proof="z58D"), "not_object", "/proof"),
        (credential(proof=[{"type": "DataIntegrityProof"}, {}]), "missing", "/proof/1/type"),
        (old_credential(issuanceDate=...), "missing", "/issuanceDate"),
        (old_credential(expirationDate="2020-01-01T00:00:00Z"), "ends_before_start", "/expirationDate"),
        (old_credential(credentialStatus={"type": "T"}), "missing", "/credentialStatus/id"),
        (old_credential(refreshService={"type": "T"}), "missing", "/refreshService/id"),
        (presentation(holder={"name": "Acme"}), "not_url", "/holder/id"),
        (presentation(verifiableCredential=[credential(issuer=...)]), "missing", "/verifiableCredential/0/issuer"),
        (presentation(verifiableCredential=[JWT]), "not_object", "/verifiableCredential/0"),
        (presentation(verifiableCredential=[presentation()]), "wrong_type", "/verifiableCredential/0/type"),
        (presentation(verifiableCredential=[credential()] * 33), "too_many", "/verifiableCredential"),
        (model.enveloped(JWT) | {"id": JWT}, "not_data_url", "/id"),
        (model.enveloped(JWT) | {"@context": []}, "no_base_context", "/@context"),
    ],
)  # fmt: skip
def test_wrong_shapes(document: dict[str, Any], code: str, path: str) -> None:
    assert (code, path) in found(document)


def test_a_document_that_is_wrong_a_thousand_times_gives_a_short_list() -> None:
    assert len(model.check(credential(evidence=[{}] * 1000))) == model.MAX_PROBLEMS


def test_nesting_deeper_than_python_calls_is_no_crash() -> None:
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"a": deep}
    assert found(credential(credentialSubject=deep)) == []


def test_a_problem_says_where_and_never_what_stands_there() -> None:
    problems = model.check(credential(validFrom="marker-5521", name={"marker-5522": 1}))
    assert len(problems) == 2
    assert "marker" not in " ".join(map(str, problems))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T01:30:00.5+01:30", datetime(2026, 1, 1, 0, 0, 0, 500000, tzinfo=UTC)),
        ("2025-12-31T24:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2025-12-31T24:00:00.1Z", None),
        ("0000-01-01T00:00:00Z", None),
        ("2026-01-01T00:00:60Z", None),
        (20260101, None),
    ],
)
def test_date_time_stamps(text: Any, instant: datetime | None) -> None:
    assert model.date_time(text) == instant


@pytest.mark.parametrize(
    ("url", "jwt"),
    [
        (f"data:application/vc+jwt,{JWT}", JWT),
        (f"data:application/vc-ld+jwt;base64url,{JWT}", JWT),
        ("data:application/vc+jwt;base64,ZTMwLmUzMC5lMzA=", "e30.e30.e30"),
        ("data:application/vc+jwt;base64,!!", ""),
        ("data:application/vc+jwt,e30.e30", ""),
        ("data:application/vc+sd-jwt,e30.e30.e30~", ""),
        (f"https://mtu.example/{JWT}", ""),
        (None, ""),
    ],
)
def test_the_jwt_in_an_envelope(url: Any, jwt: str) -> None:
    assert model.jwt_of({"id": url}) == jwt

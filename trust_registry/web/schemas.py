"""JSON Schemas (2020-12, as in OpenAPI 3.1) of what goes over the wire: ``SCHEMAS``, by name.

Words and forms come from where they are decided (vocabulary, models, dates, objects, the pydantic bodies). An answer
has exactly the members written here: a member too many or too few is a fault that the tests find.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from trust_registry import audit, findings, objects, operations, proposals, tails, vocabulary
from trust_registry import signed_answers as signed
from trust_registry.bodies import MAX_DID_CHARS, Body
from trust_registry.dates import DATE, TIME
from trust_registry.models import COUNTRY, DID, THUMBPRINT
from trust_registry.web.limits import LIMITS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer", "minimum": 0}
STRINGS: Schema = {"type": "array", "items": TEXT}


def whole(expression: re.Pattern[str] | str) -> str:
    """A pattern for the whole text; Python's named groups have no counterpart in ECMA-262."""
    text = expression if isinstance(expression, str) else expression.pattern
    return f"^(?:{re.sub(r'\?P<[a-z0-9]+>', '?:', text)})$"


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def one_of(words: type[StrEnum] | Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(word) for word in words]}


def always(value: Any) -> Schema:
    return {"const": value}


def many(item: Schema, **bounds: int) -> Schema:
    return {"type": "array", "items": item, **bounds}


def maybe(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def members(optional: Mapping[str, Schema] | None = None, /, **required: Schema) -> Schema:
    """An object with exactly these members."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


DAY: Schema = {"type": "string", "format": "date", "pattern": whole(DATE)}
MOMENT: Schema = {"type": "string", "format": "date-time", "pattern": whole(TIME)}
UTC_MOMENT: Schema = {
    "type": "string",
    "format": "date-time",
    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z$",
}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
ANY_DID: Schema = {"type": "string", "pattern": whole(DID), "maxLength": MAX_DID_CHARS}
KEY: Schema = {"type": "string", "pattern": whole(THUMBPRINT)}
LAND: Schema = {"type": "string", "pattern": whole(COUNTRY)}
JWS: Schema = {
    "type": "string",
    "pattern": r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
    "maxLength": objects.OBJECT_BYTES,
}
OBJECT_ID: Schema = {"type": "string", "pattern": whole(objects.ID), "maxLength": objects.MAX_ID_CHARS}
TAILS_NAME: Schema = {"type": "string", "pattern": whole(tails.HASH)}
NONCE: Schema = {
    "type": "string",
    "pattern": whole(signed.NONCE),
    "minLength": 16,
    "maxLength": LIMITS.nonce_chars,
}
_LEVEL: Schema = {"type": "integer", "minimum": 0, "maximum": 3}
_REASONS = many(one_of(vocabulary.Reason))
_JWK = members(
    kty=always("OKP"), crv=always("Ed25519"), x={"type": "string", "pattern": whole("[A-Za-z0-9_-]{43}")}
)
_STEP = members(id=TEXT, at=DAY, kind=one_of(vocabulary.RelationKind))
_REVOKED = maybe(members(at=UTC_MOMENT, reason=one_of(vocabulary.RevocationReason)))
_BOUND = {
    "level": _LEVEL,
    "thumbprint": KEY,
    "valid_from": DAY,
    "valid_to": maybe(DAY),
    "revoked": _REVOKED,
    "recorded_at": UTC_MOMENT,
}
_PUBLIC_BINDING = {"institution_id": TEXT, "jwk": _JWK, "proposal": TEXT, **_BOUND}
_FINDING = members(check=TEXT, result=one_of(findings.Result), code=TEXT, detail=TEXT)
_PROPOSAL = {
    "id": TEXT,
    "did": TEXT,
    "institution_id": TEXT,
    "level": _LEVEL,
    "jwk": _JWK,
    "thumbprint": KEY,
    "valid_from": DAY,
    "valid_to": maybe(DAY),
    "evidence": TEXT,
    "sources": STRINGS,
    "proposed_by": TEXT,
    "proposed_at": UTC_MOMENT,
    "expires_at": UTC_MOMENT,
    "findings": many(ref("Finding")),
}
_SHORT: Schema = {"type": "string", "minLength": 1, "maxLength": LIMITS.trqp_chars}


def _trqp_question(action: Schema, resource: Schema, context: Schema) -> Schema:
    return members(
        {"context": context}, entity_id=_SHORT, authority_id=_SHORT, action=action, resource=resource
    )


def _trqp_answer(result: str, optional: Mapping[str, Schema], **context: Schema) -> Schema:
    return members(
        {"time_requested": UTC_MOMENT, **optional},
        entity_id=_SHORT,
        authority_id=_SHORT,
        action=TEXT,
        resource=TEXT,
        time_evaluated=UTC_MOMENT,
        message=TEXT,
        context=members(seq={"type": "string", "pattern": "^[0-9]+$"}, **context),
        **{result: FLAG},
    )


_AUTHORIZING = one_of(vocabulary.AwardKind)
_NARROWING = dict.fromkeys(("key", "country", "eqf", "ects", "programme", "known_at"), _SHORT)

SCHEMAS: dict[str, Schema] = {
    "Problem": members(
        type={"type": "string", "pattern": "^urn:cairn:registry:[a-z0-9_]+$"},
        title=TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        code={"type": "string", "pattern": "^[a-z0-9_]+$"},
        detail=TEXT,
        hint=TEXT,
    ),
    "Snapshot": members(
        seq=COUNT,
        issued_at=UTC_MOMENT,
        age_seconds={"type": "integer"},
        freshness=one_of(vocabulary.Freshness),
        kind=one_of(vocabulary.SnapshotKind),
        sha256=SHA256,
    ),
    "Evidence": members(kind=TEXT, label=TEXT, value=TEXT, url=TEXT, at=TEXT, illustrative=FLAG),
    "ChainLink": members(role=TEXT, name=TEXT, id=TEXT, url=TEXT, note=TEXT),
    "Decision": members(
        version=always(1),
        outcome=one_of(vocabulary.Outcome),
        reasons=_REASONS,
        evidence=many(ref("Evidence")),
        authority_chain=many(ref("ChainLink")),
        institution=maybe(members(id=TEXT, name=TEXT, country=TEXT, countries=STRINGS)),
        scope=one_of(vocabulary.Scope),
        snapshot=ref("Snapshot"),
    ),
    "PublicBinding": members(**_PUBLIC_BINDING),
    "Issuer": members(did=TEXT, bindings=many(ref("PublicBinding"))),
    "RevokedKey": members(did=TEXT, bindings=many(ref("PublicBinding"))),
    "Schemas": members(schemas=many(members(name=TEXT, version=TEXT, id=OBJECT_ID))),
    "Status": members(
        version=always(1),
        did=TEXT,
        deployment=one_of(vocabulary.SnapshotKind),
        snapshot=ref("Snapshot"),
        sources=many(
            {"type": "object", "required": ["file", "sha256"], "properties": {"file": TEXT, "sha256": SHA256}}
        ),
        quarantined=COUNT,
    ),
    "DidDocument": members(
        **{"@context": STRINGS},
        id=TEXT,
        verificationMethod=many(members(id=TEXT, type=TEXT, controller=TEXT, publicKeyMultibase=TEXT)),
        authentication=STRINGS,
        assertionMethod=STRINGS,
    ),
    "Found": members(
        institutions=many(
            members(id=TEXT, name=TEXT, found_as=TEXT, countries=STRINGS, href=TEXT),
            maxItems=LIMITS.max_page_size,
        ),
        total=COUNT,
        total_is_exact=FLAG,
        limit=COUNT,
        offset=COUNT,
        next=maybe(TEXT),
    ),
    "Report": members(
        id=TEXT,
        institutions=STRINGS,
        agency=TEXT,
        activity=one_of(vocabulary.Activity),
        status=one_of(vocabulary.Status),
        decision=one_of(vocabulary.ReportDecision),
        flag=one_of(vocabulary.Flag),
        valid_from=DAY,
        last_day=DAY,
        last_day_inferred=FLAG,
        cycles=maybe(many(one_of(vocabulary.Cycle))),
        programme=maybe(TEXT),
        url=TEXT,
        illustrative=FLAG,
    ),
    "Institution": members(
        version=always(1),
        institution=members(
            id=TEXT,
            name=TEXT,
            countries=STRINGS,
            url=TEXT,
            founded=maybe(DAY),
            closed=maybe(members(earliest=DAY, latest=DAY)),
            other_provider=FLAG,
            names=STRINGS,
            identifiers=many(members(resource=TEXT, value=TEXT, valid_from=maybe(DAY), valid_to=maybe(DAY))),
        ),
        at=DAY,
        known_at=UTC_MOMENT,
        standing=ref("Decision"),
        dids=many(members(did=TEXT, outcome=one_of(vocabulary.Outcome), reasons=_REASONS, **_BOUND)),
        reports=many(ref("Report"), maxItems=LIMITS.reports),
        predecessors=many(_STEP),
        part_of=many(members(id=TEXT, valid_from=maybe(DAY), valid_to=maybe(DAY))),
        successors=many(_STEP),
    ),
    "AuthorizationQuestion": _trqp_question(
        always("issue"), _AUTHORIZING, members({"time": UTC_MOMENT, **_NARROWING})
    ),
    "AuthorizationAnswer": _trqp_answer(
        "authorized", {}, outcome=one_of(vocabulary.Outcome), scope=one_of(vocabulary.Scope)
    ),
    "RecognitionQuestion": _trqp_question(
        always("assure-quality"), always("higher-education"), members({"time": UTC_MOMENT})
    ),
    "RecognitionAnswer": _trqp_answer("recognized", {}, outcome=TEXT),
    "Links": members(first=TEXT, prev=TEXT, next=TEXT, last=TEXT),
    "EbsiIssuers": members(
        self=TEXT,
        items=many(members(did=TEXT, href=TEXT)),
        total=COUNT,
        pageSize=COUNT,
        links=ref("Links"),
    ),
    "EbsiIssuer": members(did=TEXT, attributes=TEXT, hasAttributes=FLAG),
    "EbsiAttributes": members(
        self=TEXT,
        items=many(members(id=SHA256, href=TEXT)),
        total=COUNT,
        pageSize=COUNT,
        links=ref("Links"),
    ),
    "EbsiAttribute": members(
        did=TEXT,
        attribute=members(
            hash=SHA256, body=JWS, issuerType=one_of(("TI", "Revoked")), tao=TEXT, rootTao=TEXT
        ),
    ),
    "RecognizedEntities": members(
        **{"@context": STRINGS},
        id=TEXT,
        type=STRINGS,
        name=TEXT,
        issuer=members(id=TEXT, type=TEXT),
        validFrom=UTC_MOMENT,
        validUntil=UTC_MOMENT,
        credentialSubject=many(
            members(
                id=TEXT,
                type=TEXT,
                name=TEXT,
                url=TEXT,
                description=TEXT,
                recognizedTo=members(type=TEXT, action=TEXT, recognizedBy=TEXT),
            )
        ),
    ),
    "DccList": members(
        meta=members(created=UTC_MOMENT, updated=UTC_MOMENT),
        registry={"type": "object", "additionalProperties": members(name=TEXT, location=TEXT, url=TEXT)},
    ),
    "Kept": members(id=OBJECT_ID),
    "KeptList": members(id=OBJECT_ID, timestamp=COUNT),
    "KeptTails": members(hash=TAILS_NAME),
    "Finding": _FINDING,
    "Binding": members(did=TEXT, evidence=TEXT, **_PUBLIC_BINDING),
    "Proposal": members(**_PROPOSAL),
    "Closed": members(
        proposal=TEXT, approved=FLAG, by=TEXT, at=UTC_MOMENT, why=TEXT, findings=many(ref("Finding"))
    ),
    "Checked": members(
        did=TEXT,
        institutions=STRINGS,
        findings=many(ref("Finding")),
        keys=many(
            members(
                thumbprint=KEY,
                institution_id=TEXT,
                level=_LEVEL,
                valid_from=DAY,
                valid_to=maybe(DAY),
                revoked=_REVOKED,
                in_document=FLAG,
            )
        ),
        quarantined=many(KEY),
    ),
    "Revoked": members(did=TEXT, at=UTC_MOMENT, bindings=many(ref("Binding"))),
    "Listing": members(
        proposals=many(members(**_PROPOSAL, state=one_of(proposals.State), closed=maybe(ref("Closed")))),
        bindings=many(ref("Binding")),
        quarantined=many(members(did=TEXT, thumbprint=KEY, first_seen=UTC_MOMENT)),
    ),
    "AuditLog": members(
        head={"type": "string", "pattern": "^[0-9]+:[0-9a-f]{64}$"},
        entries=many(
            members(
                seq=COUNT,
                prev=SHA256,
                at=UTC_MOMENT,
                operator=TEXT,
                action=one_of(audit.Action),
                subject=TEXT,
                digest=TEXT,
            )
        ),
    ),
}


def of_body(model: type[Body]) -> Schema:
    """A pydantic body's own schema, without the titles that repeat its members' names."""
    schema: Schema = _untitled(model.model_json_schema())
    return schema


def _untitled(value: Any) -> Any:
    if isinstance(value, dict):
        # A member that is called title holds a schema, and no text.
        return {
            name: _untitled(item)
            for name, item in value.items()
            if not (name == "title" and isinstance(item, str)) and name != "description"
        }
    return [_untitled(item) for item in value] if isinstance(value, list) else value


for _operation, (_model, _) in operations.OPERATIONS.items():
    SCHEMAS[f"Operator{_operation.capitalize()}"] = of_body(_model)

"""A route's description for OpenAPI 3.1, written beside the route and passed as its ``openapi_extra``.

The query parameters of a description are also those that the route takes (`params.DeclaredOnly`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from trust_registry.web import problems
from trust_registry.web.params import JSON
from trust_registry.web.schemas import TEXT, Schema, ref

ADMIN, OPERATOR = "adminToken", "operatorToken"
_ALWAYS = (400, 414, 429, 500)
_EXPLAINED = {
    400: "The question or body cannot be understood; nothing was guessed.",
    401: "The token is missing, given twice, or not one of this route's.",
    403: "Not allowed: the issuer's key is not pinned here, or another person has to do this.",
    404: "Not known here. That is no judgement.",
    409: "It contradicts what is here already, or a check stands against it.",
    413: "The body is longer than the limit.",
    414: "The query string is longer than the limit.",
    415: "The body says that it is of another media type, character set or encoding.",
    422: "The signed object or file is not what its address says.",
    429: "Too many: try again after the seconds of Retry-After.",
    500: "The registry failed, or something stored does not verify. It says nothing for or against.",
    503: "It cannot be told at present; this is never a no.",
    507: "The mirror is full.",
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """``example`` is what the parameter's text stands for: a number for a number. None: not asked in the example."""

    name: str
    what: str
    schema: Schema
    example: Any
    where: str = "query"
    required: bool = False

    def to_json(self) -> dict[str, Any]:
        example = {"example": self.example} if self.example is not None else {}
        return {
            "name": self.name,
            "in": self.where,
            "required": self.required or self.where == "path",
            "description": self.what,
            "schema": self.schema,
            **example,
        }


@dataclass(frozen=True, slots=True)
class Content:
    """A body or an answer in one media type."""

    schema: Schema
    example: Any
    media_type: str = JSON

    def to_json(self) -> dict[str, Any]:
        return {self.media_type: {"schema": self.schema, "example": self.example}}


HAS_ALREADY = Parameter(
    "If-None-Match", "ETags that the asker has", TEXT, '"00000000000000000000000000000000"', where="header"
)


def operation(
    name: str,
    summary: str,
    *answers: Content,
    tag: str,
    more: str = "",
    parameters: Sequence[Parameter] = (),
    body: Content | None = None,
    problems: Iterable[int] = (),
    token: str = "",
    status: int = 200,
    caching: str = "",
) -> dict[str, Any]:
    """One operation. ``answers`` are the media types of its success; ``problems`` the statuses it may refuse with,
    beside those of every route. ``caching``: its Cache-Control; with an If-None-Match parameter it may answer 304."""
    headers = {"Cache-Control": {"schema": {"const": caching}, "required": True}} if caching else {}
    known = {"ETag": {"schema": {"type": "string", "pattern": '^"[0-9a-f]{32,64}"$'}, "required": True}}
    conditional = HAS_ALREADY in parameters
    good: dict[str, Any] = {
        "description": "The answer",
        "content": {media: item for one in answers for media, item in one.to_json().items()},
        "headers": {**headers, **known} if conditional else headers,
    }
    refusals = {*_ALWAYS, *problems, *((413, 415) if body else ()), *((401,) if token else ())}
    described: dict[str, Any] = {
        "operationId": name,
        "summary": summary,
        "description": more,
        "tags": [tag],
        "parameters": [item.to_json() for item in parameters],
        "responses": {
            str(status): good,
            **({"304": {"description": "Unchanged", "headers": {**headers, **known}}} if conditional else {}),
            **{str(one): {"$ref": f"#/components/responses/{_name(one)}"} for one in sorted(refusals)},
        },
    }
    if body is not None:
        described["requestBody"] = {"required": True, "content": body.to_json()}
    if token:
        described["security"] = [{token: []}]
    return described


def refusals() -> dict[str, Any]:
    """``components/responses``: a problem document for every status that a description may name."""
    return {_name(status): _refusal(status) for status in _EXPLAINED}


def _name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "").replace("-", "")


def _refusal(status: int) -> dict[str, Any]:
    codes = sorted(code for code, one in problems.STATUS.items() if one == status)
    code = {400: "bad_parameter", 422: "bad_signature", 414: "too_large", 429: "too_many_requests"}.get(
        status, codes[0] if codes else "internal_error"
    )
    headers: dict[str, Any] = {}
    if status in {429, 503}:
        headers["Retry-After"] = {
            "description": "Seconds",
            "schema": {"type": "integer", "minimum": 1},
            "required": True,
        }
    if status == 401:
        headers["WWW-Authenticate"] = {"schema": {"type": "string", "pattern": "^Bearer "}, "required": True}
    example = {
        "type": f"urn:cairn:registry:{code}",
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": _EXPLAINED[status],
        "hint": "",
    }
    more = f" Codes: {', '.join(codes)}." if codes else ""
    return {
        "description": _EXPLAINED[status] + more,
        "headers": headers,
        "content": {problems.MEDIA_TYPE: {"schema": ref("Problem"), "example": example}},
    }

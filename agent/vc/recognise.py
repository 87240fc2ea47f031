"""What a file is: a credential, a presentation, a JWT, a badge in an image, an export or a record.

`recognise` looks at nothing but the bytes and promises nothing about who made them. What cannot be read is an
`InputError` whose hint says what to do: a person has saved the wrong thing, or somebody sends what should not
be opened. Codes: ``empty``, ``too_large``, ``too_deep``, ``not_text``, ``not_json``, ``duplicate_member``,
``compressed``, ``html_page``, ``no_badge``, ``not_recognised``, and those of `agent.vc.baking` for images.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from agent.core.limits import parse_json, require_whole_characters
from agent.errors import InputError
from agent.vc import model
from agent.vc.limits import VC_LIMITS
from trust_registry.strict_json import b64url_decode

ANONCREDS_EXPORT: Final = "cairn-anoncreds-export"
EUROPEAN: Final = "EuropeanDigitalCredential"
OPEN_BADGES_2: Final = "https://w3id.org/openbadges/v"

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
}
_OTHER_FILES = {
    b"%PDF-": ("a PDF", "A PDF is for reading. If a credential is attached to it, save that and verify it."),
    b"\xff\xd8\xff": ("a JPEG image", "Only PNG and SVG images carry badges."),
    b"GIF8": ("a GIF image", "Only PNG and SVG images carry badges."),
}
# Possessive, so that no row of comments or spaces makes it try every way to divide it.
_HTML = re.compile(
    r"(?:\ufeff|<!--.*?-->|\s++)*+<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE
)
_JWS = re.compile(r"e[wy][A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_LINK = re.compile(r"https?://[^\s<>\"]{1,2000}")
_EXPECTED = (
    "Give a verifiable credential or presentation (JSON or JWT), an Open Badge (JSON, PNG or SVG), a European "
    "Digital Credential, or an export of this wallet."
)


class Kind(StrEnum):
    VCDM2_CREDENTIAL = "vcdm2_credential"
    VCDM1_CREDENTIAL = "vcdm1_credential"
    PRESENTATION = "presentation"
    VC_JWT = "vc_jwt"
    VP_JWT = "vp_jwt"
    OPEN_BADGE_2_ASSERTION = "open_badge_2_assertion"
    ANONCREDS_EXPORT = "anoncreds_export"
    RECORD = "record"
    ELM = "elm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """``document`` is the JSON of what was found; for a JWT it is None, except for a signed Open Badge 2.0, whose
    claims are the assertion. ``jwt`` is a JWT in compact form, ``carrier`` ``png``, ``svg`` or empty. ``url`` is
    set only for an image that carries no more than the address of its Open Badge 2.0 assertion.
    """

    kind: Kind
    document: dict[str, Any] | None = None
    jwt: str = ""
    carrier: str = ""
    url: str = ""


def recognise(data: bytes) -> Found:
    """What ``data`` is. Raises `InputError`; see the module."""
    most = max(VC_LIMITS.document_bytes, VC_LIMITS.image_bytes)
    if len(data) > most:
        raise InputError("too_large", f"The file has {len(data)} bytes; the limit is {most}.", _EXPECTED)
    if not data.strip():
        raise InputError("empty", "The file is empty.", "Was it downloaded to its end?")
    for magic, name in _COMPRESSED.items():
        if data.startswith(magic):
            raise InputError("compressed", f"The file is compressed ({name}).", "Unpack it first.")
    for magic, (name, hint) in _OTHER_FILES.items():
        if data.startswith(magic):
            raise InputError("not_recognised", f"The file is {name}.", hint)
    if _HTML.match(data[:4096].decode("utf-8", "replace")):
        raise InputError(
            "html_page",
            "The file is a web page, not the credential that it shows.",
            "On that page, use its download link, and save what that gives.",
        )
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"\x89PNG", b"<")):
        return _carried(data)
    return _from_text(_text(data))


def _carried(data: bytes) -> Found:
    from agent.vc import baking

    if not baking.is_png(data) and not baking.is_svg(data):
        raise InputError("not_recognised", "The file is XML, and no SVG image.", _EXPECTED)
    text = baking.unbake(data)
    if text is None:
        raise InputError(
            "no_badge",
            "The image carries no credential.",
            "Programs that change an image lose it: download the badge from where it was awarded.",
        )
    carrier = "png" if baking.is_png(data) else "svg"
    if _LINK.fullmatch(text):
        return Found(kind=Kind.OPEN_BADGE_2_ASSERTION, carrier=carrier, url=text)
    return replace(_from_text(text), carrier=carrier)


def _text(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:4]:
        raise InputError("not_text", "The file is in UTF-16 or UTF-32.", "Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError("not_text", "The file is no UTF-8 text and no image.", _EXPECTED) from None


def _from_text(text: str) -> Found:
    size = len(text.encode())
    if size > VC_LIMITS.document_bytes:
        raise InputError(
            "too_large", f"The document has {size} bytes; the limit is {VC_LIMITS.document_bytes}."
        )
    text = text.strip()
    if _JWS.fullmatch(text):
        return _from_jwt(text)
    if "~" in text and _JWS.match(text):
        raise InputError("not_recognised", "The file is an SD-JWT, which is not read here.", _EXPECTED)
    value = _json(text, "document")
    if isinstance(value, str) and _JWS.fullmatch(value):
        return _from_jwt(value)
    if isinstance(value, list):
        raise InputError(
            "not_recognised", "The file is a list.", "Give its items one by one, each in a file."
        )
    if not isinstance(value, dict):
        raise InputError("not_recognised", "The file is JSON, and no object.", _EXPECTED)
    return _from_object(value)


def _require_finite(value: Any, what: str) -> None:
    """1e999 is JSON, and infinity to Python: no number that could be written again."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, float) and not math.isfinite(item):
            raise InputError("not_json", f"The {what} holds a number that is too large.")
        if isinstance(item, dict | list):
            todo.extend(item.values() if isinstance(item, dict) else item)


def _from_object(value: dict[str, Any]) -> Found:
    kinds = set(model.types(value))
    if value.get("type") == ANONCREDS_EXPORT:
        return Found(kind=Kind.ANONCREDS_EXPORT, document=value)
    if model.is_enveloped(value):
        jwt = model.jwt_of(value)
        if not jwt:
            raise InputError("not_recognised", "The envelope holds no JWT.", _EXPECTED)
        return _from_jwt(jwt)
    if model.PRESENTATION in kinds:
        return Found(kind=Kind.PRESENTATION, document=value)
    if model.CREDENTIAL in kinds:
        if EUROPEAN in kinds:
            return Found(kind=Kind.ELM, document=value)
        old = model.version(value) == "1.1"
        return Found(kind=Kind.VCDM1_CREDENTIAL if old else Kind.VCDM2_CREDENTIAL, document=value)
    if _is_assertion(value):
        return Found(kind=Kind.OPEN_BADGE_2_ASSERTION, document=value)
    if (
        type(value.get("version")) is int
        and isinstance(value.get("issuer"), dict)
        and "did" in value["issuer"]
    ):
        return Found(kind=Kind.RECORD, document=value)
    raise InputError("not_recognised", "The file is JSON of a kind that is not known here.", _EXPECTED)


def _is_assertion(value: dict[str, Any]) -> bool:
    contexts = model.as_list(value.get("@context"))
    return "Assertion" in model.types(value) and any(
        isinstance(context, str) and context.startswith(OPEN_BADGES_2) for context in contexts
    )


def _from_jwt(jwt: str) -> Found:
    """Which kind of JWT, by what it claims to hold; nothing of it is verified here (VC-JOSE-COSE, VCDM 1.1 6.3.1)."""
    header, claims = (_part(part) for part in jwt.split(".")[:2])
    if _is_assertion(claims):
        return Found(kind=Kind.OPEN_BADGE_2_ASSERTION, document=claims, jwt=jwt)
    kinds = set(model.types(claims))
    if "vp" in claims or model.PRESENTATION in kinds or header.get("typ") == "vp+jwt":
        return Found(kind=Kind.VP_JWT, jwt=jwt)
    if "vc" in claims or model.CREDENTIAL in kinds:
        return Found(kind=Kind.VC_JWT, jwt=jwt)
    raise InputError("not_recognised", "The JWT holds no credential.", _EXPECTED)


def _part(part: str) -> dict[str, Any]:
    try:
        text = b64url_decode(part).decode("utf-8")
    except ValueError:
        raise InputError("not_recognised", "The text looks like a JWT and is none.", _EXPECTED) from None
    value = _json(text, "JWT")
    if not isinstance(value, dict):
        raise InputError("not_recognised", "The text looks like a JWT and is none.", _EXPECTED)
    return value


def _json(text: str, what: str) -> Any:
    value = parse_json(
        text.encode(), max_bytes=VC_LIMITS.document_bytes, max_depth=VC_LIMITS.json_depth, what=what
    )
    require_whole_characters(value, what)
    _require_finite(value, what)
    return value

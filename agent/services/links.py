"""Short links: ``…/o/CODE`` for an offer, ``…/r/CODE`` for a request.

The maker's service serves a signed document there (`agent.core.signed_link`); the code is a bearer secret of
96 bits. Whoever opens a link fetches it within the limits, and the link's host must be the signer's.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agent.core import signed_link
from agent.core.limits import LIMITS, require_whole_characters
from agent.errors import (
    ConflictError,
    ExpiredError,
    InputError,
    NotFoundError,
    UnreachableError,
    UntrustedError,
)
from agent.net.fetch import Fetched
from agent.services import clock, views
from agent.services.node import Node
from trust_registry.errors import KeyFormatError
from trust_registry.keys import did_web_url

_LINK = re.compile(
    r"(?P<base>https?://[^\s/?#@]+(?:/[^\s?#]*?)?)/(?P<kind>[or])/(?P<code>[A-Za-z0-9_-]{8,64})"
)
MAX_LINK_CHARS = 2000
READING = {"o": "reading the offer", "r": "reading the request"}
RESOLVING = {"o": "resolving the issuer", "r": "resolving the requester"}


@dataclass(frozen=True, slots=True)
class Link:
    """A parsed link: ``kind`` is ``o`` (offer) or ``r`` (request)."""

    url: str
    kind: str
    code: str


def new_code() -> str:
    return secrets.token_urlsafe(12)


def parse_link(text: str, kind: str) -> Link:
    """Read what a person pasted. Raises `InputError` with a hint that fits the mistake."""
    text = text.strip()
    match = _LINK.fullmatch(text) if len(text) <= MAX_LINK_CHARS else None
    wanted = "an offer" if kind == "o" else "a request"
    if match is None:
        raise InputError(
            "not_a_link",
            f"That is not {wanted} link.",
            f"It looks like https://university.example/{kind}/CODE.",
        )
    if match["kind"] != kind:
        other = "a request" if kind == "o" else "an offer"
        raise InputError("wrong_kind", f"That is {other} link, not {wanted} link.")
    return Link(text, kind, match["code"])


async def sign(node: Node, typ: str, payload: dict[str, Any]) -> str:
    """Sign with this agent's did:web assertion key, inside ACA-Py's wallet."""
    admin = await node.admin()
    did = node.settings.did
    return await admin.sign_jwt(did, {"typ": typ}, {"iss": did, **payload})


async def open_link(
    node: Node, link: Link, steps: list[dict[str, Any]] | None = None
) -> signed_link.SignedLink:
    """Fetch and verify what a link serves, in steps with names. Raises the errors of `agent.net` and `signed_link`."""
    typ = signed_link.OFFER_TYP if link.kind == "o" else signed_link.REQUEST_TYP
    with views.step(node.bus, link.code, READING[link.kind], steps):
        fetched = await node.fetcher.get(
            link.url, max_bytes=LIMITS.link_document_bytes, accept="application/jose"
        )
        require_ok(fetched)
        document = signed_link.read(fetched.content, typ=typ)
        require_whole_characters(document.payload, "signed document")
        _require_same_host(document.iss, link.url)
    with views.step(node.bus, link.code, RESOLVING[link.kind], steps):
        resolved = await node.dids.resolve(document.iss)
    verified = signed_link.verify(document, keys=resolved.keys, now=int(clock.now().timestamp()))
    _require_date(verified.payload["exp"])
    return verified


async def call(node: Node, link: Link, action: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST to the link's maker (accept, reject, connect, decline); the answer is bounded JSON."""
    fetched = await node.fetcher.post_json(f"{link.url}/{action}", body, max_bytes=LIMITS.link_document_bytes)
    require_ok(fetched)
    answer = fetched.json()
    if not isinstance(answer, dict):
        raise InputError("not_json", "The other side's answer is not an object.")
    require_whole_characters(answer, "other side's answer")
    return answer


def require_ok(fetched: Fetched) -> None:
    """Turn the maker's own refusals into our errors; their texts are not repeated."""
    if fetched.status == 200:
        return
    if fetched.status == 404:
        raise NotFoundError(
            "link_unknown", "The other side does not know this link.", "Check it, or ask for a new one."
        )
    if fetched.status == 409:
        raise ConflictError("already_used", "This link has already been used.", "Ask for a new one.")
    if fetched.status == 410:
        raise ExpiredError("expired", "The link has expired.", "Ask for a new one.")
    if fetched.status in (423, 429) or fetched.status >= 500:  # locked, busy or broken: not for good
        raise UnreachableError(
            "not_now", f"The other side cannot answer now (HTTP status {fetched.status}).", "Try again later."
        )
    raise UntrustedError("unexpected_answer", f"The other side answered with HTTP status {fetched.status}.")


def _require_date(seconds: int) -> None:
    """`signed_link` compares whole numbers; we also write them as dates, which have an end."""
    try:
        clock.from_unix(seconds)
    except (ValueError, OverflowError, OSError):
        raise UntrustedError(
            "malformed_link", "The signed document does not say how long it holds."
        ) from None


def _require_same_host(did: str, url: str) -> None:
    parts = urlsplit(url)
    try:
        expected = did_web_url(did)
    except KeyFormatError:
        raise UntrustedError(
            "bad_did", "What the link serves is signed by somebody without a web address (did:web)."
        ) from None
    if (parts.scheme, parts.netloc) != (expected.scheme, expected.host):
        raise UntrustedError(
            "wrong_host",
            f"The link points to {parts.netloc}, but what it serves is signed by {did}.",
            "Do not use it; ask the sender for a link on their own address.",
        )

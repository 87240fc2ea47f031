"""Open Badges 2.0: an assertion is as good as the address that serves it (2.0, section "Verification").

Three questions about a hosted one: does its address still serve it, does what is served say the same (its badge class
and issuer included, wherever they stand), and is the address the issuer's own? Without the last, anybody could serve
an assertion in the name of anybody. The signed kind is not verified here: its keys are RSA keys of a format that
nobody else uses.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from agent.core.limits import parse_json, require_whole_characters
from agent.core.record import Record
from agent.core.verdict import Check, Evidence, Result
from agent.errors import CairnError, InputError
from agent.formats.envelope import Held, Secured
from agent.formats.reading import Read
from agent.formats.signed import secured_by, unbound
from agent.vc import badge2, model
from agent.vc.limits import VC_LIMITS

if TYPE_CHECKING:
    from agent.formats.envelope import Means, Wallet

ROUNDS: Final = 2  # the badge class, then its issuer
LABEL: Final = "Still published by its issuer, unchanged"
_NO_KEY = "An Open Badge of version 2.0 names its issuer by a web address, without a key."


async def completed(document: dict[str, Any], means: Means) -> dict[str, Any]:
    """With what it only points to, as far as that can be had: its badge class, and the issuer of that."""
    for _ in range(ROUNDS):
        objects = {address: await object_at(address, means) for address in badge2.references(document)}
        document = badge2.with_documents(
            document, {address: each for address, each in objects.items() if each is not None}
        )
    return document


async def object_at(address: str, means: Means) -> dict[str, Any] | None:
    """The JSON object behind an address; None where there is none now."""
    answer = await means.lookups.document(address)
    try:
        return _object(answer.content) if answer.content else None
    except InputError:
        return None


def _object(content: bytes) -> dict[str, Any]:
    parsed = parse_json(content, max_bytes=VC_LIMITS.document_bytes, what="published assertion")
    require_whole_characters(parsed, "published assertion")
    if not isinstance(parsed, dict):
        raise InputError("not_an_object", "What its address serves is no assertion.")
    return parsed


class OpenBadge2:
    """Held: ``secured`` (the assertion with what it points to), and ``token`` where it came as one."""

    name = "open_badge_2"
    label = "Open Badge 2.0"
    answers_requests = False

    async def verify(self, held: Held, means: Means) -> Secured:
        return secured_by(await self.read(held["secured"], means), held)

    async def read(self, secured: Any, means: Means) -> Read:
        from agent.vc import understand

        seen = understand.understand(secured)
        address = badge2.hosted_at(secured)
        hosted = await _hosted(secured, seen.record, address, means) if address else _signed_kind()
        key = Check("issuer_key", "Signed with a key of the issuer", Result.UNKNOWN, "no_key", _NO_KEY)
        issuer = "" if seen.record is None else seen.record.issuer.did
        return Read(seen.record, issuer, "", "", (hosted, key), unknown=seen.unknown)

    async def binding(self, held: Held, wallet: Wallet) -> Check:
        del held, wallet
        return unbound("It names its holder by an address or its hash, which proves nothing.")

    def export(self, held: Held) -> bytes:
        if "token" in held:
            return str(held["token"]).encode()
        return json.dumps(held["secured"], ensure_ascii=False, indent=2).encode()


def _signed_kind() -> Check:
    detail = "Assertions of version 2.0 that are signed, and not hosted, are not verified here."
    return Check("signature", "Signed, and not changed since", Result.UNKNOWN, "unsupported_suite", detail)


async def _hosted(document: dict[str, Any], record: Record | None, address: str, means: Means) -> Check:
    answer = await means.lookups.document(address)
    evidence = (Evidence("hosted", "address of the assertion", url=address),)

    def said(result: Result, reason: str, detail: str) -> Check:
        return Check("signature", LABEL, result, reason, detail, evidence=evidence)

    if answer.result is not Result.PASS:
        # 404 and 410 are how an issuer of 2.0 revokes; a broken site answers the same.
        result = Result.FAIL if answer.reason == "gone" else Result.UNKNOWN
        return said(result, answer.reason, answer.detail)
    try:
        published = _object(answer.content)
    except InputError as error:
        return said(Result.UNKNOWN, error.code, error.detail)
    if published.get("revoked") is True:
        return said(Result.FAIL, "revoked", "The issuer revoked it.")
    whole = await completed(published, means)
    if _core(published) != _core(document) or _record_of(whole) != record:
        if _core(published) == _core(document) and badge2.references(whole):
            detail = "What its issuer says of the badge cannot be read now."
            return said(Result.UNKNOWN, "badge_class_unreachable", detail)
        return said(Result.FAIL, "hosted_differs", "Its address serves another assertion.")
    return said(*await _at_home(address, _issuer_address(whole), means))


def _core(document: dict[str, Any]) -> dict[str, Any]:
    """What an assertion itself says. Its badge class may be inside it or behind an address: that is one thing."""
    badge = document.get("badge")
    return {**document, "badge": badge.get("id") if isinstance(badge, dict) else badge}


def _record_of(document: dict[str, Any]) -> Record | None:
    from agent.vc import understand

    try:
        return understand.understand(document).record
    except CairnError:
        return None


def _issuer_address(document: dict[str, Any]) -> str:
    badge, issuer = badge2.parts_of(document)
    return model.id_of(issuer or badge.get("issuer"))


async def _at_home(address: str, issuer: str, means: Means) -> tuple[Result, str, str]:
    """Hosted verification counts on the issuer's own site, or where the issuer's own profile allows it (2.0,
    VerificationObject of a Profile: ``allowedOrigins``, ``startsWith``)."""
    if not issuer.startswith(("https://", "http://")):
        return Result.UNKNOWN, "no_issuer", "It names no issuer by a web address, so nobody's site is known."
    if _origin(address) and _origin(address) == _origin(issuer):
        return Result.PASS, "", "its address serves the same"
    profile = await object_at(issuer, means)  # as it stands at its own address: a copy may say anything
    if profile is None or profile.get("id") != issuer:
        detail = "It is not on its issuer's own site, and the issuer's profile cannot be read now."
        return Result.UNKNOWN, "issuer_unreachable", detail
    allowed = profile.get("verification")
    allowed = allowed if isinstance(allowed, dict) else {}
    origins = {text.lower() for text in model.as_list(allowed.get("allowedOrigins")) if isinstance(text, str)}
    begins = [text for text in model.as_list(allowed.get("startsWith")) if isinstance(text, str)]
    host = _origin(address)[1].partition(":")[0]
    if host in origins or any(_origin(text)[1] and address.startswith(text) for text in begins):
        return Result.PASS, "", "its address, which its issuer names, serves the same"
    return Result.FAIL, "not_the_issuers_site", "It is served by another site than its issuer's."


def _origin(address: str) -> tuple[str, str]:
    """Scheme and host with port; empty texts where there is none."""
    try:
        parts = urlsplit(address)
    except ValueError:  # half an IPv6 address, say
        return "", ""
    return (parts.scheme, parts.netloc.lower()) if parts.netloc else ("", "")

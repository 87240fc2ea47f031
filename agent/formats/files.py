"""Every kind of file, verified: one reading for each kind that `agent.vc.recognise` tells apart."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from agent.core.verdict import Check, Result
from agent.errors import CairnError
from agent.formats.open_badge2 import OpenBadge2
from agent.formats.opening import Opened
from agent.formats.reading import Read, examined, read_credential
from agent.formats.signed import SignedDocument, SignedToken
from agent.vc import model
from agent.vc.recognise import Kind

if TYPE_CHECKING:
    from agent.formats.envelope import Means

MAX_PARTS: Final = 100


@dataclass(frozen=True, slots=True)
class Reading:
    """``checks`` are those of the presentation or bundle itself; each credential has its own.

    ``is_presentation``: there may be several credentials, so that each check says which it is about.
    """

    checks: tuple[Check, ...]
    credentials: tuple[Read, ...]
    is_presentation: bool = False
    beside: tuple[Check, ...] = ()


async def read(
    opened: Opened, means: Means, *, challenge: str | None = None, domain: str | None = None
) -> Reading:
    """Verify what was opened. Raises nothing for what it finds."""
    kind = opened.found.kind
    if kind in (Kind.PRESENTATION, Kind.VP_JWT):
        return await _presentation(opened, means, challenge, domain)
    if opened.parts:
        return await _bundle(opened, opened.parts, means)
    return Reading((), (await _READERS[kind](opened, means),))


async def _presentation(opened: Opened, means: Means, challenge: str | None, domain: str | None) -> Reading:
    jwt = opened.found.jwt
    document = model.enveloped(jwt, presentation=True) if jwt else opened.found.document or {}
    found = await examined(document, means, challenge=challenge, domain=domain)
    inside = {id(check) for one in found.credentials for check in one.checks}
    own = tuple(check for check in found.checks if id(check) not in inside)
    return Reading(
        own, tuple([await read_credential(one) for one in found.credentials]), is_presentation=True
    )


async def _bundle(opened: Opened, parts: list[Any], means: Means) -> Reading:
    """The bundle's own signature, which says who put it together, and each credential by itself."""
    found = await examined(opened.found.document or {}, means)
    own = [replace(check, label=f"The bundle: {check.label}") for check in found.checks]
    if len(parts) > MAX_PARTS or not all(isinstance(part, dict | str) for part in parts):
        detail = f"Only {MAX_PARTS} credentials are verified, and only what is a credential."
        own.append(
            Check("parts", "The bundle: all that it holds", Result.UNKNOWN, "not_all_verified", detail)
        )
    documents = (model.enveloped(part) if isinstance(part, str) else part for part in parts[:MAX_PARTS])
    inside = [await examined(part, means) for part in documents if isinstance(part, dict)]
    read = tuple([await read_credential(one.credentials[0]) for one in inside])
    return Reading(tuple(own), read, is_presentation=True, beside=(_PUT_TOGETHER, _NOT_PRESENTED))


async def _document(opened: Opened, means: Means) -> Read:
    return _unpresented(await SignedDocument().read(opened.found.document, means))


async def _token(opened: Opened, means: Means) -> Read:
    return _unpresented(await SignedToken().read(opened.found.jwt, means))


async def _badge2(opened: Opened, means: Means) -> Read:
    return _unpresented(await OpenBadge2().read(opened.found.document, means))


def _unpresented(read: Read) -> Read:
    """A credential alone says whom it is about, and nothing of who has the file. That is not asked here, and said."""
    return replace(read, beside=(*read.beside, _NOT_PRESENTED))


_NOT_PRESENTED = Check(
    "holder",
    "Presented by its holder",
    Result.UNKNOWN,
    "not_presented",
    "A file alone does not tell whether who sent it is whom it is about; ask for a presentation.",
)


_PUT_TOGETHER = Check(
    "bundle_by",
    "Put together by its holder",
    Result.UNKNOWN,
    "own_signer",
    "Whoever signed the bundle need not be whom the credentials in it are about: anybody can bundle what they have.",
)


async def _anoncreds(opened: Opened, means: Means) -> Read:
    # Late, like every reader's own tools: a file is of one kind, and most of the time is loading.
    from agent.formats.anoncreds import EXPORTED, AnonCreds

    # Only what an export has: with a wallet's ``referent`` beside it, a file would pass for one that a wallet keeps.
    document = {name: value for name, value in (opened.found.document or {}).items() if name in EXPORTED}
    try:
        secured = await AnonCreds().verify(document, means)
    except (CairnError, KeyError, TypeError, AttributeError):
        detail = "The export lacks members that it needs, or has them in another form."
        checks: tuple[Check, ...] = (
            Check("model", "Shaped as an export", Result.FAIL, "bad_export", detail),
        )
        return Read(opened.record, "", "", "", checks)
    issuer = opened.record.issuer.did if opened.record is not None else ""
    checks = tuple(_as_the_file_has_it(check) for check in secured.checks)
    if issuer != secured.issuer:
        detail = "The definition is another issuer's than the record names."
        checks += (Check("issuer", "Issued by whom the record names", Result.FAIL, "wrong_issuer", detail),)
    return _unpresented(Read(opened.record, issuer, "", secured.key, checks))


def _as_the_file_has_it(check: Check) -> Check:
    """What the rows compare is in the file, and only a presentation proves that it was signed: a pass says so."""
    if check.code in ("status", "record") and check.result is Result.PASS:
        return replace(check, detail=f"{check.detail}, by what the file says")
    return check


async def _unsigned(opened: Opened, means: Means) -> Read:
    del means
    issuer = "" if opened.record is None else opened.record.issuer.did
    detail = "Nobody signed this file, so anybody may have written it."
    check = Check("signature", "Signed, and not changed since", Result.FAIL, "no_proof", detail)
    return Read(opened.record, issuer, "", "", (check,), unknown=opened.unknown)


_READERS: dict[Kind, Callable[[Opened, Means], Awaitable[Read]]] = {
    Kind.VCDM2_CREDENTIAL: _document,
    Kind.VCDM1_CREDENTIAL: _document,
    Kind.VC_JWT: _token,
    Kind.OPEN_BADGE_2_ASSERTION: _badge2,
    Kind.ANONCREDS_EXPORT: _anoncreds,
    Kind.RECORD: _unsigned,
    Kind.ELM: _unsigned,
}

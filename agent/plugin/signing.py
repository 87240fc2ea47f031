"""An admin route that ACA-Py lacks: the signature of a W3C Data Integrity proof, made where the key is.

Domain separation: the caller gives the two canonical texts, and what is signed is always SHA-256 of the one
followed by SHA-256 of the other (VC Data Integrity EdDSA Cryptosuites 1.0, section 3.2.4): 64 bytes that nobody
can choose. So this route cannot be made to sign a JWS, an AnonCreds object or a message of another protocol with
the same key, all of which sign readable bytes.
"""

from __future__ import annotations

import hashlib
from typing import Any

from acapy_agent.admin.decorators.auth import tenant_authentication
from acapy_agent.wallet.base import BaseWallet
from acapy_agent.wallet.error import WalletError, WalletNotFoundError
from acapy_agent.wallet.key_type import ED25519
from aiohttp import web

from trust_registry.strict_json import b64url

SIGN = "/cairn/data-integrity/sign"
MAX_TEXT_BYTES = 1024 * 1024  # of each canonical text; ACA-Py's own limit is on the whole request
MAX_DID_CHARS = 512


@tenant_authentication  # type: ignore[untyped-decorator]
async def sign(request: web.Request) -> web.Response:
    """``{"did", "verification_method"?, "proof_canonical", "document_canonical"}`` → ``{"signature"}``.

    The signature is base64url without padding (64 bytes). ``did`` is a did:web or did:key of this wallet;
    ``verification_method``, if given, must be one of its key ids.

    400 for a request that cannot be used, 404 for a DID that is not this wallet's.
    """
    body = await _body(request)
    did = _text(body, "did", MAX_DID_CHARS).decode()
    if body.get("verification_method", "") not in ("", *_key_ids(did)):
        raise web.HTTPBadRequest(reason="The verification method is not one of the DID's")
    hashes = [
        hashlib.sha256(_text(body, name, MAX_TEXT_BYTES)).digest()
        for name in ("proof_canonical", "document_canonical")
    ]
    try:
        async with request["context"].profile.session() as session:
            wallet = session.inject(BaseWallet)
            info = await wallet.get_local_did(did)
            if info.key_type != ED25519:
                raise web.HTTPBadRequest(reason="The DID's key is not an Ed25519 key")
            signature = await wallet.sign_message(b"".join(hashes), info.verkey)
    except WalletNotFoundError as error:
        raise web.HTTPNotFound(reason="No such DID in this wallet") from error
    except WalletError as error:
        raise web.HTTPBadRequest(reason="The wallet cannot sign with that DID") from error
    return web.json_response({"signature": b64url(signature)})


def _key_ids(did: str) -> tuple[str, ...]:
    """The key ids under which our DID documents publish the one key (`trust_registry.keys.did_document`)."""
    if did.startswith("did:key:"):
        return (f"{did}#{did.removeprefix('did:key:')}",)
    return (f"{did}#key-1", f"{did}#key-2020")


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as error:
        raise web.HTTPBadRequest(reason="The body is not JSON") from error
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(reason="The body is not an object")
    return body


def _text(body: dict[str, Any], name: str, limit: int) -> bytes:
    value = body.get(name)
    try:
        data = value.encode() if isinstance(value, str) else b""
    except UnicodeEncodeError as error:
        raise web.HTTPBadRequest(reason=f"{name} holds half a character") from error
    if not 0 < len(data) <= limit:
        raise web.HTTPBadRequest(reason=f"{name} is not a text of 1 to {limit} bytes")
    return data

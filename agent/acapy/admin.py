"""ACA-Py's admin API: one thin, typed method per call that the exchange makes.

The shapes are those of ACA-Py 1.7.0's routes; tests/integration/test_plugin.py shows them at work.
Errors: see `agent.acapy.http.AdminHttp.call`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from agent.acapy import records
from agent.acapy.http import AdminHttp
from agent.acapy.records import (
    CredentialExchange,
    HeldCredential,
    Invitation,
    PresentationExchange,
    ReceivedInvitation,
    WalletDid,
)
from agent.errors import AgentError, InputError, NotFoundError
from trust_registry.strict_json import b64url_decode

_DID_EXCHANGE = "https://didcomm.org/didexchange/1.1"
_PREVIEW_TYPE = "issue-credential/2.0/credential-preview"
_PAGE = 100
_MAX_PAGES = 100
CANONICAL_BYTES = 1024 * 1024  # as `agent.plugin.signing` takes them
SIGNATURE_BYTES = 64


class AdminClient:
    """``base_url`` and ``api_key`` as in `AcaPySettings.admin_url` and ``admin_key``. Close with `close`."""

    def __init__(
        self, base_url: str, api_key: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = AdminHttp(base_url, api_key, transport=transport)
        # ACA-Py refuses the first of two revocations in one registry that overlap, although it revokes both.
        self._revoking = asyncio.Lock()

    async def close(self) -> None:
        await self._http.close()

    # DIDs and signatures

    async def create_did_web(self, did: str) -> WalletDid:
        """The wallet's Ed25519 key for ``did``; made on the first call, the same one afterwards."""
        found = await self.find_did(did)
        if found is None:
            options = {"key_type": "ed25519", "did": did}
            answer = await self._http.post("/wallet/did/create", {"method": "web", "options": options})
            found = records.wallet_did(records.obj(answer).get("result"))
        return found

    async def find_did(self, did: str) -> WalletDid | None:
        answer = records.obj(await self._http.get("/wallet/did", did=did))
        for item in records.items(answer.get("results", [])):
            if item.get("did") == did:
                return records.wallet_did(item)
        return None

    async def own_dids(self) -> tuple[str, ...]:
        """Every DID that this wallet has the key of."""
        answer = records.obj(await self._http.get("/wallet/did"))
        found = (records.obj(item).get("did") for item in records.items(answer.get("results", [])))
        return tuple(did for did in found if isinstance(did, str))

    async def sign_jwt(self, did: str, headers: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
        """Compact JWS (EdDSA) by ``<did>#key-1``, which ACA-Py resolves; ``headers`` may set ``typ``."""
        body = {
            "verificationMethod": f"{did}#key-1",
            "headers": dict(headers),
            "payload": dict(payload),
        }
        token = await self._http.post("/wallet/jwt/sign", body)
        if not isinstance(token, str) or token.count(".") != 2:
            raise AgentError("bad_answer", "ACA-Py's answer is not a signed token.")
        return token

    async def create_did_key(self) -> str:
        """A new ``did:key`` with an Ed25519 key of this wallet: whom a document credential is about."""
        options = {"key_type": "ed25519"}
        answer = await self._http.post("/wallet/did/create", {"method": "key", "options": options})
        return records.wallet_did(records.obj(answer).get("result")).did

    async def sign_data_integrity(
        self, did: str, *, verification_method: str, proof_canonical: bytes, document_canonical: bytes
    ) -> bytes:
        """The 64 bytes of a Data Integrity signature by the wallet's key of ``did`` (a did:web or did:key).

        Both canonical forms are UTF-8; the wallet hashes them itself (see `agent.plugin.signing`). Raises
        `InputError` too_large, `NotFoundError` for a DID that is not in the wallet.
        """
        if max(len(proof_canonical), len(document_canonical)) > CANONICAL_BYTES:
            raise InputError("too_large", f"A document to sign has at most {CANONICAL_BYTES} bytes.")
        body = {
            "did": did,
            "verification_method": verification_method,
            "proof_canonical": proof_canonical.decode(),
            "document_canonical": document_canonical.decode(),
        }
        answer = records.obj(await self._http.post("/cairn/data-integrity/sign", body))
        try:
            signature = b64url_decode(records.need(answer, "signature"))
        except ValueError:
            signature = b""
        if len(signature) != SIGNATURE_BYTES:
            raise AgentError("bad_answer", "ACA-Py's answer is not a signature.")
        return signature

    # Credential definitions

    async def cred_defs(self, *, issuer: str, schema_id: str) -> tuple[str, ...]:
        """Ids of the credential definitions that this wallet has made."""
        answer = records.obj(
            await self._http.get("/anoncreds/credential-definitions", issuer_id=issuer, schema_id=schema_id)
        )
        found = answer.get("credential_definition_ids")
        return tuple(str(item) for item in found) if isinstance(found, list) else ()

    async def create_cred_def(
        self, schema_id: str, issuer: str, tag: str, *, revocable: bool, size: int = 1000
    ) -> str:
        """Make and publish a credential definition (1 to 10 s); returns its id.

        ``size`` is the number of credentials per revocation registry. Its registries are made too; the
        first is active when this returns or soon after (see `active_rev_registry`).
        """
        options: dict[str, Any] = {"support_revocation": revocable}
        if revocable:
            options["revocation_registry_size"] = size
        definition = {"schemaId": schema_id, "issuerId": issuer, "tag": tag}
        answer = records.obj(
            await self._http.post(
                "/anoncreds/credential-definition",
                {"credential_definition": definition, "options": options},
            )
        )
        state = records.obj(answer.get("credential_definition_state"), "credential definition")
        if state.get("state") != "finished":
            raise AgentError("not_published", f"The credential definition is {state.get('state')}.")
        return records.need(state, "credential_definition_id")

    async def active_rev_registry(self, cred_def_id: str, *, within: float = 30.0) -> str:
        """Id of the revocation registry that the next credential goes into; waits until there is one."""
        path = f"/anoncreds/revocation/active-registry/{_id(cred_def_id)}"
        end = time.monotonic() + within
        while True:
            try:
                result = records.obj(await self._http.get(path)).get("result")
                return records.need(records.obj(result), "revoc_reg_id")
            except NotFoundError:
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(0.2)

    # Out of band

    async def create_invitation(
        self,
        *,
        offer: str | None = None,
        alias: str = "",
        goal: str = "",
        label: str = "",
        multi_use: bool = False,
    ) -> Invitation:
        """An invitation to connect, with the offer of exchange ``offer`` (a cred_ex_id) attached if given."""
        body: dict[str, Any] = {
            "handshake_protocols": [_DID_EXCHANGE],
            "accept": ["didcomm/aip2;env=rfc19"],
            **_given(alias=alias, goal=goal, my_label=label),
            **({"attachments": [{"id": offer, "type": "credential-offer"}]} if offer else {}),
        }
        answer = records.obj(
            await self._http.post(
                "/out-of-band/create-invitation", body, multi_use=str(multi_use).lower(), auto_accept="true"
            )
        )
        return Invitation(
            records.need(answer, "invi_msg_id"),
            records.need(answer, "oob_id"),
            records.obj(answer.get("invitation"), "invitation"),
        )

    async def receive_invitation(
        self, invitation: Mapping[str, Any], *, alias: str = ""
    ) -> ReceivedInvitation:
        """Accept an invitation that the caller has checked. Always a new connection with a new peer DID."""
        params = {"auto_accept": "true", "use_existing_connection": "false", **_given(alias=alias)}
        answer = records.obj(
            await self._http.post("/out-of-band/receive-invitation", dict(invitation), **params)
        )
        return ReceivedInvitation(
            records.need(answer, "oob_id"),
            records.text(answer, "invi_msg_id"),
            records.text(answer, "connection_id"),
            records.text(answer, "state"),
        )

    async def connection_state(self, connection_id: str) -> str:
        """RFC 0023 state of the connection; ``completed`` when it can be used."""
        answer = records.obj(await self._http.get(f"/connections/{_id(connection_id)}"))
        return records.text(answer, "rfc23_state")

    async def connection_of_invitation(self, invi_msg_id: str) -> str:
        """Id of the connection made from our single-use invitation; empty before somebody answered it."""
        answer = records.obj(await self._http.get("/connections", invitation_msg_id=invi_msg_id))
        found = records.items(answer.get("results", []))
        return records.text(found[0], "connection_id") if found else ""

    async def invitation_of(self, connection_id: str) -> str:
        """Message id of the invitation that a connection was made from; empty when unknown."""
        answer = records.obj(await self._http.get(f"/connections/{_id(connection_id)}"))
        return records.text(answer, "invitation_msg_id")

    # Issuing and holding

    async def create_offer(
        self, cred_def_id: str, attributes: Mapping[str, str], *, auto_issue: bool = True
    ) -> CredentialExchange:
        """An offer for an invitation; ``auto_issue``: the credential is issued as soon as it is requested."""
        body = {
            "auto_issue": auto_issue,
            "auto_remove": False,
            "credential_preview": {
                "@type": _PREVIEW_TYPE,
                "attributes": [{"name": name, "value": value} for name, value in attributes.items()],
            },
            "filter": {"anoncreds": {"cred_def_id": cred_def_id}},
        }
        return records.credential_exchange(await self._http.post("/issue-credential-2.0/create-offer", body))

    async def credential_record(self, cred_ex_id: str) -> CredentialExchange:
        return records.credential_exchange(await self._http.get(_cred_ex(cred_ex_id)))

    async def credential_records(
        self, *, state: str = "", connection_id: str = "", thread_id: str = "", role: str = ""
    ) -> list[CredentialExchange]:
        """At most 100, newest first. For recovery after a restart, never for polling (acapy.md)."""
        params = _given(state=state, connection_id=connection_id, thread_id=thread_id, role=role)
        found = await self._newest("/issue-credential-2.0/records", **params)
        return [records.credential_exchange(item) for item in found]

    async def send_credential_request(self, cred_ex_id: str) -> CredentialExchange:
        """Holder, state offer-received. A failure on the way to the issuer's objects leaves that state."""
        return records.credential_exchange(await self._http.post(f"{_cred_ex(cred_ex_id)}/send-request"))

    async def issue_credential(self, cred_ex_id: str) -> CredentialExchange:
        """Issuer, state request-received: what ``auto_issue`` does, for recovery."""
        return records.credential_exchange(await self._http.post(f"{_cred_ex(cred_ex_id)}/issue"))

    async def store_credential(self, cred_ex_id: str, *, credential_id: str = "") -> CredentialExchange:
        """Holder, state credential-received; the answer has ``credential_id``."""
        body = {"credential_id": credential_id} if credential_id else {}
        return records.credential_exchange(await self._http.post(f"{_cred_ex(cred_ex_id)}/store", body))

    async def credential_problem_report(self, cred_ex_id: str, description: str) -> None:
        """Tell the other side that this ends here (a rejected offer); the record becomes abandoned."""
        await self._http.post(f"{_cred_ex(cred_ex_id)}/problem-report", {"description": description[:300]})

    async def delete_credential_record(self, cred_ex_id: str) -> None:
        await self._http.delete(_cred_ex(cred_ex_id))

    async def list_credentials(self) -> list[HeldCredential]:
        """Every AnonCreds credential in the wallet."""
        found: list[HeldCredential] = []
        for page in range(_MAX_PAGES):
            answer = records.obj(await self._http.get("/credentials", limit=_PAGE, offset=page * _PAGE))
            results = records.items(answer.get("results", []))
            found += [records.held_credential(item) for item in results]
            if len(results) < _PAGE:
                break
        return found

    async def get_credential(self, credential_id: str) -> HeldCredential:
        return records.held_credential(await self._http.get(f"/credential/{_id(credential_id)}"))

    async def delete_credential(self, credential_id: str) -> None:
        await self._http.delete(f"/credential/{_id(credential_id)}")

    async def revoke(self, cred_ex_id: str, *, connection_id: str = "", comment: str = "") -> None:
        """Issuer: revoke, publish the new list, and tell the holder when ``connection_id`` is given.

        Success means published. Repeatable: what an earlier attempt left unpublished is published now.
        Raises `AgentError` not_published when the wallet revoked but the list did not get out.
        """
        told = {"notify": bool(connection_id), **_given(connection_id=connection_id, comment=comment[:300])}
        body = {"cred_ex_id": cred_ex_id, "publish": True, **told}
        async with self._revoking:
            await self._http.post("/anoncreds/revocation/revoke", body)
            # ACA-Py answers success even when publishing failed (see agent.plugin.routes).
            rev_reg_id = (await self.credential_record(cred_ex_id)).rev_reg_id
            try:
                await self._http.post("/cairn/revocation-lists/publish", {"rev_reg_id": rev_reg_id})
            except AgentError as error:
                raise AgentError(
                    "not_published", "The revocation is not published yet.", "Revoke again."
                ) from error

    # Presenting and verifying

    async def send_proposal(self, connection_id: str, proposal: Mapping[str, Any]) -> PresentationExchange:
        """Holder: propose a presentation. ``proposal`` is an AnonCreds proof request with name, version and
        nonce; the verifier's ACA-Py replaces all three (see `send_bound_request`)."""
        body = {
            "connection_id": connection_id,
            "auto_present": False,
            "auto_remove": False,
            "presentation_proposal": {"anoncreds": dict(proposal)},
        }
        return records.presentation_exchange(await self._http.post("/present-proof-2.0/send-proposal", body))

    async def send_bound_request(self, pres_ex_id: str) -> PresentationExchange:
        """Verifier, state proposal-received: ask for exactly what was proposed.

        ACA-Py 1.7.0 takes no name, version or nonce here: it always writes name "proof-request", version
        "1.0" and a fresh 80-bit nonce, so that a presentation cannot be replayed.
        """
        body = {"auto_verify": False, "auto_remove": False}
        return records.presentation_exchange(
            await self._http.post(f"{_pres_ex(pres_ex_id)}/send-request", body)
        )

    async def presentation_record(self, pres_ex_id: str) -> PresentationExchange:
        return records.presentation_exchange(await self._http.get(_pres_ex(pres_ex_id)))

    async def presentation_records(
        self, *, state: str = "", connection_id: str = "", thread_id: str = "", role: str = ""
    ) -> list[PresentationExchange]:
        """At most 100, newest first. For recovery after a restart, never for polling."""
        params = _given(state=state, connection_id=connection_id, thread_id=thread_id, role=role)
        found = await self._newest("/present-proof-2.0/records", **params)
        return [records.presentation_exchange(item) for item in found]

    async def send_presentation(
        self,
        pres_ex_id: str,
        *,
        attributes: Mapping[str, str],
        predicates: Mapping[str, str],
    ) -> PresentationExchange:
        """Holder: make and send the proof. Both map referents to credential ids; attributes are revealed."""
        spec = {
            "requested_attributes": {
                name: {"cred_id": cred_id, "revealed": True} for name, cred_id in attributes.items()
            },
            "requested_predicates": {name: {"cred_id": cred_id} for name, cred_id in predicates.items()},
            "self_attested_attributes": {},
        }
        body = {"anoncreds": spec, "auto_remove": False}
        return records.presentation_exchange(
            await self._http.post(f"{_pres_ex(pres_ex_id)}/send-presentation", body)
        )

    async def resend_presentation(self, pres_ex_id: str) -> None:
        """Holder, state presentation-sent: the same proof on the same thread again, in case the first was lost."""
        await self._http.post(f"/cairn/presentations/{_id(pres_ex_id)}/resend")

    async def verify_presentation(self, pres_ex_id: str) -> PresentationExchange:
        """Verifier, state presentation-received: check the proof; see ``verified`` of the answer."""
        return records.presentation_exchange(
            await self._http.post(f"{_pres_ex(pres_ex_id)}/verify-presentation")
        )

    async def presentation_problem_report(self, pres_ex_id: str, description: str) -> None:
        """Tell the other side that this ends here (a decline); the record becomes abandoned."""
        await self._http.post(f"{_pres_ex(pres_ex_id)}/problem-report", {"description": description[:300]})

    async def _newest(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = records.obj(await self._http.get(path, limit=_PAGE, descending="true", **params))
        return records.items(answer.get("results", []))


def _id(value: str) -> str:
    return quote(value, safe="")


def _cred_ex(cred_ex_id: str) -> str:
    return f"/issue-credential-2.0/records/{_id(cred_ex_id)}"


def _pres_ex(pres_ex_id: str) -> str:
    return f"/present-proof-2.0/records/{_id(pres_ex_id)}"


def _given(**params: str) -> dict[str, str]:
    return {name: value for name, value in params.items() if value}

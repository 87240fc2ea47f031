"""An issuer's or verifier's public identity: its did:web in ACA-Py, its document, its credential definition."""

from __future__ import annotations

import asyncio
import json

import base58
import structlog

from agent.errors import CairnError
from agent.services import clock
from agent.services.node import Node
from agent.settings import Role
from agent.store.vault import Put
from trust_registry.keys import did_document

log = structlog.get_logger(__name__)

REGISTRY_RETRY_SECONDS = 5.0
REV_REGISTRY_SECONDS = 120.0


class Identity:
    def __init__(self, node: Node) -> None:
        self._node = node
        self._cred_def_lock = asyncio.Lock()
        self._cred_def: str | None = None

    @property
    def can_issue(self) -> bool:
        """Whether the credential definition is there."""
        return self._cred_def is not None

    async def prepare(self) -> None:
        """At every start: make sure the DID exists and is published, then the credential definition."""
        if not self._node.settings.has_public_did:
            return
        await self._publish_did()
        if Role.ISSUER in self._node.settings.roles:
            self._node.spawn(self._prepare_cred_def(), "prepare credential definition")

    async def _publish_did(self) -> None:
        admin = await self._node.admin()
        did = self._node.settings.did
        wallet_did = await admin.create_did_web(did)
        document = did_document(did, base58.b58decode(wallet_did.verkey))
        self._node.public.put_did_document(json.dumps(document, separators=(",", ":")).encode())

    async def _prepare_cred_def(self) -> None:
        """Retries while the registry, which publishes the shared schema, cannot be reached."""
        while True:
            try:
                await self.cred_def()
            except CairnError as error:
                log.warning("credential definition not made yet", code=error.code)
                await asyncio.sleep(REGISTRY_RETRY_SECONDS)
            else:
                return

    async def schema_id(self) -> str:
        """Id of the shared MicroCredential schema; remembered, so that a dead registry does not stop us."""
        known = await self._node.vault.get("issuer", "schema")
        if known is not None:
            return str(known["id"])
        schema_id = await self._node.shared_schema_id()
        await self._node.vault.put(Put("issuer", "schema", {"id": schema_id}))
        return schema_id

    async def cred_def(self) -> str:
        """Id of this issuer's credential definition; made once (about nine seconds of computing)."""
        if self._cred_def is not None:
            return self._cred_def
        async with self._cred_def_lock:
            known = await self._node.vault.get("issuer", "cred_def")
            if known is None:
                known = await self._make_cred_def()
            self._cred_def = str(known["id"])
            return self._cred_def

    async def _make_cred_def(self) -> dict[str, str]:
        admin = await self._node.admin()
        schema_id = await self.schema_id()
        # A crash between making and noting it: ACA-Py still has it, and a second one would split the issuer.
        existing = await admin.cred_defs(schema_id=schema_id, issuer=self._node.settings.did)
        cred_def_id = (
            existing[0]
            if existing
            else await admin.create_cred_def(
                schema_id,
                self._node.settings.did,
                "micro-credential",
                revocable=True,
                size=self._node.settings.rev_registry_size,
            )
        )
        await admin.active_rev_registry(cred_def_id, within=REV_REGISTRY_SECONDS)
        document = {"id": cred_def_id, "schema_id": schema_id, "made": clock.stamp(clock.now())}
        await self._node.vault.put(Put("issuer", "cred_def", document))
        return document

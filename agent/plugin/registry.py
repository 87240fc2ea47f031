"""AnonCreds objects as signed, content-addressed documents under the issuer's did:web.

Ids and signatures: `trust_registry.objects`. Registering signs with the wallet's key and hands the object to
the agent service, which serves and mirrors it. Resolving asks the service, which has verified issuer and
signature; the hash and the identity are checked here again, next to the cryptography that relies on them.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, override
from urllib.parse import quote

from acapy_agent.anoncreds.base import (
    AnonCredsObjectNotFound,
    AnonCredsRegistrationError,
    BaseAnonCredsError,
    BaseAnonCredsRegistrar,
    BaseAnonCredsResolver,
)
from acapy_agent.anoncreds.events import RevListFinishedEvent
from acapy_agent.anoncreds.models.credential_definition import (
    CredDef,
    CredDefResult,
    CredDefState,
    GetCredDefResult,
)
from acapy_agent.anoncreds.models.revocation import (
    GetRevListResult,
    GetRevRegDefResult,
    RevList,
    RevListResult,
    RevListState,
    RevRegDef,
    RevRegDefResult,
    RevRegDefState,
)
from acapy_agent.anoncreds.models.schema import AnonCredsSchema, GetSchemaResult, SchemaResult, SchemaState
from acapy_agent.anoncreds.models.schema_info import AnonCredsSchemaInfo
from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.core.event_bus import EventBus
from acapy_agent.core.profile import Profile
from acapy_agent.wallet.base import BaseWallet
from acapy_agent.wallet.error import WalletError

from agent.plugin.service import Service, ServiceError
from trust_registry import objects
from trust_registry.errors import TrustRegistryError
from trust_registry.objects import Kind

LOGGER = logging.getLogger(__name__)

# DIDs with percent-encoded ports and path segments, alone (registering) or with an object path (resolving).
_SUPPORTED = re.compile(
    r"^did:web:[A-Za-z0-9._%-]+(?::[A-Za-z0-9._%-]+)*(?:/anoncreds/v1/(?:SCHEMA|CREDDEF|REVREG)/[0-9a-f]{64})?$"
)
_KEY_FRAGMENT = "key-1"
_CACHED_OBJECTS = 512
_PUT_ATTEMPTS = 4
_MAX_CLOCK_WAIT = 5.0
_NOT_FOUND, _CONFLICT, _FAILED = 404, 409, 500


class CairnResolutionError(BaseAnonCredsError):
    """An object could not be had, or is not what its id names.

    Deliberately not `AnonCredsResolutionError`: on that ACA-Py falls back to Indy ledgers, and its answer
    would be about a ledger that does not exist.
    """


class CairnRegistry(BaseAnonCredsResolver, BaseAnonCredsRegistrar):
    """``tails_url``: the service's local tails address, the only one ACA-Py may download from."""

    def __init__(self, service: Service, *, tails_url: str) -> None:
        self._service = service
        self._tails_url = tails_url.rstrip("/")
        self._cache: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._stamps: dict[str, int] = {}
        self._stamping = asyncio.Lock()

    @property
    @override
    def supported_identifiers_regex(self) -> re.Pattern[str]:
        return _SUPPORTED

    @override
    async def setup(self, context: InjectionContext) -> None:
        """Nothing to set up."""

    # Schemas

    @override
    async def register_schema(
        self, profile: Profile, schema: AnonCredsSchema, options: dict[str, Any] | None = None
    ) -> SchemaResult:
        identifier = await self._publish(profile, schema.issuer_id, Kind.SCHEMA, schema.serialize())
        return SchemaResult(None, SchemaState(SchemaState.STATE_FINISHED, identifier, schema), {}, {})

    @override
    async def get_schema(self, profile: Profile, schema_id: str) -> GetSchemaResult:
        content = await self._object(schema_id, Kind.SCHEMA)
        return GetSchemaResult(
            schema_id=schema_id,
            schema=AnonCredsSchema.deserialize(content),
            schema_metadata={},
            resolution_metadata={},
        )

    @override
    async def get_schema_info_by_id(self, profile: Profile, schema_id: str) -> AnonCredsSchemaInfo:
        schema = (await self.get_schema(profile, schema_id)).schema
        return AnonCredsSchemaInfo(issuer_id=schema.issuer_id, name=schema.name, version=schema.version)

    # Credential definitions

    @override
    async def register_credential_definition(
        self,
        profile: Profile,
        schema: GetSchemaResult,
        credential_definition: CredDef,
        options: dict[str, Any] | None = None,
    ) -> CredDefResult:
        content = credential_definition.serialize()
        identifier = await self._publish(profile, credential_definition.issuer_id, Kind.CREDDEF, content)
        return CredDefResult(
            job_id=None,
            credential_definition_state=CredDefState(
                CredDefState.STATE_FINISHED, identifier, credential_definition
            ),
            registration_metadata={},
            credential_definition_metadata={},
        )

    @override
    async def get_credential_definition(
        self, profile: Profile, credential_definition_id: str
    ) -> GetCredDefResult:
        content = await self._object(credential_definition_id, Kind.CREDDEF)
        return GetCredDefResult(
            credential_definition_id=credential_definition_id,
            credential_definition=CredDef.deserialize(content),
            credential_definition_metadata={},
            resolution_metadata={},
        )

    # Revocation registries

    @override
    async def register_revocation_registry_definition(
        self,
        profile: Profile,
        revocation_registry_definition: RevRegDef,
        options: dict[str, Any] | None = None,
    ) -> RevRegDefResult:
        content = revocation_registry_definition.serialize()
        identifier = await self._publish(
            profile, revocation_registry_definition.issuer_id, Kind.REVREG, content
        )
        return RevRegDefResult(
            job_id=None,
            revocation_registry_definition_state=RevRegDefState(
                RevRegDefState.STATE_FINISHED, identifier, revocation_registry_definition
            ),
            registration_metadata={},
            revocation_registry_definition_metadata={},
        )

    @override
    async def get_revocation_registry_definition(
        self, profile: Profile, revocation_registry_id: str
    ) -> GetRevRegDefResult:
        definition = RevRegDef.deserialize(await self._object(revocation_registry_id, Kind.REVREG))
        # ACA-Py downloads tails from here, without limits on size, time or address: our own service does
        # it instead, which also works while the issuer is offline. The location is no part of any proof.
        definition.value.tails_location = (
            f"{self._tails_url}/hash/{quote(definition.value.tails_hash, safe='')}"
            f"?of={quote(revocation_registry_id, safe='')}"
        )
        return GetRevRegDefResult(
            revocation_registry=definition,
            revocation_registry_id=revocation_registry_id,
            resolution_metadata={},
            revocation_registry_metadata={},
        )

    # Revocation lists

    @override
    async def register_revocation_list(
        self,
        profile: Profile,
        rev_reg_def: RevRegDef,
        rev_list: RevList,
        options: dict[str, Any] | None = None,
    ) -> RevListResult:
        return await self._publish_list(profile, rev_list)

    @override
    async def update_revocation_list(
        self,
        profile: Profile,
        rev_reg_def: RevRegDef,
        prev_list: RevList,
        curr_list: RevList,
        revoked: Sequence[int],
        options: dict[str, Any] | None = None,
    ) -> RevListResult:
        result = await self._publish_list(profile, curr_list)
        # What makes ACA-Py tell the holders; only now, because only now they can see it in the list.
        finished = RevListFinishedEvent.with_payload(curr_list.rev_reg_def_id, list(revoked))
        await profile.inject(EventBus).notify(profile, finished)
        return result

    @override
    async def get_revocation_list(
        self,
        profile: Profile,
        revocation_registry_id: str,
        timestamp_from: int | None = 0,
        timestamp_to: int | None = None,
    ) -> GetRevListResult:
        """The newest list of the service that is not after ``timestamp_to``."""
        params = {"at": str(int(timestamp_to))} if timestamp_to else {}
        signed = await self._get("revlists", revocation_registry_id, **params)
        if signed.kind is not Kind.REVLIST or signed.id != revocation_registry_id:
            raise CairnResolutionError(f"wrong_id: not a revocation list of {revocation_registry_id}")
        return GetRevListResult(
            revocation_list=RevList.deserialize(signed.content),
            resolution_metadata={},
            revocation_registry_metadata={},
        )

    # What they share

    async def _publish(self, profile: Profile, issuer: str, kind: Kind, content: dict[str, Any]) -> str:
        try:
            identifier = objects.object_id(issuer, kind, content)
            jws = await _sign(profile, issuer, kind, identifier, content)
        except TrustRegistryError as error:
            raise AnonCredsRegistrationError(f"{kind} cannot be published: {error}") from error
        await self._put("objects", identifier, jws)
        return identifier

    async def _publish_list(self, profile: Profile, rev_list: RevList) -> RevListResult:
        """Stamp, sign, publish. Stamps of one registry strictly increase and never lie in the future, so
        that "the newest list" means one thing to everybody; two updates in one second wait for the next."""
        identifier, content = rev_list.rev_reg_def_id, rev_list.serialize()
        async with self._stamping:
            for _ in range(3):
                stamp = await self._next_stamp(identifier)
                content["timestamp"] = stamp
                try:
                    jws = await _sign(profile, rev_list.issuer_id, Kind.REVLIST, identifier, content)
                    await self._put("revlists", identifier, jws)
                except ServiceError as error:
                    # The service has a newer one (we were restarted within the second, or the clock moved).
                    newest = error.body.get("newest")
                    self._stamps[identifier] = newest if isinstance(newest, int) else stamp
                    continue
                except TrustRegistryError as error:
                    raise AnonCredsRegistrationError(f"The list cannot be published: {error}") from error
                self._stamps[identifier] = stamp
                return RevListResult(
                    job_id=None,
                    revocation_list_state=RevListState(
                        RevListState.STATE_FINISHED, RevList.deserialize(content)
                    ),
                    registration_metadata={},
                    revocation_list_metadata={},
                )
        raise AnonCredsRegistrationError(f"The service keeps a newer list of {identifier}")

    async def _next_stamp(self, identifier: str) -> int:
        last = self._stamps.get(identifier, 0)
        waited = 0.0
        while (now := int(time.time())) <= last and waited < _MAX_CLOCK_WAIT:
            await asyncio.sleep(0.05)
            waited += 0.05
        return max(now, last + 1)

    async def _put(self, kind: str, identifier: str, jws: str) -> None:
        """Hand over, with patience for a service that is busy. A conflict is the caller's to solve."""
        for attempt in range(1, _PUT_ATTEMPTS + 1):
            try:
                await self._service.put(kind, identifier, jws)
                return
            except ServiceError as error:
                if error.status == _CONFLICT and kind == "revlists":
                    raise
                if 0 < error.status < _FAILED or attempt == _PUT_ATTEMPTS:
                    raise AnonCredsRegistrationError(f"{identifier} was refused: {error}") from error
            await asyncio.sleep(0.5 * attempt)

    async def _object(self, identifier: str, kind: Kind) -> dict[str, Any]:
        """Verified content of an immutable object."""
        if (known := self._cache.get(identifier)) is not None:
            self._cache.move_to_end(identifier)
            return known
        signed = await self._get("objects", identifier)
        try:
            ref = objects.split_object_id(identifier)
            digest = objects.content_sha256(signed.content)
        except TrustRegistryError as error:
            raise CairnResolutionError(f"{identifier}: {error}") from error
        if ref.kind is not kind or signed.kind is not kind or signed.id != identifier:
            raise CairnResolutionError(f"wrong_id: {identifier} is not a {kind} of that id")
        if digest != ref.sha256:
            raise CairnResolutionError(f"wrong_hash: the content of {identifier} is not what it names")
        self._cache[identifier] = signed.content
        if len(self._cache) > _CACHED_OBJECTS:
            self._cache.popitem(last=False)
        return signed.content

    async def _get(self, kind: str, identifier: str, **params: str) -> objects.SignedObject:
        try:
            return objects.parse(await self._service.get(kind, identifier, **params))
        except ServiceError as error:
            if error.status == _NOT_FOUND:
                raise AnonCredsObjectNotFound(f"{identifier} not found", {}) from error
            raise CairnResolutionError(f"{identifier}: {error}") from error
        except TrustRegistryError as error:
            raise CairnResolutionError(f"{identifier}: {error}") from error


async def _sign(profile: Profile, issuer: str, kind: Kind, identifier: str, content: dict[str, Any]) -> str:
    """Compact JWS by the wallet's key for ``issuer``; the key never leaves the wallet."""
    body = objects.payload(kind, identifier, content, int(time.time()))
    signing_input = objects.signing_input(objects.header(f"{issuer}#{_KEY_FRAGMENT}"), body)
    try:
        async with profile.session() as session:
            wallet = session.inject(BaseWallet)
            info = await wallet.get_local_did(issuer)
            signature = await wallet.sign_message(signing_input, info.verkey)
    except WalletError as error:
        raise AnonCredsRegistrationError(f"{issuer} is not a DID of this wallet") from error
    return objects.assemble(signing_input, signature)

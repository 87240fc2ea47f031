"""did:web through the agent service, which fetches, checks and caches the document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, override

from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.core.profile import Profile
from acapy_agent.resolver.base import BaseDIDResolver, DIDNotFound, ResolverError, ResolverType
from pydid import DIDDocument

from agent.plugin.service import Service, ServiceError

_DID_WEB = re.compile(r"^did:web:[A-Za-z0-9._%:-]+$")
_NOT_FOUND = 404


class ServiceDidResolver(BaseDIDResolver):
    def __init__(self, service: Service) -> None:
        super().__init__(ResolverType.NATIVE)
        self._service = service

    @override
    async def setup(self, context: InjectionContext) -> None:
        """Nothing to set up."""

    @property
    @override
    def supported_did_regex(self) -> re.Pattern[str]:
        return _DID_WEB

    @override
    async def _resolve(
        self, profile: Profile, did: str, service_accept: Sequence[str] | None = None
    ) -> dict[str, Any]:
        try:
            data = await self._service.get("did", did)
            document: dict[str, Any] = DIDDocument.from_json(data.decode("utf-8")).serialize()
        except ServiceError as error:
            if error.status == _NOT_FOUND:
                raise DIDNotFound(f"No document found for {did}") from error
            raise ResolverError(f"{did}: {error}") from error
        except ValueError as error:  # not UTF-8, not JSON, not a DID document (pydid)
            raise ResolverError(f"{did}: the document is malformed") from error
        return document

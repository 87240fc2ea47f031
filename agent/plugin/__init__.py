"""The ACA-Py plugin: the only code of this project that runs inside ACA-Py and imports it.

It is thin. Whatever comes from other hosts is fetched and verified once, by the agent service; the plugin
talks to its own service on loopback (`service`), signs with the wallet's key, and checks hashes again.

Importing it repairs two faults of ACA-Py 1.7.0 and limits where it may send (before the wallet is opened,
hence at import); `setup` puts our AnonCreds registry and DID resolver in place of everything in ACA-Py that
would reach the network. `routes` adds two admin routes.
"""

from __future__ import annotations

import logging

from acapy_agent.anoncreds.registry import AnonCredsRegistry
from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.resolver.did_resolver import DIDResolver

from agent.plugin import contexts, outbound, parent, pool, stack_proof
from agent.plugin.registry import CairnRegistry
from agent.plugin.resolver import ServiceDidResolver
from agent.plugin.service import Service, ServiceSettings

LOGGER = logging.getLogger(__name__)

# DID methods that ACA-Py resolves from the identifier itself or from its wallet, without a network.
_OFFLINE_RESOLVERS = frozenset(
    {
        "KeyDIDResolver",
        "JwkDIDResolver",
        "LegacyPeerDIDResolver",
        "PeerDID1Resolver",
        "PeerDID2Resolver",
        "PeerDID3Resolver",
        "PeerDID4Resolver",
    }
)

parent.watch()
pool.install()
stack_proof.install()
outbound.install()


async def setup(context: InjectionContext) -> None:
    """Called by ACA-Py once. Fails loudly: an agent without its service must not start."""
    contexts.install()
    service = Service(ServiceSettings.from_environment())

    registry = context.inject(AnonCredsRegistry)
    ours = CairnRegistry(service, tails_url=context.settings["tails_server_upload_url"])
    registry.resolvers = [ours]
    registry.registrars = [ours]

    resolver = context.inject(DIDResolver)
    kept = [item for item in resolver.resolvers if type(item).__name__ in _OFFLINE_RESOLVERS]
    resolver.resolvers = [*kept, ServiceDidResolver(service)]
    LOGGER.info("cairn plugin ready")

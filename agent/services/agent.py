"""The whole agent: a node and the roles it plays. This is what the API and the command line hold on to."""

from __future__ import annotations

from pathlib import Path

from agent.services.asking import Asking
from agent.services.deleting import Deleting
from agent.services.held import Kept, held_fact, offer_fact, request_fact
from agent.services.history_book import HistoryBook
from agent.services.holding import CREDENTIAL, OFFER, Holding
from agent.services.identity import Identity
from agent.services.issuing import Issuing
from agent.services.mirror import Mirror
from agent.services.node import Node
from agent.services.notices import Notices
from agent.services.presenting import Presenting
from agent.services.sending import REQUEST
from agent.services.status_lists import StatusLists
from agent.services.trust_panel import TrustPanel
from agent.settings import Role, Settings


class Agent:
    """Roles are configuration: a part is there only where its role is."""

    def __init__(self, home: Path, settings: Settings) -> None:
        roles = settings.roles
        self.node = Node(home, settings)
        self.identity = Identity(self.node)
        self.mirror = Mirror(self.node)
        self.holding = Holding(self.node) if Role.HOLDER in roles else None
        self.deleting = Deleting(self.node, self.holding) if self.holding else None
        self.book = HistoryBook(self.node)
        held = Kept(CREDENTIAL, held_fact)
        waiting = Kept(OFFER, offer_fact), Kept(REQUEST, request_fact)
        self.trust = TrustPanel(self.node, held)
        self.notices = Notices(self.node, self.holding, held, *waiting) if self.holding else None
        self.presenting = Presenting(self.node, self.holding) if self.holding else None
        self.status_lists = StatusLists(self.node)
        self.issuing = Issuing(self.node, self.identity, self.status_lists) if Role.ISSUER in roles else None
        self.asking = Asking(self.node, self.identity) if Role.VERIFIER in roles else None
        self.node.on_ready.append(self.identity.prepare)
        if self.issuing is not None:
            self.node.on_ready.append(self.status_lists.resume)
        for part in (self.holding, self.deleting, self.presenting, self.issuing, self.asking, self.notices):
            if part is not None:
                self.node.on_ready.append(part.resume)

    async def close(self) -> None:
        await self.node.close()

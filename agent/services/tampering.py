"""What a tampered wallet would do. Reachable only in a demo deployment (`agent.api.admin`), never from a screen.

It presents credentials that are revoked as if they were not, on a status list from before the revocation:
AnonCreds alone accepts that, since the holder chooses the list; the employer's own check must not.
"""

from __future__ import annotations

from dataclasses import replace

from agent.core import disclosure as disclosing
from agent.core.planning import Unsatisfiable, plan
from agent.core.policy import Policy
from agent.core.verdict import Result
from agent.errors import ConsentError
from agent.services import clock
from agent.services.node import Node
from agent.services.presenting import Presenting
from agent.store.vault import Document


async def force(node: Node, presenting: Presenting, id: str) -> Document:
    """Send a presentation with every held credential taken for current, over the oldest status lists."""
    request = await presenting.request(id)
    policy = Policy.from_json(request["policy"])
    honest = await presenting.candidates(request, frozenset())
    lying = [replace(candidate, current=Result.PASS, note="") for candidate in honest]
    planned = plan(policy, lying, today=clock.today())
    if isinstance(planned, Unsatisfiable):
        raise ConsentError("unsatisfiable", "; ".join(planned.missing))
    chosen = disclosing.disclose(
        planned, policy, requester=request["requester"]["did"], request_id=request["code"]
    )
    node.pretend_lists_at = 1
    try:
        return await presenting.send(request, chosen)
    finally:
        node.pretend_lists_at = None

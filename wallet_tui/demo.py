"""A credential to play with: in the demo universe, its university offers one.

Only where the agent service says that it is a demonstration. The issuer's service is reached as `cairn offer new`
reaches it, through its folder beside the wallet's own; what comes of it is an offer like any other, to be reviewed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from agent.client import AgentClient
from agent.errors import NotFoundError
from wallet_tui.doc import Doc

ISSUER = "munster-tu"
MAX_OFFERS = 2000
_BORN = "1999-04-02"


async def demo_offer(
    root: Path, name: str, today: date, connect: Callable[[Path], AgentClient] = AgentClient.from_home
) -> str:
    """The link of an offer that nobody used yet; a new one for ``name`` if there is none.

    Raises `UnreachableError` where no demo university runs, `NotFoundError` where it has nothing to offer.
    """
    async with connect(root / ISSUER) as issuer:
        made = Doc(await issuer.get("/v1/issuer/offers")).docs("offers", MAX_OFFERS)
        unused = next((each for each in made if each.ident("state") == "open" and each.ident("link")), None)
        if unused is not None:
            return unused.need("link")
        templates = Doc(await issuer.get("/v1/issuer/templates")).docs("templates")
        if not templates:
            raise NotFoundError("no_template", "The demo university has nothing to offer.")
        # One after the other, so that a second press gives another credential.
        template = templates[len(made) % len(templates)].need("id")
        given, _, family = name.strip().rpartition(" ")
        learner = {"given_name": given or family, "family_name": family, "birth_date": _BORN}
        body = {"template": template, "learner": learner, "awarded_on": today.isoformat()}
        return Doc(await issuer.post("/v1/issuer/offers", body)).need("link")

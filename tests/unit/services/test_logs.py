"""A value planted in a credential, a policy and a reason appears in no log, whatever goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import structlog

from agent.cli import logs
from agent.core.record import Learner
from agent.errors import AgentError, CairnError
from tests.simulators.town import PASSPHRASE, POLICY, TEMPLATE, Member, Town
from tests.unit.services.hostile import serve_document

MARKER = "Zxqv7Marker"


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    """What the service writes, with the agent's own loggers down to debug level."""
    root = logging.getLogger()
    handlers, level, agent_level = root.handlers, root.level, logging.getLogger("agent").level
    config = structlog.get_config()
    path = tmp_path / "logs" / "service.log"
    logs.to_file(path, logging.DEBUG)
    yield path
    for handler in root.handlers:
        handler.close()
    root.handlers = handlers
    root.setLevel(level)
    logging.getLogger("agent").setLevel(agent_level)
    structlog.configure(**config)


async def test_no_claim_value_in_any_log(
    place: Town, university: Member, learner: Member, employer: Member, written: Path
) -> None:
    person = Learner(given_name=MARKER, family_name=MARKER, birth_date=date(1999, 4, 2), id=MARKER)

    async def offer() -> dict[str, Any]:
        return await university.agent.issuing.new_offer(
            template=TEMPLATE, learner=person, awarded_on=date(2026, 6, 12), grade=MARKER
        )

    policy = POLICY | {"title": f"Job {MARKER}", "purpose": f"To see {MARKER}"}

    # Everything well, once.
    first = await offer()
    assert (await learner.receive(first["link"]))["state"] == "accepted"
    asked = await employer.ask(policy)
    assert (await learner.present(asked["link"]))["state"] == "sent"
    await place.verdict(employer, asked)

    # And everything that goes wrong.
    university.wallet.offered = lambda values: values | {"grade": MARKER * 2}
    failed = await learner.receive((await offer())["link"])
    university.wallet.offered = dict
    assert failed["state"] == "failed"
    university.wallet.issued = lambda values: values | {"given_name": MARKER * 2}
    failed = await learner.receive((await offer())["link"])
    university.wallet.issued = dict
    assert failed["state"] == "failed"
    rejected = await learner.agent.holding.review((await offer())["link"])
    await learner.agent.holding.reject(rejected["id"], MARKER)

    def greedy(request: dict[str, Any]) -> dict[str, Any]:
        request["requested_attributes"][MARKER] = {"name": MARKER}
        return request

    employer.wallet.request_from = greedy
    asked = await employer.ask(policy)
    shown = await learner.agent.presenting.review(asked["link"])
    await learner.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    employer.wallet.request_from = dict
    await learner.agent.presenting.decline(shown["id"], MARKER)
    learner.wallet.fail["send_presentation"] = AgentError("refused", "ACA-Py answered 400.")
    asked = await employer.ask(policy)
    shown = await learner.agent.presenting.review(asked["link"])
    await learner.agent.presenting.present(shown["id"], expect=shown["plan"]["hash"])
    learner.wallet.fail.clear()
    for reply in (MARKER.encode(), f'{{"{MARKER}":"{MARKER}"}}'.encode()):
        serve_document(university, "/o/marked-code", reply)
        with pytest.raises(CairnError) as caught:
            await learner.agent.holding.review(f"{university.settings.public_base}/o/marked-code")
        assert MARKER not in str(caught.value)
    for bad in (
        {"claims": MARKER},
        {"each": {MARKER: 1}},
        {"claims": [{"claim": MARKER}]},
        {"title": [MARKER]},
    ):
        with pytest.raises(CairnError) as caught:
            await employer.ask(policy | bad)
        assert MARKER not in str(caught.value)
    async with learner.http() as http:
        for body in (b"{" + MARKER.encode(), f'{{"link":["{MARKER}"]}}'.encode()):
            answer = await http.post("/v1/wallet/offers/review", content=body)
            assert answer.status_code == 422
            assert MARKER not in answer.text
    place.registry.mode = "broken"
    await learner.agent.holding.recheck_all()
    for member in (learner, university, employer):
        await member.restart()
    await place.world.settled()

    logging.getLogger("agent").info("the last line")
    text = written.read_text()
    assert "the last line" in text  # the capture works
    assert "accepting failed" in text
    for secret in (MARKER, MARKER.encode().hex(), PASSPHRASE, "R00123456", "1999-04-02", "19990402"):
        assert secret not in text, secret
    codes = [offer["id"] for offer in await university.agent.issuing.offers()]
    assert not [code for code in codes if code in text], "a link's code is a secret"

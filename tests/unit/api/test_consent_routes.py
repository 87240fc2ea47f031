"""Switches in the body of a plan, and the list of what a file would say, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.simulators.town import Town


async def test_switches_that_are_none(place: Town) -> None:
    learner, employer = await place.learner(), await place.employer()
    async with learner.http() as http:
        link = (await employer.ask())["link"]
        id = (await http.post("/v1/wallet/requests/review", json={"link": link})).json()["id"]
        bad: list[Any] = [
            {"choose": []},
            {"choose": "c0"},
            {"choose": {"c0": 1}},
            {"choose": {"c0": None}},
            {"choose": {f"c{place}": "x" for place in range(101)}},
            {"include": {"title": True}},
        ]
        for body in bad:
            for call in ("plan", "present"):
                answer = await http.post(f"/v1/wallet/requests/{id}/{call}", json={"expect": "0"} | body)
                assert (answer.status_code, answer.json()["code"]) == (422, "bad_request"), body
        empty = await http.post(f"/v1/wallet/requests/{id}/plan", json={"choose": {}, "keep": "yes"})
        assert empty.status_code == 200


@pytest.mark.parametrize(
    ("form", "code"), [("docx", "unknown_format"), ("", "unknown_format"), ("pdf", "no_paths")]
)
async def test_previews_that_are_refused(place: Town, form: str, code: str) -> None:
    university, learner = await place.university(), await place.learner()
    accepted = await learner.receive((await university.offer())["link"])
    path = f"/v1/wallet/credentials/{accepted['credential_id']}/export/preview"
    async with learner.http() as http:
        answer = await http.get(path, params={"as": form})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert (await http.get("/v1/wallet/credentials/nope/export/preview")).status_code == 404
        await learner.agent.node.relock()
        assert (await http.get(path)).status_code == 423

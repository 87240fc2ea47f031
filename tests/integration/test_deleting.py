"""Deleting a credential with a real ACA-Py: what it answers, and that the credential is no longer in its wallet."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import AgentError, NotFoundError
from agent.services import deleting
from tests.integration.acapy_pair import issue, issuer_with_cred_def, values, world_and_agents


async def test_a_deleted_credential_is_gone_from_acapy_and_the_other_is_not(tmp_path: Path) -> None:
    async with world_and_agents(tmp_path, "issuer", "holder") as (world, agents):
        issuer, holder = agents["issuer"], agents["holder"]
        _, _, cred_def_id = await issuer_with_cred_def(world, issuer)
        made = [await issue(issuer, holder, cred_def_id, values(title)) for title in ("One", "Two")]
        referents = [credential for _, _, credential in made]
        threads = [(await issuer.admin.credential_record(exchange)).thread_id for exchange, _, _ in made]
        assert {each.credential_id for each in await holder.admin.list_credentials()} == set(referents)

        gone = {"referent": referents[0], "thread_id": threads[0]}
        for _ in range(2):  # a crash after it was done does it once more
            await deleting.delete_at_agent(holder.admin, gone)
        assert [each.credential_id for each in await holder.admin.list_credentials()] == [referents[1]]
        with pytest.raises(NotFoundError):
            await holder.admin.get_credential(referents[0])
        assert await holder.admin.credential_records(thread_id=threads[0]) == []
        assert len(await holder.admin.credential_records(thread_id=threads[1])) == 1

        # An agent that is away decides nothing: the caller hears so, and comes again.
        await holder.process.stop()
        with pytest.raises(AgentError, match="unavailable"):
            await deleting.delete_at_agent(holder.admin, {"referent": referents[1], "thread_id": ""})

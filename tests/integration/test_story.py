"""The main job, end to end: the very story that `make demo` tells."""

from __future__ import annotations

from agent.cli.story import Story
from agent.cli.universe import Universe


async def test_every_step_of_the_story_comes_out_as_told(universe: Universe) -> None:
    told: list[str] = []
    story = Story(universe, narrate=told.append)
    async with universe.client("learner") as learner, universe.client("employer") as employer:
        await story.exchange(learner, employer)
    assert story.ok, "\n".join(told)
    assert len(story.steps) == 16
    assert len(story.verdicts) == 2
    assert [part["result"] for part in story.verdicts[0]["parts"]] == ["pass"] * 4
    assert story.verdicts[1]["parts"][0]["result"] == "fail"

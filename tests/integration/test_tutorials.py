"""Every tutorial, run line by line against real agents, as its reader would paste it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from agent.cli.universe import Universe
from tests.unit.docs import pages

SECONDS = 600.0  # the operator's guide has fifty commands, of seconds each on a busy machine


@pytest.mark.parametrize("page", pages.tutorials(), ids=lambda page: page.stem)
async def test_a_tutorial_can_be_pasted(universe: Universe, tmp_path: Path, page: Path) -> None:
    binaries = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CAIRN_", "XDG_"))}
    environment = kept | {
        "CAIRN_ROOT": str(universe.root),
        "HOME": str(tmp_path),  # nothing here may look into the developer's own data folder
        "TMPDIR": str(tmp_path),
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
    }
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", pages.script(page)),
        cwd=pages.ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        process_group=0,
    )
    try:
        out, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        if process.returncode is None:
            os.killpg(process.pid, 9)
            await process.wait()
    text = out.decode("utf-8", "replace")
    assert process.returncode == 0, text[-4000:]
    assert "Traceback" not in text, text[-4000:]

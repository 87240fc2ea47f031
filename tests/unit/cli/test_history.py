"""`cairn history`: the running wallet's, and an exported one without any service."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import Result

from agent.core.chain import FORMAT, GENESIS, entry_hash, examine_export, head_of
from agent.errors import InputError
from tests.unit.cli.conftest import Service

HISTORY = "/v1/wallet/history"
Cairn = Callable[..., Result]


def exported(count: int) -> dict[str, Any]:
    chain: list[dict[str, Any]] = []
    for number in range(1, count + 1):
        entry = {"seq": number, "claims": ["c0.title"], "prev": chain[-1]["hash"] if chain else GENESIS}
        chain.append(entry | {"hash": entry_hash(entry)})
    return {"version": 1, "format": FORMAT, "head": head_of(chain), "entries": chain}


@pytest.mark.parametrize(
    "document",
    [[], {}, {"format": "cairn.history"}, {"format": "cairn.history", "version": 1, "entries": []}],
)
def test_a_file_that_is_no_history(document: Any, tmp_path: Path, cairn: Cairn) -> None:
    with pytest.raises(InputError, match="not_a_history"):
        examine_export(document)
    (tmp_path / "x.json").write_text(json.dumps(document))
    assert cairn("history", "verify", str(tmp_path / "x.json")).exit_code == 2


def test_the_file_alone(tmp_path: Path, cairn: Cairn) -> None:
    document = exported(5)
    file = tmp_path / "history.json"
    file.write_text(json.dumps(document))
    result = cairn("history", "verify", str(file))
    assert (result.exit_code, "the chain of 5 entries is intact" in result.stdout) == (0, True)
    document["entries"][2]["claims"] = []
    result = cairn("history", "verify", "-", stdin=json.dumps(document).encode())
    assert (result.exit_code, "entry 3: edited: it was changed" in result.stdout) == (1, True)
    for data, code in ((b"{", 2), (b"", 2), (b"\xff\xfe", 2)):
        assert cairn("history", "verify", "-", stdin=data).exit_code == code
    assert cairn("history", "verify", str(tmp_path / "none.json")).exit_code == 2
    assert cairn("history", "verify", str(file), "--against", str(file)).exit_code == 2


STATE = {"intact": True, "result": "pass", "count": 5, "breaks": [], "entries": []}


def test_the_running_wallet(
    tmp_path: Path,
    cairn: Cairn,
    service: Service,
) -> None:
    answers: list[dict[str, Any]] = [STATE]
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(200, json=answers[min(len(asked), len(answers)) - 1])

    service.answers[f"GET {HISTORY}"] = answer
    assert cairn("history", "verify").exit_code == 0
    assert asked == [{"anew": "true", "limit": "0"}]
    answers[0] = STATE | {"intact": None, "result": "unknown"}
    assert cairn("history", "verify", "--json").exit_code == 5
    answers[0] = STATE | {"intact": False, "breaks": [{"seq": 17, "how": "cut_off", "detail": "is gone"}]}
    result = cairn("history", "verify")
    assert (result.exit_code, "entry 17: cut off: it is gone" in result.stdout) == (1, True)

    earlier = exported(1)
    (entry,) = earlier["entries"]
    (tmp_path / "earlier.json").write_text(json.dumps(earlier))
    for last, code in ((entry, 0), (entry | {"hash": "f" * 64}, 1)):
        asked.clear()
        answers[:] = [STATE, STATE | {"entries": [last]}]
        assert cairn("history", "verify", "--against", str(tmp_path / "earlier.json")).exit_code == code
        assert asked[-1] == {"before": "2", "limit": "1"}

    asked.clear()
    answers[:] = [STATE]
    assert cairn("history", "--party", "stern", "--limit", "3").exit_code == 0
    assert asked == [{"party": "stern", "limit": "3"}]
    service.answers[f"GET {HISTORY}/export"] = earlier
    assert cairn("history", "export", "-o", str(tmp_path / "out.json")).exit_code == 0
    assert json.loads((tmp_path / "out.json").read_text()) == earlier
    assert cairn("history", "export", "-o", str(tmp_path / "out.json" / "in a file")).exit_code == 2

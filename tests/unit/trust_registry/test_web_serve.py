"""The new routes in the real process: what is asked is written nowhere."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.unit.trust_registry.samples import MTU_ID
from tests.unit.trust_registry.test_serve import SECONDS, serving, stop

MARKER = "MARKER-7f3a"


def test_no_question_reaches_the_log(tmp_path: Path) -> None:
    home = tmp_path / "registry"
    with serving(home, "--demo") as (process, service):
        with httpx.Client(base_url=service["url"], timeout=SECONDS) as http:
            asked = {
                "entity_id": f"did:web:{MARKER}.example",
                "authority_id": service["did"],
                "action": "issue",
                "resource": "micro-credential",
            }
            answers = [
                http.get("/", params={"q": MARKER}),
                http.get("/v1/institutions", params={"q": MARKER}),
                http.get(f"/v1/institutions/{MARKER}"),
                http.get(f"/institutions/{MTU_ID}", params={"at": MARKER}),
                http.post("/authorization", json=asked),
                http.post("/authorization", content=MARKER),
                http.get(f"/trusted-issuers-registry/v5/issuers/did:web:{MARKER}"),
                http.get("/v1/resolve", params={"did": MARKER, "awarded_on": "x"}),
            ]
            assert [answer.status_code for answer in answers] == [200, 200, 404, 400, 404, 400, 404, 400]
            assert http.get("/v1/exports/dcc.json").json()["registry"] == {}
            assert http.get("/trusted-issuers-registry/v5/issuers").json()["total"] == 0
        narration = stop(process)
    assert MARKER not in narration
    written = [path for path in home.rglob("*") if path.is_file()]
    assert written
    assert not [path for path in written if MARKER.encode() in path.read_bytes()]

"""An ACA-Py plugin for attackers in tests: it bends ACA-Py as somebody with its source could.

EVIL_FILE names a JSON file, read at each call: ``{"greedy": true}`` makes a verifier's request ask for the
birth date on top of what was proposed; ``{"stolen": PATH}`` makes a holder send the presentation in PATH
instead of one of its own.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from acapy_agent.config.injection_context import InjectionContext
from acapy_agent.protocols.present_proof.anoncreds.pres_exch_handler import AnonCredsPresExchHandler
from acapy_agent.protocols.present_proof.v2_0.formats.anoncreds.handler import AnonCredsPresExchangeHandler
from acapy_agent.protocols.present_proof.v2_0.message_types import PRES_20_REQUEST


def _orders() -> dict[str, Any]:
    path = Path(os.environ["EVIL_FILE"])
    orders: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return orders


async def setup(_context: InjectionContext) -> None:
    bound_request = AnonCredsPresExchangeHandler.create_bound_request
    own_presentation = AnonCredsPresExchHandler.return_presentation

    async def greedy(self: Any, pres_ex_record: Any, request_data: dict[str, Any] | None = None) -> Any:
        if not _orders().get("greedy"):
            return await bound_request(self, pres_ex_record, request_data)
        wanted = pres_ex_record.pres_proposal.attachment(AnonCredsPresExchangeHandler.format)
        wanted |= {"name": "proof-request", "version": "1.0", "nonce": "123456789012345678901234"}
        wanted["requested_attributes"]["c0"]["names"].append("birth_date")
        return self.get_format_data(PRES_20_REQUEST, wanted)

    async def stolen(self: Any, pres_ex_record: Any, requested_credentials: Any = None) -> Any:
        path = _orders().get("stolen")
        if path is None:
            return await own_presentation(self, pres_ex_record, requested_credentials)
        return json.loads(Path(path).read_text())

    AnonCredsPresExchangeHandler.create_bound_request = greedy
    AnonCredsPresExchHandler.return_presentation = stolen

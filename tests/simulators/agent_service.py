"""The agent service in process: an httpx transport, so that the real `AgentClient` is what speaks to it.

An attack or a fault is an edit of a public attribute: ``down``, ``credentials``, ``requests``, ``hold``, ….
Nothing here is a copy of the service's code; the shapes are those of its HTTP API.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from copy import deepcopy
from typing import Any
from urllib.parse import unquote

import httpx

from agent.client import AgentClient
from tests.simulators import agent_service_data as data

Json = dict[str, Any]
PASSPHRASE = "correct horse battery"


class ProblemError(Exception):
    """What the service answers instead; ``kind`` is the class of `agent.errors` that it raised."""

    def __init__(self, status: int, code: str, detail: str, hint: str = "", *, kind: str = "") -> None:
        super().__init__(code)
        self.status, self.code, self.detail, self.hint, self.kind = status, code, detail, hint, kind


class _Stream(httpx.AsyncByteStream):
    def __init__(self, service: AgentServiceSimulator) -> None:
        self._service = service
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        service.listeners.append(self._queue)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b": hello\n\n"
        while (chunk := await self._queue.get()) is not None:
            yield chunk

    async def aclose(self) -> None:
        if self._queue in self._service.listeners:
            self._service.listeners.remove(self._queue)


class AgentServiceSimulator(httpx.AsyncBaseTransport):
    """``calls`` records every request as (method, path, body)."""

    def __init__(self, *, unlocked: bool = False, first_run: bool = False) -> None:
        self.passphrase = PASSPHRASE
        self.lock = "unlocked" if unlocked else "locked"
        self.first_run = first_run
        self.wrong = 0
        self.down = False
        self.agent_state = "ready" if unlocked else "stopped"
        self.registry_state = "ok"
        self.registry_freshness = "fresh"
        self.lock_detail = ""
        self.unlock_polls = 1
        self.name = "Ada Byrne"
        self.credentials = data.credentials()
        self.offers = data.offers()
        self.requests = data.requests()
        self.wanted = deepcopy(data.WANTED)
        self.targets = data.targets()
        self.stacks = data.stacks()
        self.pathways = data.pathways()
        self.history = data.history()
        self.intact: bool | None = True
        self.notices = 0
        self.calls: list[tuple[str, str, Json]] = []
        self.counted: list[str] = []  # paths of what would keep the wallet unlocked
        self.listeners: list[asyncio.Queue[bytes | None]] = []
        self.hold: asyncio.Event | None = None
        self.hold_path = ""
        self.before_present: Callable[[], None] | None = None
        self.fail: dict[str, ProblemError] = {}

    def client(self) -> AgentClient:
        return AgentClient("http://127.0.0.1:1", "token", transport=self)

    # Events.

    def emit(self, name: str, /, **fields: Any) -> None:
        chunk = f"event: {name}\ndata: {json.dumps(fields)}\n\n".encode()
        for queue in self.listeners:
            queue.put_nowait(chunk)

    def go_down(self) -> None:
        self.down = True
        for queue in self.listeners:
            queue.put_nowait(None)

    # HTTP.

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.down:
            raise httpx.ConnectError("refused", request=request)
        path = request.url.raw_path.decode().partition("?")[0]
        body: Json = json.loads(request.content) if request.content else {}
        self.calls.append((request.method, path, body))
        if "x-cairn-background" not in request.headers:
            self.counted.append(path)
        if request.headers.get("authorization") != "Bearer token":
            return httpx.Response(401, json={"code": "unauthorised"})
        if path == "/v1/events":
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Stream(self))
        if self.hold is not None and path.startswith(self.hold_path):
            await self.hold.wait()
        try:
            for start, problem in self.fail.items():
                if path.startswith(start):
                    raise problem
            status, answer = self._route(
                request.method, [unquote(part) for part in path.split("/")[2:]], body
            )
        except ProblemError as problem:
            document = {
                "type": f"urn:cairn:error:{problem.code}",
                "title": problem.code,
                "status": problem.status,
                "code": problem.code,
                "kind": problem.kind,
                "detail": problem.detail,
                "hint": problem.hint,
            }
            return httpx.Response(problem.status, json=document)
        return httpx.Response(status, content=json.dumps(answer).encode("utf-8", "surrogatepass"))

    def _route(self, method: str, parts: list[str], body: Json) -> tuple[int, Json]:
        match (method, *parts):
            case ("GET", "status"):
                return 200, self.status()
            case ("POST", "unlock"):
                return 202, self._unlock(body)
            case ("POST", "lock"):
                self.lock, self.agent_state = "locked", "stopped"
                return 200, self.status()
        if self.lock != "unlocked":
            raise ProblemError(423, "locked", "The wallet is locked.")
        match (method, *parts):
            case ("POST", "active"):
                return 200, {"locks_in": 300}
            case ("GET", "wallet", "credentials"):
                hidden = {"record", "claims", "checks", "beside", "forms", "not_understood", "shared"}
                rows = [{k: v for k, v in item.items() if k not in hidden} for item in self.credentials]
                return 200, {"credentials": rows}
            case ("GET", "wallet", "credentials", identifier):
                return 200, _find(self.credentials, identifier)
            case ("POST", "wallet", "credentials", identifier, "recheck"):
                return 200, _find(self.credentials, identifier)
            case ("GET", "wallet", "offers"):
                return 200, {"offers": self.offers}
            case ("GET", "wallet", "offers", identifier):
                return 200, _find(self.offers, identifier)
            case ("POST", "wallet", "offers", "review"):
                return 200, _find(self.offers, body["link"], "link")
            case ("POST", "wallet", "offers", identifier, action):
                return 200, self._answer_offer(_find(self.offers, identifier), action)
            case ("GET", "wallet", "requests"):
                return 200, {"requests": [self.planned(item) for item in self.requests]}
            case ("GET", "wallet", "requests", identifier):
                return 200, self.planned(_find(self.requests, identifier))
            case ("POST", "wallet", "requests", "review"):
                return 200, self.planned(_find(self.requests, body["link"], "link"))
            case ("POST", "wallet", "requests", identifier, action):
                return 200, self._answer_request(_find(self.requests, identifier), action, body)
            case ("GET", "wallet", "history"):
                return 200, {"entries": self.history, "intact": self.intact}
            case ("GET", "wallet", "stacks"):
                return 200, {"targets": self.targets}
            case ("GET", "wallet", "stacks", identifier):
                return 200, self.stacks[identifier]
            case ("GET", "wallet", "pathways", identifier):
                return 200, self.pathways[identifier]
        raise ProblemError(404, "not_found", "There is no such thing.")

    # Locking.

    def status(self) -> Json:
        if self.lock == "unlocking":
            self.unlock_polls -= 1
            if self.unlock_polls <= 0:
                self.lock, self.agent_state, self.first_run = "unlocked", "ready", False
        waiting = self.lock == "unlocked"
        snapshot = {
            "seq": 1,
            "issued_at": data.NOW,
            "age_seconds": 120,
            "freshness": self.registry_freshness,
            "kind": "demo",
        }
        registry_known = self.registry_state in {"ok", "copy"}
        return {
            "version": 1,
            "name": self.name,
            "roles": ["holder"],
            "lock": self.lock,
            "first_run": self.first_run,
            "lock_detail": self.lock_detail,
            "locks_in": 300 if waiting else None,
            "agent": {"state": self.agent_state, "detail": ""},
            "registry": {
                "state": self.registry_state,
                "url": "",
                "snapshot": snapshot if registry_known else None,
            },
            "inbox": {
                "offers": sum(item["state"] == "open" for item in self.offers) if waiting else 0,
                "requests": sum(item["state"] == "open" for item in self.requests) if waiting else 0,
            },
            "notices": self.notices if waiting else 0,
            "demo": True,
            "did": None,
        }

    def _unlock(self, body: Json) -> Json:
        if self.wrong >= 3:
            raise ProblemError(429, "wait", "Too many wrong passphrases.", "Wait 7 seconds.")
        if self.first_run:
            self.passphrase = body["passphrase"]
        if body["passphrase"] != self.passphrase:
            self.wrong += 1
            raise ProblemError(403, "wrong_passphrase", "The passphrase does not open this wallet.")
        self.lock, self.agent_state, self.lock_detail = "unlocking", "starting", "starting the agent"
        return self.status()

    # Offers.

    def _answer_offer(self, offer: Json, action: str) -> Json:
        if offer["state"] != "open":
            raise ProblemError(409, "already_answered", "This offer was already answered.")
        offer["state"] = {"accept": "accepted", "reject": "rejected"}[action]
        if action == "accept":
            held = data.credential(
                90 + len(self.credentials),
                offer["title"],
                offer["issuer"],
                "4",
                6,
                offer["awarded_on"],
                "pass",
                "Every check passed.",
            )
            self.credentials.append(held)
            offer["credential_id"] = held["id"]
        return offer

    # Requests.

    def planned(self, request: Json, include: list[str] | None = None) -> Json:
        """The request with its plan: the first two credentials that are neither failed nor unlisted."""
        wanted = self.wanted[request["id"]]
        held = [item for item in self.credentials if item["state"] == "pass"][:2]
        if any(claim == "nationality" for claim, *_ in wanted) or len(held) < 2:
            return {**request, "plan": None}
        chosen = {claim for claim, _, _, required, _ in wanted if required} | set(include or [])
        rows: list[Json] = []
        for index, item in enumerate(held):
            values = {claim["name"]: claim["value"] for claim in item["claims"]}
            for claim, label, mode, required, flag in wanted:
                value = values.get(claim, "")
                rows.append(
                    {
                        "id": f"c{index}.{claim}",
                        "item": f"c{index}",
                        "claim": claim,
                        "send": claim in chosen,
                        "mode": mode,
                        "label": label,
                        "value": value,
                        "sent_as": "at least 6 (your value stays hidden)" if mode == "predicate" else value,
                        "credential_title": item["title"],
                        "required": required,
                        "locked": "the request requires it" if required else "",
                        "flag": flag,
                    }
                )
        sent = [row for row in rows if row["send"]]
        digest = hashlib.sha256(
            json.dumps([request["id"], request["expires_at"], sent], sort_keys=True).encode()
        ).hexdigest()
        plan = {
            "hash": digest,
            "satisfied": True,
            "credentials": [
                {
                    "item": f"c{index}",
                    **{k: item[k] for k in ("id", "title", "issuer", "credit", "eqf", "awarded_on")},
                }
                for index, item in enumerate(held)
            ],
            "rows": rows,
            "sees": [{"item": row["item"], "label": row["label"], "value": row["sent_as"]} for row in sent],
            "not_sees": [{"label": row["label"], "why": "hidden by you"} for row in rows if not row["send"]]
            + [
                {"label": "Date of birth", "why": "not asked"},
                {"label": "Other credentials", "why": "that you hold them stays hidden"},
            ],
            "links": [
                "Nothing in this presentation is the same as in earlier ones, except the values you send."
            ],
            "left_out": [
                {"id": "cred-4", "title": "Quantum Leadership Mastery", "why": "its issuer is on no list"}
            ],
        }
        return {**request, "plan": plan}

    def _answer_request(self, request: Json, action: str, body: Json) -> Json:
        if action == "plan":
            return self.planned(request, body["include"])
        if request["state"] != "open":
            raise ProblemError(409, "already_answered", "This request was already answered.")
        if action == "decline":
            request["state"] = "declined"
            request["outcome"] = {
                "at": data.NOW,
                "sent_claims": [],
                "matches_consent": None,
                "detail": "The requester was told.",
            }
            return {**request, "plan": None}
        if self.before_present is not None:
            self.before_present()
        plan = self.planned(request, body["include"])["plan"]
        if plan is None or plan["hash"] != body["expect"]:
            raise ProblemError(
                409, "plan_changed", "What would be sent is not what was agreed to.", kind="ConsentError"
            )
        request["state"] = "sent"
        paths = [row["id"] for row in plan["rows"] if row["send"]]
        request["outcome"] = {"at": data.NOW, "sent_claims": paths, "matches_consent": True, "detail": ""}
        return {**request, "plan": plan}


def _find(items: list[Json], wanted: str, member: str = "id") -> Json:
    for item in items:
        if item[member] == wanted:
            return item
    raise ProblemError(404, "not_found", "There is nothing at this link.", "Check that it is complete.")

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
from tests.simulators import agent_service_trust as trust
from tests.simulators.agent_service_problem import ProblemError
from tests.simulators.agent_service_shelf import ShelfRoutes

Json = dict[str, Any]
PASSPHRASE = "correct horse battery"
__all__ = ["PASSPHRASE", "AgentServiceSimulator", "ProblemError"]


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
        self.home = "/home/ada/.local/share/cairn/learner"
        self.demo = True
        self.backup_made_at: str | None = data.NOW
        self.backups: dict[str, tuple[str, str]] = {}  # path → (its passphrase, the wallet's name)
        self.credentials = data.credentials()
        self.badges: list[Json] = []
        self.shelf = ShelfRoutes(self)
        self.offers = data.offers()
        self.requests = data.requests()
        self.wanted = deepcopy(data.WANTED)
        self.drafts: dict[str, Json] = {}
        self.fitting = {"cred-1", "cred-2", "cred-3"}
        self.targets = data.targets()
        self.stacks = data.stacks()
        self.pathways = data.pathways()
        self.stack_drafts: list[Json] = []
        self.history = data.history()
        self.intact: bool | None = True
        self.breaks: list[Json] = []
        self.asked: Json = {}  # the query of the request that is being answered
        self.queries: list[tuple[str, Json]] = []
        self.issuers = trust.issuers()
        self.institutions = trust.institutions()
        self.subjects: dict[str, Json] = {
            data.MTU["did"]: trust.subject(did=data.MTU["did"]),
            data.ATLANTIS["did"]: trust.stranger(*(data.ATLANTIS[name] for name in ("did", "host", "name"))),
            trust.MTU_ID: trust.subject(),
        }
        self.trust_list = trust.listing()
        self.trust_problem = ""
        self.notices = trust.notices()
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
        as_json = request.headers.get("content-type", "").startswith("application/json")
        body: Json = json.loads(request.content) if request.content and as_json else {}
        if path != "/v1/active":  # kept in `counted`: it changes nothing
            self.calls.append((request.method, path, body))
        if "x-cairn-background" not in request.headers:
            self.counted.append(path)
        if request.headers.get("authorization") != "Bearer token":
            return httpx.Response(401, json={"code": "unauthorised"})
        if path == "/v1/events":
            return httpx.Response(200, headers={"content-type": "text/event-stream"}, stream=_Stream(self))
        if self.hold is not None and path.startswith(self.hold_path):
            await self.hold.wait()
        self.asked = dict(request.url.params)
        self.queries.append((path, self.asked))
        try:
            if path == "/v1/wallet/stacks/file" and self.lock == "unlocked" and not self.fail:
                remarks = {"x-cairn-remarks": json.dumps(["This file is for reading."])}
                return httpx.Response(200, content=f"{body['as']} file".encode(), headers=remarks)
            for start, problem in self.fail.items():
                if path.startswith(start):
                    raise problem
            parts = [unquote(part) for part in path.split("/")[2:]]
            file = self.shelf.file(request, parts, body) if self.lock == "unlocked" else None
            if file is not None:
                return file
            status, answer = self._route(request.method, parts, body)
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
            case ("POST", "active"):
                return 200, {"locks_in": 300 if self.lock == "unlocked" else None}
            case ("POST", "backup", "check"):
                return 200, self._in_backup(body)
            case ("POST", "restore"):
                return 200, self._restore(body)
        if self.lock != "unlocked":
            raise ProblemError(423, "locked", "The wallet is locked.")
        match (method, *parts):
            case ("POST", "active"):
                return 200, {"locks_in": 300}
            case ("POST", "backup"):
                return 200, self._backup(body)
            case ("GET", "wallet", "credentials"):
                hidden = {
                    "record",
                    "claims",
                    "checks",
                    "beside",
                    "forms",
                    "not_understood",
                    "shared",
                    "shelf",
                }
                rows = [{k: v for k, v in item.items() if k not in hidden} for item in self.credentials]
                return 200, {"credentials": rows}
            case ("GET", "wallet", "credentials", identifier):
                return 200, _find(self.credentials, identifier)
            case ("POST", "wallet", "credentials", identifier, "recheck"):
                return 200, _find(self.credentials, identifier)
            case (_, "wallet", "collections" | "badges", *_) | (
                _,
                "wallet",
                "credentials",
                _,
                "shelf" | "loss" | "delete",
            ):
                return 200, self.shelf.answer(method, parts[1:], body)
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
                return 200, self._history()
            case ("GET", "wallet", "history", "export"):
                head = {
                    "seq": len(self.history),
                    "hash": self.history[-1]["hash"] if self.history else "0" * 64,
                }
                return 200, {"version": 1, "format": "cairn.history", "head": head, "entries": self.history}
            case ("GET", "wallet", "trust"):
                return 200, self._trust()
            case ("GET", "wallet", "trust", "issuers" | "institutions", identifier):
                if identifier not in self.subjects:
                    raise ProblemError(
                        404,
                        "unknown_institution",
                        "This institution is not on the list.",
                        "That is no judgement: taking part is voluntary.",
                    )
                return 200, self.subjects[identifier] | {"list": self.trust_list}
            case ("GET", "wallet", "notices"):
                return 200, {"notices": self.notices}
            case ("POST", "wallet", "notices", "seen"):
                for notice in self.notices:
                    notice["seen"] = notice["seen"] or notice["id"] in body["ids"]
                return 200, {"notices": self.notices}
            case ("GET", "wallet", "stacks"):
                return 200, {"targets": self.targets}
            case ("POST", "wallet", "stacks"):
                return 200, self._planned_stack(body)
            case ("POST", "wallet", "pathways"):
                return 200, self.pathways[_target_id(body)]
            case ("GET", "wallet", "stack-progress"):
                return 200, {
                    "goals": [_progress(each["id"], self.stacks[each["id"]]) for each in self.targets]
                }
            case ("GET", "wallet", "stack-drafts"):
                return 200, {"drafts": sorted(self.stack_drafts, key=lambda draft: draft["name"].casefold())}
            case ("POST", "wallet", "stack-drafts"):
                return 200, self._save_draft(body)
            case ("POST", "wallet", "stack-drafts", identifier, "delete"):
                self.stack_drafts.remove(_find(self.stack_drafts, identifier))
                return 200, {"deleted": identifier}
        raise ProblemError(404, "not_found", "There is no such thing.")

    def _history(self) -> Json:
        entries, total = trust.history_page(self.history, self.asked)
        result = {True: "pass", False: "fail", None: "unknown"}[self.intact]
        return {
            "entries": entries,
            "total": total,
            "count": len(self.history),
            "intact": self.intact,
            "result": result,
            "reason": "",
            "breaks": self.breaks,
            "head": {"seq": len(self.history), "hash": "f" * 64},
            "examined_at": data.NOW,
        }

    def _trust(self) -> Json:
        wanted = self.asked.get("q", "").casefold().split()

        def fits(each: Json) -> bool:
            return all(word in f"{each}".casefold() for word in wanted)

        found = [each for each in self.institutions if wanted and fits(each)]
        return {
            "query": self.asked.get("q", ""),
            "institutions": found if self.trust_list.get("seq") is not None else [],
            "total": len(found),
            "total_is_exact": True,
            "issuers": [each for each in self.issuers if fits(each)],
            "problem": self.trust_problem,
            "list": self.trust_list,
        }

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
            "notices": sum(not each["seen"] for each in self.notices) if waiting else 0,
            "home": self.home,
            "backup": {"made_at": self.backup_made_at} if waiting else None,
            "demo": self.demo,
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

    # Backups.

    def _backup(self, body: Json) -> Json:
        path = body["path"]
        if path in self.backups and not body["replace"]:
            raise ProblemError(
                409, "file_exists", f"{path} exists already.", "Choose another name, or replace it."
            )
        for name in ("waiting for the agent", "copying the wallet", "encrypting", "reading it back"):
            self.emit("step", exchange="backup", name=name, seconds=0.1, state="done")
        self.backups[path] = (body["passphrase"], self.name)
        self.backup_made_at = data.NOW
        self.emit("status")
        return {**self._in_backup(body), "path": path}

    def _in_backup(self, body: Json) -> Json:
        if body["path"] not in self.backups:
            raise ProblemError(
                404, "no_file", f"There is no file {body['path']}.", "Look whether the name is right."
            )
        passphrase, wallet = self.backups[body["path"]]
        if body["passphrase"] != passphrase:
            raise ProblemError(
                403,
                "backup_passphrase",
                "Wrong passphrase, or the file is damaged at the very start.",
                "It is the passphrase of the backup, which may not be that of the wallet.",
                kind="PassphraseError",
            )
        return {
            "made_at": data.NOW,
            "wallet": wallet,
            "bytes": 12_345,
            "sha256": "ab" * 32,
            "credentials": len(self.credentials),
            "offers": len(self.offers),
            "history": len(self.history),
            "history_intact": True,
        }

    def _restore(self, body: Json) -> Json:
        if not self.first_run:
            raise ProblemError(
                409, "wallet_exists", "There is already a wallet here.", "Restore into another folder."
            )
        found = self._in_backup(body)
        self.first_run, self.passphrase = False, body["new_passphrase"]
        self.emit("status")
        return {**found, "home": self.home, "settings_kept": True, "missing": 0}

    # Offers.

    def _answer_offer(self, offer: Json, action: str) -> Json:
        if offer["state"] not in ("open", "failed"):
            raise ProblemError(409, "already_answered", "This offer was already answered.")
        offer["state"], offer["error"] = {"accept": "accepted", "reject": "rejected"}[action], None
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

    # Stacks.

    def _planned_stack(self, body: Json) -> Json:
        """The stack without what was left out: amounts in whole numbers, as they are in the data."""
        stack = deepcopy(self.stacks[_target_id(body)])
        for member in stack["members"]:
            if member["credential_id"] in body.get("without", []):
                part = {"counted": "counted", "offered": "offered"}.get(member["state"], "")
                if part:
                    stack[part] = str(int(stack[part]) - int(member["counts"]))
                member |= {
                    "state": "excluded",
                    "code": "left_out",
                    "counts": "0",
                    "reason": "Counts nothing in this plan: you left it out.",
                }
                stack["missing"] = str(max(0, int(stack["required"]) - int(stack["counted"])))
                stack["met"] = stack["met"] and stack["missing"] == "0"
        stack["members"].sort(key=lambda member: ("counted", "offered", "excluded").index(member["state"]))
        return stack

    def _save_draft(self, body: Json) -> Json:
        identifier = body.get("id", "")
        others = [each for each in self.stack_drafts if each["id"] != identifier]
        if any(each["name"].casefold() == body["name"].casefold() for each in others):
            raise ProblemError(409, "name_taken", "There is a draft of this name.")
        draft = {
            "id": identifier or f"draft-{len(self.stack_drafts) + 1}",
            "name": body["name"],
            "target": body["target"],
            "title": self.stacks[_target_id(body)]["target"]["title"],
            "without": body.get("without", []),
            "note": body.get("note", ""),
            "saved_at": data.NOW,
        }
        self.stack_drafts = [*others, draft]
        return draft

    # Requests.

    def planned(
        self, request: Json, include: list[str] | None = None, choose: dict[str, str] | None = None
    ) -> Json:
        """The request with its plan: the first two credentials that are neither failed nor unlisted, or others that
        were chosen. ``include`` and ``choose`` are those of the draft unless given."""
        draft = self.drafts.get(request["id"], {})
        include = draft.get("include", []) if include is None else include
        choose = draft.get("choose", {}) if choose is None else choose
        wanted = self.wanted[request["id"]]
        held = [item for item in self.credentials if item["state"] == "pass"][:2]
        fitting = [
            item for item in self.credentials if item["id"] in self.fitting and item["state"] != "fail"
        ]
        for item, wish in choose.items():
            chosen_one = next((each for each in fitting if each["id"] == wish), None)
            if chosen_one is None:
                detail = "The credential that you chose does not fit there, or no longer does."
                raise ProblemError(409, "choice_not_possible", detail, kind="ConsentError")
            held[int(item[1:])] = chosen_one
        rest = [each for each in fitting if each not in held]
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
                        "paths": _paths(index, claim, mode) if claim in chosen else [],
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
                {"item": f"c{index}", **_described(item), "others": [_described(each) for each in rest]}
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
            "note": "",
            "choose": choose,
        }
        return {**request, "plan": plan}

    def _answer_request(self, request: Json, action: str, body: Json) -> Json:
        if action == "plan":
            answer = self.planned(request, body["include"], body["choose"])
            if body.get("keep"):
                self.drafts[request["id"]] = {"include": body["include"], "choose": body["choose"]}
            return answer
        if request["state"] not in ("open", "failed"):
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
        plan = self.planned(request, body["include"], body["choose"])["plan"]
        if plan is None or plan["hash"] != body["expect"]:
            raise ProblemError(
                409, "plan_changed", "What would be sent is not what was agreed to.", kind="ConsentError"
            )
        request["state"], request["error"] = "sent", None
        paths = sorted(path for row in plan["rows"] for path in row["paths"])
        request["outcome"] = {"at": data.NOW, "sent_claims": paths, "matches_consent": True, "detail": ""}
        return {**request, "plan": plan}


def _described(held: Json) -> Json:
    return {name: held[name] for name in ("id", "title", "issuer", "credit", "eqf", "awarded_on")}


def _paths(index: int, claim: str, mode: str) -> list[str]:
    return [f"c{index}.{claim}>=6" if mode == "predicate" else f"c{index}.{claim}"]


def _find(items: list[Json], wanted: str, member: str = "id") -> Json:
    for item in items:
        if item[member] == wanted:
            return item
    raise ProblemError(404, "not_found", "There is nothing at this link.", "Check that it is complete.")


def _target_id(body: Json) -> str:
    target = body["target"]
    return str(target if isinstance(target, str) else target["id"])


def _progress(target_id: str, stack: Json) -> Json:
    return {"id": target_id} | {
        name: stack[name] for name in ("unit", "required", "counted", "offered", "missing", "met")
    }

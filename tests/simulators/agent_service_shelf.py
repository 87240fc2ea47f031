"""The portfolio routes of the simulated agent service: shelf, deletion, files out and in."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx

from tests.simulators import agent_service_data as data
from tests.simulators.agent_service_problem import ProblemError

if TYPE_CHECKING:
    from tests.simulators.agent_service import AgentServiceSimulator

Json = dict[str, Any]
MAX_BYTES = 12 * 1024 * 1024
ONE = ("json", "open-badge", "png", "svg", "pdf", "html", "elm", "presentation")
MANY = ("json", "html", "pdf", "clr", "zip")


class ShelfRoutes:
    """``exported`` are the bytes of every file; ``taken`` the files that came, as (name, bytes)."""

    def __init__(self, service: AgentServiceSimulator) -> None:
        self._service = service
        self.exported = b"%exported by the simulator\n"
        self.remarks = ["Whoever gets this file sees all of it, and can tell it from any other."]
        self.asked: list[Json] = []
        self.taken: list[tuple[str, bytes]] = []
        self.answers: dict[str, Json] = {}
        self.losses = [
            "The signed credential itself: its issuer may not give it again.",
            "Your note and its place in your collections.",
        ]

    def answer(self, method: str, parts: list[str], body: Json) -> Json:
        service = self._service
        match (method, *parts):
            case ("GET", "collections"):
                return {
                    name: [
                        {"name": label, "count": count}
                        for label, count in sorted(
                            Counter(each for held in service.credentials for each in held[name]).items()
                        )
                    ]
                    for name in ("collections", "tags")
                }
            case ("GET", "badges"):
                return {"badges": service.badges}
            case ("POST", "badges", identifier, "delete"):
                service.badges.remove(_held(service.badges, identifier))
                return {"deleted": identifier}
            case ("POST", "credentials", identifier, "shelf"):
                if set(body) - {"archived", "collections", "tags", "note"}:
                    raise ProblemError(422, "unknown_member", "There is no such thing on the shelf.")
                return data.shelve(_held(service.credentials, identifier), **body)
            case ("GET", "credentials", identifier, "loss"):
                return self._loss(_held(service.credentials, identifier))
            case ("POST", "credentials", identifier, "delete"):
                held = _held(service.credentials, identifier)
                if body.get("expect") != self._loss(held)["expect"]:
                    raise ProblemError(
                        409, "loss_changed", "What would be lost is not what was shown.", kind="ConsentError"
                    )
                service.credentials.remove(held)
                return {"deleted": identifier}
        raise ProblemError(404, "not_found", "There is no such thing.")

    def _loss(self, held: Json) -> Json:
        words = json.dumps([held["id"], self.losses])
        return {"losses": self.losses, "expect": hashlib.sha256(words.encode()).hexdigest()}

    def file(self, request: httpx.Request, parts: list[str], body: Json) -> httpx.Response | None:
        """The routes whose question or answer is a file; None for every other."""
        asked = dict(request.url.params)
        match (request.method, *parts):
            case ("GET", "wallet", "credentials", identifier, "export"):
                _held(self._service.credentials, identifier)
                return self._made(asked | {"ids": [identifier]}, ONE)
            case ("POST", "wallet", "export"):
                for identifier in body.get("ids", []):
                    _held(self._service.credentials, identifier)
                return self._made(body, MANY)
            case ("GET", "wallet", "badges", identifier, "file"):
                _held(self._service.badges, identifier)
                return self._made({"ids": [identifier], "as": "json"}, ONE)
            case ("POST", "wallet", "import"):
                return self._take(request.content, asked.get("name", ""))
        return None

    def _made(self, asked: Json, forms: tuple[str, ...]) -> httpx.Response:
        if asked["as"] not in forms:
            raise ProblemError(422, "unknown_format", "There is no such format.")
        if asked["as"] == "presentation" and not (asked.get("challenge") and asked.get("domain")):
            raise ProblemError(
                422, "no_challenge", "A presentation is made for one challenge and one verifier."
            )
        self.asked.append(asked)
        return httpx.Response(
            200, content=self.exported, headers={"x-cairn-remarks": json.dumps(self.remarks)}
        )

    def _take(self, content: bytes, name: str) -> httpx.Response:
        """``answers`` by the name of the file, else by what its first bytes are."""
        self.taken.append((name, content))
        if len(content) > MAX_BYTES:
            raise ProblemError(422, "too_large", "The body is too large.")
        if name in self.answers:
            return _answered(self.answers[name])
        if content.startswith(b"\x89PNG"):
            badge = data.badges()[0] | {"id": "badge-2", "name": name}
            self._service.badges.append(badge)
            return _answered({"import": "visual_badge", **badge})
        if not content.startswith(b"{"):
            raise ProblemError(
                422, "not_a_credential", "This is no credential that is understood.", kind="InputError"
            )
        held = data.credential(
            6, "Imported Skill", data.UOC, "2", 5, "2026-01-05", "unknown", "No list names it.", listed=False
        )
        self._service.credentials.append(held)
        return _answered({"import": "imported", **held})


def _answered(document: Json) -> httpx.Response:
    return httpx.Response(200, content=json.dumps(document).encode("utf-8", "surrogatepass"))


def _held(items: list[Json], wanted: str) -> Json:
    for item in items:
        if item["id"] == wanted:
            return item
    raise ProblemError(404, "no_such_credential", "There is no such credential.", kind="NotFoundError")

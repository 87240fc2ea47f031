"""Calls to ACA-Py's admin API over loopback, with its failures turned into ours."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx

from agent.errors import AgentError, ConflictError, NotFoundError

CONCURRENCY = 12  # acapy.md: 16 concurrent list calls can exhaust the store's pool
ANSWER_BYTES = 32 * 1024 * 1024
_SECONDS = 60.0
_MAX_REASON = 200
# The parts of a path that are not identifiers.
_WORDS = re.compile(r"[a-z-]+(?:-2\.0)?")
# Whatever ACA-Py quotes may be a claim value.
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\{.*\}|\[.*\]", re.DOTALL)
_WRONG_STATE = re.compile(r"in [a-z-]{3,40} state|current state: [a-z-]{3,40}|state .*must be", re.IGNORECASE)


class AdminHttp:
    """JSON over HTTP with a cap on concurrency. ``transport`` is for tests."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        seconds: float = _SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"x-api-key": api_key},
            timeout=httpx.Timeout(seconds, connect=5),
            trust_env=False,  # loopback never goes through a proxy
            transport=transport,
        )
        self._slots = asyncio.Semaphore(CONCURRENCY)

    async def close(self) -> None:
        await self._http.aclose()

    async def get(self, path: str, **params: str | int) -> Any:
        return await self.call("GET", path, params=params)

    async def post(self, path: str, body: dict[str, Any] | None = None, **params: str | int) -> Any:
        return await self.call("POST", path, body=body or {}, params=params)

    async def delete(self, path: str) -> Any:
        return await self.call("DELETE", path)

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: dict[str, Any] | None = None,
        params: dict[str, str | int] | None = None,
    ) -> Any:
        """The parsed JSON answer.

        Raises `NotFoundError` not_found (404), `ConflictError` wrong_state (the exchange has moved on) and
        `AgentError`: unavailable (no connection), timeout, refused (other 4xx), failed (5xx), bad_answer.
        The detail has ACA-Py's status and its reason without anything quoted.
        """
        async with self._slots:
            if self._http.is_closed:  # the wallet was locked while this waited for its turn
                raise AgentError("unavailable", "ACA-Py does not answer.", "Unlock the wallet.")
            try:
                answer = await self._http.request(method, path, json=body, params=params or None)
            except httpx.TimeoutException as error:
                detail = f"ACA-Py did not answer {method} {_route(path)} in time."
                raise AgentError("timeout", detail) from error
            except httpx.HTTPError as error:
                raise AgentError(
                    "unavailable", "ACA-Py does not answer.", "It may be starting or may have ended."
                ) from error
        if answer.is_success:
            return _json(answer)
        raise _failure(answer, f"{method} {_route(path)}")


def _json(answer: httpx.Response) -> Any:
    if len(answer.content) > ANSWER_BYTES:
        raise AgentError("bad_answer", "ACA-Py's answer is too large.")
    try:
        return answer.json()
    except ValueError as error:
        raise AgentError("bad_answer", "ACA-Py's answer is not JSON.") from error


def _failure(answer: httpx.Response, what: str) -> AgentError | ConflictError | NotFoundError:
    status = answer.status_code
    reason = _reason(answer)
    detail = f"ACA-Py answered {status} to {what}{': ' + reason if reason else '.'}"
    if status == httpx.codes.NOT_FOUND:
        return NotFoundError("not_found", detail)
    if status == httpx.codes.CONFLICT or (status < 500 and _WRONG_STATE.search(answer.text[:2000])):
        return ConflictError("wrong_state", detail)
    return AgentError("refused" if status < 500 else "failed", detail)


def _reason(answer: httpx.Response) -> str:
    """A bounded reason that quotes nothing: names of attributes and states survive, values do not."""
    if answer.status_code >= 500 or answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
        return ""
    words = _QUOTED.sub("…", answer.text[:2000]).split()
    return " ".join(words).removeprefix(f"{answer.status_code}: ")[:_MAX_REASON]


def _route(path: str) -> str:
    """The path without identifiers."""
    return "/" + "/".join(part if _WORDS.fullmatch(part) else "…" for part in path.split("/") if part)

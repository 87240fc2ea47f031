"""Client of the local agent service: what the terminal wallet and the `cairn` command speak through.

One call is one HTTP request to the admin listener (loopback, bearer token). Problem documents come back
as `agent.errors.CairnError` subclasses, chosen by HTTP status; a service that does not answer at all is
`UnreachableError` with code ``service_unreachable``, so that callers can tell it from a 502 that the
service itself reports about somebody else. Answers are bounded in bytes and depth before they are parsed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

from agent.core.limits import parse_json
from agent.errors import (
    AgentError,
    CairnError,
    ConflictError,
    ConsentError,
    ExpiredError,
    InputError,
    LockedError,
    NotFoundError,
    PassphraseError,
    UnreachableError,
    UntrustedError,
)

__all__ = ["SERVICE_UNREACHABLE", "AgentClient", "Event"]

SERVICE_UNREACHABLE = "service_unreachable"

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_EXPORT_BYTES = 256 * 1024 * 1024
MAX_EVENT_BYTES = 256 * 1024
MAX_FILE_BYTES = 64 * 1024
# Parsing more than this is handed to a thread: the depth scan would hold up a user interface.
THREAD_PARSE_BYTES = 128 * 1024
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
# An exchange has a deadline of its own in the service (Limits.exchange_seconds); this one lies behind it.
EXCHANGE_SECONDS = 90.0

_START_HINT = "Start it with: cairn agent run --home {home}   (or the demo universe: cairn up)"

_BY_STATUS: dict[int, type[CairnError]] = {
    400: InputError,
    403: PassphraseError,
    404: NotFoundError,
    409: ConflictError,
    410: ExpiredError,
    422: InputError,
    423: LockedError,
    429: PassphraseError,
    502: UnreachableError,
    503: AgentError,
    504: UnreachableError,
}
# The service says which class it raised; the status is for answers that are not ours.
_BY_KIND: dict[str, type[CairnError]] = {
    kind.__name__: kind
    for kind in (
        InputError,
        NotFoundError,
        ConflictError,
        ExpiredError,
        LockedError,
        PassphraseError,
        UntrustedError,
        UnreachableError,
        ConsentError,
        AgentError,
    )
}


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event: ``name`` such as ``status`` or ``step``, ``data`` its JSON object."""

    name: str
    data: dict[str, Any]


class AgentClient:
    """Use as an async context manager, or call `aclose`. Safe for concurrent calls in one event loop."""

    def __init__(
        self, base_url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """``base_url`` such as ``http://127.0.0.1:8021``; plain http is refused off the loopback."""
        url = _checked_url(base_url)
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,  # a proxy from the environment must never see the token
            transport=transport,
        )

    @classmethod
    def from_home(cls, home: Path, *, transport: httpx.AsyncBaseTransport | None = None) -> Self:
        """Client for the service that runs in ``home`` (``service.json`` and ``token`` there).

        Raises `UnreachableError` (``service_unreachable``) when nothing runs there.
        """
        try:
            description = parse_json(
                _read_small(home / "service.json"), max_bytes=MAX_FILE_BYTES, what="service description"
            )
            token = _read_small(home / "token").decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UnreachableError(
                SERVICE_UNREACHABLE, f"No agent service runs for {home}.", _START_HINT.format(home=home)
            ) from error
        url = description.get("admin_url") if isinstance(description, dict) else None
        if not isinstance(url, str):
            raise InputError("bad_service_file", f"{home / 'service.json'} does not name the admin address.")
        if not token.isprintable() or not token:
            raise InputError("bad_token_file", f"{home / 'token'} does not hold a token.")
        return cls(url, token, transport=transport)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    def same_service(self, other: AgentClient) -> bool:
        """Whether both speak to one address with one token: false after the service was started again."""
        mine, theirs = self._http, other._http
        return (mine.base_url, mine.headers["authorization"]) == (
            theirs.base_url,
            theirs.headers["authorization"],
        )

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, *, timeout: float = READ_SECONDS
    ) -> dict[str, Any]:
        """JSON object at ``path``. Raises `CairnError` subclasses only."""
        return await self._call("GET", path, params=params, body=None, timeout=timeout)

    async def post(
        self, path: str, body: Mapping[str, Any] | None = None, *, timeout: float = EXCHANGE_SECONDS
    ) -> dict[str, Any]:
        """Send ``body`` (an empty object when None) and return the JSON object of the answer."""
        return await self._call("POST", path, params=None, body=dict(body or {}), timeout=timeout)

    async def post_bytes(
        self,
        path: str,
        data: bytes,
        params: Mapping[str, str] | None = None,
        *,
        timeout: float = EXCHANGE_SECONDS,
    ) -> dict[str, Any]:
        """Send a file as it is and return the JSON object of the answer."""
        return await self._call("POST", path, params=params, body=None, timeout=timeout, content=data)

    async def file(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        timeout: float = EXCHANGE_SECONDS,
    ) -> tuple[bytes, list[str]]:
        """A file that the service makes, and its remarks on it. Raises `CairnError` subclasses only."""
        request = self._request(method, path, params=params, json=body, timeout=timeout)
        status, data, headers = await self._send(request, most=MAX_EXPORT_BYTES)
        if status != 200:
            raise _error(status, data)
        remarks = headers.get("x-cairn-remarks", "[]")
        parsed = parse_json(remarks.encode("latin-1"), max_bytes=MAX_FILE_BYTES, what="remarks")
        return data, [str(each) for each in parsed] if isinstance(parsed, list) else []

    async def events(self) -> AsyncIterator[Event]:
        """Server-sent events until the service closes the stream or stops answering.

        Unknown fields are skipped. Raises `UnreachableError` when the connection breaks, `AgentError`
        (``bad_event``) when an event is larger than `MAX_EVENT_BYTES` or is not a JSON object.
        """
        # No read deadline: an idle wallet has nothing to say; a dead service closes the loopback socket.
        timeout = httpx.Timeout(None, connect=CONNECT_SECONDS)
        try:
            async with self._http.stream(
                "GET", "/v1/events", timeout=timeout, headers={"Accept": "text/event-stream"}
            ) as response:
                if response.status_code != 200:
                    raise _error(response.status_code, await _bounded(response))
                async for event in _parse_events(response.aiter_bytes()):
                    yield event
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None,
        body: dict[str, Any] | None,
        timeout: float,
        content: bytes | None = None,
    ) -> dict[str, Any]:
        status, data, _ = await self._send(
            self._request(
                method,
                path,
                params=dict(params) if params else None,
                json=body,
                content=content,
                timeout=httpx.Timeout(timeout, connect=CONNECT_SECONDS),
            )
        )
        if status >= 300:
            raise _error(status, data)
        if len(data) > THREAD_PARSE_BYTES:
            answer = await asyncio.to_thread(_parse_answer, data)
        else:
            answer = _parse_answer(data)
        return answer

    def _request(self, method: str, path: str, **parts: Any) -> httpx.Request:
        """Raises `InputError` not_text for half a character, which an argument of a command may hold."""
        try:
            return self._http.build_request(method, path, **parts)
        except UnicodeEncodeError:
            raise InputError("not_text", "What was given is not text in UTF-8.") from None

    async def _send(self, request: httpx.Request, *, most: int = 0) -> tuple[int, bytes, httpx.Headers]:
        try:
            response = await self._http.send(request, stream=True)
            try:
                data = await _bounded(response, most)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise _unreachable(error) from error
        return response.status_code, data, response.headers


def _checked_url(base_url: str) -> httpx.URL:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL as error:
        raise InputError("bad_service_address", "The address of the agent service is not a URL.") from error
    loopback = url.host in {"localhost", "127.0.0.1", "::1"}
    if url.scheme != "https" and not (url.scheme == "http" and loopback):
        raise InputError(
            "bad_service_address",
            "The agent service is reached over http on this machine or over https, nothing else.",
        )
    return url


def _read_small(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES)


def _parse_answer(data: bytes) -> dict[str, Any]:
    answer = parse_json(data, max_bytes=MAX_ANSWER_BYTES, what="answer of the agent service")
    if not isinstance(answer, dict):
        raise AgentError("bad_answer", "The agent service answered with something that is not a JSON object.")
    return answer


async def _bounded(response: httpx.Response, most: int = 0) -> bytes:
    parts: list[bytes] = []
    total, most = 0, most or MAX_ANSWER_BYTES
    async for part in response.aiter_bytes():
        total += len(part)
        if total > most:
            raise AgentError("too_large", f"The agent service sent more than {most} bytes.")
        parts.append(part)
    return b"".join(parts)


def _unreachable(error: httpx.HTTPError) -> UnreachableError:
    if isinstance(error, httpx.TimeoutException):
        detail = "The agent service did not answer in time."
    else:
        detail = "The agent service does not answer."
    return UnreachableError(SERVICE_UNREACHABLE, detail, "Start it with: cairn agent run   (or: cairn up)")


def _error(status: int, data: bytes) -> CairnError:
    """The error that a problem document stands for; a body that is none of ours still gets a class."""
    try:
        document = parse_json(data, max_bytes=MAX_FILE_BYTES, what="problem document")
    except InputError:
        document = None
    problem = document if isinstance(document, dict) else {}

    def text(name: str, default: str) -> str:
        value = problem.get(name)
        return value[:2000] if isinstance(value, str) and value else default

    code = text("code", f"http_{status}")[:64]
    detail = text("detail", f"The agent service answered with HTTP status {status}.")
    hint = text("hint", "")
    if status == 401:
        return AgentError(
            "token_refused",
            "The agent service does not accept the token in the wallet's folder.",
            "It may have been started again by another user or for another folder.",
        )
    kind = _BY_KIND.get(text("kind", "")) or _BY_STATUS.get(
        status, AgentError if status >= 500 else InputError
    )
    return kind(code, detail, hint)


async def _parse_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """WHATWG HTML, section 9.2.6: lines end in LF, CRLF or CR; a blank line dispatches."""
    name, data = "", bytearray()
    async for line in _lines(chunks):
        if not line:
            if data:
                yield _event(name, bytes(data))
            name, data = "", bytearray()
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value[:64].decode("utf-8", "replace")
        elif field == b"data":
            data += (b"\n" if data else b"") + value
            if len(data) > MAX_EVENT_BYTES:
                raise AgentError("bad_event", "The agent service sent an event that is too large.")


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    pending = b""
    async for chunk in chunks:
        pending += chunk
        # A CR at the very end may be half of a CRLF: it waits for the next chunk.
        usable, pending = (pending[:-1], b"\r") if pending.endswith(b"\r") else (pending, b"")
        parts = usable.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        pending = parts.pop() + pending
        if len(pending) > MAX_EVENT_BYTES:
            raise AgentError("bad_event", "The agent service sent a line that is too long.")
        for part in parts:
            yield part


def _event(name: str, data: bytes) -> Event:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise AgentError("bad_event", "The agent service sent an event that is not JSON.") from error
    if not isinstance(value, dict):
        raise AgentError("bad_event", "The agent service sent an event that is not a JSON object.")
    return Event(name or "message", value)

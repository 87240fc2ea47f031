"""Fetching a source over HTTP, whole or not at all, and keeping what was fetched so that a harvest resumes.

Invariants, each with a test: https only, except loopback; a redirect is an error; the body is counted while it
arrives and never decompressed; one deadline spans an answer; the token travels in one header and is in no
address, message or file; a failed request says nothing about what was asked for.

``SPOOL/<hash of the address>.body`` holds an answer, ``.json`` beside it says of what and when; it is written
last, so a body without it does not count. ``SPOOL/started`` is there while a harvest is under way: answers
since then are not asked for again, older ones are asked for with If-None-Match.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from trust_registry import strict_json
from trust_registry.dates import format_time, parse_time
from trust_registry.errors import IngestError, SourceUnreachable, TrustRegistryError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MAX_JSON_BYTES = 16 * 1024 * 1024
RESUME_WITHIN = timedelta(hours=24)
_SERVER_ERROR, _UNAUTHORISED, _NOT_MODIFIED, _OK = 500, (401, 403), 304, 200


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` span one answer from the first byte asked to the last one read."""

    max_bytes: int = 512 * 1024 * 1024
    seconds: float = 300.0
    attempts: int = 3
    pause: float = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with status 200, on disk."""

    path: Path
    url: str
    sha256: str
    etag: str
    retrieved_at: datetime

    def json(self) -> Any:
        try:
            return strict_json.loads(self.path.read_bytes(), max_bytes=MAX_JSON_BYTES, halves=True)
        except ValueError as error:
            raise IngestError("not_json", f"The answer of {self.url} is not JSON ({error}).") from error


def checked_url(url: str) -> tuple[str, bool]:
    """The base address without its last slash, and whether it is on the loopback; `IngestError` if unusable."""
    try:
        target = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise IngestError("bad_url", "The source's address cannot be used.") from error
    if not target.host or target.userinfo or target.query or target.fragment:
        raise IngestError("bad_url", "The source's address must be a plain https address.")
    local = target.host in LOOPBACK
    if target.scheme != "https" and not (target.scheme == "http" and local):
        raise IngestError("not_https", f"{target.host} is not addressed by https.")
    return str(target).rstrip("/"), local


class Spool:
    """Fetches below one base address into a folder. ``clock`` gives the time of retrieval."""

    def __init__(
        self,
        folder: Path,
        base: str,
        *,
        clock: Callable[[], datetime],
        token: str = "",
        limits: Limits | None = None,
    ) -> None:
        self.base, self.local = checked_url(base)
        self._folder, self._clock, self._limits = folder, clock, limits or Limits()
        headers = {"accept-encoding": "identity", "user-agent": "cairn-registry"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        # No proxy, netrc or cookie from the surroundings: the token goes to this host and nowhere else.
        self._http = httpx.Client(headers=headers, follow_redirects=False, trust_env=False, timeout=30.0)
        self._since: datetime | None = None

    def begin(self) -> None:
        """Start, or go on with what was started not long ago."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        now, marker = self._clock(), self._folder / "started"
        try:
            since = parse_time(marker.read_text("ascii").strip(), "started")
        except (OSError, ValueError, TrustRegistryError):
            since = None
        if since is None or not timedelta(0) <= now - since < RESUME_WITHIN:
            since = now
            _write(marker, format_time(now).encode("ascii"))
        self._since = since

    def finish(self) -> None:
        """The next harvest starts anew; kept are only answers that can be asked for with If-None-Match."""
        (self._folder / "started").unlink(missing_ok=True)
        for entry in self._folder.glob("*.json"):
            try:
                data = json.loads(entry.read_bytes())
                used = self._since is None or parse_time(data["retrieved_at"], "") >= self._since
                if used and data["etag"]:
                    continue
            except (OSError, ValueError, KeyError, TypeError, TrustRegistryError):
                pass  # not one of ours any more: of no use
            entry.unlink(missing_ok=True)
            entry.with_suffix(".body").unlink(missing_ok=True)

    def get(self, path: str, **params: str | int) -> Answer:
        """The answer to ``base/path?params``: kept, or fetched now."""
        url = str(httpx.URL(f"{self.base}/{path}", params=params or None))
        kept = self._kept(url)
        if kept is not None and self._since is not None and kept.retrieved_at >= self._since:
            return kept
        failure: SourceUnreachable | None = None
        for attempt in range(self._limits.attempts):
            if attempt:
                time.sleep(self._limits.pause * attempt)
            try:
                return self._fetch(url, kept)
            except SourceUnreachable as error:
                failure = error
                if 0 < error.status < _SERVER_ERROR:
                    break  # the source refuses; asking again changes nothing
        raise failure or SourceUnreachable(f"{url} was not asked for.")

    def _fetch(self, url: str, kept: Answer | None) -> Answer:
        name = httpx.URL(url).host
        headers = {"if-none-match": kept.etag} if kept is not None and kept.etag else {}
        draft = self._folder / f".draft-{os.getpid()}"
        deadline = time.monotonic() + self._limits.seconds
        digest, size = hashlib.sha256(), 0
        try:
            with self._http.stream("GET", url, headers=headers) as response:
                if kept is not None and response.status_code == _NOT_MODIFIED:
                    return self._note(url, kept.sha256, kept.etag)
                _check(response, url)
                with draft.open("wb") as file:
                    for chunk in response.iter_raw():
                        size += len(chunk)
                        if size > self._limits.max_bytes:
                            raise IngestError("too_large", f"The answer of {name} is too large.")
                        if time.monotonic() > deadline:
                            raise SourceUnreachable(f"{name} is too slow.")
                        digest.update(chunk)
                        file.write(chunk)
                    file.flush()
                    os.fsync(file.fileno())
                etag = response.headers.get("etag", "")
            draft.replace(self._place(url, "body"))
        except (httpx.HTTPError, httpx.StreamError) as error:  # also a body shorter than its length
            raise SourceUnreachable(f"{name} did not give its answer ({type(error).__name__}).") from error
        finally:
            draft.unlink(missing_ok=True)
        return self._note(url, digest.hexdigest(), etag[:200])

    def _note(self, url: str, sha256: str, etag: str) -> Answer:
        now = self._clock()
        entry = {"url": url, "sha256": sha256, "etag": etag, "retrieved_at": format_time(now)}
        _write(self._place(url, "json"), json.dumps(entry).encode("utf-8"))
        return Answer(self._place(url, "body"), url, sha256, etag, now)

    def _kept(self, url: str) -> Answer | None:
        try:
            entry = json.loads(self._place(url, "json").read_bytes())
            body = self._place(url, "body")
            with body.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != entry["sha256"] or entry["url"] != url:
                    return None  # killed between the two files, or not ours: fetched again
            moment = parse_time(entry["retrieved_at"], "retrieved_at")
            return Answer(body, url, entry["sha256"], str(entry["etag"]), moment)
        except (OSError, ValueError, KeyError, TypeError, TrustRegistryError):
            return None

    def _place(self, url: str, suffix: str) -> Path:
        return self._folder / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.{suffix}"


def _check(response: httpx.Response, url: str) -> None:
    status, name = response.status_code, response.url.host
    if response.is_redirect:
        raise IngestError("redirect", f"{name} redirects to another address, which is not followed.")
    if status in _UNAUTHORISED:
        raise IngestError(
            "not_authorised",
            f"{name} does not accept the token (HTTP {status}).",
            "Give the token of the web API with --token-file or CAIRN_DEQAR_TOKEN.",
        )
    if status != _OK:
        raise SourceUnreachable(f"{url} answered with HTTP {status}.", status=status)
    if response.headers.get("content-encoding", "identity") not in {"identity", ""}:
        raise IngestError("encoded", f"{name} sent a compressed answer that was not asked for.")


def _write(path: Path, data: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(data)
    draft.replace(path)

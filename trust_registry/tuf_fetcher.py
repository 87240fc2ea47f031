"""How the client of a registry's distribution fetches: python-tuf's fetcher, over our own connections.

As `trust_registry.outside`, for files of any size: https, or http to the loopback where that is allowed; the
address is judged where the connection is made; a redirect is an error; the body is counted while it arrives and
never decompressed; one deadline spans everything that one `Fetcher` does. No proxy, no cookie, no credentials.

Whatever is not an answer is `RegistryUnreachable`. Only two errors are python-tuf's: a 404, because it asks for the
next root until there is none, and a body over its limit, because that may be a length that was signed.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, override
from urllib.parse import urlsplit

import httpcore
from tuf.api.exceptions import DownloadHTTPError, DownloadLengthMismatchError
from tuf.ngclient import FetcherInterface

from trust_registry.addresses import LOOPBACK_HOSTS
from trust_registry.connecting import JudgingBackend, Resolve, resolve_name
from trust_registry.errors import RegistryUnreachable, SnapshotError

_OK, _NOT_MODIFIED, _NOT_FOUND = 200, 304, 404
_ETAG_CHARS = 200
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What we have of one address: its bytes, and the ETag that came with them."""

    url: str
    etag: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Source:
    """Where connections may go and how long all of it may take. ``resolve`` and ``trust`` are for tests."""

    allow_loopback: bool = False
    seconds: float = 300.0
    resolve: Resolve = resolve_name
    trust: ssl.SSLContext | None = None


class Fetcher(FetcherInterface):
    """``with Fetcher(…) as fetcher``, in a thread without an event loop; drafts of bodies are in ``folder``.

    ``kept`` is asked for with If-None-Match, and a 304 stands for its bytes. ``last`` is the name that was asked
    for last; ``etags`` and ``fresh`` are the ETag and the SHA-256 of what came with status 200, by address.
    """

    def __init__(self, source: Source, folder: Path, *, kept: Kept | None = None) -> None:
        self._source, self._folder, self._kept = source, folder, kept
        self._deadline = time.monotonic() + source.seconds
        self.last = ""
        self.etags: dict[str, str] = {}
        self.fresh: dict[str, str] = {}
        self._runner = asyncio.Runner()
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=source.trust or ssl.create_default_context(),
            network_backend=JudgingBackend(
                httpcore.AnyIOBackend(),
                source.resolve,
                allow_loopback=source.allow_loopback,
                refusal=_RefusedError,
            ),
        )

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._runner.run(self._pool.aclose())
        finally:
            self._runner.close()

    @override
    @contextmanager
    def download_file(self, url: str, max_length: int) -> Iterator[IO[bytes]]:
        """The body of ``url``, at most so many bytes; `RegistryUnreachable`, or python-tuf's two errors."""
        self.last = url.rpartition("/")[2]
        with tempfile.TemporaryFile(dir=self._folder) as file:
            self._runner.run(self._get(url, max_length, file))
            file.seek(0)
            yield file

    @override
    def _fetch(self, url: str) -> Iterator[bytes]:
        """python-tuf's own way in, which knows no length; nothing here calls it."""
        with self.download_file(url, _CHUNK) as file:
            while chunk := file.read(_CHUNK):
                yield chunk

    async def _get(self, url: str, limit: int, file: IO[bytes]) -> None:
        host = urlsplit(url).hostname or ""
        if not url.startswith("https://") and not (self._source.allow_loopback and host in LOOPBACK_HOSTS):
            raise RegistryUnreachable(f"{host} is not addressed by https.")
        try:
            async with asyncio.timeout(max(0.0, self._deadline - time.monotonic())):
                await self._exchange(url, host, limit, file)
        except _RefusedError as error:
            raise RegistryUnreachable(f"{host} is not an address of the public internet.") from error
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise RegistryUnreachable(
                f"{host} did not give its answer in {self._source.seconds:.0f} s.", "Try again later."
            ) from error
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise RegistryUnreachable(
                f"{host} cannot be reached, or not safely.", "Try again later."
            ) from error

    async def _exchange(self, url: str, host: str, limit: int, file: IO[bytes]) -> None:
        headers = [("accept-encoding", "identity"), ("user-agent", "cairn-registry")]
        kept = self._kept if self._kept is not None and self._kept.url == url else None
        if kept is not None:
            headers.append(("if-none-match", kept.etag))
        async with self._pool.stream("GET", url, headers=headers) as response:
            if kept is not None and response.status == _NOT_MODIFIED:
                file.write(kept.data)
                return
            sent = {name.lower(): value.decode("latin-1").strip() for name, value in response.headers}
            _check(response.status, sent.get(b"content-encoding", ""), host)
            size, digest = 0, hashlib.sha256()
            async for chunk in response.aiter_stream():
                size += len(chunk)
                if size > limit:
                    raise DownloadLengthMismatchError(f"{host} sent more than {limit} bytes")
                digest.update(chunk)
                _store(file, chunk)
        self.fresh[url] = digest.hexdigest()
        etag = sent.get(b"etag", "")
        if etag.isascii() and etag.isprintable() and len(etag) <= _ETAG_CHARS:
            self.etags[url] = etag


def _check(status: int, encoding: str, host: str) -> None:
    if status == _NOT_FOUND:
        raise DownloadHTTPError(f"{host} has no such file", status)
    if 300 <= status < 400:
        raise RegistryUnreachable(f"{host} redirects, which is not followed.")
    if status != _OK:
        raise RegistryUnreachable(f"{host} answered with HTTP {status}.", "Try again later.")
    if encoding.lower() not in {"", "identity"}:
        raise RegistryUnreachable(f"{host} sent a compressed answer that was not asked for.")


def _store(file: IO[bytes], chunk: bytes) -> None:
    try:
        file.write(chunk)
    except OSError as error:
        raise SnapshotError(
            "cannot_store", "What was fetched cannot be stored.", "Is the disk full?"
        ) from error


class _RefusedError(Exception):
    """Never leaves this module."""

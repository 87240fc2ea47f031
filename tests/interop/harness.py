"""The VC-API with a throw-away key instead of an agent, for the W3C suites: `python -m tests.interop.harness --port N`.

Over TLS with a certificate made at start, as the suites speak https only and check no certificate. The issuer is a
did:key, the only method that the EdDSA suite resolves. The one status list is served from /status/revocation.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from agent.api import problems
from agent.api import vc_api as api
from agent.core.verdict import Result
from agent.errors import InputError
from agent.services import clock, vc_api
from agent.vc import proofs, rules, status_list
from agent.vc.facts import Facts, Fetched
from tests.interop.keys import Key


@dataclass
class Local:
    """A `vc_api.Host` with the key at hand. It looks nothing up: what it does not know itself is not known."""

    key: Key = field(default_factory=lambda: Key("harness"))
    base: str = "https://localhost"
    bits: bytes = bytes(status_list.MIN_ENTRIES // 8)

    @property
    def did(self) -> str:
        return self.key.controller

    async def did_key(self) -> str:
        return self.did

    @property
    def list_url(self) -> str:
        return f"{self.base}/status/{status_list.REVOCATION}"

    async def sign(
        self,
        document: dict[str, Any],
        *,
        did: str,
        suite: str,
        purpose: str,
        challenge: str | None = None,
        domain: str | None = None,
    ) -> dict[str, Any]:
        if did != self.did:
            raise InputError("not_our_did", "That is not a DID of this harness.")
        options = proofs.ProofOptions(
            cryptosuite=suite,
            verification_method=self.key.id,
            created=clock.now(),
            proof_purpose=purpose,
            challenge=challenge,
            domain=domain,
        )
        prepared = proofs.prepare(document, options)
        return proofs.attach(prepared, options, self.key.sign(prepared.hash_data))

    async def status_entries(self) -> list[dict[str, Any]]:
        index = secrets.randbelow(status_list.MIN_ENTRIES)
        return [status_list.entry(url=self.list_url, index=index, purpose=status_list.REVOCATION)]

    async def facts(self, needs: rules.Needs) -> Facts:
        known = {}
        if self.list_url in needs.urls:
            content = json.dumps(await self.status_list()).encode()
            known[self.list_url] = Fetched(url=self.list_url, result=Result.PASS, content=content)
        return Facts(now=clock.now(), documents=known)

    async def status_list(self) -> dict[str, Any]:
        now = clock.now()
        document = status_list.credential(
            url=self.list_url,
            issuer=self.did,
            purpose=status_list.REVOCATION,
            bits=self.bits,
            valid_from=now,
            valid_until=now + datetime.timedelta(days=1),
            ttl=datetime.timedelta(minutes=5),
        )
        return await self.sign(document, did=self.did, suite=vc_api.SUITES[0], purpose="assertionMethod")


def application(host: Local) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    problems.install(app)
    app.include_router(api.create(host), prefix="/vc-api")

    @app.get("/status/{purpose}")
    async def status(purpose: str) -> JSONResponse:
        # Not application/vc: the suite's client parses only what has json in its media type.
        return JSONResponse(await host.status_list())

    return app


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for localhost, good for a day, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = clock.now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    crt, pem = folder / "localhost.crt", folder / "localhost.key"
    crt.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return crt, pem


async def serve(port: int) -> None:
    host = Local(base=f"https://localhost:{port}")
    with tempfile.TemporaryDirectory() as folder:
        crt, pem = certificate(Path(folder))
        config = uvicorn.Config(
            application(host),
            host="localhost",
            port=port,
            ssl_certfile=crt,
            ssl_keyfile=pem,
            log_level="warning",
        )
        print(json.dumps({"did": host.did, "base": host.base}), flush=True)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(serve(parser.parse_args().port))

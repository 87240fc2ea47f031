"""A real HTTP server on loopback: the host of a did:web, with its document and its DID configuration."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.unit.trust_registry.samples import Issuer
from trust_registry import keys, linkage

DOCUMENT = "/.well-known/did.json"


class Host:
    """``answers`` is what each path gives, (status, body, headers); a test edits it while the server runs."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.port = server.server_address[1]
        self.did = f"did:web:localhost%3A{self.port}"
        self.origin = f"http://localhost:{self.port}"
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}
        self.asked: list[str] = []

    def issuer(self, seed: int) -> Issuer:
        return Issuer(seed, self.did)

    def publish(self, path: str, document: Any, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, json.dumps(document).encode(), headers)

    def publish_keys(self, *issuers: Issuer) -> None:
        documents = [keys.did_document(self.did, one.raw) for one in issuers]
        merged = documents[0] | {"verificationMethod": [], "assertionMethod": []}
        for number, document in enumerate(documents, start=1):
            method = document["verificationMethod"][0] | {"id": f"{self.did}#key-{number}"}
            merged["verificationMethod"].append(method)
            merged["assertionMethod"].append(method["id"])
        self.publish(DOCUMENT, merged)

    def link(self, issuer: Issuer) -> None:
        self.publish(linkage.PATH, configuration(credential(issuer, self.origin)))


def payload(did: str, origin: str, now: datetime | None = None) -> dict[str, Any]:
    """A domain linkage credential in its JWT form, valid for a year around ``now``."""
    start = (now or datetime.now(UTC)) - timedelta(days=1)
    end = start + timedelta(days=365)
    return {
        "iss": did,
        "sub": did,
        "nbf": int(start.timestamp()),
        "exp": int(end.timestamp()),
        "vc": {
            "@context": ["https://www.w3.org/2018/credentials/v1", linkage.CONTEXT],
            "issuer": did,
            "issuanceDate": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "expirationDate": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "type": ["VerifiableCredential", "DomainLinkageCredential"],
            "credentialSubject": {"id": did, "origin": origin},
        },
    }


def sign(issuer: Issuer, body: dict[str, Any], **header: Any) -> str:
    head = {"alg": "EdDSA", "kid": f"{issuer.did}#key-1"} | header
    return issuer.sign_bytes(json.dumps(head).encode(), json.dumps(body).encode())


def credential(issuer: Issuer, origin: str, now: datetime | None = None) -> str:
    return sign(issuer, payload(issuer.did, origin, now))


def configuration(*entries: Any) -> dict[str, Any]:
    return {"@context": linkage.CONTEXT, "linked_dids": list(entries)}


@contextmanager
def serving() -> Iterator[Host]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append(self.path)
            status, body, headers = host.answers.get(self.path, (404, b"{}", {}))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = Host(server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

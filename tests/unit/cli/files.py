"""Files as people get them: one of each kind that `cairn verify` reads, whole and well signed, by people with a key.

A `whole` credential states all that the Council's list asks for, so that only the trust registry is left open.
"""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.core.record import Record
from agent.vc import badge, baking, proofs
from tests.simulators.internet import Asked, Internet, raw_answer
from tests.unit.vc import documents as made
from tests.unit.vc.documents import LEARNER, Party, key_party, web_party
from tests.unit.vc.test_baking import png, svg

ISSUER = key_party("issuer of files")
SITE = web_party("mtu")  # an issuer whose key is behind an address
RECORD = Path(__file__).parents[2] / "fixtures" / "records" / "complete.json"


def data(document: Any) -> bytes:
    return document.encode() if isinstance(document, str) else json.dumps(document).encode()


def record(by: Party = ISSUER) -> dict[str, Any]:
    plain = json.loads(RECORD.read_bytes())
    plain["issuer"]["did"] = by.did
    return plain


def whole(by: Party = ISSUER, **more: Any) -> dict[str, Any]:
    """An unsigned Open Badge of the complete record."""
    found = Record.from_json(record(by))
    document = badge.to_badge(
        found,
        issuer_did=by.did,
        credential_id=found.id,
        subject_id=LEARNER.did,
        valid_from=made.NOW - timedelta(days=300),
    )
    return document | more


def rdfc(by: Party = ISSUER, **more: Any) -> dict[str, Any]:
    return made.sign(whole(by, **more), by, created=made.NOW - timedelta(days=300))


def jcs() -> dict[str, Any]:
    return made.sign(whole(), ISSUER, proofs.EDDSA_JCS, created=made.NOW - timedelta(days=300))


def old() -> dict[str, Any]:
    """VCDM 1.1, as older issuers sign it: it says little, so that it is no complete micro-credential."""
    plain = made.old_credential(issuer=ISSUER.did)
    return made.sign(plain, ISSUER, "Ed25519Signature2020", created=made.NOW - timedelta(days=300))


def token() -> str:
    return made.jwt(whole(), ISSUER)


def presentation() -> dict[str, Any]:
    return made.present(made.presentation(rdfc()), created=made.NOW - timedelta(days=300))


def assertion(**changes: Any) -> dict[str, Any]:
    """A hosted Open Badge 2.0 that only points to its badge class; see `site`."""
    plain = {
        "@context": "https://w3id.org/openbadges/v2",
        "type": "Assertion",
        "id": "https://club.example/a/1",
        "recipient": {"type": "email", "hashed": False, "identity": "aoife@learners.example"},
        "issuedOn": "2026-01-01T00:00:00Z",
        "verification": {"type": "hosted"},
        "badge": "https://club.example/b/1",
        "evidence": "https://club.example/work/1",
    }
    return {name: value for name, value in (plain | changes).items() if value is not ...}


BADGE_CLASS = {
    "@context": "https://w3id.org/openbadges/v2",
    "type": "BadgeClass",
    "id": "https://club.example/b/1",
    "name": "Rowing",
    "description": "Rows a boat.",
    "criteria": {"narrative": "Row it to the island and back."},
    "issuer": "https://club.example/issuer",
}
PROFILE = {
    "@context": "https://w3id.org/openbadges/v2",
    "type": "Profile",
    "id": "https://club.example/issuer",
    "name": "The rowing club",
    "url": "https://club.example",
}


def did_document(by: Party = SITE) -> dict[str, Any]:
    method = {"id": by.method, "type": "JsonWebKey", "controller": by.did, "publicKeyJwk": dict(by.jwk)}
    return {
        "@context": ["https://www.w3.org/ns/did/v1"],
        "id": by.did,
        "verificationMethod": [method],
        "assertionMethod": [by.method],
        "authentication": [by.method],
    }


class Web:
    """Pages by address, under an `Internet`; a page is JSON, bytes, or a whole raw answer in a list of one."""

    def __init__(self, internet: Internet, **pages: Any) -> None:
        self.internet = internet
        self.pages: dict[str, Any] = {
            "https://club.example/a/1": assertion(),
            "https://club.example/b/1": BADGE_CLASS,
            "https://club.example/issuer": PROFILE,
            "https://mtu.example/.well-known/did.json": did_document(),
        } | pages
        self.asked: list[str] = []
        for number, host in enumerate(("club.example", "mtu.example", "evil.example", "files.example")):
            place = f"93.184.216.{34 + number}"
            internet.names[host] = [place]
            internet.raw[place, 443] = lambda asked, host=host: self._answer(host, asked)  # type: ignore[misc]

    def _answer(self, host: str, asked: Asked) -> bytes:
        url = f"https://{host}{asked.target}"
        self.asked.append(url)
        page = self.pages.get(url)
        if page is None:
            return raw_answer(b"gone", 404)
        if isinstance(page, list):
            return bytes(page[0])
        return raw_answer(page if isinstance(page, bytes) else data(page), content_type="application/json")


def baked(image: bytes, document: Any = None) -> bytes:
    return baking.bake(image, json.dumps(rdfc() if document is None else document))


def tampered(document: dict[str, Any]) -> dict[str, Any]:
    """The same with another name in it, wherever a reader would look."""
    changed = copy.deepcopy(document)
    changed.pop("relatedResource", None)  # else it says two things, which is another finding
    subject = changed["credentialSubject"]
    if "achievement" in subject:
        subject["achievement"]["name"] = "Doctor of Everything"
    else:
        subject["id"] = made.THIEF.did
    return changed


def forged(text: str) -> str:
    head, _, signature = text.split(".")
    _, body, _ = made.jwt(tampered(whole()), ISSUER).split(".")
    return f"{head}.{body}.{signature}"


PICTURES = {"png": png(), "svg": svg()}

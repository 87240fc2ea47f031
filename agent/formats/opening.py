"""What a file from outside is, opened: the credential in it, what of it is understood, and the envelope it is in.

Nothing is verified here. Errors are `InputError` with a code and a hint; see `agent.vc.recognise` for the limits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from agent.core.record import Record, text
from agent.errors import InputError, UnreachableError, UntrustedError
from agent.formats.envelope import Held
from agent.formats.open_badge2 import completed, object_at
from agent.vc import badge2, model, recognise, understand, vc_jwt
from agent.vc.recognise import Found, Kind

if TYPE_CHECKING:
    from agent.formats.envelope import Means

# Which envelope secures what was found; what is not here is secured by nothing that is known.
_ENVELOPES = {
    Kind.VCDM2_CREDENTIAL: "ldp_vc",
    Kind.VCDM1_CREDENTIAL: "ldp_vc",
    Kind.VC_JWT: "vc_jwt",
    Kind.OPEN_BADGE_2_ASSERTION: "open_badge_2",
}
WORDS = {
    Kind.VCDM2_CREDENTIAL: "a W3C verifiable credential (data model 2.0)",
    Kind.VCDM1_CREDENTIAL: "a W3C verifiable credential (data model 1.1)",
    Kind.PRESENTATION: "a W3C verifiable presentation",
    Kind.VC_JWT: "a verifiable credential as a signed token (VC-JWT)",
    Kind.VP_JWT: "a verifiable presentation as a signed token (VP-JWT)",
    Kind.OPEN_BADGE_2_ASSERTION: "an Open Badge of version 2.0",
    Kind.ANONCREDS_EXPORT: "an export of an AnonCreds credential",
    Kind.RECORD: "a record that nobody signed",
    Kind.ELM: "a document of the European Learning Model that nobody signed",
}
HINT = "Use the file as it was given out, whole and unchanged; if it still cannot be read, ask its issuer for another."


@dataclass(frozen=True, slots=True)
class Opened:
    """``payload``: the credential's own bytes, without the image it came in. ``unknown``: (path, text) of what
    was not understood, bounded. ``missing``: what it lacks to be more than a picture (003:1598). ``contradiction``:
    the document says two things, so that it has no record; a verdict says so, and no wallet takes it."""

    found: Found
    payload: bytes
    record: Record | None
    importable: bool
    missing: tuple[str, ...]
    unknown: tuple[tuple[str, str], ...]
    contradiction: UntrustedError | None = None

    @property
    def words(self) -> str:
        if self.parts:
            several = "one credential" if len(self.parts) == 1 else f"{len(self.parts)} credentials"
            return f"a bundle of {several} (Comprehensive Learner Record 2.0)"
        return WORDS[self.found.kind]

    @property
    def parts(self) -> list[Any]:
        """The credentials in a Comprehensive Learner Record (CLR 2.0, ClrSubject)."""
        document = self.found.document or {}
        subject = document.get("credentialSubject")
        if "ClrCredential" not in model.as_list(document.get("type")) or not isinstance(subject, dict):
            return []
        return model.as_list(subject.get("verifiableCredential"))

    @property
    def title(self) -> str:
        return text(self.record.title) if self.record is not None else ""

    @property
    def envelope(self) -> str:
        return _ENVELOPES.get(self.found.kind, "")

    def held(self) -> Held:
        """What a wallet keeps of it. Raises `InputError` for what is no credential."""
        if not self.envelope:
            raise InputError(
                "not_importable",
                f"The file is {self.words}, which is no credential that a wallet can keep.",
                "A credential of that kind stays in the wallet it was issued to; its issuer can offer another one."
                if self.found.kind is Kind.ANONCREDS_EXPORT
                else "Import the credential itself.",
            )
        if self.found.kind is Kind.OPEN_BADGE_2_ASSERTION:
            token = {"token": self.found.jwt} if self.found.jwt else {}
            return {"envelope": self.envelope, "secured": self.found.document, **token}
        return {"envelope": self.envelope, "secured": self.found.jwt or self.found.document}


def open_file(data: bytes) -> Opened:
    """Recognise, unwrap and understand. Raises `InputError`, always with a hint."""
    try:
        return _open(data)
    except InputError as error:
        raise InputError(error.code, error.detail, error.hint or HINT) from error


async def open_fully(data: bytes, means: Means) -> Opened:
    """As `open_file`, with what an Open Badge 2.0 only points to: its assertion, badge class and issuer."""
    opened = open_file(data)
    found = opened.found
    if found.kind is not Kind.OPEN_BADGE_2_ASSERTION:
        return opened
    document = found.document
    if document is None:
        document = await object_at(found.url, means)
        if document is None:
            raise UnreachableError(
                "assertion_unreachable", "The image holds an address only, and that cannot be read now.", HINT
            )
        if not badge2.is_assertion(document):
            raise InputError(
                "not_recognised", "The image holds an address only, and no Open Badge stands there.", HINT
            )
    try:
        # By what was given: what its issuer serves beside it may be another thing tomorrow.
        return replace(
            _understood(replace(found, document=await completed(document, means))), payload=opened.payload
        )
    except InputError as error:
        raise InputError(error.code, error.detail, error.hint or HINT) from error


def _open(data: bytes) -> Opened:
    return _understood(recognise.recognise(data))


def _understood(found: Found) -> Opened:
    document: Any = found.document
    if found.url and document is None:  # a picture that only says where its assertion is
        return Opened(found, found.url.encode(), None, importable=False, missing=(), unknown=())
    if found.kind is Kind.VC_JWT:
        document = vc_jwt.credential_of(vc_jwt.parse(found.jwt))
    payload = found.jwt.encode() if found.jwt else json.dumps(document, sort_keys=True).encode()
    if found.kind in (Kind.PRESENTATION, Kind.VP_JWT):
        return Opened(found, payload, None, importable=False, missing=(), unknown=())
    if found.kind is Kind.ANONCREDS_EXPORT:
        record = Record.from_json(document.get("record"))
        return Opened(found, payload, record, importable=False, missing=(), unknown=())
    if found.kind is Kind.RECORD:
        return Opened(found, payload, Record.from_json(document), importable=False, missing=(), unknown=())
    if found.kind is Kind.ELM:
        from agent.vc import elm

        return Opened(found, payload, elm.from_elm(document), importable=False, missing=(), unknown=())
    bundle = Opened(found, payload, None, importable=False, missing=(), unknown=())
    if bundle.parts:  # each is understood by itself: one that contradicts itself is not the others' fault
        return bundle
    try:
        seen = understand.understand(document)
    except UntrustedError as error:
        return Opened(found, payload, None, False, (), (), contradiction=error)
    return Opened(
        found,
        payload,
        seen.record,
        importable=seen.importable.kind == "credential",
        missing=seen.importable.missing,
        unknown=seen.unknown,
    )

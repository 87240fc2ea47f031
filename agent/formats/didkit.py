"""DIDKit as a second opinion on a signature, in a process of its own.

DIDKit is another code base in another language (Rust) for VCDM 1.1 credentials and VC-JWTs. What it says is
shown beside our own check and decides nothing. It runs as a child (`didkit_child`) with limits on time, memory
and output, an empty environment and no network, and is asked only about documents that it can judge alone:
what it is not asked about, and whatever goes wrong, is *unknown* with a reason.

Errors: none; every failure is an `Opinion`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from agent.core.limits import parse_json
from agent.core.verdict import Result
from agent.errors import CairnError
from agent.vc import vc_jwt
from agent.vc.limits import VC_LIMITS
from agent.vc.second_opinion import Opinion
from agent.vc.vc_jwt import Form

SECONDS = 10.0
MEMORY_BYTES = 256 * 1024 * 1024  # it needs 53 MB of address space
CHILD = Path(__file__).with_name("didkit_child.py")

_OUTPUT_BYTES = 64 * 1024
_END_SECONDS = 2.0
# One thread and one heap: otherwise each thread reserves address space, and a machine of many cores has many.
_ENVIRONMENT = {"TOKIO_WORKER_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
_V1 = "https://www.w3.org/2018/credentials/v1"
_PROOFS = {"Ed25519Signature2020", "Ed25519Signature2018", "JsonWebSignature2020"}
# DIDs that carry their key. DIDKit fetches the documents of did:web and others itself, past our address rules.
_OFFLINE = ("did:key:", "did:jwk:", "did:pkh:")
# Contexts that never changed. DIDKit's copies of others are older than ours, so that a signature may fail for
# no fault of its own.
_FROZEN = {_V1, "https://w3id.org/security/suites/ed25519-2020/v1"}
# DIDKit writes times anew before it checks a signature: with three, six or nine digits of a second, as few as
# will do, and that of the proof in UTC as "Z". ACA-Py writes "+00:00" unless it is told the time.
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.([0-9]{3}){0,2}(?!000)[0-9]{3})?"
    r"(Z|(?!-00:00)[+-][0-9]{2}:[0-9]{2})"
)
_FAILS = {"bad_signature", "malformed_proof"}
# How DIDKit's sentences begin. They quote the document, so that none is passed on.
_WORDS = (
    ("signature error", "bad_signature"),
    ("Unable to verify signature: signature error", "bad_signature"),
    ("Missing Proof Signature", "malformed_proof"),
    ("Invalid base string", "malformed_proof"),
    ("No applicable ", "not_applicable"),
    ("Unable to filter proofs: Unable to resolve", "not_resolved"),
    ("Unable to resolve key", "not_resolved"),
    ("Expansion failed: Context processing failed: Remote context loading failed", "unknown_context"),
)

Kind = Literal["ldp", "jwt"]


class _Unknown(Exception):  # noqa: N818 - it ends a question, and is no error
    """``str()`` is the reason."""


async def second_opinion(
    document: str,
    *,
    kind: Kind,
    seconds: float = SECONDS,
    memory_bytes: int = MEMORY_BYTES,
    child: Path = CHILD,
) -> Opinion:
    """Whether DIDKit finds that the signature of a credential or presentation holds.

    ``document`` is JSON with a proof inside (ldp) or a compact JWS (jwt). ``child`` is for tests.
    """
    started = time.monotonic()
    try:
        request, comparable = _request(document, kind)
        opinion = _judge(await _ask(request, seconds, memory_bytes, child), comparable=comparable)
    except _Unknown as reason:
        opinion = Opinion(result=Result.UNKNOWN, reason=str(reason))
    return replace(opinion, seconds=time.monotonic() - started)


def _request(document: str, kind: Kind) -> tuple[dict[str, str], bool]:
    """What to ask, and whether DIDKit reads the document's terms as we do."""
    try:
        if kind == "jwt":
            return _jwt_request(document)
        return _ldp_request(document)
    except CairnError:
        raise _Unknown("not_read") from None


def _ldp_request(document: str) -> tuple[dict[str, str], bool]:
    try:
        data = document.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        raise _Unknown("not_read") from None
    members = parse_json(data, max_bytes=VC_LIMITS.document_bytes, max_depth=VC_LIMITS.json_depth)
    if not isinstance(members, dict):
        raise _Unknown("not_read")
    if next(iter(_list(members.get("@context"))), None) != _V1:
        raise _Unknown("not_supported")
    proofs = _list(members.get("proof"))
    if not proofs:
        raise _Unknown("no_proof")
    if len(proofs) > 1:
        raise _Unknown("several_proofs")
    if not isinstance(proofs[0], dict) or proofs[0].get("type") not in _PROOFS:
        raise _Unknown("unsupported_proof")
    _require_offline(members.get("issuer"), members.get("holder"), proofs[0].get("verificationMethod"))
    _require_times_kept(members, proofs[0])
    if "VerifiablePresentation" in _list(members.get("type")):
        # Without a purpose: older wallets sign presentations for assertion. Challenge and holder are ours to check.
        request = {"call": "presentation", "document": document, "options": "{}"}
    else:
        options = json.dumps({"proofPurpose": "assertionMethod"})
        request = {"call": "credential", "document": document, "options": options}
    return request, all(isinstance(url, str) and url in _FROZEN for url in _contexts(members))


def _jwt_request(token: str) -> tuple[dict[str, str], bool]:
    parsed = vc_jwt.parse(token)
    if parsed.form not in (Form.CREDENTIAL_CLAIM, Form.PRESENTATION_CLAIM):
        raise _Unknown("not_supported")
    if parsed.alg not in ("EdDSA", "ES256"):
        raise _Unknown("unsupported_proof")
    inner = parsed.claims[parsed.form]
    _require_offline(parsed.signer, parsed.key_id or parsed.signer, inner.get("issuer"), inner.get("holder"))
    options = {"proofFormat": "jwt"}
    if parsed.is_presentation:
        # DIDKit refuses a token for somebody else than the one named. Freshness is ours to check: name what it names.
        options |= {"challenge": parsed.nonce} if parsed.nonce else {}
        options |= {"domain": parsed.audience[0]} if parsed.audience else {}
    call = "presentation" if parsed.is_presentation else "credential"
    return {"call": call, "document": token, "options": json.dumps(options)}, True


def _require_offline(*signers: Any) -> None:
    """Those whose documents DIDKit resolves. Nobody inside a subject or inside a presentation's credentials is."""
    for signer in signers:
        did = signer.get("id") if isinstance(signer, dict) else signer
        if did is not None and not (isinstance(did, str) and did.startswith(_OFFLINE)):
            raise _Unknown("did_method_not_offline")


def _require_times_kept(members: dict[str, Any], proof: dict[str, Any]) -> None:
    times = [members[name] for name in ("issuanceDate", "expirationDate") if name in members]
    times += [proof["created"]] if "created" in proof else []
    kept = all(isinstance(value, str) and _TIME.fullmatch(value) for value in times)
    if not kept or not str(proof.get("created", "Z")).endswith("Z"):
        raise _Unknown("times_rewritten")


def _contexts(value: Any) -> Iterator[Any]:
    """Every context of the document, wherever it is."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield from _list(item.get("@context"))
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _judge(output: bytes, *, comparable: bool) -> Opinion:
    """The child's line as an opinion: only what is known to mean a failed signature is a fail."""
    try:
        reply = parse_json(output, max_bytes=_OUTPUT_BYTES)
        if not isinstance(reply, dict):
            raise _Unknown("bad_answer")
        if reply.get("error") in ("absent", "out_of_memory"):
            raise _Unknown(reply["error"])
        if reply.get("error") == "refused":
            raise _Unknown("not_understood")
        said = parse_json(str(reply.get("answer")).encode(), max_bytes=_OUTPUT_BYTES)
    except CairnError:
        raise _Unknown("bad_answer") from None
    done, warnings, errors = (
        said.get(name) if isinstance(said, dict) else None for name in ("checks", "warnings", "errors")
    )
    if not (isinstance(done, list) and isinstance(warnings, list) and isinstance(errors, list)):
        raise _Unknown("bad_answer")
    found = Opinion(
        result=Result.PASS,
        errors=tuple(map(_word, errors)),
        warnings=tuple(map(_word, warnings)),
        version=str(reply.get("version", ""))[:20],
    )
    if not errors:
        if not {"proof", "JWS"} & {item for item in done if isinstance(item, str)}:
            raise _Unknown("bad_answer")
        return found
    failed = next((word for word in found.errors if word in _FAILS), None)
    if failed is None:
        return replace(found, result=Result.UNKNOWN, reason=found.errors[0])
    if not comparable:
        return replace(found, result=Result.UNKNOWN, reason="unknown_context")
    return replace(found, result=Result.FAIL, reason=failed)


def _word(sentence: Any) -> str:
    return next((word for start, word in _WORDS if str(sentence).startswith(start)), "not_understood")


async def _ask(request: dict[str, str], seconds: float, memory_bytes: int, child: Path) -> bytes:
    """The child's output, or `_Unknown` not_started, timed_out, crashed or bad_answer. No child survives this."""
    # One more second of processor time than of time by the clock: the clock is to end it, and the limit is for
    # a child that outlives its parent.
    arguments = (str(math.ceil(seconds) + 1), str(memory_bytes))
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(child),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            start_new_session=True,
        )
    except OSError:
        raise _Unknown("not_started") from None
    try:
        async with asyncio.timeout(seconds):
            output = await _talk(process, json.dumps(request).encode())
            await process.wait()
    except TimeoutError:
        raise _Unknown("timed_out") from None
    finally:
        await _end(process)
    # A crash after the answer, which DIDKit is known for, does not make the answer another one.
    if process.returncode != 0 and not output:
        raise _Unknown("crashed")
    return output


async def _talk(process: asyncio.subprocess.Process, request: bytes) -> bytes:
    if process.stdin is None or process.stdout is None:
        raise _Unknown("not_started")
    process.stdin.write(request)
    process.stdin.close()
    output = b""
    while data := await process.stdout.read(_OUTPUT_BYTES):
        output += data
        if len(output) > _OUTPUT_BYTES:
            raise _Unknown("bad_answer")
    return output


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    # Reads what is left, so that the pipes close; somebody else may hold them open, who is not waited for.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_END_SECONDS):
            await process.communicate()

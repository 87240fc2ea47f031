"""DIDKit in its own process: what it is asked, what its answers mean, and every way it can fail to answer."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import base58
import psutil
import pytest

from agent.core.verdict import Result
from agent.formats import didkit
from agent.formats.didkit import CHILD, Kind, second_opinion
from agent.vc import dids, jsonld, proofs, vc_jwt
from agent.vc.limits import VC_LIMITS
from agent.vc.proofs import InvalidProof
from agent.vc.second_opinion import Opinion
from tests.unit.vc import test_vc_jwt as tokens
from trust_registry.keys import Jwk, multikey_encode

HERE = Path(__file__).parent
MARKER = "Zyxmarkerwvu"
Fake = Callable[[str], Path]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """Documents that DIDKit itself signed."""
    done = subprocess.run(
        [sys.executable, "-I", str(HERE / "didkit_issuer.py")], check=True, capture_output=True, timeout=60
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """A child with another program."""

    def write(program: str) -> Path:
        path = tmp_path / "child.py"
        path.write_text(f"import json, os, sys, time\n{program}\n")
        return path

    return write


def edited(document: str, **members: Any) -> str:
    return json.dumps(json.loads(document) | members)


def with_proof(document: str, **members: Any) -> str:
    return edited(document, proof=json.loads(document)["proof"] | members)


async def opinion_of(document: str, kind: Kind = "ldp") -> tuple[Result, str]:
    found = await second_opinion(document, kind=kind)
    assert found.seconds > 0
    return found.result, found.reason


async def answered(child: Path, made: dict[str, str], **limits: Any) -> Opinion:
    return await second_opinion(made["credential"], kind="ldp", child=child, **limits)


# What it says of documents


@pytest.mark.parametrize(
    "name", ["credential", "suite of 2018", "JSON web signature", "expired", "badge", "presentation"]
)
async def test_it_finds_that_a_proof_holds(made: dict[str, str], name: str) -> None:
    assert await opinion_of(made[name]) == (Result.PASS, "")


@pytest.mark.parametrize("name", ["token", "token presentation"])
async def test_it_finds_that_a_token_holds(made: dict[str, str], name: str) -> None:
    assert await opinion_of(made[name], "jwt") == (Result.PASS, "")


async def test_the_version_that_answered(made: dict[str, str]) -> None:
    assert (await second_opinion(made["credential"], kind="ldp")).version.count(".") == 2


async def test_tampered_credentials(made: dict[str, str]) -> None:
    document = made["credential"]
    assert await opinion_of(edited(document, issuanceDate="2024-01-02T00:00:00Z")) == (
        Result.FAIL,
        "bad_signature",
    )
    assert await opinion_of(with_proof(document, proofValue="z0")) == (Result.FAIL, "malformed_proof")
    assert await opinion_of(with_proof(document, proofValue=None)) == (Result.FAIL, "malformed_proof")


async def test_tampered_tokens(made: dict[str, str]) -> None:
    head, _, signature = made["token"].split(".")
    claims = vc_jwt.parse(made["token"]).claims
    text = f"{head}.{tokens.part({**claims, 'nbf': 1704067201})}.{signature}"
    assert await opinion_of(text, "jwt") == (Result.FAIL, "bad_signature")


async def test_a_failed_signature_counts_only_where_both_have_the_same_contexts(made: dict[str, str]) -> None:
    text = edited(made["badge"], issuanceDate="2024-01-02T00:00:00Z")
    assert await opinion_of(text) == (Result.UNKNOWN, "unknown_context")


@pytest.mark.parametrize("name", ["made in the future", "purpose of a login"])
async def test_a_proof_that_does_not_count(made: dict[str, str], name: str) -> None:
    assert await opinion_of(made[name]) == (Result.UNKNOWN, "not_applicable")


async def test_an_expired_token_is_not_a_failed_signature(made: dict[str, str]) -> None:
    """DIDKit does not say which: dates are ours to check."""
    assert await opinion_of(made["expired token"], "jwt") == (Result.UNKNOWN, "not_applicable")


@pytest.mark.parametrize(
    "created", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.500Z", "2026-01-01T00:00:00.120000001Z"]
)
@pytest.mark.parametrize("issued", ["2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00.001200Z"])
async def test_times_that_it_leaves_as_they_are(created: str, issued: str) -> None:
    """Signed by our own code: in any other form a good signature would fail there (`REWRITTEN`)."""
    document = signed_by_us(created, issued)
    assert await opinion_of(json.dumps(document)) == (Result.PASS, "")


@pytest.mark.parametrize("created", ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.5Z"])
async def test_times_that_it_rewrites_break_good_signatures(
    created: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why it is not asked about them."""
    document = json.dumps(signed_by_us(created, "2026-01-01T00:00:00Z"))
    assert await opinion_of(document) == (Result.UNKNOWN, "times_rewritten")
    monkeypatch.setattr(didkit, "_require_times_kept", lambda _members, _proof: None)
    assert await opinion_of(document) == (Result.FAIL, "bad_signature")


def signed_by_us(created: str, issued: str) -> dict[str, Any]:
    multikey = multikey_encode(tokens.KEY.public_key().public_bytes_raw())
    did = f"did:key:{multikey}"
    document = {
        "@context": [
            "https://www.w3.org/2018/credentials/v1",
            "https://w3id.org/security/suites/ed25519-2020/v1",
        ],
        "id": "urn:uuid:1",
        "type": ["VerifiableCredential"],
        "issuer": did,
        "issuanceDate": issued,
        "credentialSubject": {"id": did},
    }
    proof = {
        "type": "Ed25519Signature2020",
        "created": created,
        "verificationMethod": f"{did}#{multikey}",
        "proofPurpose": "assertionMethod",
    }
    context = {"@context": document["@context"]}
    halves = (
        hashlib.sha256(jsonld.canonical(part).encode()).digest() for part in (proof | context, document)
    )
    signature = tokens.KEY.sign(b"".join(halves))
    secured = document | {"proof": proof | {"proofValue": "z" + base58.b58encode(signature).decode()}}
    proofs.verify_proof(secured, secured["proof"], tokens.PUBLIC)
    return secured


async def test_contexts_and_terms_that_it_does_not_have(made: dict[str, str]) -> None:
    document = json.loads(made["credential"])
    unknown = [*document["@context"], "https://contexts.example/v1"]
    assert await opinion_of(edited(made["credential"], **{"@context": unknown})) == (
        Result.UNKNOWN,
        "unknown_context",
    )
    found = await second_opinion(edited(made["credential"], **{MARKER: MARKER}), kind="ldp")
    assert (found.result, found.reason) == (Result.UNKNOWN, "not_understood")
    assert MARKER not in repr(found)


async def test_nothing_that_it_quotes_is_passed_on(made: dict[str, str]) -> None:
    for text in (
        edited(made["credential"], credentialSubject=MARKER),
        edited(made["credential"], id=[MARKER]),
        edited(made["credential"], issuanceDate="2024-01-32T00:00:00Z", id=MARKER),
    ):
        found = await second_opinion(text, kind="ldp")
        assert (found.result, found.reason) == (Result.UNKNOWN, "not_understood")
        assert MARKER not in repr(found)


# What it is not asked


REWRITTEN = [
    "2026-01-01T00:00:00+00:00",  # as ACA-Py writes it
    "2026-01-01T00:00:00-00:00",
    "2026-01-01T00:00:00.5Z",
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:00.500000Z",
    "2026-01-01T00:00:00z",
    "2026-01-01",
    "soon",
]


def v2(document: str) -> str:
    return edited(document, **{"@context": ["https://www.w3.org/ns/credentials/v2"]})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (v2, "not_supported"),
        (lambda text: edited(text, **{"@context": None}), "not_supported"),
        (lambda text: edited(text, proof=None), "no_proof"),
        (lambda text: edited(text, proof=[]), "no_proof"),
        (lambda text: edited(text, proof=[json.loads(text)["proof"]] * 2), "several_proofs"),
        (lambda text: edited(text, proof="x"), "unsupported_proof"),
        (lambda text: with_proof(text, type="DataIntegrityProof"), "unsupported_proof"),
        (lambda text: edited(text, issuer="did:web:localhost"), "did_method_not_offline"),
        (lambda text: edited(text, issuer={"id": "did:onion:abc"}), "did_method_not_offline"),
        (lambda text: edited(text, issuer="https://uni.example"), "did_method_not_offline"),
        (lambda text: edited(text, holder="did:ethr:0xab"), "did_method_not_offline"),
        (lambda text: edited(text, issuer=["did:key:z6Mk"]), "did_method_not_offline"),
        (
            lambda text: with_proof(text, verificationMethod="did:web:localhost#key-1"),
            "did_method_not_offline",
        ),
        (lambda text: with_proof(text, verificationMethod={"id": "did:web:a"}), "did_method_not_offline"),
        *((lambda text, time=time: with_proof(text, created=time), "times_rewritten") for time in REWRITTEN),
        (lambda text: with_proof(text, created="2026-01-01T01:00:00+01:00"), "times_rewritten"),
        (lambda text: with_proof(text, created=None), "times_rewritten"),
        *(
            (lambda text, time=time: edited(text, issuanceDate=time), "times_rewritten")
            for time in REWRITTEN[1:]
        ),
        (lambda text: edited(text, expirationDate="2026-01-01T00:00:00.50Z"), "times_rewritten"),
        (lambda text: text[:-1], "not_read"),
        (lambda text: f"[{text}]", "not_read"),
        (lambda text: text[:-1] + ',"issuer":"did:key:z6Mk"}', "not_read"),
        (lambda text: text[:-1] + ',"x":' + "[" * 2000 + "]" * 2000 + "}", "not_read"),
        (lambda text: text[:-1] + ',"x":"\ud800"}', "not_read"),
        (lambda text: text + " " * VC_LIMITS.document_bytes, "not_read"),
    ],
)
async def test_documents_it_is_not_asked_about(
    made: dict[str, str], fake: Fake, change: Callable[[str], str], reason: str
) -> None:
    never = fake("print('{}')")  # would be bad_answer
    found = await second_opinion(change(made["credential"]), kind="ldp", child=never)
    assert (found.result, found.reason) == (Result.UNKNOWN, reason)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (tokens.token(), "did_method_not_offline"),
        (tokens.token(tokens.changed(iss=tokens.HOLDER)), "did_method_not_offline"),  # the key's DID
        (
            tokens.token(
                tokens.changed(iss=tokens.HOLDER, vc=tokens.VC | {"issuer": "did:web:a"}), {"alg": "EdDSA"}
            ),
            "did_method_not_offline",
        ),
        (tokens.token(tokens.V2_DOCUMENT, {"alg": "EdDSA", "typ": "vc+jwt"}), "not_supported"),
        (tokens.token(tokens.V2_DOCUMENT), "not_supported"),
        (tokens.token(header=tokens.HEADER | {"alg": "RS256"}), "unsupported_proof"),
        (tokens.token(header=tokens.HEADER | {"alg": "none"}), "unsupported_proof"),
        (tokens.token() + ".", "not_read"),
        ("{}", "not_read"),
    ],
)
async def test_tokens_it_is_not_asked_about(fake: Fake, text: str, reason: str) -> None:
    found = await second_opinion(text, kind="jwt", child=fake("print('{}')"))
    assert (found.result, found.reason) == (Result.UNKNOWN, reason)


async def test_credentials_inside_a_presentation_may_have_any_issuer(made: dict[str, str]) -> None:
    """DIDKit does not verify them, so it does not resolve their issuers either."""
    inner = json.loads(made["credential"]) | {"issuer": "did:web:localhost"}
    text = edited(made["presentation"], verifiableCredential=[inner])
    assert await opinion_of(text) == (Result.FAIL, "bad_signature")


# What keeps it from the network


async def test_the_child_cannot_open_a_connection(made: dict[str, str], fake: Fake) -> None:
    """Given a did:web past our refusal, it fails to connect to a listener on this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        port = listener.getsockname()[1]
        program = f"""
import runpy, socket
child = runpy.run_path({str(CHILD)!r})
socket.create_connection(("127.0.0.1", {port})).close()
child["no_more_descriptors"]()
try:
    socket.create_connection(("127.0.0.1", {port}))
except OSError as error:
    print(json.dumps({{"error": "refused", "said": str(error)}}))
"""
        assert (await answered(fake(program), made)).reason == "not_understood"
        listener.accept()[0].close()  # the one from before the limit
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_didkit_itself_works_without_new_descriptors_and_reaches_nobody(made: dict[str, str]) -> None:
    did = "did:web:localhost"
    text = with_proof(edited(made["credential"], issuer=did), verificationMethod=f"{did}#key-1")
    request = json.dumps({"call": "credential", "document": text, "options": "{}"})
    done = subprocess.run(
        [sys.executable, "-I", str(CHILD), "10", str(didkit.MEMORY_BYTES)],
        input=request.encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    said = json.loads(json.loads(done.stdout)["answer"])["errors"][0]
    # With a socket it would say "Connection refused"; it does not get as far as an address.
    assert said.startswith("Unable to filter proofs: Unable to resolve")
    assert "dns error" in said


# Every way not to answer


async def test_absent(made: dict[str, str], fake: Fake) -> None:
    program = (
        f"import runpy; sys.modules['didkit'] = None; runpy.run_path({str(CHILD)!r}, run_name='__main__')"
    )
    assert (await answered(fake(program), made)).reason == "absent"


async def test_no_program_at_all(made: dict[str, str], tmp_path: Path) -> None:
    assert (await answered(tmp_path / "missing.py", made)).reason == "crashed"


async def test_no_process_at_all(made: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    assert (await answered(CHILD, made)).reason == "not_started"


@pytest.mark.parametrize(
    "program", ["os.abort()", "os.kill(os.getpid(), 11)", "sys.exit(3)", "raise ValueError", "os._exit(1)"]
)
async def test_crashed(made: dict[str, str], fake: Fake, program: str) -> None:
    found = await answered(fake(program), made)
    assert (found.result, found.reason) == (Result.UNKNOWN, "crashed")


async def test_crashed_after_the_answer(made: dict[str, str], fake: Fake) -> None:
    answer = json.dumps({"checks": ["proof"], "warnings": [], "errors": []})
    program = f"print(json.dumps({{'answer': {answer!r}}}), flush=True); os.kill(os.getpid(), 11)"
    assert (await answered(fake(program), made)).result is Result.PASS


async def test_timed_out_and_nobody_is_left_running(made: dict[str, str], fake: Fake, tmp_path: Path) -> None:
    """Neither the child nor a process that it started."""
    pids = tmp_path / "pids"
    program = f"""
child = os.fork()
with open({str(pids)!r}, "a") as file:
    file.write(f"{{os.getpid()}} ")
time.sleep(60)
"""
    found = await answered(fake(program), made, seconds=3.0)
    assert (found.result, found.reason) == (Result.UNKNOWN, "timed_out")
    left = [int(pid) for pid in pids.read_text().split()]
    assert len(left) == 2
    await asyncio.sleep(0.1)
    assert not any(_runs(pid) for pid in left)


async def test_a_cancelled_question_leaves_nobody_running(
    made: dict[str, str], fake: Fake, tmp_path: Path
) -> None:
    pid_file = tmp_path / "pid"
    child = fake(f"open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)")
    task = asyncio.create_task(answered(child, made))
    async with asyncio.timeout(20):
        while not (pid_file.exists() and pid_file.read_text()):
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not _runs(int(pid_file.read_text()))


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_out_of_memory(made: dict[str, str], fake: Fake) -> None:
    program = f"""
import runpy
names = runpy.run_path({str(CHILD)!r})
async def ask(request):
    return [bytes(1 << 20) for _ in range(4096)]
names["main"].__globals__["ask"] = ask
names["main"]()
"""
    assert (await answered(fake(program), made, memory_bytes=128 << 20)).reason == "out_of_memory"
    # DIDKit's own failing to allocate ends its process.
    assert (await answered(CHILD, made, memory_bytes=24 << 20)).result is Result.UNKNOWN


async def test_too_much_processor_time(made: dict[str, str], fake: Fake) -> None:
    program = f"import runpy; runpy.run_path({str(CHILD)!r})['limit'](1, 1 << 28)\nwhile True: pass"
    assert (await answered(fake(program), made)).reason == "crashed"


@pytest.mark.parametrize(
    "program",
    [
        "print('nonsense')",
        "print('{')",
        "print('[]')",
        "print('{}')",
        "print(json.dumps({'answer': 'x'}))",
        "print(json.dumps({'answer': '[]'}))",
        "print(json.dumps({'answer': {}}))",
        "print(json.dumps({'answer': json.dumps({'checks': ['proof']})}))",
        # No error and nothing checked is no pass.
        "print(json.dumps({'answer': json.dumps({'checks': [], 'warnings': [], 'errors': []})}))",
        "print(json.dumps({'answer': json.dumps({'checks': [['proof']], 'warnings': [], 'errors': []})}))",
        "print(json.dumps({'error': 'something new'}))",
        'print(\'{"a":1,"a":2}\')',
        "print('[' * 5000)",
        "sys.stdout.buffer.write(b'\\xff')",
        "os.write(1, b'x' * 1_000_000)",
        "",
    ],
)
async def test_answers_that_make_no_sense(made: dict[str, str], fake: Fake, program: str) -> None:
    found = await answered(fake(program), made)
    assert (found.result, found.reason) == (Result.UNKNOWN, "bad_answer")


async def test_errors_are_words_of_ours(made: dict[str, str], fake: Fake) -> None:
    said = {"checks": [], "warnings": [MARKER], "errors": [MARKER, 5, "signature error: x"]}
    program = f"print(json.dumps({{'answer': {json.dumps(said)!r}}}))"
    found = await answered(fake(program), made)
    assert found.errors == ("not_understood", "not_understood", "bad_signature")
    assert (found.result, found.warnings) == (Result.FAIL, ("not_understood",))


async def test_the_environment_does_not_reach_it(
    made: dict[str, str], fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAIRN_SECRET", MARKER)
    child = fake("print(json.dumps({'error': 'absent' if 'CAIRN_SECRET' not in os.environ else 'refused'}))")
    assert (await answered(child, made)).reason == "absent"
    assert os.environ["CAIRN_SECRET"] == MARKER


async def test_a_child_that_reads_nothing(made: dict[str, str], fake: Fake) -> None:
    large = edited(made["credential"], description=["x" * 1000] * 800)
    found = await second_opinion(large, kind="ldp", child=fake("os.close(0); print('{}')"))
    assert found.reason == "bad_answer"


# What ours says of the same


@pytest.mark.parametrize("name", ["credential", "suite of 2018", "expired", "presentation"])
def test_ours_finds_the_same_of_proofs(made: dict[str, str], name: str) -> None:
    document = json.loads(made[name])
    (proof,) = proofs.proofs_of(document)
    proofs.verify_proof(document, proof, key_of(proof["verificationMethod"]))
    with pytest.raises(InvalidProof):
        proofs.verify_proof({**document, "id": "urn:x"}, proof, key_of(proof["verificationMethod"]))


@pytest.mark.parametrize("name", ["token", "expired token", "token presentation"])
def test_ours_finds_the_same_of_tokens(made: dict[str, str], name: str) -> None:
    parsed = vc_jwt.parse(made[name])
    vc_jwt.verify(parsed, key_of(parsed.key_id))


def key_of(key_id: str) -> Jwk:
    keys = dids.self_contained(key_id.partition("#")[0])
    assert keys is not None
    return keys.assertion[key_id]

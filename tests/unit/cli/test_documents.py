"""`cairn verify` without a service: every kind of file, its tampered twin, and every bad input of the issue."""

from __future__ import annotations

import base64
import gzip
import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from agent.vc import elm
from tests.simulators.internet import Internet, raw_answer
from tests.simulators.town import without_tls
from tests.unit.cli import files
from tests.unit.cli.files import ISSUER, SITE, Web, data
from tests.unit.cli.test_hostile_text import HOSTILE, bad_characters
from tests.unit.vc import documents as made
from tests.unit.vc.documents import CHALLENGE, DOMAIN
from tests.unit.vc.test_baking import chunk, itxt, png

type Cairn = Callable[..., Result]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    """What the command reaches instead of the internet."""
    without_tls(monkeypatch)
    internet = Internet()
    monkeypatch.setattr(
        "agent.net.fetch.SafeFetcher", lambda allow_loopback: internet.fetcher(demo=allow_loopback)
    )
    return Web(internet)


@pytest.fixture
def verify(cairn: Cairn, web: Web, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Verify bytes as a file; the JSON that comes out, with the exit code as ``exit``."""

    def run(content: bytes, *more: str) -> dict[str, Any]:
        path = tmp_path / "given.bin"
        path.write_bytes(content)
        result = cairn("verify", str(path), "--json", *more)
        shown: dict[str, Any] = json.loads(result.stdout) if result.stdout else {}
        return shown | {"exit": result.exit_code, "stderr": result.stderr}

    return run


def part(document: dict[str, Any], name: str = "authentic") -> str:
    return next(str(each["result"]) for each in document["verdict"]["parts"] if each["name"] == name)


def rows(document: dict[str, Any], name: str = "authentic") -> dict[str, str]:
    found = next(each for each in document["verdict"]["parts"] if each["name"] == name)
    return {check["code"]: f"{check['result']} {check['reason']}".strip() for check in found["checks"]}


# (maker, its tampered twin, exit code of the good one, its authentic part)
KINDS: dict[str, tuple[Callable[[], bytes], Callable[[], bytes], int, str]] = {
    "badge, rdfc": (
        lambda: data(files.rdfc()), lambda: data(files.tampered(files.rdfc())), 5, "pass",
    ),
    "badge, jcs": (lambda: data(files.jcs()), lambda: data(files.tampered(files.jcs())), 5, "pass"),
    "VCDM 1.1": (lambda: data(files.old()), lambda: data(files.tampered(files.old())), 1, "pass"),
    "VC-JWT": (lambda: data(files.token()), lambda: data(files.forged(files.token())), 5, "pass"),
    "presentation": (
        lambda: data(files.presentation()),
        lambda: data(files.presentation() | {"holder": made.THIEF.did}),
        5,
        "unknown",  # nobody said what it should be fresh for
    ),
    "Open Badge 2.0": (
        lambda: data(files.assertion()),
        lambda: data(files.assertion(issuedOn="2020-01-01T00:00:00Z")),
        1,
        "unknown",  # its issuer has no key
    ),
    "PNG": (
        lambda: files.baked(png()), lambda: files.baked(png(), files.tampered(files.rdfc())), 5, "pass",
    ),
    "SVG": (
        lambda: files.baked(files.PICTURES["svg"]),
        lambda: files.baked(files.PICTURES["svg"], files.tampered(files.rdfc())),
        5,
        "pass",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_and_its_tampered_twin(verify: Callable[..., dict[str, Any]], kind: str) -> None:
    good, bad, expected, authentic = KINDS[kind]
    found = verify(good())
    assert (found["exit"], part(found)) == (expected, authentic), rows(found)
    assert found["carrier"] == (kind.lower() if kind in ("PNG", "SVG") else "")
    twin = verify(bad())
    assert (twin["exit"], part(twin)) == (1, "fail"), rows(twin)
    assert found["kind"] == twin["kind"]


def test_the_shape_of_the_json(verify: Callable[..., dict[str, Any]]) -> None:
    found = verify(data(files.rdfc()))
    assert {"version", "kind", "carrier", "result", "items", "verdict", "beside"} <= set(found)
    assert found["version"] == 1
    assert [each["name"] for each in found["verdict"]["parts"]] == [
        "authentic", "quality_assured", "complete", "policy",
    ]  # fmt: skip
    (item,) = found["items"]
    assert set(item) == {"item", "title", "issuer", "claims", "not_understood"}
    assert item["title"] == "Data Literacy"
    assert item["issuer"]["did"] == ISSUER.did
    assert "overall" not in json.dumps(found)
    assert rows(found, "quality_assured")["accreditation"] == "unknown no_registry"
    assert part(found, "complete") == "pass"


def test_text_names_every_part_and_what_is_beside(cairn: Cairn, web: Web) -> None:
    result = cairn("verify", "-", stdin=data(files.old()))
    assert result.exit_code == 1
    for words in (
        "a W3C verifiable credential (data model 1.1)",
        "✓ pass     Authentic and current",
        "? unknown  Issuer quality-assured",
        "✗ fail     Complete under",
        "– not asked  Policy satisfied",
        "Beside the verdict",
        "DIDKit",
    ):
        assert words in result.stdout, words


def test_a_presentation_is_fresh_for_its_own_request_only(verify: Callable[..., dict[str, Any]]) -> None:
    file = data(files.presentation())
    asked = verify(file, "--challenge", CHALLENGE, "--domain", DOMAIN)
    assert (asked["exit"], part(asked)) == (5, "pass")
    for challenge, domain in (("other", DOMAIN), (CHALLENGE, "thief.example")):
        stale = verify(file, "--challenge", challenge, "--domain", domain)
        assert (stale["exit"], rows(stale)["freshness"][:4]) == (1, "fail")


def test_a_stolen_credential(verify: Callable[..., dict[str, Any]]) -> None:
    held = made.presentation(files.rdfc(), holder=made.THIEF.did)
    found = verify(data(made.present(held, made.THIEF)), "--challenge", CHALLENGE, "--domain", DOMAIN)
    assert (found["exit"], rows(found)["holder"][:4]) == (1, "fail")


def test_a_presentation_of_nothing_is_no_pass(verify: Callable[..., dict[str, Any]]) -> None:
    file = data(made.present(made.presentation()))
    found = verify(file, "--challenge", CHALLENGE, "--domain", DOMAIN)
    assert (part(found), rows(found, "complete")) == ("pass", {"complete": "unknown no_credentials"})
    assert found["exit"] == 5


def test_what_nobody_signed_fails(verify: Callable[..., dict[str, Any]]) -> None:
    from agent.core.record import Record

    record = Record.from_json(files.record())
    european = elm.to_elm(
        record,
        issuer_did=ISSUER.did,
        credential_id=record.id,
        subject_id="urn:uuid:7b0f6d3e-9a55-4d8c-8f3b-0d1f6a3f2b99",
        issued=made.NOW,
    )
    for document in (files.record(), european):
        found = verify(data(document))
        assert (found["exit"], rows(found)["signature"]) == (1, "fail no_proof")
        assert found["items"][0]["title"]


def test_a_badge_that_says_two_things_is_a_verdict_and_no_error(
    verify: Callable[..., dict[str, Any]],
) -> None:
    document = files.rdfc()
    document["credentialSubject"]["achievement"]["name"] = "Doctor of Everything"
    found = verify(data(document))
    assert (found["exit"], rows(found)["record"]) == (1, "fail record_differs")
    assert "Doctor" not in found["items"][0]["title"]


def test_an_anoncreds_export_whose_issuer_is_away(verify: Callable[..., dict[str, Any]]) -> None:
    from agent.core.attributes import to_attributes
    from agent.core.record import Record

    record = Record.from_json(files.record(SITE))
    made_up = {
        "type": "cairn-anoncreds-export",
        "version": 1,
        "record": record.to_json(),
        "attributes": to_attributes(record, profiles_met=()),
        "schema_id": f"did:web:away.example/anoncreds/v1/SCHEMA/{'5' * 64}",
        "cred_def_id": f"{SITE.did}/anoncreds/v1/CREDDEF/{'6' * 64}",
        "rev_reg_id": "",
        "cred_rev_id": "",
    }
    found = verify(data(made_up))
    assert found["exit"] == 5, rows(found)
    assert rows(found)["signature"].startswith("unknown")
    assert rows(found)["issuer_key"].startswith("unknown")
    # A wallet's own name for a credential, put into a file, makes nobody's signature of it.
    again = verify(data(made_up | {"referent": "cred-1", "received_at": "2026-01-01T00:00:00Z"}))
    assert rows(again)["signature"] == "unknown only_by_presentation"


# --- where a file comes from


def test_standard_input_and_an_address_say_the_same(cairn: Cairn, web: Web, tmp_path: Path) -> None:
    file = data(files.rdfc())
    web.pages["https://files.example/badge.json"] = file
    (tmp_path / "badge.json").write_bytes(file)
    said = [
        cairn("verify", what, "--json", stdin=stdin)
        for what, stdin in (
            (str(tmp_path / "badge.json"), b""),
            ("-", file),
            ("https://files.example/badge.json", b""),
        )
    ]
    assert [result.exit_code for result in said] == [5, 5, 5]
    verdicts = [json.loads(result.stdout) for result in said]
    assert len({json.dumps(rows(each)) for each in verdicts}) == 1


@pytest.mark.parametrize(
    ("url", "code", "exit_code"),
    [
        ("https://files.example/nothing", "unreachable", 3),
        ("https://nowhere.example/x", "unreachable", 3),
        ("http://files.example/x", "not_https", 2),
        ("https://files.example/moved", "redirect", 2),
        ("https://inside.example/x", "private_address", 2),
        ("http://localhost:8300/x", "private_address", 2),
        ("https://user@files.example/x", "bad_url", 2),
        ("file:///etc/passwd", "bad_url", 2),
        ("https://", "bad_url", 2),
        ("https://files.example/large", "too_large", 2),
    ],
)
def test_addresses_that_give_nothing(cairn: Cairn, web: Web, url: str, code: str, exit_code: int) -> None:
    web.internet.names["inside.example"] = ["10.0.0.7"]
    web.pages["https://files.example/moved"] = [raw_answer(b"", 302, location="http://10.0.0.1/")]
    web.pages["https://files.example/large"] = [raw_answer(b"x", content_length="99999999999")]
    result = cairn("verify", url, "--json")
    assert (result.exit_code, result.stdout) == (exit_code, ""), result.stderr
    assert f"[{code}]" in result.stderr
    assert len(result.stderr.splitlines()) == 3  # what, what to do, code
    assert not any(place[0].startswith("10.") for place in web.internet.connected)


def test_files_that_are_not_there(cairn: Cairn, tmp_path: Path) -> None:
    for name in (str(tmp_path / "missing.json"), str(tmp_path), "./nothing.json"):
        result = cairn("verify", name)
        assert (result.exit_code, result.stdout) == (2, ""), name
        assert "[unreadable]" in result.stderr


# --- bad input: a code and a hint, exit 2


def _deep_utf16() -> bytes:
    """Brackets that a count of bytes takes for the inside of a string, if the text is guessed to be UTF-16."""
    text = '["\u2200",' + "[" * 500 + "]" * 501
    return b"    " + text.encode("utf-16-be")


def _bomb_png() -> bytes:
    """A text chunk of some 1 MB that inflates to 1 GB."""
    deflater = zlib.compressobj(9)
    block = bytes(1 << 20)
    packed = b"".join(deflater.compress(block) for _ in range(1024)) + deflater.flush()
    return png(itxt(packed, flags=b"\1\0"))


BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "not JSON": (lambda: b"hello there", "not_json"),
    "half of a file": (lambda: data(files.rdfc())[:-40], "not_json"),
    "duplicate members": (lambda: b'{"type": "VerifiableCredential", "type": "x"}', "duplicate_member"),
    "duplicate members inside": (
        lambda: data(files.rdfc()).replace(b'"credentialSubject": {', b'"credentialSubject": {"id": "did:x:y", '),
        "duplicate_member",
    ),
    "NaN": (lambda: b'{"type": ["VerifiableCredential"], "x": NaN}', "not_json"),
    "Infinity": (lambda: b'{"type": ["VerifiableCredential"], "x": 1e999}', "not_json"),
    "10 MB": (lambda: b'{"x": "' + b"a" * 10_000_000 + b'"}', "too_large"),
    "13 MB": (lambda: b'{"x": "' + b"a" * 13_000_000 + b'"}', "too_large"),
    "2,000 levels": (lambda: b'{"a":' * 2000 + b"1" + b"}" * 2000, "too_deep"),
    "empty": (lambda: b"", "empty"),
    "spaces": (lambda: b" \n" * 100, "empty"),
    "half a character": (lambda: b'{"type": ["VerifiableCredential"], "x": "\\ud800"}', "not_text"),
    "another guess at its encoding": (_deep_utf16, "not_json"),
    "UTF-16": (lambda: data("{}").decode().encode("utf-16"), "not_text"),
    "a list": (lambda: data([files.rdfc()]), "not_recognised"),
    "a page": (lambda: b"<!DOCTYPE html><html></html>", "html_page"),
    "a zip": (lambda: b"PK\x03\x04" + bytes(40), "compressed"),
    "gzip of a badge": (lambda: gzip.compress(data(files.rdfc())), "compressed"),
    "a PDF": (lambda: b"%PDF-1.7\n", "not_recognised"),
    "a JPEG": (lambda: b"\xff\xd8\xff\xe0", "not_recognised"),
    "JSON of something else": (lambda: b'{"hello": "world"}', "not_recognised"),
    "PNG without a badge": (png, "no_badge"),
    "PNG with two": (lambda: png(itxt(b"{}"), itxt(b"{}")), "two_badges"),
    "PNG with a text chunk of 1 GB": (_bomb_png, "too_large"),
    "PNG that claims 1 GB": (
        lambda: png()[:-12] + struct.pack(">I", 1 << 30) + b"iTXt" + b"openbadgecredential", "broken_image",
    ),
    "PNG that is cut": (lambda: png(itxt(b"{}"))[:-20], "broken_image"),
    "SVG with entities": (
        lambda: b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
        "unsafe_image",
    ),
    "XML": (lambda: b"<?xml version='1.0'?><feed/>", "not_recognised"),
    "a token of something else": (lambda: data(made.jwt({"sub": "x"})), "not_recognised"),
    "an SD-JWT": (lambda: data(files.token() + "~abc~"), "not_recognised"),
    "a broken record": (lambda: b'{"version": 1, "issuer": {"did": "did:web:x.example"}, "title": 7}', ""),
    "an export of nothing": (lambda: b'{"type": "cairn-anoncreds-export", "record": null}', ""),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_has_a_code_and_a_hint(cairn: Cairn, web: Web, tmp_path: Path, name: str) -> None:
    make, code = BAD[name]
    path = tmp_path / "bad.bin"
    path.write_bytes(make())
    for what, stdin in ((str(path), b""), ("-", path.read_bytes())):
        result = cairn("verify", what, "--json", stdin=stdin)
        assert (result.exit_code, result.stdout) == (2, ""), result.stderr
        told = result.stderr.splitlines()
        assert len(told) == 3, told
        assert told[2].strip() == f"[{code}]" if code else told[2].strip().startswith("[")
    assert web.asked == []


# --- bad input that is a finding: unknown or fail, never a crash and never a pass


def test_a_poison_graph_is_not_decided(verify: Callable[..., dict[str, Any]]) -> None:
    """A clique of blank nodes without identity: the labels of each are tried, up to the limit and no further."""
    names = [f"_:b{number}" for number in range(12)]
    document = files.rdfc()
    document.pop("relatedResource")
    document["credentialSubject"]["achievement"]["alignment"] = [
        {"type": ["Achievement"], "related": [{"id": other, "type": ["Related"]} for other in names]}
        for _ in names
    ]
    found = verify(data(document))
    assert found["exit"] in (1, 5)
    assert rows(found)["signature"].partition(" ")[0] in ("unknown", "fail")
    assert part(found) != "pass"


def _with_status(url: str = "https://mtu.example/status/1", **more: Any) -> dict[str, Any]:
    return files.rdfc(SITE, credentialStatus=made.status(url=url, **more))


def _list(*taken_back: int, by: Any = SITE, **changes: Any) -> dict[str, Any]:
    plain = made.status_document(
        *taken_back, validFrom="2026-01-01T00:00:00Z", validUntil="2999-01-01T00:00:00Z", **changes
    )
    return made.sign(plain, by, created=made.NOW.replace(year=2026, month=2))


def test_status_lists(verify: Callable[..., dict[str, Any]], web: Web) -> None:
    url = "https://mtu.example/status/1"
    file = data(_with_status(url, index=7))

    def status(page: Any) -> str:
        web.pages[url] = page
        return rows(verify(file))["status"]

    assert status(_list()) == "pass"
    assert status(_list(7)) == "fail revoked"
    assert status(_list(8)) == "pass"
    assert status(None).startswith("unknown")
    assert status(b"{").startswith("unknown")
    assert status([raw_answer(b"", 500)]).startswith("unknown")
    assert status(_list(by=ISSUER, issuer=ISSUER.did)) == "fail status_list_wrong_issuer"
    assert status(
        files.tampered(_list() | {"credentialSubject": dict(_list()["credentialSubject"])})
    ).startswith("fail")


def test_a_gzip_bomb_in_a_status_list(verify: Callable[..., dict[str, Any]], web: Web) -> None:
    bomb = gzip.compress(bytes(300 << 20), 9)
    encoded = "u" + base64.urlsafe_b64encode(bomb).rstrip(b"=").decode()
    assert len(encoded) < 1 << 20
    web.pages["https://mtu.example/status/1"] = _list(
        credentialSubject={
            "id": "https://mtu.example/status/1#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded,
        }
    )
    found = verify(data(_with_status()))
    assert (found["exit"], rows(found)["status"]) == (5, "unknown too_large")
    assert rows(found)["signature"] == "pass"


def test_a_context_whose_file_was_changed(tmp_path: Path) -> None:
    """It says nothing about the document, so that nothing is decided by it: neither pass nor fail."""
    (tmp_path / "badge.json").write_bytes(data(files.rdfc()))
    done = subprocess.run(
        [sys.executable, "-c", WRONG_DIGEST, str(tmp_path / "badge.json")],
        capture_output=True,
        timeout=60,
        check=False,
        env={"PATH": "", "PYTHONPATH": os.pathsep.join(sys.path), "CAIRN_ROOT": str(tmp_path)},
    )
    found = json.loads(done.stdout)
    told = rows(found)
    assert (done.returncode, part(found)) == (5, "unknown")
    assert told["context"] == told["signature"] == "unknown context_digest"


# In a process of its own: contexts that were read once are remembered.
WRONG_DIGEST = """
import sys
from agent.vc import contexts
url, real = "https://www.w3.org/ns/credentials/v2", contexts.manifest()
contexts.manifest = lambda: {**real, url: {**real[url], "sha256": "0" * 64}}
from agent.cli.main import build
build("verify")(["verify", sys.argv[1], "--json"])
"""


def test_an_issuer_behind_an_address(verify: Callable[..., dict[str, Any]], web: Web) -> None:
    file, page = data(files.rdfc(SITE)), "https://mtu.example/.well-known/did.json"
    assert part(verify(file)) == "pass"
    away = [
        None,
        b"<html>",
        [raw_answer(b"", 503)],
        [raw_answer(b"", 302, location="http://10.0.0.1/did.json")],
        [raw_answer(b"x" * 100_000, content_type="application/json")],
    ]
    for answer in away:
        web.pages[page] = answer
        found = verify(file)
        assert found["exit"] in (1, 5), answer
        assert rows(found)["signature"].startswith("unknown"), answer
        assert part(found) != "pass"
    assert not any(place[0].startswith("10.") for place in web.internet.connected)
    web.internet.names["mtu.example"] = ["10.0.0.1"]  # the name itself leads inside
    found = verify(file)
    assert (found["exit"], rows(found)["issuer_key"]) == (5, "unknown private_address")
    web.internet.names["mtu.example"] = ["93.184.216.35"]
    web.pages[page] = files.did_document(made.web_party("evil"))
    assert rows(verify(file))["issuer_key"].startswith("fail")


# --- hostile text


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_in_a_file(cairn: Cairn, web: Web, hostile: str) -> None:
    """In the title, in what is not understood and in the names of members; well signed, so that it is shown."""
    # Half a character is refused (see BAD), NUL and what is very long make no title of a record.
    text = f"x{hostile[:60]}".replace("\ud800", "").replace("\x00", "")

    def file(words: str) -> bytes:
        plain = made.badge(issuer={"id": ISSUER.did, "type": ["Profile"], "name": words})
        plain["credentialSubject"]["achievement"]["name"] = words
        plain["credentialSubject"]["achievement"][words] = {words: [words]}
        return data(made.sign(plain, ISSUER, "eddsa-jcs-2022"))

    honest, found = (cairn("verify", "-", stdin=file(each)) for each in ("harmless", text))
    assert found.exit_code == honest.exit_code == 1
    assert bad_characters(found.stdout + found.stderr) == set()
    assert len(found.stdout.splitlines()) == len(honest.stdout.splitlines()), "a line was forged or lost"
    told = cairn("verify", "-", "--json", stdin=file(text))
    assert {char for char in told.stdout if not " " <= char <= "~"} <= {"\n"}


def test_hostile_text_in_an_image_is_no_command(cairn: Cairn, web: Web) -> None:
    image = png(chunk(b"tEXt", b"openbadges\0https://evil.example/\x1b]0;x\x07"))
    result = cairn("verify", "-", stdin=image)
    assert result.exit_code in (2, 3)
    assert bad_characters(result.stderr) == set()

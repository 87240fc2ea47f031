"""The contexts that come with the software: pinned, checked, never fetched."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.errors import InputError
from agent.vc import context_policy, contexts
from agent.vc.contexts import CREDENTIALS_V1, CREDENTIALS_V2, UnknownContext
from scripts import contexts as script
from tests.unit.vc.signing import ASSETS, OPEN_BADGES

# Digests that the specifications publish: VC Data Model 2.0 appendix B.1, VC Data Integrity 1.0 section 2.4.
PUBLISHED = {
    CREDENTIALS_V2: "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
    CREDENTIALS_V1: "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
    "https://w3id.org/security/data-integrity/v2": "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
    "https://w3id.org/security/multikey/v1": "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
    "https://w3id.org/security/jwk/v1": "0f14b62f6071aafe00df265770ea0c7508e118247d79b7d861a406d2aa00bece",
}


@pytest.mark.parametrize("url", list(contexts.manifest()))
def test_each_is_a_context_with_licence_and_source(url: str) -> None:
    entry = contexts.manifest()[url]
    assert "@context" in contexts.load(url)
    assert set(entry) == {"url", "file", "sha256", "licence", "source"}
    assert all(entry.values())


@pytest.mark.parametrize(("url", "digest"), PUBLISHED.items())
def test_digests_that_the_specifications_publish(url: str, digest: str) -> None:
    assert contexts.manifest()[url]["sha256"] == digest


def test_a_copy_is_the_callers_own() -> None:
    contexts.load(CREDENTIALS_V2)["@context"].clear()
    assert contexts.load(CREDENTIALS_V2)["@context"]


def test_another_context_is_not_fetched() -> None:
    with pytest.raises(UnknownContext) as caught:
        contexts.load("https://www.w3.org/ns/credentials/v3")
    assert caught.value.code == "unknown_context"
    assert not contexts.known("https://www.w3.org/ns/credentials/v3")


@pytest.fixture
def fresh() -> Iterator[None]:
    contexts.content.cache_clear()
    yield
    contexts.content.cache_clear()


@pytest.mark.usefixtures("fresh")
def test_a_file_with_another_digest_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    right = contexts._data
    monkeypatch.setattr(contexts, "_data", lambda name: right(name) + b" ")
    with pytest.raises(InputError) as caught:
        contexts.load(OPEN_BADGES)
    assert caught.value.code == "context_digest"
    assert caught.value.hint


def test_the_two_files_of_open_badges_3_0_3_differ_by_two_terms() -> None:
    """Which of them is ours, and why that changes no signature of ours: decision 0020."""
    ours = contexts.load(OPEN_BADGES)["@context"]
    other = json.loads((ASSETS / "ob-3.0.3-repository.jsonld").read_text("utf-8"))["@context"]
    assert ours.keys() - other.keys() == {"endorsementJwt", "jti"}
    assert {name: ours[name] for name in other} == other


def test_second_names_are_all_known() -> None:
    """A context that is added must not bring a second name for something: see `context_policy`."""
    older = ("https://w3id.org/openbadges/v2", "https://purl.imsglobal.org/spec/ob/v2p1/ob_v2p1.jsonld")
    here = {name for url in contexts.manifest() if url not in older for name in context_policy._terms(url)}
    second: set[str] = set()
    for iri, names in context_policy._names().items():
        beside = names & here
        if len(beside) > 1 and not iri.startswith("@"):
            second |= beside - {min(beside, key=lambda name: (name[0].isupper(), name == "expiration", name))}
    assert second == context_policy.SECOND_NAMES


def test_no_prefix_is_a_scheme() -> None:
    """Or ``did:web:…`` could be another identifier than it looks."""
    schemes = {"did", "urn", "http", "https", "data", "mailto", "tag", "tel", "ipfs"}
    assert schemes.isdisjoint(context_policy._prefixes())


# The script


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(script.FOLDER, tmp_path / "contexts"))


def test_the_script_finds_nothing_wrong_here() -> None:
    assert script.problems(script.FOLDER) == []


def test_the_script_names_what_is_wrong(folder: Path) -> None:
    (folder / "credentials-v2.jsonld").write_text("{}")
    (folder / "multikey-v1.jsonld").unlink()
    (folder / "other.jsonld").write_text("{}")
    differs, missing, unlisted = script.problems(folder)
    assert differs.startswith(f"credentials-v2.jsonld: is {hashlib.sha256(b'{}').hexdigest()}, not 59955ced")
    assert missing == "multikey-v1.jsonld: missing"
    assert unlisted == "other.jsonld: not in the manifest"


def test_the_script_takes_files_by_their_digest(folder: Path, tmp_path: Path) -> None:
    source = tmp_path / "source" / "deep"
    source.mkdir(parents=True)
    for name in ("credentials-v2.jsonld", "multikey-v1.jsonld"):
        (folder / name).rename(source / f"other-{name}")
    (source / "credentials-v1.jsonld").write_text("not this one")
    assert script.take(folder, [source.parent]) == ["credentials-v2.jsonld", "multikey-v1.jsonld"]
    assert script.problems(folder) == []


def test_the_manifest_names_no_file_outside_its_folder() -> None:
    entries: list[dict[str, Any]] = json.loads((script.FOLDER / script.MANIFEST).read_text("utf-8"))
    assert all("/" not in entry["file"] for entry in entries)
    assert len({entry["url"] for entry in entries}) == len(entries)

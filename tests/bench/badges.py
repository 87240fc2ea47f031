"""How long a badge takes to verify, beside the library alone and beside `@digitalbazaar/vc` in node.

    python -m tests.bench.badges [--seconds 1.0]

The sides take turns within every round, so that other work on the machine meets all of them. The library alone means
PyLD's normalisation of badge and proof, two hashes and one Ed25519: no check of anything, and its own caches warm. The
node side needs a folder with `@digitalbazaar/vc`, `@digitalbazaar/data-integrity` and
`@digitalbazaar/eddsa-rdfc-2022-cryptosuite`, named by CAIRN_NPM; it is left out when there is none. Nothing here
asserts a time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import base58
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from agent.vc import contexts
from agent.vc.proofs import EDDSA_JCS, EDDSA_RDFC
from tests.bench.pure import AT_LEAST, Times
from tests.bench.report import table
from tests.unit.vc.signing import DID, METHOD, RAW, badge, options, sign, verify

SIZES = (1, 4, 16)
OURS, LIBRARY, NODE = "ours", "PyLD alone", "node"
NODE_SECONDS = 120
# Verifies as its README says. Status is not looked up, as on our side; contexts and keys are given.
SCRIPT = """
import {readFileSync} from 'node:fs';
import * as vc from '@digitalbazaar/vc';
import {DataIntegrityProof} from '@digitalbazaar/data-integrity';
import {cryptosuite} from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';
const {credential, documents, seconds, least} = JSON.parse(readFileSync(0, 'utf8'));
const documentLoader = async url => {
  if (!(url in documents)) throw new Error('not given: ' + url);
  return {contextUrl: null, documentUrl: url, document: documents[url]};
};
const suite = new DataIntegrityProof({cryptosuite});
const checkStatus = async () => ({verified: true});
const work = async () => {
  const result = await vc.verifyCredential({credential, suite, documentLoader, checkStatus});
  if (!result.verified) throw new Error(JSON.stringify(result, null, 1));
};
await work();
const spent = [];
const end = performance.now() + 1000 * seconds;
while (spent.length < least || performance.now() < end) {
  const start = performance.now();
  await work();
  spent.push((performance.now() - start) / 1000);
}
console.log(JSON.stringify(spent));
"""


def signed(cryptosuite: str, times: int) -> dict[str, Any]:
    """A badge whose issuer is the did:key that signed it, as every side asks."""
    document = json.loads(json.dumps(badge(times)).replace("did:web:mtu.example", DID))
    return sign(document, options(cryptosuite))


def library(credential: Mapping[str, Any]) -> Callable[[], None]:
    """What a verification must at least do, with the library as it is."""
    from pyld import jsonld

    documents = {url: contexts.load(url) for url in credential["@context"]}

    def load(url: str, _options: Any) -> dict[str, Any]:
        return {"contextUrl": None, "documentUrl": url, "document": documents[url], "tag": "static"}

    chosen = {"algorithm": "URDNA2015", "format": "application/n-quads", "documentLoader": load}
    unsecured = {name: value for name, value in credential.items() if name != "proof"}
    proof = {name: value for name, value in credential["proof"].items() if name != "proofValue"}
    config = {**proof, "@context": credential["@context"]}
    signature = base58.b58decode(credential["proof"]["proofValue"][1:])

    def work() -> None:
        parts = (jsonld.normalize(part, chosen).encode() for part in (config, unsecured))
        hashes = b"".join(hashlib.sha256(part).digest() for part in parts)
        Ed25519PublicKey.from_public_bytes(RAW).verify(signature, hashes)

    return work


def in_turns(sides: Mapping[str, Callable[[], None]], seconds: float) -> dict[str, Times]:
    """At least `AT_LEAST` rounds, and then until ``seconds`` have passed; the first round is a warm-up."""
    spent: dict[str, list[float]] = {name: [] for name in sides}
    for work in sides.values():
        work()
    end = time.perf_counter() + seconds
    while len(next(iter(spent.values()))) < AT_LEAST or time.perf_counter() < end:
        for name, work in sides.items():
            start = time.perf_counter()
            work()
            spent[name].append(time.perf_counter() - start)
    return {name: _times(found) for name, found in spent.items()}


def node(credential: Mapping[str, Any], folder: Path, seconds: float) -> Times:
    """The same in one node process, its start not counted. Raises `RuntimeError` with what node said."""
    documents: dict[str, Any] = {url: contexts.load(url) for url in credential["@context"]}
    multikey = "https://w3id.org/security/multikey/v1"
    method = {
        "@context": multikey,
        "id": METHOD,
        "type": "Multikey",
        "controller": DID,
        "publicKeyMultibase": DID.removeprefix("did:key:"),
    }
    documents[METHOD] = method
    documents[DID] = {
        "@context": ["https://www.w3.org/ns/did/v1", multikey],
        "id": DID,
        "assertionMethod": [method],
    }
    given = {"credential": credential, "documents": documents, "seconds": seconds, "least": AT_LEAST}
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", SCRIPT],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=NODE_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    return _times(json.loads(done.stdout))


def _times(spent: list[float]) -> Times:
    ordered = sorted(spent)
    return Times(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], len(ordered))


def figures(seconds: float, folder: Path | None) -> list[tuple[str, ...]]:
    """The rows of the table."""
    rows = []
    for suite in (EDDSA_RDFC, EDDSA_JCS):
        for times in SIZES:
            credential = signed(suite, times)
            sides: dict[str, Callable[[], None]] = {OURS: lambda credential=credential: verify(credential)}
            if suite == EDDSA_RDFC:
                sides[LIBRARY] = library(credential)
            found = in_turns(sides, seconds)
            if suite == EDDSA_RDFC and folder is not None:
                found[NODE] = node(credential, folder, seconds)
            ours = found[OURS]
            rows.append(
                (
                    f"{suite}, {46 * times} statements",
                    _ms(ours.p50),
                    _ms(ours.p95),
                    *(
                        f"{_ms(found[name].p50)} ({found[name].p50 / ours.p50:.1f})" if name in found else "–"
                        for name in (LIBRARY, NODE)
                    ),
                )
            )
    return rows


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a badge takes to verify.")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each row")
    seconds = parser.parse_args().seconds
    folder = os.environ.get("CAIRN_NPM")
    rows = figures(seconds, Path(folder) if folder else None)
    head = ("verify, ms", "p50", "p95", f"{LIBRARY} (times ours)", "@digitalbazaar/vc (times ours)")
    print(table(head, rows))
    if not folder:
        print("\nWithout @digitalbazaar/vc: CAIRN_NPM names no folder.")


if __name__ == "__main__":
    main()

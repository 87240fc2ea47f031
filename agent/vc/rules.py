"""The verifier's rules for W3C credentials and presentations. Pure: a service gathers the facts that `needs` names.

For each credential (VCDM 2.0 section 7.1 and appendix A):

 1. ``model``       the shape that the data model demands            VCDM 2.0 section 4, VCDM 1.1 section 4
 2. ``context``     known contexts, nothing redefined or left out    DI 4.6, VCDM 2.0 5.2
 3. ``signature``   every proof holds on its own                     DI 4.4 and 4.5, JOSE 3
 4. ``issuer_key``  each key is one the issuer lists for assertions  DI 5.9 and 5.10
 5. ``dates``       in force now, and so is each proof               VCDM 2.0 4.9, DI 2.1
 6. ``status``      every status entry read, in lists of the issuer  Bitstring Status List 3.2
 7. ``related``     digests of what it names, where it is at hand    VCDM 2.0 5.3 (only where there is any)

For a presentation:

 8. ``model``, ``context`` and ``dates`` of the presentation         VCDM 2.0 4.13
 9. ``presentation_signature``  by a key the holder authenticates with   DI 5.10 and 5.11
10. ``freshness``   made for this challenge and this domain          DI 2.1 and 4.4
11. ``holder``      who presents is whom the credential is about     VCDM 2.0 A.2 and A.3.1
12. steps 1 to 7 for every credential inside                         VCDM 2.0 7.1

Whether the issuer is anybody to be believed is not asked here: `ExaminedCredential.issuer` and ``signers`` are what
the trust registry is asked with. A suite that signs the text (eddsa-jcs-2022, JWT) covers every member as it stands;
for these, step 2 asks which contexts there are, and not what each member means.

DI = Verifiable Credential Data Integrity 1.0, JOSE = Securing Verifiable Credentials using JOSE and COSE 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from agent.core.verdict import Check
from agent.vc import dids, model
from agent.vc.answers import unknown
from agent.vc.credential_rules import ExaminedCredential, examine_credential, model_answer
from agent.vc.facts import Facts
from agent.vc.presentation_rules import check_presentation, holder_check
from agent.vc.secured import Opened, Signer, is_did, open_document, party
from agent.vc.status_rules import Lists, list_urls

__all__ = ["Examined", "ExaminedCredential", "Needs", "Signer", "examine", "needs"]

MAX_DIDS: Final = 16
MAX_URLS: Final = 16


@dataclass(frozen=True, slots=True)
class Needs:
    """What to gather before `examine`: DID documents, and status lists by URL. At most 16 of each."""

    dids: tuple[str, ...]
    urls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Every check in the order of the steps; those about a credential of a presentation have its ``subject``
    (``c0``, ``c1``, …). ``credentials`` holds each again with what the trust registry needs. ``holder`` is who
    presents, by their own claim, and empty for a bare credential.
    """

    checks: tuple[Check, ...]
    credentials: tuple[ExaminedCredential, ...]
    holder: str = ""


def needs(document: dict[str, Any]) -> Needs:
    """The DIDs whose documents, and the URLs whose contents, decide about ``document``."""
    opened = open_document(document)
    owners = [_owner(opened)]
    urls: list[str] = []
    for credential in _credentials(opened):
        owners.append(party(credential.document))
        urls += list_urls(credential.document)
    wanted = (did for did in owners if is_did(did) and dids.self_contained(did) is None)
    return Needs(_first(wanted, MAX_DIDS), _first(urls, MAX_URLS))


def examine(
    document: dict[str, Any], facts: Facts, *, challenge: str | None = None, domain: str | None = None
) -> Examined:
    """All steps for a credential, a presentation, or one of these as `model.enveloped`. Raises nothing: what cannot be
    decided is *unknown* with its reason.
    """
    lists = Lists(facts)
    if not model.is_presentation(document):
        credential = examine_credential(document, facts, lists, "")
        return Examined(checks=credential.checks, credentials=(credential,))
    opened = open_document(document)
    if opened.problem is not None:
        rest = unknown("not_read", "The presentation could not be read.")
        codes = ("context", "presentation_signature", "dates", "freshness")
        checks = (opened.problem.check("model", ""), *(rest.check(code, "") for code in codes))
        return Examined(checks=checks, credentials=())
    holder, presented, own = check_presentation(opened, facts, challenge, domain)
    found = [model_answer(opened.document, presentation=True).check("model", ""), *own]
    credentials = []
    for index, item in enumerate(_items(opened)):
        credential = examine_credential(item, facts, lists, f"c{index}")
        credentials.append(credential)
        found += [holder_check(holder, presented, credential), *credential.checks]
    return Examined(checks=tuple(found), credentials=tuple(credentials), holder=holder)


def _owner(opened: Opened) -> str:
    return party(opened.document) or (opened.token.signer if opened.token is not None else "")


def _items(opened: Opened) -> list[Any]:
    return model.as_list(opened.document.get("verifiableCredential"))[: model.MAX_CREDENTIALS]


def _credentials(opened: Opened) -> Iterable[Opened]:
    if not model.is_presentation(opened.document):
        return [opened]
    return map(open_document, _items(opened))


def _first(items: Iterable[str], most: int) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))[:most]

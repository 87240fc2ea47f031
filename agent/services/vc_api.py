"""The W3C VC-API (Credentials Community Group, w3c-ccg.github.io/vc-api): issue and verify documents over HTTP.

For the W3C's test suites and for programs that speak that interface. Issuing is as strict as verifying: what our own
verifier would not accept is never signed. What a request asks for and this cannot do is refused, not ignored.

Verifying asks every question of `agent.vc.rules`. A request may name the groups it wants answered (``checks``); shape,
contexts and related resources are always among them. ``verified`` is true only when every answer is *pass*; *unknown*
is not verified, and is told apart from *fail* in ``result`` and in each check.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from agent.core.verdict import Check, Result, combine
from agent.errors import InputError
from agent.formats.gathering import Lookups
from agent.services import clock, signing
from agent.services.node import Node
from agent.services.status_lists import StatusLists
from agent.store.vault import Put
from agent.vc import contexts, dids, jsonld, model, proofs, rules
from agent.vc.facts import Facts, Fetched, Keys
from agent.vc.status_list import ENTRY_TYPE

KIND: Final = "vc_api"  # in the vault
DID_KEY: Final = "did_key"
SUITES: Final = (proofs.EDDSA_RDFC, proofs.EDDSA_JCS)
# What `checks` may name, and the codes of `agent.vc.rules` that each stands for.
GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "proof": frozenset({"signature", "issuer_key", "presentation_signature", "freshness"}),
    "validityPeriod": frozenset({"dates"}),
    "credentialStatus": frozenset({"status"}),
    "holder": frozenset({"holder"}),
}
_BEFORE_SIGNING: Final = frozenset({"model", "context", "related"})
_MAX_CHARS: Final = 2048
_VCDM = "https://www.w3.org/TR/vc-data-model#"  # VCDM 2.0, 7.3: problem details
_PROBLEM_TYPES: Final = {
    "model": f"{_VCDM}MALFORMED_VALUE_ERROR",
    "context": f"{_VCDM}CRYPTOGRAPHIC_SECURITY_ERROR",
    "related": f"{_VCDM}CRYPTOGRAPHIC_SECURITY_ERROR",
    "signature": f"{_VCDM}CRYPTOGRAPHIC_SECURITY_ERROR",
    "issuer_key": f"{_VCDM}CRYPTOGRAPHIC_SECURITY_ERROR",
    "presentation_signature": f"{_VCDM}CRYPTOGRAPHIC_SECURITY_ERROR",
    "dates": f"{_VCDM}RANGE_ERROR",
}


class Host(Protocol):
    """Who runs the interface: an agent (`AgentHost`), or a harness for tests with a key of its own."""

    @property
    def did(self) -> str:
        """The issuer or holder where a document names none."""

    async def did_key(self) -> str:
        """Another name to sign with, for readers who look nothing up."""

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
        """The document with a proof. Raises `InputError` not_our_did."""

    async def status_entries(self) -> list[dict[str, Any]]:
        """New ``credentialStatus`` entries. Raises `InputError` where this host keeps no lists."""

    async def facts(self, needs: rules.Needs) -> Facts:
        """What verification rests on, and the time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """``checks``: those that were asked for, in the order of the rules. ``skipped``: the codes of the others."""

    checks: tuple[Check, ...]
    skipped: tuple[str, ...] = ()

    @property
    def result(self) -> Result:
        return combine(self.checks)

    @property
    def verified(self) -> bool:
        return self.result is Result.PASS

    def to_json(self) -> dict[str, Any]:
        return {
            "verified": self.verified,
            "result": str(self.result),
            "checks": [check.to_json() for check in self.checks],
            "notChecked": list(self.skipped),
            "problemDetails": [problem(check) for check in self.checks if check.result is not Result.PASS],
        }


class Refused(InputError):  # noqa: N818 - it names what was done, as the codes do
    """A document that is not signed, with every check that stands against it."""

    def __init__(self, checks: list[Check]) -> None:
        super().__init__("not_conforming", checks[0].detail or checks[0].label)
        self.checks = tuple(checks)

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | {"problemDetails": [problem(check) for check in self.checks]}


def problem(check: Check) -> dict[str, Any]:
    """A check that did not pass, as the data model's problem details (VCDM 2.0, 7.3)."""
    unknown = check.result is Result.UNKNOWN
    kind = f"urn:cairn:unknown:{check.reason}" if unknown else _PROBLEM_TYPES.get(check.code)
    return {
        "type": kind or f"urn:cairn:check:{check.code}",
        "title": check.label,
        "detail": check.detail,
        "code": check.reason,
        "result": str(check.result),
        "subject": check.subject,
    }


async def issue_credential(host: Host, body: dict[str, Any], *, suite: str) -> dict[str, Any]:
    """POST /credentials/issue: ``{"credential", "options"?}`` → ``{"verifiableCredential"}``.

    A missing issuer is the host. ``options.credentialStatus`` ``{"type": "BitstringStatusListEntry"}`` adds the host's
    own status entries. Raises `Refused`, `InputError`, and what the host's signing raises.
    """
    credential = _document(body, "credential", suite)
    options = _options(body, "credentialStatus")
    if model.is_presentation(credential):
        raise InputError("wrong_type", "That is a presentation: it has an address of its own.")
    credential.setdefault("issuer", host.did)
    _define_proofs(credential)
    _require_conforming(credential)
    if "credentialStatus" in options:
        _require_own_status(options["credentialStatus"])
        entries = [*model.as_list(credential.get("credentialStatus")), *await host.status_entries()]
        credential["credentialStatus"] = entries[0] if len(entries) == 1 else entries
    did = model.id_of(credential["issuer"])
    return {
        "verifiableCredential": await host.sign(credential, did=did, suite=suite, purpose="assertionMethod")
    }


async def issue_presentation(host: Host, body: dict[str, Any], *, suite: str) -> dict[str, Any]:
    """POST /presentations/issue: ``{"presentation", "options"?}`` → ``{"verifiablePresentation"}``.

    ``options``: ``challenge`` and ``domain``. A missing holder is the host. Raises as `issue_credential`.
    """
    presentation = _document(body, "presentation", suite)
    options = _options(body, "challenge", "domain")
    if not model.is_presentation(presentation):
        raise InputError("wrong_type", "That is no presentation.")
    presentation.setdefault("holder", host.did)
    _define_proofs(presentation)
    _require_conforming(presentation)
    secured = await host.sign(
        presentation,
        did=model.id_of(presentation["holder"]),
        suite=suite,
        purpose="authentication",
        challenge=_text(options, "challenge"),
        domain=_text(options, "domain"),
    )
    return {"verifiablePresentation": secured}


async def verify_credential(host: Host, body: dict[str, Any]) -> Answer:
    """POST /credentials/verify: ``{"verifiableCredential", "options"?}``. ``options``: ``checks``."""
    document = _object(body, "verifiableCredential")
    options = _options(body, "checks", "challenge", "domain")
    if model.is_presentation(document):
        raise InputError("wrong_type", "That is a presentation: it has an address of its own.")
    return await _verify(host, document, options)


async def verify_presentation(host: Host, body: dict[str, Any]) -> Answer:
    """POST /presentations/verify: ``{"verifiablePresentation", "options"?}``. ``options``: ``checks``, ``challenge``,
    ``domain``.
    """
    document = _object(body, "verifiablePresentation")
    options = _options(body, "checks", "challenge", "domain")
    if not model.is_presentation(document):
        raise InputError("wrong_type", "That is no presentation.")
    return await _verify(host, document, options)


async def _verify(host: Host, document: dict[str, Any], options: dict[str, Any]) -> Answer:
    left_out = _left_out(options.get("checks"))
    facts = await host.facts(rules.needs(document))
    examined = rules.examine(
        document, facts, challenge=_text(options, "challenge"), domain=_text(options, "domain")
    )
    skipped = {check.code: None for check in examined.checks if check.code in left_out}
    return Answer(
        checks=tuple(check for check in examined.checks if check.code not in left_out),
        skipped=tuple(skipped),
    )


def _left_out(checks: Any) -> frozenset[str]:
    """The codes that a request does not ask for; without ``checks`` it asks for all."""
    if checks is None:
        return frozenset()
    if not isinstance(checks, list) or not checks or not all(isinstance(name, str) for name in checks):
        raise InputError("bad_request", "checks must be a list of at least one name.")
    unknown = sorted(set(checks) - GROUPS.keys())
    if unknown:
        raise InputError("unsupported_check", f"checks may name {', '.join(GROUPS)}.")
    wanted = frozenset().union(*(GROUPS[name] for name in checks))
    return frozenset().union(*GROUPS.values()) - wanted


def _define_proofs(document: dict[str, Any]) -> None:
    """The context of VCDM 1.1 has no words for our proofs: add those that have (Data Integrity 1.0, 2.4.1)."""
    listed = model.as_list(document.get("@context"))
    if model.version(document) == "1.1" and contexts.DATA_INTEGRITY_V2 not in listed:
        document["@context"] = [*listed, contexts.DATA_INTEGRITY_V2]


def _require_conforming(document: dict[str, Any]) -> None:
    """Everything that can be said before there is a proof; whichever suite, every term must be defined."""
    # The one fact needed is none: no key and no list decides about the shape of a document.
    examined = rules.examine(document, Facts(now=clock.now()))
    against = [
        check for check in examined.checks if check.code in _BEFORE_SIGNING and check.result is Result.FAIL
    ]
    if against:
        raise Refused(against)
    jsonld.canonical(document)


def _document(body: dict[str, Any], name: str, suite: str) -> dict[str, Any]:
    """A copy of the document to sign."""
    if suite not in SUITES:
        raise InputError("unsupported_suite", f"Documents are signed with {' or '.join(SUITES)} here.")
    document = dict(_object(body, name))
    if "proof" in document:
        raise InputError("signed_already", "The document has a proof already; this adds none to another's.")
    return document


def _object(body: dict[str, Any], name: str) -> dict[str, Any]:
    unknown = sorted(body.keys() - {name, "options"})
    value = body.get(name)
    if not isinstance(value, dict) or unknown:
        raise InputError("bad_request", f"The body has {name}, which is an object, and perhaps options.")
    return value


def _options(body: dict[str, Any], *names: str) -> dict[str, Any]:
    options = body.get("options")
    if options is None:
        return {}
    if not isinstance(options, dict) or not options.keys() <= set(names):
        raise InputError("unsupported_option", f"The options here are {', '.join(names)}.")
    return options


def _text(options: dict[str, Any], name: str) -> str | None:
    value = options.get(name)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= _MAX_CHARS):
        raise InputError("bad_request", f"{name} must be a text of at most {_MAX_CHARS} characters.")
    return value


def _require_own_status(wanted: Any) -> None:
    if not isinstance(wanted, dict) or wanted != {"type": ENTRY_TYPE}:
        raise InputError(
            "unsupported_option", f"The status of a new credential is {{'type': '{ENTRY_TYPE}'}}."
        )


class AgentHost:
    """An agent with a public DID. The request's issuer or holder is that DID, or the did:key that is kept for readers
    who know no other method.
    """

    def __init__(self, node: Node, lists: StatusLists | None) -> None:
        self._node = node
        self._lists = lists
        self._making = asyncio.Lock()

    @property
    def did(self) -> str:
        return self._node.settings.did

    async def did_key(self) -> str:
        """A did:key of this agent's wallet, made when it is first asked for."""
        async with self._making:
            known = await self._node.vault.get(KIND, DID_KEY)
            if known is None:
                known = {"did": await (await self._node.admin()).create_did_key()}
                await self._node.vault.put(Put(KIND, DID_KEY, known))
            return str(known["did"])

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
        return await signing.sign(
            self._node,
            document,
            did=did,
            suite=suite,
            purpose=purpose,
            challenge=challenge,
            domain=domain,
            now=clock.now(),
        )

    async def status_entries(self) -> list[dict[str, Any]]:
        if self._lists is None:
            raise InputError(
                "no_status_lists", "This agent issues no credentials, and keeps no status lists."
            )
        allocation = await self._lists.allocate()
        await self._node.vault.put(allocation.put)
        return allocation.credential_status

    async def facts(self, needs: rules.Needs) -> Facts:
        """Its own keys and lists are at hand, as it publishes them; the others are looked up."""
        keys, documents = self._own_keys(needs), self._own_lists(needs)
        found = await Lookups(self._node.fetcher, self._node.dids).gather(
            clock.now(),
            dids=(did for did in needs.dids if did not in keys),
            urls=(url for url in needs.urls if url not in documents),
        )
        return Facts(now=found.now, keys={**found.keys, **keys}, documents={**found.documents, **documents})

    def _own_keys(self, needs: rules.Needs) -> dict[str, Keys]:
        document = self._node.public.get_did_document() if self.did in needs.dids else None
        return {} if document is None else {self.did: dids.keys_of(json.loads(document), self.did)}

    def _own_lists(self, needs: rules.Needs) -> dict[str, Fetched]:
        base = f"{self._node.settings.public_base}/status/"
        names = {url: url.removeprefix(base) for url in needs.urls if url.startswith(base)}
        found = {url: self._list(name) for url, name in names.items()}
        return {
            url: Fetched(url=url, result=Result.PASS, content=content)
            for url, content in found.items()
            if content is not None
        }

    def _list(self, name: str) -> bytes | None:
        try:
            return self._node.public.get_status_list(name)
        except InputError:  # no list has such a name
            return None

"""The JSON shapes of AnonCreds proof requests and presentations (AnonCreds v1.0), as typed values.

Shapes only, bounded and strict; what they mean and whether they fit together is `agent.core.reading`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from agent.core.attributes import ATTRIBUTE_NAMES, INTEGER_ATTRIBUTES
from agent.errors import InputError

MAX_ITEMS: Final = 24
MAX_VALUE_CHARS: Final = 65536
ITEM: Final = re.compile(r"c(0|[1-9][0-9]?)")
OPERATORS: Final = {"GE": ">=", "GT": ">", "LE": "<=", "LT": "<"}


@dataclass(frozen=True, slots=True, order=True)
class Bound:
    """A predicate: ``attribute`` is at least ``at_least`` (the only kind that is ever asked)."""

    attribute: str
    at_least: int

    def path(self, item: str) -> str:
        return f"{item}.{self.attribute}>={self.at_least}"


@dataclass(frozen=True, slots=True)
class RequestedItem:
    """One credential asked for: its group of names (may be empty) and its predicates."""

    item: str
    schema_id: str
    cred_def_id: str
    names: tuple[str, ...]
    bounds: tuple[Bound, ...]


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """``nonce`` is empty in a proposal; ``non_revoked_to`` is None when non-revocation was not asked."""

    nonce: str
    items: tuple[RequestedItem, ...]
    non_revoked_to: int | None


@dataclass(frozen=True, slots=True)
class RawGroup:
    """``place`` is the sub-proof index."""

    place: int
    values: dict[str, tuple[str, str]]  # name -> (raw, encoded)


@dataclass(frozen=True, slots=True)
class RawProof:
    revealed: dict[str, str]  # canonical name -> encoded
    predicates: tuple[tuple[str, str, int], ...]  # attribute, GE | GT | LE | LT, value
    non_revocation: bool


@dataclass(frozen=True, slots=True)
class RawIdentifier:
    schema_id: str
    cred_def_id: str
    rev_reg_id: str
    timestamp: int | None


@dataclass(frozen=True, slots=True)
class RawPresentation:
    groups: dict[str, RawGroup]
    predicates: dict[str, int]
    singles: tuple[str, ...]
    self_attested: tuple[str, ...]
    unrevealed: tuple[str, ...]
    proofs: tuple[RawProof, ...]
    identifiers: tuple[RawIdentifier, ...]


def read_request(request: Any) -> ProofRequest:
    """An AnonCreds proof request of the one shape that Cairn makes (`agent.core.disclosure.proposal`).

    Raises `InputError` ``bad_proof_request`` for anything else: an unknown member, a referent that is not
    ``c0`` or ``c0.<attribute>``, a single ``name``, restrictions other than one schema and one credential
    definition, or differing ones within an item.
    """
    known = {"name", "version", "nonce", "requested_attributes", "requested_predicates", "non_revoked"}
    if not isinstance(request, dict) or set(request) - known:
        raise _bad_request("It has members that no request of this kind has.")
    attributes = _mapping(request.get("requested_attributes"))
    predicates = _mapping(request.get("requested_predicates"))
    if len(attributes) > MAX_ITEMS or len(predicates) > MAX_ITEMS * len(ATTRIBUTE_NAMES):
        raise _bad_request(f"It asks for more than {MAX_ITEMS} credentials.")
    found: dict[str, RequestedItem] = {}
    for referent, spec in attributes.items():
        names = _names(spec)
        found[referent] = RequestedItem(_item_name(referent), *_restriction(spec), names, ())
    for referent, spec in predicates.items():
        item, _, attribute = referent.partition(".")
        schema_id, cred_def_id = _restriction(spec)
        before = found.get(item, RequestedItem(_item_name(item), schema_id, cred_def_id, (), ()))
        if (before.schema_id, before.cred_def_id) != (schema_id, cred_def_id):
            raise _bad_request(f"Parts of {item} are restricted to different credential definitions.")
        bound = _bound(spec, attribute)
        found[item] = RequestedItem(item, schema_id, cred_def_id, before.names, (*before.bounds, bound))
    if not found or len(found) > MAX_ITEMS or set(found) != {f"c{index}" for index in range(len(found))}:
        raise _bad_request(f"Its credentials are not c0, c1, … (at most {MAX_ITEMS}).")
    ordered = tuple(found[f"c{index}"] for index in range(len(found)))
    nonce = request.get("nonce") or ""
    if not isinstance(nonce, str):
        raise _bad_request("Its nonce is not a text.")
    return ProofRequest(nonce, ordered, _non_revoked_to(request.get("non_revoked")))


def read_raw(presentation: Any) -> RawPresentation:
    """The parts of a presentation that are read; `InputError` ``bad_presentation`` for another shape."""
    match presentation:
        case {
            "proof": {"proofs": list(proofs)},
            "requested_proof": dict(shown),
            "identifiers": list(identifiers),
        }:
            pass
        case _:
            raise _bad_presentation()
    if max(len(proofs), len(identifiers)) > 2 * MAX_ITEMS:
        raise _bad_presentation()
    known = {
        "revealed_attrs",
        "revealed_attr_groups",
        "self_attested_attrs",
        "unrevealed_attrs",
        "predicates",
    }
    if set(shown) - known:
        raise _bad_presentation()
    sections = {name: _section(shown, name) for name in known}
    return RawPresentation(
        groups={name: _group(value) for name, value in sections["revealed_attr_groups"].items()},
        predicates={name: _place(value) for name, value in sections["predicates"].items()},
        singles=tuple(sorted(sections["revealed_attrs"])),
        self_attested=tuple(sorted(sections["self_attested_attrs"])),
        unrevealed=tuple(sorted(sections["unrevealed_attrs"])),
        proofs=tuple(_proof(value) for value in proofs),
        identifiers=tuple(_identifier(value) for value in identifiers),
    )


def _section(shown: dict[str, Any], name: str) -> dict[str, Any]:
    section = shown.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict) or len(section) > MAX_ITEMS * len(ATTRIBUTE_NAMES):
        raise _bad_presentation()
    return section


def _group(value: Any) -> RawGroup:
    values: dict[str, tuple[str, str]] = {}
    if not isinstance(value, dict) or not isinstance(value.get("values"), dict):
        raise _bad_presentation()
    for name, pair in value["values"].items():
        match pair:
            case {"raw": str(text), "encoded": str(encoded)} if len(text) <= MAX_VALUE_CHARS and _is_text(
                text
            ):
                values[name] = (text, encoded)
            case _:
                raise _bad_presentation()
    return RawGroup(_place(value), values)


def _place(value: Any) -> int:
    place = value.get("sub_proof_index") if isinstance(value, dict) else None
    if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < 2 * MAX_ITEMS:
        raise _bad_presentation()
    return place


def _proof(value: Any) -> RawProof:
    match value:
        case {"primary_proof": {"eq_proof": {"revealed_attrs": dict(revealed)}, **primary}}:
            pass
        case _:
            raise _bad_presentation()
    ge_proofs = primary.get("ge_proofs") or []
    if not isinstance(ge_proofs, list) or not all(isinstance(encoded, str) for encoded in revealed.values()):
        raise _bad_presentation()
    predicates = []
    for entry in ge_proofs:
        match entry:
            case {"predicate": {"attr_name": str(name), "p_type": str(kind), "value": int(bound)}} if (
                kind in OPERATORS and not isinstance(bound, bool)
            ):
                predicates.append((name, kind, bound))
            case _:
                raise _bad_presentation()
    return RawProof(dict(revealed), tuple(predicates), value.get("non_revoc_proof") is not None)


def _identifier(value: Any) -> RawIdentifier:
    match value:
        case {"schema_id": str(schema_id), "cred_def_id": str(cred_def_id)}:
            rev_reg_id, timestamp = value.get("rev_reg_id"), value.get("timestamp")
        case _:
            raise _bad_presentation()
    if not (rev_reg_id is None or isinstance(rev_reg_id, str)):
        raise _bad_presentation()
    if not (timestamp is None or (isinstance(timestamp, int) and not isinstance(timestamp, bool))):
        raise _bad_presentation()
    return RawIdentifier(schema_id, cred_def_id, rev_reg_id or "", timestamp)


def _item_name(referent: str) -> str:
    if not ITEM.fullmatch(referent):
        raise _bad_request("A referent is not c0, c1, …")
    return referent


def _names(spec: Any) -> tuple[str, ...]:
    names = spec.get("names") if isinstance(spec, dict) else None
    if not isinstance(names, list) or not names or set(spec) != {"names", "restrictions"}:
        raise _bad_request("An attribute is not asked as a group of names with restrictions.")
    if any(name not in ATTRIBUTE_NAMES for name in names) or len(set(names)) != len(names):
        raise _bad_request("A group of names repeats one or holds one that the schema does not have.")
    return tuple(names)


def _bound(spec: Any, attribute: str) -> Bound:
    value = spec.get("p_value")
    if (
        set(spec) != {"name", "p_type", "p_value", "restrictions"}
        or spec["name"] != attribute
        or attribute not in INTEGER_ATTRIBUTES
        or spec["p_type"] != ">="
        or not isinstance(value, int)
        or isinstance(value, bool)
        or not 0 <= value < 2**31
    ):
        raise _bad_request("A predicate is not of the form <item>.<attribute> >= bound.")
    return Bound(attribute, value)


def _restriction(spec: Any) -> tuple[str, str]:
    restrictions = spec.get("restrictions") if isinstance(spec, dict) else None
    match restrictions:
        case [{"schema_id": str(schema_id), "cred_def_id": str(cred_def_id), **rest}] if not rest:
            return schema_id, cred_def_id
    raise _bad_request("A part is not restricted to one schema and one credential definition.")


def _non_revoked_to(interval: Any) -> int | None:
    match interval:
        case None:
            return None
        case {"from": 0, "to": int(to), **rest} if not rest:
            return to
    raise _bad_request('Its non_revoked interval is not {"from": 0, "to": time}.')


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _bad_request("It lacks requested_attributes or requested_predicates.")
    return value


def _is_text(value: str) -> bool:
    return not any(0xD800 <= ord(char) <= 0xDFFF for char in value)


def _bad_request(detail: str) -> InputError:
    return InputError("bad_proof_request", f"The proof request cannot be used. {detail}")


def _bad_presentation() -> InputError:
    return InputError(
        "bad_presentation", "The presentation does not have the shape of an AnonCreds presentation."
    )

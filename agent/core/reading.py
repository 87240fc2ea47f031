"""Reading an AnonCreds proof request and a presentation: the one code path for both sides.

The verifier reads what arrived; the wallet reads what would arrive (`agent.core.consent`), so that "what they
will see" is computed by the verifier's own code. Reading believes nothing: every referent, name, encoding,
predicate and sub-proof index is compared with what was asked, and each difference is a `Problem`.

AnonCreds v1.0, and ACA-Py's verifier with it, leaves these to the application, and this module does them:

- referents are not bound to one credential: a proof whose ``c0`` comes from one credential and whose
  ``c0.eqf_level`` from another verifies. All referents of an item must share one sub-proof, and no two items
  may share one (step 3);
- the part of the presentation that people read (``requested_proof``) and the part that is proved (``proof``)
  are separate texts: names, values and bounds must be equal in both (steps 5 and 6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agent.core.anoncreds_json import (
    ITEM,
    OPERATORS,
    Bound,
    ProofRequest,
    RawGroup,
    RawPresentation,
    RawProof,
    RequestedItem,
    read_raw,
)
from agent.core.attributes import INTEGER_ATTRIBUTES, encode

_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class PresentedItem:
    """One credential as a verifier sees it.

    ``revealed`` holds raw attribute values. ``issuer_did`` and ``key`` (thumbprint of the key that signed the
    credential definition) are empty until `agent.core.presentation.examine` has established them.
    """

    item: str
    schema_id: str
    cred_def_id: str
    rev_reg_id: str = ""
    timestamp: int | None = None
    non_revocation_proof: bool = False
    revealed: Mapping[str, str] = field(default_factory=dict)
    bounds: tuple[Bound, ...] = ()
    issuer_did: str = ""
    key: str = ""

    def number(self, attribute: str) -> int | None:
        """A revealed integer attribute, None when it is hidden."""
        value = self.revealed.get(attribute)
        return None if value is None or not _DIGITS.fullmatch(value) else int(value)

    def at_least(self, attribute: str) -> int | None:
        """The revealed value, else the proved lower bound, else None."""
        value = self.number(attribute)
        proved = max((bound.at_least for bound in self.bounds if bound.attribute == attribute), default=None)
        return proved if value is None else value


@dataclass(frozen=True, slots=True)
class Problem:
    """``step`` is the number in `read_presentation`, ``reason`` a snake_case word, ``subject`` an item."""

    step: int
    reason: str
    detail: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """``items`` is empty when it is not certain which value belongs to which credential."""

    items: tuple[PresentedItem, ...]
    problems: tuple[Problem, ...]


def read_presentation(asked: ProofRequest, presentation: Any) -> Reading:
    """Compare a presentation with its request, and say what each credential shows.

    1. Referents: exactly those asked, nothing revealed one by one, each group with exactly its names.
       (AnonCreds verifies a presentation that answers more than was asked.)
    2. Nothing self-attested, nothing unrevealed: such a value has no issuer.
    3. Binding: all referents of an item in one sub-proof, each item in its own. (See the module.)
    4. Identifiers: as many sub-proofs and identifiers as items, each of the credential definition asked.
    5. Values: raw encodes to encoded, which equals the proved value; no further attribute is revealed by the
       cryptographic part; whole numbers are written in the one canonical way.
    6. Predicates: those proved are those asked: attribute, type and bound.

    Raises `InputError` ``bad_presentation`` when it does not have the AnonCreds shape at all.
    """
    raw = read_raw(presentation)
    problems = [*_referent_problems(asked, raw), *_self_attested_problems(raw)]
    places, misplaced = _places(asked, raw)
    problems += misplaced
    if problems:
        return Reading((), tuple(problems))
    items = []
    for item in asked.items:
        place = places[item.item]
        identifier, proof = raw.identifiers[place], raw.proofs[place]
        problems += _value_problems(item, proof, raw.groups.get(item.item))
        problems += _predicate_problems(item, proof)
        group = raw.groups.get(item.item)
        items.append(
            PresentedItem(
                item=item.item,
                schema_id=identifier.schema_id,
                cred_def_id=identifier.cred_def_id,
                rev_reg_id=identifier.rev_reg_id,
                timestamp=identifier.timestamp,
                non_revocation_proof=proof.non_revocation,
                revealed={name: value for name, (value, _) in group.values.items()} if group else {},
                bounds=item.bounds,
            )
        )
    return Reading(() if problems else tuple(items), tuple(problems))


def revealed_paths(presentation: Any) -> tuple[str, ...]:
    """Everything a presentation gives away, as sorted paths: ``c0.title``, ``c0.eqf_level>=6``.

    The union of what ``requested_proof`` says and what the cryptographic part reveals; a sub-proof that
    belongs to no referent, a single attribute or a self-attested value gets a path that no consent contains.
    Raises `InputError` ``bad_presentation``.
    """
    raw = read_raw(presentation)
    owners: dict[int, set[str]] = {}
    for referent, place in [(name, group.place) for name, group in raw.groups.items()] + [
        *raw.predicates.items()
    ]:
        owners.setdefault(place, set()).add(referent.partition(".")[0])
    paths = {f"{item}.{name}" for item, group in raw.groups.items() for name in group.values}
    for place, proof in enumerate(raw.proofs):
        for owner in owners.get(place, {f"sub-proof {place}"}):
            paths |= {f"{owner}.{name}" for name in proof.revealed}
            paths |= {f"{owner}.{name}{OPERATORS[kind]}{value}" for name, kind, value in proof.predicates}
    paths |= {f"single:{name}" for name in raw.singles}
    paths |= {f"self_attested:{name}" for name in raw.self_attested}
    return tuple(sorted(paths))


def _referent_problems(asked: ProofRequest, raw: RawPresentation) -> list[Problem]:
    groups = {item.item: set(item.names) for item in asked.items if item.names}
    predicates = {f"{item.item}.{bound.attribute}" for item in asked.items for bound in item.bounds}
    found = [
        Problem(1, "unasked_referent", f"{name} was not asked for.", _subject(name))
        for name in sorted(
            set(raw.groups) - set(groups) | set(raw.predicates) - predicates | set(raw.singles)
        )
    ]
    found += [
        Problem(1, "missing_referent", f"{name} was asked for and is missing.", _subject(name))
        for name in sorted(set(groups) - set(raw.groups) | predicates - set(raw.predicates))
    ]
    found += [
        Problem(1, "other_names", f"The attributes in {name} are not those asked for.", name)
        for name in sorted(set(groups) & set(raw.groups))
        if set(raw.groups[name].values) != groups[name]
    ]
    return found


def _self_attested_problems(raw: RawPresentation) -> list[Problem]:
    found = [
        Problem(2, "self_attested", f"{name} is stated by the holder, not by an issuer.", _subject(name))
        for name in raw.self_attested
    ]
    found += [Problem(2, "unrevealed", f"{name} is not revealed.", _subject(name)) for name in raw.unrevealed]
    return found


def _places(asked: ProofRequest, raw: RawPresentation) -> tuple[dict[str, int], list[Problem]]:
    """Item name -> sub-proof index, and the problems of steps 3 and 4."""
    used: dict[str, set[int]] = {}
    for name, group in raw.groups.items():
        used.setdefault(_subject(name), set()).add(group.place)
    for name, place in raw.predicates.items():
        used.setdefault(_subject(name), set()).add(place)
    found = [
        Problem(3, "mixed_credentials", f"The parts of {item} come from different credentials.", item)
        for item, places in sorted(used.items())
        if len(places) > 1
    ]
    owners: dict[int, list[str]] = {}
    for item, places in sorted(used.items()):
        for place in places:
            owners.setdefault(place, []).append(item)
    found += [
        Problem(3, "same_credential", f"{' and '.join(items)} come from one credential.", items[1])
        for items in owners.values()
        if len(items) > 1
    ]
    if len(raw.proofs) != len(asked.items) or len(raw.identifiers) != len(asked.items):
        found.append(
            Problem(4, "extra_identifiers", "It holds more or fewer credentials than were asked for.")
        )
    elif not set(owners) <= set(range(len(asked.items))):
        found.append(Problem(4, "no_such_sub_proof", "A part refers to a sub-proof that is not there."))
    if found:
        return {}, found
    places_by_item = {item: min(places) for item, places in used.items()}
    for wanted in asked.items:
        if wanted.item not in places_by_item:
            continue  # step 1 has named what is missing
        identifier = raw.identifiers[places_by_item[wanted.item]]
        if (identifier.schema_id, identifier.cred_def_id) != (wanted.schema_id, wanted.cred_def_id):
            detail = f"{wanted.item} is not of the schema and credential definition asked for."
            found.append(Problem(4, "other_credential", detail, wanted.item))
    return places_by_item, found


def _value_problems(item: RequestedItem, proof: RawProof, group: RawGroup | None) -> list[Problem]:
    found = []
    values = group.values if group else {}
    for name, (value, encoded) in values.items():
        if encode(value) != encoded:
            found.append(
                Problem(5, "value_changed", f"{name} does not have the value that was signed.", item.item)
            )
        elif proof.revealed.get(_canonical(name)) != encoded:
            found.append(Problem(5, "value_not_proved", f"{name} is shown but not proved.", item.item))
        elif name in INTEGER_ATTRIBUTES and not _DIGITS.fullmatch(value):
            # 007 and +7 encode like 7: only one spelling is accepted, so that nobody chooses another.
            found.append(Problem(5, "number_spelled", f"{name} is not a whole number as issued.", item.item))
    found += [
        Problem(5, "more_revealed", f"The proof also reveals {name[:60]}.", item.item)
        for name in sorted(set(proof.revealed) - {_canonical(name) for name in values})
    ]
    return found


def _predicate_problems(item: RequestedItem, proof: RawProof) -> list[Problem]:
    wanted = sorted((_canonical(bound.attribute), "GE", bound.at_least) for bound in item.bounds)
    if sorted(proof.predicates) == wanted:
        return []
    return [
        Problem(
            6, "other_predicates", f"The predicates proved for {item.item} are not those asked.", item.item
        )
    ]


def _canonical(name: str) -> str:
    """AnonCreds compares attribute names without spaces and in lower case."""
    return name.replace(" ", "").lower()


def _subject(referent: str) -> str:
    item = referent.partition(".")[0]
    return item if ITEM.fullmatch(item) else ""


def paths_of(item: str, names: Iterable[str], bounds: Iterable[Bound]) -> tuple[str, ...]:
    """The paths of one item as `revealed_paths` writes them."""
    return (*(f"{item}.{name}" for name in names), *(bound.path(item) for bound in bounds))

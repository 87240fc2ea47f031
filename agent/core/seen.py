"""What a verifier can tell from a presentation, in words; used by the verdict and by the consent screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from agent.core import claims
from agent.core.anoncreds_json import Bound
from agent.core.needs import AWARDED, EXPIRES, LEVEL, claim_of
from agent.core.reading import PresentedItem

NOT_EXPIRED_LABEL = "Not expired"


@dataclass(frozen=True, slots=True)
class Seen:
    """One fact. ``value`` may hold anything the issuer wrote: show it through ``safe_text``."""

    item: str
    label: str
    value: str

    def to_json(self) -> dict[str, str]:
        return {"item": self.item, "label": self.label, "value": self.value}


def seen(items: Iterable[PresentedItem]) -> tuple[Seen, ...]:
    """Everything that the items show: issuer, revealed claims, proved minimums, that it is not revoked."""
    found: list[Seen] = []
    for item in items:
        found.append(Seen(item.item, "Issued by", issuer_of(item.cred_def_id)))
        found += [
            Seen(item.item, claim.label, claims.display_claim(claim.name, item.revealed))
            for claim in claims.CLAIMS.values()
            if set(claim.attributes) & set(item.revealed)
        ]
        found += [Seen(item.item, bound_label(bound), bound_text(bound)) for bound in item.bounds]
        if item.rev_reg_id:
            found.append(Seen(item.item, "Not revoked", "proved against the issuer's status list"))
    return tuple(found)


def bound_label(bound: Bound) -> str:
    return NOT_EXPIRED_LABEL if bound.attribute == EXPIRES else claim_of(bound.attribute).label


def bound_text(bound: Bound) -> str:
    """``at least EQF 6``, ``at least 5 ECTS``, ``valid on 1 June 2025``, ``1 June 2025 or later``; 1 is the least
    that is anything."""
    if bound.at_least == 1 and bound.attribute != LEVEL:
        return "more than none"
    value = claims.display(bound.attribute, str(bound.at_least))
    if bound.attribute == AWARDED:
        return f"{value} or later"
    return f"valid on {value}" if bound.attribute == EXPIRES else f"at least {value}"


def issuer_of(cred_def_id: str) -> str:
    """The DID under which the credential definition lies; the verifier sees it in every proof."""
    return cred_def_id.partition("/anoncreds/")[0]

"""The envelopes, by name."""

from __future__ import annotations

from agent.errors import InputError
from agent.formats.anoncreds import AnonCreds
from agent.formats.envelope import Envelope, Held
from agent.formats.open_badge2 import OpenBadge2
from agent.formats.signed import SignedDocument, SignedToken

ENVELOPES: dict[str, Envelope] = {
    each.name: each for each in (AnonCreds(), SignedDocument(), SignedToken(), OpenBadge2())
}


def envelope_of(held: Held) -> Envelope:
    """By the name that the wallet noted; what was stored before there were two is AnonCreds."""
    name = held.get("envelope", AnonCreds.name)
    try:
        return ENVELOPES[name]
    except KeyError:
        raise InputError(
            "unknown_envelope", "The wallet holds a credential of a kind it does not know."
        ) from None

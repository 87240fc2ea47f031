"""Finding in a list by words: ``eqf:7 issuer:munster status:unknown data``. Pure, and quick at 10,000."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wallet_tui.model import Summary

MAX_QUERY_CHARS = 200


@dataclass(frozen=True, slots=True)
class Indexed:
    """A credential with its searchable words, made once per load."""

    item: Summary
    words: str
    issuer: str

    @classmethod
    def of(cls, item: Summary) -> Indexed:
        issuer = f"{item.issuer.name.raw} {item.issuer.host.raw} {item.issuer.did.raw}".casefold()[:500]
        rest = f"{item.title.raw} {item.awarded_on.raw} {item.state}".casefold()[:1000]
        return cls(item, f"{rest} {issuer}", issuer)


def find(query: str, items: Sequence[Indexed]) -> list[Summary]:
    """Items that fulfil every word of ``query``; a word with an unknown prefix is looked for as it stands."""
    found: Sequence[Indexed] = items
    for word in query[:MAX_QUERY_CHARS].casefold().split():
        prefix, colon, value = word.partition(":")
        if colon and prefix == "eqf":
            found = [entry for entry in found if str(entry.item.eqf) == value]
        elif colon and prefix == "status":
            found = [entry for entry in found if entry.item.state.startswith(value)]
        elif colon and prefix == "issuer":
            found = [entry for entry in found if value in entry.issuer]
        else:
            found = [entry for entry in found if word in entry.words]
    return [entry.item for entry in found]

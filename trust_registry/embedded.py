"""The data that come with the package (`data/README.md` says what is real); always of kind demo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trust_registry import strict_json
from trust_registry.harvested import Ingested
from trust_registry.ingest.deqar_csv import Loader

DATA = Path(__file__).parent / "data"
_COPIED = "2026-11-22"  # data/deqar/README.md
_DEQAR = {"retrieved_at": _COPIED, "licence": "ODC-PDDL (public derivative of DEQAR)"}
_FIXTURES = {"retrieved_at": _COPIED, "licence": "EQAR public fixtures of about 2018; licence not stated"}
_QUOTED = {"retrieved_at": _COPIED, "licence": "facts quoted from DEQAR"}
_INVENTED = {"retrieved_at": _COPIED, "licence": "invented for demonstrations; not EQAR's"}


def load() -> Ingested:
    loader = Loader()
    loader.countries(DATA / "deqar" / "countries.csv", **_FIXTURES)
    loader.agencies(DATA / "deqar" / "deqar-agencies.csv", **_FIXTURES)
    loader.institutions(DATA / "deqar" / "deqar-institutions.csv", **_DEQAR)
    loader.reports(DATA / "reports-quoted.csv", **_QUOTED)
    loader.reports(DATA / "reports-illustrative.csv", **_INVENTED)
    return loader.found


def shared_schema() -> dict[str, Any]:
    """``{"name", "version", "attrNames"}`` of the one schema all issuers use (design.md, "Credentials")."""
    path = DATA / "schemas" / "microcredential-1.0.json"
    found: dict[str, Any] = strict_json.loads(path.read_bytes(), max_bytes=64 * 1024)
    return found

"""The European Learning Model's files, which do not come with the software, and credentials made for tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.core.record import Record
from agent.roots import default_root
from agent.services import elm as service
from agent.vc import elm, elm_shapes
from agent.vc.elm_shapes import Examined

ID = "urn:uuid:7b0f6d3e-9a55-4d8c-8f3b-0d1f6a3f2b12"
SUBJECT = "urn:uuid:11111111-9a55-4d8c-8f3b-0d1f6a3f2b12"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n and what follows"
LEGAL = elm.LegalIdentifier(country="IE", number="IE-0001")
REVIEW = elm.Accreditation(
    title="Institutional review",
    agency="Quality and Qualifications Ireland",
    scope="institution",
    agency_country="IE",
    id="DEQAR-1",
    report="https://agency.example/report",
    valid_from=date(2021, 1, 1),
    valid_until=date(2027, 12, 31),
)
BESIDE = Path(__file__).resolve().parents[4] / "shared" / "data" / "elm"


def folder() -> Path:
    """The copy beside this clone, else an installed one; else the test is skipped, with the reason."""
    for place in (BESIDE, service.folder_of(default_root() / "elm")):
        if all((place / file.name).is_file() for file in service.FILES):
            return place
    return pytest.skip(
        "the European Learning Model is neither in ../shared/data/elm nor installed (cairn elm install)"
    )


@cache
def contents() -> dict[str, bytes]:
    place = folder()
    return {file.name: (place / file.name).read_bytes() for file in service.FILES}


def made(found: Record, **more: Any) -> dict[str, Any]:
    return elm.to_elm(
        found, issuer_did=found.issuer.did, credential_id=ID, subject_id=SUBJECT, issued=NOW, **more
    )


def examine(document: Any) -> Examined:
    return elm_shapes.examine(document, contents())


def broken(found: Examined) -> set[tuple[str, str]]:
    return {(each.path, each.constraint) for each in found.findings}

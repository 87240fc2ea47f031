"""From a snapshot and bindings to the facts that bear on one question; `resolve` decides on them.

Everything that could change the answer is gathered and, of the reports, little else: those in force on the day of
award, and the last few that had ended. A property test compares the answers with those from all facts
(tests/unit/trust_registry/test_gathering.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trust_registry import cover
from trust_registry.facts import Binding, Facts, Faculty, Institution, Relation, Report, SnapshotFacts
from trust_registry.models import Query
from trust_registry.snapshot import Snapshot


def gather(
    snapshot: Snapshot,
    about: SnapshotFacts,
    bindings: tuple[Binding, ...],
    query: Query,
    *,
    intact: bool = True,
) -> Facts:
    """``bindings``: all records of the DID, whenever made; ``intact`` False: one of them does not verify."""
    run = snapshot.run_at(query.known_at)
    relations: dict[Relation, None] = {}
    faculties: dict[Faculty, None] = {}
    reports: dict[str, Report] = {}
    institutions: list[Institution] = []
    for one in {binding.institution_id for binding in bindings}:
        institution = snapshot.institution(one, run, whole=False)
        if institution is None:
            continue
        institutions.append(institution)
        owners: Sequence[tuple[str, tuple[Relation | Faculty, ...]]] = ((one, ()),)
        if snapshot.has_kin(one):
            kin = _kin(snapshot, one, run, about)
            relations.update(dict.fromkeys(kin.relations))
            faculties.update(dict.fromkeys(kin.faculties))
            institutions += kin.institutions
            owners = cover.owners(replace(kin, institutions=tuple(institutions)), one, query.awarded_on)
        for owner, via in owners:
            handed = [step.at for step in via if isinstance(step, Relation)]
            found = snapshot.bearing(owner, query.programme, query.awarded_on, handed, run)
            reports.update((report.id, report) for report in found)
    agencies = (snapshot.agency(name, run) for name in {report.agency for report in reports.values()})
    return Facts(
        snapshot=about,
        bindings=bindings,
        bindings_intact=intact,
        institutions=tuple(institutions),
        relations=tuple(relations),
        faculties=tuple(faculties),
        reports=tuple(reports.values()),
        agencies=tuple(agency for agency in agencies if agency is not None),
    )


def _kin(snapshot: Snapshot, institution: str, run: int, about: SnapshotFacts) -> Facts:
    """What the institution is a faculty of, those wholes, and what led to each of them."""
    faculties: dict[Faculty, None] = {}
    front = [institution]
    while front:
        steps = [step for one in front for step in snapshot.wholes(one, run) if step not in faculties]
        faculties.update(dict.fromkeys(steps))
        front = [step.whole for step in steps]
    wholes = {step.whole for step in faculties} - {institution}
    found = (snapshot.institution(one, run, whole=False) for one in wholes)
    relations = {step: None for one in (institution, *wholes) for step in snapshot.lineage(one, run)}
    return Facts(
        snapshot=about,
        institutions=tuple(one for one in found if one is not None),
        relations=tuple(relations),
        faculties=tuple(faculties),
    )

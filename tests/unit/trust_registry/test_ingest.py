"""The real sample, its quirks, and files that are not what they should be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.unit.trust_registry.samples import CIT_ID, MTU_ID
from trust_registry import embedded
from trust_registry.errors import IngestError
from trust_registry.facts import Closure, Identifier, Relation
from trust_registry.harvested import Ingested
from trust_registry.ingest.deqar_csv import Loader
from trust_registry.ingest.naming import identifiers, split_identifiers
from trust_registry.vocabulary import Cycle, RelationKind, ReportDecision

FROM = {"retrieved_at": "2026-11-22", "licence": "test"}


@pytest.fixture(scope="module")
def sample() -> Ingested:
    return embedded.load()


def institution(sample: Ingested, number: int) -> object:
    return sample.institutions[f"DEQARINST{number:04}"]


def test_counts_and_provenance(sample: Ingested) -> None:
    assert (len(sample.institutions), len(sample.agencies), len(sample.reports)) == (135, 46, 4)
    assert {source.file: source.rows for source in sample.sources}["deqar-institutions.csv"] == 135
    assert all(len(source.sha256) == 64 and source.licence for source in sample.sources)
    assert "SPACE" not in sample.agencies  # EQAR's test agency is set aside


def test_cork_it_is_open_until_the_last_day_of_2020(sample: Ingested) -> None:
    assert sample.institutions[CIT_ID].closure == Closure(date(2021, 1, 1), date(2021, 1, 1))
    assert Relation(CIT_ID, MTU_ID, date(2021, 1, 1), RelationKind.SUCCEEDED) in sample.relations
    # Both sides state it; it is one fact.
    assert sum(step.predecessor == CIT_ID for step in sample.relations) == 1


@pytest.mark.parametrize(
    ("number", "closure"),
    [
        (1376, Closure(date(2016, 1, 1), date(2017, 1, 1))),  # a bare year and no event
        (4485, Closure(date(2011, 1, 1), date(2012, 1, 1))),  # closed a year after its event
        (759, Closure(date(2019, 1, 1), date(2019, 9, 1))),  # absorbed by two
        (1362, Closure(date(2019, 7, 1), date(2019, 7, 1))),  # the successor is not in the sample
        (1378, None),  # absorbed, but not closed
    ],
)
def test_closures(sample: Ingested, number: int, closure: Closure | None) -> None:
    assert sample.institutions[f"DEQARINST{number:04}"].closure == closure


def test_countries(sample: Ingested) -> None:
    assert sample.institutions["DEQARINST9869"].countries == ("BH", "EG", "JO", "KW", "LB", "OM", "SA", "SD")
    assert sample.institutions["DEQARINST0071"].countries == ("BE",)  # Belgium (French Community)
    assert any(not found.countries for found in sample.institutions.values())  # alliances


def test_what_could_not_be_read_is_said(sample: Ingested) -> None:
    reasons = {(item.file, item.reason) for item in sample.quarantined}
    assert reasons == {
        ("deqar-agencies.csv", "a test agency"),
        ("deqar-institutions.csv", "a relationship to an institution not in this file"),
    }


def test_reports_are_real_and_quoted_or_marked_illustrative(sample: Ingested) -> None:
    real = {report.id: report for report in sample.reports.values() if not report.illustrative}
    assert set(real) == {"47914", "25106"}
    assert real["25106"].decision is ReportDecision.CONDITIONAL
    assert real["25106"].cycles == {Cycle.SECOND}
    made_up = [report for report in sample.reports.values() if report.illustrative]
    assert len(made_up) == 2
    for report in made_up:
        assert report.local_identifier.startswith("ILLUSTRATIVE-")
        assert report.url == ""
        start, end = sample.agencies[report.agency].registrations[0]
        assert end is not None
        assert start <= report.valid_from <= end


def test_other_names_and_identifiers(sample: Ingested) -> None:
    found = sample.institutions
    assert found["DEQARINST0747"].names == ("Tallinna Tehnikaülikool", "Taltech")
    assert found["DEQARINST0382"].identifiers == (Identifier("ROR", "https://ror.org/04xfq0f34"),)
    # Quirk: the name of a system stands where a name should; brackets inside a name are no such thing.
    assert found["DEQARINST4484"].names == ("Institut Superieur D'architecture Intercommunal",)
    assert found["DEQARINST4482"].names == ()
    assert found["DEQARINST4637"].names == ("Neumann János Egyetem (NJE)",)
    assert sample.faculties == []  # parents have no type there: 0498 has an alliance and itself for parents


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("ROR: https://ror.org/1", [("ROR", "https://ror.org/1")]),
        ("ROR: https://ror.org/1 | WHED: IAU-2", [("ROR", "https://ror.org/1"), ("WHED", "IAU-2")]),
        ("EU-PIC: 1, EU-VAT: AT 2", [("EU-PIC", "1"), ("EU-VAT", "AT 2")]),
        (
            "DID-EBSI: did:ebsi:z1; Erasmus: A  GRAZ02",
            [("DID-EBSI", "did:ebsi:z1"), ("Erasmus", "A  GRAZ02")],
        ),
        ("local identifier: 5 | ROR: x", [("ROR", "x")]),
        ("ROR: x | ROR: x", [("ROR", "x")]),
    ],
)
def test_identifiers_of_the_csv(text: str, found: list[tuple[str, str]]) -> None:
    notes: list[str] = []
    read = identifiers(split_identifiers(text, notes), notes)
    assert [(one.resource, one.value) for one in read] == sorted(found)
    assert notes == []


@pytest.mark.parametrize(
    "text",
    ["ROR", "ROR:x", ": x", "ROR: ", "ROR: x, y", "ROR: x | y", "ROR: x\ny", "ROR: " + "x" * 201, "5R: x"],
)
def test_identifiers_of_the_csv_that_are_not_read(text: str) -> None:
    notes: list[str] = []
    assert identifiers(split_identifiers(text, notes), notes) == ()
    assert set(notes) == {"an identifier that cannot be read"}


INSTITUTION_HEADER = (
    "deqar_id,deqar_url,country,name_primary,name_official,name_versions,founding_date,closure_date,"
    "historic_relationships,identifiers_all"
)


def load_institutions(folder: Path, *rows: str) -> Ingested:
    (folder / "countries.csv").write_text("name_english,alpha2\nIreland,IE\nAustria,AT\n")
    (folder / "institutions.csv").write_text("\n".join([INSTITUTION_HEADER, *rows]))
    loader = Loader()
    loader.countries(folder / "countries.csv", **FROM)
    loader.institutions(folder / "institutions.csv", **FROM)
    return loader.found


def test_one_row_per_location_adds_its_names_and_identifiers(tmp_path: Path) -> None:
    found = load_institutions(
        tmp_path,
        "DEQARINST0001,,Ireland,One,Eins,Uno | Un,,,,ROR: 1",
        "DEQARINST0001,,Austria,One,Eins,Ein,,,,WHED: 2 | ROR: 1",
        "DEQARINST0002,,Austria,Two,,,,,,who knows",
    )
    one = found.institutions["DEQARINST0001"]
    assert (one.countries, one.names) == (("IE", "AT"), ("Eins", "Uno", "Un", "Ein"))
    assert one.identifiers == (Identifier("ROR", "1"), Identifier("WHED", "2"))
    assert [(item.row, item.key, item.reason) for item in found.quarantined] == [
        (4, "DEQARINST0002", "an identifier that cannot be read")
    ]
    assert "DEQARINST0002" in found.institutions  # what is not read of it is left out, and the rest stands


def test_relationships_that_name_the_other_by_its_id(tmp_path: Path) -> None:
    rows = (
        "DEQARINST0001,,Ireland,Same,,,,,2020-01-01: succeeded by DEQARINST0002 Same,",
        'DEQARINST0002,,Ireland,Same,,,,,"2020-01-01: succeeded DEQARINST0001 Same, 2019-01-01: absorbed'
        ' DEQARINST0009 Gone",',
    )
    found = load_institutions(tmp_path, *rows)
    assert found.relations == [
        Relation("DEQARINST0001", "DEQARINST0002", date(2020, 1, 1), RelationKind.SUCCEEDED)
    ]
    assert [item.reason for item in found.quarantined] == [
        "a relationship to an institution not in this file"
    ]


REPORT_HEADER = (
    "report_id,report_url,hei_deqar_id,programme_name,programme_qf_ehea_level,report_agency,report_type,"
    "report_status,report_decision,report_valid_from,report_valid_to,report_local_identifier"
)
REPORT_ROW = (
    "7,https://data.deqar.eu/report/7,DEQARINST0001,,,QQI,institutional,voluntary,positive,2018-01-01,,"
)


def load_reports(folder: Path, *rows: str, header: str = REPORT_HEADER) -> Ingested:
    path = folder / "reports.csv"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join([header, *rows]).encode())
    loader = Loader()
    loader.reports(path, **FROM)
    return loader.found


def test_a_row_with_a_byte_order_mark_before_it(tmp_path: Path) -> None:
    found = load_reports(tmp_path, REPORT_ROW)
    assert set(found.reports) == {"7"}
    assert found.quarantined == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (REPORT_ROW.replace("positive", "excellent"), "an unknown reportdecision"),
        (REPORT_ROW.replace("voluntary", "optional"), "an unknown status"),
        (REPORT_ROW.replace("institutional", "regional"), "an unknown activity"),
        (REPORT_ROW.replace("2018-01-01", "01.01.2018"), "report_valid_from is not a date"),
        (REPORT_ROW.replace("DEQARINST0001", "1"), "not a DEQAR institution id"),
        (REPORT_ROW.replace("7,https", "seven,https"), "the report id is not a number"),
        (REPORT_ROW.replace("7,https", "ILLUSTRATIVE-7,https"), "an illustrative report needs its mark"),
        (REPORT_ROW + "ILLUSTRATIVE-7", "an illustrative report needs its mark"),
        (REPORT_ROW + ",more", "another number of fields"),
        ("7,short", "another number of fields"),
    ],
)
def test_a_row_that_cannot_be_read_is_set_aside_and_the_rest_loaded(
    tmp_path: Path, row: str, reason: str
) -> None:
    found = load_reports(tmp_path, row, REPORT_ROW.replace("7", "8"))
    assert set(found.reports) == {"8"}
    (item,) = found.quarantined
    assert item.row == 2
    assert reason in item.reason


def test_one_report_about_two_institutions(tmp_path: Path) -> None:
    second = REPORT_ROW.replace("DEQARINST0001", "DEQARINST0002")
    found = load_reports(tmp_path, REPORT_ROW, second)
    assert found.reports["7"].institution_ids == ("DEQARINST0001", "DEQARINST0002")
    contradicting = load_reports(tmp_path, REPORT_ROW, second.replace("positive", "negative"))
    assert [item.reason for item in contradicting.quarantined] == [
        "another row of the same report says otherwise"
    ]


def test_files_that_are_not_the_csv_they_should_be(tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="missing_column"):
        load_reports(tmp_path, REPORT_ROW, header=REPORT_HEADER.replace("report_status", "status"))
    loader = Loader()
    with pytest.raises(IngestError, match="unreadable"):
        loader.reports(tmp_path / "absent.csv", **FROM)
    (tmp_path / "latin.csv").write_bytes("name_english,alpha2\nCôte,CI".encode("latin-1"))
    with pytest.raises(IngestError, match="unreadable"):
        loader.countries(tmp_path / "latin.csv", **FROM)


def test_the_shared_schema_has_the_agreed_attributes() -> None:
    names = embedded.shared_schema()["attrNames"]
    assert len(names) == len(set(names)) == 31
    assert names[0] == "title"
    assert names[-1] == "record_digest"

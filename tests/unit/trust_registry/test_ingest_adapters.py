"""The adapters against DEQAR as it behaves (`tests.simulators.deqar`), over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests.simulators.deqar import TOKEN, Deqar, Inst, Rep, programme, world
from tests.unit.trust_registry.samples import NOW
from trust_registry.errors import IngestError, QueryError, SourceUnreachable
from trust_registry.fact_json import Kind, flatten
from trust_registry.facts import Closure, Relation
from trust_registry.ingest.adapters import adapter_for
from trust_registry.ingest.fetch import Limits, checked_url
from trust_registry.ingest.source import Adapter, Harvest, Progress
from trust_registry.vocabulary import Flag, RelationKind

CHANGE = date(2021, 1, 1)
ONCE = Limits(attempts=1, pause=0)
CSV = {Kind.AGENCY, Kind.INSTITUTION, Kind.RELATION, Kind.REPORT}


@pytest.fixture
def deqar() -> Iterator[Deqar]:
    with world().serving() as simulator:
        yield simulator


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def adapter(
    deqar: Deqar, folder: Path, way: str, clock: Clock | None = None, limits: Limits = ONCE, page: int = 7
) -> Adapter:
    base = f"{deqar.url}/static/daily-csv" if way == "csv" else deqar.url
    return adapter_for(
        f"{way}:{base}", spool=folder / "spool", clock=clock or Clock(), token=TOKEN, page=page, limits=limits
    )


def harvest(deqar: Deqar, folder: Path, way: str) -> Harvest:
    return adapter(deqar, folder, way).harvest(lambda _: None)


def reasons(found: Harvest) -> set[tuple[str, str]]:
    return {(item.key, item.reason) for item in found.found.quarantined}


# --- what is read


@pytest.mark.parametrize("way", ["csv", "connect", "web"])
def test_every_way_reads_the_quirks(deqar: Deqar, tmp_path: Path, way: str) -> None:
    found = harvest(deqar, tmp_path, way).found
    assert len(found.institutions) == 47
    assert found.institutions["DEQARINST9869"].countries == ("JO", "EG", "OM")
    assert found.institutions["DEQARINST9700"].countries == ()
    assert found.institutions["DEQARINST1361"].closure == Closure(CHANGE, CHANGE)
    assert found.institutions["DEQARINST0498"].name == "Cooperative State University"  # its own parent
    # The direction differs between CSV (the row is the subject) and JSON (the other one is).
    assert set(found.relations) == {
        Relation("DEQARINST1361", "DEQARINST7609", CHANGE, RelationKind.SUCCEEDED),
        Relation("DEQARINST0071", "DEQARINST0072", date(2023, 1, 1), RelationKind.ABSORBED),
    }


def test_csv_and_web_give_the_same_facts(deqar: Deqar, tmp_path: Path) -> None:
    """But for what the CSV has no column for: faculties, and the type and credits of a programme."""
    by_csv, by_web = harvest(deqar, tmp_path, "csv"), harvest(deqar, tmp_path, "web")
    told = flatten(by_web.found, {})
    assert flatten(by_csv.found, {}) == {place: text for place, text in told.items() if place[0] in CSV}
    assert len(by_web.found.reports) == 4
    assert by_web.found.reports["13"].valid_from == date(2031, 2, 1)  # in the future, and kept as it is
    assert by_web.found.reports["11"].valid_from == date(2018, 5, 1)  # midnight marked Z keeps its date


def test_connect_says_nothing_of_reports(deqar: Deqar, tmp_path: Path) -> None:
    found = harvest(deqar, tmp_path, "connect")
    assert found.covers == {Kind.INSTITUTION, Kind.RELATION, Kind.FACULTY}
    assert ("DEQARINST0498", "an institution that is its own parent") in reasons(found)


def test_a_high_level_flag_is_not_overlooked(deqar: Deqar, tmp_path: Path) -> None:
    """The list leaves such reports out unless it is asked for them by name."""
    deqar.reports.append(Rep(15, (72,), agency="AAQ", flag="high level"))
    assert harvest(deqar, tmp_path, "web").found.reports["15"].flag is Flag.HIGH


def test_a_report_on_several_programmes_is_one_for_each(deqar: Deqar, tmp_path: Path) -> None:
    several = (programme(5, "Law"), programme(6, "Data", programme_type="Micro-credential", workload_ects=6))
    deqar.reports = [Rep(16, (72,), activity="programme", agency="AAQ", programmes=several)]
    found = harvest(deqar, tmp_path, "web").found.reports
    assert {key: one.programme.degree for key, one in found.items() if one.programme} == {
        "16/5": True,
        "16/6": False,
    }


@pytest.mark.parametrize(
    ("report", "reason"),
    [
        (Rep(20, (72,), decision="withdrawn"), "an unknown reportdecision"),
        (Rep(20, (72,), status="optional"), "an unknown status"),
        (Rep(20, (72,), flag="purple"), "an unknown flag"),
        (Rep(20, (72,), activity="regional"), "an unknown activity"),
        (Rep(20, (72,), agency="\ud800"), "agency_acronym is not a text"),
        (Rep(20, (72,), valid_from="01.02.2018"), "valid_from is not a date of the form YYYY-MM-DD."),
        (
            Rep(20, (72,), activity="programme", programmes=(programme(5, "Law", programme_type="Odd"),)),
            "an unknown programme type",
        ),
        (
            Rep(20, (72,), activity="programme", programmes=(programme(5, "Law", workload_ects="six"),)),
            "workload_ects is not a number",
        ),
    ],
)
def test_what_is_not_understood_is_set_aside(deqar: Deqar, tmp_path: Path, report: Rep, reason: str) -> None:
    deqar.reports.append(report)
    found = harvest(deqar, tmp_path, "web")
    assert ("20", reason) in reasons(found)
    assert set(found.found.reports) == {"11", "12", "13", "14"}


def test_doubtful_institutions_are_set_aside(deqar: Deqar, tmp_path: Path) -> None:
    deqar.institutions += [
        Inst(3001, "Nowhere College", ("XY",)),
        Inst(3002, "Half There", ("IE", "AT"), unverified=("AT",)),
    ]
    deqar.relations += [(1361, 3002, "2022-01-01", "succeeded"), (72, 72, "2020-01-01", "succeeded")]
    found = harvest(deqar, tmp_path, "connect")
    assert {
        ("DEQARINST3001", "an unknown country"),
        ("DEQARINST3002", "a location that is not verified"),
        ("DEQARINST1361", "a relationship whose successor was already closed"),
        ("DEQARINST0072", "a relationship to itself"),
    } <= reasons(found)
    assert found.found.institutions["DEQARINST3002"].countries == ("IE",)
    assert len(found.found.relations) == 2


# --- paging


@pytest.mark.parametrize("style", ["boolean", "url", "absent at the end"])
@pytest.mark.parametrize("page", [1, 7, 47, 200])
def test_paging(deqar: Deqar, tmp_path: Path, style: str, page: int) -> None:
    deqar.next_style = style
    found = adapter(deqar, tmp_path, "connect", page=page).harvest(lambda _: None)
    assert len(found.found.institutions) == 47
    assert all("example.org" not in host["host"] for _, host in deqar.asked)  # `next` is not followed


def test_a_list_that_grows_while_it_is_read_is_refused(deqar: Deqar, tmp_path: Path) -> None:
    def grow(progress: Progress) -> None:
        if progress.what == "institutions listed" and progress.done == 7:
            deqar.institutions.insert(0, Inst(1, "New"))

    with pytest.raises(IngestError, match="changed_while_read"):
        adapter(deqar, tmp_path, "connect").harvest(grow)
    # What was kept does not fit together, so the next one starts anew.
    assert len(harvest(deqar, tmp_path, "connect").found.institutions) == 48


def test_a_row_that_moves_to_another_page_is_noticed(deqar: Deqar, tmp_path: Path) -> None:
    def move(progress: Progress) -> None:
        if progress.what == "institutions listed" and progress.done == 7:
            deqar.institutions.insert(0, deqar.institutions.pop())  # the count stays

    with pytest.raises(IngestError, match="changed_while_read"):
        adapter(deqar, tmp_path, "connect").harvest(move)


# --- faults


@pytest.mark.parametrize("way", ["connect", "web"])
def test_one_broken_record_is_not_a_missing_one(deqar: Deqar, tmp_path: Path, way: str) -> None:
    path = "/connectapi/v1/providers/72/" if way == "connect" else "/webapi/v2/browse/institutions/72/"
    deqar.broken.add(path)
    found = harvest(deqar, tmp_path, way)
    assert found.unfetched == {(Kind.INSTITUTION, "DEQARINST0072")}
    assert ("DEQARINST0072", "the source answered with HTTP 500") in reasons(found)
    assert len(found.found.institutions) == 46


def test_many_broken_records_are_an_outage(deqar: Deqar, tmp_path: Path) -> None:
    deqar.broken |= {f"/connectapi/v1/providers/{2000 + number}/" for number in range(11)}
    with pytest.raises(SourceUnreachable):
        harvest(deqar, tmp_path, "connect")


@pytest.mark.parametrize("way", ["csv", "connect", "web"])
def test_an_interrupted_harvest_goes_on(deqar: Deqar, tmp_path: Path, way: str) -> None:
    deqar.down_after = 2
    clock = Clock()
    with pytest.raises(SourceUnreachable):
        adapter(deqar, tmp_path, way, clock).harvest(lambda _: None)
    before = set(deqar.paths()[:2])
    deqar.down_after, deqar.asked = None, []
    again = adapter(deqar, tmp_path, way, clock)
    assert len(again.harvest(lambda _: None).found.institutions) == 47
    assert not before & set(deqar.paths())
    # Recorded: the next harvest asks anew.
    again.done()
    deqar.asked = []
    adapter(deqar, tmp_path, way, clock).harvest(lambda _: None)
    assert before <= set(deqar.paths())


def test_an_old_interruption_is_not_continued(deqar: Deqar, tmp_path: Path) -> None:
    clock = Clock()
    adapter(deqar, tmp_path, "connect", clock).harvest(lambda _: None)
    clock.now += timedelta(hours=25)
    deqar.asked = []
    adapter(deqar, tmp_path, "connect", clock).harvest(lambda _: None)
    assert len(deqar.asked) == 47 + 7


def test_a_damaged_spool_is_fetched_again(deqar: Deqar, tmp_path: Path) -> None:
    clock = Clock()
    adapter(deqar, tmp_path, "csv", clock).harvest(lambda _: None)
    for body in (tmp_path / "spool").rglob("*.body"):
        body.write_bytes(body.read_bytes()[:-40] + b"\n")
    deqar.asked = []
    assert len(adapter(deqar, tmp_path, "csv", clock).harvest(lambda _: None).found.institutions) == 47
    assert len(deqar.asked) == 3


def test_an_unchanged_file_is_not_sent_again(deqar: Deqar, tmp_path: Path) -> None:
    clock = Clock()
    first = adapter(deqar, tmp_path, "csv", clock)
    before = first.harvest(lambda _: None).found.sources
    first.done()
    deqar.asked, deqar.institutions = [], [*deqar.institutions, Inst(5000, "New")]
    after = adapter(deqar, tmp_path, "csv", clock).harvest(lambda _: None).found
    assert all("if-none-match" in headers for _, headers in deqar.asked)
    old, new = ({one.file: one for one in sources} for sources in (before, after.sources))
    assert new["deqar-reports.csv"].sha256 == old["deqar-reports.csv"].sha256
    assert new["deqar-reports.csv"].retrieved_at > old["deqar-reports.csv"].retrieved_at
    assert new["deqar-institutions.csv"].sha256 != old["deqar-institutions.csv"].sha256
    assert new["deqar-institutions.csv"].url == f"{deqar.url}/static/daily-csv/deqar-institutions.csv"
    assert "DEQARINST5000" in after.institutions


def test_an_answer_shorter_than_its_length_is_no_answer(deqar: Deqar, tmp_path: Path) -> None:
    deqar.cut.add("/static/daily-csv/deqar-reports.csv")
    with pytest.raises(SourceUnreachable, match="did not give its answer"):
        harvest(deqar, tmp_path, "csv")


def test_a_file_cut_inside_a_row_is_refused(deqar: Deqar, tmp_path: Path) -> None:
    for name in ("institutions", "agencies", "reports"):
        (tmp_path / f"deqar-{name}.csv").write_bytes(deqar.csv(name))
    clock = Clock()
    folder = adapter_for(f"csv:{tmp_path}", spool=tmp_path / "spool", clock=clock)
    assert len(folder.harvest(lambda _: None).found.reports) == 4
    path = tmp_path / "deqar-institutions.csv"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(IngestError, match="truncated"):
        folder.harvest(lambda _: None)


def test_a_fault_in_a_fetched_file_names_the_file(
    deqar: Deqar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Deqar, "csv", lambda self, name: b"<html>\n")
    with pytest.raises(IngestError, match=r"deqar-agencies\.csv has no column"):
        harvest(deqar, tmp_path, "csv")


# --- the network's rules


def test_redirects_are_refused(deqar: Deqar, tmp_path: Path) -> None:
    deqar.redirect = True
    with pytest.raises(IngestError, match="redirect"):
        harvest(deqar, tmp_path, "csv")


def test_answers_are_bounded(deqar: Deqar, tmp_path: Path) -> None:
    with pytest.raises(IngestError, match="too_large"):
        adapter(deqar, tmp_path, "csv", limits=Limits(max_bytes=100)).harvest(lambda _: None)


def test_a_failing_request_is_tried_again(deqar: Deqar, tmp_path: Path) -> None:
    deqar.broken.add("/connectapi/v1/providers/72/")
    adapter(deqar, tmp_path, "connect", limits=Limits(attempts=3, pause=0)).harvest(lambda _: None)
    assert deqar.paths().count("/connectapi/v1/providers/72/") == 3


def test_the_token_goes_to_the_web_api_only_and_into_no_file(deqar: Deqar, tmp_path: Path) -> None:
    harvest(deqar, tmp_path, "web")
    assert all(headers["authorization"] == f"Bearer {TOKEN}" for _, headers in deqar.asked)
    assert all(TOKEN not in path for path in deqar.paths())
    deqar.asked = []
    harvest(deqar, tmp_path, "connect")
    assert all("authorization" not in headers for _, headers in deqar.asked)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(TOKEN.encode() not in path.read_bytes() for path in files)


def test_a_wrong_token_is_said_to_be_wrong(deqar: Deqar, tmp_path: Path) -> None:
    wrong = adapter_for(f"web:{deqar.url}", spool=tmp_path, clock=Clock(), token="other-secret", limits=ONCE)
    with pytest.raises(IngestError, match="not_authorised") as caught:
        wrong.harvest(lambda _: None)
    assert "other-secret" not in caught.value.diagnostics()


@pytest.mark.parametrize(
    "url",
    [
        "http://backend.example.org",
        "ftp://localhost",
        "https://user:word@example.org",
        "https://example.org/?token=x",
        "https://",
    ],
)
def test_addresses_that_are_not_used(url: str) -> None:
    with pytest.raises(IngestError):
        checked_url(url)


@pytest.mark.parametrize("spec", ["", "csv:", "xml:https://example.org", "web:folder", "connect:/tmp"])
def test_sources_that_are_none(spec: str, tmp_path: Path) -> None:
    with pytest.raises(QueryError):
        adapter_for(spec, spool=tmp_path, clock=Clock(), token="x")
    with pytest.raises(QueryError, match="token_missing"):
        adapter_for("web:https://example.org", spool=tmp_path, clock=Clock())


def test_what_is_real(tmp_path: Path) -> None:
    """The authority's own host by https; a folder or the loopback only on the operator's word."""

    def real(spec: str, real: bool = False) -> bool:
        return adapter_for(spec, spool=tmp_path, clock=Clock(), real=real).real

    assert real("csv:https://example.org/csv")
    assert not real("csv:http://localhost:1/csv")
    assert not real(f"csv:{tmp_path}")
    assert real(f"csv:{tmp_path}", real=True)

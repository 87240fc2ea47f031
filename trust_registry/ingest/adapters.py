"""The four ways to DEQAR's data behind `source.Adapter`: CSV in a folder, CSV by HTTP, connect API, web API.

A source is named ``csv:FOLDER``, ``csv:URL``, ``connect:URL`` or ``web:URL``. Whatever the way, the facts are
the same facts with the same keys, so a home may change its way and nothing is counted twice.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from trust_registry.dates import format_time
from trust_registry.errors import IngestError, QueryError, SourceUnreachable
from trust_registry.fact_json import Kind
from trust_registry.facts import Faculty, Relation
from trust_registry.harvested import Ingested, Quarantined, Source
from trust_registry.ingest import deqar_api as api
from trust_registry.ingest.deqar_csv import Loader
from trust_registry.ingest.fetch import Answer, Limits, Spool
from trust_registry.ingest.source import Adapter, Harvest, Progress, Say

PAGE = 200
_COUNTRIES = Path(__file__).parents[1] / "data" / "deqar" / "countries.csv"
_SERVER_ERROR = 500
# A few broken records are the source's daily life; many are an outage, and an outage is no harvest.
_BROKEN_SHARE, _BROKEN_AT_LEAST = 0.05, 10
_FILES = {Kind.AGENCY: "deqar-agencies.csv", Kind.INSTITUTION: "deqar-institutions.csv"}
_REPORTS = "deqar-reports.csv"


def adapter_for(
    spec: str,
    *,
    spool: Path,
    clock: Callable[[], datetime],
    token: str = "",
    licence: str = "",
    real: bool = False,
    page: int = PAGE,
    limits: Limits | None = None,
) -> Adapter:
    """The adapter that ``spec`` names; `QueryError` when it names none. ``real``: the operator vouches for it."""
    way, _, place = spec.partition(":")
    remote = place.startswith(("http://", "https://"))
    if way == "csv" and place and not remote:
        return CsvFolder(Path(place), clock=clock, licence=licence, real=real)
    if way not in {"csv", "connect", "web"} or not remote:
        raise QueryError(
            "bad_source",
            "The source is not csv:FOLDER, csv:URL, connect:URL or web:URL.",
        )
    if way == "web" and not token:
        raise QueryError(
            "token_missing",
            "The web API needs a token.",
            "Give it with --token-file or in CAIRN_DEQAR_TOKEN.",
        )
    # Only the web API is given the token: the others do not ask for one.
    folder = spool / hashlib.sha256(spec.encode()).hexdigest()[:16]
    http = Spool(folder, place, clock=clock, token=token if way == "web" else "", limits=limits)
    if way == "csv":
        return CsvUrl(http, licence=licence, real=real)
    return (ConnectApi if way == "connect" else WebApi)(http, licence=licence, real=real, page=page)


class CsvFolder:
    """DEQAR's files in a folder; ``countries.csv`` and the reports may be missing."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime], licence: str, real: bool) -> None:
        self._folder, self._clock, self._licence, self.real = folder, clock, licence, real
        self.origin = f"csv:{folder.resolve()}"

    def harvest(self, say: Say) -> Harvest:
        if not self._folder.is_dir():
            raise IngestError("no_folder", f"{self._folder} is not a folder.")
        given = {_COUNTRIES.name, *_FILES.values(), _REPORTS}
        paths = {path.name: path for path in self._folder.iterdir() if path.name in given}
        return _read_csv(paths, at=self._clock(), licence=self._licence, say=say)

    def done(self) -> None:
        """Nothing is kept of files that are here anyway."""


class CsvUrl:
    """DEQAR's nightly files below a base address (``…/static/daily-csv``)."""

    def __init__(self, http: Spool, *, licence: str, real: bool) -> None:
        self._http, self._licence = http, licence
        self.origin, self.real = f"csv:{http.base}", real or not http.local

    def harvest(self, say: Say) -> Harvest:
        self._http.begin()
        names = (*_FILES.values(), _REPORTS)
        answers: dict[str, Answer] = {}
        for number, name in enumerate(names):
            say(Progress("files fetched", number, len(names)))
            answers[name] = self._http.get(name)
        say(Progress("files fetched", len(names), len(names)))
        oldest = min(answer.retrieved_at for answer in answers.values())
        paths = {name: answer.path for name, answer in answers.items()}
        harvest = _read_csv(paths, at=oldest, licence=self._licence, say=say)
        for number, source in enumerate(harvest.found.sources):
            if source.file in answers:
                answer = answers[source.file]
                moment = format_time(answer.retrieved_at)
                harvest.found.sources[number] = replace(
                    source, url=answer.url, etag=answer.etag, retrieved_at=moment
                )
        return harvest

    def done(self) -> None:
        self._http.finish()


def _read_csv(paths: Mapping[str, Path], *, at: datetime, licence: str, say: Say) -> Harvest:
    loader = Loader()
    where = {"retrieved_at": format_time(at), "licence": licence}
    covers = {
        Kind.AGENCY,
        Kind.INSTITUTION,
        Kind.RELATION,
    }  # of faculties it says nothing (`Loader.institutions`)
    loader.countries(paths.get(_COUNTRIES.name, _COUNTRIES), **where)
    for kind, read in ((Kind.AGENCY, loader.agencies), (Kind.INSTITUTION, loader.institutions)):
        name = _FILES[kind]
        if name not in paths:
            raise IngestError("missing_file", f"There is no {name} in the source.")
        _named(read, paths[name], name, where)
        say(Progress(f"{name} read", 1, 1))
    if _REPORTS in paths:
        covers.add(Kind.REPORT)
        _named(loader.reports, paths[_REPORTS], _REPORTS, where)
        say(Progress(f"{_REPORTS} read", 1, 1))
    # Fetched files have other names on disk; what people read says what they are.
    names = {path.name: name for name, path in paths.items()}
    found = loader.found
    found.sources = [replace(one, file=names.get(one.file, one.file)) for one in found.sources]
    found.quarantined = [replace(one, file=names.get(one.file, one.file)) for one in found.quarantined]
    return Harvest(found, frozenset(covers))


def _named(read: Callable[..., None], path: Path, name: str, where: Mapping[str, str]) -> None:
    """Read a file whose name on disk may be another; what people are told names the source's."""
    try:
        read(_whole(path, name), **where)
    except IngestError as error:
        raise IngestError(error.code, error.detail.replace(path.name, name), error.hint) from error


def _whole(path: Path, name: str) -> Path:
    """A file that ends inside a row was cut off while it was written or copied."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 1))
            last = file.read(1)
    except OSError as error:
        raise IngestError("unreadable", f"{name} cannot be read.") from error
    if last != b"\n":
        raise IngestError(
            "truncated", f"{name} ends in the middle of a row.", "Fetch it again; the last data stay."
        )
    return path


class _Api:
    """One small paging client for both APIs: offsets are multiples of the limit, ``next`` is never followed."""

    listing = ""  # the path of the list of institutions
    covers = frozenset({Kind.INSTITUTION, Kind.RELATION, Kind.FACULTY})

    def __init__(self, http: Spool, *, licence: str, real: bool, page: int = PAGE) -> None:
        self._http, self._licence, self._page = http, licence, page
        self.origin, self.real = f"{self.way}:{http.base}", real or not http.local
        self._found = Ingested()
        self._unfetched: set[tuple[Kind, str]] = set()
        self._answers: dict[str, list[Answer]] = {}

    way = ""

    def harvest(self, say: Say) -> Harvest:
        self._found, self._unfetched, self._answers = Ingested(), set(), {}
        self._http.begin()
        try:
            self._read(say)
        except IngestError as error:
            if error.code in {"changed_while_read", "truncated"}:
                self._http.finish()  # what was kept does not fit together: the next harvest starts anew
            raise
        self._doubtful_relations()
        self._agreed_faculties()
        self._found.sources = [self._source(name, answers) for name, answers in self._answers.items()]
        return Harvest(self._found, self.covers, frozenset(self._unfetched))

    def done(self) -> None:
        self._http.finish()

    def _read(self, say: Say) -> None:
        countries = _country_codes()
        rows = list(self._rows(self.listing, "institutions", say, ordering=self.ordering))
        for number, (row, detail) in enumerate(
            self._details(rows, self.listing, "institutions", say, kind=Kind.INSTITUTION, key=_deqar_id),
            start=1,
        ):
            try:
                read = api.institution(row, detail, countries)
            except (IngestError, QueryError) as error:
                self._set_aside("institutions", number, error.detail, _deqar_id(row))
                continue
            self._found.institutions[read.institution.id] = read.institution
            self._found.relations += read.relations
            self._found.faculties += read.faculties
            for note in read.notes:
                self._set_aside("institutions", number, note, read.institution.id)

    ordering = "name_sort"

    def _rows(
        self, path: str, what: str, say: Say, *, seen: set[int] | None = None, **params: str
    ) -> Iterator[Mapping[str, Any]]:
        """Every row of a list, or an error: a list that changed or ended early is not one."""
        offset, total = 0, 0
        ids = set() if seen is None else seen
        while True:
            answer = self._http.get(path, **params, limit=self._page, offset=offset)
            self._answers.setdefault(what, []).append(answer)
            page = answer.json()
            count = page.get("count") if isinstance(page, dict) else None
            if not isinstance(count, int) or isinstance(count, bool) or count < 0:
                raise IngestError("malformed", f"The list of {what} does not say how long it is.")
            rows = api.records(page, "results")
            if offset and count != total:
                raise _changed(what)
            total = count
            for row in rows:
                number = row.get("id")
                if not isinstance(number, int) or number in ids:
                    raise _changed(what)  # the same row on two pages: rows moved between the requests
                ids.add(number)
                yield row
            say(Progress(f"{what} listed", min(offset + len(rows), total), total))
            # `next` is true, an address, false, null or missing; only whether there is more counts.
            more = bool(page.get("next"))
            if len(rows) < self._page or not more:
                if offset + len(rows) != total or more:
                    raise IngestError("truncated", f"The list of {what} ends before its last row.")
                return
            offset += self._page

    def _details(
        self,
        rows: list[Mapping[str, Any]],
        path: str,
        what: str,
        say: Say,
        *,
        kind: Kind,
        key: Callable[[Mapping[str, Any]], str],
    ) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """The record of every row; one that the source cannot give is noted, and what is known of it stays."""
        broken = 0
        for number, row in enumerate(rows, start=1):
            try:
                answer = self._http.get(f"{path}{row['id']}/")
                detail = answer.json()
                if not isinstance(detail, dict):
                    raise IngestError("malformed", f"A record of {what} is not an object.")
            except SourceUnreachable as error:
                if not error.status:
                    raise
                broken += 1
                if broken > max(_BROKEN_AT_LEAST, _BROKEN_SHARE * len(rows)):
                    raise
                self._unfetched.add((kind, key(row)))
                self._set_aside(what, number, f"the source answered with HTTP {error.status}", key(row))
                continue
            self._answers[what].append(answer)
            say(Progress(f"{what} read", number, len(rows)))
            yield row, detail

    def _doubtful_relations(self) -> None:
        """A successor that had closed by then is more likely a relation read the wrong way round."""
        kept: dict[Relation, None] = {}  # both sides state it; once is enough
        for step in self._found.relations:
            successor = self._found.institutions.get(step.successor)
            if successor and successor.closure and successor.closure.latest <= step.at:
                reason = "a relationship whose successor was already closed"
                self._set_aside("institutions", 0, reason, step.successor)
            else:
                kept[step] = None
        self._found.relations = list(kept)

    def _agreed_faculties(self) -> None:
        """Whole and part state the same; once is enough, and where they differ neither is believed."""
        ends: dict[tuple[str, str, date | None], set[date | None]] = {}
        for one in self._found.faculties:
            ends.setdefault((one.whole, one.part, one.valid_from), set()).add(one.valid_to)
        self._found.faculties = []
        for (whole, part, start), found in ends.items():
            if len(found) > 1:
                self._set_aside("institutions", 0, f"a faculty of {whole} until different days", part)
            else:
                self._found.faculties.append(Faculty(whole, part, start, found.pop()))

    def _set_aside(self, what: str, row: int, reason: str, key: str) -> None:
        self._found.quarantined.append(Quarantined(what, row, reason, key))

    def _source(self, what: str, answers: list[Answer]) -> Source:
        """One entry for a listing and its records: they are too many for a manifest."""
        digest = hashlib.sha256("".join(answer.sha256 for answer in answers).encode()).hexdigest()
        oldest = min(answer.retrieved_at for answer in answers)
        return Source(
            what, digest, format_time(oldest), self._licence, len(answers), answers[0].url.partition("?")[0]
        )


class ConnectApi(_Api):
    """``/connectapi/v1/providers/``: every provider, no token; nothing of reports or agencies."""

    way, listing, ordering = "connect", "connectapi/v1/providers/", "deqar_id"


class WebApi(_Api):
    """``/webapi/v2/browse/…``: agencies, institutions that have reports, reports. Needs a token."""

    way, listing = "web", "webapi/v2/browse/institutions/"
    covers = frozenset(Kind) - {Kind.VOIDING}  # those are our operators' word

    def _read(self, say: Say) -> None:
        for number, row in enumerate(self._rows("webapi/v2/browse/agencies/", "agencies", say), start=1):
            try:
                found = api.agency(row)
            except (IngestError, QueryError) as error:
                name = row.get("acronym_primary")
                self._set_aside("agencies", number, error.detail, name if isinstance(name, str) else "")
                continue
            self._found.agencies[found.acronym] = found
        super()._read(say)
        path, seen = "webapi/v2/browse/reports/", set[int]()
        # Quirk: without a flag in the question the list leaves out what is flagged "high level", and those
        # are the reports that must not be missed.
        plain = list(self._rows(path, "reports", say, seen=seen, ordering="date_created"))
        flagged = self._rows(path, "flagged reports", say, seen=seen, flag="high level")
        rows = [*plain, *flagged]
        for number, (row, detail) in enumerate(
            self._details(rows, path, "reports", say, kind=Kind.REPORT, key=_report_id), start=1
        ):
            try:
                if detail.get("id") != row["id"]:
                    raise IngestError("report_id", "the record is another report's")
                for report in api.reports(detail):
                    self._found.reports[report.id] = report
            except (IngestError, QueryError) as error:
                self._set_aside("reports", number, error.detail, _report_id(row))


def _deqar_id(row: Mapping[str, Any]) -> str:
    return f"DEQARINST{row['id']:04d}"


def _report_id(row: Mapping[str, Any]) -> str:
    return str(row["id"])


def _changed(what: str) -> IngestError:
    return IngestError(
        "changed_while_read", f"The list of {what} changed while it was read.", "Run the command again."
    )


def _country_codes() -> api.Countries:
    with _COUNTRIES.open(encoding="utf-8-sig", newline="") as file:
        rows: Iterable[Mapping[str, str]] = csv.DictReader(file)
        return api.Countries({row["name_english"]: row["alpha2"] for row in rows})

"""DEQAR as it behaves, on the loopback: nightly CSV, connect API and web API v2, over real HTTP.

Its quirks are the real ones, read in EQAR's public source: paging by page number under an ``offset`` (so an
offset that is no multiple of the limit gives the wrong rows), ``next`` true or false, dates as local time
marked Z, lists of reports that hide high-level flags unless asked, relationships told from the other side,
memberships told by both sides, CSV with a byte-order mark and CRLF, one row per location, ``closure_date`` as a
bare year, parents without the kind of membership.

Faults are settings: ``broken`` paths answer 500, ``cut`` paths end before their length, ``down_after`` counts
requests until everything answers 503.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "simulated-token-5f1c"
COUNTRY = {"IE": "Ireland", "DE": "Germany", "AT": "Austria", "JO": "Jordan", "EG": "Egypt", "OM": "Oman"}
# (of the source, of the target), as in EQAR's table of relationship types.
TYPES = {"succeeded": ("succeeded", "succeeded by"), "absorbed": ("was absorbed by", "absorbed")}
CSV = {
    "institutions": "deqar_id deqar_url eter_id country city name_primary name_official name_versions "
    "website_link founding_date closure_date parent_institution historic_relationships report_count "
    "report_last identifiers_all",
    "reports": "report_id report_url country hei_deqar_id hei_name parent_hei_deqar_id programme_name "
    "programme_qualification programme_qf_ehea_level report_agency report_type report_esg_activity_short "
    "report_esg_activity_long report_status report_decision report_valid_from report_valid_to report_files "
    "report_local_identifier",
    "agencies": "agency_id acronym_primary name_primary is_registered registration_start "
    "registration_valid_to register_entry deqar_reports_link",
}


@dataclass
class Inst:
    id: int
    name: str
    countries: tuple[str, ...] = ("IE",)
    closed: str = ""
    parents: tuple[int, ...] = ()
    unverified: tuple[str, ...] = ()
    names: tuple[str, ...] = ()  # the official one, then its versions
    identifiers: tuple[tuple[str | None, str], ...] = ()  # resource (None: an agency's number) and identifier

    @property
    def deqar_id(self) -> str:
        return f"DEQARINST{self.id:04d}"


@dataclass
class Rep:
    id: int
    about: tuple[int, ...]
    valid_from: str = "2018-05-01"
    valid_to: str = ""
    agency: str = "QQI"
    activity: str = "institutional"
    status: str = "part of obligatory EQA system"
    decision: str = "positive"
    flag: str = "none"
    programmes: tuple[dict[str, Any], ...] = ()


def programme(number: int, name: str, **members: Any) -> dict[str, Any]:
    given = {"id": number, "name_primary": name, "qf_ehea_level": "second cycle", "workload_ects": None}
    return given | {"programme_type": "Full degree", "degree_outcome": {"id": 1}} | members


@dataclass
class Deqar:
    institutions: list[Inst] = field(default_factory=list)
    reports: list[Rep] = field(default_factory=list)
    agencies: list[tuple[int, str, str, str]] = field(default_factory=list)
    # (source, target, date, type): who succeeded or was absorbed is the source.
    relations: list[tuple[int, int, str, str]] = field(default_factory=list)
    # (whole, part, type, valid_from, valid_to)
    memberships: list[tuple[int, int, str | None, str, str]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    down_after: int | None = None
    redirect: bool = False
    next_style: str = "boolean"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator[Deqar]:
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                simulator._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    # --- HTTP

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = urlsplit(request.path).path
        query = {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}
        self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}))
        if self.down_after is not None and len(self.asked) > self.down_after:
            return self._send(request, 503, b"down")
        if self.redirect:
            return self._send(request, 302, b"", location="https://example.org/")
        if path in self.broken:
            return self._send(request, 500, b"<h1>Server Error (500)</h1>")
        if path.startswith("/webapi/") and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return self._send(request, 401, b'{"detail": "Authentication credentials were not provided."}')
        if path.startswith("/static/daily-csv/deqar-"):
            body = self.csv(path.removeprefix("/static/daily-csv/deqar-").removesuffix(".csv"))
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if request.headers.get("if-none-match") == etag:
                return self._send(request, 304, b"")
            return self._send(request, 200, body, cut=path in self.cut, etag=etag)
        found = self._json(path, query)
        status = 404 if found is None else 200
        return self._send(request, status, json.dumps(found).encode(), cut=path in self.cut)

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, body: bytes, cut: bool = False, **headers: str
    ) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: len(body) // 2] if cut else body)

    def _json(self, path: str, query: dict[str, str]) -> Any:
        match path.strip("/").split("/"):
            case ["connectapi", "v1", "providers"] | ["webapi", "v2", "browse", "institutions"]:
                return self._page([self._listed(one) for one in self.institutions], path, query)
            case ["connectapi", "v1", "providers", pk] | ["webapi", "v2", "browse", "institutions", pk]:
                return next((self._detail(one) for one in self.institutions if one.id == int(pk)), None)
            case ["webapi", "v2", "browse", "agencies"]:
                return self._page([self._agency(one) for one in self.agencies], path, query)
            case ["webapi", "v2", "browse", "reports"]:
                flag = query.get("flag")
                shown = [r for r in self.reports if (r.flag == flag if flag else r.flag != "high level")]
                return self._page([{"id": one.id, "flag_level": one.flag} for one in shown], path, query)
            case ["webapi", "v2", "browse", "reports", pk]:
                return next((self._report(one) for one in self.reports if one.id == int(pk)), None)
        return None

    def _page(self, rows: list[dict[str, Any]], path: str, query: dict[str, str]) -> dict[str, Any]:
        limit, offset = int(query.get("limit", 10)), int(query.get("offset", 0))
        start = int(offset / limit) * limit  # the search engine knows pages, not offsets
        page: dict[str, Any] = {"count": len(rows), "results": rows[start : start + limit], "facets": {}}
        more = limit + offset < len(rows)
        if self.next_style == "boolean":
            page["next"] = more
        elif more:
            elsewhere = f"http://example.org{path}?offset={offset + limit}"
            page["next"] = (
                elsewhere if self.next_style == "url" else True
            )  # the older form: absent at the end
        return page

    # --- JSON

    def _listed(self, one: Inst) -> dict[str, Any]:
        return {"id": one.id, "deqar_id": one.deqar_id, "eter_id": None, "name_primary": one.name}

    def _detail(self, one: Inst) -> dict[str, Any]:
        by_id = {other.id: other for other in self.institutions}
        told = [(target, at, TYPES[kind][1]) for src, target, at, kind in self.relations if src == one.id]
        told += [(src, at, TYPES[kind][0]) for src, target, at, kind in self.relations if target == one.id]
        return {
            "id": one.id,
            "names": [
                {
                    "name_official": (*one.names, one.name)[0],
                    "name_official_transliterated": "",
                    "name_english": one.name,
                    "name_versions": [{"name": name, "transliteration": ""} for name in one.names[1:]],
                    "acronym": "",
                    "name_source_note": "",
                    "name_valid_to": None,
                }
            ],
            "countries": [
                {
                    "country": {"id": 1, "name_english": COUNTRY.get(code, code), "iso_3166_alpha2": code},
                    "city": None,
                    "country_valid_to": None,
                    "country_verified": code not in one.unverified,
                }
                for code in one.countries
            ],
            "founding_date": "1973-01-01T00:00:00Z",
            "closure_date": f"{one.closed}-01-01" if one.closed else None,
            "historical_relationships": [
                {
                    "institution": {"id": other, "name_primary": by_id[other].name},
                    "relationship_type": words,
                    "relationship_date": at,
                }
                for other, at, words in told
            ],
            "hierarchical_relationships": {
                "includes": [
                    self._member(part, rest) for whole, part, *rest in self._memberships() if whole == one.id
                ],
                "part_of": [
                    self._member(whole, rest) for whole, part, *rest in self._memberships() if part == one.id
                ],
            },
            "is_other_provider": False,
            "identifiers": [
                {
                    "identifier": value,
                    "agency": None if resource else "AAQ",
                    "resource": resource,
                    "identifier_valid_from": None,
                    "identifier_valid_to": None,
                }
                for resource, value in one.identifiers
            ],
        }

    def _memberships(self) -> list[tuple[int, int, str | None, str, str]]:
        own = [(parent, one.id, "faculty", "", "") for one in self.institutions for parent in one.parents]
        return [*own, *self.memberships]

    def _member(self, other: int, rest: list[Any]) -> dict[str, Any]:
        kind, start, end = rest
        name = next((one.name for one in self.institutions if one.id == other), "")
        return {
            "institution": {"id": other, "name_primary": name},
            "relationship_type": kind,
            "valid_from": start or None,
            "valid_to": end or None,
        }

    def _agency(self, one: tuple[int, str, str, str]) -> dict[str, Any]:
        number, acronym, start, end = one
        return {
            "id": number,
            "acronym_primary": acronym,
            "name_primary": f"Agency {acronym}",
            "registration_start": start,
            "registration_valid_to": end or None,
        }

    def _report(self, one: Rep) -> dict[str, Any]:
        by_id = {other.id: other for other in self.institutions}
        return {
            "id": one.id,
            "agency_acronym": one.agency,
            "agency_esg_activity_type": one.activity,
            "institutions": [{"id": number, "deqar_id": by_id[number].deqar_id} for number in one.about],
            "programmes": list(one.programmes),
            # Local midnight, called UTC: converting it would move the day.
            "valid_from": f"{one.valid_from}T00:00:00Z",
            "valid_to": f"{one.valid_to}T00:00:00Z" if one.valid_to else None,
            "status": one.status,
            "decision": one.decision,
            "flag": one.flag,
            "local_identifier": None,
        }

    # --- CSV

    def csv(self, name: str) -> bytes:
        columns = CSV[name].split()
        rows = {"institutions": self._csv_rows, "reports": self._csv_reports, "agencies": self._csv_agencies}
        out = io.StringIO()
        writer = csv.DictWriter(out, columns, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows[name]())
        return b"\xef\xbb\xbf" + out.getvalue().encode()

    def _csv_rows(self) -> Iterator[dict[str, str]]:
        by_id = {other.id: other for other in self.institutions}
        for one in self.institutions:
            told = [(at, TYPES[kind][0], target) for src, target, at, kind in self.relations if src == one.id]
            told += [
                (at, TYPES[kind][1], src) for src, target, at, kind in self.relations if target == one.id
            ]
            locations = [
                " | ".join(COUNTRY[c] for c in one.countries[:2]),
                *map(COUNTRY.get, one.countries[2:]),
            ]
            for country in locations:
                yield {
                    "deqar_id": one.deqar_id,
                    "deqar_url": f"https://data.deqar.eu/institution/{one.id}",
                    "country": country or "",
                    "name_primary": one.name,
                    "name_official": (*one.names, one.name)[0],
                    "name_versions": " | ".join(one.names[1:]),
                    "founding_date": "1973-01-01",
                    "closure_date": one.closed,
                    "parent_institution": " | ".join(
                        by_id[whole].name
                        for whole, part, *_ in self._memberships()
                        if part == one.id and whole in by_id
                    ),
                    "historic_relationships": ", ".join(
                        f"{at}: {words} {by_id[other].name}" for at, words, other in told
                    ),
                    "report_last": "2031-01-01",
                    "identifiers_all": " | ".join(f"{res or 'AAQ'}: {val}" for res, val in one.identifiers),
                }

    def _csv_reports(self) -> Iterator[dict[str, str]]:
        by_id = {other.id: other for other in self.institutions}
        for one in self.reports:
            for number in one.about:
                inner = one.programmes[0] if one.programmes else {}
                yield {
                    "report_id": str(one.id),
                    "report_url": f"https://data.deqar.eu/report/{one.id}",
                    "hei_deqar_id": by_id[number].deqar_id,
                    "programme_name": str(inner.get("name_primary", "")),
                    "programme_qf_ehea_level": str(inner.get("qf_ehea_level", "")),
                    "report_agency": one.agency,
                    "report_type": one.activity,
                    "report_status": one.status,
                    "report_decision": one.decision,
                    "report_valid_from": one.valid_from,
                    "report_valid_to": one.valid_to,
                }

    def _csv_agencies(self) -> Iterator[dict[str, str]]:
        for number, acronym, start, end in self.agencies:
            yield {
                "agency_id": str(number),
                "acronym_primary": acronym,
                "name_primary": f"Agency {acronym}",
                "registration_start": start,
                "registration_valid_to": end,
            }


def world() -> Deqar:
    """Cork IT → Munster TU, a university in three countries, its own parent, an alliance, 40 Irish colleges.

    College 0 is a faculty of Munster TU, College 1 of College 0; the alliance has a member.
    """
    colleges = [Inst(2000 + number, f"College {number}") for number in range(40)]
    return Deqar(
        institutions=[
            Inst(1361, "Cork Institute of Technology", closed="2021"),
            Inst(
                7609,
                "Munster Technological University",
                names=("Ollscoil Teicneolaíochta na Mumhan", "MTU"),
                identifiers=(("ROR", "https://ror.org/013xpqh61"), ("DID-EBSI", "did:ebsi:zmtu")),
            ),
            Inst(9869, "Arab Open University", ("JO", "EG", "OM")),
            Inst(498, "Cooperative State University", ("DE",), parents=(498,)),
            Inst(71, "Small University", ("DE",), closed="2023"),
            Inst(72, "Large University", ("DE",)),
            Inst(9700, "Alliance", ()),
            *colleges,
        ],
        reports=[
            Rep(11, (1361,), valid_to="2028-04-30"),
            Rep(12, (71, 72), agency="AAQ", decision="negative"),
            Rep(13, (498,), valid_from="2031-02-01", agency="AAQ"),  # in the future
            Rep(
                14,
                (72,),
                activity="programme",
                agency="AAQ",
                status="voluntary",
                programmes=(programme(5, "Law", programme_type=None),),
            ),
        ],
        agencies=[(1, "QQI", "2015-06-05", "2029-07-31"), (2, "AAQ", "2012-05-08", "")],
        memberships=[
            (7609, 2000, "faculty", "", ""),
            (2000, 2001, "independent faculty or school", "2015-01-01", "2027-12-31"),
            (9700, 72, "European Universities alliance", "2020-01-01", ""),
        ],
        relations=[(7609, 1361, "2021-01-01", "succeeded"), (71, 72, "2023-01-01", "absorbed")],
    )

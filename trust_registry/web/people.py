"""Pages for people: search, and one institution. HTML made here, without script, cookie or foreign resource.

The answer on a page is that of `standing`, in words. Names come from files that others wrote: the templates
escape everything (Jinja2's autoescape), what steers text or a terminal is replaced, a link is made only of an
http or https address. The policy allows one thing, the style sheet inside the page, by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from trust_registry import cover
from trust_registry.dates import format_time
from trust_registry.errors import QueryError, TrustRegistryError
from trust_registry.models import ASSURED, SnapshotInfo
from trust_registry.registry import Registry
from trust_registry.resolve import snapshot_info
from trust_registry.standing import Standing
from trust_registry.vocabulary import Reason, SnapshotKind
from trust_registry.web.directory import Directory
from trust_registry.web.institutions import find, one
from trust_registry.web.params import only
from trust_registry.words import CYCLES, FRESHNESS, OUTCOMES, REASONS

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "interest-cohort=(), browsing-topics=()",
    "cache-control": "no-store",
}
_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.ASCII)
_JOINERS = {"\u200c", "\u200d"}  # part of the spelling in Persian and in Indic scripts


def shown(value: Any) -> Any:
    """Text as it may be shown: control and format characters (bidi overrides among them) become U+FFFD."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(
        character
        if character in _JOINERS or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        else "\ufffd"
        for character in value
    )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["is_web"] = lambda url: _WEB_ADDRESS.fullmatch(url) is not None
    # Our own file, and the hash in the policy is over exactly these characters.
    environment.globals["style"] = Markup(_STYLE)  # noqa: S704 - a constant of this package
    return environment


class Pages:
    """Turns answers into HTML; one per application."""

    def __init__(self, registry: Registry, directory: Directory, clock: Callable[[], datetime]) -> None:
        self._registry, self._directory, self._clock = registry, directory, clock
        self._templates = _environment()

    def search(self, params: dict[str, str]) -> Response:
        question = params.get("q", "")
        found, problem, status = None, "", 200
        if question.strip():
            try:
                found = find(self._registry, self._directory, params)
            except QueryError as error:
                problem, status = error.detail, 400
        following = found.next_offset if found is not None else None
        again = urlencode({"q": question, "offset": following})
        return self._page(
            "search.html",
            status,
            question=question,
            found={"items": found.items, "total": found.total, "exact": found.counted_all}
            if found is not None
            else None,
            problem=problem,
            next=f"/?{again}" if following is not None else None,
        )

    def institution(self, identifier: str, params: dict[str, str]) -> Response:
        found = one(self._registry, identifier, params, self._clock())
        successors = self._directory.successors(identifier)
        return self._page(
            "institution.html",
            200,
            standing=found,
            names=[name for name in found.institution.names if name != found.institution.name],
            said=OUTCOMES[found.decision.outcome],
            words=OUTCOMES,
            reasons=[REASONS[reason] for reason in found.decision.reasons],
            as_known=format_time(found.known_at) if "known_at" in params else "",
            successors=successors,
            name_of=self._names_of(found, successors),
            agency_of={agency.acronym: agency.name for agency in found.agencies},
            last_of={report.id: cover.last_day(report)[0] for report in found.reports},
            **_counting(found),
        )

    def problem(self, error: TrustRegistryError, status: int) -> Response:
        title = {404: "Not known here", 400: "This question cannot be understood"}.get(
            status, "This did not work"
        )
        return self._page("problem.html", status, title=title, detail=error.detail, hint=error.hint)

    def _page(self, template: str, status: int, **values: Any) -> Response:
        info: SnapshotInfo = snapshot_info(self._registry.snapshot_facts(), self._clock())
        html = self._templates.get_template(template).render(
            **values,
            snapshot=info,
            freshness=FRESHNESS[info.freshness],
            illustrative=info.kind is SnapshotKind.DEMO,
        )
        return HTMLResponse(html, status_code=status, headers=HEADERS)

    def _names_of(self, found: Standing, successors: list[tuple[str, str, str]]) -> dict[str, str]:
        ids = {step.predecessor for step in found.relations} | {item[0] for item in successors}
        ids |= {step.whole for step in found.faculties}
        ids |= {identifier for report in found.reports for identifier in report.institution_ids}
        named = {identifier: self._registry.snapshot.institution(identifier) for identifier in ids}
        return {identifier: item.name if item else identifier for identifier, item in named.items()}


def _counting(found: Standing) -> dict[str, Any]:
    """The report that the answer rests on, when it is one of assurance: for what, since when, until when."""
    ids = {link.id for link in found.decision.authority_chain if link.role == "report"}
    report = next((item for item in found.reports if item.id in ids), None)
    if report is None or found.decision.outcome not in ASSURED:
        return {"report": None, "cycles": [], "since": None, "last_day": None}
    cycles = [CYCLES[cycle] for cycle in CYCLES if cycle in (report.cycles or ())]
    # A predecessor's report covers this institution from the change of hands on, the whole's while it is a part.
    steps = [item for item in found.decision.evidence if item.kind in {"succession", "faculty"} and item.at]
    since = max([report.valid_from, *(date.fromisoformat(item.at) for item in steps)])
    ends = [cover.last_day(report)[0]]
    if Reason.COVERED_AS_FACULTY in found.decision.reasons:
        ends += [step.valid_to for step in found.faculties if step.valid_to and step.valid_to >= found.at]
    return {"report": report, "cycles": cycles, "since": since, "last_day": min(ends)}


def mount(app: FastAPI, registry: Registry, directory: Directory, clock: Callable[[], datetime]) -> None:
    pages = Pages(registry, directory, clock)

    def page(make: Callable[[], Response]) -> Response:
        """People get a page where a program would get a problem document."""
        try:
            return make()
        except TrustRegistryError as error:
            status = (
                404 if error.code == "unknown_institution" else 400 if isinstance(error, QueryError) else 500
            )
            return pages.problem(error, status)

    @app.get("/", include_in_schema=False)
    def search(request: Request) -> Response:
        return page(lambda: pages.search(only(request.query_params, ("q", "limit", "offset"))))

    @app.get("/institutions/{identifier}", include_in_schema=False)
    def institution(request: Request) -> Response:
        identifier = request.path_params["identifier"]
        return page(lambda: pages.institution(identifier, only(request.query_params, ("at", "known_at"))))

"""Credentials, checks and stacks to print, and a look into a PDF without a library for it."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, date, datetime
from typing import Any

from agent.core.record import Record
from agent.core.stacks import StackPlan, plan
from agent.core.verdict import Check, Evidence, Part, PartName, Result, Verdict
from agent.printing.credential import credential_page, groups_of
from agent.printing.model import Page, attach
from agent.services.views import claim_rows
from tests.unit.core_domain.builders import record
from tests.unit.core_stacks.test_stacks import member, target

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
HOST = "localhost:8301"
FILE = attach("data-literacy.json", b'{"signed": true}', "application/json", "The signed credential")

# One title for each way in which a script is written: joined, from right to left, marked, without spaces.
TITLES = {
    "el": "Αλφαβητισμός δεδομένων",
    "uk": "Грамотність у роботі з даними",
    "vi": "Hiểu biết về dữ liệu",
    "ar": "مقدمة في علم البيانات: Python 3.13 (المستوى 6)",
    "he": "מבוא לניתוח נתונים (ABC 123)",
    "th": "ความรู้ด้านข้อมูลเบื้องต้น",
    "hi": "डेटा साक्षरता का परिचय",
    "ka": "მონაცემთა წიგნიერება",
    "hy": "Տվյալների գրագիտություն",
}
CHINESE = "数据素养入门"
EVIL = '</title><script>alert(1)</script> " onload="x" & \x1b[2J \u202egnp.exe \u2028 {nb} {{ 7*7 }}'


def verdict() -> Verdict:
    return Verdict(
        "2026-01-15T11:58:02Z",
        Part(
            PartName.AUTHENTIC,
            (
                Check("signature", "Signature", Result.PASS, evidence=(Evidence("key", "Key", "key-1"),)),
                Check("status", "Not revoked", Result.UNKNOWN, "unreachable", "The list could not be had."),
            ),
        ),
        Part(PartName.QUALITY_ASSURED, (Check("listed", "Institution listed", Result.PASS),)),
        Part(PartName.COMPLETE, (Check("profile", "Profile", Result.FAIL, "missing", "No workload."),)),
        Part(PartName.POLICY, ()),
    )


def page(sample: Record | None = None, **changes: Any) -> Page:
    chosen = sample or record()
    values: dict[str, Any] = {
        "issuer_host": HOST,
        "claims": claim_rows(chosen),
        "checks": groups_of(verdict()),
        "checked_at": verdict().at,
        "now": NOW,
        "attached": FILE,
    }
    return credential_page(chosen, **(values | changes))


def stack() -> StackPlan:
    """Counted, of another unit, of unknown quality, revoked, and offered."""
    members = [
        member("Data Literacy"),
        member("Ceramics", "3", system="ceu"),
        member("Blockchain", "10", quality=Result.UNKNOWN),
        member("Old Welding", "3", current=Result.FAIL),
        member("Attendance", None),
        member("Energy", "4", offered=True),
    ]
    return plan(target(total="20"), members, today=date(2026, 1, 15))


def texts(page: Page) -> str:
    """Everything the sections of a page say, a line each."""
    return re.sub(r"\\x[0-9a-f]{2}", "", repr(page.sections))


def streams(document: bytes) -> list[bytes]:
    """Every stream of a PDF, inflated where it is deflated."""
    found = re.findall(rb"stream\n(.*?)\nendstream", document, re.DOTALL)
    return [zlib.decompress(each) if each[:1] == b"\x78" else each for each in found]


def letters(document: bytes) -> set[str]:
    """The characters that a PDF says its glyphs stand for (its ToUnicode maps)."""
    found: set[str] = set()
    for stream in streams(document):
        if b"begincmap" in stream:
            for hexed in re.findall(rb"<[0-9A-Fa-f]+> <([0-9A-Fa-f]+)>", stream):
                found |= set(bytes.fromhex(hexed.decode()).decode("utf-16-be"))
    return found

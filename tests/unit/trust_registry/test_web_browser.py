"""The pages in a real headless browser, served by the real process. Skipped, with the reason, without one."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.trust_registry.samples import MTU_ID
from tests.unit.trust_registry.test_serve import serving, stop

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
BROWSER = next((found for name in _NAMES if (found := shutil.which(name))), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason=f"no browser on PATH (looked for {', '.join(_NAMES)})"
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("registry"), "--demo") as (process, service):
        yield service["url"]
        stop(process)


def browse(profile: Path, *options: str) -> subprocess.CompletedProcess[str]:
    assert BROWSER is not None
    command = (
        BROWSER,
        "--headless",
        "--disable-gpu",
        "--no-sandbox",  # as root in a container there is none; the pages are our own
        "--no-first-run",
        "--disable-background-networking",
        "--enable-logging=stderr",
        f"--user-data-dir={profile}",
        *options,
    )
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def test_the_browser_shows_the_answer_and_complains_of_nothing(url: str, tmp_path: Path) -> None:
    for path, expected in (
        (f"/institutions/{MTU_ID}?at=2024-05-01", "Quality-assured, officially"),
        ("/?q=%3Cscript%3Edocument.title%3D%22owned%22%3C/script%3E", "Nothing is known here"),
    ):
        done = browse(tmp_path / "profile", "--dump-dom", url + path)
        assert expected in done.stdout
        assert "<title>owned" not in done.stdout
        assert "<script" not in done.stdout
        # The style sheet was let in by its hash: a refusal would be on the console.
        assert not re.search(r"Content Security Policy|CONSOLE.*(?:Refused|Error)", done.stderr)


@pytest.mark.parametrize("path", ["/?q=university", f"/institutions/{MTU_ID}"])
def test_a_phone_needs_no_sideways_scrolling(url: str, tmp_path: Path, path: str) -> None:
    """A headless window is never narrower than 500 px, so the page is framed 360 px wide by a local file.

    The registry refuses to be framed; the file therefore holds the page itself, as the browser got it.
    """
    dom = browse(tmp_path / "profile", "--dump-dom", url + path).stdout
    inner = dom.replace("&", "&amp;").replace('"', "&quot;")
    measure = (
        "<script>onload=()=>{const d=document.querySelector('iframe').contentDocument.documentElement;"
        "document.title=d.scrollWidth+' of '+d.clientWidth}</script>"
    )
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<!doctype html><title>not measured</title>{measure}<iframe width="360" height="640" '
        f'style="border:0" srcdoc="{inner}"></iframe>',
        encoding="utf-8",
    )
    shown = browse(tmp_path / "profile", "--dump-dom", frame.as_uri()).stdout
    found = re.search(r"<title>(\d+) of (\d+)</title>", shown)
    assert found is not None, shown[:300]
    wide, room = map(int, found.groups())
    assert 300 < room <= 360
    assert wide <= room


def test_light_and_dark_by_the_style_sheet_alone(url: str, tmp_path: Path) -> None:
    """Ink and paper as the browser computes them: far apart, and changing places with the reader's setting."""
    dom = browse(tmp_path / "profile", "--dump-dom", f"{url}/institutions/{MTU_ID}").stdout
    script = "const s=getComputedStyle(document.body);document.title=s.color+' on '+s.backgroundColor"
    measure = f"<script>{script}</script>"
    copy = tmp_path / "copy.html"
    copy.write_text(dom + measure, encoding="utf-8")
    greys = []
    for setting in ("1", "0"):  # light, dark
        option = f"--blink-settings=preferredColorScheme={setting}"
        shown = browse(tmp_path / "profile", option, "--dump-dom", copy.as_uri()).stdout
        found = re.search(r"<title>rgb\((\d+), \d+, \d+\) on rgb\((\d+), \d+, \d+\)</title>", shown)
        assert found is not None, shown[:300]
        greys.append((int(found[1]), int(found[2])))
    (light_ink, light_paper), (dark_ink, dark_paper) = greys
    assert light_paper - light_ink > 180
    assert dark_ink - dark_paper > 180


def test_a_picture_can_be_taken(url: str, tmp_path: Path) -> None:
    """Painted, and not only parsed: an empty page of this size compresses to a few hundred bytes."""
    picture = tmp_path / "page.png"
    options = ("--hide-scrollbars", "--window-size=500,900", f"--screenshot={picture}")
    browse(tmp_path / "profile", *options, f"{url}/institutions/{MTU_ID}")
    data = picture.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", data[16:24]) == (500, 900)
    browse(tmp_path / "profile", *options, "about:blank")
    assert len(data) > 10 * len(picture.read_bytes())

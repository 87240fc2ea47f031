"""What deploy/ holds fits the program: units that systemd understands, commands and settings that exist, and a
package that has all it needs at run time. Nothing here starts systemd or a container engine."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from pathspec import GitIgnoreSpec

from tests.unit.docs import pages
from tests.unit.docs.test_docs import must_exist

DEPLOY = pages.ROOT / "deploy"
GUIDE = pages.ROOT / "docs" / "guides" / "registry-operator.md"
UNITS = sorted((DEPLOY / "systemd").glob("cairn-registry*.*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
PROGRAM = "/opt/cairn/.venv/bin/cairn-registry"

_SETTING = re.compile(r"\bCAIRN_[A-Z_]+\b")


class _Parser(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def unit(path: Path) -> Any:
    parser = _Parser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    parser.read_string(path.read_text("utf-8"))
    return parser


# --- units


def test_systemd_understands_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for path in UNITS:  # it wants the program to be there, and only the program
        (tmp_path / path.name).write_text(path.read_text("utf-8").replace(PROGRAM, sys.executable))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / path.name) for path in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # An unknown key is a line and no failure; lines about the machine's own units are not ours.
    ours = [line for line in found.stderr.splitlines() if "cairn-registry" in line or str(tmp_path) in line]
    assert (ours, found.returncode) == ([], 0), found.stderr


def test_the_timer_starts_the_ingest_every_night_and_makes_up_for_one() -> None:
    (timer,) = [path for path in UNITS if path.suffix == ".timer"]
    assert timer.with_suffix(".service") in SERVICES
    assert re.fullmatch(r"\*-\*-\* [0-9:]{8}", unit(timer)["Timer"]["OnCalendar"])
    assert unit(timer)["Timer"]["Persistent"] == "yes"
    assert unit(timer)["Install"]["WantedBy"] == "timers.target"


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_a_service_has_an_account_a_home_and_no_more(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == service["Group"] == service["StateDirectory"] == "cairn-registry"
    assert (service["UMask"], service["StateDirectoryMode"]) == ("0077", "0700")
    for name in ("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "RestrictNamespaces"):
        assert service[name] == "yes", name
    assert (service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("strict", "")
    assert "MemoryMax" in service


def test_both_services_run_with_the_same_settings() -> None:
    shared = ("User", "UMask", "StateDirectory", "EnvironmentFile", "SystemCallFilter")
    first, second = (unit(path)["Service"] for path in SERVICES)
    assert [first[name] for name in shared] == [second[name] for name in shared]


# --- commands and settings


def commands() -> list[tuple[str, list[str]]]:
    """(where, words behind the program's name) of every command that is run by deploy/."""
    found = []
    for path in SERVICES:
        program, *rest = shlex.split(unit(path)["Service"]["ExecStart"])
        assert program == PROGRAM
        found.append((path.name, rest))
    containerfile = (DEPLOY / "container" / "Containerfile").read_text("utf-8")
    (command,) = re.findall(r"^CMD (\[.*\])$", containerfile, re.MULTILINE)
    found.append(("Containerfile", json.loads(command)))
    found += [(f"compose.yaml, {name}", one["command"]) for name, one in compose()["services"].items()]
    return found


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text("utf-8"))


@pytest.mark.parametrize(("where", "words"), commands(), ids=lambda one: one if isinstance(one, str) else "")
def test_commands_and_options_exist(where: str, words: list[str]) -> None:
    assert words[0] in {"serve", "ingest"}
    must_exist("cairn-registry", words, where)


def test_settings_exist() -> None:
    """Every variable that is named is read by the program; the units' own are in their file."""
    code = "\n".join(path.read_text("utf-8") for path in (pages.ROOT / "trust_registry").rglob("*.py"))
    known = {*_SETTING.findall(code), "CAIRN_REGISTRY_ROOT_KEY_FILE"}  # keyring.py puts it together
    environment = (DEPLOY / "systemd" / "environment").read_text("utf-8")
    of_units = {"CAIRN_REGISTRY_SOURCE", "CAIRN_REGISTRY_LICENCE"}
    for path in (GUIDE, *(one for one in DEPLOY.rglob("*") if one.is_file())):
        assert set(_SETTING.findall(path.read_text("utf-8"))) <= known | of_units, path
    for path in SERVICES:
        for name in re.findall(r"\$\{(\w+)\}", path.read_text("utf-8")):
            assert re.search(rf"^{name}=\S", environment, re.MULTILINE), name


def test_the_settings_file_is_one_for_a_shell_too() -> None:
    """The guide's function reads it with a shell; systemd takes the same quoting."""
    script = f"set -eu; . {shlex.quote(str(DEPLOY / 'systemd' / 'environment'))}"
    shown = subprocess.run(
        ["sh", "-c", f'{script}; printf %s "$CAIRN_REGISTRY_LICENCE"'],
        capture_output=True,
        text=True,
        timeout=10,
        check=True,
    )
    assert (shown.stdout, shown.stderr) == ("as EQAR states them", "")


def test_containers_have_one_home_and_no_rights() -> None:
    description = compose()
    for one in description["services"].values():
        assert one["volumes"] == ["registry:/data"]
        assert (one["read_only"], one["cap_drop"]) == (True, ["ALL"])
        assert one["environment"]["CAIRN_REGISTRY_PUBLIC_URL"].startswith("https://")
    assert all(port.startswith("127.0.0.1:") for port in description["services"]["registry"]["ports"])
    # The proxy comes in by this network; a trusted network that is another one would trust nobody.
    (network,) = description["networks"]["registry"]["ipam"]["config"]
    assert network["subnet"] in description["services"]["registry"]["command"]


def test_the_image_is_made_of_what_there_is() -> None:
    containerfile = (DEPLOY / "container" / "Containerfile").read_text("utf-8")
    copied = [line.split()[1:-1] for line in containerfile.splitlines() if re.match(r"COPY (?!--)", line)]
    sources = {name for names in copied for name in names}
    assert all((pages.ROOT / name).exists() for name in sources)
    assert sources >= {*packages(), project()["project"]["readme"], *project()["project"]["license-files"]}


# --- the package


def project() -> Any:
    return tomllib.loads((pages.ROOT / "pyproject.toml").read_text("utf-8"))


def packages() -> list[str]:
    found: list[str] = project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    return found


_EVERYTHING = """
import datetime, pathlib, sys
from fastapi.testclient import TestClient
import trust_registry
from trust_registry import migrations
from trust_registry.api import create_app
from trust_registry.cli import app
from trust_registry.registry import Registry
from trust_registry.vocabulary import SnapshotKind

here = pathlib.Path(trust_registry.__file__).parent.parent
assert here == pathlib.Path(sys.argv[1]), here
now = datetime.datetime.now(datetime.UTC)
home = pathlib.Path(sys.argv[2])
registry = Registry.open(home, did="did:web:registry.example", deployment=SnapshotKind.DEMO, now=now)
registry.publish_schema(now=now)
client = TestClient(create_app(registry), base_url="http://localhost")
for path in ("/", "/?q=graz", "/institutions/DEQARINST0066", "/v1/schemas", "/v1/openapi.json", "/v1/status"):
    assert client.get(path).status_code == 200, path
assert "<style" in client.get("/").text
registry.close()
"""


def test_an_installed_registry_has_its_data(tmp_path: Path) -> None:
    """Hatch takes the packages' files but those that git ignores. A registry is made and asked from these alone.

    The wheel itself is not built: its build backend is not installed, and tests fetch nothing.
    """
    assert set(project()["tool"]["hatch"]["build"]["targets"]["wheel"]) == {"packages"}, "selects by more"
    ignored = GitIgnoreSpec.from_lines((pages.ROOT / ".gitignore").read_text("utf-8").splitlines())
    site = tmp_path / "site"
    for package in packages():
        for source in sorted((pages.ROOT / package).rglob("*")):
            name = source.relative_to(pages.ROOT).as_posix()
            if source.is_file() and not ignored.match_file(name):
                (site / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, site / name)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CAIRN_", "PYTHON"))}
    found = subprocess.run(
        [sys.executable, "-c", _EVERYTHING, str(site), str(tmp_path / "home")],
        cwd=tmp_path,
        env=kept | {"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-3000:]

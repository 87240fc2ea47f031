"""What the pages name exists: files, tests, commands, options, make targets, folders."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from agent.cli.main import build
from tests.unit.docs import pages
from trust_registry.cli import app as cairn_registry

PAGES = pytest.mark.parametrize("page", pages.pages(), ids=pages.name)

_LINK = re.compile(r"\]\((?P<to>[^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_TEST = re.compile(r"(?P<file>tests/[\w/]+\.py)::(?P<name>\w+)")
_PATH = re.compile(
    r"(?:agent|wallet_tui|issuer_profiles|trust_registry|tests|docs|scripts|deploy)(?:/[\w.-]+)*/?(?=$|::)"
)
_COMMAND = re.compile(r"(?<![\w./$-])(?P<tool>cairn|cairn-registry)[ ](?P<rest>[^|;&)(`'\n]*)")
_MAKE = re.compile(r"(?<![\w-])make (?P<target>[a-z]+)\b")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them: lower case, blanks to hyphens, no other punctuation."""
    titles = _HEADING.findall(page.read_text("utf-8"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@PAGES
def test_links_lead_somewhere(page: Path) -> None:
    for to in _LINK.findall(pages.prose(page)):
        if "://" in to:
            continue
        path, _, anchor = to.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), to
        assert not anchor or anchor in anchors(target), to


@cache
def functions(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@PAGES
def test_named_tests_exist(page: Path) -> None:
    for file, name in _TEST.findall(page.read_text("utf-8")):
        assert (pages.ROOT / file).is_file(), file
        assert name in functions(pages.ROOT / file), f"{file}::{name}"


def test_the_threat_model_names_a_test_for_every_row() -> None:
    rows = [
        line
        for line in (pages.ROOT / "docs" / "threat-model.md").read_text("utf-8").splitlines()
        if line.startswith("| **")
    ]
    assert len(rows) > 25
    for row in rows:
        assert _TEST.search(row.split("|")[3]), row


@PAGES
def test_named_files_exist(page: Path) -> None:
    text = re.sub(r"<[a-z]+>", "*", pages.prose(page))  # <issuer> stands for any
    for code in _CODE.findall(text):
        if not _PATH.fullmatch(code.partition("::")[0]) or "my-college" in code:
            continue
        path = code.partition("::")[0]
        assert (pages.ROOT / path).exists(), f"{pages.name(page)}: {path}"


# --- commands


def tree(app: typer.Typer) -> Any:
    return typer.main.get_command(app)


TREES = {"cairn": tree(build()), "cairn-registry": tree(cairn_registry)}


def shown_commands(page: Path) -> Iterator[tuple[str, str]]:
    """(tool, the rest of the line up to a pipe, a quote's end or a bracket) in code of any kind."""
    texts = [block.body for block in pages.blocks(page) if block.info.split(" ")[0] == "sh"]
    texts += _CODE.findall(pages.prose(page))
    for text in texts:
        for line in text.replace("$(", "\n").splitlines():
            for match in _COMMAND.finditer(line.split(" #")[0]):
                yield match["tool"], match["rest"]


def words(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError:  # cut inside a quotation
        return rest.split()


def must_exist(tool: str, given: list[str], where: str) -> None:
    """Commands and options, as the program itself knows them; ``given`` is what stands behind its name."""
    command, path, rest = TREES[tool], [tool], list(given)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{where}: {' '.join(path)} {rest[0]}"
        path.append(rest.pop(0))
        command = command.commands[path[-1]]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    for word in rest:
        if word.startswith("--"):
            assert word.split("=")[0] in known, f"{where}: {' '.join(path)} {word}"


@PAGES
def test_commands_and_options_exist(page: Path) -> None:
    for tool, rest in shown_commands(page):
        must_exist(tool, words(rest), pages.name(page))


def test_every_command_of_the_tree_is_shown_somewhere() -> None:
    """A command that no page shows is one that nobody learns of."""
    shown = {
        (tool, *[word for word in words(rest)[:2] if not word.startswith("-")])
        for page in pages.pages()
        for tool, rest in shown_commands(page)
    }
    for tool, root in TREES.items():
        for name, command in root.commands.items():
            for path in [(name, sub) for sub in getattr(command, "commands", {})] or [(name,)]:
                assert any(found[1 : 1 + len(path)] == path for found in shown if found[0] == tool), path


@PAGES
def test_make_targets_exist(page: Path) -> None:
    makefile = (pages.ROOT / "Makefile").read_text("utf-8")
    for text in [*_CODE.findall(pages.prose(page)), *(block.body for block in pages.blocks(page))]:
        for target in _MAKE.findall(text):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{pages.name(page)}: make {target}"


# --- README and decisions


def test_the_map_of_folders_is_complete() -> None:
    readme = pages.prose(pages.ROOT / "README.md")
    named = set(re.findall(r"^\| `([a-z_]+)/` \|", readme, re.MULTILINE))
    there = {
        entry.name
        for entry in pages.ROOT.iterdir()
        if entry.is_dir() and not entry.name.startswith((".", "__")) and entry.name not in ("dist", "build")
    }
    assert named == there


def test_decisions_are_numbered_dated_and_short() -> None:
    files = sorted((pages.ROOT / "docs" / "decisions").glob("*.md"))
    assert [file.name[:4] for file in files] == [f"{number:04d}" for number in range(1, len(files) + 1)]
    for file in files:
        text = file.read_text("utf-8")
        assert text.startswith(f"# {file.name[:4]}: "), file.name
        assert re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE), file.name
        assert 10 <= len(text.splitlines()) <= 50, file.name


@PAGES
def test_no_path_of_a_machine_and_no_package_index(page: Path) -> None:
    text = page.read_text("utf-8")
    for pattern in (r"/(?:root|home|tmp|work|Users)/", r"pypi|pythonhosted|index-url", r"~/\.pyenv"):
        assert not re.search(pattern, text), pattern


@pytest.mark.parametrize("page", pages.tutorials(), ids=pages.name)
def test_blocks_are_runnable_or_say_why_not(page: Path) -> None:
    for block in pages.blocks(page):
        assert block.info in {"sh", "sh no-test", "text", "json"}, f"{block.page}:{block.line}"
        if block.info == "sh":
            assert not re.search(
                r"^(?:make |cairn up|cairn-wallet|cairn agent run)", block.body, re.MULTILINE
            ), block

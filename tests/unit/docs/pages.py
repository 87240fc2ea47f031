"""The project's Markdown pages, read for what can be checked: shell blocks, links, names of tests and commands.

A block ``sh`` is run by tests/integration/test_tutorials.py; ``sh no-test`` is for what does not end by itself.
A line that ends in ``# exit: 5`` is expected to exit with that code, every other line with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_EXIT = re.compile(r"^(?P<command>.*\S)\s+# exit: (?P<code>\d+)$")


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    line: int
    info: str
    body: str


def pages() -> list[Path]:
    """README and everything below docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def tutorials() -> list[Path]:
    """The pages whose ``sh`` blocks are run."""
    docs = ROOT / "docs"
    return [
        ROOT / "README.md",
        *sorted((docs / "tutorials").glob("*.md")),
        *sorted((docs / "guides").glob("*.md")),
    ]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for match in _FENCE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        yield Block(name(page), line, match["info"].strip(), match["body"])


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text("utf-8"))


def script(page: Path) -> str:
    """All ``sh`` blocks of a page as one bash script that ends at the first surprise and says where."""
    lines = ["set -euo pipefail", "trap 'echo \"at: $BASH_COMMAND (exit $?)\" >&2' ERR"]
    for block in blocks(page):
        if block.info != "sh":
            continue
        lines.append(f"echo '# {block.page}:{block.line}' >&2")
        lines += [_expecting(line) for line in block.body.splitlines()]
    return "\n".join(lines) + "\n"


def _expecting(line: str) -> str:
    found = _EXIT.match(line)
    if found is None:
        return line
    # In the condition of an if, neither set -e nor the trap looks at the command.
    code = found["code"]
    return (
        f"if {found['command']}; then code=0; else code=$?; fi; "
        f'[ "$code" -eq {code} ] || {{ echo "exit $code instead of {code}" >&2; exit 99; }}'
    )

"""Write docs/registry-api.md, the registry's API on one page, from its own OpenAPI document.

    python scripts/registry_api.py [--check]

With ``--check`` nothing is written and the exit code is 1 if the page would change.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from trust_registry.api import create_app  # noqa: E402 - after the path is set
from trust_registry.registry import Registry, utc_now  # noqa: E402 - after the path is set
from trust_registry.vocabulary import SnapshotKind  # noqa: E402 - after the path is set
from trust_registry.web.document import document, limits_of  # noqa: E402 - after the path is set
from trust_registry.web.limits import LIMITS  # noqa: E402 - after the path is set

PAGE: Final = ROOT / "docs" / "registry-api.md"
_BEGIN: Final = """\
# The registry's API

Made from the registry's own description by `scripts/registry_api.py`; do not edit. The whole of it, with schemas and
examples, is at `/v1/openapi.json` of a running registry. The pages for people, `/` and `/institutions/{identifier}`,
are HTML and not listed.

"""


def described() -> dict[str, Any]:
    """The document of a registry that is made for this and thrown away; nothing in it depends on which."""
    with tempfile.TemporaryDirectory() as home:
        registry = Registry.open(
            Path(home), did="did:web:registry.example", deployment=SnapshotKind.DEMO, now=utc_now()
        )
        try:
            return document(create_app(registry), LIMITS)
        finally:
            registry.close()


def page_text(api: dict[str, Any]) -> str:
    rules, _, _ = api["info"]["description"].partition("\n## Limits")
    parts = [_BEGIN, rules]
    for tag in api["tags"]:
        parts.append(f"\n## {tag['name'][0].upper()}{tag['name'][1:]}\n\n{tag['description']}.\n\n")
        parts.append("| | Path | What | Answers |\n|---|---|---|---|\n")
        parts += [
            f"| {method.upper()} | `{path}` | {operation['summary']} | {_answers(operation)} |\n"
            for path, item in api["paths"].items()
            for method, operation in item.items()
            if tag["name"] in operation["tags"]
        ]
    parts.append("\n## Limits\n\n| What | How much |\n|---|---|\n")
    parts += [f"| {what} | {much} |\n" for what, much in limits_of(LIMITS)]
    parts.append(
        "\nBeyond them: 413 (bodies), 414 (query string), 429 with Retry-After (rate), 507 (tails), else 400. The rate"
        " is counted by the\naddress that connects; X-Forwarded-For counts only from a `--trusted-proxy`.\n"
    )
    return "".join(parts)


def _answers(operation: dict[str, Any]) -> str:
    """Media types of the success, and the statuses that not every route has."""
    everywhere = {"400", "414", "429", "500"}
    good = [answer for status, answer in operation["responses"].items() if status in {"200", "201"}]
    media = ", ".join(f"`{name}`" for answer in good for name in answer["content"])
    others = [status for status in operation["responses"] if status not in everywhere]
    return f"{media}; {', '.join(sorted(others))}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Write docs/registry-api.md from the registry's description."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if the page would change")
    check = parser.parse_args().check
    text = page_text(described())
    changed = not PAGE.exists() or PAGE.read_text("utf-8") != text
    if changed:
        print(f"{'would change' if check else 'wrote'} docs/{PAGE.name}")
        if not check:
            PAGE.write_text(text, "utf-8")
    return 1 if check and changed else 0


if __name__ == "__main__":
    sys.exit(main())

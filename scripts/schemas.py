"""Write the JSON Schemas of docs/schema from the readers of the code, which are one declaration with them.

    python scripts/schemas.py [--check]

With ``--check`` nothing is written and the exit code is 1 if a file would change.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from agent.core.policy import policy_schema  # noqa: E402 - after the path is set
from agent.core.profiles import profile_schema  # noqa: E402 - after the path is set
from agent.core.record import record_schema  # noqa: E402 - after the path is set

OUT: Final = ROOT / "docs" / "schema"
# One line for each schema: the file's name and what makes it.
SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "policy": policy_schema,
    "record": record_schema,
    "validation-profile": profile_schema,
}


def schema_text(name: str) -> str:
    return json.dumps(SCHEMAS[name](), indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Write the JSON Schemas of docs/schema.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file would change")
    check = parser.parse_args().check
    changed = [name for name in SCHEMAS if _old(name) != schema_text(name)]
    for name in changed:
        print(f"{'would change' if check else 'wrote'} docs/schema/{name}.json")
        if not check:
            OUT.mkdir(parents=True, exist_ok=True)
            (OUT / f"{name}.json").write_text(schema_text(name), "utf-8")
    return 1 if check and changed else 0


def _old(name: str) -> str:
    file = OUT / f"{name}.json"
    return file.read_text("utf-8") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main())

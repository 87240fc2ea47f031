"""Hold the JSON-LD contexts of agent/vc/data/contexts against their manifest, or make them again.

    python scripts/contexts.py                   name every file that is missing, differs or is not listed
    python scripts/contexts.py --from FOLDER…    take them from folders, such as checkouts of their sources

A file is taken by its SHA-256, whatever its name: the manifest says which bytes, and where they were found.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDER: Final = ROOT / "agent" / "vc" / "data" / "contexts"
MANIFEST: Final = "manifest.json"
MAX_BYTES: Final = 1024 * 1024


def pinned(folder: Path) -> dict[str, str]:
    """SHA-256 by file name."""
    return {entry["file"]: entry["sha256"] for entry in json.loads((folder / MANIFEST).read_text("utf-8"))}


def problems(folder: Path) -> list[str]:
    """A line for each file that is not as the manifest says."""
    wanted = pinned(folder)
    there = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != MANIFEST}
    found = [f"{name}: missing" for name in wanted.keys() - there.keys()]
    found += [f"{name}: not in the manifest" for name in there.keys() - wanted.keys()]
    found += [
        f"{name}: is {digest}, not {wanted[name]}"
        for name in wanted.keys() & there.keys()
        if (digest := hashlib.sha256(there[name]).hexdigest()) != wanted[name]
    ]
    return sorted(found)


def take(folder: Path, sources: Iterable[Path]) -> list[str]:
    """Write every file that the sources have; its names."""
    wanted = pinned(folder)
    taken = set()
    for source in sources:
        for file in source.rglob("*"):
            if file.is_file() and file.stat().st_size <= MAX_BYTES:
                data = file.read_bytes()
                digest = hashlib.sha256(data).hexdigest()
                for name in (name for name, sha256 in wanted.items() if sha256 == digest):
                    (folder / name).write_bytes(data)
                    taken.add(name)
    return sorted(taken)


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the JSON-LD contexts that come with the software.")
    parser.add_argument("--from", dest="sources", nargs="+", type=Path, default=(), metavar="FOLDER")
    for name in take(FOLDER, parser.parse_args().sources):
        print(f"took {name}")
    found = problems(FOLDER)
    for line in found:
        print(line)
    print(f"{len(pinned(FOLDER))} contexts, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

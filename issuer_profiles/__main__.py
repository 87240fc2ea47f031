"""``python -m issuer_profiles`` writes the JSON Schemas anew; a test fails when they are out of date.

``python -m issuer_profiles release --all`` (or ``release ID …``) records the versions of templates that are
not released yet; ``--root DIR`` for another folder of profiles.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from issuer_profiles.errors import ProfileError
from issuer_profiles.loader import ROOT, list_profiles, write_schemas
from issuer_profiles.release import release


def main(arguments: list[str] | None = None) -> int:
    """0, or 1 if something could not be released; every issuer is tried."""
    parser = argparse.ArgumentParser(prog="python -m issuer_profiles")
    commands = parser.add_subparsers(dest="command")
    releasing = commands.add_parser("release", help="record released versions of templates")
    which = releasing.add_mutually_exclusive_group(required=True)
    which.add_argument("--all", action="store_true", help="of every issuer")
    which.add_argument("ids", nargs="*", default=[], metavar="ID")
    releasing.add_argument("--root", type=Path, default=ROOT, metavar="DIR", help="the folder of profiles")
    options = parser.parse_args(arguments)
    if options.command is None:
        write_schemas()
        return 0
    failed = False
    for id in list_profiles(options.root) if options.all else options.ids:
        try:
            fresh = release(id, options.root)
        except ProfileError as error:
            failed = True
            sys.stderr.write(f"{id}: {error.diagnostics()} [{error.code}]\n")
        else:
            sys.stdout.write(f"{id}: {', '.join(fresh) or 'nothing to release'}\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

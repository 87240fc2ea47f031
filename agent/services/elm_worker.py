"""``python -P -m agent.services.elm_worker TARGET``: a document on stdin, findings on stdout. See `agent.services.elm`.

Its limits come first, before anything of a library is imported: processor time, memory, no file written, and
neither network nor further process (an audit hook cannot be taken away again).
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from agent.core.limits import parse_json
from agent.errors import CairnError, InputError
from agent.services import elm

_FORBIDDEN = (
    "socket.",
    "urllib.",
    "http.client.",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
)


def main() -> None:
    seconds = int(elm.SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (elm.MEMORY_BYTES, elm.MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    sys.addaudithook(_refuse)
    try:
        answer = _examine(Path(sys.argv[1]), sys.stdin.buffer.read(elm.MAX_DOCUMENT_BYTES + 1))
    except CairnError as error:
        kind = "input" if isinstance(error, InputError) else "other"
        answer = {"error": {"kind": kind, "code": error.code, "detail": error.detail, "hint": error.hint}}
    sys.stdout.write(json.dumps(answer))


def _examine(target: Path, data: bytes) -> dict[str, object]:
    from agent.vc.elm_shapes import examine

    document = parse_json(data, max_bytes=elm.MAX_DOCUMENT_BYTES, max_depth=elm.MAX_DEPTH)
    found = examine(document, elm.read(target))
    return {"findings": [each.to_json() for each in found.findings], "dropped": list(found.dropped)}


def _refuse(event: str, _args: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise RuntimeError(f"{event} is not allowed here")


if __name__ == "__main__":
    main()

"""The program that asks DIDKit, in a process of its own: ``python -I didkit_child.py SECONDS BYTES``.

One request ``{"call", "document", "options"}`` on standard input, one line ``{"answer"}`` or ``{"error",
"said"}`` on standard output. DIDKit can crash when the interpreter ends, after its answer: the process ends by
`os._exit`. It runs with -I and imports nothing of this project, which starts faster and leaves the module
``agent.formats.didkit`` out of the way of the package ``didkit``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
from typing import Any

_SAID_CHARS = 2000
# The test vector of the did:key specification: resolving it needs no network and starts DIDKit's threads.
_ANY_KEY = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"


def limit(seconds: int, memory_bytes: int) -> None:
    """No core, ``seconds`` of processor time, ``memory_bytes`` of address space."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    # macOS has no limit of address space and says so by refusing; the parent's deadline still holds there.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def no_more_descriptors() -> None:
    """What is open stays open and nothing else can be opened: no socket, so no network."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


async def ask(request: dict[str, str]) -> dict[str, str]:
    try:
        import didkit
    except ImportError:
        return {"error": "absent"}
    # Its type information says of this class that it is an exception.
    refusals: Any = (ValueError, didkit.DIDKitException)
    calls = {"credential": didkit.verify_credential, "presentation": didkit.verify_presentation}
    try:
        await didkit.resolve_did(_ANY_KEY, "{}")
        no_more_descriptors()
        answer = await calls[request["call"]](request["document"], request["options"])
    except refusals as error:
        return {"error": "refused", "said": str(error)[:_SAID_CHARS]}
    return {"answer": answer, "version": didkit.get_version()}


def main() -> None:
    limit(int(sys.argv[1]), int(sys.argv[2]))
    try:
        reply = asyncio.run(ask(json.load(sys.stdin)))
    except MemoryError:
        reply = {"error": "out_of_memory"}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

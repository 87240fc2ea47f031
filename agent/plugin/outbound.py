"""Where DIDComm messages may be sent.

The address comes from an invitation or from another agent's DID document, so a stranger chooses it. The
connection is judged when its socket is made, after the name was resolved: public addresses, our own service's
webhook receiver, and loopback for an agent that itself lives on loopback (the demo universe).
"""

from __future__ import annotations

import functools
import os
import socket
from typing import Any
from urllib.parse import urlsplit

from acapy_agent.transport.outbound import http

from trust_registry.addresses import is_loopback, is_public


def install() -> None:
    own = urlsplit(os.environ.get("CAIRN_PLUGIN_URL", ""))
    loopback = os.environ.get("CAIRN_ALLOW_LOOPBACK") == "1"

    def make_socket(info: tuple[Any, ...]) -> socket.socket:
        family, kind, protocol, _, (address, port, *_) = info
        local = is_loopback(address) and (loopback or port == own.port)
        if not (local or is_public(address)):
            raise PermissionError("the address is inside a private network")
        return socket.socket(family=family, type=kind, proto=protocol)

    http.TCPConnector = functools.partial(http.TCPConnector, socket_factory=make_socket)

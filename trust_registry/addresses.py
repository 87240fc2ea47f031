"""Which network addresses may be connected to. Pure; the wallet's fetcher and plugin judge by it too."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def is_public(address: str) -> bool:
    """Whether the address is one of the public internet; no for anything that is not an address.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, Teredo, NAT64) must carry a public one.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.is_global and not found.is_multicast and all(inner.is_global for inner in _carried(found))


def is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _carried(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    if isinstance(address, IPv4Address):
        return []
    found = [inner for inner in (address.ipv4_mapped, address.sixtofour) if inner is not None]
    found += list(address.teredo or ())
    if any(address in network for network in _NAT64):
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return found

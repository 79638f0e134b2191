"""Which network addresses a page may be fetched from: those that everybody can reach."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from ..errors import PageError

_NAT64 = IPv6Network("64:ff9b::/96")
_LAST_32_BITS = 0xFFFFFFFF


def resolve(host: str, port: int, *, private: bool) -> list[str]:
    """Return the addresses of a host. Raises PageError if it has none, or one that is not public and not allowed.

    One that is not public among public ones is refused too: a name may be made to lead inwards now and then.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise PageError(f"{host} is not found: check the address and the connection to the network.") from error
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    inner = [one for one in addresses if not is_public(one)]
    if inner and not private:
        leads = f"{host} is" if host.strip("[]") == inner[0] else f"{host} is {inner[0]},"
        raise PageError(
            f"{leads} an address of this machine or its own network: pages are fetched from public "
            "addresses alone, unless --private-pages is given."
        )
    return addresses


def is_public(address: str) -> bool:
    """Return whether everybody can reach an address; one that stands for another is as public as that."""
    found = ip_address(address)
    if isinstance(found, IPv6Address) and (inner := _inner(found)) is not None:
        return is_public(str(inner)) and (found.is_global or found.ipv4_mapped is not None)
    return found.is_global and not found.is_multicast and not found.is_reserved


def _inner(address: IPv6Address) -> IPv4Address | None:
    """Return the address of the older protocol that one of the newer leads to."""
    if address in _NAT64:
        return IPv4Address(int(address) & _LAST_32_BITS)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)

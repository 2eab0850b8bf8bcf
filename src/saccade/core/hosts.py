"""By what name a server was called: a page elsewhere may have turned its own to this machine."""

import ipaddress
from functools import lru_cache


def host_name(host: str) -> str:
    """The name in `NAME:PORT`, in small letters.

    >>> host_name("LocalHost:80"), host_name("[::1]:80"), host_name("127.0.0.1")
    ('localhost', '::1', '127.0.0.1')
    """
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=256)  # asked of every request, and nearly always the same
def is_ours(name: str, own: str) -> bool:
    """A loopback address, or the very one that this connection came in by."""
    address = _address(name)
    return address is not None and (address.is_loopback or address == _address(own))

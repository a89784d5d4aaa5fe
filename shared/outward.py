"""Where the system may connect to on behalf of somebody who gave it an address.

An address that a person enters must not open what stands behind the firewall: this machine, the private
networks, the cloud's metadata. It is looked at when it is entered and again when the connection is made, and
the connection goes to the very address that was looked at: a name may answer otherwise the second time.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
Fault = Literal["form", "scheme", "userinfo", "unknown_host", "address"]

URL_LIMIT = 2000  # characters
RESOLVE_LIMIT = 3.0  # seconds
# IANA's special-purpose registries, multicast, and what is not routed; clouds' metadata lie in the
# link-local, shared and private blocks, but for the last.
_CLOSED_4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "168.63.129.16/32",
    )
)
# Of IPv6 only global unicast is open: loopback, mapped and translated IPv4 (NAT64), unique local, link-local
# and multicast lie outside it. Inside, what is for documentation, or carries an IPv4 address (Teredo, 6to4).
_OPEN_6 = ipaddress.IPv6Network("2000::/3")
_CLOSED_6 = tuple(
    ipaddress.IPv6Network(block)
    for block in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)


def is_open(address: Address) -> bool:
    """Tell whether it is an address of the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in block for block in _CLOSED_4)
    return (
        address.scope_id is None
        and address in _OPEN_6
        and not any(address in block for block in _CLOSED_6)
    )


class RefusedAddressError(Exception):
    """The host has an address that nothing may be sent to."""


@dataclass(frozen=True)
class Outward:
    """What is allowed beside the public internet."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = field(default_factory=frozenset)
    plain_http: bool = False

    @classmethod
    def of(cls, allowed: Iterable[str], *, plain_http: bool = False) -> "Outward":
        """Read blocks (10.1.2.0/24), addresses and names of hosts."""
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in allowed:
            try:
                networks.append(ipaddress.ip_network(entry))
            except ValueError:
                hosts.add(entry.lower())
        return cls(tuple(networks), frozenset(hosts), plain_http)

    def permits(self, host: str, address: str) -> bool:
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return False
        allowed = any(found in block for block in self.networks)
        return allowed or host.lower() in self.hosts or is_open(found)

    async def addresses(self, host: str, port: int, resolve: Resolve) -> Sequence[str]:
        """Look the host up, once; if any of its addresses is closed, all are refused."""
        found = await resolve(host, port)
        if not found or not all(self.permits(host, address) for address in found):
            raise RefusedAddressError
        return found

    async def fault(self, url: str, resolve: Resolve) -> Fault | None:
        """Say what is wrong with an address that is being entered."""
        parsed, fault = self._parsed(url)
        if parsed is None:
            return fault
        port = parsed.port or (80 if parsed.scheme == "http" else 443)
        try:
            async with asyncio.timeout(RESOLVE_LIMIT):
                await self.addresses(parsed.raw_host.decode("ascii"), port, resolve)
        except RefusedAddressError:
            return "address"
        except (OSError, TimeoutError, UnicodeError):
            return "unknown_host"
        return None

    def _parsed(self, url: str) -> tuple[httpx.URL | None, Fault]:
        # Read by whoever connects later: two readers might see two hosts in it.
        if len(url) > URL_LIMIT or any(not "!" <= c <= "~" or c == "\\" for c in url):
            return None, "form"
        try:
            parsed = httpx.URL(url)
            host = parsed.host  # read here, as a name that is no name fails only then
        except (httpx.InvalidURL, UnicodeError):
            return None, "form"
        if parsed.scheme != "https" and not (self.plain_http and parsed.scheme == "http"):
            return None, "scheme"
        if parsed.userinfo or "@" in parsed.netloc.decode("ascii"):
            return None, "userinfo"
        if not host or parsed.fragment or parsed.port == 0 or (parsed.port or 1) > 65535:  # noqa: PLR2004
            return None, "form"
        return parsed, "form"


async def resolve_host(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver; each address once, in its order."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))

"""Finds ports nobody uses, also when two checkouts look for one at the same moment."""

import socket
import sys
from typing import Self

from deploy.processes import StartError

REACH = 200


class Ports:
    """Takes ports and keeps other checkouts off them for as long as it is open.

    The kernel cannot keep a port for a server that is not there yet, so each port has a name in
    Linux's abstract socket namespace that only one process can hold and no crash leaves behind.
    """

    def __init__(self) -> None:
        self._held: list[socket.socket] = []

    def take(self, wanted: int, host: str = "127.0.0.1") -> int:
        """Return the first free port from ``wanted`` on."""
        last = min(wanted + REACH, 65_536)
        for port in range(wanted, last):
            if is_free(port, host) and self._hold(port):
                return port
        raise StartError(f"No port is free on {host} from {wanted} to {last - 1}: choose another.")

    def close(self) -> None:
        for held in self._held:
            held.close()
        self._held.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hold(self, port: int) -> bool:
        if sys.platform != "linux":
            return True
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0pii-port-{port}")
        except OSError:
            name.close()
            return False
        self._held.append(name)
        return True


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now; old connections still closing do not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError:
            return False
    return True

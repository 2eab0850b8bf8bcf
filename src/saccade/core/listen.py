"""A place to listen."""

import errno
import os
import socket
from typing import Any

from saccade.core.errors import BadUsage

WAITING = 2048  # who may wait to be let in


def listen(host: str, port: int) -> socket.socket:
    """A socket that waits for others to connect; port 0 takes a free one.

    Raises:
        BadUsage: the port is taken, or there is no such address here.
    """
    if not 0 <= port < 1 << 16:
        raise BadUsage(f"--port takes 0 (any) to 65535, got {port}")
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Only of a socket that says TCP does asyncio switch off the wait for more to send (40 ms).
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name != "nt":  # there it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(listener, address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = f"port {port} of {host} is taken. Pick another --port, or 0 for a free one"
        else:
            why = f"can't listen at {host} port {port}: {error.strerror or error}"
        raise BadUsage(why) from None
    listener.setblocking(False)
    return listener


def _bind(listener: socket.socket, address: Any) -> None:
    try:
        listener.bind(address)
        listener.listen(WAITING)
    except OSError:
        listener.close()
        raise

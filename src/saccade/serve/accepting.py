"""Connections are taken one at a time, so that all processes that listen at a socket get some.

An event loop takes all that wait whenever it wakes: of thirty connections that came together one
process had all, and the other nothing to do.
"""

import asyncio
import socket
from collections.abc import Callable

REST_SECONDS = 0.1  # after the system could give no connection: too many files are open


class Accepting:
    """Gives each connection to a protocol of its own, until `close`.

    `listener` is bound and listens already, maybe for other processes, too.
    """

    def __init__(self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol]):
        self.loop, self.listener, self.protocol = asyncio.get_running_loop(), listener, protocol
        self.begun: set[asyncio.Task[object]] = set()
        self.resting: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Takes no more; the listener stays open, for others."""
        self.loop.remove_reader(self.listener)
        if self.resting is not None:
            self.resting.cancel()

    async def wait_closed(self) -> None:
        """Those that were taken have a protocol."""
        if self.begun:
            await asyncio.wait(self.begun)

    def _listen(self) -> None:
        self.loop.add_reader(self.listener, self._accept)

    def _accept(self) -> None:
        try:
            connection, _ = self.listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another process was quicker, or nobody is there any more
        except OSError:
            self.loop.remove_reader(self.listener)
            self.resting = self.loop.call_later(REST_SECONDS, self._listen)
            return
        connection.setblocking(False)
        begin = self.loop.connect_accepted_socket(self.protocol, connection)
        task: asyncio.Task[object] = self.loop.create_task(begin)
        self.begun.add(task)
        task.add_done_callback(self.begun.discard)

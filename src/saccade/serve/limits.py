"""What a server takes of anybody: sizes, times, numbers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Bytes, seconds, pixels. Whoever asks for more is refused, and told so.

    A connection may be silent for `first_seconds` before its first request: to end it, and to have
    it opened again, costs more than to let it be. A body has `body_seconds`, and a second more for
    each `body_rate` bytes that came; all of a request at most `request_seconds`. `text_bytes` is
    what a JSON body may hold beside pictures, `depth` how many lists and objects in one another,
    `pictures` how many one request may ask for. All bodies that have come and are not answered yet
    may have `unanswered_bytes`, in one process.
    `wait_seconds` is how long a picture may have to wait for its turn: where that would be more,
    it is refused at once.
    """

    head_bytes: int = 16 << 10
    body_bytes: int = 10 << 20
    unanswered_bytes: int = 256 << 20
    text_bytes: int = 1 << 20
    depth: int = 32
    parts: int = 16
    pictures: int = 4096
    pixels: int = 40_000_000
    first_seconds: float = 60.0
    head_seconds: float = 10.0
    body_seconds: float = 30.0
    body_rate: int = 16 << 10
    request_seconds: float = 60.0
    keep_alive_seconds: float = 5.0
    drain_seconds: float = 8.0
    wait_seconds: float = 0.5
    connections: int = 16_000


@dataclass
class Unanswered:
    """Bytes of bodies that a process holds, of all its connections."""

    bytes: int = 0

"""A request that is not answered, and how it is told."""

import json
import secrets
from collections.abc import Mapping

# What every answer says of itself.
SAFE = (
    (b"content-type", b"application/json"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


class Refusal(Exception):
    """Ends a request. `code` is a word for programs, the text is for people and tells no secrets.

    With `close` the connection ends, too: what is still to come on it is not read.

    >>> refusal = Refusal(413, "body_too_large", "11 MB came, at most 10 MB are read")
    >>> refusal.status, refusal.body().startswith(b'{"error": "11 MB came')
    (413, True)
    """

    def __init__(
        self,
        status: int,
        code: str,
        why: str,
        headers: Mapping[str, str] | None = None,
        close: bool = False,
    ):
        super().__init__(why)
        self.status, self.code, self.why, self.close = status, code, why, close
        self.more = dict(headers or {})
        self.id = secrets.token_hex(8)

    def body(self) -> bytes:
        """JSON, with an id that the log has, too."""
        return json.dumps({"error": self.why, "code": self.code, "id": self.id}).encode()

    def headers(self) -> list[tuple[bytes, bytes]]:
        """With a length; what follows a `close` is not read."""
        own = [(name.encode(), value.encode()) for name, value in self.more.items()]
        length = (b"content-length", str(len(self.body())).encode())
        return [*SAFE, *own, length, *([(b"connection", b"close")] if self.close else [])]


def too_many(most: int) -> Refusal:
    """413, of pictures."""
    return Refusal(413, "too_many", f"at most {most:,} pictures in one request")


def busy(seconds: float, why: str = "too many pictures are waiting") -> Refusal:
    """503, and after how many seconds to try again."""
    return Refusal(503, "busy", why, {"retry-after": str(max(1, round(seconds)))})

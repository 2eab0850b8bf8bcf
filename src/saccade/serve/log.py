"""What a server writes down of each request: a line of JSON to its standard error.

No address, no picture and no word of a stranger's: whoever complains names the id that a refusal
told, or the picture, whose sum is here. Rotation is left to what starts the server.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from starlette.types import Scope

SUMS = "sums of pictures"  # in a scope, where they are to be written down
MOST_SUMS = 16


def note_pictures(scope: Scope, pictures: Sequence[bytes] | np.ndarray) -> None:
    """Remembers the sums of a request's first pictures, where requests are logged."""
    sums: list[str] | None = scope.get(SUMS)
    if sums is not None:
        room = MOST_SUMS - len(sums)
        sums += [hashlib.blake2b(one, digest_size=16).hexdigest() for one in pictures[:room]]


class Log:
    """Lines of a worker; they are written whole, so that those of several do not mix."""

    def begin(self, scope: Scope) -> None:
        """A request whose pictures are to be noted."""
        scope[SUMS] = []

    def write(
        self, scope: Scope, route: str, status: int, seconds: float, code: str, id: str
    ) -> None:
        """One that is done. `code` and `id` are a refusal's."""
        connection = scope.get("connection")
        told: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 3),
            "bytes": connection.body_bytes if connection is not None else None,
        }
        if code:
            told |= {"code": code, "id": id}
        if scope.get(SUMS):
            told["blake2b"] = scope[SUMS]
        sys.stderr.write(json.dumps(told) + "\n")
        sys.stderr.flush()

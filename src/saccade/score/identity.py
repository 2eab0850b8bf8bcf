"""Of what predictions are the answers: by which network, to which pictures."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from saccade.core.answerer import Answerer
from saccade.data.listing import Found
from saccade.data.place import Directory
from saccade.score.scoring import block_size
from saccade.score.table import Table


def identity(answerer: Answerer, found: Sequence[Found], table: Table) -> dict[str, Any]:
    """What must be the same to go on with what was begun; plain values."""
    return {
        "network": answerer.fingerprint,
        "pictures": _fingerprint(found),
        "columns": hashlib.blake2b(json.dumps(table.header).encode(), digest_size=16).hexdigest(),
        "batch": block_size(answerer, found),
    }


def _fingerprint(found: Sequence[Found]) -> str:
    """Of names and labels in their order, and of each file's size and time, not of its bytes."""
    told = hashlib.blake2b(digest_size=16)
    archives: dict[str, Any] = {}
    for one in found:
        if isinstance(one.place, Directory):
            stamp = _stamp(one.place.root / one.path)
        else:
            where = one.place.where
            stamp = archives.setdefault(where, _stamp(Path(where)) if where else None)
        line = json.dumps([one.name, one.label, one.path, stamp])
        told.update(line.encode() + b"\n")
    return told.hexdigest()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns

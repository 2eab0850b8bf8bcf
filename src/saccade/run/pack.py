"""Arrays in one piece of bytes."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np


def to_pack(arrays: Mapping[str, np.ndarray], **header: Any) -> bytes:
    kinds = {"uint8": "u1", "int8": "i1", "uint16": "u2", "int32": "i4", "float32": "f4"}
    table: dict[str, Any] = {}

    def head() -> bytes:
        return json.dumps({"version": 1, **header, "arrays": table}).encode()

    for name, a in arrays.items():
        table[name] = {"dtype": kinds[a.dtype.name], "shape": list(a.shape), "offset": 10**10}
    start = 4 + len(head())
    start += -start % 8
    body = b""
    for name, a in arrays.items():
        table[name]["offset"] = start + len(body)
        data = np.ascontiguousarray(a).tobytes()
        body += data + b"\0" * (-len(data) % 8)
    text = head()
    return (len(text).to_bytes(4, "little") + text).ljust(start, b"\0") + body

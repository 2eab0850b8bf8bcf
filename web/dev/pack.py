"""Writes the container of docs/reference/live.md."""

import json
from collections.abc import Mapping

import numpy as np

KINDS = {"uint8": "u1", "int8": "i1", "uint16": "u2", "int32": "i4", "float32": "f4"}


def pack(header: Mapping[str, object], arrays: Mapping[str, np.ndarray]) -> bytes:
    """The header and the arrays as one piece, each array at a multiple of eight.

    Where an array starts depends on the header's length, which holds where they start: so the
    header is written with room to spare.
    """
    room = 8 * ((len(json.dumps(header)) + 160 * (len(arrays) + 1)) // 8)
    described, pieces, offset = {}, [], room
    for name, array in arrays.items():
        data = np.ascontiguousarray(array).tobytes()
        kind = KINDS[str(array.dtype)]
        described[name] = {"dtype": kind, "shape": list(array.shape), "offset": offset}
        padded = data + bytes(-len(data) % 8)
        pieces.append(padded)
        offset += len(padded)
    text = json.dumps({"version": 1, **header, "arrays": described}).encode()
    start = len(text).to_bytes(4, "little") + text
    return start + bytes(room - len(start)) + b"".join(pieces)

"""A pack: named arrays and a header in one piece of bytes, for images.bin and for the page.

4 bytes     length of the header, little-endian
header      JSON: {"version": 1, ..., "arrays": {NAME: {"dtype", "shape", "offset"}}}
zeros       up to a multiple of 8
arrays      little-endian, C order, each at a multiple of 8 from the start
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from saccade.core.errors import BadRun, BadUsage

VERSION = 1
TYPES = {"u1": "<u1", "i1": "<i1", "u2": "<u2", "i4": "<i4", "f4": "<f4"}
MOST_HEADER = 1 << 20
MOST_SIDES, MOST_SIDE = 8, 1 << 31


def to_pack(arrays: Mapping[str, np.ndarray], **header: Any) -> bytes:
    """The bytes of a pack; `header` is anything small that JSON can hold.

    Raises:
        BadUsage: an array is of a type that a pack has no name for.

    >>> len(to_pack({"label": np.array([3, 1], np.uint8)}, split="test"))
    120
    """
    kinds = {name: f"{array.dtype.kind}{array.itemsize}" for name, array in arrays.items()}
    for name, kind in kinds.items():
        if kind not in TYPES:
            raise BadUsage(f"a pack holds {', '.join(TYPES)}, `{name}` is {arrays[name].dtype}")
    sizes = [array.nbytes + -array.nbytes % 8 for array in arrays.values()]

    def head(start: int) -> bytes:
        table = {
            name: {
                "dtype": kinds[name],
                "shape": list(array.shape),
                "offset": start + sum(sizes[:place]),
            }
            for place, (name, array) in enumerate(arrays.items())
        }
        text = json.dumps({"version": VERSION, **header, "arrays": table}, allow_nan=False)
        return text.encode()

    # With every offset as long as the longest could be, the header can only come out shorter.
    room = 4 + len(head(10 ** len(str(sum(sizes) + 10 * MOST_HEADER))))
    start = room + -room % 8
    text = head(start)
    parts = [(len(text).to_bytes(4, "little") + text).ljust(start, b"\0")]
    for (name, array), size in zip(arrays.items(), sizes, strict=True):
        parts.append(array.astype(TYPES[kinds[name]], copy=False).tobytes().ljust(size, b"\0"))
    return b"".join(parts)


def from_pack(data: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The header without `arrays`, and the arrays: views of `data`, read-only, nothing copied.

    Raises:
        BadRun: it is no pack, of another version, or says there is more than there is.

    >>> header, arrays = from_pack(to_pack({"label": np.array([3, 1], np.uint8)}, split="test"))
    >>> header, arrays["label"].tolist()
    ({'version': 1, 'split': 'test'}, [3, 1])
    """
    try:
        length = int.from_bytes(data[:4], "little")
        if len(data) < 4 or not 2 <= length <= min(MOST_HEADER, len(data) - 4):
            raise ValueError(f"{len(data)} bytes hold no header of {length}")
        header = json.loads(bytes(data[4 : 4 + length]))
        if not isinstance(header, dict) or header.get("version") != VERSION:
            raise ValueError(f"this saccade reads packs of version {VERSION}")
        table = header.pop("arrays")
        return header, {name: _array(data, 4 + length, entry) for name, entry in table.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRun(f"a pack is damaged: {error}") from None


def _array(data: bytes, start: int, entry: Mapping[str, Any]) -> np.ndarray:
    """One array, once all that is said of it fits into the data."""
    code, shape, offset = np.dtype(TYPES[entry["dtype"]]), entry["shape"], entry["offset"]
    if not isinstance(shape, list) or len(shape) > MOST_SIDES:
        raise ValueError(f"a shape is a short list, got {str(shape)[:80]}")
    if not all(type(side) is int and 0 <= side < MOST_SIDE for side in shape):
        raise ValueError(f"no shape: {str(shape)[:80]}")
    count = math.prod(shape)
    if type(offset) is not int or offset % 8 or not start <= offset <= len(data):
        raise ValueError(f"no offset: {str(offset)[:80]}")
    if count * code.itemsize > len(data) - offset:
        raise ValueError(f"an array of {count:,} values does not fit into {len(data):,} bytes")
    if count == 0:
        return np.empty(shape, code)
    return np.frombuffer(data, code, count, offset).reshape(shape)

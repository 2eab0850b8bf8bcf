"""A PNG's chunks, walked before a decoder sees them (W3C, Portable Network Graphics, third ed.)."""

import zlib
from dataclasses import dataclass

from saccade.core.errors import BadPicture
from saccade.core.kinds import MAX_PIXELS

MAX_TEXT = 8 << 20  # of what a text or a colour profile unpacks to
_CRITICAL = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}


@dataclass(frozen=True)
class Png:
    """What its chunks say; `end` is where the picture ends."""

    end: int
    depth: int
    animated: bool
    profile: bytes


def read_png(data: bytes) -> Png:
    """Walks from chunk to chunk.

    Raises:
        BadPicture: a wrong checksum, an impossible header, no pixels, cut off, or a text that
            unpacks to megabytes.
    """
    at, depth, drawn, animated, profile = 8, 0, False, False, b""
    while True:
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body, told = data[at + 8 : at + 8 + size], data[at + 8 + size : at + 12 + size]
        if len(told) < 4:
            raise BadPicture("truncated", f"it ends inside its chunk {_printed(name)}")
        if name in _CRITICAL and zlib.crc32(name + body) != int.from_bytes(told, "big"):
            raise BadPicture("bad_crc", f"the checksum of {_printed(name)} is wrong")
        if not depth:
            depth = _depth(name, body)
        at += 12 + size
        if name == b"IDAT":
            drawn = True
        elif name == b"acTL":
            animated = True
        elif name == b"iCCP":
            profile = _unpacked(body.partition(b"\0")[2][1:])
        elif name == b"zTXt":
            _unpacked(body.partition(b"\0")[2][1:])
        elif name == b"iTXt":
            _check_text(body)
        elif name == b"IEND":
            if not drawn:
                raise BadPicture("bad_header", "it has no pixels")
            return Png(at, depth, animated, profile)


def _depth(name: bytes, body: bytes) -> int:
    """Bits a channel, of the header, which comes first."""
    if name != b"IHDR" or len(body) != 13:
        raise BadPicture("bad_header", "it does not start with its header")
    width, height = (int.from_bytes(body[i : i + 4], "big") for i in (0, 4))
    depth, colour, packed, filtered, laced = body[8:]
    if not width or not height or max(width, height) >> 31:
        raise BadPicture("bad_header", f"{width}x{height} pixels")
    if width * height > MAX_PIXELS:
        raise BadPicture("too_many_pixels", f"{width}x{height} is over {MAX_PIXELS:,} pixels")
    if depth not in _DEPTHS.get(colour, ()) or packed or filtered or laced > 1:
        raise BadPicture("bad_header", f"colour type {colour} with {depth} bits")
    return depth


def _check_text(body: bytes) -> None:
    rest = body.partition(b"\0")[2]
    if rest[:1] == b"\x01":
        _unpacked(rest[2:].partition(b"\0")[2].partition(b"\0")[2])


def _unpacked(packed: bytes) -> bytes:
    inflate = zlib.decompressobj()
    try:
        unpacked = inflate.decompress(packed, MAX_TEXT)
    except zlib.error:
        return b""  # no decoder needs it
    if inflate.unconsumed_tail:
        raise BadPicture("metadata_bomb", f"a text unpacks to more than {MAX_TEXT >> 20} MiB")
    return unpacked


def _printed(name: bytes) -> str:
    return name.decode("ascii", "replace")

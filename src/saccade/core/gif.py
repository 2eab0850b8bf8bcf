"""A GIF's blocks, walked before a decoder sees them (CompuServe, GIF89a)."""

from typing import NamedTuple

from saccade.core.errors import BadPicture

_IMAGE, _EXTENSION, _TRAILER = 0x2C, 0x21, 0x3B


class Gif(NamedTuple):
    """Where the picture ends (None where its last mark is missing), and how many frames it has."""

    end: int | None
    frames: int


def read_gif(data: bytes) -> Gif:
    """Walks from block to block.

    Raises:
        BadPicture: a screen without a size, or no frame.
    """
    width, height = (int.from_bytes(data[i : i + 2], "little") for i in (6, 8))
    if not width or not height:
        raise BadPicture("bad_header", f"{width}x{height} pixels")
    at, frames = 13 + _colours(data, 10), 0
    while at < len(data):
        kind = data[at]
        if kind == _TRAILER:
            break
        if kind == _IMAGE:
            frames += 1
            at = _past_blocks(data, at + 10 + _colours(data, at + 9) + 1)
        elif kind == _EXTENSION:
            at = _past_blocks(data, at + 2)
        else:
            return _told(None, frames)
    return _told(at + 1 if at < len(data) else None, frames)


def _told(end: int | None, frames: int) -> Gif:
    if not frames:
        raise BadPicture("truncated" if end is None else "bad_header", "it has no frame")
    return Gif(end, frames)


def _colours(data: bytes, flags: int) -> int:
    """The bytes of the table of colours that a byte of flags announces."""
    told = data[flags] if flags < len(data) else 0
    return 3 << ((told & 7) + 1) if told & 0x80 else 0


def _past_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1

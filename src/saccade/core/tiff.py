"""A TIFF's directories, walked before a decoder sees them (TIFF 6.0, section 2)."""

from saccade.core.errors import BadPicture

MAX_PAGES = 10_000


def count_pages(data: bytes) -> int:
    """How many pictures it holds.

    Raises:
        BadPicture: none, or directories in a circle, or beyond the end of the file.
    """
    order = "little" if data[:1] == b"I" else "big"
    big = data[2:4] in (b"+\0", b"\0+")
    word, count, entry = (8, 8, 20) if big else (4, 2, 12)

    def number(at: int, size: int) -> int:
        found = data[at : at + size]
        if len(found) < size:
            raise BadPicture("truncated", "a directory lies beyond its end")
        return int.from_bytes(found, "little" if order == "little" else "big")

    at, seen = number(8 if big else 4, word), set[int]()
    while at:
        if at in seen or len(seen) >= MAX_PAGES:
            raise BadPicture("bad_header", "its directories go round in a circle")
        seen.add(at)
        at = number(at + count + entry * number(at, count), word)
    if not seen:
        raise BadPicture("bad_header", "it holds no picture")
    return len(seen)

"""A JPEG's markers, walked before a decoder sees them (ITU-T T.81, annex B)."""

import re
from dataclasses import dataclass

from saccade.core.errors import BadPicture

END = b"\xff\xd9"
MAX_SCANS = 100  # a progressive JPEG has about ten; each goes over all the pixels again

_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_EOI, _SOS, _APP2, _APP14 = 0xD9, 0xDA, 0xE2, 0xEE
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)


@dataclass(frozen=True)
class Jpeg:
    """What its markers say. `end` is where the picture ends, None where its end mark is missing.

    `adobe` is what the Adobe marker says of colours (2: YCCK), None without one; `loose` counts
    bytes between segments that belong to none.
    """

    end: int | None
    progressive: bool
    adobe: int | None
    profile: bytes
    loose: int


def read_jpeg(data: bytes) -> Jpeg:
    """Walks from marker to marker.

    Raises:
        BadPicture: of a kind no viewer reads (12 bits, lossless, arithmetic), without a size,
            with too many scans, or cut off before its first scan.
    """
    at, scans, adobe, loose, profile, frame = 2, 0, None, 0, b"", 0
    while True:
        mark = data.find(b"\xff", at)
        while 0 <= mark < len(data) - 1 and data[mark + 1] in (0x00, 0xFF):
            mark += 1 if data[mark + 1] == 0xFF else 2
            mark = data.find(b"\xff", mark)
        if mark < 0 or mark + 1 >= len(data):
            if not scans:
                raise BadPicture("truncated", "it ends before its first scan")
            return Jpeg(None, frame == _PROGRESSIVE, adobe, profile, loose)
        loose += mark - at if not scans else 0
        kind, at = data[mark + 1], mark + 2
        if kind == _EOI:
            if not frame or not scans:
                raise BadPicture("truncated", "it ends before its first scan")
            return Jpeg(at, frame == _PROGRESSIVE, adobe, profile, loose)
        if kind in _ALONE:
            continue
        size = int.from_bytes(data[at : at + 2], "big")
        segment = data[at + 2 : at + size]
        if size < 2 or len(segment) < size - 2:
            if not scans:
                raise BadPicture("truncated", "it ends before its first scan")
            return Jpeg(None, frame == _PROGRESSIVE, adobe, profile, loose)
        at += size
        if kind in _FRAMES:
            _check_frame(kind, segment)
            frame = kind
        elif kind == _APP14 and segment.startswith(b"Adobe") and len(segment) >= 12:
            adobe = segment[11]
        elif kind == _APP2 and segment.startswith(b"ICC_PROFILE\0"):
            profile += segment[14:]
        elif kind == _SOS:
            scans += 1
            if scans > MAX_SCANS:
                raise BadPicture("time_limit", f"more than {MAX_SCANS} scans")
            found = _AFTER_SCAN.search(data, at)
            at = found.start() if found else len(data)


def _check_frame(kind: int, segment: bytes) -> None:
    if kind not in (_BASELINE, _EXTENDED, _PROGRESSIVE) or segment[:1] != b"\x08":
        raise BadPicture("unsupported_jpeg", "lossless, arithmetic or not of 8 bits")
    height, width = (int.from_bytes(segment[i : i + 2], "big") for i in (1, 3))
    if not height or not width:
        raise BadPicture("bad_header", f"{width}x{height} pixels")

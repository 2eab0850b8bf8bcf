"""What a file is, told by its first bytes; its name is not asked."""

import re

from saccade.core.errors import BadPicture

# What Pillow may open. Every other of its plugins stays shut: some start programs (EPS), some are
# hardly ever looked after.
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 100_000_000
LEAST_FILE = 12  # bytes: a picture's file of less is cut off

_LFS = "a Git LFS pointer: fetch it with `git lfs pull`"
# Compiled once: whoever serves asks this of every request.
_ALLOWED = re.compile(
    rb"(?P<JPEG>\xff\xd8\xff)"
    rb"|(?P<PNG>\x89PNG\r\n\x1a\n)"
    rb"|(?P<GIF>GIF8[79]a)"
    rb"|(?P<BMP>BM)"
    rb"|(?P<WEBP>RIFF....WEBP)"
    rb"|(?P<TIFF>II[*+]\x00|MM\x00[*+])"
    rb"|(?P<PPM>P[1-6]\s)",
    re.DOTALL,
)
_REFUSED = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE), code, what)
    for pattern, code, what in (
        (rb"\s*<(!doctype\s+html|html|head|body)\b", "not_an_image", "an HTML page"),
        (rb"version https://git-lfs", "lfs_pointer", _LFS),
        (rb"....ftyp(heic|heix|hevc|heim|heis|mif1|msf1)", "unsupported_format", "HEIC"),
        (rb"....ftyp(avif|avis)", "unsupported_format", "AVIF"),
        (rb"\xff\x0a|\x00\x00\x00\x0cJXL ", "unsupported_format", "JPEG XL"),
        (rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51", "unsupported_format", "JPEG 2000"),
        (rb"%!PS|\xc5\xd0\xd3\xc6", "format_not_allowed", "PostScript"),
        (rb"%PDF", "format_not_allowed", "PDF"),
        (rb"\s*(<\?xml|<svg)", "format_not_allowed", "SVG or another XML"),
        (rb"8BPS", "format_not_allowed", "Photoshop"),
        (rb"SIMPLE  =", "format_not_allowed", "FITS"),
        (rb"\x00\x00\x01\x00", "format_not_allowed", "an icon"),
        (rb"\x80[\x02-\x05]", "not_an_image", "a Python pickle, which was not opened"),
        (rb"\x7fELF|MZ", "not_an_image", "a program"),
        (rb"PK\x03\x04", "not_an_image", "a zip"),
    )
)
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"GIF87a", b"RIFF", b"II*\x00")
_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]{16,}\Z", re.DOTALL)


def allowed_kind(data: bytes) -> str | None:
    """One of `FORMATS`, None where the first bytes are none's. It may be cut off or damaged.

    >>> allowed_kind(b"BM"), allowed_kind(bytes(9))
    ('BMP', None)
    """
    found = _ALLOWED.match(data)
    return found.lastgroup if found else None


def kind_of(data: bytes) -> str:
    """One of `FORMATS`.

    Raises:
        BadPicture: empty, cut off within its first bytes, or something else.

    >>> kind_of(b"GIF89a" + bytes(20))
    'GIF'
    """
    if not data:
        raise BadPicture("empty", "the file is empty")
    if kind := allowed_kind(data):
        if len(data) < LEAST_FILE:
            raise BadPicture("truncated", f"{len(data)} bytes of a {kind}")
        return kind
    for pattern, code, what in _REFUSED:
        if pattern.match(data):
            raise BadPicture(code, what)
    if any(signature.startswith(data) for signature in _SIGNATURES):
        raise BadPicture("truncated", f"{len(data)} bytes, the first of a picture")
    if _TEXT.match(data[:256]):
        raise BadPicture("not_an_image", "text")
    raise BadPicture("unknown_format", f"no known kind of picture starts {data[:4].hex(' ')}")


def check_name(data: bytes, name: str) -> None:
    """A TIFF goes by its own name only: other programs' raw formats begin as one does.

    Raises:
        BadPicture: a TIFF that is named otherwise; or as `kind_of`.
    """
    if kind_of(data) == "TIFF" and not is_tiff_name(name):
        raise BadPicture("format_not_allowed", "a TIFF, or a raw format, that is not named so")


def is_tiff_name(name: str) -> bool:
    """Whether a file is named like a TIFF: the one kind whose name is asked."""
    return name.lower().endswith((".tif", ".tiff"))

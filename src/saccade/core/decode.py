"""Bytes to pixels: the only place where a stranger's file is opened as a picture."""

import errno
import io
import stat
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from saccade.core.errors import BadPicture
from saccade.core.gif import read_gif
from saccade.core.jpeg import END, Jpeg, read_jpeg
from saccade.core.kinds import FORMATS, MAX_PIXELS, kind_of
from saccade.core.png import read_png
from saccade.core.tiff import count_pages

MAX_FILE = 256 << 20
_ORIENTATION = 0x0112

# What Pillow warns of is an error or nothing to us. Said once here: silencing it around each
# picture is not safe in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


class Note(NamedTuple):
    """What was done to a picture (FIX), or what is odd about it (WARN)."""

    verdict: Literal["FIX", "WARN"]
    code: str


@dataclass(frozen=True)
class Decoded:
    """uint8 [height, width, 1 or 3], upright, and what there is to say of it."""

    pixels: np.ndarray
    notes: tuple[Note, ...]


def read_file(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        BadPicture: it can't be read, is no regular file (a pipe would be waited for without end),
            or is larger than 256 MiB. What a disk or a network share fails at is tried again, three
            times.
    """
    for wait in (*WAITS, None):
        try:
            return _read_once(path)
        except OSError as error:
            if wait is None or error.errno not in _PASSING:
                raise refused_by(error, path) from None
            time.sleep(wait)
    raise AssertionError  # the last of them returned or raised


def _read_once(path: Path) -> bytes:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise BadPicture("not_regular_file", "a folder, a pipe or a device")
    if status.st_size > MAX_FILE:
        raise BadPicture("file_too_large", f"{status.st_size >> 20:,} MiB, at most 256")
    return path.read_bytes()


def refused_by(error: OSError, path: Path) -> BadPicture:
    """Why the system does not give us this file or folder."""
    if error.errno in (errno.ENOENT, errno.ELOOP) and path.is_symlink():
        return BadPicture("broken_link", "it leads nowhere")
    code = _REASONS.get(error.errno or 0, "unreadable")
    return BadPicture(code, error.strerror or str(error))


_REASONS = {errno.ENOENT: "missing", errno.EACCES: "permission", errno.EPERM: "permission"}
_PASSING = {errno.EIO, getattr(errno, "ESTALE", errno.EIO)}
WAITS = (0.02, 0.1, 0.3)  # seconds between tries at a file that a disk did not give


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its pixels are decoded; sides in pixels, upright."""

    height: int
    width: int
    grey: bool


def read_header(data: bytes) -> Header:
    """The size and colour of a picture, without decoding it.

    Raises:
        BadPicture: not a picture of an allowed kind, or larger than 100 megapixels.
    """
    kind_of(data)
    with _opened(data) as image:
        # Of a TIFF, Pillow gives the upright size.
        turned = (_orientation(image) or 1) >= 5 and image.format != "TIFF"
        height, width = (image.width, image.height) if turned else (image.height, image.width)
        return Header(height, width, image.mode in ("1", "L") or image.mode.startswith("I"))


def decode(data: bytes, *, at_least: int = 0) -> np.ndarray:
    """The picture in `data` as uint8 [height, width, 1 or 3], upright.

    Grey pictures have one channel; every other kind becomes RGB, transparency on white. With
    `at_least`, a JPEG may come back reduced by a power of two, its sides no shorter than that.

    Raises:
        BadPicture: not a picture of an allowed kind, cut short, or larger than 100 megapixels.
    """
    return decode_noted(data, at_least=at_least).pixels


def decode_noted(data: bytes, *, at_least: int = 0, at_most: int = MAX_PIXELS) -> Decoded:
    """`decode`, and what was repaired or is odd. A picture of over `at_most` pixels is refused.

    Raises:
        BadPicture: as `decode`.
    """
    notes: list[Note] = []
    jpeg = _look_inside(data, notes)
    if jpeg and jpeg.end is None:
        data += END
    with _opened(data, at_most) as image:
        if image.format == "WEBP" and getattr(image, "is_animated", False):
            _add(notes, "WARN", "animated")
        orientation = _orientation(image)
        if orientation is None:
            _add(notes, "WARN", "bad_exif")
        elif orientation > 1:
            _add(notes, "FIX", "orientation")
        if jpeg:
            pixels = _of_jpeg(data, image, jpeg, orientation or 1, at_least, notes)
        else:
            pixels = _to_array(image, notes)
        return Decoded(pixels, tuple(notes))


def _add(notes: list[Note], verdict: Literal["FIX", "WARN"], code: str) -> None:
    if Note(verdict, code) not in notes:
        notes.append(Note(verdict, code))


def _look_inside(data: bytes, notes: list[Note]) -> Jpeg | None:
    """What can be told without a decoder; the markers of a JPEG."""
    kind, profile, jpeg = kind_of(data), b"", None
    if kind == "JPEG":
        jpeg = read_jpeg(data)
        profile = jpeg.profile
        rest = data[jpeg.end :] if jpeg.end is not None else b""
        if jpeg.end is None and jpeg.progressive:  # whole scans may be missing, and nobody sees it
            raise BadPicture("truncated", "a progressive JPEG without its end mark")
        if jpeg.end is None:
            _add(notes, "WARN", "no_eoi")
        elif b"MPF\0" in data[: jpeg.end] and b"\xff\xd8\xff" in rest:
            _add(notes, "WARN", "multi_frame")
        elif rest or jpeg.loose:
            _add(notes, "WARN", "trailing_data")
    elif kind == "PNG":
        png = read_png(data)
        profile = png.profile
        if png.animated:
            _add(notes, "WARN", "animated")
        if png.end < len(data):
            _add(notes, "WARN", "trailing_data")
        if png.depth == 16:
            _add(notes, "FIX", "16 bits")
    elif kind == "GIF":
        gif = read_gif(data)
        if gif.frames > 1:
            _add(notes, "WARN", "animated")
        if gif.end is not None and gif.end < len(data):
            _add(notes, "WARN", "trailing_data")
    elif kind == "TIFF" and count_pages(data) > 1:
        _add(notes, "WARN", "multi_frame")
    if profile and b"sRGB" not in profile:
        _add(notes, "WARN", "icc_ignored")
    return jpeg


@contextmanager
def _opened(data: bytes, at_most: int = MAX_PIXELS) -> Iterator[Image.Image]:
    """The picture, its header read; whatever goes wrong until the end of the block is named."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if not image.width or not image.height:
                raise BadPicture("bad_header", f"{image.width}x{image.height} pixels")
            if image.width * image.height > at_most:
                raise BadPicture(
                    "too_many_pixels",
                    f"{image.width}x{image.height} is over {at_most:,} pixels",
                )
            yield image
    except UnidentifiedImageError:
        raise BadPicture("bad_header", "no decoder takes it") from None
    except Image.DecompressionBombError:
        raise BadPicture("too_many_pixels", f"over {MAX_PIXELS:,} pixels") from None
    except MemoryError:
        raise BadPicture("memory_limit", "it takes more memory than a picture may") from None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        cut = "truncated" in str(error) or isinstance(error, EOFError)
        raise BadPicture("truncated" if cut else "damaged", str(error)) from None


def _orientation(image: Image.Image) -> int | None:
    """1 to 8; 1 where nothing is said, None where nonsense is."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, ValueError, SyntaxError, KeyError, TypeError, EOFError):
        return None
    return value if isinstance(value, int) and 1 <= value <= 8 else None


def _of_jpeg(
    data: bytes,
    image: Image.Image,
    jpeg: Jpeg,
    orientation: int,
    at_least: int,
    notes: list[Note],
) -> np.ndarray:
    """By libjpeg-turbo, which says when it had to guess; by Pillow where that refuses."""
    if image.mode not in _COLOURS:
        raise BadPicture("unsupported_jpeg", f"colours of the kind {image.mode}")
    try:
        pixels = _fast_jpeg(data, image.mode, at_least, strict=True)
    except ValueError as error:
        if jpeg.end is None:
            raise BadPicture("truncated", str(error)) from None
        _add(notes, "WARN", "trailing_data" if "extraneous" in str(error) else "decoder_warning")
        try:
            pixels = _fast_jpeg(data, image.mode, at_least, strict=False)
        except ValueError:
            return _to_array(image, notes)  # Pillow decides whether it is damaged
    if image.mode == "CMYK":
        _add(notes, "FIX", "ycck→rgb" if jpeg.adobe == 2 else "cmyk→rgb")
        return _to_array(image, notes)
    return np.ascontiguousarray(_upright(pixels, orientation))


_COLOURS = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def _fast_jpeg(data: bytes, mode: str, at_least: int, *, strict: bool) -> np.ndarray:
    pixels: np.ndarray = simplejpeg.decode_jpeg(
        data, colorspace=_COLOURS[mode], min_height=at_least, min_width=at_least, strict=strict
    )
    return pixels


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turned as its EXIF orientation says."""
    if orientation >= 5:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return pixels


def _to_array(image: Image.Image, notes: list[Note]) -> np.ndarray:
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
        _add(notes, "FIX", "16 bits")
    if image.mode == "P" or "transparency" in image.info or image.mode in ("LA", "RGBA", "PA"):
        _add(notes, "FIX", "palette" if image.mode in ("P", "PA") else "alpha")
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode == "1":
        _add(notes, "FIX", "1 bit")
        image = image.convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    pixels = np.asarray(image, np.uint8)
    return pixels.reshape(*pixels.shape[:2], -1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey scaled, never clipped: 65,535 becomes 255."""
    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise BadPicture("non_finite", "it has pixels that are no numbers")
    if image.mode == "F" or values.min() < 0 or values.max() > 65_535:
        raise BadPicture("unsupported_depth", "more than 16 bits a pixel")
    return Image.fromarray((values / 257).round().astype(np.uint8))

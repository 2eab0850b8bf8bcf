"""Bytes to pixels: the only place where a stranger's file is opened as a picture."""

import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image, ImageOps, UnidentifiedImageError

from saccade.core.errors import BadData

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS, MAX_FILE = 100_000_000, 256 << 20
_ORIENTATION = 0x0112

# What Pillow warns of is an error or nothing to us. Said once here: silencing it around each
# picture is not safe in threads.
warnings.filterwarnings("ignore", module=r"PIL\.")


def read_file(path: Path) -> bytes:
    """The bytes of a picture file.

    Raises:
        BadData: it can't be read, is no regular file (a pipe would be waited for without end), or
            is larger than 256 MiB.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadData("not a regular file")
        if status.st_size > MAX_FILE:
            raise BadData(f"larger than {MAX_FILE >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise BadData(error.strerror or str(error)) from None


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its pixels are decoded; sides in pixels, upright."""

    height: int
    width: int
    grey: bool


def read_header(data: bytes) -> Header:
    """The size and colour of a picture, without decoding it.

    Raises:
        BadData: not a picture of an allowed format, or larger than 100 megapixels.
    """
    with _opened(data) as image:
        # Of a TIFF, Pillow gives the upright size.
        turned = _orientation(image) >= 5 and image.format != "TIFF"
        height, width = (image.width, image.height) if turned else (image.height, image.width)
        return Header(height, width, image.mode in ("1", "L") or image.mode.startswith("I"))


def decode(data: bytes, *, at_least: int = 0) -> np.ndarray:
    """The picture in `data` as uint8 [height, width, 1 or 3], upright.

    Grey pictures have one channel; every other kind becomes RGB, transparency on white. With
    `at_least`, a JPEG may come back reduced by a power of two, its sides no shorter than that.

    Raises:
        BadData: not a picture of an allowed format, cut short, or larger than 100 megapixels.
    """
    with _opened(data) as image:
        if image.format == "JPEG" and image.mode in ("L", "RGB") and _orientation(image) == 1:
            try:
                return _fast_jpeg(data, image.mode, at_least)
            except ValueError:
                pass  # stricter than every viewer; Pillow decides whether it is damaged
        return _to_array(image)


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, its header read; whatever goes wrong until the end of the block is BadData."""
    if not data:
        raise BadData("empty file")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadData(f"{image.width}x{image.height} is over {MAX_PIXELS:,} pixels")
            yield image
    except UnidentifiedImageError:
        raise BadData(f"not a picture of a known format (it starts {data[:4].hex(' ')})") from None
    except Image.DecompressionBombError:
        raise BadData(f"over {MAX_PIXELS:,} pixels") from None
    except (OSError, ValueError, SyntaxError, EOFError, OverflowError) as error:
        raise BadData(f"damaged: {error}") from None


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _fast_jpeg(data: bytes, mode: str, at_least: int) -> np.ndarray:
    colorspace = "GRAY" if mode == "L" else "RGB"
    pixels: np.ndarray = simplejpeg.decode_jpeg(
        data, colorspace=colorspace, min_height=at_least, min_width=at_least
    )
    return pixels


def _to_array(image: Image.Image) -> np.ndarray:
    image.load()
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = _eight_bits(image)
    if image.mode == "P" or "transparency" in image.info or image.mode in ("LA", "RGBA", "PA"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode not in ("L", "RGB"):
        image = image.convert("RGB")
    pixels = np.asarray(image, np.uint8)
    return pixels.reshape(*pixels.shape[:2], -1)


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey scaled, never clipped: 65,535 becomes 255."""
    values = np.asarray(image).astype(np.float64)
    if image.mode == "F" or values.min() < 0 or values.max() > 65_535:
        raise BadData("more than 16 bits a pixel")
    return Image.fromarray((values / 257).round().astype(np.uint8))

"""The table of bad inputs, pictures: each is made here, and loaded by whoever decodes.

`TABLE` has rows of its number, what it is, its bytes (or what makes them) and the verdict.
"""

import io
import pickle
import struct
import zlib

import numpy as np
import simplejpeg
from PIL import Image

from saccade.core.decode import Note
from saccade.core.decoder import Verdict

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def smooth(height=60, width=80):
    rows, columns = np.mgrid[:height, :width]
    values = [rows * 255 / height, columns * 255 / width, (rows + columns) % 64 + 90.0]
    return np.stack(values, 2).astype(np.uint8)


def encode(picture, kind, **options):
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


JPEG = encode(smooth(), "JPEG", quality=92)
PNG = encode(smooth(), "PNG")


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width=8, height=8, depth=8, colour=2, laced=0, body=None, before=b""):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, laced))
    pixels = bytes(range(256)) * 64 if body is None else body
    return SIGNATURE + header + before + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def rows_of(array):
    """Scan lines without a filter."""
    return b"".join(b"\0" + row.tobytes() for row in array)


def laced(array):
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    parts = [array[y::down, x::across] for y, x, down, across in [*passes, (1, 0, 2, 1)]]
    return b"".join(rows_of(part) for part in parts if part.size)


def flipped(data, at, bit=0):
    return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]


def only_warned_of():
    """A JPEG with flipped bits in its scan, which the decoder reads with a warning."""
    start = JPEG.index(b"\xff\xda") + 14
    for seed in range(100):
        data, rng = JPEG, np.random.default_rng(seed)
        for at in rng.integers(start, len(JPEG) - 2, 20):
            data = flipped(data, int(at), int(rng.integers(8)))
        try:
            simplejpeg.decode_jpeg(data, strict=True)
        except ValueError as error:
            if "extraneous" not in str(error):
                return data
    raise AssertionError("no flip was warned of")


def bomb_of_scans():
    data = encode(smooth(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * 1000 + data[-2:]


def framed(old, new):
    """JPEG with another kind of frame (SOF), or another number of bits."""
    at = JPEG.index(b"\xff\xc0")
    return JPEG[:at] + JPEG[at : at + len(old)].replace(old, new) + JPEG[at + len(old) :]


def tagged(value, kind=3):
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01" + struct.pack("<HI", kind, 1)
    segment = b"Exif\0\0" + exif + struct.pack("<HHI", value, 0, 0)
    return JPEG[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + JPEG[2:]


def gif(frames, screen=(8, 8), extent=(8, 8)):
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, *extent, 0) + b"\x02\x02\x4c\x01\x00"
    whole = encode(Image.fromarray(smooth(8, 8)).quantize(2), "GIF")
    if screen == extent == (8, 8):
        body = whole[whole.index(b"\x2c") : -1]
        head = whole[: whole.index(b"\x2c")]
        frame = body
    return head + frame * frames + b"\x3b"


def adobe(transform):
    data = encode(Image.fromarray(smooth()).convert("CMYK"), "JPEG", quality=95)
    at = data.index(b"Adobe") + 11
    return data[:at] + bytes([transform]) + data[at + 1 :]


def cyclic():
    data = encode(smooth(), "TIFF")
    at = struct.unpack("<I", data[4:8])[0]
    end = at + 2 + 12 * struct.unpack("<H", data[at : at + 2])[0]
    return data[:end] + struct.pack("<I", at) + data[end + 4 :]


def pages(kind):
    frames = [Image.fromarray(np.roll(smooth(), 9 * i, 1)) for i in range(3)]
    return encode(frames[0], kind, save_all=True, append_images=frames[1:])


def box(brand):
    return b"\0\0\0\x18ftyp" + brand + bytes(30)


def header_of_bmp(width, height):
    return (
        b"BM"
        + struct.pack("<IHHI", 54, 0, 0, 54)
        + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(100)
    )


def transparent(mode):
    image = Image.fromarray(smooth()).convert(mode)
    image.putalpha(Image.fromarray((smooth()[..., 0] > 99).astype(np.uint8) * 255))
    return encode(image, "PNG")


SIXTEEN = np.linspace(0, 65_535, 60 * 80).astype(np.uint16).reshape(60, 80)
FLOATS = smooth()[..., 0].astype(np.float32)
NOT_FINITE = np.where(FLOATS > 200, np.float32(np.nan), FLOATS)
GREY = encode(smooth()[..., 0], "PNG")
BOMB = zlib.compress(bytes(64 << 20), 9)
LAST_ROW = np.where(np.arange(60)[:, None, None] < 59, np.uint8(7), smooth())
TALL = np.random.default_rng(0).integers(0, 256, (20_000, 1, 3), np.uint8)

OK = Verdict()


def fix(*codes):
    return Verdict(tuple(Note("FIX", code) for code in codes))


def warn(*codes):
    return Verdict(tuple(Note("WARN", code) for code in codes))


def both(warned, fixed):
    return Verdict((Note("WARN", warned), Note("FIX", fixed)))


def refuse(code):
    return Verdict(refused=(code, ""))


# row of the table, what it is, the bytes (or what makes them), the verdict
TABLE = [
    (1, "nothing", b"", refuse("empty")),
    (2, "1 byte", b"\xff", refuse("truncated")),
    (2, "3 bytes", b"\xff\xd8\xff", refuse("truncated")),
    (3, "zeros", bytes(4096), refuse("unknown_format")),
    (4, "half a JPEG", JPEG[: len(JPEG) // 2], refuse("truncated")),
    (5, "a JPEG without its end mark", JPEG[:-2], warn("no_eoi")),
    (6, "garbage after a JPEG", JPEG + bytes(1024), warn("trailing_data")),
    (6, "bytes before a marker", JPEG[:20] + bytes(5) + JPEG[20:], warn("trailing_data")),
    (7, "flipped bits", only_warned_of, warn("decoder_warning")),
    (8, "a PNG cut in its pixels", PNG[: len(PNG) // 2], refuse("truncated")),
    (9, "a PNG's header flipped", flipped(PNG, 18), refuse("bad_crc")),
    (9, "a PNG's pixels flipped", flipped(PNG, len(PNG) // 2), refuse("bad_crc")),
    (10, "a PNG without CR", PNG.replace(b"\r\n", b"\n", 1), refuse("unknown_format")),
    (10, "a PNG of 7 bits", b"\x09" + PNG[1:], refuse("unknown_format")),
    (10, "a PNG, swapped", b"P\x89GN" + PNG[4:], refuse("unknown_format")),
    (11, "colour type 1", png(colour=1), refuse("bad_header")),
    (11, "3 bits", png(depth=3, colour=0), refuse("bad_header")),
    (11, "no pixels", SIGNATURE + PNG[8:33] + chunk(b"IEND", b""), refuse("bad_header")),
    (12, "HTML", b"\n<!DOCTYPE html><html>404</html>", refuse("not_an_image")),
    (13, "LFS", b"version https://git-lfs.github.com/spec/v1\n", refuse("lfs_pointer")),
    (14, "BMP", encode(smooth(), "BMP"), OK),
    (14, "WebP", encode(smooth(), "WEBP"), OK),
    (15, "JPEG", JPEG, OK),
    (16, "HEIC", box(b"heic"), refuse("unsupported_format")),
    (16, "AVIF", box(b"avif"), refuse("unsupported_format")),
    (16, "JPEG XL", b"\xff\x0a" + bytes(20), refuse("unsupported_format")),
    (16, "JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n", refuse("unsupported_format")),
    (17, "EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n", refuse("format_not_allowed")),
    (17, "PDF", b"%PDF-1.7\n", refuse("format_not_allowed")),
    (17, "SVG", b"<svg xmlns='http://www.w3.org/2000/svg'/>", refuse("format_not_allowed")),
    (17, "PSD", b"8BPS\0\1" + bytes(40), refuse("format_not_allowed")),
    (17, "FITS", b"SIMPLE  =                    T", refuse("format_not_allowed")),
    (18, "a pickle", lambda: pickle.dumps({"a": 1}), refuse("not_an_image")),
    (18, "a program", b"\x7fELF\x02\x01\x01" + bytes(60), refuse("not_an_image")),
    (18, "a zip", b"PK\x03\x04" + bytes(60), refuse("not_an_image")),
    (18, "Python", b"import os\nos.system('true')\n" * 20, refuse("not_an_image")),
    (19, "a JPEG and a zip", JPEG + b"PK\x03\x04" + bytes(60), warn("trailing_data")),
    (19, "a GIF and a script", gif(1) + b"/*alert(1)*/", both("trailing_data", "palette")),
    (22, "CMYK", lambda: adobe(0), fix("cmyk→rgb")),
    (23, "YCCK", lambda: adobe(2), fix("ycck→rgb")),
    (24, "grey", GREY, fix("grey→rgb")),
    (25, "1 bit", encode(Image.fromarray(smooth()[..., 0] > 99), "PNG"), fix("1 bit", "grey→rgb")),
    (26, "a palette", encode(Image.fromarray(smooth()).quantize(16), "PNG"), fix("palette")),
    (
        26,
        "a palette with transparency",
        encode(Image.fromarray(smooth()).quantize(16), "PNG", transparency=3),
        fix("palette"),
    ),
    (26, "a GIF", gif(1), fix("palette")),
    (27, "RGBA", lambda: transparent("RGBA"), fix("alpha")),
    (27, "LA", lambda: transparent("LA"), fix("alpha")),
    (28, "16 bits grey, PNG", encode(SIXTEEN, "PNG"), fix("16 bits", "grey→rgb")),
    (28, "16 bits grey, TIFF", encode(SIXTEEN, "TIFF"), fix("16 bits", "grey→rgb")),
    (
        29,
        "16 bits RGB",
        png(depth=16, body=rows_of(np.random.default_rng(0).integers(0, 256, (8, 48), np.uint8))),
        fix("16 bits"),
    ),
    (30, "floats with NaN", encode(NOT_FINITE, "TIFF"), refuse("non_finite")),
    (30, "floats", encode(FLOATS, "TIFF"), refuse("unsupported_depth")),
    (31, "a broken profile", encode(smooth(), "JPEG", icc_profile=b"broken"), warn("icc_ignored")),
    (31, "the same in a PNG", encode(smooth(), "PNG", icc_profile=b"broken"), warn("icc_ignored")),
    (
        32,
        "12 bits",
        framed(b"\xff\xc0\0\x11\x08", b"\xff\xc1\0\x11\x0c"),
        refuse("unsupported_jpeg"),
    ),
    (32, "lossless", framed(b"\xff\xc0", b"\xff\xc3"), refuse("unsupported_jpeg")),
    (32, "arithmetic", framed(b"\xff\xc0", b"\xff\xc9"), refuse("unsupported_jpeg")),
    (33, "1,000 scans", bomb_of_scans, refuse("time_limit")),
    (34, "progressive", encode(smooth(), "JPEG", progressive=True), OK),
    (34, "interlaced", png(8, 8, laced=1, body=laced(smooth(8, 8))), OK),
    (35, "one colour", encode(np.full((60, 80, 3), 7, np.uint8), "PNG"), warn("constant")),
    (35, "one colour but for the last row", encode(LAST_ROW, "PNG"), OK),
    (36, "turned", tagged(6), fix("orientation")),
    (37, "orientation 0", tagged(0), warn("bad_exif")),
    (37, "orientation 9", tagged(9), warn("bad_exif")),
    (37, "orientation in words", tagged(0x3636, kind=2), warn("bad_exif")),
    (38, "one pixel", encode(smooth(1, 1), "PNG"), warn("tiny")),
    (39, "20,000 high", lambda: encode(TALL, "PNG"), warn("odd_aspect")),
    (39, "20,000 wide", lambda: encode(TALL.swapaxes(0, 1), "PNG"), warn("odd_aspect")),
    (40, "a GIF without width", gif(1, screen=(0, 8)), refuse("bad_header")),
    (40, "a PNG without height", png(height=0), refuse("bad_header")),
    (41, "88 megapixels", lambda: encode(np.tile(smooth(94, 94), (100, 100, 1)), "JPEG"), OK),
    (42, "a bomb of pixels", png(50_000, 50_000, 1, 0), refuse("too_many_pixels")),
    (43, "a frame beyond", gif(1, extent=(65_000, 65_000)), refuse("too_many_pixels")),
    (43, "a huge BMP", header_of_bmp(60_000, 60_000), refuse("too_many_pixels")),
    (44, "a text bomb", png(before=chunk(b"zTXt", b"a\0\0" + BOMB)), refuse("metadata_bomb")),
    (44, "another", png(before=chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB)), refuse("metadata_bomb")),
    (44, "a profile bomb", png(before=chunk(b"iCCP", b"a\0\0" + BOMB)), refuse("metadata_bomb")),
    (
        45,
        "10,000 frames",
        lambda: gif(10_000),
        Verdict((*warn("animated").notes, Note("FIX", "palette"))),
    ),
    (45, "an animated WebP", lambda: pages("WEBP"), warn("animated")),
    (45, "an animated PNG", lambda: pages("PNG"), warn("animated")),
    (46, "pages", lambda: pages("TIFF"), warn("multi_frame")),
    (46, "MPO", lambda: pages("MPO"), warn("multi_frame")),
    (47, "a circle of directories", cyclic, refuse("bad_header")),
]

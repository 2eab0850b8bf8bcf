"""Any picture a person has comes out right; anything else is refused as BadData, and only that."""

import csv
import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from saccade.core.decode import decode, read_header
from saccade.core.errors import BadData, BadPicture
from saccade.core.kinds import FORMATS, SUFFIXES

# What Pillow warns of is silenced when saccade is imported; pytest makes warnings errors again.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

SCENE = np.random.default_rng(3).integers(0, 256, (5, 7, 3), np.uint8)
LOSSLESS = {
    "PNG": {},
    "BMP": {},
    "WEBP": {"lossless": True, "exact": True},
    "TIFF": {},
    "PPM": {},
}


def encode(picture: Image.Image | np.ndarray, kind: str, **options: object) -> bytes:
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def smooth(height: int, width: int) -> np.ndarray:
    """A picture that JPEG hardly changes."""
    rows, columns = np.mgrid[:height, :width]
    values = [rows * 255 / height, columns * 255 / width, np.full_like(rows, 90.0, float)]
    return np.stack(values, 2).astype(np.uint8)


@pytest.mark.parametrize("kind", LOSSLESS)
def test_a_lossless_rgb_picture_comes_back_exactly(kind):
    data = encode(SCENE, kind, **LOSSLESS[kind])
    assert np.array_equal(decode(data), SCENE)
    header = read_header(data)
    assert (header.height, header.width, header.grey) == (5, 7, False)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "GIF"])
def test_a_lossless_grey_picture_comes_back_exactly_with_one_channel(kind):
    grey = SCENE[..., 0]
    data = encode(grey, kind)
    if kind == "GIF":  # a GIF may hold grey as a palette; then it is RGB with equal channels
        assert np.array_equal(decode(data)[..., 0], grey)
    else:
        assert np.array_equal(decode(data), grey[..., None])
        assert read_header(data).grey


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_comes_back_nearly_the_same(mode, progressive):
    image = Image.fromarray(smooth(40, 60)).convert(mode)
    data = encode(image, "JPEG", quality=95, progressive=progressive)
    expected = np.asarray(image if mode == "L" else image.convert("RGB")).reshape(40, 60, -1)
    assert decode(data).shape == expected.shape
    assert np.abs(decode(data).astype(int) - expected).max() < 24
    assert np.abs(decode(data).astype(int) - expected).mean() < 3


def test_every_allowed_format_was_tried_and_every_suffix_belongs_to_one():
    assert {*LOSSLESS, "JPEG", "GIF"} == set(FORMATS)
    Image.init()
    assert {Image.EXTENSION[suffix] for suffix in SUFFIXES} == set(FORMATS)


def test_a_palette_picture_becomes_rgb():
    image = Image.fromarray(SCENE).quantize(16)
    assert np.array_equal(decode(encode(image, "PNG")), np.asarray(image.convert("RGB")))


def test_one_bit_a_pixel_becomes_black_and_white_grey():
    bits = SCENE[..., 0] > 127
    data = encode(Image.fromarray(bits), "PNG")
    assert np.array_equal(decode(data)[..., 0], 255 * bits)
    assert read_header(data).grey


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparency_is_laid_on_white(mode):
    image = Image.fromarray(SCENE).convert(mode)
    alpha = np.tile(np.array([0, 255, 0, 255, 0, 255, 0], np.uint8), (5, 1))
    image.putalpha(Image.fromarray(alpha))
    got = decode(encode(image, "PNG"))
    assert (got[:, ::2] == 255).all()
    assert np.array_equal(got[:, 1::2], np.asarray(image.convert("RGB"))[:, 1::2])


def test_a_transparent_palette_colour_is_laid_on_white():
    image = Image.new("P", (4, 2), 1)
    image.putpalette([9, 9, 9, 200, 10, 20])
    image.putpixel((0, 0), 0)
    got = decode(encode(image, "PNG", transparency=0))
    assert got[0, 0].tolist() == [255, 255, 255]
    assert got[1, 1].tolist() == [200, 10, 20]
    assert np.array_equal(decode(encode(image, "GIF", transparency=0)), got)


def test_a_transparent_grey_value_is_laid_on_white():
    grey = np.array([[7, 100]], np.uint8)
    got = decode(encode(grey, "PNG", transparency=7))
    assert got.reshape(2, -1)[:, 0].tolist() == [255, 100]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bits_are_scaled_and_never_clipped(kind):
    values = np.array([[0, 257, 25_700, 60_000, 65_535]], np.uint16)
    data = encode(Image.fromarray(values), kind)
    assert decode(data)[..., 0].tolist() == [[0, 1, 100, 233, 255]]
    assert read_header(data).grey


def test_more_than_sixteen_bits_are_refused():
    with pytest.raises(BadData, match="16 bits"):
        decode(encode(Image.fromarray(np.full((2, 2), 0.5, np.float32)), "TIFF"))


UPRIGHT = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
    8: lambda a: np.rot90(a, -1),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", UPRIGHT)
def test_every_exif_orientation_shows_the_same_picture_and_the_header_agrees(kind, orientation):
    upright = smooth(32, 48)
    stored = np.ascontiguousarray(UPRIGHT[orientation](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else LOSSLESS[kind]
    data = encode(stored, kind, exif=exif, **options)
    got = decode(data)
    assert got.shape == upright.shape
    assert np.abs(got.astype(int) - upright).max() <= (12 if kind == "JPEG" else 0)
    header = read_header(data)
    assert (header.height, header.width) == got.shape[:2]


def jpeg_with_exif(exif: bytes) -> bytes:
    data = encode(smooth(30, 40), "JPEG")
    segment = b"Exif\0\0" + exif
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"garbage",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 20,
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0six\0\0\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0",
    ],
)
def test_a_picture_with_nonsense_exif_is_read_as_it_lies(exif):
    assert decode(jpeg_with_exif(exif)).shape == (30, 40, 3)
    assert read_header(jpeg_with_exif(exif)).width == 40


@pytest.mark.parametrize("at_least", [0, 1, 10, 60, 99, 500])
def test_a_reduced_jpeg_is_never_smaller_than_asked_nor_larger_than_it_is(at_least):
    data = encode(smooth(120, 200), "JPEG")
    height, width, _ = decode(data, at_least=at_least).shape
    assert min(height, width) >= min(at_least, 120)
    assert (height, width) <= (120, 200)
    assert abs(width / height - 200 / 120) < 0.1


def test_a_picture_of_one_pixel_is_a_picture():
    assert decode(encode(SCENE[:1, :1], "PNG")).shape == (1, 1, 3)


def test_only_the_first_picture_of_an_animation_counts():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data)[0, 0].tolist() == [255, 0, 0]


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 1000,
        b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        POINTER,
        b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        b"8BPS\0\1" + b"\0" * 40,
        b"II*\0" + b"\xff" * 60,
        b"MM\0*\0\0\0\x08" + bytes(range(200)),
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
    ],
    ids=lambda data: repr(bytes(data[:12])),
)
def test_what_is_no_picture_is_refused_with_a_reason(data):
    for read in (decode, read_header):
        with pytest.raises(BadData) as caught:
            read(data)
        assert len(str(caught.value)) > 5


@pytest.mark.parametrize("kind", ["ICO", "EPS", "PDF", "TGA", "PCX", "SGI", "JPEG2000", "ICNS"])
def test_a_format_that_is_not_on_the_list_is_refused_though_pillow_knows_it(kind):
    try:
        data = encode(Image.new("RGB", (16, 16), "red"), kind)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow does not write {kind}")
    with pytest.raises(BadPicture, match=r"unknown_format|format_not_allowed|unsupported_format"):
        decode(data)


SAMPLES = {
    "JPEG": encode(smooth(40, 56), "JPEG"),
    "progressive": encode(smooth(40, 56), "JPEG", progressive=True),
    "PNG": encode(np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8), "PNG"),
    "GIF": encode(Image.fromarray(smooth(40, 56)).quantize(64), "GIF"),
    "BMP": encode(smooth(40, 56), "BMP"),
    "WEBP": encode(smooth(40, 56), "WEBP"),
    "TIFF": encode(smooth(40, 56), "TIFF"),
    "PPM": encode(smooth(40, 56), "PPM"),
}


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9])
def test_a_picture_that_was_cut_short_is_refused_and_never_filled_up(kind, share):
    data = SAMPLES[kind]
    with pytest.raises(BadData):
        decode(data[: int(share * len(data))])


def test_a_picture_of_more_pixels_than_allowed_is_refused_before_it_is_decoded():
    chunk = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk
    data += (
        struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\0IDAT"
        + struct.pack(">I", zlib.crc32(b"IDAT"))
    )
    for read in (decode, read_header):
        with pytest.raises(BadData, match="pixels"):
            read(data)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(sorted(SAMPLES)),
    edits=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.floats(0.2, 1),
)
def test_flipped_bytes_give_a_picture_or_bad_data_and_nothing_else(kind, edits, cut):
    data = bytearray(SAMPLES[kind][: int(cut * len(SAMPLES[kind]))])
    for place, value in edits:
        # Most of what decoders trip over lies in the first hundred bytes.
        data[int(place**3 * (len(data) - 1))] = value
    for read in (decode, read_header):
        try:
            got = read(bytes(data))
        except BadData:
            continue
        if isinstance(got, np.ndarray):
            assert got.dtype == np.uint8
            assert got.ndim == 3
            assert got.shape[2] in (1, 3)


# Bombs and reproducers of decoder bugs: decoded in a process with limits, never in this one.
CORPUS = """
import csv, io, resource, sys, tarfile
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from saccade.core.decode import decode, read_header
from saccade.core.errors import BadData, BadPicture
from saccade.core.kinds import FORMATS, SUFFIXES
out = csv.writer(sys.stdout)
with tarfile.open(sys.argv[1]) as tar:
    for member in tar:
        if not member.isfile():
            continue
        data, told = tar.extractfile(member).read(), []
        for read in (read_header, decode):
            try:
                got = read(data)
                told.append(f"{got.height}x{got.width}" if read is read_header
                            else f"{got.shape[0]}x{got.shape[1]}")
            except BadData:
                told.append("refused")
            except BaseException as error:
                told.append(f"escaped {type(error).__name__}")
        out.writerow([member.name, *told])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on memory here")
def test_a_thousand_malformed_pictures_are_read_or_refused(data_dir):
    tar = data_dir / "robustness" / "robustness.tar.gz"
    if not tar.is_file():
        pytest.skip(f"no {tar}")
    done = subprocess.run(
        [sys.executable, "-c", CORPUS, str(tar)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    rows = list(csv.reader(io.StringIO(done.stdout)))
    assert len(rows) > 1000
    assert [row for row in rows if "escaped" in row[1] + row[2]] == []
    assert [row for row in rows if "refused" not in row and row[1] != row[2]] == []
    assert sum(row[2] != "refused" for row in rows) > 550

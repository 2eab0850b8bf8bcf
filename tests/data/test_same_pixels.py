"""What a network is trained on is, bit for bit, what it gets of the same file afterwards."""

import io
import itertools
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.decoder import Worker
from saccade.core.preprocess import Preprocess
from saccade.core.records import Dataset
from saccade.score import ask
from saccade.train.engine import Engine

COUNT = 1_000
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2))
SIDES = ((1, 1), (300, 400), (1, 40), (33, 1), (97, 95), (96, 96))


def encoded(picture: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    image = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(values: np.ndarray, depth: int, colour: int, interlaced: bool = False) -> bytes:
    """[height, width, channels] of `depth` bits as Pillow does not write it."""
    height, width, _ = values.shape
    passes = [*ADAM7, (1, 0, 2, 1)] if interlaced else [(0, 0, 1, 1)]
    parts = (values[y::down, x::across] for y, x, down, across in passes)
    body = b"".join(b"\0" + packed(row, depth) for part in parts if part.size for row in part)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(body)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def packed(row: np.ndarray, depth: int) -> bytes:
    if depth == 16:
        return row.astype(">u2").tobytes()
    bits = row.ravel()[:, None] >> np.arange(depth)[::-1] & 1
    return np.packbits(bits.astype(np.uint8)).tobytes()


def turned(picture: np.ndarray, kind: str, orientation: int, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(picture, kind, exif=exif, **options)


def see_through(picture: np.ndarray, mode: str) -> Image.Image:
    image = Image.fromarray(picture).convert(mode)
    image.putalpha(Image.fromarray(picture[..., 1]))
    return image


def jpeg(**options: object) -> Callable[[np.ndarray], bytes]:
    return lambda picture: encoded(picture, "JPEG", **options)


GREY: dict[str, Callable[[np.ndarray], bytes]] = {
    "grey.jpg": lambda p: encoded(p[..., 0], "JPEG", quality=80),
    "grey.png": lambda p: encoded(p[..., 0], "PNG"),
    "grey.bmp": lambda p: encoded(p[..., 0], "BMP"),
    "grey.pgm": lambda p: encoded(p[..., 0], "PPM"),
    "1-bit.png": lambda p: encoded(Image.fromarray(p[..., 0] > 99), "PNG"),
    "2-bit.png": lambda p: png(p[..., :1] >> 6, 2, 0),
    "4-bit.png": lambda p: png(p[..., :1] >> 4, 4, 0),
    "16-bit.png": lambda p: encoded(p[..., 0].astype(np.uint16) * 251, "PNG"),
    "16-bit.tif": lambda p: encoded(p[..., 0].astype(np.uint16) * 251, "TIFF"),
    "laced-grey.png": lambda p: png(p[..., :1], 8, 0, True),
}
COLOUR: dict[str, Callable[[np.ndarray], bytes]] = {
    "q30.jpg": jpeg(quality=30, subsampling=2),
    "q75.jpg": jpeg(quality=75, subsampling=1),
    "q95.jpg": jpeg(quality=95, subsampling=0),
    "progressive.jpg": jpeg(quality=85, progressive=True),
    "restarts.jpg": jpeg(quality=85, restart_marker_blocks=3),
    "cmyk.jpg": lambda p: encoded(Image.fromarray(p).convert("CMYK"), "JPEG"),
    "rgb.png": lambda p: encoded(p, "PNG"),
    "palette.png": lambda p: encoded(Image.fromarray(p).quantize(200), "PNG"),
    "palette-2-bit.png": lambda p: encoded(Image.fromarray(p).quantize(4), "PNG", bits=2),
    "clear-colour.png": lambda p: encoded(Image.fromarray(p).quantize(16), "PNG", transparency=1),
    "rgba.png": lambda p: encoded(see_through(p, "RGBA"), "PNG"),
    "la.png": lambda p: encoded(see_through(p, "LA"), "PNG"),
    "16-bit-rgb.png": lambda p: png(p.astype(np.uint16) * 257 + 3, 16, 2),
    "laced.png": lambda p: png(p, 8, 2, True),
    "laced-16-bit.png": lambda p: png(p.astype(np.uint16) * 257 + 3, 16, 2, True),
    "palette.gif": lambda p: encoded(p, "GIF"),
    "rgb.bmp": lambda p: encoded(p, "BMP"),
    "lossy.webp": lambda p: encoded(p, "WEBP", quality=70, method=0),
    "lossless.webp": lambda p: encoded(p, "WEBP", lossless=True, method=0),
    "rgb.tif": lambda p: encoded(p, "TIFF"),
    "lzw.tif": lambda p: encoded(p, "TIFF", compression="tiff_lzw"),
    "rgb.ppm": lambda p: encoded(p, "PPM"),
}


def turning(kind: str, orientation: int, **options: object) -> Callable[[np.ndarray], bytes]:
    return lambda picture: turned(picture, kind, orientation, **options)


TURNED = {
    f"turned-{orientation}.{ending}": turning(kind, orientation)
    for orientation in range(1, 9)
    for ending, kind in (("jpg", "JPEG"), ("png", "PNG"), ("tif", "TIFF"))
}


def files(
    kinds: dict[str, Callable[[np.ndarray], bytes]], count: int
) -> Iterator[tuple[str, bytes]]:
    """`count` of these kinds in turns, each another picture; some sides are chosen, most random."""
    rng = np.random.default_rng(0)
    sides = itertools.chain(
        *([size] * len(kinds) for size in SIDES),
        iter(lambda: tuple(rng.integers(2, 130, 2)), None),
    )
    for number, ((name, encode), (height, width)) in enumerate(
        zip(itertools.islice(itertools.cycle(kinds.items()), count), sides, strict=False)
    ):
        rows, columns = np.mgrid[:height, :width]
        slope = rng.integers(-3, 4, (2, 3))
        plane = rows[..., None] * slope[0] + columns[..., None] * slope[1] + rng.integers(0, 256, 3)
        noise = rng.integers(0, 40, (height, width, 3))
        yield f"{'ab'[number % 2]}/{number:04d}-{name}", encode((plane + noise).astype(np.uint8))


def lay(root: Path, kinds: dict[str, Callable[[np.ndarray], bytes]], count: int) -> Path:
    for name in "ab":
        (root / name).mkdir(parents=True)
    for name, data in files(kinds, count):
        (root / name).write_bytes(data)
    return root


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("mixed") / "photos"
    return lay(root, {**COLOUR, **GREY, **TURNED}, COUNT)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The rows that workers were asked for."""
    rows: list[int] = []
    decode = Worker.decode
    monkeypatch.setattr(
        Worker, "decode", lambda self, row, data: (rows.append(row), decode(self, row, data))[1]
    )
    return rows


def tensors(rule: Preprocess, pixels: np.ndarray) -> np.ndarray:
    """float32, as the network gets them, of uint8 [n, height, width, channels]."""
    assert pixels.dtype == np.uint8
    return np.asarray(Engine.scaled(SimpleNamespace(preprocess=rule), pixels))


def trained_on(data: Dataset) -> tuple[list[str], np.ndarray]:
    """The pictures of a data set, by name in order."""
    names = [*data.train.names, *data.test.names]
    pixels = np.concatenate([data.train.pixels, data.test.pixels])
    order = np.argsort(names)
    return [names[i] for i in order], tensors(data.preprocess, pixels[order])


def asked_for(root: Path, names: Sequence[str], rule: Preprocess) -> np.ndarray:
    """What `saccade predict` gives the network of these files, by the rule that a run keeps."""
    kept = Preprocess(**json.loads(json.dumps(rule.to_json())))
    read = ask.read_all(ask.files([root / name for name in names]), kept)
    assert [name for name, one in zip(names, read, strict=True) if isinstance(one, str)] == []
    return tensors(kept, np.stack(read))


def same_bits(one: np.ndarray, other: np.ndarray) -> bool:
    assert one.dtype == other.dtype == np.float32
    return one.shape == other.shape and one.tobytes() == other.tobytes()


@pytest.mark.parametrize("fit", ["crop", "stretch"])
@pytest.mark.parametrize("size", [32, 57])
def test_a_thousand_mixed_pictures_are_the_same_in_training_and_prediction(
    folder, counted, fit, size
):
    data = saccade.load(folder, image_size=size, fit=fit)
    assert data.excluded == ()
    assert len(counted) == COUNT
    names, train = trained_on(data)
    assert len(names) == COUNT
    assert train.shape == (COUNT, size, size, 3)
    assert same_bits(train, asked_for(folder, names, data.preprocess))
    counted.clear()
    assert same_bits(train, trained_on(saccade.load(folder, image_size=size, fit=fit))[1])
    assert counted == [], "the second start decoded anew"


def test_grey_pictures_are_the_same_too(tmp_path):
    root = lay(tmp_path / "grey", GREY, 120)
    data = saccade.load(root, image_size=24)
    names, train = trained_on(data)
    assert train.shape == (120, 24, 24, 1)
    assert same_bits(train, asked_for(root, names, data.preprocess))


@pytest.mark.parametrize("kind", ["photos.tar.gz", "photos.zip"])
def test_from_an_archive_they_are_the_same(folder, tmp_path, counted, kind):
    names = sorted(path.relative_to(folder) for path in folder.rglob("*.*"))
    if kind.endswith("zip"):
        with zipfile.ZipFile(tmp_path / kind, "w") as packed:
            for name in names:
                packed.write(folder / name, name)
    else:
        with tarfile.open(tmp_path / kind, "w:gz", compresslevel=1) as packed:
            for name in names:
                packed.add(folder / name, name)
    data = saccade.load(tmp_path / kind, image_size=32)
    assert len(counted) == COUNT, "they came from a cache"
    listed, train = trained_on(data)
    assert same_bits(train, asked_for(folder, listed, data.preprocess))


def test_the_command_gives_the_network_what_it_was_trained_on(folder, tmp_path, monkeypatch):
    """The whole way: trained, recorded, restored, asked."""
    data = saccade.load(folder, image_size=32)
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("softmax", steps=1)
    resident, given = [], []
    bring, answer = Engine.bring, Engine.logits

    def watched_bring(self, split, name, weights):
        placed = yield from bring(self, split, name, weights)
        resident.append((self, split, placed))
        return placed

    def watched_answer(self, weights, pixels):
        given.append((self, pixels))
        return answer(self, weights, pixels)

    monkeypatch.setattr(Engine, "bring", watched_bring)
    for _ in saccade.record(saccade.fit("softmax", data, recipe), run):
        pass
    engine, split, placed = max(resident, key=lambda one: len(one[1]))
    monkeypatch.setattr(Engine, "logits", watched_answer)
    answers = saccade.predict(run, [folder / name for name in split.names])
    assert len(answers) == len(split)
    [(asked, pixels)] = given
    trained = np.asarray(engine.scaled(placed.pixels))
    assert same_bits(trained, np.asarray(asked.scaled(pixels)))

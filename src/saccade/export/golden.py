"""Golden pictures: files whose answers are known, so that whoever opens a bundle can ask for them.

They are drawn, not photographed, in sizes that the network does not take and in the forms that go
wrong elsewhere: turned by EXIF, with alpha, grey, wider than high. A tool that resizes, orients,
scales or orders colours otherwise gives other answers for them.
"""

import io
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image
from safetensors.numpy import save

SEED = 7
ORIENTATION = 0x0112  # Exif 2.3, table 4


def drawn(height: int, width: int) -> list[bytes]:
    """Picture files of some sizes around `height` x `width` pixels.

    >>> [Image.open(io.BytesIO(file)).format for file in drawn(28, 28)]
    ['PNG', 'PNG', 'PNG', 'PNG', 'JPEG', 'JPEG']
    """
    rng = np.random.default_rng(SEED)
    tall, wide = (2 * height + 3, width + 5), (height + 7, 3 * width + 1)
    alpha = _picture(rng, *tall)
    alpha.putalpha(_picture(rng, *tall).convert("L"))
    turned = Image.Exif()
    turned[ORIENTATION] = 6  # a quarter to the right
    return [
        _file(_picture(rng, height, width), "PNG"),
        _file(_picture(rng, *wide), "PNG"),
        _file(_picture(rng, *tall).convert("L"), "PNG"),
        _file(alpha, "PNG"),
        _file(_picture(rng, *wide), "JPEG", turned),
        _file(_picture(rng, 4 * height, 4 * width), "JPEG"),
    ]


def as_files(pixels: np.ndarray) -> list[bytes]:
    """uint8 [n, height, width, channels] as PNG files, without loss."""
    pictures = (each[..., 0] if each.shape[2] == 1 else each for each in pixels)
    return [_file(Image.fromarray(each), "PNG") for each in pictures]


def golden_file(pictures: Sequence[bytes], probabilities: np.ndarray) -> bytes:
    """The file that a bundle holds: `probabilities` [n, classes] are right for `pictures`."""
    arrays = {f"picture-{i}": np.frombuffer(data, np.uint8) for i, data in enumerate(pictures)}
    written: bytes = save({**arrays, "probabilities": probabilities.astype(np.float32)})
    return written


def _picture(rng: np.random.Generator, height: int, width: int) -> Image.Image:
    """Some bright strokes and blots, each of its own colour, no two corners alike."""
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    canvas = np.zeros((height, width, 3), np.float32)
    canvas += (down / height * 60)[..., None] * np.array([1.0, 0.5, 0.0])
    for colour, near in zip(rng.uniform(80, 255, (4, 3)), _shapes(rng, down, across), strict=True):
        canvas = np.where(near[..., None], colour, canvas)
    return Image.fromarray(canvas.astype(np.uint8))


def _shapes(rng: np.random.Generator, down: np.ndarray, across: np.ndarray) -> Iterator[np.ndarray]:
    height, width = down.shape
    for _ in range(3):  # strokes
        y, x, angle = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(0, np.pi)
        apart = (down - y) * np.cos(angle) + (across - x) * np.sin(angle)
        yield np.abs(apart) < max(1.0, height / 12)
    y, x = rng.uniform(0, height), rng.uniform(0, width / 2)
    yield np.hypot(down - y, across - x) < min(height, width) / 5  # a blot


def _file(picture: Image.Image, form: str, exif: Image.Exif | None = None) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **({"exif": exif} if exif else {}))
    return file.getvalue()

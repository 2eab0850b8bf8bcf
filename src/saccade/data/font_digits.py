"""Digits drawn with the fonts that come with matplotlib, 28x28 grey: nobody has written them.

The course's Keras notebooks ask their networks about 24 of them: ten in DejaVu Sans Mono Oblique,
the rest in STIX General (`create_digits_from_local_fonts`). Those 24 are the test split, drawn as
there; train is drawn in the same way with the other fonts that have digits.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from saccade.core.errors import MissingFile
from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.data.source import Source

CLASSES = tuple("0123456789")
SIDE, SIZE, LEFT = 28, 25, 7
# The fonts, and how far down a digit is drawn so that it stands inside its square.
TEST_FONTS = {"DejaVuSansMono-Oblique": 0, "STIXGeneral": -4}
TEST_DIGITS = (10, 14)  # of each; the second begins again after 9
TRAIN_FONTS = {
    "DejaVuSans": 0,
    "DejaVuSans-Bold": 0,
    "DejaVuSans-BoldOblique": 0,
    "DejaVuSans-Oblique": 0,
    "DejaVuSansMono": 0,
    "DejaVuSansMono-Bold": 0,
    "DejaVuSansMono-BoldOblique": 0,
    "DejaVuSerif": 0,
    "DejaVuSerif-Bold": 0,
    "DejaVuSerif-BoldItalic": 0,
    "DejaVuSerif-Italic": 0,
    "STIXGeneralBol": -4,
    "STIXGeneralBolIta": -4,
    "STIXGeneralItalic": -4,
    "cmb10": 0,
    "cmr10": 0,
    "cmss10": 0,
    "cmtt10": 0,
}


def read() -> Source:
    """Every font's ten digits to train on, the notebooks' 24 to test on.

    Raises:
        MissingFile: matplotlib, or one of its fonts, is not installed.
    """
    train = _split([(name, top, 10) for name, top in TRAIN_FONTS.items()])
    rule = Preprocess(SIDE, SIDE, 1)
    return Source("font-digits", "", CLASSES, train, None, printed(), rule)


def printed() -> Split:
    """The notebooks' 24: the test split.

    Raises:
        MissingFile: matplotlib, or one of its fonts, is not installed.
    """
    fonts = zip(TEST_FONTS.items(), TEST_DIGITS, strict=True)
    return _split([(name, top, n) for (name, top), n in fonts])


def draw(font: Path, top: int, count: int) -> np.ndarray:
    """The digits 0, 1, 2 ... in one strip, cut into uint8 [count, 28, 28, 1]: white on black."""
    strip = Image.new("L", (SIDE * count, SIDE))
    pen = ImageDraw.Draw(strip)
    try:
        face = ImageFont.truetype(font, SIZE)
    except OSError:
        raise MissingFile(f"`font-digits` takes {font}, which can't be read") from None
    for i in range(count):
        pen.text((LEFT + i * SIDE, top), str(i % 10), fill=255, font=face)
    return np.asarray(strip).reshape(SIDE, count, SIDE).transpose(1, 0, 2)[..., None]


def _split(fonts: Sequence[tuple[str, int, int]]) -> Split:
    folder = _folder()
    pixels = np.concatenate([draw(folder / f"{name}.ttf", top, n) for name, top, n in fonts])
    labels = np.concatenate([np.arange(n) % 10 for _, _, n in fonts]).astype(np.int32)
    names = [f"{name}/{i}" for name, _, n in fonts for i in range(n)]
    return Split(np.ascontiguousarray(pixels), labels, names)


def _folder() -> Path:
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise MissingFile(
            "`font-digits` is drawn with matplotlib's fonts, and matplotlib is not installed here. "
            "Install it: pip install matplotlib"
        )
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"

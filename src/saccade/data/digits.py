"""The 1,797 handwritten digits that come with scikit-learn, 8x8 grey.

The test part of "Optical Recognition of Handwritten Digits", Alpaydin and Kaynak, UCI 1998. The
file is read from the installed package, without importing it (that takes half a second).
"""

import gzip
import importlib.util
import io
from pathlib import Path

import numpy as np

from saccade.core.errors import MissingFile
from saccade.core.preprocess import Preprocess
from saccade.core.records import Split
from saccade.data.source import Source
from saccade.data.split import hold_out

TEST_SHARE = 0.2
CLASSES = tuple("0123456789")


def read() -> Source:
    """All of it, a fifth of every class held out as test.

    Raises:
        MissingFile: scikit-learn is not installed.
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise MissingFile("`digits` is read from scikit-learn, which is not installed here")
    file = Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
    rows = np.loadtxt(io.BytesIO(gzip.decompress(file.read_bytes())), delimiter=",", dtype=np.int32)
    values, labels = rows[:, :64], rows[:, 64]
    pixels = np.round(values * 255 / 16).astype(np.uint8).reshape(-1, 8, 8, 1)
    everything = Split(pixels, labels, [f"digits/{i}" for i in range(len(labels))])
    train, test = hold_out(everything, TEST_SHARE, len(CLASSES))
    rule = Preprocess(8, 8, 1)
    return Source("digits", "", CLASSES, train, None, test, rule, test_origin="held out")

"""The real MNIST, and what happens where it is missing or damaged."""

import gzip
import hashlib
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

import saccade
from saccade.core.errors import BadData, MissingFile
from saccade.data import DATASETS, mnist

# The class counts of the official files.
TRAIN = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_official_files_are_read_whole(mnist_dir):
    data = saccade.load("mnist")
    assert np.bincount(data.train.labels).tolist() == TRAIN
    assert np.bincount(data.test.labels).tolist() == TEST
    assert data.train.pixels.shape == (60_000, 28, 28, 1)
    assert data.test.pixels.shape == (10_000, 28, 28, 1)
    assert data.validation is None
    assert data.test_origin == "official"
    assert data.train.labels[:6].tolist() == [5, 0, 4, 1, 9, 2]
    # Mean and deviation as everybody states them.
    assert data.train.pixels.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert data.train.pixels.std() / 255 == pytest.approx(0.3081, abs=1e-4)
    assert data.statement == (
        "mnist: 70,000 grey images 28x28 in 10 classes; 60,000 to train, 10,000 to test (official)"
    )


def test_the_table_tells_the_truth(mnist_dir):
    for file, checksum in mnist.CHECKSUMS.items():
        digest = hashlib.md5((mnist_dir / file).read_bytes()).hexdigest()
        assert checksum == f"md5:{digest}"
    size = sum((mnist_dir / file).stat().st_size for file in mnist.CHECKSUMS)
    assert DATASETS["mnist"].megabytes == round(size / 1e6, 1)


def test_offline_the_missing_file_its_sum_and_its_place_are_named(monkeypatch, tmp_path):
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    with pytest.raises(MissingFile) as caught:
        saccade.load("mnist")
    file, checksum = next(iter(mnist.CHECKSUMS.items()))
    for part in (file, checksum, str(tmp_path / "cache" / "saccade" / "datasets" / "mnist")):
        assert part in str(caught.value)


def small_mnist(folder: Path, images: int = 20) -> Path:
    """Files of MNIST's names and form with a few pictures."""
    folder = folder / "mnist"
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for prefix in ("train", "t10k"):
        pixels = rng.integers(0, 256, (images, 28, 28), np.uint8)
        labels = (np.arange(images) % 10).astype(np.uint8)
        for what, array in (("images-idx3", pixels), ("labels-idx1", labels)):
            head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            path = folder / f"{prefix}-{what}-ubyte.gz"
            path.write_bytes(gzip.compress(head + array.tobytes()))
    return folder


def test_the_users_own_files_are_used_with_a_warning_each(tmp_path, monkeypatch):
    small_mnist(tmp_path / "given")
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "given"))
    with pytest.warns(UserWarning, match="not the published file") as said:
        data = saccade.load("mnist")
    assert len(said) == 4
    assert len(data.train) == 20


@pytest.mark.filterwarnings("ignore:.*not the published file")
@pytest.mark.parametrize("file", mnist.CHECKSUMS)
@pytest.mark.parametrize("damage", ["cut", "empty", "html", "swapped"])
def test_a_damaged_file_is_named(tmp_path, monkeypatch, file, damage):
    folder = small_mnist(tmp_path / "given")
    path = folder / file
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "html":
        path.write_bytes(b"<html>404</html>")
    else:
        other = file.replace("images-idx3", "X").replace("labels-idx1", "images-idx3")
        shutil.copy(folder / other.replace("X", "labels-idx1"), path)
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "given"))
    with pytest.raises(BadData) as caught:
        saccade.load("mnist")
    assert str(path) in str(caught.value)


@pytest.mark.filterwarnings("ignore:.*not the published file")
def test_test_pictures_of_another_shape_are_refused(tmp_path, monkeypatch):
    folder = small_mnist(tmp_path / "given")
    head = bytes([0, 0, 8, 3]) + struct.pack(">3I", 20, 14, 56)
    path = folder / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(head + gzip.decompress(path.read_bytes())[16:]))
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "given"))
    with pytest.raises(BadData, match=r"14x56|14, 56"):
        saccade.load("mnist")

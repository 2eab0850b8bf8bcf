"""The data sets that have names: the real ones where they are, small ones of their form always."""

import io
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.errors import BadData, MissingFile
from saccade.core.locate import digest
from saccade.data import cifar10, fashion_mnist, font_digits, locate


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    monkeypatch.setenv("SACCADE_DATA_DIR", str(folder))
    monkeypatch.setattr(locate, "SYSTEM_PLACES", {})
    return folder


@pytest.fixture
def real(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SACCADE_DATA_DIR", str(data_dir))
    return data_dir


def counts(split: saccade.Split) -> list[int]:
    return np.bincount(split.labels).tolist()


# --- Fashion-MNIST ---


def test_fashion_mnist_is_whole(real):
    data = saccade.load("fashion-mnist")
    assert counts(data.train) == [6000] * 10
    assert counts(data.test) == [1000] * 10
    assert [data.classes[i] for i in data.train.labels[:3]] == [
        "Ankle boot",
        "T-shirt/top",
        "T-shirt/top",
    ]
    assert data.train.pixels.mean() / 255 == pytest.approx(0.2860, abs=1e-4)


def test_fashion_mnist_of_debian_is_found(tmp_path, monkeypatch):
    assert str(locate.SYSTEM_PLACES["fashion-mnist"]) == "/usr/share/datasets/fashion-mnist"
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    monkeypatch.setattr(locate, "SYSTEM_PLACES", {"fashion-mnist": tmp_path})
    file = next(iter(fashion_mnist.CHECKSUMS))
    assert locate.find("fashion-mnist", file) is None
    (tmp_path / file).write_bytes(b"x")
    assert locate.find("fashion-mnist", file) == tmp_path / file
    assert locate.find("mnist", file) is None


def test_debians_packing_is_a_published_one(given):
    """The package was taken apart once: the same content, gzipped again, has these sums."""
    for file, sums in fashion_mnist.CHECKSUMS.items():
        official, debian = sums.split()
        assert official != debian, file
        assert len(debian) == len("md5:") + 32
    (given / "set").mkdir()
    (given / "set" / "x.bin").write_bytes(b"repacked")
    mine = digest(given / "set" / "x.bin", "md5:")
    assert locate.locate("set", "x.bin", f"md5:{'0' * 32} {mine}", []) == given / "set" / "x.bin"


# --- CIFAR-10 ---


def batch(labels: list[int], seed: int) -> bytes:
    """Records of a label, then a red, a green and a blue plane, each of one value."""
    rng = np.random.default_rng(seed)
    return b"".join(
        struct.pack("B", label) + b"".join(bytes([int(v)]) * 1024 for v in rng.integers(0, 256, 3))
        for label in labels
    )


def batches() -> dict[str, bytes]:
    files = (*cifar10.TRAIN_FILES, *cifar10.TEST_FILES)
    return {file: batch(list(range(10)), seed) for seed, file in enumerate(files)}


def pack(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as packed:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("form", ["archive", "folder", "files"])
def test_cifar10_is_read_from_the_binary_files(given, form):
    if form == "archive":
        inside = {f"cifar-10-batches-bin/{name}": data for name, data in batches().items()}
        pack(given / "cifar10" / cifar10.BINARY, inside)
    else:
        folder = given / "cifar10" / ("cifar-10-batches-bin" if form == "folder" else "")
        folder.mkdir(parents=True)
        for name, data in batches().items():
            (folder / name).write_bytes(data)
    if form == "archive":
        with pytest.warns(UserWarning, match="not the published file"):
            data = saccade.load("cifar10")
    else:
        data = saccade.load("cifar10")
    assert (counts(data.train), counts(data.test)) == ([5] * 10, [1] * 10)
    assert data.classes[3] == "cat"
    first = np.random.default_rng(0).integers(0, 256, 3).astype(np.uint8)
    assert (data.train.pixels[0] == first).all()  # red, green, blue, everywhere
    assert data.input_shape == (32, 32, 3)


@pytest.mark.parametrize("damage", ["cut", "label", "missing"])
def test_a_damaged_batch_is_named(given, damage):
    files = batches()
    if damage == "cut":
        files["data_batch_3.bin"] = files["data_batch_3.bin"][:-1]
    elif damage == "label":
        files["data_batch_3.bin"] = b"\x0a" + files["data_batch_3.bin"][1:]
    else:
        del files["data_batch_3.bin"]
    pack(given / "cifar10" / cifar10.BINARY, files)
    with (
        pytest.warns(UserWarning, match="not the published"),
        pytest.raises(BadData, match=r"data_batch_3\.bin"),
    ):
        saccade.load("cifar10")


@pytest.mark.parametrize("name", ["cifar-10-python.tar.gz", "cifar-10-batches-py", "data_batch_1"])
def test_pickles_are_refused_and_the_binary_archive_is_named(given, name):
    bomb = given / "cifar10" / name
    bomb.parent.mkdir()
    if name == "cifar-10-batches-py":
        bomb.mkdir()
        bomb = bomb / "data_batch_1"
    bomb.write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    with pytest.raises(BadData) as caught:
        saccade.load("cifar10")
    for part in ("pickles", cifar10.BINARY, cifar10.BINARY_CHECKSUMS[cifar10.BINARY]):
        assert part in str(caught.value)


def test_no_form_of_cifar10_stands_in_for_another(given):
    (given / "cifar10").mkdir()
    (given / "cifar10" / cifar10.JPEG).write_bytes(b"x")
    with pytest.raises(MissingFile, match="cifar10-jpeg") as caught:
        saccade.load("cifar10")
    assert cifar10.BINARY in str(caught.value)
    with pytest.raises(MissingFile, match="no place to download"):
        saccade.load("cifar10-lossless-5000")


def test_cifar10_lossless_is_exact(real):
    data = saccade.load("cifar10-lossless-5000")
    assert counts(data.train) == [396, 366, 420, 384, 422, 393, 414, 385, 407, 413]
    assert counts(data.test) == [103, 89, 100, 103, 90, 86, 112, 102, 106, 109]
    sheet = Image.open(real / cifar10.FOLDER / cifar10.SHEETS[1])
    assert data.train.pixels[1002].tobytes() == np.asarray(sheet)[2].tobytes()


def small_jpeg_set(given: Path) -> None:
    """Two classes in an order of their own, one value of grey a picture."""
    orders = {"train": [1, 0, 0, 1, 1], "test": [0, 1, 1]}
    files = {}
    for part, labels in orders.items():
        seen = [0, 0]
        for label in labels:
            file = io.BytesIO()
            Image.new("RGB", (32, 32), (10 * seen[label] + 100 * label,) * 3).save(file, "JPEG")
            name = f"{part}/{cifar10.CLASSES[label]}/{seen[label]:04d}.jpg"
            files[name], seen[label] = file.getvalue(), seen[label] + 1
        np.save(given / "cifar10" / f"cifar10_{part}_labels_original_order.npy", np.uint8(labels))
    pack(given / "cifar10" / cifar10.JPEG, dict(sorted(files.items())))


def test_cifar10_jpeg_comes_in_the_original_order(given, monkeypatch):
    monkeypatch.setattr(cifar10, "CLASSES", cifar10.CLASSES[:2])
    (given / "cifar10").mkdir()
    small_jpeg_set(given)
    data = saccade.load("cifar10-jpeg")
    assert data.train.labels.tolist() == [1, 0, 0, 1, 1]
    assert data.train.pixels[:, 0, 0, 0].tolist() == [100, 0, 10, 110, 120]
    assert data.test.names[2] == "test/automobile/0001.jpg"
    assert "lossy" in data.statement


def test_an_array_of_objects_is_no_label_file(given):
    (given / "cifar10").mkdir()
    small_jpeg_set(given)
    objects = np.array([{}], object)
    np.save(given / "cifar10" / cifar10.TEST_LABELS, objects, allow_pickle=True)
    with pytest.raises(BadData, match=cifar10.TEST_LABELS):
        saccade.load("cifar10-jpeg")


@pytest.mark.slow
def test_cifar10_jpeg_is_whole(real):
    data = saccade.load("cifar10-jpeg")
    assert (counts(data.train), counts(data.test)) == ([5000] * 10, [1000] * 10)
    exact = saccade.load("cifar10-lossless-5000")
    assert (data.train.labels[:4000] == exact.train.labels).all()
    error = np.abs(data.test.pixels[:1000].astype(int) - exact.test.pixels).mean()
    assert 4 < error < 8  # the same pictures, but for the loss


# --- photographs in a tar ---


def test_flowers_are_the_two_csvs(real):
    data = saccade.load("flowers", image_size=8)
    assert data.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert counts(data.train) == [570, 808, 577, 629, 719]
    assert counts(data.test) == [63, 90, 64, 70, 80]
    assert data.input_shape == (8, 8, 3)
    assert data.excluded == ()


def test_cats_and_dogs_are_the_tar(real):
    data = saccade.load("cats-dogs", image_size=8)
    assert (data.classes, counts(data.train), counts(data.test)) == (
        ("cats", "dogs"),
        [500, 500],
        [200, 200],
    )


@pytest.mark.parametrize("name", ["flowers", "cats-dogs"])
def test_offline_the_missing_file_is_named(given, name):
    with pytest.raises(MissingFile, match=r"\.tar") as caught:
        saccade.load(name)
    assert f"SACCADE_DATA_DIR/{name}" in str(caught.value)


# --- digits in fonts ---


def test_without_matplotlib_it_is_said(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingFile, match="pip install matplotlib"):
        saccade.load("font-digits")


def test_a_font_that_is_missing_is_named(tmp_path):
    with pytest.raises(MissingFile, match=r"none\.ttf"):
        font_digits.draw(tmp_path / "none.ttf", 0, 10)


def test_digits_are_drawn_as_the_notebooks_draw_them():
    pytest.importorskip("matplotlib", reason="its fonts are drawn with")
    data = saccade.load("font-digits")
    assert (len(data.train), len(data.test)) == (180, 24)
    assert data.test.labels.tolist() == [i % 10 for i in range(24)]
    assert counts(data.train) == [18] * 10
    ink = data.train.pixels[..., 0] > 127
    assert ink.any(axis=(1, 2)).all()
    assert not ink[:, 0].any()
    assert not ink[:, -1].any()  # inside its square
    for part in (data.train, data.test):  # 1 and 7 take the least ink, whatever the font
        used = [part.pixels[part.labels == digit].mean() for digit in range(10)]
        assert set(np.argsort(used)[:2]) == {1, 7}
    assert (data.test.pixels[10:, :, :, 0].max(axis=(1, 2)) > 200).all()
    rows = [np.flatnonzero(picture.max(axis=1) > 127) for picture in data.test.pixels[..., 0]]
    assert all(4 <= row[0] and row[-1] <= 23 for row in rows)  # stands in the middle
    different = {picture.tobytes() for picture in data.test.pixels[:20]}
    assert len(different) == 20

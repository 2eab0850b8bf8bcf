"""What all tests share: places of their own, pictures to learn, a finished run to look at."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# One compilation serves all tests and the commands they start, and none of another day does;
# tests/mutation, which starts them many times, keeps a folder of its own.
COMPILED = os.environ.get("SACCADE_TEST_COMPILED")
if COMPILED is None:
    COMPILED = tempfile.mkdtemp(prefix="saccade-compiled-")
    atexit.register(shutil.rmtree, COMPILED, ignore_errors=True)
os.environ["JAX_COMPILATION_CACHE_DIR"] = COMPILED
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0.05"

import saccade  # noqa: E402
from saccade.run.directory import Run  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No download, no file of the user's: the cache and the runs of a test lie in its tmp_path.

    Real data is there where a test asks for it (`data_dir`).
    """
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    monkeypatch.setenv("SACCADE_OFFLINE", "1")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("SACCADE_RUNS", str(tmp_path / "runs"))


@pytest.fixture
def rng() -> np.random.Generator:
    """Random numbers, the same every time."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The shelf of real data sets: $SACCADE_DATA_DIR, else ../shared/data beside the repository."""
    folder = Path(os.environ.get("SACCADE_DATA_DIR") or ROOT.parent / "shared" / "data")
    if not (folder / "SHA256SUMS").is_file():
        pytest.skip(f"no real data at {folder} (set SACCADE_DATA_DIR)")
    return folder


@pytest.fixture
def mnist_dir(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The official MNIST files, where saccade finds them."""
    folder = data_dir / "mnist"
    if not folder.is_dir():
        pytest.skip(f"no MNIST at {folder} (set SACCADE_DATA_DIR)")
    monkeypatch.setenv("SACCADE_DATA_DIR", str(data_dir))
    return folder


def pattern(kind: str, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [height, width, 3]: stripes, checks or a blob, with a little noise."""
    rows, columns = np.mgrid[:height, :width]
    shift = int(rng.integers(0, 8))
    if kind == "stripes":
        grey = 255 * ((rows + shift) // 4 % 2)
    elif kind == "checks":
        grey = 255 * (((rows + shift) // 4 + (columns + shift) // 4) % 2)
    else:
        middle = np.hypot(rows - height / 2, columns - width / 2)
        grey = 255 * (middle < min(height, width) / 3)
    tinted = grey[..., None] * rng.uniform(0.7, 1, 3)
    return (tinted + rng.integers(0, 25, tinted.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def pictures() -> Callable[..., Path]:
    """A function that fills a folder with class folders of PNG and JPEG pictures of many sizes.

    `size=(height, width)` makes all of them that size, `grey=True` grey PNG.
    """

    def make(
        root: Path,
        *,
        each: int = 8,
        classes: Sequence[str] = ("blobs", "checks", "stripes"),
        size: tuple[int, int] | None = None,
        grey: bool = False,
        seed: int = 0,
    ) -> Path:
        rng = np.random.default_rng(seed)
        for number, name in enumerate(classes):
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            kind = (
                name
                if name in ("stripes", "checks")
                else ("blobs", "stripes", "checks")[number % 3]
            )
            for i in range(each):
                height, width = size or tuple(int(side) for side in rng.integers(24, 60, 2))
                image = Image.fromarray(pattern(kind, height, width, rng))
                if grey:
                    image.convert("L").save(folder / f"{i:03d}.png")
                elif i % 2:
                    image.save(folder / f"{i:03d}.jpg", quality=95)
                else:
                    image.save(folder / f"{i:03d}.png")
        return root

    return make


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of softmax on digits, 30 steps. To be read only: see `run_copy`."""
    run = saccade.create_run(tmp_path_factory.mktemp("finished") / "digits-softmax")
    recipe = saccade.recipe("softmax", steps=30)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    return Run(run.path)


@pytest.fixture
def run_copy(finished_run: Run, tmp_path: Path) -> Run:
    """The finished run, to be damaged."""
    return Run(Path(shutil.copytree(finished_run.path, tmp_path / "copy")))

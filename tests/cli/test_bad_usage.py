"""What can't be taken is said in a sentence: what came, what was expected, what to do. Exit 2."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade

DIGITS = ("train", "digits", "--model", "softmax")

# What is typed, and what the answer must contain.
NAMES = [
    (("train", "digist"), ["`digist`", "`digits`", "mnist", "./FOLDER"]),
    (("train", ""), ["Known: cats-dogs, "]),
    (("train", "photos"), ["`photos`", "folder", "./photos"]),
    (("train", "digits", "--model", "sofmax"), ["`sofmax`", "`softmax`", "conv-bn"]),
    (("train", "digits", "--model", "G1.0"), ["`G1.0`", "Known"]),
    ((*DIGITS, "--recipe", "G1"), ["`G1`", "G1.0", "default"]),
    ((*DIGITS, "--optimizer", "adan"), ["`adan`", "`adam`", "sgd"]),
    ((*DIGITS, "--schedule", "cosin"), ["`cosin`", "`cosine`"]),
    ((*DIGITS, "--augment", "flipp"), ["`flipp`", "shift", "affine"]),
    ((*DIGITS, "--device", "abacus"), ["abacus", "cpu"]),
    (("models", "sofmax"), ["`sofmax`", "`softmax`"]),
    (("trian", "digits"), ["trian", "train"]),
    ((*DIGITS, "--epoch", "3"), ["--epoch"]),
    (("eval", "nope"), ["`nope`", "saccade runs"]),
    (("predict", "nope", "x.png"), ["`nope`", "saccade runs"]),
    (("runs", "nope"), ["nope"]),
    (("train",), ["saccade train digits"]),
    (("eval",), ["RUN"]),
]
NUMBERS = [
    *[((*DIGITS, "--lr", value), ["--lr", "above 0"]) for value in ("nan", "0", "-0.1", "inf")],
    *[((*DIGITS, "--epochs", value), ["--epochs"]) for value in ("nan", "0", "-1", "inf")],
    *[((*DIGITS, "--steps", value), ["--steps"]) for value in ("0", "-5", "nan", "1.5", "x")],
    *[((*DIGITS, "--batch-size", v), ["--batch-size"]) for v in ("0", "-1", "nan", "2.5")],
    ((*DIGITS, "--batch-size", "5000"), ["--batch-size", "5000", "1,295"]),
    *[((*DIGITS, "--weight-decay", value), ["--weight-decay"]) for value in ("nan", "-1", "inf")],
    *[((*DIGITS, "--val-split", value), ["--val-split"]) for value in ("nan", "1", "-0.1", "2")],
    ((*DIGITS, "--val-split", "0"), ["--val-split"]),
    *[(("train", "./photos", "--test-split", v), ["test"]) for v in ("nan", "0", "1", "-1")],
    *[(("train", "./photos", "--img-size", v), ["size"]) for v in ("0", "-8", "3", "5000")],
    (("train", "./photos", "--img-size", "nan"), ["--img-size", "nan"]),
    *[((*DIGITS, "--eval-every", value), ["--eval-every"]) for value in ("0", "-1")],
    ((*DIGITS, "--patience", "-1"), ["--patience"]),
    *[((*DIGITS, "--seed", value), ["--seed"]) for value in ("-1", "99999999999999999999")],
    *[
        ((*DIGITS, "--time-limit", value), ["--time-limit", "1h30m"])
        for value in ("x", "5 parsecs", "-5", "nan")
    ],
    ((*DIGITS, "--time-limit", "0"), ["--time-limit", "above 0"]),
    (("models", "conv", "--input", "big"), ["--input", "28x28x1", "big"]),
    (("models", "conv", "--input", "2x2x1"), ["2x2", "4x4"]),
    (("models", "conv", "--classes", "1"), ["two classes"]),
]
CONTRADICTIONS = [
    ((*DIGITS, "--epochs", "2", "--steps", "5"), ["--epochs", "--steps"]),
    ((*DIGITS, "--out", "a", "--name", "b"), ["--out", "--name"]),
    ((*DIGITS, "--recipe", "G1.0", "--patience", "3"), ["G1.0", "patience"]),
    (("train", "digits", "--img-size", "20"), ["--img-size", "own size"]),
    (("train", "digits", "./photos"), ["./photos"]),
    (("train", "--resume", "nope"), ["`nope`"]),
    (("train", "--resume", "photos"), ["photos", "run.json"]),
    (("train", "--resume", "nope", "--lr", "0.1"), ["--resume", "record"]),
    ((*DIGITS, "--name", "a/b"), ["--name", "--out"]),
    ((*DIGITS, "--name", ""), ["--name"]),
    ((*DIGITS, "--out", "photos"), ["photos", "empty folder"]),
]
FOLDERS = [
    (("train", "./nowhere"), ["nowhere"]),
    (("train", "./empty"), ["empty/CLASS/PICTURE.jpg"]),
    (("train", "./one"), ["only", "two"]),
    (("train", "./photos/a/0.png"), ["0.png", "file"]),
    (("train", "./newcomer"), ["newcomer-class", "train"]),
    (("train", "./broken"), ["none of the 2"]),
    (("train", "./tiny", "--model", "conv", "--batch-size", "4"), ["4x4", "2x2"]),
    (("train", "./single", "--model", "softmax", "--batch-size", "1"), ["two"]),
]


def fill(folder: Path, size: int = 8, each: int = 10) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(len(folder.name))
    for i in range(each):
        Image.fromarray(rng.integers(0, 256, (size, size), np.uint8)).save(folder / f"{i}.png")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with folders good and bad."""
    for name in ("a", "b"):
        fill(tmp_path / "photos" / name)
        fill(tmp_path / "tiny" / name, size=2)
        fill(tmp_path / "single" / name, each=1)
        fill(tmp_path / "newcomer" / "train" / name)
        (tmp_path / "broken" / name).mkdir(parents=True)
        (tmp_path / "broken" / name / "1.png").write_bytes(b"broken")
    fill(tmp_path / "newcomer" / "test" / "newcomer-class")
    fill(tmp_path / "one" / "only")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "parts"),
    [*NAMES, *NUMBERS, *CONTRADICTIONS, *FOLDERS],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_it_is_refused_in_a_sentence_and_nothing_is_left(here, typed, words, parts):
    said = typed(*words)
    assert said.code == 2
    assert said.out == ""
    assert "error: " in said.err
    assert "Traceback" not in said.err
    for part in parts:
        assert part in said.err
    assert list((here / "runs").glob("*")) == []


def test_a_gpu_that_is_not_here_is_refused(command):
    import jax

    if jax.default_backend() != "cpu":
        pytest.skip("there is one here")
    said = command(*DIGITS, "--steps", "1", "--device", "gpu")
    assert said.code == 2
    assert "--device gpu" in said.err
    assert "Traceback" not in said.err


def test_a_finished_run_is_neither_overwritten_nor_resumed(run_copy, typed):
    before = sorted((p, p.stat().st_mtime_ns) for p in run_copy.path.rglob("*"))
    said = typed(*DIGITS, "--out", run_copy.path)
    assert said.code == 2
    assert "finished" in said.err
    said = typed("train", "--resume", run_copy.path)
    assert said.code == 2
    assert "finished" in said.err
    assert sorted((p, p.stat().st_mtime_ns) for p in run_copy.path.rglob("*")) == before


def test_a_run_that_never_saved_says_what_is_missing(tmp_path, typed):
    run = saccade.create_run(tmp_path / "r")
    events = saccade.record(
        saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=5)), run
    )
    next(events)
    events.close()
    for words in (("eval", run.path), ("predict", run.path, "x.png")):
        said = typed(*words)
        assert said.code == 2
        assert "checkpoint" in said.err
    listed = typed("runs", tmp_path)
    assert listed.code == 0
    assert "interrupted" in listed.out
    assert "not evaluated yet" in listed.out


def test_predict_without_a_picture_says_so(finished_run, typed):
    said = typed("predict", finished_run.path)
    assert said.code == 2
    assert "picture" in said.err


@pytest.mark.filterwarnings("always")
def test_a_loss_that_is_no_number_ends_with_1_and_says_what_to_try(tmp_path, typed, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed(*DIGITS, "--steps", "50", "--lr", "1e38", "--optimizer", "sgd", "--out", "r")
    assert said.code == 1
    for part in ("step", "--lr", "learning rate", "warning: ", "back to step 0"):
        assert part in said.err
    assert saccade.open_run("r").state == "failed"


@pytest.mark.parametrize("rate", ["1e-30", "1e-300"])
def test_a_tiny_rate_trains_and_is_reported(tmp_path, typed, rate, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = typed(*DIGITS, "--steps", "2", "--lr", rate, "--out", "r")
    assert said.code == 0
    assert (tmp_path / "r" / "report.html").exists()


def test_debug_shows_where(monkeypatch):
    from saccade.cli import main
    from saccade.core.errors import BadUsage

    with pytest.raises(BadUsage):
        main(["train", "digist", "--debug"])


def test_a_data_set_that_changed_since_is_not_judged(here, typed):
    words = ("train", "./photos", "--model", "softmax", "--steps", "2", "--batch-size", "4")
    assert typed(*words, "--out", "r").code == 0
    fill(here / "more")
    (here / "more" / "0.png").replace(here / "photos" / "a" / "0.png")
    said = typed("eval", "r")
    assert said.code == 2
    assert "changed" in said.err


def test_data_that_can_not_be_read_leaves_no_run_behind(tmp_path, typed):
    said = typed("train", tmp_path / "no" / "photos", "--out", tmp_path / "r")
    assert said.code == 2
    assert not (tmp_path / "r").exists()
    (tmp_path / "mine").mkdir()
    assert typed("train", tmp_path / "no" / "photos", "--out", tmp_path / "mine").code == 2
    assert (tmp_path / "mine").is_dir()

"""A run that did not come to its end goes on, by --resume or by the same command again."""

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import saccade
from saccade.run import disk
from saccade.run.checkpoint import named, read_checkpoint
from saccade.run.directory import Run
from saccade.run.events import Saved
from saccade.train.commands import Save

TYPED = ("train", "digits", "--model", "softmax", "--steps", "40")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")


@pytest.fixture
def begun(tmp_path) -> Path:
    """A run of TYPED that ended on its way, with two checkpoints."""
    run = saccade.create_run(tmp_path / "begun")
    recipe = saccade.recipe("softmax", steps=40, patience=None)
    fitting = saccade.fit("softmax", saccade.load("digits"), recipe, commands=lambda _: [Save()])
    saves = 0
    for event in saccade.record(fitting, run):
        saves += isinstance(event, Saved)
        if saves == 3:
            break
    assert len(list(run.checkpoints.iterdir())) == 2
    return run.path


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> bytes:
    """Those of a run of TYPED that was never interrupted."""
    run = saccade.create_run(tmp_path_factory.mktemp("whole") / "run")
    recipe = saccade.recipe("softmax", steps=40, patience=None)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), run):
        pass
    return last_weights(run.path)


def last_weights(run: Path) -> bytes:
    assert Run(run).state == "finished"
    held = read_checkpoint(run / "checkpoints", "last").weights
    return b"".join(value.tobytes() for _, value in sorted(held.items()))


@pytest.mark.parametrize(
    "words",
    [("--out", "begun"), ("--name", "begun")],
    ids=["out", "name"],
)
def test_the_same_command_again_goes_on(begun, typed, weights, words, monkeypatch):
    monkeypatch.chdir(begun.parent)
    monkeypatch.setenv("SACCADE_RUNS", str(begun.parent))
    said = typed(*TYPED, *words)
    assert said.code == 0, said.err
    assert f"from step {saved_at(said.err)}" in said.err
    assert last_weights(begun) == weights
    again = typed(*TYPED, *words)
    assert again.code == 2
    assert "finished" in again.err or "exists" in again.err


def saved_at(text: str) -> int:
    step = int(text.partition("from step ")[2].partition(",")[0])
    assert 0 < step < 40
    return step


@pytest.mark.parametrize(
    ("words", "differs"),
    [
        ((*TYPED, "--lr", "0.5"), "schedule"),
        ((*TYPED, "--batch-size", "7"), "batch_size"),
        ((*TYPED, "--seed", "3"), "seed"),
        (("train", "digits", "--model", "mlp-relu", "--steps", "40"), "model"),
        (("train", "./photos", *TYPED[2:]), "data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_another_command_there_is_refused_and_changes_nothing(
    begun, typed, words, differs, photos, monkeypatch
):
    monkeypatch.chdir(photos.parent)
    before = contents(begun)
    said = typed(*words, "--out", begun)
    assert said.code == 2
    assert differs in said.err
    assert f"--resume {begun}" in said.err
    assert contents(begun) == before


def contents(run: Path) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in run.rglob("*") if p.name != ".lock"}


@pytest.fixture
def photos(tmp_path, pictures) -> Path:
    """As large as digits, and of as many classes."""
    return pictures(
        tmp_path / "photos", classes=tuple("0123456789"), size=(8, 8), grey=True, each=20
    )


def test_data_may_be_left_out_or_must_be_the_same(begun, typed, photos):
    before = contents(begun)
    said = typed("train", str(photos), "--resume", begun)
    assert said.code == 2
    assert f"is not what {begun} is trained on" in said.err
    assert contents(begun) == before
    said = typed("train", "digits", "--resume", begun)
    assert said.code == 0, said.err


@pytest.mark.filterwarnings("always")
def test_a_damaged_checkpoint_is_named_and_the_one_before_goes_on(begun, typed, weights):
    newest = max((begun / "checkpoints").iterdir())
    data = bytearray((newest / "state.safetensors").read_bytes())
    data[-1] ^= 4
    (newest / "state.safetensors").write_bytes(data)
    said = typed("train", "--resume", begun)
    assert said.code == 0, said.err
    assert f"warning: the checkpoint {newest} is damaged: state.safetensors" in said.err
    assert saved_at(said.err) < int(newest.name)
    assert (begun / "checkpoints" / f"{newest.name}.corrupt").is_dir()
    assert last_weights(begun) == weights


@pytest.mark.filterwarnings("always")
def test_with_every_checkpoint_damaged_it_starts_again(begun, typed, weights):
    for place in (begun / "checkpoints").iterdir():
        (place / "manifest.json").unlink()
    said = typed("train", "--resume", begun)
    assert said.code == 0, said.err
    assert said.err.count("is damaged: ") == 2
    assert "from step 0" in said.err
    assert last_weights(begun) == weights


def test_a_checkpoint_of_another_run_is_not_gone_on_with(begun, typed, tmp_path):
    other = saccade.create_run(tmp_path / "other")
    recipe = saccade.recipe("softmax", steps=20, seed=1)
    for _ in saccade.record(saccade.fit("softmax", saccade.load("digits"), recipe), other):
        pass
    shutil.rmtree(begun / "checkpoints")
    shutil.copytree(other.checkpoints, begun / "checkpoints")
    said = typed("train", "--resume", begun)
    assert said.code == 2
    assert "of another run" in said.err


@pytest.mark.parametrize(
    "words", [("--out", "new"), ("--resume", "begun"), ()], ids=lambda w: w[:1]
)
def test_a_place_that_can_not_be_written_is_refused_at_once(begun, typed, monkeypatch, words):
    """As on a disk that is mounted read-only; root may write wherever it likes."""
    monkeypatch.chdir(begun.parent)

    def refuse(path, *how):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(disk, "make_directory", refuse)
    monkeypatch.setattr(disk, "open_file", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: bool(words))
    start = time.monotonic()
    said = typed(*(("train",) if "--resume" in words else TYPED), *words)
    assert time.monotonic() - start < 1
    assert said.code == 2
    assert "can't" in said.err
    assert "Traceback" not in said.err


def test_fewer_than_two_checkpoints_are_refused(typed):
    said = typed(*TYPED, "--keep", 1)
    assert said.code == 2
    assert "--keep takes 2 or more" in said.err


def test_as_many_checkpoints_stay_as_are_wished(begun, typed, monkeypatch):
    from saccade.train.pace import Pace, SaveTimer

    monkeypatch.setattr(SaveTimer, "due", lambda self: True)
    monkeypatch.setattr(Pace, "steps", lambda self, left: min(2, left))
    said = typed("train", "--resume", begun, "--keep", 4)
    assert said.code == 0, said.err
    assert len(list((begun / "checkpoints").iterdir())) == 4
    assert named(begun / "checkpoints")["last"] == 40


def test_dear_saves_are_told(tmp_path, typed, monkeypatch):
    from saccade.train.pace import SaveTimer

    real = SaveTimer.cost
    monkeypatch.setattr(SaveTimer, "cost", lambda self, seconds: real(self, seconds + 1))
    said = typed(*TYPED, "--out", tmp_path / "run")
    assert said.code == 0, said.err
    assert "saving took" in said.out


@pytest.mark.parametrize("kind", ["JAX", "Python"])
def test_too_little_memory_names_the_batch_size(tmp_path, typed, monkeypatch, kind):
    from saccade.models.backend import jax
    from saccade.train.engine import Engine

    def greedy(*values):
        if kind == "Python":
            raise MemoryError
        return jax.numpy.zeros(1 << 50).block_until_ready()

    monkeypatch.setattr(Engine, "run_chunk", greedy)
    said = typed(*TYPED, "--batch-size", 50, "--out", tmp_path / "run")
    assert said.code == 1
    assert "out of memory with batches of 50 pictures" in said.err
    assert "--batch-size 25" in said.err
    assert f"The run so far: {tmp_path / 'run'}" in said.err
    assert "Traceback" not in said.err


@posix
def test_too_few_files_to_open_is_said_in_a_sentence(tmp_path):
    """The limit leaves no room for a run beside what Python and JAX have opened."""
    code = (
        "import resource, sys; from saccade.cli import main; import saccade;"
        "from saccade.models.backend import jax; import os; digits = saccade.load('digits');"
        "jax.devices(); held = len(os.listdir('/proc/self/fd')) - 1;"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (held, held)); main(sys.argv[1:])"
    )
    source = str(Path(saccade.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code, *TYPED, "--no-view", "--out", str(tmp_path / "run")],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode in (1, 2)
    assert "Too many open files" in done.stderr
    assert "Traceback" not in done.stderr


@posix
def test_a_run_taken_away_while_it_trains_is_kept_beside(tmp_path, started, wait_until, command):
    run, beside = tmp_path / "run", tmp_path / "run-rescued"
    length = ("--steps", "10000000", "--time-limit", "4s", "--eval-every", "500")
    process = started("train", "digits", "--model", "softmax", *length, "--out", run)
    wait_until(lambda: named(run / "checkpoints"), process)
    run.rename(tmp_path / "away")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "the run directory is gone" in err
    assert f"saccade train --resume {beside}" in err
    assert "Traceback" not in err
    said = command("train", "--resume", beside, "--time-limit", "1s")
    assert said.code == 0, said.err
    assert Run(beside).state == "finished"

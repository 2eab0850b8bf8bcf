"""`saccade train --job-dir URL`: a job that ends anywhere begins again on an empty machine."""

import os
import shutil
import signal
import sys
import uuid
from pathlib import Path

import pytest

import saccade
from saccade.run.checkpoint import named, read_checkpoint
from saccade.run.directory import Run
from saccade.run.events import Saved
from saccade.run.mirror import open_mirror
from saccade.train.commands import Save

pytest.importorskip("fsspec")
STEPS = 20_000
TYPED = ("train", "digits", "--model", "softmax", "--steps", f"{STEPS}", "--eval-every", "1000")
SHORT = (*TYPED[:4], "--steps", "20")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture
def url(tmp_path) -> str:
    return f"file://{tmp_path}/bucket/jobs/digits-1"


def last_weights(run: Path) -> bytes:
    held = read_checkpoint(run / "checkpoints", "last").weights
    return b"".join(value.tobytes() for _, value in sorted(held.items()))


@pytest.mark.slow
@posix
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_a_killed_job_goes_on_elsewhere_to_the_same_bits(
    how, url, tmp_path, started, command, wait_until
):
    whole = command(*TYPED, "--out", "whole")
    assert whole.code == 0, whole.err
    job = started(*TYPED, "--job-dir", url)
    here = tmp_path / "runs" / "digits-1"
    wait_until(lambda: list((tmp_path / "bucket").glob("jobs/*/mirror-*.json")), job)
    os.kill(job.pid, how)
    job.wait(60)
    copy = open_mirror(url).newest
    assert copy is not None and 0 < copy.step < STEPS and not copy.finished
    shutil.rmtree(tmp_path / "runs")  # another machine
    again = command(*TYPED, "--job-dir", url)
    assert again.code == 0, again.err
    assert f"fetched  {url}, step {copy.step:,}" in again.err
    assert f"from step {copy.step:,}" in again.err
    assert last_weights(here) == last_weights(tmp_path / "whole")
    plain = tmp_path / "bucket/jobs/digits-1/run"
    assert Run(plain).state == "finished"
    assert last_weights(plain) == last_weights(here)
    names = ("metrics.csv", "eval/predictions.csv", "eval/confusion.csv")
    for name in names:
        assert (plain / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    # Once more, it has nothing to do and says so.
    shutil.rmtree(tmp_path / "runs")
    done = command(*TYPED, "--job-dir", url)
    assert done.code == 2
    assert "holds a finished run" in done.err


@pytest.fixture
def begun(tmp_path, url) -> Run:
    """A run of SHORT that ended on its way, copied before."""
    run = saccade.create_run(tmp_path / "begun")
    recipe = saccade.recipe("softmax", steps=20, patience=None)
    fitting = saccade.fit("softmax", saccade.load("digits"), recipe, commands=lambda _: [Save()])
    saves = 0
    for event in saccade.record(fitting, run):
        saves += isinstance(event, Saved)
        if saves == 2:
            break
    open_mirror(url).push(run)
    return run


def test_a_job_goes_on_from_its_copy_to_the_same_bits(begun, typed, tmp_path, url):
    step = named(begun.checkpoints)["last"]
    assert 0 < step < 20
    said = typed(*SHORT, "--job-dir", url)
    assert said.code == 0, said.err
    assert f"fetched  {url}, step {step:,}\n" in said.err
    assert f"from step {step}, " in said.err
    assert typed(*SHORT, "--out", tmp_path / "whole").code == 0
    here, plain = tmp_path / "runs/digits-1", tmp_path / "bucket/jobs/digits-1/run"
    assert last_weights(here) == last_weights(plain) == last_weights(tmp_path / "whole")
    for name in ("metrics.csv", "eval/predictions.csv", "report.html"):
        assert (plain / name).read_bytes() == (here / name).read_bytes()
    assert Run(plain).state == "finished"
    assert sorted(path.name[:6] for path in plain.parent.iterdir()) == ["files", "mirror", "run"]
    again = typed(*SHORT, "--job-dir", url, "--out", tmp_path / "new")
    assert again.code == 2
    assert "holds a finished run" in again.err


def test_the_run_here_goes_on_and_is_copied(begun, typed, tmp_path, url):
    said = typed("train", "--resume", begun.path, "--job-dir", url)
    assert said.code == 0, said.err
    assert "fetched" not in said.err
    assert Run(tmp_path / "bucket/jobs/digits-1/run").state == "finished"


def test_another_command_does_not_go_on_with_a_job(begun, typed, tmp_path, url):
    said = typed(*SHORT, "--lr", "0.5", "--job-dir", url)
    assert said.code == 2
    assert "another schedule" in said.err


def test_a_path_is_out(typed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert typed(*SHORT, "--job-dir", "job").code == 0
    assert Run(tmp_path / "job").state == "finished"
    for words in (("--out", "x"), ("--name", "x"), ("--resume", "job")):
        said = typed(*SHORT, "--job-dir", "job", *words)
        assert said.code == 2
        assert "give one" in said.err


def test_vertex_says_where(typed, tmp_path, monkeypatch, url):
    monkeypatch.setenv("AIP_MODEL_DIR", url)
    assert typed(*SHORT, "--name", "mine").code == 0
    assert Run(tmp_path / "bucket/jobs/digits-1/run").state == "finished"
    assert Run(tmp_path / "runs/mine").state == "finished"
    memory = f"memory://{uuid.uuid4().hex}/job"
    assert typed(*SHORT, "--job-dir", memory).code == 0  # what is typed counts
    newest = open_mirror(memory).newest
    assert newest is not None and newest.finished


def test_what_is_wrong_is_said_before_anything_is_read(typed, tmp_path):
    said = typed(*SHORT, "--job-dir", "https://example.org/x")
    assert said.code == 2
    assert "takes a path or a URL of gs://" in said.err
    (tmp_path / "file").touch()
    said = typed(*SHORT, "--job-dir", f"file://{tmp_path}/file/below")
    assert said.code == 2
    assert "can't be read" in said.err
    assert not (tmp_path / "runs").exists()


def test_where_nothing_can_be_written_is_said_before(typed, tmp_path, url, monkeypatch):
    def refuse(self: object, path: str, data: bytes) -> None:
        raise PermissionError("https://store/upload?id=secret is not yours")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.pipe_file", refuse)
    said = typed(*SHORT, "--job-dir", url)
    assert said.code == 2
    assert "can't be written: PermissionError: (a URL) is not yours" in said.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.filterwarnings("always:.*can't be copied")
def test_a_run_that_could_not_be_copied_is_whole_here(typed, tmp_path, url, monkeypatch):
    monkeypatch.setattr("saccade.run.copying.WAITS", (0.0,))
    monkeypatch.setattr("saccade.run.copying.Copying.__init__.__defaults__", ((0.0,),))

    def full(self: object, here: str, there: str) -> None:
        raise OSError("no room")

    monkeypatch.setattr("fsspec.implementations.local.LocalFileSystem.put_file", full)
    said = typed(*SHORT, "--job-dir", url, "--json")
    assert said.code == 1
    assert "the next checkpoint tries again" in said.err
    assert "can't be copied" in said.err and "is whole" in said.err
    assert '"accuracy"' in said.out  # the result is there all the same
    assert Run(tmp_path / "runs/digits-1").state == "finished"

"""Whatever happens to the disk: a run goes on, or is gone on with, to the same bits."""

import json
import os
import runpy
import shutil
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest

import saccade
from saccade.core.errors import BadRun, NotSaved
from saccade.run.checkpoint import read_checkpoint
from saccade.run.directory import Run, create_run
from saccade.run.events import Alarm, Saved
from saccade.train.record import record

FAULTS = Path(__file__).with_name("faults.py")
faults = SimpleNamespace(**runpy.run_path(str(FAULTS)))
toy, train, result, STEPS = faults.toy, faults.train, faults.result, faults.STEPS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks, and looks into /proc")
CASES = (
    "killed",
    "killed twice",
    "power drops",
    "power tears",
    "power names",
    "full",
    "full for a while",
    "full for good",
    "broken",
    "short",
)


def swept(place: Path, case: str, share: int) -> dict[str, int]:
    source = str(Path(saccade.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, FAULTS, case, str(share), str(place)],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    *said, last = done.stdout.splitlines()
    print("\n".join(said), done.stderr)
    values: dict[str, int] = json.loads(last)
    return values


@pytest.mark.parametrize("share", [11, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize("case", CASES)
def test_a_fault_at_any_operation_changes_no_result(tmp_path, case, share):
    """Every operation in `make soak`, each eleventh here."""
    found = swept(tmp_path, case, share)
    assert found["wrong"] == 0
    assert case == "short" or found["cases"] > 300 / share


@pytest.mark.parametrize("case", ["power drops, never synced", "power names, never synced"])
def test_a_disk_that_lies_is_seen(tmp_path, case):
    """So the sweep above would see a sync that is missing."""
    assert swept(tmp_path, case, 23)["wrong"] > 0


@pytest.fixture
def whole(tmp_path):
    train(tmp_path / "whole")
    return result(tmp_path / "whole")


def test_a_run_directory_that_is_taken_away_is_alarmed_of_and_the_state_kept_beside(
    tmp_path, whole
):
    run = create_run(tmp_path / "run")
    alarms, told = [], []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with pytest.raises(NotSaved) as caught:
            for event in record(toy(None), run):
                if isinstance(event, Saved) and event.step == 3:
                    shutil.rmtree(run.path)
                alarms += [event] if isinstance(event, Alarm) else []
                told.append(event)
    assert len(alarms) == len(warned) == 1
    assert "the run directory is gone" in alarms[0].message
    assert told[-1].step == STEPS, "it did not go on"
    beside = tmp_path / "run-rescued"
    assert str(beside) in str(caught.value)
    assert not run.path.exists()
    assert read_checkpoint(beside / "checkpoints", "last").step == STEPS
    train(beside)
    state, names, facts, arrays, *_ = result(beside)
    assert (state, names, facts, arrays) == whole[:4]


def test_a_run_taken_away_and_then_stopped_is_kept_beside(tmp_path, whole):
    """Also beside what was kept there before."""
    run = create_run(tmp_path / "run")
    (tmp_path / "run-rescued").mkdir()
    events = record(toy(None), run)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for event in events:
            if isinstance(event, Saved) and event.step == 3:
                shutil.rmtree(run.path)
            if isinstance(event, Saved) and event.step == 5:
                break
        with pytest.raises(NotSaved, match=r"state after step 5 is in .*run-rescued2"):
            events.close()
    train(tmp_path / "run-rescued2")
    assert result(tmp_path / "run-rescued2")[:4] == whole[:4]


def test_a_run_that_can_not_be_written_for_a_while_is_well_again_and_says_so(tmp_path, whole):
    run = create_run(tmp_path / "run")
    away = tmp_path / "away"
    messages = []
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for event in record(toy(None), run):
            if isinstance(event, Saved) and event.step in (3, 5):
                run.path.rename(away) if event.step == 3 else away.rename(run.path)
            messages += [event.message] if isinstance(event, Alarm) else []
    assert [str(each.message) for each in warned] == messages
    assert "can't be written (the run directory is gone)" in messages[0]
    assert "last checkpoint is that of step 3" in messages[0]
    assert "can be written again" in messages[1]
    assert [e["event"] for e in Run(run.path).events()].count("Alarm") == 2
    assert result(run.path) == whole


def test_what_waits_for_a_disk_has_an_end(tmp_path, monkeypatch):
    """A log of gigabytes in memory would end the training in a worse way."""
    monkeypatch.setattr("saccade.train.record.MOST_WAITING", 400)
    run = create_run(tmp_path / "run")
    told = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(NotSaved, match="run is gone"):
            for event in record(toy(None), run):
                told.append(event)
                if isinstance(event, Saved):
                    shutil.rmtree(run.path)
    assert told[-1].step < 6


@pytest.mark.parametrize(
    "end",
    [b'{"event": "StepsDone", "fir', b"\0" * 300, b"\xff\xfe\n" * 9, b"4,1,1,1,1,1\n" * 3, b"\n"],
    ids=["torn", "zeros", "noise", "another", "empty"],
)
@pytest.mark.parametrize("file", ["events.jsonl", "metrics.csv"])
def test_a_log_with_a_spoilt_end_is_cut_back(tmp_path, whole, file, end):
    path = tmp_path / "run"
    for event in record(toy(None), create_run(path)):
        if isinstance(event, Saved) and event.step == 5:
            break
    log = path / file
    log.write_bytes(log.read_bytes() + end)
    train(path)
    assert result(path) == whole


def test_the_newest_damaged_an_older_checkpoint_leads_to_the_same_bits(tmp_path, whole):
    path = tmp_path / "run"
    for event in record(toy(None), create_run(path)):
        if isinstance(event, Saved) and event.step == 6:
            break
    (path / "checkpoints" / "000006" / "state.safetensors").write_bytes(b"")
    with pytest.warns(UserWarning, match="000006 is damaged"):
        train(path)
    assert result(path) == whole
    assert (path / "checkpoints" / "000006.corrupt").is_dir()


# Two begin at once in one run directory, and each says whether it got it.
RIVALS = """
import os, sys
from pathlib import Path
from saccade.core.errors import BadRun, BadUsage
from saccade.run import lock
from saccade.run.directory import claim_run
for number in range(int(sys.argv[2])):
    path = Path(sys.argv[1]) / str(number)
    if number % 2:
        path.mkdir()
        (path / ".lock").write_text("process 1 on a machine that is no more")
    go, done = os.pipe(), os.pipe()
    children = []
    for _ in range(2):
        children.append(os.fork())
        if children[-1] == 0:
            os.close(go[1]), os.close(done[1])
            os.read(go[0], 1)
            try:
                claim_run(path)
            except (BadRun, BadUsage) as error:
                os._exit(2 if "being written by another process" in str(error) else 3)
            os.read(done[0], 1)
            os._exit(0)
    os.close(go[1])
    loser, code = os.wait()
    os.close(done[1])
    _, other = os.wait()
    codes = sorted((os.waitstatus_to_exitcode(code), os.waitstatus_to_exitcode(other)))
    assert codes == [0, 2], codes
    for end in (go[0], done[0]):
        os.close(end)
print("one each time")
"""


@pytest.mark.parametrize("times", [5, pytest.param(1000, marks=pytest.mark.slow)])
def test_of_two_that_begin_at_once_exactly_one_gets_the_run(tmp_path, times):
    source = str(Path(saccade.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", RIVALS, str(tmp_path), str(times)],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "one each time\n"


def test_who_holds_a_run_is_named(tmp_path):
    path = create_run(tmp_path / "run").path
    events = record(toy(None), Run(path))
    next(events)
    with pytest.raises(BadRun, match=f"another process {os.getpid()} on "):
        next(record(toy(None), Run(path)))
    events.close()

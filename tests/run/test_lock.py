"""Two processes in one run directory: one writes, and who was killed holds nobody up."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

fcntl = pytest.importorskip("fcntl", reason="no locks on Windows")

# A race, without a framework: two processes that go for one run at the same moment. The winner
# holds it until the other has given up, then dies as by `kill -9`; a third one comes after.
RACE = """
import json, os, sys, time
from pathlib import Path
from saccade.core.errors import BadRun
from saccade.run.lock import writing

def contender(folder, start, told, over):
    os.read(start, 1)
    began = time.monotonic()
    try:
        with writing(folder):
            os.write(told, json.dumps([os.getpid(), "", 0.0]).encode() + b"\\n")
            os.read(over, 1)
            os.kill(os.getpid(), 9)
    except BadRun as error:
        said = [os.getpid(), str(error), time.monotonic() - began]
        os.write(told, json.dumps(said).encode() + b"\\n")
    os._exit(0)

def forked(*told):
    child = os.fork()
    if not child:
        contender(*told)
    return child

for number in range(int(sys.argv[2])):
    folder = Path(sys.argv[1]) / str(number)
    folder.mkdir()
    (start, go), (answers, told), (over, end) = os.pipe(), os.pipe(), os.pipe()
    both = [forked(folder, start, told, over) for _ in range(2)]
    os.write(go, b"..")
    lines = b""
    while lines.count(b"\\n") < 2:
        lines += os.read(answers, 1000)
    os.write(end, b"..")
    codes = [os.waitpid(child, 0)[1] for child in both]
    began = time.monotonic()
    with writing(folder):
        after = time.monotonic() - began
    print(json.dumps([*map(json.loads, lines.splitlines()), after]), flush=True)
    for descriptor in (start, go, answers, told, over, end):
        os.close(descriptor)
"""


def races(folder: Path, count: int, together: int) -> list[tuple[list, list, float]]:
    """What became of `count` races, of which so many ran at the same time."""
    racing = []
    for number in range(together):
        place = folder / f"group-{number}"
        place.mkdir()
        command = [sys.executable, "-c", RACE, str(place), str(count // together)]
        racing.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    lines = [line for one in racing for line in one.communicate()[0].splitlines()]
    assert [one.returncode for one in racing] == [0] * together
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "count, together", [(8, 4), pytest.param(1000, 20, marks=pytest.mark.slow)]
)
def test_of_two_at_once_exactly_one_wins_and_the_next_finds_no_lock(tmp_path, count, together):
    outcomes = races(tmp_path, count, together)
    assert len(outcomes) == count
    for one, other, after in outcomes:
        winner, loser = sorted((one, other), key=lambda told: bool(told[1]))
        assert not winner[1] and f"another process {winner[0]} on " in loser[1]
        assert loser[2] < 1.0, f"it was told after {loser[2]:.2f} s"
        assert after < 0.5, "whoever died still holds the run"

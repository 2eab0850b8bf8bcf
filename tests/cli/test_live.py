"""The page beside a training: its address is said, and it outlives the command."""

import os
import re
import signal
import sys
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def page_of(command, tmp_path):
    """The address that a command said, whose server is ended afterwards."""

    def start(*arguments):
        said = command(*arguments, view=True)
        assert said.code == 0, said.err
        [address] = re.findall(r"^page +(http://127\.0\.0\.1:\d+/\?token=\w+)$", said.err, re.M)
        return said, address

    yield start
    for process in servers(tmp_path):
        os.kill(process, signal.SIGKILL)


def servers(place):
    """Page servers that were started in a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            here = (entry / "cwd").readlink() == place
            if here and b"--until-done" in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass
    return found


def names_at(address):
    base, token = address.split("/?token=")
    answer = httpx.get(f"{base}/api/runs", headers={"Authorization": f"Bearer {token}"})
    return [run["name"] for run in answer.json()["runs"]]


def test_train_says_the_address_and_the_page_stays(page_of, tmp_path):
    words = ("train", "digits", "--model", "softmax", "--steps", 20, "--out", "r", "--json")
    said, address = page_of(*words)
    assert len(said.out.splitlines()) == 1
    assert names_at(address) == ["r"]
    assert httpx.get(address.split("?")[0]).status_code == 401
    [server] = servers(tmp_path)
    assert os.getsid(server) == server  # Ctrl-C in the terminal does not reach it


@pytest.mark.slow
def test_a_ladder_shows_all_its_rungs(page_of):
    _, address = page_of("ladder", "digits", "--rungs", "softmax,mlp", "--out", "l")
    assert sorted(names_at(address)) == ["01-softmax-seed0", "02-mlp-seed0"]


def test_without_it_nothing_is_started(command, tmp_path):
    words = ("train", "digits", "--model", "softmax", "--steps", 20, "--out", "r", "--no-view")
    said = command(*words)
    assert "page " not in said.err
    assert servers(tmp_path) == []


def test_a_training_that_is_refused_opens_no_page(command, tmp_path):
    said = command("train", "digits", "--model", "softmax", "--batch-size", 9999, view=True)
    assert said.code == 2
    assert servers(tmp_path) == []

"""saccade view: an address on stdout, answers at once, an end without noise."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import saccade
from saccade.cli.view import has_desktop
from saccade.run.directory import runs_folder

HEAVY = ("jax", "keras", "sklearn", "scipy", "matplotlib", "pooch", "requests")
ADDRESS = re.compile(r"(http://127\.0\.0\.1:\d+)/\?token=([0-9a-f]{48})\n")


@pytest.fixture(autouse=True)
def no_browser(monkeypatch):
    monkeypatch.setenv("SACCADE_NO_BROWSER", "1")


def address(process: subprocess.Popen) -> tuple[str, str]:
    found = ADDRESS.fullmatch(process.stdout.readline())
    assert found, process.communicate()[1]
    return found[1], found[2]


@pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_answers_at_once_and_ends_quietly(started, finished_run, number, code):
    began = time.monotonic()
    process = started("view", finished_run.path)
    url, token = address(process)
    with httpx.Client(base_url=url) as browser:
        assert browser.get("/api/runs").status_code == 401
        seconds = time.monotonic() - began
        assert browser.get(f"/?token={token}").status_code == 303
        (run,) = browser.get("/api/runs").json()["runs"]
        assert (run["name"], run["state"]) == ("digits-softmax", "finished")
        assert (run["data"], run["model"], run["step"]) == ("digits", "softmax", 30)
        assert run["test_accuracy"] > 0
        told = browser.get(f"/api/runs/{run['id']}/curves").json()
        assert told["train"]["step"] == list(range(1, 31))
    assert seconds < 3  # under one on a machine with nothing else to do
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert (out, err) == ("", "")


def test_without_a_name_all_runs_are_shown_and_new_ones_appear(started, finished_run, tmp_path):
    process = started("view", "--read-only")
    url, token = address(process)
    key = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{url}/api/runs", headers=key).json() == {
        "version": 1,
        "read_only": True,
        "runs": [],
    }
    (runs_folder() / "ladder").mkdir(parents=True)
    (runs_folder() / "ladder" / "one").symlink_to(finished_run.path)
    (runs_folder() / "real").mkdir()
    for file in ("run.json", "events.jsonl"):
        (runs_folder() / "real" / file).write_bytes((finished_run.path / file).read_bytes())
    told = httpx.get(f"{url}/api/runs", headers=key).json()["runs"]
    assert [run["name"] for run in told] == ["real"]


def test_a_port_that_is_taken_and_a_run_that_is_none_are_said(started, command, finished_run):
    process = started("view", finished_run.path)
    port = address(process)[0].rpartition(":")[2]
    said = command("view", finished_run.path, "--port", port)
    assert (said.code, said.out) == (2, "")
    assert f"port {port}" in said.err and "taken" in said.err
    said = command("view", "no-such-run")
    assert said.code == 2
    assert "no-such-run" in said.err
    assert command("view", "--port", "x").code == 2


def test_beyond_this_machine_it_warns_and_asks_for_the_token(started, finished_run):
    process = started("view", finished_run.path, "--host", "0.0.0.0", "--allow-host", "Lab.Example")
    url, token = address(process)
    key = {"Authorization": f"Bearer {token}"}
    assert httpx.get(url).status_code == 401
    for host, status in (("lab.example", 200), ("evil.example", 403), ("0.0.0.0", 403)):
        headers = {**key, "Host": host}
        assert httpx.get(f"{url}/api/runs", headers=headers).status_code == status
    process.terminate()
    assert "warning: everybody who reaches" in process.communicate(timeout=20)[1]


def test_it_loads_nothing_heavy(finished_run):
    code = (
        "import sys, saccade.cli, saccade.view.live.serving\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    source = str(Path(saccade.__file__).resolve().parents[1])
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {source!r})\n{code}"],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("environment", "seen"),
    [
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({}, False),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1 2 3 4"}, False),
        ({"DISPLAY": ":0", "SACCADE_NO_BROWSER": "1"}, False),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="others have a desktop always")
def test_a_browser_opens_where_somebody_sees_it(monkeypatch, environment, seen):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SACCADE_NO_BROWSER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert has_desktop() is seen

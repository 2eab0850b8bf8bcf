"""Requests to a training: taken in order, once, and only those meant for it."""

import json
import os
import socket
import stat
import sys
import threading
import time

import pytest

from saccade.core.errors import BadRun, BadUsage
from saccade.run import disk
from saccade.run.control import MOST_AT_ONCE, MOST_BYTES, Control, Request, write_request

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and sockets of POSIX")


@pytest.fixture
def control(tmp_path):
    return Control(tmp_path)


def leave(control, name="1-x.json", **changes):
    values = {
        "version": 1,
        "token": control.token,
        "time": time.time(),
        "request": "pause",
        "value": None,
        "source": "page",
    }
    (control.folder / name).write_text(json.dumps(values | changes))


def test_what_is_written_is_taken_in_order_and_once(control, tmp_path):
    write_request(tmp_path, "pause", source="page")
    write_request(tmp_path, "learning_rate", 0.01, source="control")
    taken, refused = control.take()
    assert taken == [Request("pause", None, "page"), Request("learning_rate", 0.01, "control")]
    assert refused == []
    assert control.take() == ([], [])
    assert [path.name for path in control.folder.iterdir()] == ["token"]


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_nobody_else_reads_the_token(control):
    assert stat.S_IMODE(control.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((control.folder / "token").stat().st_mode) == 0o600


def test_a_new_training_has_a_new_token_and_refuses_what_lay_there(control, tmp_path):
    write_request(tmp_path, "stop", source="page")
    again = Control(tmp_path)
    assert again.token != control.token
    taken, [why] = again.take()
    assert taken == []
    assert "token" in why


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"token": "0" * 48}, "token"),
        ({"token": None}, "token"),
        ({"token": "\xe9\ud800"}, ""),
        ({"version": 2}, "version"),
        ({"version": True}, "version"),
        ({"time": 1.0}, "older"),
        ({"time": "now"}, "older"),
        ({"time": float("nan")}, "older"),
        ({"time": float("inf")}, "older"),
        ({"time": True}, "older"),
        ({"request": "format"}, "no request"),
        ({"request": ["pause"]}, "no request"),
        ({"request": "\x1b[2J\n"}, r"\x1b[2J\n"),
        ({"request": "learning_rate", "value": -1}, "above 0"),
        ({"request": "learning_rate", "value": True}, "above 0"),
        ({"request": "learning_rate", "value": float("inf")}, "above 0"),
        ({"request": "epochs", "value": "5"}, "above 0"),
        ({"request": "epochs", "value": 10**1000}, "above 0"),
        ({"request": "epochs", "value": float("nan")}, "above 0"),
        ({"request": "epochs", "value": None}, "above 0"),
        ({"request": "epochs", "value": 0}, "above 0"),
        ({"request": "learning_rate", "value": 1e7}, "at most 1,000,000"),
        ({"request": "learning_rate", "value": -float("inf")}, "above 0"),
        ({"request": "pause", "value": 1}, "no number"),
        ({"source": "stranger"}, "nobody known"),
        ({"source": "program"}, "nobody known"),
        ({"source": "page" * 2000}, "small plain file"),
    ],
)
def test_what_is_not_meant_for_it_is_refused_and_removed(control, changes, why):
    leave(control, **changes)
    leave(control, "2-x.json", request="save")
    taken, [said] = control.take()
    assert taken == [Request("save", None, "page")]
    assert why in said
    assert said.isprintable()
    assert [path.name for path in control.folder.iterdir()] == ["token"]


def test_files_that_are_none_are_refused(control, tmp_path):
    (control.folder / "1.json").write_bytes(b"\xff\xfe")
    (control.folder / "2.json").write_text("[1]")
    (control.folder / "3.json").mkdir()
    (tmp_path / "secret").write_text("{}")
    (control.folder / "4.json").symlink_to(tmp_path / "secret")
    (control.folder / ".5.json.part").write_text("half")
    taken, refused = control.take()
    assert (taken, len(refused)) == ([], 4)
    assert (tmp_path / "secret").exists()
    assert control.take() == ([], [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"pause",
        b"null",
        b"[" * MOST_BYTES,
        b'{"a":' * 800,
        b"9" * MOST_BYTES,
        b'{"version": 1' + b" " * MOST_BYTES + b"}",
    ],
    ids=lambda content: str(content[:12]),
)
def test_what_is_no_request_is_refused_and_removed(control, content):
    (control.folder / "1.json").write_bytes(content)
    taken, refused = control.take()
    assert (taken, len(refused)) == ([], 1)
    assert [path.name for path in control.folder.iterdir()] == ["token"]


@posix
def test_a_pipe_and_a_socket_hold_up_nothing(control, monkeypatch):
    os.mkfifo(control.folder / "1.json")
    monkeypatch.chdir(control.folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("2.json")
        taken, refused = control.take()
    assert taken == []
    assert [why.partition(": ")[2] for why in refused] == ["not a small plain file"] * 2
    assert control.take() == ([], [])


def test_what_can_not_be_removed_is_not_obeyed_said_once_and_holds_up_no_other(
    control, monkeypatch
):
    stuck = [f"{i:03d}.json" for i in range(MOST_AT_ONCE)]
    for name in stuck[1:]:
        leave(control, name)
    (control.folder / stuck[0] / "full").mkdir(parents=True)
    remove = disk.remove_file

    def refuse(path):
        if path.name in stuck:
            raise PermissionError("no")
        remove(path)

    monkeypatch.setattr(disk, "remove_file", refuse)
    taken, refused = control.take()
    assert taken == []
    assert [why.partition(":")[0] for why in refused] == stuck
    assert "can't be deleted" in refused[1]
    leave(control, "999.json", request="save")
    assert control.take() == ([Request("save", None, "page")], [])


@pytest.fixture
def elsewhere(tmp_path):
    """A folder that looks like a run's `control/`, with a file of somebody's."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o755)
    (folder / "token").write_text("0" * 48)
    (folder / "precious.json").write_text("kept")
    return folder


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@posix
def test_a_folder_that_is_a_link_is_never_written_or_emptied(tmp_path, elsewhere):
    before = contents(elsewhere)
    run = tmp_path / "run"
    run.mkdir()
    (run / "control").symlink_to(elsewhere)
    with pytest.raises(OSError, match="is a link"):
        Control(run)
    with pytest.raises(BadRun, match="is a link"):
        write_request(run, "pause", source="page")
    (run / "control").unlink()
    opened = Control(run)
    (opened.folder / "token").unlink()
    opened.folder.rmdir()
    opened.folder.symlink_to(elsewhere)
    assert opened.take() == ([], [])
    assert contents(elsewhere) == before


@pytest.mark.parametrize("jump", [-86400, 86400], ids=["back", "forth"])
def test_a_clock_that_jumps_a_day_refuses_nothing(control, tmp_path, monkeypatch, jump):
    now, now_ns = time.time(), time.time_ns()
    monkeypatch.setattr(time, "time", lambda: now + jump)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns + jump * 10**9)
    write_request(tmp_path, "save", source="page")
    assert control.take() == ([Request("save", None, "page")], [])


@posix
def test_a_token_that_is_a_pipe_does_not_hang(control, tmp_path):
    (control.folder / "token").unlink()
    os.mkfifo(control.folder / "token")
    with pytest.raises(BadRun, match="takes no requests"):
        write_request(tmp_path, "pause", source="page")


def test_the_number_is_taken_to_its_last_bit(control, tmp_path):
    write_request(tmp_path, "learning_rate", 0.1 + 0.2, source="page")
    [asked], _ = control.take()
    assert asked.value == 0.1 + 0.2


def test_nobody_sees_half_a_request(control, tmp_path):
    def write():
        for _ in range(100):
            write_request(tmp_path, "save", source="page")

    writer = threading.Thread(target=write)
    writer.start()
    seen = 0
    while writer.is_alive() or seen < 100:
        taken, refused = control.take()
        assert refused == []
        seen += len(taken)
    writer.join()
    assert seen == 100


def test_a_flood_is_taken_in_parts(control):
    for i in range(MOST_AT_ONCE + 5):
        leave(control, f"{i:03d}.json")
    assert len(control.take()[0]) == MOST_AT_ONCE
    assert len(control.take()[0]) == 5


def test_a_folder_that_is_gone_holds_nothing(control):
    (control.folder / "token").unlink()
    control.folder.rmdir()
    assert control.take() == ([], [])


def test_without_a_trainer_nothing_is_written(tmp_path):
    with pytest.raises(BadRun, match="is it training"):
        write_request(tmp_path, "pause", source="page")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_request_is_refused_before_it_is_written(control, tmp_path):
    with pytest.raises(BadUsage, match="`pause`"):
        write_request(tmp_path, "puase", source="page")
    with pytest.raises(BadUsage, match="above 0"):
        write_request(tmp_path, "epochs", 0, source="page")
    assert control.take() == ([], [])

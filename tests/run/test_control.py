"""Requests to a training: taken in order, once, and only those meant for it."""

import json
import os
import stat
import time

import pytest

from saccade.core.errors import BadRun, BadUsage
from saccade.run.control import MOST_AT_ONCE, Control, Request, write_request


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
        ({"version": 2}, "version"),
        ({"time": 1.0}, "older"),
        ({"time": "now"}, "older"),
        ({"time": float("nan")}, "older"),
        ({"request": "format"}, "no request"),
        ({"request": "learning_rate", "value": -1}, "above 0"),
        ({"request": "learning_rate", "value": True}, "above 0"),
        ({"request": "learning_rate", "value": float("inf")}, "above 0"),
        ({"request": "epochs", "value": "5"}, "above 0"),
        ({"request": "epochs", "value": 10**1000}, "above 0"),
        ({"request": "epochs", "value": float("nan")}, "above 0"),
        ({"request": "pause", "value": 1}, "no number"),
        ({"source": "stranger"}, "nobody known"),
        ({"source": "page" * 2000}, "small plain file"),
    ],
)
def test_what_is_not_meant_for_it_is_refused_and_removed(control, changes, why):
    leave(control, **changes)
    taken, [said] = control.take()
    assert taken == []
    assert why in said.replace("unknown request", "no request")
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

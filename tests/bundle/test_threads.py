"""Threads are as many as processors that may really be kept busy."""

import os

import pytest

from saccade.bundle import threads


@pytest.fixture
def container(tmp_path, monkeypatch):
    """A machine of eight processors, and what a container's files say."""

    def write(new=None, quota=None, period=None):
        for name, text in (("QUOTA", new), ("OLD_QUOTA", quota), ("OLD_PERIOD", period)):
            path = tmp_path / name
            monkeypatch.setattr(threads, name, path)
            if text is not None:
                path.write_text(text)
        return threads.processors()

    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    return write


@pytest.mark.parametrize(
    "files, expected",
    [
        ((), 8),
        (("max 100000\n",), 8),
        (("200000 100000\n",), 2),
        (("250000 100000\n",), 2),
        (("50000 100000\n",), 1),
        (("9900000 100000\n",), 8),
        (("0 100000\n",), 1),
        (("100000 0\n",), 8),
        (("nonsense\n",), 8),
        ((None, "300000\n", "100000\n"), 3),
        ((None, "-1\n", "100000\n"), 8),
        ((None, "300000\n"), 8),
        (("400000 100000\n", "300000\n", "100000\n"), 4),
    ],
)
def test_a_containers_share_counts(container, files, expected):
    assert container(*files) == expected


def test_what_the_process_is_pinned_to_counts(container, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3}, raising=False)
    assert container("400000 100000\n") == 1


def test_a_system_that_does_not_say(container, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert container() == 4
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert container() == 1


def test_the_session_gets_them(written, forged):
    from saccade.bundle.bundle import open_bundle

    place = forged()
    for asked, expected in ((None, threads.processors()), (0, threads.processors()), (3, 3)):
        session = open_bundle(place, asked).model._session
        assert session.get_session_options().intra_op_num_threads == expected

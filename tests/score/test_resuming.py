"""A table that is stopped anywhere and gone on with ends in the same bytes, or not at all."""

import json
import os
import subprocess
import sys

import pytest

from saccade.core.errors import BadUsage
from saccade.run.tables import as_lines
from saccade.score.resuming import finish, part_of, part_path, record_of

HEADER = ("path", "n")
ASKED = {"network": "a", "pictures": "b", "columns": "c", "batch": 2}
ROWS = [[f"größe {i}, =", i] for i in range(10)]
WHOLE = as_lines([HEADER, *ROWS])


@pytest.fixture
def table(tmp_path):
    return tmp_path / "t.csv"


def go_on(table, stop=None, asked=ASKED, **options):
    """Writes two rows at a time until there are `stop` of them, or all."""
    with part_of(table, HEADER, asked, **options) as part:
        while part.rows < (len(ROWS) if stop is None else stop):
            part.add(ROWS[part.rows : part.rows + 2])
        if stop is None:
            finish(part.path, table)


def aside(table):
    return part_path(table), record_of(part_path(table))


def test_what_is_whole_gets_its_name_and_leaves_nothing_beside(table):
    go_on(table)
    assert table.read_bytes() == WHOLE
    assert os.listdir(table.parent) == [table.name]


@pytest.mark.parametrize("stop", [0, 2, 8, 10])
def test_stopped_and_gone_on_with_it_is_the_same(table, stop):
    go_on(table, stop)
    assert not table.exists()
    with part_of(table, HEADER, ASKED) as part:
        assert part.rows == stop
        assert [cells[1] for cells in part.earlier()] == [str(i) for i in range(stop)]
    go_on(table)
    assert table.read_bytes() == WHOLE


def test_an_exception_notes_what_there_is(table):
    with pytest.raises(KeyboardInterrupt), part_of(table, HEADER, ASKED) as part:
        part.add(ROWS[:4])
        raise KeyboardInterrupt
    assert json.loads(aside(table)[1].read_text())["rows"] == 4


@pytest.mark.parametrize("more", [b"x", b"\n", as_lines(ROWS[4:7]), b"\xff" * 10_000])
def test_rows_that_were_not_noted_are_written_again(table, more):
    go_on(table, 4)
    with aside(table)[0].open("ab") as file:
        file.write(more)
    go_on(table)
    assert table.read_bytes() == WHOLE


@pytest.mark.parametrize("key", list(ASKED))
def test_the_answers_to_something_else_are_not_gone_on_with(table, key):
    go_on(table, 4)
    before = [path.read_bytes() for path in aside(table)]
    with pytest.raises(BadUsage, match=r"begun with .*other .* --force|another size"):
        go_on(table, asked={**ASKED, key: "another"})
    assert [path.read_bytes() for path in aside(table)] == before
    go_on(table, asked={**ASKED, key: "another"}, anew=True)
    assert table.read_bytes() == WHOLE


def test_anew_goes_on_with_what_is_the_same(table):
    go_on(table, 4)
    with part_of(table, HEADER, ASKED, anew=True) as part:
        assert part.rows == 4


@pytest.mark.parametrize("where", [0, 10, -1])
def test_a_damaged_file_is_begun_anew(table, where):
    go_on(table, 6)
    path = aside(table)[0]
    data = bytearray(path.read_bytes())
    data[where] ^= 1
    path.write_bytes(data)
    with pytest.warns(UserWarning, match="damaged"):
        go_on(table)
    assert table.read_bytes() == WHOLE


def test_a_file_cut_short_is_begun_anew(table):
    go_on(table, 6)
    path = aside(table)[0]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="damaged"):
        go_on(table)
    assert table.read_bytes() == WHOLE


@pytest.mark.parametrize("text", ["", "{", "[]", "nul\0"])
def test_a_damaged_record_means_beginning_anew(table, text):
    go_on(table, 6)
    aside(table)[1].write_text(text)
    with pytest.warns(UserWarning, match="begun anew"):
        go_on(table)
    assert table.read_bytes() == WHOLE


@pytest.mark.parametrize("key", ["rows", "bytes", "checksum"])
@pytest.mark.parametrize("value", [None, "x", -7, 1e999, [1]])
def test_a_record_that_says_nonsense_too(table, key, value):
    go_on(table, 6)
    told = json.loads(aside(table)[1].read_text())
    aside(table)[1].write_text(json.dumps({**told, key: value}))
    with pytest.warns(UserWarning, match="begun anew"):
        go_on(table)
    assert table.read_bytes() == WHOLE


def test_a_record_of_nothing_is_refused(table):
    go_on(table, 6)
    aside(table)[1].write_text("{}")
    with pytest.raises(BadUsage, match="--force"):
        go_on(table)


def test_a_file_of_somebody_elses_is_left_alone(table):
    aside(table)[0].write_bytes(b"my own notes")
    with pytest.raises(BadUsage, match="--force"):
        go_on(table)
    assert aside(table)[0].read_bytes() == b"my own notes"
    assert not aside(table)[1].exists()


@pytest.mark.parametrize("length", [0, 3, 7])
def test_killed_before_the_first_note_it_begins_anew(table, length):
    aside(table)[0].write_bytes(as_lines([HEADER])[:length])
    go_on(table)
    assert table.read_bytes() == WHOLE


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_two_processes_do_not_write_one_file(table):
    with part_of(table, HEADER, ASKED):
        with (
            pytest.raises(BadUsage, match="another process is writing"),
            part_of(table, HEADER, ASKED),
        ):
            pass


def test_it_ends_with_the_process(table):
    """The lock is the system's: a killed process holds nothing."""
    code = (
        "import sys, os; from pathlib import Path; from saccade.score.resuming import part_of\n"
        f"with part_of(Path({str(table)!r}), {HEADER!r}, {ASKED!r}) as part:\n"
        f"    part.add({ROWS[:4]!r}); part.note(); part.add({ROWS[4:6]!r}); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    with part_of(table, HEADER, ASKED) as part:
        assert part.rows == 4
    go_on(table)
    assert table.read_bytes() == WHOLE


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BadUsage, match="can't write"):
        go_on(tmp_path / "no" / "t.csv")

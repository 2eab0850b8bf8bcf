"""saccade scarcity, as it is typed."""

import json
import signal
import sys

import pytest

import saccade
from saccade.cli.scarcity import _names, default_names
from saccade.core.errors import BadUsage, MissingFile
from saccade.run.durable import read_json

SMALL = ("scarcity", "digits", "--models", "softmax,mlp+augment", "--quick", "--seeds", "2")


def rows(folder):
    try:
        return read_json(folder / "scarcity.json")["rows"]
    except FileNotFoundError:
        return []


def test_a_small_curve_makes_a_table_a_page_and_rows(command, tmp_path):
    said = command(*SMALL, "--per-class", "1,5", "--name", "small", "--json")
    assert said.code == 0, said.err
    value = json.loads(said.out)
    assert set(value) == {"run", "rows", "points", "labels_needed"}
    assert len(value["rows"]) == 8 and len(value["points"]) == 4
    assert "8 of 8  mlp+augment, 5 a class, seed 1: test accuracy" in said.err
    assert "left" in said.err
    page = (tmp_path / value["run"] / "report.html").read_text("utf-8")
    assert page.count('class="lined"') == 2


@pytest.mark.skipif(sys.platform == "win32", reason="this signal is POSIX's")
def test_stopped_the_same_command_goes_on(tmp_path, started, wait_until, command):
    typed = (*SMALL, "--per-class", "1,all")
    process = started(*typed)

    def found():
        return [p.parent for p in (tmp_path / "runs").glob("*-digits-scarcity*/scarcity.json")]

    wait_until(found, process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    [folder] = found()
    before = rows(folder)
    assert process.returncode == 130, err
    assert "The same command goes on" in err and "Traceback" not in err
    assert 0 < len(before) < 8
    said = command(*typed)
    assert said.code == 0, said.err
    assert found() == [folder]
    assert rows(folder)[: len(before)] == before and len(rows(folder)) == 8
    assert f"{len(before)} of 8" not in said.err and f"{len(before) + 1} of 8" in said.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--per-class", "1,few"), "--per-class takes whole numbers and all"),
        (("--per-class", "0"), "at least 1"),
        (("--models", "konv"), "`conv`"),
        (("--models", "conv", "--weights", "imagenet"), "--models has none"),
        (("--models", ""), "there is no model ``"),
        (("--weights", "none"), "from scratch, as models without it are"),
        (("--weights", "imagenet"), "of which base? --models conv-bn,conv-bn+augment,BASE"),
        (("--models", "softmax,softmax"), "each name once"),
        (("--models", "softmax, konv"), "there is no model `konv`"),
        (("--models", "conv+"), "there is no ending ``"),
        (("--seeds", "0"), "--seeds must be at least 1"),
        (("--name", "a", "--out", "b"), "give one"),
    ],
)
def test_what_is_typed_wrong_is_said(typed, options, says):
    said = typed("scarcity", "digits", *options)
    assert said.code == 2
    assert says in said.err


def test_a_base_has_one_name():
    assert _names("conv, squeezenet1.1+transfer,conv+transfer") == [
        "conv",
        "squeezenet1.1",
        "conv+transfer",
    ]


def test_weights_of_one_run_are_not_two_bases(typed):
    said = typed(
        "scarcity", "digits", "--models", "conv+transfer,conv-bn+transfer", "--weights", "run"
    )
    assert said.code == 2
    assert "--weights run is of one base, and --models has conv, conv-bn" in said.err


def test_a_folder_of_something_else_is_left_alone(typed, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    said = typed("scarcity", "digits", "--models", "softmax", "--out", tmp_path / "full")
    assert said.code == 2 and "holds no scarcity curve" in said.err


def test_a_base_is_offered_for_photos_where_its_weights_are(
    pictures, tmp_path, monkeypatch, finished_run
):
    photos = str(pictures(tmp_path / "photos"))
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "shelf"))
    data, digits = saccade.load(photos), saccade.load("digits")
    own = ["residual", "residual+augment"]
    assert default_names(photos, data, None) == own
    with pytest.raises(MissingFile, match="squeezenet"):  # it was asked for
        default_names(photos, data, "imagenet")
    weights = tmp_path / "shelf" / "weights" / "squeezenet_v1.1_imagenet_fp16.npz"
    weights.parent.mkdir(parents=True)
    weights.touch()
    for typed in (None, "imagenet"):
        assert default_names(photos, data, typed) == [*own, "squeezenet1.1"]
    own = ["conv-bn", "conv-bn+augment"]
    assert default_names("digits", digits, None) == own
    assert default_names("digits", digits, str(finished_run.path)) == [*own, "softmax+transfer"]
    with pytest.raises(BadUsage, match="whose weights"):
        default_names("digits", digits, str(weights))

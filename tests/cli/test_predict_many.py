"""`saccade predict` on folders, CSVs and archives: stopped, gone on with, whatever lies in them."""

import json
import os
import re
import signal
import sys
import tarfile
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

import saccade
from saccade.core.interval import wilson
from saccade.run.tables import read_table

DIGITS = saccade.load("digits")


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """Digits in class folders, a folder of unicorns, and a file that is no picture."""
    root = tmp_path_factory.mktemp("many") / "photos"
    for i, label in enumerate(DIGITS.test.labels):
        folder = root / DIGITS.classes[label]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(DIGITS.test.pixels[i, ..., 0]).save(folder / f"{i:03d}.png")
    (root / "unicorn").mkdir()
    Image.new("L", (8, 8)).save(root / "unicorn" / "a.png")
    (root / "3" / "broken.png").write_bytes(b"broken")
    return root


@pytest.fixture
def here(tmp_path, monkeypatch, photos):
    """Where the command stands; `photos` is a folder there."""
    monkeypatch.chdir(tmp_path)
    Path("photos").symlink_to(photos)
    return tmp_path


def test_a_labelled_folder_is_answered_written_and_judged(here, typed, finished_run):
    said = typed("predict", finished_run.path, "photos", "-o", "p.csv", "--json")
    assert said.code == 1
    assert "can't read photos/3/broken.png: unknown_format" in said.err
    assert "no class of this network, so not counted in its accuracy: unicorn (1)" in said.err
    rows = read_table(Path("p.csv"))
    assert list(rows[0]) == ["path", "label", "predicted", "probability", "problem"]
    assert len(rows) == 361
    assert [row["path"] for row in rows] == sorted(row["path"] for row in rows)
    by_path = {row["path"]: row for row in rows}
    broken = by_path["photos/3/broken.png"]
    assert (broken["predicted"], broken["probability"]) == ("", "")
    assert broken["problem"].startswith("unknown_format: ")

    _, predictions = saccade.evaluate(finished_run)
    for i, (label, answer) in enumerate(zip(predictions.labels, predictions.answers, strict=True)):
        row = by_path[f"photos/{DIGITS.classes[label]}/{i:03d}.png"]
        assert row["predicted"] == DIGITS.classes[answer]
        assert float(row["probability"]) == pytest.approx(
            predictions.probabilities[i].max(), abs=1e-5
        )
    values = json.loads(said.out.splitlines()[-1])
    low, high = wilson(predictions.correct, 359)
    assert values["accuracy"] == {
        "accuracy": predictions.accuracy, "low": low, "high": high, "n": 359
    }  # fmt: skip
    assert (values["pictures"], values["problems"]) == (361, 1)
    assert values["unknown_labels"] == {"unicorn": 1}
    assert sum(values["answered"].values()) == 360
    assert (values["output"], values["html"]) == ("p.csv", None)
    assert sorted(os.listdir()) == ["p.csv", "photos"]


def test_without_a_file_it_says_what_it_found(here, typed, finished_run):
    said = typed("predict", finished_run.path, "photos")
    assert said.code == 1
    assert re.search(r"accuracy [\d.]+ % \(95 % interval [\d.]+ to [\d.]+, n = 359\)", said.out)
    assert len(re.findall(r"% of \d+ found", said.out)) == 10
    assert "-o predictions.csv" in said.err
    assert os.listdir() == ["photos"]
    few = typed("predict", finished_run.path, "photos/unicorn")
    assert few.code == 0
    assert re.fullmatch(r"photos/unicorn/a.png: \d [\d.]+ %\n", few.out)


def test_probabilities_and_several_inputs(here, typed, finished_run):
    Path("rows.csv").write_text("path\nphotos/1/001.png\nnowhere.png\n")
    names = sorted(Path("photos/1").iterdir())
    Path("rows.csv").write_text(f"path\n{names[0]}\nnowhere.png\n")
    with tarfile.open("few.tar", "w") as packed:
        packed.add("photos/2/", "2")
    words = ("few.tar", "rows.csv", names[1], "-o", "p.csv", "--probabilities")
    said = typed("predict", finished_run.path, *words)
    assert said.code == 1, said.err
    rows = read_table(Path("p.csv"))
    assert [row["path"] for row in rows[-3:]] == ["nowhere.png", str(names[0]), str(names[1])]
    assert rows[0]["path"].startswith("few.tar/2/")
    assert {row["label"] for row in rows[:-3]} == {"2"}
    assert {row["label"] for row in rows[-3:]} == {""}
    good = [row for row in rows if not row["problem"]]
    assert len(good) == len(rows) - 1
    for row in good:
        shares = {name: float(row[f"probability_{name}"]) for name in DIGITS.classes}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert max(shares, key=shares.__getitem__) == row["predicted"]
        assert shares[row["predicted"]] == float(row["probability"])


def test_the_page_holds_pictures_and_what_is_gone_is_left_out(here, typed, finished_run):
    said = typed("predict", finished_run.path, "photos", "--html", "p.html")
    assert said.code == 1, said.err
    html = Path("p.html").read_text()
    accuracy = re.search(r"accuracy ([\d.]+ %)", said.out)[1]
    assert f"<strong>{accuracy}</strong>" in html
    assert html.count('src="data:image/png;base64,') > 100
    assert "photos/3/broken.png" in html
    assert 'class="chance wrong"' in html and 'class="chance true"' in html


REFUSED = [
    (("photos", "-o", "p.txt"), [".csv or .parquet"]),
    (("photos", "-o", "nowhere/p.csv"), ["there is no folder", "nowhere"]),
    (("photos", "-o", "folder.csv"), ["is a folder"]),
    (("rows.csv", "-o", "rows.csv", "--force"), ["what is read"]),
    (("rows.csv", "-o", "folder.csv/../rows.csv", "--force"), ["what is read"]),
    (("rows.csv", "--html", "rows.csv", "--force"), ["what is read"]),
    (("photos", "-o", "done.csv"), ["is there already", "--force"]),
    (("photos", "--html", "done.csv"), ["is there already", "--force"]),
    (("photos", "-o", "p.csv", "--html", "p.csv"), ["one file"]),
    (("photos", "--probabilities"), ["-o predictions.csv"]),
    (("photos", "--image-root", "photos"), ["no CSV is given"]),
    (("fotos", "-o", "p.csv"), ["there is no folder or file fotos"]),
    (("folder.csv/cut.tar", "-o", "p.csv"), ["cut.tar", "damaged"]),
    (("outside.csv", "-o", "p.csv"), ["outside", "--image-root"]),
    ((), ["give at least one picture"]),
]


@pytest.mark.parametrize(("words", "parts"), REFUSED, ids=lambda v: " ".join(v)[:30])
def test_what_can_not_be_is_refused_before_anything_is_written(
    here, typed, finished_run, words, parts
):
    Path("rows.csv").write_text("path\nphotos/unicorn/a.png\n")
    Path("outside.csv").write_text("path\n../x.png\n/etc/passwd\n")
    Path("done.csv").write_text("mine")
    Path("folder.csv").mkdir()
    with tarfile.open("folder.csv/whole.tar", "w") as packed:
        packed.add("photos/2/", "2")
    cut = Path("folder.csv/whole.tar").read_bytes()[:3_000]
    Path("folder.csv/cut.tar").write_bytes(cut)
    before = {name: Path(name).stat().st_mtime_ns for name in os.listdir()}
    said = typed("predict", finished_run.path, *words)
    assert said.code == 2, said
    for part in parts:
        assert part in said.err
    assert {name: Path(name).stat().st_mtime_ns for name in os.listdir()} == before


def test_force_writes_anew(here, typed, finished_run):
    Path("p.csv").write_text("mine")
    words = ("predict", finished_run.path, "photos/unicorn", "-o", "p.csv")
    assert typed(*words).code == 2
    assert Path("p.csv").read_text() == "mine"
    assert typed(*words, "--force").code == 0
    assert len(read_table(Path("p.csv"))) == 1


def test_parquet_without_pyarrow_is_said_at_once(here, typed, finished_run, monkeypatch):
    monkeypatch.setattr("saccade.score.parquet.find_spec", lambda name: None)
    said = typed("predict", finished_run.path, "photos", "-o", "p.parquet")
    assert said.code == 2
    assert "pip install 'saccade[parquet]'" in said.err
    assert os.listdir() == ["photos"]


def test_parquet_has_the_same_rows(here, typed, finished_run):
    read = pytest.importorskip("pyarrow.parquet")
    for name in ("p.csv", "p.parquet"):
        assert typed("predict", finished_run.path, "photos", "-o", name).code == 1
    rows = read.read_table("p.parquet").to_pylist()
    for one, other in zip(rows, read_table(Path("p.csv")), strict=True):
        probability = other["probability"] and float(other["probability"])
        assert one == {k: v or None for k, v in {**other, "probability": probability}.items()}
    assert sorted(os.listdir()) == ["p.csv", "p.parquet", "photos"]


# Slow enough to be stopped on the way: large JPEGs, each under many names.
NAMES, SIDE = 400, 1_200


@contextmanager
def one_processor():
    """Commands that are started have one processor only: none is so fast that it can't be stopped.

    Where that can't be asked for, they have all.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@pytest.fixture
def many(tmp_path, rng, monkeypatch):
    """A folder of many names of some pictures."""
    monkeypatch.chdir(tmp_path)
    for i in range(5):
        noise = rng.integers(0, 256, (SIDE // 8, SIDE // 8), dtype="uint8")
        big = Image.fromarray(noise).resize((SIDE, SIDE))
        big.save(f"{i}.jpg", progressive=True)  # takes longer
    for i in range(NAMES):
        folder = Path("many") / str(i % 10)
        folder.mkdir(parents=True, exist_ok=True)
        os.link(f"{i % 5}.jpg", folder / f"{i:05d}.jpg")
    return tmp_path


WAYS = ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130))


@pytest.mark.skipif(sys.platform == "win32", reason="these signals are POSIX's")
@pytest.mark.parametrize(
    "ways",
    [WAYS, pytest.param([(signal.SIGTERM, 143), *WAYS[::-1]], marks=pytest.mark.slow)],
    ids=["killed", "all"],
)
def test_however_it_is_stopped_it_goes_on_and_ends_in_the_same_bytes(
    many, started, wait_until, typed, finished_run, ways
):
    words = ("predict", finished_run.path, "many", "--probabilities")
    note, was = Path("p.csv.part.json"), 0

    def noted():
        return json.loads(note.read_text())["rows"] if note.exists() else 0

    for number, code in ways:
        with one_processor():
            process = started(*words, "-o", "p.csv")
        wait_until(lambda was=was: noted() > was, process)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert process.returncode == code
        assert "Traceback" not in err
        assert not Path("p.csv").exists()
        if was:
            assert f"goes on after {was:,} of {NAMES:,} pictures" in err
        if number != signal.SIGKILL:
            assert "stopped after" in err and "goes on there" in err
        assert was < noted() < NAMES
        was = noted()
    refused = typed("predict", finished_run.path, "many/1", "-o", "p.csv")
    assert refused.code == 2
    assert "begun with other pictures" in refused.err and "--force" in refused.err
    said = typed(*words, "-o", "p.csv", "--json", "--html", "p.html")
    assert said.code == 0, said.err
    whole = typed(*words, "-o", "whole.csv", "--json", "--html", "whole.html")
    assert Path("p.csv").read_bytes() == Path("whole.csv").read_bytes()
    assert Path("p.html").read_bytes() == Path("whole.html").read_bytes()
    values, expected = (json.loads(each.out.splitlines()[-1]) for each in (said, whole))
    assert {**values, "output": 0, "html": 0} == {**expected, "output": 0, "html": 0}
    assert len(read_table(Path("p.csv"))) == NAMES
    assert not note.exists() and not Path("p.csv.part").exists()

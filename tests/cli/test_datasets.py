"""`saccade datasets`: what is there, what each would download, and sets for a stick."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import saccade
from saccade.data import DATASETS, cats_dogs, fashion_mnist, locate


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of data with one set in it."""
    folder = tmp_path / "given"
    (folder / "cats-dogs").mkdir(parents=True)
    (folder / "cats-dogs" / cats_dogs.TAR).write_bytes(bytes(range(256)) * 999)
    monkeypatch.setenv("SACCADE_DATA_DIR", str(folder))
    monkeypatch.setattr(locate, "SYSTEM_PLACES", {})
    return folder


def line_of(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.split()[:1] == [name])


def test_every_set_has_a_line_that_says_where_it_is(typed, given, tmp_path):
    said = typed("datasets")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()] == [*DATASETS, "./FOLDER"]
    assert line_of(said.out, "digits").endswith("; here")
    assert line_of(said.out, "cats-dogs").endswith(f"; here, {given / 'cats-dogs'}")
    assert line_of(said.out, "mnist").endswith("4 of 4 files missing, downloads 11.6 MB")
    assert line_of(said.out, "flowers").endswith("56.6 MB, nowhere to download from")


def test_what_is_cached_is_said(typed, given, tmp_path):
    folder = tmp_path / "cache" / "saccade" / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for file in fashion_mnist.CHECKSUMS:
        (folder / file).write_bytes(b"x")
    assert line_of(typed("datasets").out, "fashion-mnist").endswith(f"; cached, {folder}")


def test_a_set_that_takes_a_package_says_so(typed, given, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "takes matplotlib" in line_of(typed("datasets").out, "font-digits")


def test_cifar10_is_there_unpacked_too(typed, given):
    (given / "cifar10").mkdir()
    for file in (*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"):
        (given / "cifar10" / file).write_bytes(b"x")
    assert line_of(typed("datasets").out, "cifar10").endswith(f"; here, {given / 'cifar10'}")


def test_one_set_names_its_files_and_where_they_go(typed, given):
    said = typed("datasets", "fashion-mnist")
    for file, checksum in fashion_mnist.CHECKSUMS.items():
        assert f"missing  {file}  {checksum}" in said.out
    assert "$SACCADE_DATA_DIR/fashion-mnist" in said.out
    facts = json.loads(typed("datasets", "cats-dogs", "--json").out)
    assert facts["files"] == [
        {
            "file": cats_dogs.TAR,
            "checksum": None,
            "path": str(given / "cats-dogs" / cats_dogs.TAR),
        }
    ]


def test_a_set_is_copied_to_a_stick_checked_and_found_there(typed, given, tmp_path, monkeypatch):
    stick = tmp_path / "stick"
    first = typed("datasets", "get", "cats-dogs", "--to", stick, "--json")
    target = stick / "cats-dogs" / cats_dogs.TAR
    assert json.loads(first.out) == {"name": "cats-dogs", "files": [str(target)]}
    assert target.read_bytes() == (given / "cats-dogs" / cats_dogs.TAR).read_bytes()
    assert "copied and checked" in first.err
    assert "was there" in typed("datasets", "get", "cats-dogs", "--to", stick).err
    target.write_bytes(b"damaged")
    assert "copied and checked" in typed("datasets", "get", "cats-dogs", "--to", stick).err
    assert [path.name for path in target.parent.iterdir()] == [cats_dogs.TAR]
    monkeypatch.setenv("SACCADE_DATA_DIR", str(stick))
    assert locate.find("cats-dogs", cats_dogs.TAR) == target


def test_a_copy_that_arrives_damaged_is_not_kept(typed, given, tmp_path, monkeypatch):
    def badly(source, target, size):
        target.write(b"half")

    monkeypatch.setattr("shutil.copyfileobj", badly)
    said = typed("datasets", "get", "cats-dogs", "--to", tmp_path / "stick")
    assert said.code == 2
    assert "did not arrive whole" in said.err
    assert [p for p in (tmp_path / "stick").rglob("*") if p.is_file()] == []


@pytest.mark.filterwarnings("ignore:.*not the published file")
def test_a_file_that_is_not_the_published_one_is_not_handed_on(typed, given, tmp_path):
    (given / "fashion-mnist").mkdir()
    for file in fashion_mnist.CHECKSUMS:
        (given / "fashion-mnist" / file).write_bytes(b"my own")
    said = typed("datasets", "get", "fashion-mnist", "--to", tmp_path / "stick")
    assert said.code == 2
    assert "not handed on" in said.err
    assert not (tmp_path / "stick").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("get",), "get NAME --to DIR"),
        (("get", "mnist"), "get NAME --to DIR"),
        (("get", "mnsit", "--to", "x"), "`mnist`"),
        (("mnsit",), "`mnist`"),
        (("mnist", "x"), "get NAME --to DIR"),
        (("mnist", "--to", "x"), "get NAME --to DIR"),
        (("get", "flowers", "--to", "x"), "flowers-224.tar"),
    ],
)
def test_what_can_not_be_got_is_said(typed, given, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    answer = typed("datasets", *words)
    assert answer.code == 2
    assert said in answer.err
    assert not (tmp_path / "x").exists()


def test_a_set_that_is_built_in_needs_no_stick(typed, tmp_path):
    said = typed("datasets", "get", "digits", "--to", tmp_path / "stick")
    assert said.code == 0
    assert "nothing to get" in said.err


def test_a_run_remembers_how_its_data_was_read(
    typed: Callable, tmp_path: Path, pictures: Callable, monkeypatch: pytest.MonkeyPatch
):
    pictures(tmp_path / "in", each=10, classes=("a", "b"), size=(8, 8), grey=True)
    pictures(tmp_path / "test", each=3, classes=("a", "b"), size=(8, 8), grey=True, seed=1)
    rows = [f"{c}/{i:03d}.png,{c},{c}{i // 2},{i}\n" for c in "ab" for i in range(10)]
    header = "path,label,who,sure\n"
    (tmp_path / "d.csv").write_text(header + "".join(rows))
    monkeypatch.chdir(tmp_path)
    words = "train ./d.csv --image-root in --test-data ./test --group-by who --weight-by sure"
    said = typed(
        *words.split(),
        "--model",
        "softmax",
        "--steps",
        2,
        "--batch-size",
        4,
        "--out",
        "run",
        "--json",
    )
    assert said.code == 0, said.err
    facts = saccade.open_run(tmp_path / "run").facts
    assert facts["loaded_with"] == {
        "test_data": str(tmp_path / "test"),
        "image_root": str(tmp_path / "in"),
        "group_by": "who",
        "weight_by": "sure",
    }
    assert json.loads(said.out.splitlines()[-1])["test"]["n"] == 6
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    again = typed("eval", tmp_path / "run", "--json")
    assert again.code == 0, again.err
    assert json.loads(again.out.splitlines()[-1])["test"]["n"] == 6
    for changed in (("a0", "a1"), ("a0,1", "a0,2")):
        (tmp_path / "d.csv").write_text(header + "".join(rows).replace(*changed))
        assert "not what" in typed("eval", tmp_path / "run").err

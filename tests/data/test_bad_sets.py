"""The table of bad inputs, sets: folders, links, names, CSVs, labels, splits.

Each row makes its set, reads it as `saccade train` does and looks it over as `saccade doctor` does.
Rows of single pictures are in test_bad_inputs.py; both together are the whole table.
"""

import contextlib
import csv
import errno
import json
import os
import shutil
import socket
import stat
import sys
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.cli import main
from saccade.core import decode
from saccade.core.errors import BadData, SaccadeError
from saccade.data import pictures as reading
from saccade.doctor.checks import counts, examine
from saccade.doctor.finding import Finding
from saccade.doctor.pictures import look
from saccade.doctor.quick import quick_look

posix = pytest.mark.skipif(sys.platform == "win32", reason="a file system of POSIX only")


def photo(number: int) -> Image.Image:
    """Soft shapes with some texture, another for each number."""
    rng = np.random.default_rng(number)
    soft = Image.fromarray(rng.integers(0, 256, (7, 8, 3), np.uint8))
    texture = Image.fromarray(rng.integers(0, 256, (40, 46, 3), np.uint8))
    size = (138, 120)
    return Image.blend(soft.resize(size, Image.Resampling.BICUBIC), texture.resize(size), 0.3)


def add(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    photo(number).save(path, "PNG")
    return path


def photos(root: Path, classes: Sequence[str] = ("a", "b"), each: int = 10) -> Path:
    for c, name in enumerate(classes):
        for i in range(each):
            add(root / name / f"{i}.png", 100 * c + i)
    return root


def table_of(root: Path, text: str | bytes, rows: bool = True) -> Path:
    """A CSV in `root`: twenty sound rows, then `text`."""
    photos(root)
    sound = "path,label\n" + "".join(f"{c}/{i}.png,{c}\n" for c in "ab" for i in range(10))
    whole = (sound if rows else "").encode() + (text.encode() if isinstance(text, str) else text)
    (root / "d.csv").write_bytes(whole)
    return root / "d.csv"


@dataclass(frozen=True)
class Seen:
    """What became of a set.

    `left_out` are paths with their reasons, `read` the names of what is trained and tested on;
    `stop` is the message of what is not read at all; `doctor` are the codes of what calls for a
    look; `counted` is what the doctor counts.
    """

    left_out: Mapping[str, str]
    read: Sequence[str]
    classes: tuple[str, ...]
    statement: str
    stop: str
    doctor: set[str]
    counted: Mapping[str, int]


def see(path: Path, **options: object) -> Seen:
    """Reads a set twice, looks it over, and holds what is true of every set."""
    left_out, read, classes, statement, stop = {}, [], (), "", ""
    before = tree(path)
    try:
        data = saccade.load(path, **options)
        again = saccade.load(path, **options)
        assert again.fingerprint == data.fingerprint
        assert again.excluded == data.excluded
        parts = [data.train, data.test, *([data.validation] if data.validation else [])]
        read = sorted(name for part in parts for name in part.names)
        left_out = {one.path: one.reason for one in data.excluded}
        classes, statement = data.classes, data.statement
    except SaccadeError as error:
        assert error.exit_code == 2
        assert "Traceback" not in str(error)
        stop = str(error)
    try:
        found = look(path)
        doctor = {one.code for one in examine(found) if one.level != "note"}
        counted = counts(found)
        parts = ("ok", "fix", "warn", "quarantined", "ignored")
        assert counted["seen"] == sum(counted[part] for part in parts)
    except BadData as error:
        doctor, counted = {"bad data"}, {}
        assert stop or str(error)
    assert tree(path) == before, "something was changed"
    return Seen(left_out, read, classes, statement, stop, doctor, counted)


def tree(path: Path) -> list[tuple[str, int, int]]:
    """Everything below, with sizes and times."""
    folder = path if path.is_dir() else path.parent
    return sorted(
        (os.path.join(where, name), status.st_size, status.st_mtime_ns)
        for where, folders, files in os.walk(folder)
        for name in (*folders, *files)
        for status in [os.lstat(os.path.join(where, name))]
    )


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code, *capsys.readouterr()


@dataclass(frozen=True)
class Hands:
    """What a row may need: a folder of its own, pytest's patches and its captured output."""

    root: Path
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]


def row20_junk(hands: Hands) -> None:
    root = photos(hands.root / "p")
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._IMG.jpg"):
        (root / "a" / name).write_bytes(b"junk")
    (root / "__MACOSX").mkdir()
    (root / "__MACOSX" / "1.png").write_bytes(b"junk")
    (root / "lost+found").mkdir()
    (root / "lost+found" / "1.png").write_bytes(b"junk")
    seen = see(root)
    assert (seen.left_out, seen.doctor, seen.classes) == ({}, set(), ("a", "b"))
    assert "(6 other files ignored)" in seen.statement  # a hidden folder is one, not looked into
    assert seen.counted["ignored"] == 4


def row21_side_files(hands: Hands) -> None:
    root = photos(hands.root / "p")
    for ending in ("xmp", "json", "txt", "csv"):
        (root / "a" / f"0.{ending}").write_text("beside")
    seen = see(root)
    assert (seen.left_out, seen.doctor) == ({}, set())
    assert "(4 other files ignored)" in seen.statement
    assert seen.counted["ignored"] == 4


def row48_missing(hands: Hands) -> None:
    seen = see(table_of(hands.root, "a/gone.png,a\n"))
    assert list(seen.left_out) == ["a/gone.png"]
    assert seen.left_out["a/gone.png"].startswith("row 22: no such file in")
    assert seen.doctor == {"left_out"}
    assert (len(seen.read), seen.counted["quarantined"]) == (20, 1)


def row49_permission(hands: Hands) -> None:
    root = photos(hands.root / "p")
    (root / "a" / "0.png").chmod(0)
    add(root / "b" / "deep" / "x.png", 300)
    (root / "b" / "deep").chmod(0)
    shut_out(hands.patch)
    try:
        seen = see(root)
        # One whole class is more than a file: nothing is trained without it.
        (root / "c").mkdir(mode=0)
        without = see(root)
    finally:
        (root / "b" / "deep").chmod(0o700)
    assert seen.left_out == {
        "a/0.png": "permission: Permission denied",
        "b/deep/": "permission: Permission denied",
    }
    assert seen.doctor == {"permission", "left_out", "tiny_class"}  # nine are left
    assert (len(seen.read), seen.counted["quarantined"]) == (19, 2)
    assert "no picture of c can be read" in without.stop
    assert "c/: permission" in without.stop


def shut_out(patch: pytest.MonkeyPatch) -> None:
    """The superuser is let in everywhere; here modes count for that user, too."""
    if os.geteuid():
        return
    read, scan = Path.read_bytes, os.scandir

    def checked(path: Path) -> None:
        if not stat.S_IMODE(os.stat(path).st_mode):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    patch.setattr(Path, "read_bytes", lambda path: (checked(path), read(path))[1])
    patch.setattr(os, "scandir", lambda path: (checked(path), scan(path))[1])


def row50_broken_links_and_loops(hands: Hands) -> None:
    root = photos(hands.root / "p")
    (root / "a" / "gone.png").symlink_to(hands.root / "nowhere.png")
    (root / "a" / "x.png").symlink_to("y.png")
    (root / "a" / "y.png").symlink_to("x.png")
    (root / "a" / "up").symlink_to(root)
    (root / "round").symlink_to("about")
    (root / "about").symlink_to("round")
    seen = see(root)
    links = ("a/gone.png", "a/x.png", "a/y.png")
    assert seen.left_out == dict.fromkeys(links, "broken_link: it leads nowhere")
    assert seen.doctor == {"broken_link"}
    assert (len(seen.read), seen.classes) == (20, ("a", "b"))


def row51_links_that_leave_the_root(hands: Hands) -> None:
    # The table leaves them out. A person's own folder may well be links to where the pictures lie
    # (docs/decisions/0009); in an archive, which comes from anywhere, no link is followed.
    root, elsewhere = photos(hands.root / "p"), add(hands.root / "elsewhere" / "x.png", 300)
    (root / "a" / "link.png").symlink_to(elsewhere)
    (root / "c").symlink_to(elsewhere.parent)
    seen = see(root)
    assert (seen.left_out, seen.classes) == ({}, ("a", "b", "c"))
    assert "a/link.png" in seen.read
    with tarfile.open(hands.root / "p.tar", "w") as packed:
        packed.add(root, "p")
    seen = see(hands.root / "p.tar")
    told = "a link or a device, no regular file"
    assert seen.left_out == {"p/a/link.png": told, "p/c": told}
    assert (len(seen.read), seen.doctor) == (20, {"left_out"})


def row52_no_regular_files(hands: Hands) -> None:
    root = photos(hands.root / "p")
    os.mkfifo(root / "a" / "pipe.jpg")
    (root / "a" / "zero.jpg").symlink_to("/dev/zero")
    with contextlib.chdir(root / "a"), socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jpg")  # a socket's path may have hundred letters only
    # A folder is a folder, whatever it is called: what lies in it is of the class.
    (root / "a" / "cat.jpg").mkdir()
    add(root / "b" / "dog.jpg" / "x.png", 300)
    seen = see(root)
    names = ("a/pipe.jpg", "a/socket.jpg", "a/zero.jpg")
    assert seen.left_out == dict.fromkeys(names, "not_regular_file: a folder, a pipe or a device")
    assert seen.doctor == {"not_regular_file"}
    assert (len(seen.read), "b/dog.jpg/x.png" in seen.read) == (21, True)


def row53_ten_gigabytes(hands: Hands) -> None:
    root = photos(hands.root / "p")
    with (root / "a" / "huge.jpg").open("wb") as file:
        file.truncate(10 << 30)
    read = Path.read_bytes

    def unread(path: Path) -> bytes:
        assert path.name != "huge.jpg", "it was read"
        return read(path)

    hands.patch.setattr(Path, "read_bytes", unread)
    seen = see(root)
    assert seen.left_out == {"a/huge.jpg": "file_too_large: 10,240 MiB, at most 256"}
    assert (seen.doctor, len(seen.read)) == ({"file_too_large"}, 20)


NAMES = (
    "😀.png",
    "\u202egnp.png",
    "new\nline.png",
    "-rf.png",
    "%s%d.png",
    "q\"'.png",
    "com,ma.png",
    "=cmd().png",
    "\x1b[31mred.png",
    "<script>alert(1)</script>.png".replace("/", "\\"),
    "x" * 251 + ".png",
    unicodedata.normalize("NFC", "é.png"),
    unicodedata.normalize("NFD", "é.png"),
    os.fsdecode(b"\xff.png"),
)


def row54_names(hands: Hands) -> None:
    root = photos(hands.root / "p")
    for number, name in enumerate(NAMES):
        try:
            add(root / "a" / name, 300 + number)
        except OSError:
            pytest.skip("this file system takes fewer names")
        with contextlib.suppress(OSError):  # no longer than a name may be
            (root / "a" / f"{name}.jpg").write_bytes(b"")
    seen = see(root)
    assert {f"a/{name}" for name in NAMES} <= {*seen.read}
    assert (seen.doctor, len(seen.left_out)) == ({"empty"}, len(NAMES) - 1)
    page, sheet = hands.root / "doctor.html", hands.root / "out.csv"
    code, out, _ = said(hands.capsys, "doctor", root, "--html", page, "--quarantine", sheet)
    assert (code, "\x1b" in out, "\u202e" in out) == (1, False, False)
    assert "  a/\\x1b[31mred.png.jpg\n" in out
    assert "<script>" not in page.read_text("utf-8")
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    assert {row[1] for row in rows} == {"empty"}
    assert "a/new\nline.png.jpg" in {row[0] for row in rows}
    code, out, _ = said(hands.capsys, "doctor", root, "--json")
    out.encode("utf-8")
    [empty] = [one for one in json.loads(out)["findings"] if one["code"] == "empty"]
    assert sorted(one for [one] in empty["pictures"]) == sorted(seen.left_out)
    (root / "broken\x1b[2J").mkdir()
    (root / "broken\x1b[2J" / "1.png").write_bytes(b"")
    code, _, problem = said(hands.capsys, "train", root, "--out", hands.root / "run")
    assert (code, "\x1b[2J" in problem) == (2, False)
    assert "no picture of broken\\x1b[2J can be read" in problem


def row55_classes_alike(hands: Hands) -> None:
    root = photos(hands.root / "p", ("Cat", "cat", "dog", "dog ", ".hidden"))
    for number, form in enumerate(("NFC", "NFD")):
        photos(root, (unicodedata.normalize(form, "é"),), each=10 + number)
    seen = see(root)
    if len(seen.classes) < 6:
        pytest.skip("this file system takes them for one")
    assert seen.doctor >= {"same_class"}
    assert "(1 other files ignored)" in seen.statement
    code, out, _ = said(hands.capsys, "doctor", root)
    assert code == 1
    for pair in ("'Cat', 'cat'", "'dog', 'dog '", "'e\\u0301', '\\xe9'"):
        assert pair in out


def row56_changed_while_it_is_read(hands: Hands) -> None:
    root = photos(hands.root / "p")
    files = [root / "a" / f"{i}.png" for i in range(3)]
    sound, choose = [file.read_bytes() for file in files], reading.Target.rule

    def changing(*given: object) -> object:  # between the hash and the decoder
        add(files[0], 300)
        files[1].write_bytes(sound[1][:500])
        files[2].unlink()
        return choose(*given)

    with hands.patch.context() as patch:
        patch.setattr(reading.Target, "rule", changing)
        data = saccade.load(root)
    told = "changed: another program changed or removed it just now"
    assert {one.path: one.reason for one in data.excluded} == {f"a/{i}.png": told for i in range(3)}
    for file, content in zip(files, sound, strict=True):
        file.write_bytes(content)
    # What was read in that moment is kept under no name that another start could find.
    seen = see(root)
    assert (seen.left_out, len(seen.read)) == ({}, 20)
    # Once read, nothing on a disk changes what is trained on: "the next sample" is never needed.
    before = data.train.pixels.copy()
    shutil.rmtree(root)
    shutil.rmtree(os.environ["XDG_CACHE_HOME"])
    assert np.array_equal(data.train.pixels, before)


def row57_errors_of_the_disk(hands: Hands) -> None:
    root = photos(hands.root / "p")
    read, tries = Path.read_bytes, []

    def failing(path: Path) -> bytes:
        if path.name == "0.png":
            tries.append(path)
            if path.parent.name == "a" or tries.count(path) == 1:
                raise OSError(errno.ESTALE if path.parent.name == "b" else errno.EIO, "no disk")
        return read(path)

    waited: list[float] = []
    hands.patch.setattr(decode.time, "sleep", waited.append)
    with hands.patch.context() as patch:
        patch.setattr(Path, "read_bytes", failing)
        data = saccade.load(root)
    assert [(one.path, one.reason) for one in data.excluded] == [("a/0.png", "unreadable: no disk")]
    assert tries.count(root / "a" / "0.png") % 4 == 0  # three more each time it is asked for
    assert waited[:3] == sorted(waited[:3])
    # An error is not remembered of the picture: the next start has it.
    seen = see(root)
    assert (seen.left_out, len(seen.read)) == ({}, 20)

    choose, gone = reading.Target.rule, hands.root / "taken out"
    taking = lambda *given: (root.rename(gone), choose(*given))[1]  # noqa: E731
    hands.patch.setattr(reading.Target, "rule", taking)
    add(root / "a" / "0.png", 999)  # another set: nothing of it is kept
    with pytest.raises(BadData, match=r"p went away while it was read"):
        saccade.load(root)


def row58_few_classes_and_few_pictures(hands: Hands) -> None:
    root = photos(hands.root / "p")
    (root / "empty").mkdir()
    add(root / "one" / "1.png", 300)
    seen = see(root)
    assert (seen.stop, seen.left_out, seen.classes) == ("", {}, ("a", "b", "one"))
    assert "(no pictures in empty)" in seen.statement
    assert seen.doctor == {"tiny_class", "imbalance"}
    data = saccade.load(root)
    assert np.bincount(data.train.labels).tolist() == [9, 9, 1]
    assert np.bincount(data.test.labels, minlength=3).tolist() == [1, 1, 0]
    alone = see(photos(hands.root / "q", ("only",)))
    assert "1 class (only); telling apart takes at least two" in alone.stop
    assert alone.doctor == {"one_class"}


def row59_unknown_and_blank_labels(hands: Hands) -> None:
    # There is no --drop-unknown: a row is taken out of a CSV more surely by hand.
    seen = see(table_of(hands.root / "p", "a/0.png,\n" * 12))
    assert "12 rows have no label (row 22: a/0.png" in seen.stop
    assert seen.stop.count("a/0.png") == 10
    assert seen.doctor == {"bad data"}
    text = "path,label,split\n" + "".join(
        f"{c}/{i}.png,{c},train\n" for c in "ab" for i in range(5)
    )
    text += "".join(f"a/{i}.png,new{i},test\n" for i in range(5, 10))
    seen = see(table_of(hands.root / "q", text, rows=False))
    assert "train has no picture of new5, new6" in seen.stop
    assert "a/5.png" in seen.stop


def row60_labels_are_text(hands: Hands) -> None:
    labels = ("NA", "null", "None", "nan", "True", "01", "1", "1e3")
    text = "path,label\n" + "".join(
        f"{c}/{i}.png,{labels[(10 * k + i) % 8]}\n" for k, c in enumerate("ab") for i in range(10)
    )
    seen = see(table_of(hands.root, text, rows=False))
    assert seen.classes == tuple(sorted(labels))
    assert (seen.left_out, len(seen.read)) == ({}, 20)


def row61_csv_of_any_make(hands: Hands) -> None:
    rows = [f"{c}/{i}.png" for c in "ab" for i in range(10)]
    excel = "\ufeffPath;Label;Note\r\n" + "".join(f'{p};{p[0]};"x\r\ny"\r\n' for p in rows)
    for name, text in (("excel", excel), ("bare", "".join(f"{p},{p[0]}\n" for p in rows))):
        seen = see(table_of(hands.root / name, text, rows=False))
        assert (seen.stop, seen.left_out, len(seen.read)) == ("", {}, 20)
    seen = see(table_of(hands.root / "cp1252", "a/0.png,gr\xf6\xdfe\n".encode("cp1252")))
    assert "not UTF-8 in line 22: save it as UTF-8" in seen.stop
    outside = ("../../etc/passwd", "ftp://127.0.0.1/1.png", "/etc/passwd", "=cmd()")
    table = table_of(hands.root / "out", "".join(f"{path},a\n" for path in outside))
    seen = see(table)
    assert list(seen.left_out) == [*outside]
    for path, why in zip(outside, ("outside", "a URL", "outside", "no such file"), strict=True):
        number = 22 + outside.index(path)
        assert seen.left_out[path].startswith(f"row {number}: {why}")
    said(hands.capsys, "doctor", table, "--quarantine", hands.root / "q.csv")
    with (hands.root / "q.csv").open(newline="", encoding="utf-8") as file:
        assert [row[0] for row in csv.reader(file)][1:] == [*outside[:3], "'=cmd()"]


def before_training(root: Path) -> dict[str, Finding]:
    return {finding.code: finding for finding in quick_look(saccade.load(root))}


def row62_doubles_and_conflicts(hands: Hands) -> None:
    seen = see(table_of(hands.root / "rows", "a/0.png,a\na/1.png,b\n"))
    assert "1 double rows" in seen.statement
    assert seen.left_out == {"a/1.png": "rows 3, 23 give it different labels: a, b"}
    assert (len(seen.read), seen.doctor) == (19, {"left_out", "tiny_class"})
    # The same bytes in two class folders: the table leaves both out. They are trained on as they
    # were given, and the doctor calls for a look (docs/decisions/0009).
    root = photos(hands.root / "folders")
    shutil.copy(root / "a" / "0.png", root / "b" / "torn.png")
    shutil.copy(root / "a" / "1.png", root / "a" / "again.png")
    seen = see(root)
    assert (seen.left_out, len(seen.read)) == ({}, 22)
    assert seen.doctor == {"two_labels", "duplicate"}


def row63_in_train_and_in_test(hands: Hands) -> None:
    # Of one file in both, test keeps it. Copies stay, since a published split must; a training
    # says so before it begins, and the doctor names them (docs/decisions/0009).
    text = "path,label,split\n" + "".join(
        f"{c}/{i}.png,{c},{'test' if i > 7 else 'train'}\n" for c in "ab" for i in range(10)
    )
    seen = see(table_of(hands.root / "rows", text + "a/0.png,a,test\n", rows=False))
    assert seen.left_out == {"a/0.png": "it is in train and in test; kept in test"}
    root = hands.root / "folders"
    photos(root / "train")
    add(root / "test" / "a" / "x.png", 300)
    add(root / "test" / "b" / "x.png", 301)
    assert "leak" not in before_training(root)
    shutil.copy(root / "train" / "a" / "0.png", root / "test" / "a" / "bytes.png")
    photo(100).save(root / "test" / "b" / "pixels.bmp")  # b/0.png
    seen = see(root)
    assert seen.doctor == {"leak"}
    assert before_training(root)["leak"].count == 4
    assert seen.left_out == {}


def row64_nearly_in_train_and_in_test(hands: Hands) -> None:
    # The score with and without them is left to the person: `saccade eval` on other pictures.
    root = hands.root / "p"
    photos(root / "train")
    (root / "test" / "a").mkdir(parents=True)
    add(root / "test" / "b" / "x.png", 301)
    image = photo(0)
    image.save(root / "test" / "a" / "q50.jpg", quality=50)
    photo(1).resize((152, 132)).save(root / "test" / "a" / "larger.png")
    photo(2).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(root / "test" / "a" / "flip.png")
    photo(3).crop((7, 6, 138, 120)).save(root / "test" / "a" / "crop.png")
    photo(4).point(lambda value: min(255, value * 1.1)).save(root / "test" / "a" / "light.png")
    assert see(root).doctor == {"near_leak"}
    [leak] = [one for one in examine(look(root)) if one.code == "near_leak"]
    assert {frozenset(pair) for pair in leak.pictures} == {
        frozenset((f"train/a/{number}.png", f"test/a/{name}"))
        for number, name in enumerate(
            ("q50.jpg", "larger.png", "flip.png", "crop.png", "light.png")
        )
    }


ROWS: dict[int, Callable[[Hands], None]] = {
    int(name[3:5]): function
    for name, function in globals().copy().items()
    if name.startswith("row") and callable(function)
}
POSIX = (49, 50, 51, 52, 53, 54, 55)


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=posix) if n in POSIX else n for n in ROWS],
    ids=[f"row{n}" for n in ROWS],
)
def test_every_bad_set_gets_its_verdict(number, tmp_path, monkeypatch, capsys):
    (tmp_path / "own").mkdir()
    ROWS[number](Hands(tmp_path / "own", monkeypatch, capsys))


def test_an_archive_of_bad_files_has_the_verdicts_of_the_folder(tmp_path):
    root = photos(tmp_path / "own" / "p")
    (root / "a" / "empty.jpg").write_bytes(b"")
    (root / "b" / "page.png").write_text("<html>404</html>")
    with zipfile.ZipFile(tmp_path / "own" / "p.zip", "w") as packed:
        for file in sorted(root.rglob("*.*")):
            packed.write(file, file.relative_to(root.parent))
    folder, archive = see(root), see(tmp_path / "own" / "p.zip")
    assert archive.left_out == {f"p/{name}": why for name, why in folder.left_out.items()}
    assert archive.doctor == folder.doctor == {"empty", "not_an_image"}
    assert archive.counted == folder.counted


def test_a_renamed_tiff_is_not_remembered_as_refused(tmp_path):
    """The one kind whose name is asked: the name is a part of what is kept."""
    root = photos(tmp_path / "p")
    photo(300).save(root / "b" / "z.jpg", "TIFF")
    assert list(see(root).left_out) == ["b/z.jpg"]
    (root / "b" / "z.jpg").rename(root / "b" / "z.tif")
    assert see(root).left_out == {}


def test_both_tables_are_the_whole_one():
    path = Path(__file__).with_name("test_bad_inputs.py")
    spec = spec_from_file_location("bad_inputs", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert {case[0] for case in module.TABLE} | {*ROWS} == {*range(1, 65)}

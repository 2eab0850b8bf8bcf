"""A zoo of layouts: each is read exactly as stated here, or refused with the three nearest ones."""

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.errors import SaccadeError
from saccade.data.layouts import LAYOUTS
from saccade.data.listing import SPLIT_NAMES

AB = ("a", "b")


def picture(number: int) -> bytes:
    """A grey PNG of 8x8, another one for every number."""
    pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def class_folders(above: str = "", each: int = 5, classes: tuple[str, ...] = AB) -> list[str]:
    return [f"{above}{name}/{i}.png" for name in classes for i in range(each)]


def csv_of(paths: list[str], row: str = "{path},{label}", header: str = "image_path,label") -> str:
    rows = [row.format(path=path, label=path.split("/")[-2]) for path in paths]
    return "\n".join([*([header] if header else []), *rows, ""])


def split_csv(header: str, row: str, names: Sequence[str] = ("train", "val", "test")) -> str:
    paths = class_folders(each=6)
    rows = [
        row.format(
            path=path, label=path[0], split=names[0 if i % 6 < 3 else 1 if i % 6 == 3 else 2]
        )
        for i, path in enumerate(paths)
    ]
    return "\n".join([*([header] if header else []), *rows, ""])


EXCEL = "\ufeff" + csv_of(class_folders(), "{path};{label}", "Image Path;Class")
EXCEL = EXCEL.replace("\n", "\r\n")
VERTEX = ("TRAINING", "VALIDATION", "TEST")
TRAIN_TEST = class_folders("train/", 4) + class_folders("test/", 2)
ALL_THREE = TRAIN_TEST + class_folders("val/", 1)
SIX = class_folders(each=6)
LOOSE = [f"{i}.png" for i in range(10)]
JSONL = "".join(f'{{"file_name": "{i}.png", "label": "{AB[i % 2]}"}}\n' for i in range(10))
NUMBERED = JSONL.replace('"a"', "0").replace('"b"', "1")
META = "file_name,label\n" + "".join(f"{i}.png,{AB[i % 2]}\n" for i in range(10))

# What lies there (paths of pictures, or texts by path), what is given of it, and what is read:
# classes, then how many pictures in train, validation and test, and how many were left out.
READ: list[tuple[str, list[str], Mapping[str, str], str, tuple]] = [
    ("flat", class_folders(), {}, "", (AB, 8, None, 2, 0)),
    ("nested inside classes", [f"{c}/x/{i}.png" for c in AB for i in range(5)], {}, "",
     (AB, 8, None, 2, 0)),
    ("train and test", TRAIN_TEST, {}, "", (AB, 8, None, 4, 0)),
    ("train, val and test", ALL_THREE, {}, "", (AB, 8, 2, 4, 0)),
    ("Training, VALID, Testing",
     class_folders("Training/", 4) + class_folders("VALID/", 1) + class_folders("Testing/", 2),
     {}, "", (AB, 8, 2, 4, 0)),
    ("train, dev, eval",
     class_folders("train/", 4) + class_folders("dev/", 1) + class_folders("eval/", 2),
     {}, "", (AB, 8, 2, 4, 0)),
    ("train and val: test is held out", class_folders("train/", 5) + class_folders("val/", 1), {},
     "", (AB, 8, 2, 2, 0)),
    ("junk between", class_folders(),
     {"notes.txt": "x", "a/.DS_Store": "x", "__MACOSX/a/0.png": "x"}, "", (AB, 8, None, 2, 0)),
    ("captions beside class folders", class_folders(),
     {"metadata.csv": "file_name,text\na/0.png,hi\n"}, "", (AB, 8, None, 2, 0)),
    ("csv", class_folders(), {"d.csv": csv_of(class_folders())}, "d.csv", (AB, 8, None, 2, 0)),
    ("csv without header", class_folders(), {"d.csv": csv_of(class_folders(), header="")}, "d.csv",
     (AB, 8, None, 2, 0)),
    ("csv of Excel: BOM, CRLF, semicolons", class_folders(),
     {"d.csv": EXCEL},
     "d.csv", (AB, 8, None, 2, 0)),
    ("tsv", class_folders(), {"d.tsv": csv_of(class_folders(), "{label}\t{path}", "y\tfilename")},
     "d.tsv", (AB, 8, None, 2, 0)),
    ("csv with a newline in a cell", class_folders(),
     {"d.csv": csv_of(class_folders(), '{path},"a\nnote, with comma",{label}', "path,note,target")},
     "d.csv", (AB, 8, None, 2, 0)),
    ("csv with numbers as labels", class_folders(),
     {"d.csv": csv_of(class_folders(), "{path},0{label}").replace("0a", "01").replace("0b", "1")},
     "d.csv", (("01", "1"), 8, None, 2, 0)),
    ("csv with NA and True", class_folders(),
     {"d.csv": csv_of(class_folders(classes=AB)).replace(",a", ",NA").replace(",b", ",True")},
     "d.csv", (("NA", "True"), 8, None, 2, 0)),
    ("csv with split", SIX,
     {"d.csv": split_csv("filepath,category,split", "{path},{label},{split}")},
     "d.csv", (AB, 6, 2, 4, 0)),
    ("csv of Vertex with header", SIX,
     {"d.csv": split_csv("ml_use,image,label", "{split},{path},{label}", VERTEX)},
     "d.csv", (AB, 6, 2, 4, 0)),
    ("csv of Vertex without header", SIX,
     {"d.csv": split_csv("", "{split},{path},{label}", VERTEX)},
     "d.csv", (AB, 6, 2, 4, 0)),
    ("csv with missing files, URLs and paths outside", class_folders(),
     {"d.csv": csv_of(class_folders())
      + "a/no.png,a\nhttps://example.org/1.png,a\n../1.png,b\n/etc/1.png,b\ngs://x/1.png,a\n"},
     "d.csv", (AB, 8, None, 2, 5)),
    ("csv with a row twice", class_folders(), {"d.csv": csv_of(class_folders()) + "./a/0.png,a\n"},
     "d.csv", (AB, 8, None, 2, 0)),
    ("csv with a picture of two labels", class_folders(each=6),
     {"d.csv": csv_of(class_folders(each=6)) + "a/0.png,b\n"}, "d.csv", (AB, 9, None, 2, 1)),
    ("csv with a picture in train and test", class_folders(each=6),
     {"d.csv": split_csv("path,label,set", "{path},{label},{split}")
      + "a/0.png,a,test\n"}, "d.csv", (AB, 5, 2, 5, 1)),
    ("csv in another folder than its pictures", class_folders("pictures/"),
     {"tables/d.csv": csv_of([f"../pictures/{p}" for p in class_folders()])
      + csv_of(class_folders(), header="")},
     "tables/d.csv --image-root pictures", (AB, 8, None, 2, 10)),
    ("csv with backslashes", class_folders(),
     {"d.csv": csv_of(class_folders()).replace("/", "\\")}, "d.csv", (AB, 8, None, 2, 0)),
    ("metadata.csv", LOOSE, {"metadata.csv": META}, "", (AB, 8, None, 2, 0)),
    ("metadata.jsonl", LOOSE, {"metadata.jsonl": JSONL}, "", (AB, 8, None, 2, 0)),
    ("metadata.jsonl with numbers", LOOSE, {"metadata.jsonl": NUMBERED}, "",
     (("0", "1"), 8, None, 2, 0)),
    ("metadata.jsonl a split", [f"{p}/{f}" for p in ("train", "test") for f in LOOSE],
     {"train/metadata.jsonl": JSONL, "test/metadata.jsonl": JSONL}, "", (AB, 10, None, 10, 0)),
    ("one metadata.csv over split folders", [f"{p}/{f}" for p in ("train", "test") for f in LOOSE],
     {"metadata.csv": "file_name,label\n" + "".join(
         f"{p}/{f},{AB[i % 2]}\n" for p in ("train", "test") for i, f in enumerate(LOOSE))},
     "", (AB, 10, None, 10, 0)),
    ("tar", class_folders("photos/"), {}, "photos.tar", (AB, 8, None, 2, 0)),
    ("tar without a folder on top", class_folders(), {}, "photos.tar", (AB, 8, None, 2, 0)),
    ("tar.gz with splits", [f"photos/{path}" for path in ALL_THREE], {}, "photos.tar.gz",
     (AB, 8, 2, 4, 0)),
    ("tgz of train only", class_folders("train/"), {}, "photos.tgz", (AB, 8, None, 2, 0)),
    ("zip", class_folders("photos/"), {"__MACOSX/._x": "x", "photos/a/.b/0.png": "x"}, "photos.zip",
     (AB, 8, None, 2, 0)),
    ("zip with metadata", [f"photos/{f}" for f in LOOSE], {"photos/metadata.csv": META},
     "photos.zip", (AB, 8, None, 2, 0)),
    ("csv and tar", class_folders("in/"), {"d.csv": csv_of(class_folders("in/"))},
     "d.csv --image-root photos.tar", (AB, 8, None, 2, 0)),
    ("csv and zip", class_folders("in/"), {"d.csv": csv_of(class_folders("in/"))},
     "d.csv --image-root photos.zip", (AB, 8, None, 2, 0)),
    ("folder and csv to test on", class_folders("p/") + class_folders("q/", 2),
     {"d.csv": csv_of(class_folders("q/", 2))}, "p --test-data d.csv", (AB, 10, None, 4, 0)),
    ("csv and folder to validate on", class_folders("p/") + class_folders("q/", 2),
     {"d.csv": csv_of(class_folders("p/"))}, "d.csv --val-data q", (AB, 8, 4, 2, 0)),
]  # fmt: skip

# What lies there, what is given of it, and what the refusal must say.
REFUSED: list[tuple[str, list[str], Mapping[str, str], str, list[str]]] = [
    ("nothing", [], {}, "", ["no class folders", "/zoo/CLASS/PICTURE.jpg"]),
    ("loose pictures", LOOSE, {}, "",
     ["no class folders", "a metadata file", "zoo/metadata.csv or"]),
    ("class in the file's name", ["cat.1.png", "dog.2.png"], {}, "",
     ["no class folders", "class names in the files' names"]),
    ("loose pictures and a csv", LOOSE, {"d.csv": "x"}, "", ["a CSV: rows of image_path,label"]),
    ("splits without classes", ["train/1.png", "test/1.png"], {}, "",
     ["/zoo/train/CLASS/PICTURE.jpg"]),
    ("splits inside classes", [f"{c}/{p}/1.png" for c in AB for p in ("train", "test")], {}, "",
     ["split folders inside class folders", "/zoo/train/CLASS/PICTURE.jpg"]),
    ("idx files", [], {"train-images-idx3-ubyte.gz": "x", "train-labels-idx1-ubyte.gz": "x"}, "",
     ["IDX files", "SACCADE_DATA_DIR/mnist"]),
    ("an idx file", [], {"train-images-idx3-ubyte.gz": "x"}, "train-images-idx3-ubyte.gz",
     ["is a file", "IDX files"]),
    ("python batches of CIFAR-10", [], {f"data_batch_{i}": "x" for i in range(1, 6)}, "",
     ["pickles", "cifar-10-binary.tar.gz"]),
    ("binary batches of CIFAR-10", [], {f"data_batch_{i}.bin": "x" for i in range(1, 6)}, "",
     ["SACCADE_DATA_DIR/cifar10", "saccade train cifar10"]),
    ("a tar of a test split alone", class_folders("test/"), {}, "photos.tar", ["1 class", "two"]),
    ("a folder of archives", [], {"a.zip": "x", "b.zip": "x"}, "", ["an archive"]),
    ("metadata without file_name", LOOSE, {"metadata.csv": "id,label\n1,a\n"}, "",
     ["metadata.csv", "id,label"]),
    ("a csv without known columns", class_folders(), {"d.csv": "id,species\n1,a\n"}, "d.csv",
     ["id,species", "header: image_path,label", "PATH,LABEL", "SPLIT,PATH,LABEL"]),
    ("a csv with a blank label", class_folders(),
     {"d.csv": csv_of(class_folders()).replace("a/3.png,a", "a/3.png,")}, "d.csv",
     ["row 5", "a/3.png", "no label"]),
    ("a csv with a label only in test", class_folders(),
     {"d.csv": "path,label,split\na/0.png,a,train\nb/0.png,b,train\nb/1.png,c,test\n"}, "d.csv",
     ["no picture of c", "b/1.png"]),
    ("a csv with an unknown split", class_folders(),
     {"d.csv": "path,label,fold\na/0.png,a,1\nb/0.png,b,2\n"}, "d.csv", ["row 2: `1`", "train"]),
    ("a csv with too many cells", class_folders(),
     {"d.csv": csv_of(class_folders()) + "a/4.png,a,b\n"}, "d.csv",
     ["row 12 has 3 cells", "quotes"]),
    ("a csv with an open quote", class_folders(),
     {"d.csv": csv_of(class_folders()) + 'a/4.png,"a\n'}, "d.csv", ["d.csv", "row 12"]),
    ("a csv of files that are not there", [], {"d.csv": csv_of(class_folders())}, "d.csv",
     ["none of its pictures", "row 2", "no such file"]),
    ("a multi-label jsonl", LOOSE,
     {"metadata.jsonl": '{"file_name": "0.png", "label": ["a", "b"]}'}, "",
     ["line 1", '["a", "b"]']),
    ("a broken jsonl", LOOSE, {"metadata.jsonl": JSONL + "{"}, "", ["line 11", "JSON"]),
]  # fmt: skip


def lay(root: Path, pictures: list[str], texts: Mapping[str, str]) -> None:
    for number, path in enumerate(pictures):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(picture(number))
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def pack(root: Path, archive: Path) -> None:
    files = sorted(path for path in root.rglob("*") if path.is_file())
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in files:
                packed.write(path, path.relative_to(root))
        return
    with tarfile.open(archive, "w" if archive.suffix == ".tar" else "w:gz") as packed:
        for path in files:
            packed.add(path, path.relative_to(root))


def load(root: Path, pictures: list[str], texts: Mapping[str, str], given: str) -> saccade.Dataset:
    """What is given of a layout, `--option value` as on the command line; archives are packed."""
    root.mkdir()
    lay(root, pictures, texts)
    words = [word for word in given.split() if not word.startswith("--")]
    names = [word[2:].replace("-", "_") for word in given.split() if word.startswith("--")]
    for word in words:
        if Path(word).name.startswith("photos."):
            pack(root, root.parent / word)
    paths = [
        root.parent / word if word.startswith("photos.") else root / word for word in words or [""]
    ]
    return saccade.load(paths[0], **dict(zip(names, paths[1:], strict=True)))


@pytest.mark.parametrize(
    ("pictures", "texts", "given", "expected"), [c[1:] for c in READ], ids=[c[0] for c in READ]
)
def test_this_is_read_as_stated(tmp_path, pictures, texts, given, expected):
    data = load(tmp_path / "zoo", pictures, texts, given)
    validation = None if data.validation is None else len(data.validation)
    counts = (len(data.train), validation, len(data.test), len(data.excluded))
    assert (data.classes, *counts) == expected
    drawn = {pixels_of(number): path for number, path in enumerate(pictures)}
    for part in ("train", "validation", "test"):
        split = getattr(data, part)
        for i in range(0 if split is None else len(split)):
            path = drawn[split.pixels[i].tobytes()]
            assert data.classes[split.labels[i]] == expected[0][AB.index(class_of(path))]
            told = SPLIT_NAMES.get(path.removeprefix("photos/").split("/")[0].lower(), part)
            assert told == part or data.test_origin == "held out"


def pixels_of(number: int) -> bytes:
    return np.asarray(Image.open(io.BytesIO(picture(number)))).tobytes()


def class_of(path: str) -> str:
    """What every layout of the zoo says of a picture: its class folder, else odd or even."""
    parts = path.split("/")
    return next((name for name in parts if name in AB), None) or AB[int(parts[-1][:-4]) % 2]


@pytest.mark.parametrize(
    ("pictures", "texts", "given", "said"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_this_is_refused(tmp_path, pictures, texts, given, said):
    with pytest.raises(SaccadeError) as caught:
        load(tmp_path / "zoo", pictures, texts, given)
    text = str(caught.value)
    for part in said:
        assert part in text
    if "nearest first" in text:
        assert sum(f"\n  {layout.name}: " in text for layout in LAYOUTS) == 3


def test_the_zoo_is_large():
    assert len(READ) + len(REFUSED) >= 40

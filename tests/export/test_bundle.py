"""A run becomes a bundle that answers as the run does, or nothing at all."""

import dataclasses
import errno
import json
import shutil
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.bundle import files
from saccade.bundle.bundle import open_bundle
from saccade.core.calibration import Calibration
from saccade.core.errors import BadData, BadUsage, Disagrees
from saccade.core.preprocess import Preprocess
from saccade.export import bundle as exporting
from saccade.export.bundle import check_place, export_bundle
from saccade.run import disk
from saccade.run.directory import Run
from saccade.train.restore import restore


def content(place):
    """Every file of a bundle, a directory or a .zip."""
    if place.is_dir():
        return {each.name: each.read_bytes() for each in place.iterdir()}
    with zipfile.ZipFile(place) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def answers(place, pictures):
    """(class, probability) of picture files, asked of a bundle alone."""
    bundle = open_bundle(place)
    pixels = np.stack([bundle.preprocess.read(each.read_bytes()) for each in pictures])
    probabilities, _ = bundle.answer(pixels)
    return [(bundle.classes[row.argmax()], row.max()) for row in probabilities]


@pytest.fixture
def moved(photo_run, tmp_path):
    """A copy of the run of photographs, to be damaged; its data lies where it lay."""
    return Run(shutil.copytree(photo_run.path, tmp_path / "moved"))


def test_it_answers_files_as_its_run_does_wherever_it_lies(photo_run, tmp_path):
    photos = sorted((photo_run.path.parent / "photos").rglob("*.*"))
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 8
    Image.open(photos[1]).save(turned, quality=95, exif=exif)
    photos.append(turned)
    expected = saccade.predict(photo_run, photos)
    exported = export_bundle(photo_run, tmp_path / "bundle")
    elsewhere = shutil.copytree(exported.path, tmp_path / "another" / "place")
    shutil.rmtree(exported.path)
    zipped = export_bundle(photo_run, tmp_path / "bundle.zip").path
    for place in (elsewhere, zipped):
        for (name, probability), answer in zip(answers(place, photos), expected, strict=True):
            assert name == answer.label
            assert abs(probability - answer.probability) < 1e-4


def test_what_was_asked_is_told(photo_run, finished_run, tmp_path):
    few = export_bundle(photo_run, tmp_path / "few")
    assert [(check.kind, check.pictures) for check in few.checks] == [
        ("validation and test", 6),
        ("validation and test", 6),
        ("golden", 6),
    ]
    many = export_bundle(finished_run, tmp_path / "many")
    assert [check.pictures for check in many.checks] == [256, 256, 6]
    told = json.loads((many.path / files.MANIFEST).read_text())
    assert told["proof"] == [check.to_json() for check in many.checks]
    assert all(check["difference"] > 0 for check in told["proof"])  # two did compute it
    assert many.size == sum(map(len, content(many.path).values()))


def test_equal_exports_are_equal_bytes(photo_run, tmp_path):
    first, second = (export_bundle(photo_run, tmp_path / name).path for name in ("a", "b"))
    one, two = (export_bundle(photo_run, tmp_path / f"{name}.zip").path for name in ("c", "d"))
    assert content(first) == content(second) == content(one)
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as archive:  # whoever unpacks it can read it
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}


def test_nothing_tells_where_it_was_made(photo_run, tmp_path):
    for data in content(export_bundle(photo_run, tmp_path / "bundle").path).values():
        assert str(tmp_path.parents[1]).encode() not in data


def test_two_classes_have_two_columns(pictures, train, tmp_path):
    photos = pictures(tmp_path / "photos", classes=("checks", "stripes"), size=(16, 16))
    source = tmp_path / "net.py"
    source.write_text(
        "import keras\ndef build(shape, classes):\n"
        "    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(),\n"
        "        keras.layers.Dense(1, activation='sigmoid')])\n"
    )
    own = f"{source}:build"
    run = train(tmp_path / "run", photos, own, steps=10, batch_size=8)
    assert restore(run, model=own).network.graph.binary
    bundle = open_bundle(export_bundle(run, model=own).path)
    assert bundle.path == run.path / "export"
    probabilities, logits = bundle.answer(np.zeros((3, 16, 16, 3), np.uint8))
    assert probabilities.shape == (3, 2) and (logits[:, 0] == 0).all()


def test_a_deck_recipe_says_that_it_watched_test(train, tmp_path):
    run = train(tmp_path / "run", "digits", "softmax", named="G1.0", steps=20)
    exported = export_bundle(run)
    assert exported.checks[0].kind == "test"
    assert "watched during training" in (exported.path / files.CARD).read_text()


def test_a_network_of_ones_own_is_asked_for_again(train, tmp_path):
    source = tmp_path / "net.py"
    source.write_text(
        "import keras\nfrom pathlib import Path\nPath(__file__).with_name('ran').touch()\n"
        "def build(shape, classes):\n"
        "    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(),\n"
        "        keras.layers.Dense(classes, activation='softmax')])\n"
    )
    own = f"{source}:build"
    run = train(tmp_path / "run", "digits", own, steps=10)
    (tmp_path / "ran").unlink()
    with pytest.raises(BadUsage, match=r"--model FILE\.py:FUNCTION"):
        export_bundle(run)
    assert not (tmp_path / "ran").exists() and not (run.path / "export").exists()
    exported = export_bundle(run, model=own)
    (tmp_path / "ran").unlink()
    open_bundle(exported.path)
    assert not (tmp_path / "ran").exists()
    assert str(source).encode() not in b"".join(content(exported.path).values())


def test_golden_pictures_can_be_held_out_ones_and_the_card_says_so(photo_run, tmp_path):
    generated, held_out = (
        export_bundle(photo_run, tmp_path / kind, golden=kind) for kind in ("generated", "held-out")
    )
    assert "none is of the data" in (generated.path / files.CARD).read_text()
    assert "share it as you would share the data" in (held_out.path / files.CARD).read_text()
    assert held_out.checks[-1].pictures == 6
    open_bundle(held_out.path)


def test_the_accuracy_is_that_of_the_weights_that_are_exported(moved, tmp_path):
    assert "Test accuracy: not known" not in (export_bundle(moved).path / files.CARD).read_text()
    metrics = moved.path / "eval" / "metrics.json"
    told = json.loads(metrics.read_text())
    metrics.write_text(json.dumps({**told, "step_read": told["step_read"] + 1}))
    card = (export_bundle(Run(moved.path), checkpoint="last").path / files.CARD).read_text()
    assert "Test accuracy: not known" in card and "model-index" not in card
    metrics.unlink()
    card = (export_bundle(Run(moved.path)).path / files.CARD).read_text()
    assert "Test accuracy: not known" in card and "Test: read once" not in card


# What goes wrong in other people's exports. Each is put in one place only.


def other_record(**changed):
    """What stands in preprocess.json is not what the network was trained with."""

    def change(monkeypatch):
        right, told = exporting.to_onnx, Preprocess.to_json

        def written(*values):
            monkeypatch.setattr(Preprocess, "to_json", lambda self: {**told(self), **changed})
            return right(*values)

        monkeypatch.setattr(exporting, "to_onnx", written)

    return change


def other_graph(change_weights=None, calibration=None, **rule):
    """The graph is written with other weights, another calibration or another scaling."""

    def change(monkeypatch):
        right = exporting.to_onnx

        def written(graph, weights, preprocess, identity, classes):
            return right(
                graph,
                change_weights(dict(weights)) if change_weights else weights,
                dataclasses.replace(preprocess, **rule),
                calibration or identity,
                classes,
            )

        monkeypatch.setattr(exporting, "to_onnx", written)

    return change


def first_kernel(changed):
    def change(weights):
        name = next(name for name, value in weights.items() if value.ndim == 4)
        return {**weights, name: changed(weights[name])}

    return change


def other_reader(pixels):
    """Whoever reads pictures by the record does it otherwise."""

    class Reader(Preprocess):
        def pixels(self, picture):
            return pixels(self, picture)

    def change(monkeypatch):
        monkeypatch.setattr(exporting, "Preprocess", Reader)

    return change


def resized(how):
    def pixels(rule, picture):
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        box = rule._centre(image.width, image.height)
        image = image.convert("RGB").resize((rule.width, rule.height), how, box=box)
        return np.asarray(image, np.uint8)

    return pixels


FAULTS = {
    "stretched": other_record(fit="stretch"),
    "scaled": other_graph(scale=1 / 256),
    "scaled twice": other_graph(scale=1 / 255**2),
    "moved": other_graph(offset=-0.01),
    "blue first": other_graph(first_kernel(lambda kernel: kernel[:, :, ::-1])),
    "mirrored kernel": other_graph(first_kernel(lambda kernel: kernel[:, ::-1])),
    "one weight": other_graph(first_kernel(lambda kernel: kernel + np.float32(0.01))),
    "calibrated": other_graph(calibration=Calibration("temperature", (0.9,) * 3, (0.0,) * 3)),
    "reads blue first": other_reader(lambda rule, p: Preprocess.pixels(rule, p)[..., ::-1].copy()),
    "reads mirrored": other_reader(lambda rule, p: Preprocess.pixels(rule, p)[:, ::-1].copy()),
    "takes the nearest pixel": other_reader(resized(Image.Resampling.NEAREST)),
    "resizes bicubic": other_reader(resized(Image.Resampling.BICUBIC)),
    "no number": other_graph(first_kernel(lambda kernel: kernel * np.float32("nan"))),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_a_planted_fault_writes_nothing(photo_run, tmp_path, monkeypatch, fault, name):
    FAULTS[fault](monkeypatch)
    with pytest.raises(Disagrees) as caught:
        export_bundle(photo_run, tmp_path / "out" / name)
    assert caught.value.exit_code == 1
    assert not (tmp_path / "out").exists()


def test_what_a_softmax_hides_is_seen(finished_run, tmp_path, monkeypatch):
    """All logits larger by 5: the same probabilities, and another unknown score."""
    right = exporting.to_onnx

    def shifted(graph, weights, *rest):
        name = graph.nodes[-1].weight("bias")
        return right(graph, {**weights, name: weights[name] + np.float32(5)}, *rest)

    monkeypatch.setattr(exporting, "to_onnx", shifted)
    with pytest.raises(Disagrees, match="logits differ by at most"):
        export_bundle(finished_run, tmp_path / "bundle")


def test_a_refused_export_leaves_the_old_bundle(photo_run, tmp_path, monkeypatch):
    before = content(export_bundle(photo_run, tmp_path / "bundle").path)
    FAULTS["scaled"](monkeypatch)
    with pytest.raises(Disagrees, match="so nothing was written"):
        export_bundle(photo_run, tmp_path / "bundle")
    assert content(tmp_path / "bundle") == before


def test_data_that_is_gone_or_another(pictures, train, tmp_path):
    photos = pictures(tmp_path / "photos", size=(16, 16))
    run = train(tmp_path / "run", photos, "softmax", steps=10, batch_size=8)
    picture = photos / "checks" / "000.png"
    kept = picture.read_bytes()
    Image.new("RGB", (16, 16)).save(picture)
    with pytest.raises(BadData, match=r"is not what .* was trained on.*put it back"):
        export_bundle(run)
    picture.write_bytes(kept)
    photos.rename(tmp_path / "elsewhere")
    with pytest.raises(BadData, match=r"photos\. .*put it back"):
        export_bundle(run)
    assert not (run.path / "export").exists()


@pytest.mark.parametrize(
    "names",
    [
        ["notes.txt"],
        ["manifest.json"],  # of a checkpoint, of a web page
        ["manifest.json", "index.html"],
        ["manifest.json", "model.onnx", "notes.txt"],
        ["README.md"],
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_nothing_but_a_bundle_is_replaced(tmp_path, names, kind):
    place = tmp_path / ("there.zip" if kind == "zip" else "there")
    if kind == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for name in names:
                archive.writestr(name, "mine")
    else:
        place.mkdir()
        for name in names:
            (place / name).write_text("mine")
    with pytest.raises(BadUsage, match="give another --out"):
        check_place(place)


def test_other_places_that_are_refused(finished_run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.zip").write_text("mine")
    (tmp_path / "text").write_text("mine")
    (tmp_path / "folder.zip").mkdir()
    (tmp_path / "folder.zip" / "mine").touch()
    for name in ("text.zip", "text", "folder.zip", ".", "", "/", "..", finished_run.path):
        with pytest.raises(BadUsage, match=r"--out"):
            export_bundle(finished_run, name)
    assert (tmp_path / "text").read_text() == (tmp_path / "text.zip").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    open_bundle(export_bundle(finished_run, "empty").path)
    open_bundle(export_bundle(finished_run, "made/on/the/way.zip").path)


class Died(BaseException):
    """Nothing more reaches the disk."""


OPERATIONS = (
    "open_file",
    "write",
    "sync",
    "close",
    "rename",
    "make_directory",
    "remove_file",
    "remove_directory",
)


def planted(patch, at, kind):
    """At the `at`th operation the process dies, or the disk says that it is full; counts them."""
    count = [0]

    def planted_in(real):
        def operation(*values):
            count[0] += 1
            if count[0] >= at and kind == "dies":
                raise Died
            if count[0] == at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*values)

        return operation

    for name in OPERATIONS:
        patch.setattr(disk, name, planted_in(getattr(disk, name)))
    return count


def copied(place, target):
    return shutil.copytree(place, target) if place.is_dir() else shutil.copy(place, target)


@pytest.mark.parametrize("kind", ["dies", "full"])
@pytest.mark.parametrize("name", ["bundle", "bundle.zip"])
def test_whatever_happens_the_bundle_is_the_old_or_the_new(photo_run, tmp_path, kind, name):
    before = export_bundle(photo_run, tmp_path / "old" / name).path
    old = content(before)
    new = content(export_bundle(photo_run, tmp_path / "new" / name, golden="held-out").path)
    assert old != new
    with pytest.MonkeyPatch.context() as patch:
        count = planted(patch, 10**6, kind)
        exporting._write(copied(before, tmp_path / name), new)
    steps = range(1, count[0] + 2)
    found = []
    for at in sorted({*steps[:3], *steps[3:-16:11], *steps[-16:]}):  # in between, file after file
        folder = tmp_path / f"{at}"
        folder.mkdir()
        place = copied(before, folder / name)
        with pytest.MonkeyPatch.context() as patch:
            planted(patch, at, kind)
            with suppress(Died, OSError):
                exporting._write(place, new)
        left = {each.name for each in folder.iterdir()} - {name}
        if place.exists():
            found.append(content(place) == new)
            assert found[-1] or content(place) == old
            assert kind == "dies" or found[-1] or not left
        else:  # between two renames
            assert kind == "dies" and name == "bundle"
            [beside] = [each for each in folder.iterdir() if "-before" in each.name]
            assert content(beside) == old
    assert found == sorted(found) and len(set(found)) == 2
    exporting._write(place, old)  # and nothing is in the way of the next
    assert content(place) == old

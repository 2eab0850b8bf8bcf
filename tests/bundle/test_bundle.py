"""A bundle as one thing: its parts fit each other, its golden pictures answer, nothing else is."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load, save

from saccade.bundle.bundle import golden_of, is_bundle, open_bundle
from saccade.bundle.files import CALIBRATION, CLASSES, GOLDEN, MODEL, PREPROCESS
from saccade.core.errors import BadBundle

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 1), dtype=np.uint8)


def refused(place, says):
    with pytest.raises(BadBundle) as caught:
        open_bundle(place)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 1000


def told(written, name, **changed):
    return {name: json.dumps({**json.loads(written[name]), **changed}).encode()}


def test_it_answers(forged, written):
    bundle = open_bundle(forged(), threads=1)
    assert bundle.classes == tuple("0123456789")
    assert is_bundle(bundle.path)
    assert bundle.fingerprint == bundle.manifest["files"][MODEL]["sha256"]
    probabilities, logits = bundle.answer(PIXELS)
    assert probabilities.shape == logits.shape == (5, 10)
    np.testing.assert_allclose(probabilities, bundle.calibration.probabilities(logits), atol=1e-6)
    np.testing.assert_array_equal(bundle.logits(PIXELS), logits)
    for wrong in (PIXELS.astype(np.float32), PIXELS[:, 1:], PIXELS[0]):
        with pytest.raises(ValueError, match="uint8"):
            bundle.answer(wrong)


@pytest.mark.parametrize(
    "value", ["", "{}", "null", "[1]", '["a"]', '"0123456789"', "[[]]", '["a", "b"]', "[" * 9999]
)
def test_classes_that_are_none(forged, value):
    refused(forged({CLASSES: value.encode()}), "bundle")


def test_a_class_that_is_named_twice(forged):
    refused(forged({CLASSES: json.dumps(["a"] * 10).encode()}), CLASSES)


@pytest.mark.parametrize(
    "changed",
    [
        {"height": "8"},
        {"height": 8.0},
        {"channels": True},
        {"channels": 1.0},
        {"width": None},
        {"width": []},
        {"width": 0},
        {"fit": "squash"},
        {"fit": []},
        {"channels": 2},
        {"resize": "bicubic"},
        {"scale": [1, 2]},
        {"__class__": "os.system"},
    ],
)
def test_a_preprocessing_that_is_none(forged, written, changed):
    refused(forged(told(written, PREPROCESS, **changed)), PREPROCESS)


@pytest.mark.parametrize("changed", [{"height": 9}, {"width": 10**9}, {"channels": 3}])
def test_a_preprocessing_for_another_network(forged, written, changed):
    refused(forged(told(written, PREPROCESS, **changed)), "the network takes pictures (8, 8, 1)")


@pytest.mark.parametrize("text", ["", "[]", "null", "7", '"x"', "{", "{}", "[" * 9999, "\\ud800"])
@pytest.mark.parametrize("name", [PREPROCESS, CALIBRATION])
def test_records_that_are_none(forged, name, text):
    refused(forged({name: text.encode()}), name)


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "pickle"},
        {"method": []},
        {"scale": [1.0] * 3},
        {"scale": "1111111111"},
        {"scale": [float("nan")] * 10},
        {"scale": [1e400] * 10},
        {"offset": [True] * 10},
        {"offset": [10**400] * 10},
        {"scale": [0.5] * 10},
        {"reject": {"threshold": 2}},
        {"unknown": []},
        {"conformal": {"coverage": 0.9, "kind": "LAC", "quantile": float("inf")}},
        {"more": 1},
    ],
)
def test_a_calibration_that_is_none(forged, written, changed):
    with pytest.raises(BadBundle):
        open_bundle(forged(told(written, CALIBRATION, **changed)))


def test_a_calibration_for_more_classes(forged, written):
    more = told(written, CALIBRATION, scale=[1.0] * 11, offset=[0.0] * 11)
    refused(forged(more), "10 classes")


@pytest.mark.parametrize("fit", ["stretch"])
def test_another_resize_is_seen_by_the_golden_pictures(forged, written, fit):
    refused(forged(told(written, PREPROCESS, fit=fit)), "does not answer here as it did")


def golden(written, **changed):
    arrays = {**load(written[GOLDEN]), **changed}
    return {GOLDEN: save({name: value for name, value in arrays.items() if value is not None})}


def png(size, mode="L"):
    file = io.BytesIO()
    Image.new(mode, size).save(file, "PNG")
    return np.frombuffer(file.getvalue(), np.uint8)


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda p: p + np.float32(2e-4) * (p < 0.5), "does not answer here as it did"),
        (lambda p: p[:, ::-1].copy(), "does not answer here as it did"),
        (lambda p: p * np.float32("nan"), "probabilities that are none"),
        (lambda p: p * np.float32("inf"), "probabilities that are none"),
        (lambda p: p - 1, "probabilities that are none"),
        (lambda p: p[:, :9], "holds no golden pictures"),
        (lambda p: p[:5], "holds no golden pictures"),
        (lambda p: p.astype(np.float64), "holds no golden pictures"),
        (lambda p: None, "holds no golden pictures"),
    ],
)
def test_golden_answers_that_are_not_the_networks(forged, written, change, says):
    right = load(written[GOLDEN])["probabilities"]
    refused(forged(golden(written, probabilities=change(right))), says)


@pytest.mark.parametrize(
    "picture, says",
    [
        (np.zeros(0, np.uint8), "can't be read"),
        (np.frombuffer(b"no picture at all", np.uint8), "can't be read"),
        (np.zeros((2, 2), np.uint8), "no file's bytes"),
        (np.zeros(3, np.int64), "no file's bytes"),
        (None, "no golden pictures"),
        (png((8, 8)), "does not answer here as it did"),
    ],
)
def test_golden_pictures_that_are_none(forged, written, picture, says):
    refused(forged(golden(written, **{"picture-1": picture})), says)


def test_golden_pictures_that_are_bombs(forged, written):
    bomb = png((9_000, 9_000), "1")
    assert len(bomb) < 1 << 17
    place = forged(golden(written, **{"picture-0": bomb, "picture-1": bomb}))
    refused(place, "100,000,000 pixels")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04.",
        bytes(8),
        b"\xff" * 16,
        (1 << 62).to_bytes(8, "little") + b"{}",
        (2).to_bytes(8, "little") + b"{}",
        (12).to_bytes(8, "little") + b'{"a":[[[[[]]',
    ],
)
def test_a_golden_file_that_is_none(forged, data):
    refused(forged({GOLDEN: data}), GOLDEN)


@pytest.mark.parametrize("dtype", ["BF16", "F8_E4M3", "F8_E5M2", "U16", "BOOL", "X", "F4"])
def test_a_golden_file_of_other_numbers(tmp_path, dtype):
    head = json.dumps({"probabilities": {"dtype": dtype, "shape": [1, 8], "data_offsets": [0, 8]}})
    data = len(head).to_bytes(8, "little") + head.encode() + bytes(8)
    with pytest.raises(BadBundle, match=GOLDEN):
        golden_of(tmp_path, data, 8)


def test_too_many_golden_pictures(tmp_path):
    many = {f"picture-{i}": png((1, 1)) for i in range(65)}
    data = save({**many, "probabilities": np.full((65, 2), 0.5, np.float32)})
    with pytest.raises(BadBundle, match="no golden pictures"):
        golden_of(tmp_path, data, 2)


# Opens a good bundle first, so that everything is loaded; then notes all that Python does.
WATCHED = """
import json, sys
from saccade.bundle.bundle import open_bundle
from saccade.core.errors import BadBundle

good, *places = sys.argv[1:]
open_bundle(good, threads=1)
events, noted, NOTED = [], False, ("open", "import", "exec", "compile", "subprocess.Popen",
    "socket.", "ctypes.", "os.", "shutil.", "tempfile.", "pickle.", "marshal.", "code.__new__")

def hook(event, arguments):
    global noted
    if noted and event.startswith(NOTED):
        noted = False
        try:
            events.append((event, str(arguments[0]) if arguments else ""))
        finally:
            noted = True

sys.addaudithook(hook)
for place in places:
    events.clear()
    noted = True
    try:
        open_bundle(place, threads=1)
        answer = "opened"
    except BadBundle as error:
        answer = str(error)
    finally:
        noted = False
    print(json.dumps([place, answer, events]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="other files are opened there")
def test_nothing_outside_is_opened_and_nothing_is_executed(written, forged, hostile):
    good = forged()
    places = [forged({MODEL: data}, name) for name, data in hostile.items()]
    places.append(forged({GOLDEN: b"\x80\x04cos\nsystem\n(S'touch x'\ntR."}, "pickled"))
    for place in places:
        (place / "weights.bin").write_bytes(bytes(128))
        (place / "numpy.py").write_text("raise SystemExit(9)")
    done = subprocess.run(
        [sys.executable, "-P", "-c", WATCHED, good, good, *places],
        cwd=places[0],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    first, *others = [json.loads(line) for line in done.stdout.splitlines()]
    assert first[1] == "opened" and any(event == "open" for event, _ in first[2])
    assert len(others) == len(places)
    own = {"manifest.json", *json.loads(written["manifest.json"])["files"]}
    for place, answer, events in (first, *others):
        assert (answer == "opened") == (place == str(good))
        for event, argument in events:
            assert event == "open", (place, event, argument)
            # A number is the descriptor of a file that was opened by its name.
            assert argument in {f"{place}/{name}" for name in own} or int(argument) > 2

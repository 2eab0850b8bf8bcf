"""A model from the user's own file."""

import hashlib
import sys

import numpy as np
import pytest

from saccade.core.errors import BadUsage, MissingFile
from saccade.models import is_file
from saccade.models.initialize import first_weights
from saccade.models.rebuild import rebuild
from saccade.models.user import from_file

SHAPE = (8, 8, 1)
GOOD = """\
import keras

def build(input_shape, classes):
    return keras.Sequential([
        keras.Input(input_shape),
        keras.layers.Flatten(),
        keras.layers.Dense(classes, activation="softmax"),
    ])
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="my_net.py"):
        (tmp_path / name).write_text(text)
        return f"{tmp_path / name}:build"

    return write


def test_it_is_built_for_the_pictures_and_remembered_by_its_source(write, tmp_path):
    network = from_file(write(GOOD), SHAPE, 3)
    assert (network.name, network.parameters, network.classes) == ("my_net", 64 * 3 + 3, 3)
    sha256 = hashlib.sha256(GOOD.encode()).hexdigest()
    assert network.reference == {
        "model": "file",
        "file": f"{tmp_path / 'my_net.py'}:build",
        "source_sha256": sha256,
    }


def test_first_weights_are_a_function_of_the_seed(write):
    spec = write(GOOD)
    kernels = [
        first_weights(from_file(spec, SHAPE, 3, seed=seed).graph, "layers", 0)["01-dense/kernel"]
        for seed in (0, 0, 1)
    ]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert (kernels[0] != kernels[2]).any()


def test_a_file_may_import_what_lies_beside_it_and_leaves_no_trace(write, tmp_path):
    write("WIDTH = 5\n", "my_widths.py")
    text = GOOD.replace("import keras\n", "import keras\nimport my_widths\n")
    text = text.replace("Flatten(),", "Flatten(), keras.layers.Dense(my_widths.WIDTH),")
    path = list(sys.path)
    try:
        assert from_file(write(text), SHAPE, 3).parameters == 65 * 5 + 6 * 3
    finally:
        sys.modules.pop("my_widths", None)
    assert sys.path == path
    assert not list(tmp_path.glob("__pycache__/my_net*"))


def test_nothing_of_a_run_is_executed(write, tmp_path):
    """A run's record only names a hash; rebuilding it asks for the file."""
    marker = tmp_path / "ran"
    text = f"open({str(marker)!r}, 'w').close()\n" + GOOD
    reference = {"model": "file", "source_sha256": hashlib.sha256(text.encode()).hexdigest()}
    spec = write(text)
    with pytest.raises(BadUsage, match="nothing in a run is executed"):
        rebuild({**reference, "file": spec, "source": text}, SHAPE, 3)
    assert not marker.exists()
    own = from_file(spec, SHAPE, 3)
    assert marker.exists()
    assert rebuild(reference, SHAPE, 3, own) is own


REFUSED = {
    "a syntax error": ("def build(:\n", "my_net.py, line 1: SyntaxError"),
    "an error while it is read": ("import keras\n\nnothing\n", "line 3: NameError: .*nothing"),
    "an error while it builds": (
        GOOD.replace("classes, act", "clases, act"),
        "line 7: NameError: .*clases",
    ),
    "no such function": (
        GOOD.replace("build", "make_it"),
        "has no function `build`; it has `make_it`",
    ),
    "no arguments": ("def build():\n    pass\n", "TypeError: .*positional"),
    "not a model": ("def build(shape, classes):\n    return 7\n", "gave builtins.int, expected"),
    "another size": (
        GOOD.replace("Input(input_shape)", "Input((28, 28, 1))"),
        r"asked for a model of \(8, 8, 1\) pictures and gave one of \(28, 28, 1\)",
    ),
    "other classes": (GOOD.replace("Dense(classes", "Dense(10"), r"shape \(10,\) for 3 classes"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_goes_wrong_is_said_with_its_place(case, write):
    text, said = REFUSED[case]
    with pytest.raises(BadUsage, match=said):
        from_file(write(text), SHAPE, 3)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(MissingFile, match=r"my_net\.py: No such file"):
        from_file(f"{tmp_path}/my_net.py:build", SHAPE, 3)


@pytest.mark.parametrize("spec", ["my_net.py", "my_net:build", "my_net.py:", "my_net.py:a b"])
def test_what_was_typed_must_name_a_file_and_a_function(spec):
    with pytest.raises(BadUsage, match=r"FILE\.py:FUNCTION, got `my_net"):
        from_file(spec, SHAPE, 3)


def test_a_file_is_told_from_a_name():
    assert is_file("nets/my_net.py:build")
    assert is_file("my_net.py")  # to be refused with what is missing, not as an unknown name
    assert not is_file("conv-bn")

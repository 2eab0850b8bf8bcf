"""The card of a bundle: its front matter is data, whatever data and classes are called."""

import re

import pytest

from saccade.core.calibration import Calibration, identity
from saccade.export.card import card
from saccade.export.proof import Parity

NAMES = [
    "plain",
    "two words",
    'a"b',
    "a\\b",
    "a: b # c",
    "- list",
    "---",
    "\n---\nlicense: mit\n---\n",
    "{a: b}",
    "[a, b]",
    "!!python/object:os.system",
    "&anchor *alias",
    "'single'",
    "yes",
    "null",
    "0x10",
    "%TAG",
    "<script>alert(1)</script>",
    "![x](http://a/b.png)",
    "[x](javascript:alert(1))",
    "`code`",
    "# title",
    "a\x00b\x1b[31m\x7f\x85",
    "\u2028\u202e\ufeff",
    "caf\udce9",
    "\U0001f600 猫",
    "| a | b |",
    "$x$",
    "</details>",
]
CHECKS = [Parity("test", 256, 1e-6, 256), Parity("golden", 6, 1e-7, 6)]
SCALAR = r'"(?:[^"\\]|\\U[0-9a-f]{8})*"'


def written(name, metrics=None, watch="validation", calibration=None, classes=("a", "b")):
    facts = {
        "data": {"name": name, "classes": [*classes], "statement": f"{name}: 3 images"},
        "model": {"name": name, "input_shape": [8, 8, 1], "parameters": 650},
        "recipe": {"watch": watch},
    }
    test = {"accuracy": 0.9, "low": 0.8, "high": 0.95, "n": 100}
    metrics = {"test": test} if metrics is None else metrics
    return card(facts, metrics, calibration or identity(2), CHECKS, "Golden").decode()


def unquoted(scalar):
    return re.sub(r"\\U([0-9a-f]{8})", lambda found: chr(int(found[1], 16)), scalar[1:-1])


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_one_scalar_of_the_front_matter(name):
    text = written(name)
    start, front, _ = text.split("---\n", 2)
    assert start == ""
    lines = front.split("\n")[:-1]
    shape = [re.sub(SCALAR, "NAME", line) for line in lines]
    assert shape == [
        "library_name: saccade",
        "pipeline_tag: image-classification",
        "tags: [image-classification, onnx, saccade]",
        "datasets: [NAME]",
        "metrics: [accuracy]",
        "model-index:",
        "- name: NAME",
        "  results:",
        "  - task: {type: image-classification}",
        "    dataset: {name: NAME, type: NAME, split: test}",
        "    metrics:",
        "    - {type: accuracy, name: Accuracy, value: 0.900000}",
    ]
    for scalar in re.findall(SCALAR, front):
        assert scalar.isprintable()
        if name.isprintable():
            assert unquoted(scalar) in (name, f"{name}-{name}")


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_text_and_nothing_else_in_the_body(name):
    body = written(name, classes=(name, "b")).split("---\n", 2)[2]
    assert body.splitlines()[1].startswith("# ")
    assert [line for line in body.split("\n") if line.startswith("#")] == [
        body.split("\n")[1],
        "## Use",
        "## Proof",
    ]
    ours = r"```(?:sh)?|`(?:pixels|probabilities|logits)`|PATH-OF-THIS-FOLDER"
    unescaped = re.sub(r"\\.", "", re.sub(ours, "", body), flags=re.DOTALL)
    assert not set("<>`*_|$") & set(unescaped)
    assert "](" not in unescaped
    assert "\x1b" not in body and "\x00" not in body


def test_what_is_not_known_is_not_told():
    text = written("digits", metrics={})
    assert "model-index" not in text and "accuracy: not known" in text and "Test: read" not in text
    assert "watched during training" in written("digits", metrics={}, watch="test")


def test_confidence_is_told_as_it_is():
    assert "not calibrated" in written("digits")
    scaled = Calibration("temperature", (0.5, 0.5), (0.0, 0.0))
    assert "calibrated (temperature scaling" in written("digits", calibration=scaled)


def test_many_classes_are_not_all_named():
    text = written("digits", classes=[f"class {i}" for i in range(1000)])
    assert "1,000 classes" in text and "class 19, ..." in text and "class 20" not in text


def test_only_what_is_in_the_file_is_counted():
    """The run's network had heads that are heard while it trains."""
    facts = {
        "data": {"name": "digits", "classes": ["a", "b"], "statement": "digits: 3 images"},
        "model": {
            "name": "googlenet",
            "input_shape": [8, 8, 1],
            "parameters": 13_378_280,
            "answering_parameters": 6_998_552,
        },
        "recipe": {"watch": "validation"},
    }
    text = card(facts, {}, identity(2), CHECKS, "Golden").decode()
    assert "6,998,552 parameters" in text and "13,378,280" not in text

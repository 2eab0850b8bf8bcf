"""Errors a person can cause end with the exit code of their kind, and name what is near."""

import pytest

from saccade.core import errors


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.BadUsage, 2),
        (errors.BadData, 2),
        (errors.MissingFile, 2),
        (errors.BadRun, 2),
        (errors.BadBundle, 2),
        (errors.Disagrees, 1),
        (errors.BrowserFailed, 1),
        (errors.NotSaved, 1),
        (errors.OutOfMemory, 1),
        (errors.Diverged, 1),
    ],
)
def test_every_kind_has_its_exit_code(kind, code):
    assert issubclass(kind, errors.SaccadeError)
    assert kind("x").exit_code == code


def test_every_kind_is_in_the_table_above():
    assert {kind.__name__ for kind in errors.SaccadeError.__subclasses__()} == {
        "BadUsage",
        "BadData",
        "MissingFile",
        "BadRun",
        "BadBundle",
        "Disagrees",
        "BrowserFailed",
        "NotSaved",
        "OutOfMemory",
        "Diverged",
    }


@pytest.mark.parametrize(
    ("typed", "near"), [("sofmax", "softmax"), ("CONV", "conv"), ("mlprelu", "mlp-relu")]
)
def test_the_nearest_name_is_suggested(typed, near):
    text = str(errors.unknown_name("model", typed, ["softmax", "conv", "mlp-relu"]))
    assert f"`{typed}`" in text
    assert f"Did you mean `{near}`" in text


@pytest.mark.parametrize("typed", ["", "zzzzzz", "ü" * 40])
def test_without_a_near_name_all_are_listed(typed):
    text = str(errors.unknown_name("model", typed, ["softmax", "conv"], " And more."))
    assert "Did you mean" not in text
    assert text.endswith("Known: conv, softmax. And more.")

"""Two runs side by side, and the test that tells luck from skill."""

import pytest

import saccade
from saccade.core.errors import BadRun
from saccade.core.significance import mcnemar
from saccade.run.events import Intervened
from saccade.view.compare import compare


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Three finished runs on digits: a weak one, a strong one, the strong one again."""
    root, digits = tmp_path_factory.mktemp("runs"), saccade.load("digits")
    runs = {}
    for name, steps in (("weak", 3), ("strong", 400), ("again", 400)):
        runs[name] = saccade.create_run(root / name)
        recipe = saccade.recipe("softmax", steps=steps)
        list(saccade.record(saccade.fit("softmax", digits, recipe), runs[name]))
    return runs


def test_a_clear_difference_is_said_with_its_side(made):
    result = compare(made["weak"], made["strong"])
    assert result.p < 1e-6
    assert result.words.startswith("The second is better")
    assert compare(made["strong"], made["weak"]).words.startswith("The first is better")
    gained = (result.second.accuracy - result.first.accuracy) * result.first.n
    assert result.only_second - result.only_first == pytest.approx(gained)
    assert ("steps", "3", "400") in result.differences


def test_the_same_run_twice_is_no_difference(made):
    result = compare(made["strong"], made["again"])
    assert (result.only_first, result.only_second, result.p) == (0, 0, 1.0)
    assert result.differences == ()
    assert result.words.startswith("No difference")


def test_an_unfinished_run_is_refused(made, tmp_path):
    run = saccade.create_run(tmp_path / "r")
    events = saccade.record(saccade.fit("softmax", saccade.load("digits")), run)
    next(events)
    events.close()
    with pytest.raises(BadRun, match="is interrupted"):
        compare(made["weak"], run)


@pytest.mark.parametrize("first, second", [(8, 2), (2, 8), (0, 0), (1, 0), (30, 12), (500, 430)])
def test_the_p_value_is_scipys(first, second):
    from scipy.stats import binomtest

    n = first + second
    expected = binomtest(first, n).pvalue if n else 1.0
    assert mcnemar(first, second) == pytest.approx(expected)


def test_what_was_asked_on_the_way_is_a_difference(tell):
    longer = Intervened(10, "epochs", 1.0, "page", 50)
    assert compare(tell(), tell(asked=[longer])).differences == (
        ("asked on the way", "-", "step 10: 1 epoch more, 50 steps in all (page)"),
        ("steps", "40", "50"),
    )
    assert compare(tell(asked=[longer]), tell(asked=[longer])).differences == ()

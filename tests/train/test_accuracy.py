"""What the networks reach, on real data: the course's milestones."""

import pytest

import saccade


@pytest.mark.parametrize(
    "model, least",
    [
        ("softmax", 0.93),
        ("mlp-relu", 0.96),
        ("conv", 0.965),
        pytest.param("conv-bn", 0.97, marks=pytest.mark.slow),
    ],
)
def test_digits_with_the_default_recipe(model, least):
    *_, finished = saccade.fit(model, saccade.load("digits"))
    assert finished.test.accuracy > least


@pytest.mark.slow
def test_conv_on_digits_reaches_98_percent_as_the_mean_of_five_seeds():
    digits = saccade.load("digits")
    accuracies = []
    for seed in range(5):
        *_, finished = saccade.fit("conv", digits, saccade.recipe("conv", seed=seed))
        accuracies.append(finished.test.accuracy)
    assert sum(accuracies) / 5 >= 0.98


def test_softmax_passes_92_percent_within_2000_steps(mnist):
    seen = []
    for event in saccade.fit("softmax", mnist, saccade.recipe("softmax", "G1.0")):
        if type(event).__name__ == "Evaluated" and event.step <= 2000:
            seen.append(event.accuracy)
    assert max(seen) > 0.92


@pytest.mark.slow
def test_conv_with_the_decks_recipe_is_inside_its_band(mnist):
    *_, finished = saccade.fit("conv", mnist, saccade.recipe("conv", "G3.0"))
    assert 0.987 <= finished.best_watched <= 0.991


@pytest.fixture
def mnist(data_dir, monkeypatch):
    monkeypatch.setenv("SACCADE_DATA_DIR", str(data_dir))
    return saccade.load("mnist")

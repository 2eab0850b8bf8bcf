"""The history against the table of models."""

import re

import pytest

from saccade.models import MODELS
from saccade.models.history import HISTORY

NAMED = [each for each in HISTORY if each.model]


def name(milestone):
    return milestone.name


def test_it_goes_from_lenet_to_selu():
    years = [each.year for each in HISTORY]
    assert years == sorted(years)
    assert (HISTORY[0].name, years[0]) == ("LeNet-5", 1998)
    assert (HISTORY[-1].name, years[-1]) == ("SELU", 2017)
    assert len({each.name for each in HISTORY}) == len(HISTORY)


@pytest.mark.parametrize("milestone", NAMED, ids=name)
def test_every_network_can_be_built(milestone):
    if milestone.model not in MODELS:
        pytest.skip(f"{milestone.model} is yet to come")
    if milestone.paper:
        assert milestone.counted == pytest.approx(number(milestone.paper), rel=0.03)
    if milestone.deck:
        assert milestone.counted != pytest.approx(number(milestone.deck), rel=0.03)


def number(words):
    value, million = re.fullmatch(r"([\d.,]+)( million)?", words).groups()
    return float(value.replace(",", "")) * (1e6 if million else 1)


@pytest.mark.parametrize(
    "meant, model", [("VGG-16", "vgg-16"), ("ResNet-50", "resnet-50")], ids=["vgg", "resnet"]
)
def test_the_slides_count_another_network(meant, model):
    [milestone] = [each for each in HISTORY if each.meant == meant]
    if model not in MODELS:
        pytest.skip(f"{model} is yet to come")
    assert MODELS[model].parameters == pytest.approx(number(milestone.deck), rel=0.03)


def test_what_is_from_memory_is_there():
    for each in HISTORY:
        assert all(getattr(each, field) for field in each.from_memory), each.name
        assert each.result and each.title
        assert bool(each.deck) == bool(each.meant)

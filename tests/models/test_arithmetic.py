"""The numbers of the course's slides and quizzes, from the tool's own table."""

import math
import re

import pytest

from saccade.models import MODELS
from saccade.models.arithmetic import arithmetic
from saccade.models.network import build


def test_the_linear_model_of_the_quiz():
    assert arithmetic(build("softmax", (28, 28, 1), 10).graph)[-1].working == "784*10 + 10 = 7,850"


@pytest.mark.parametrize(
    "layer, output, working",
    [
        ("conv1", "28x28x4", "5*5*1*4 + 4 = 104"),
        ("conv2", "14x14x8", "5*5*4*8 + 8 = 808"),
        ("conv3", "7x7x12", "4*4*8*12 + 12 = 1,548"),
        ("flatten", "588", "7*7*12 = 588 values"),
        ("dense", "200", "588*200 + 200 = 117,800"),
        ("logits", "10", "200*10 + 10 = 2,010"),
    ],
)
def test_the_convolutional_net_row_by_row(layer, output, working):
    rows = {row.name: row for row in arithmetic(build("conv", (28, 28, 1), 10).graph)}
    assert (rows[layer].output, rows[layer].working) == (output, working)


def test_batch_norm_says_what_is_not_trained():
    rows = {row.name: row for row in arithmetic(build("conv-bn", (28, 28, 1), 10).graph)}
    assert rows["conv1_norm"].working == "24 beta = 24 (48 running statistics beside)"
    assert rows["conv1"].working == "6*6*1*24 = 864"


@pytest.mark.parametrize("name", MODELS)
def test_rows_add_up(name):
    network = build(name, MODELS[name].shape, 10)
    rows = arithmetic(network.graph)
    assert sum(row.parameters for row in rows) == network.parameters
    for row in rows:
        if row.parameters:
            product, _, total = row.working.split(" (")[0].rpartition(" = ")
            terms = re.sub(" (beta|gamma)", "", product).split(" + ")
            value = sum(math.prod(int(factor) for factor in term.split("*")) for term in terms)
            assert f"{value:,}" == total == f"{row.parameters:,}"

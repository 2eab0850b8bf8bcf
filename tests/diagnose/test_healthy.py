"""The default recipe of every family of models has nothing wrong with it."""

from dataclasses import replace

import pytest

import saccade
from saccade.diagnose.checks import diagnose

FEW = ("softmax", "mlp", "mlp-relu", "conv")
MANY = (
    "mlp-dropout", "mlp-bn", "mlp-relu-bn", "conv-dropout", "conv-bn", "conv-bn-small", "K02",
    "E-dnn", "T0", "T1", "residual",
)  # fmt: skip


@pytest.mark.parametrize(
    "model", [*FEW, *(pytest.param(name, marks=pytest.mark.slow) for name in MANY)]
)
def test_a_healthy_training_has_no_problem(model, digits, trained):
    found = diagnose(trained(model, digits, saccade.recipe(model)))
    assert [(each.says, each.evidence) for each in found if each.problem] == []


def test_nor_has_it_on_its_way(digits, trained):
    """As far as it came: in the middle the rate is high, and every evaluation differs."""
    trace = trained("mlp-relu", digits, saccade.recipe("mlp-relu"))
    ends = [evaluation["step"] for evaluation in trace.evaluations]
    for count, step in enumerate(ends, 1):
        seen = replace(
            trace,
            state="running",
            losses=trace.losses[:step],
            accuracies=trace.accuracies[:step],
            rates=trace.rates[:step],
            evaluations=trace.evaluations[:count],
        )
        assert [(step, each.says) for each in diagnose(seen) if each.problem] == []

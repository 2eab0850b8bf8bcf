"""bfloat16 inside an update, float32 around it, and nowhere when it is off."""

import numpy as np
import pytest

from saccade.models.backend import jax, keras
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.normalise import normalise
from saccade.train.engine import Engine
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant

from .test_engine import DIRECT, HALVES, LAYERS, PATCHES, Preprocess, noise, trained

__all__ = ["noise"]
jnp, layers = jax.numpy, keras.layers
FORMS = [PATCHES, DIRECT, LAYERS, HALVES]
NAMES = ["patches", "direct", "layers", "halves"]


def mixed(precision, forms=PATCHES, **recipe):
    """Every kind of layer that is computed in a way of its own."""
    with unallocated():
        body = [
            keras.Input((8, 8, 1)),
            layers.Conv2D(6, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.DepthwiseConv2D(3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.SeparableConv2D(5, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(8, activation="relu"),
            layers.Dropout(0.25),
            layers.Dense(3),
        ]
        graph = layer_graph(keras.Sequential(body))
    values = {"steps": 20, "batch_size": 10, "schedule": Constant(0.05), "optimizer": "sgd"}
    return Engine(
        graph, Recipe(**values, **recipe, precision=precision), Preprocess(8, 8, 1), forms
    )


def learned(engine, noise, rows=130):
    """What one batch says, and the program that says it."""
    state, train = engine.first_state(), engine.resident(noise)
    update = engine._updater(engine.layout)

    def learn(weights):
        key = jax.random.key(0)
        return update.learn(weights, train, jnp.arange(rows), jnp.int32(0), key)

    return jax.jit(learn)(state.weights), jax.make_jaxpr(learn)(state.weights)


def operations(jaxpr):
    """Every operation of a program and of those inside it."""
    for equation in jaxpr.eqns:
        yield equation
        for inside in jax.tree.leaves(equation.params, is_leaf=lambda x: hasattr(x, "eqns")):
            inside = getattr(inside, "jaxpr", inside)
            if hasattr(inside, "eqns"):
                yield from operations(inside)


def types(jaxpr, *kinds):
    """The numbers that operations of these kinds (all, if none is named) take."""
    return {
        str(variable.aval.dtype)
        for equation in operations(jaxpr.jaxpr)
        if not kinds or equation.primitive.name in kinds
        for variable in equation.invars
    }


@pytest.mark.parametrize("forms", FORMS, ids=NAMES)
def test_products_are_of_bfloat16_and_everything_that_stays_is_float32(forms, noise):
    (slopes, loss, accuracy, moved), program = learned(mixed("bfloat16", forms), noise)
    assert types(program, "dot_general", "conv_general_dilated") == {"bfloat16"}
    assert types(program, "log", "exp", "rsqrt") == {"float32"}  # the loss, batch norm's root
    kept = [*slopes, loss, accuracy, *moved.values()]
    assert {str(value.dtype) for value in kept} == {"float32"}
    assert all(np.isfinite(value).all() for value in kept)


@pytest.mark.parametrize("forms", [PATCHES, DIRECT, HALVES], ids=["patches", "direct", "halves"])
def test_sums_are_of_float32(forms, noise):
    _, program = learned(mixed("bfloat16", forms), noise)
    for sum_ in operations(program.jaxpr):
        if sum_.primitive.name == "reduce_sum":
            (many,), (few,) = sum_.invars, sum_.outvars
            assert many.aval.size == few.aval.size or many.aval.dtype == "float32", sum_


@pytest.mark.parametrize("forms", FORMS, ids=NAMES)
def test_off_there_is_none_of_it(forms, noise):
    assert "bfloat16" not in types(learned(mixed("float32", forms), noise)[1])


@pytest.mark.parametrize("forms", FORMS, ids=NAMES)
def test_slopes_are_those_of_float32_but_for_the_bits_that_are_missing(forms, noise):
    (exact, *_), _ = learned(mixed("float32", forms), noise)
    (near, *_), _ = learned(mixed("bfloat16", forms), noise)
    names = mixed("float32").layout.trainable
    for name, one, other in zip(names, exact, near, strict=True):
        error = np.linalg.norm(one - other) / max(np.linalg.norm(one), 1e-4)
        # Batch norm takes most of the slope in front of it away; what is left has fewer bits.
        assert 0 < error < (0.2 if name.startswith("00") else 0.1), (name, error)


def test_sums_over_many_places_lose_nothing():
    """In 8 bits 256 + 1 is 256: a mean of so many ones and threes would end far off."""
    x = jnp.tile(jnp.array([[1.0], [3.0]], jnp.bfloat16), (5000, 1))
    (y,), mean, variance = normalise((x,), jnp.ones(1), jnp.zeros(1), 0.0, 1)
    assert (mean.item(), variance.item(), str(mean.dtype), str(y.dtype)) == (
        2.0,
        1.0,
        "float32",
        "bfloat16",
    )


def test_it_learns_as_in_float32_for_some_steps_and_answers_in_float32(noise):
    engines = [mixed(precision) for precision in ("float32", "bfloat16")]
    (exact, losses), (near, close) = (trained(engine, noise, [20]) for engine in engines)
    np.testing.assert_allclose(losses, close, rtol=0.03)
    assert (losses != close).any()
    for name, value in exact.items():
        np.testing.assert_allclose(value, near[name], atol=0.03, err_msg=name)
    answers = [engine.logits(near, noise.pixels) for engine in engines]
    assert answers[0].tobytes() == answers[1].tobytes()

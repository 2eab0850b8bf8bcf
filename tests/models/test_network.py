"""A user's own Keras model: what is taken over, what is stripped, what is refused."""

import numpy as np
import pytest

from saccade.core.errors import BadUsage
from saccade.core.preprocess import Preprocess
from saccade.models.activation import Mode
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.initialize import first_weights
from saccade.models.network import build, from_keras
from saccade.models.rebuild import rebuild
from saccade.train.engine import Engine
from saccade.train.forms import Forms
from saccade.train.order import batch_ids
from saccade.train.recipe import Recipe

layers = keras.layers
PICTURE = (9, 7, 3)


def sequential(*body):
    return keras.Sequential([layers.Input(PICTURE), *body], name="net")


def functional(make):
    picture = layers.Input(PICTURE)
    return keras.Model(picture, make(picture), name="net")


def small(last="linear", units=3):
    return sequential(
        layers.Conv2D(4, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.BatchNormalization(),
        layers.Flatten(),
        layers.Dense(units, activation=last),
    )


def answers(network, form="patches"):
    images = np.random.default_rng(0).uniform(size=(5, *PICTURE)).astype(np.float32)
    weights = first_weights(network.graph, "truncated-normal", 3)
    return images, np.asarray(forward(network.graph, weights, images, form=form, mode=Mode())[0])


@pytest.mark.parametrize("form", ["patches", "layers"])
def test_it_answers_as_the_model_itself(form):
    model = small()
    network = from_keras(model, 3)
    images, logits = answers(network, form)
    np.testing.assert_allclose(logits, model(images), rtol=1e-4, atol=1e-5)
    assert (network.name, network.classes, network.input_shape) == ("net", 3, PICTURE)
    assert network.parameters == sum(v.value.size for v in model.trainable_variables)


ENDS = {
    "dense, softmax": [layers.Dense(3, activation="softmax")],
    "dense, then softmax": [layers.Dense(3), layers.Activation("softmax")],
    "dense, then a softmax layer": [layers.Dense(3), layers.Softmax()],
    "dense without bias": [layers.Dense(3, use_bias=False, activation="softmax")],
    "a model inside": [keras.Sequential([layers.Input((189,)), layers.Dense(3), layers.Softmax()])],
}


@pytest.mark.parametrize("end", ENDS)
def test_a_softmax_at_the_end_is_left_out(end):
    keras.utils.set_random_seed(0)
    model = sequential(layers.Flatten(), *ENDS[end])
    images, logits = answers(from_keras(model, 3))
    np.testing.assert_allclose(jax.nn.softmax(logits), model(images), rtol=1e-4, atol=1e-6)
    assert np.abs(logits.sum(1) - 1).max() > 1e-3  # they are no probabilities
    # The model itself goes on giving probabilities.
    np.testing.assert_allclose(np.asarray(model(images)).sum(1), 1, rtol=1e-5)


def test_one_sigmoid_tells_two_classes_apart():
    model = small("sigmoid", units=1)
    network = from_keras(model, 2)
    assert network.binary
    images, logits = answers(network)
    assert logits.shape == (5, 2)
    probability = np.asarray(jax.nn.softmax(logits))[:, 1]
    np.testing.assert_allclose(probability, model(images)[:, 0], rtol=1e-4)


def test_models_inside_are_taken_apart():
    inner = keras.Sequential(
        [layers.Input((9, 7, 4)), layers.Conv2D(5, 3, name="deep"), layers.ReLU()]
    )
    branch = layers.Input((9, 7, 4))
    around = keras.Model(branch, layers.Add()([layers.Conv2D(4, 1)(branch), branch]))

    def make(picture):
        x = inner(around(layers.Conv2D(4, 3, padding="same")(picture)))
        return layers.Dense(3)(layers.GlobalAveragePooling2D()(x))

    model = functional(make)
    network = from_keras(model, 3)
    assert [node.kind for node in network.graph.nodes] == [
        *("Conv2D", "Conv2D", "Add", "Conv2D", "ReLU", "GlobalAveragePooling2D", "Dense")
    ]
    images, logits = answers(network)
    np.testing.assert_allclose(logits, model(images), rtol=1e-4, atol=1e-5)


def test_a_user_class_of_layers_and_of_models_is_fine():
    class Doubled(layers.Layer):
        def build(self, shape):
            self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

        def call(self, x):
            return 2 * self.factor * x

    class Net(keras.Model):
        def __init__(self):
            picture = layers.Input(PICTURE)
            super().__init__(picture, layers.Dense(3)(Doubled()(layers.Flatten()(picture))))

    model = Net()
    images, logits = answers(from_keras(model, 3))
    np.testing.assert_allclose(logits, model(images), rtol=1e-4, atol=1e-5)


def test_training_starts_from_its_own_values_and_leaves_the_model_alone():
    model = small("softmax")
    model.layers[0].trainable = False
    model.layers[0].set_weights([np.full((3, 3, 3, 4), 0.125, np.float32), np.ones(4, np.float32)])
    untouched = [np.array(v.value) for v in model.weights]
    network = from_keras(model, 3)
    recipe = Recipe(steps=3, initialization="truncated-normal", seed=5)
    engine = Engine(network.graph, recipe, Preprocess(*PICTURE), Forms("patches", "patches"))
    state = engine.first_state()
    assert np.unique(state.weights["00-conv2d/kernel"]).tolist() == [0.125]
    rng = np.random.default_rng(0)
    from saccade.core.records import Split

    pixels = rng.integers(0, 256, (30, *PICTURE), dtype=np.uint8)
    split = Split(pixels, (np.arange(30) % 3).astype(np.int32), [str(i) for i in range(30)])
    ids = batch_ids(30, 10, 0, 3, seed=0, shuffle="once")
    train = engine.resident(split)
    after = engine.run_chunk(state, train, ids, np.full(3, 0.01), 0).state.weights
    # Frozen by the user: stays; the rest learns.
    assert np.unique(after["00-conv2d/kernel"]).tolist() == [0.125]
    last = [key for key in after if key.endswith("dense/kernel")]
    assert (np.asarray(after[last[0]]) != untouched[-2]).any()
    for before, now in zip(untouched, [np.array(v.value) for v in model.weights], strict=True):
        np.testing.assert_array_equal(before, now)


class Hidden(keras.Model):
    def __init__(self):
        super().__init__(name="net")
        self.dense = layers.Dense(3)

    def call(self, x):
        return self.dense(keras.ops.reshape(x, (-1, 189)))


def hidden():
    model = Hidden()
    model(np.zeros((1, *PICTURE), np.float32))
    return model


def twice(picture):
    convolution = layers.Conv2D(3, 1, name="again")
    return layers.Dense(3)(layers.Flatten()(convolution(convolution(picture))))


def divided(picture):
    return layers.Dense(3)(layers.Flatten()(picture / 2.0))


def always_dropping(picture):
    return layers.Dense(3)(layers.Flatten()(layers.Dropout(0.5, name="mc")(picture, training=True)))


def two_answers():
    picture = layers.Input(PICTURE)
    x = layers.Flatten()(picture)
    return keras.Model(picture, [layers.Dense(3)(x), layers.Dense(3)(x)], name="net")


def flat(**options):
    return sequential(layers.Flatten(), layers.Dense(3, name="last", **options))


def half():
    return sequential(layers.Flatten(dtype="float16"), layers.Dense(3, dtype="float16"))


def squashed():
    class Own(layers.Dense):
        pass

    return sequential(layers.Flatten(), Own(3, activation="softmax", name="last"))


REFUSED = {
    "not a model": (lambda: "net", "expected a keras.Model, got str"),
    "not built": (lambda: keras.Sequential([layers.Dense(3)]), "start it with keras.Input"),
    "a call of its own": (hidden, "`net` hides its layers"),
    "two outputs": (two_answers, "1 inputs and 2 outputs"),
    "open size": (
        lambda: keras.Sequential(
            [layers.Input((None, None, 3)), layers.GlobalAveragePooling2D(), layers.Dense(3)]
        ),
        r"shape \(None, None, 3\), expected \(height, width, channels\)",
    ),
    "flat input": (
        lambda: keras.Sequential([layers.Input((189,)), layers.Dense(3)]),
        r"shape \(189,\)",
    ),
    "other classes": (lambda: small(units=4), r"shape \(4,\) for 3 classes; end it with"),
    "one unit": (lambda: small(units=1), r"shape \(1,\) for 3 classes"),
    "maps": (lambda: sequential(layers.Conv2D(3, 3)), r"shape \(7, 5, 3\) for 3 classes"),
    "a layer twice": (lambda: functional(twice), "layer `again` is used twice"),
    "an operation": (lambda: functional(divided), "is an operation, not a layer"),
    "training=True": (lambda: functional(always_dropping), "layer `mc` .* training"),
    "a regularizer": (lambda: flat(kernel_regularizer="l2"), "`last` has a regularizer .*--l2"),
    "on activity": (lambda: flat(activity_regularizer="l2"), "`last` has a regularizer"),
    "half precision": (half, "computes in float16; expected float32"),
    "a softmax of a class of its own": (squashed, "`last` ends in a softmax"),
    "nothing": (lambda: sequential(), "does not know its input yet"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_over_is_refused_by_name(case):
    make, said = REFUSED[case]
    with pytest.raises(BadUsage, match=said):
        from_keras(make(), 3)


def test_one_class_is_refused():
    with pytest.raises(BadUsage, match="at least two"):
        from_keras(small(units=1), 1)


def test_a_run_of_the_users_own_needs_it_again():
    own = from_keras(small(), 3)
    with pytest.raises(BadUsage, match=r"your own.*--model FILE\.py:FUNCTION"):
        rebuild(own.reference, PICTURE, 3)
    assert rebuild(own.reference, PICTURE, 3, own) is own
    with pytest.raises(BadUsage, match=r"takes 9x7x1 and tells 3 .* takes 9x7x3 and tells 3"):
        rebuild(own.reference, (9, 7, 1), 3, own)
    with pytest.raises(BadUsage, match=r"leave --model out"):
        rebuild(build("conv", PICTURE, 3).reference, PICTURE, 3, own)

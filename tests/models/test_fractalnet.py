"""Fractals: the rule of growth, what joins give, and which paths are there."""

import numpy as np
import pytest

from saccade.models.activation import Mode
from saccade.models.backend import jax, keras
from saccade.models.forward import forward
from saccade.models.fractalnet import Columns, Join, fractal_network
from saccade.models.graph import layer_graph
from saccade.models.initialize import first_weights, unallocated
from saccade.models.network import build

FORMS = ["patches", "direct", "layers"]
IMAGES = np.random.default_rng(0).uniform(size=(5, 8, 8, 3)).astype(np.float32)


def fractal(columns=3, widths=(4, 6), shape=(8, 8, 3)):
    with unallocated():
        return layer_graph(fractal_network("small", shape, 3, columns, widths))


def learning(key):
    return Mode(training=True, key=jax.random.key(key))


def test_a_fractal_is_two_of_one_column_less_beside_a_convolution():
    """2^C - 1 convolutions in a block; the longest way has 2^(C-1), the shortest one."""
    for columns in (1, 2, 3, 4):
        graph = fractal(columns, (4,))
        ways = {-1: (0, 0)}
        for node in graph.nodes:
            seen = [ways[i] for i in node.inputs if i in ways]
            one = node.kind == "Conv2D" and node.layer.kernel_size == (3, 3)
            if node.layer.name != "columns":
                ways[node.position] = (
                    min(way[0] for way in seen) + one,
                    max(way[1] for way in seen) + one,
                )
        convolutions = [n for n in graph.nodes if n.kind == "Conv2D"]
        assert len(convolutions) == 2**columns - 1 + 1  # and the one that widens
        assert ways[len(graph.nodes) - 1] == (1, 2 ** (columns - 1))


def test_the_papers_twenty_layers():
    graph = build("fractalnet-20", (32, 32, 3), 10).graph
    sides = [n.output_shape for n in graph.nodes if n.layer.name.endswith("_pool")]
    assert sides == [(16, 16, 64), (8, 8, 128), (4, 4, 256), (2, 2, 512), (1, 1, 512)]
    assert round(graph.parameters / 1e6, 1) == 38.6
    joins = [n.layer.columns for n in graph.nodes if n.kind.endswith(".Join")]
    assert joins == [(1, 2), (0, 1, 2)] * 5


@pytest.mark.parametrize("form", FORMS)
def test_answering_takes_the_mean_of_all_columns(form):
    """Against the rule as the paper writes it, with the network's own convolutions."""
    graph = fractal(3, (4,))
    weights = first_weights(graph, "layers", 0)
    by_name = {node.layer.name: node for node in graph.nodes}

    def conv(x, name):
        for node in (by_name[name], by_name[f"{name}_norm"], by_name[f"{name}_relu"]):
            values = [weights[full] for full, v in node.weights]
            trainable = [w for w, (_, v) in zip(values, node.weights, strict=True) if v.trainable]
            others = [w for w, (_, v) in zip(values, node.weights, strict=True) if not v.trainable]
            x = node.layer.stateless_call(trainable, others, x)[0]
        return x

    def grown(x, columns, row):
        alone = conv(x, f"block1_column{4 - columns}_row{row}")
        if columns == 1:
            return alone, [alone]
        half = np.mean(grown(x, columns - 1, row)[1], axis=0)
        both = [alone, *grown(half, columns - 1, row + 2 ** (columns - 2))[1]]
        return alone, both

    x = conv(IMAGES, "block1_widen")
    met = np.mean(grown(x, 3, 1)[1], axis=0)
    pooled = met.reshape(5, 4, 2, 4, 2, 4).max((2, 4)).mean((1, 2))
    head = by_name["logits"]
    expected = pooled @ weights[head.weight("kernel")] + weights[head.weight("bias")]
    actual, moved = forward(graph, weights, IMAGES, form=form, mode=Mode())
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    assert moved == {}


def shares(join, chosen, count=4000):
    """What each column counts, [n, columns]: column i alone is 1 in the i-th place of the value."""
    columns = len(join.columns)
    values = [
        np.tile(np.eye(columns, dtype=np.float32)[i], (count, 1, 1, 1)) for i in range(columns)
    ]
    got = join([*values, np.broadcast_to(chosen, (count, np.shape(chosen)[-1]))], training=True)
    return np.asarray(got)[:, 0, 0]


def test_a_join_drops_each_column_by_itself_but_never_all():
    found = shares(Join((0, 1, 2), 0.4), np.zeros(3, np.float32))
    alive = found > 0
    assert alive.any(1).all()
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)
    counts = alive.sum(1)
    for number in (1, 2, 3):
        np.testing.assert_allclose(
            found[(counts == number)[:, None] & alive], 1 / number, rtol=1e-6
        )
    # 0.4^3 of the time all would go, and one of three stays.
    expected = 0.6 + 0.4**3 / 3
    assert alive.mean(0) == pytest.approx([expected] * 3, abs=0.03)
    together = (alive[:, 0] & alive[:, 1]).mean()
    assert together == pytest.approx(0.36, abs=0.03)


def test_a_join_that_has_the_chosen_column_gives_it_alone():
    for column in (0, 1, 2):
        found = shares(Join((0, 1, 2), 0.4), np.eye(3, dtype=np.float32)[column], 50)
        assert (found == np.eye(3)[column]).all()


def test_a_join_without_the_chosen_column_goes_on_as_usual():
    """Nothing reads it then but the columns it belongs to, whose norms should see ordinary maps."""
    found = shares(Join((1, 2), 0.4), np.eye(3, dtype=np.float32)[0])
    assert {tuple(row) for row in found.round(3)} == {(1, 0), (0, 1), (0.5, 0.5)}


def test_no_rate_drops_nothing():
    assert (shares(Join((0, 1), 0.0), np.zeros(2, np.float32), 50) == 0.5).all()


def chosen(rate, key, count=4000, training=True):
    """What Columns gives in a pass."""
    picture = keras.Input((1, 1, 1))
    graph = layer_graph(keras.Model(picture, Columns(3, rate)(picture)))
    mode = learning(key) if training else Mode()
    images = np.zeros((count, 1, 1, 1), np.float32)
    return np.asarray(forward(graph, {}, images, form="patches", mode=mode)[0])


def test_half_of_the_pictures_see_one_column_and_each_as_often():
    found = chosen(0.5, 0)
    assert set(found.sum(1)) == {0, 1}
    assert found.mean(0) == pytest.approx([1 / 6] * 3, abs=0.02)
    assert (chosen(0.5, 0) == found).all() and (chosen(0.5, 1) != found).any()
    assert (chosen(1.0, 0).sum(1) == 1).all()
    assert not chosen(0.0, 0).any() and not chosen(0.5, 0, training=False).any()


def moving_columns(graph, keys):
    """Whose kernels have a slope when one picture learns, by key."""
    weights = first_weights(graph, "layers", 0)

    def loss(weights, key):
        mode = Mode(training=True, key=jax.random.key(key))
        logits, _ = forward(graph, weights, IMAGES[:1], form="layers", mode=mode)
        return (logits * np.arange(1.0, 4.0)).sum()

    slopes_of = jax.jit(jax.grad(loss))
    for key in keys:
        slopes = slopes_of(weights, key)
        moving = [node for node in graph.nodes if node.kind == "Conv2D"]
        moving = [node for node in moving if np.asarray(slopes[node.weight("kernel")]).any()]
        yield {node.layer.name.partition("_")[2] for node in moving}


def test_a_picture_that_sees_one_column_sees_it_in_the_whole_network():
    graph = fractal(3, (4, 6))
    next(node.layer for node in graph.nodes if node.layer.name == "columns").rate = 1.0
    found = [*moving_columns(graph, range(12))]
    ways = {
        1: {"column1_row1"},
        2: {"column2_row1", "column2_row3"},
        3: {f"column3_row{row}" for row in (1, 2, 3, 4)},
    }
    assert all(way in [{"widen"} | names for names in ways.values()] for way in found)
    assert len({frozenset(way) for way in found}) == 3


def test_what_is_drawn_does_not_depend_on_parts():
    graph = fractal(2, (4,))
    weights = first_weights(graph, "layers", 0)
    whole, parted = (
        jax.jit(
            lambda w, count=count: forward(
                graph, w, IMAGES, form="patches", mode=learning(3), parts=count
            )[0]
        )(weights)
        for count in (1, 2)
    )
    np.testing.assert_allclose(parted, whole, rtol=1e-4, atol=1e-5)


def test_joins_draw_apart():
    """With one key for all, every join of two would drop the same column."""
    picture = keras.Input((1, 1, 2))
    none = Columns(2, 0.0)(picture)
    left, right = (Join((0, 1), 0.5)([picture, picture * 0, none]) for _ in (0, 1))
    graph = layer_graph(keras.Model(picture, keras.layers.Concatenate()([left, right])))
    images = np.ones((400, 1, 1, 2), np.float32)
    got = np.asarray(forward(graph, {}, images, form="layers", mode=learning(0))[0])[:, 0, 0]
    assert 0.2 < (got[:, 0] != got[:, 2]).mean() < 0.8

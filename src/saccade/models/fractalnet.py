"""FractalNet: very deep without shortcuts, by a rule of growth that repeats itself.

Larsson, Maire and Shakhnarovich, "FractalNet: Ultra-Deep Neural Networks without Residuals", 2016.
A fractal of one column is a convolution; one of C + 1 columns is a fractal of C, twice in a row,
beside a convolution (section 2.1, f_C+1(z) = [f_C f_C](z) + conv(z), + being the mean). Columns
that end together meet in one join. Five blocks of it, with a pooling by 2 after each; the number
of maps doubles, the last two have the same.

While it learns, paths are dropped (section 2.2): for half of the pictures joins drop each of their
columns with a probability of 0.15 but never all, for the others one column is all there is of the
network. The paper draws for a batch, ours for each picture. When it answers, all is there.

Pictures above 64 pixels a side begin with a 7x7 convolution and a pooling, both of stride 2.
"""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from saccade.models.backend import keras
from saccade.models.papers import is_small
from saccade.models.resnet import beginning, convolution, relu

layers, ops = keras.layers, keras.ops
# The share of pictures that see one column only, and of columns a join drops for the others.
ONE_COLUMN, DROPPED = 0.5, 0.15


def fractalnet_20(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; three columns.

    Table 1 says 38.6 M weights; they are those of blocks that begin with a 1x1 convolution to
    their number of maps, which the text does not tell.
    """
    return fractal_network("fractalnet-20", shape, classes, 3, (64, 128, 256, 512, 512))


def fractalnet_40(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes]; four columns.

    Table 1's 22.9 M weights are of widths that we did not find; ours are half of fractalnet-20's.
    """
    return fractal_network("fractalnet-40", shape, classes, 4, (32, 64, 128, 256, 256))


def fractal_network(
    name: str, shape: tuple[int, int, int], classes: int, columns: int, widths: tuple[int, ...]
) -> keras.Model:
    """A block of so many columns for each of `widths`, the number of its maps.

    >>> fractal_network("tiny", (8, 8, 3), 10, 2, (4,)).count_params()
    558
    """
    picture = layers.Input(shape)
    chosen = Columns(columns, ONE_COLUMN, name="columns")(picture)
    x = picture if is_small(shape) else beginning(picture)
    for number, width in enumerate(widths, 1):
        block = _Block(f"block{number}", width, columns, chosen)
        if x.shape[-1] != width:
            x = relu(convolution(x, width, 1, f"{block.name}_widen"), f"{block.name}_widen")
        x = block.join(block.fractal(x, columns, 1), 1)
        x = layers.MaxPooling2D(2, padding="same", name=f"{block.name}_pool")(x)
    x = layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.Model(picture, layers.Dense(classes, name="logits")(x), name=name)


@dataclass(frozen=True)
class _Block:
    """A fractal of `columns`; the first of them has one convolution, each other twice as many.

    Rows count from 1; a column's convolutions lie as many rows apart as they are long.
    """

    name: str
    width: int
    columns: int
    chosen: Any

    def fractal(self, x: Any, columns: int, row: int) -> list[Any]:
        """What the last so many columns make of x from this row on, where they would meet."""
        column = self.columns - columns + 1
        name = f"{self.name}_column{column}_row{row}"
        values = [relu(convolution(x, self.width, 3, name), name)]
        if columns == 1:
            return values
        half = self.join(self.fractal(x, columns - 1, row), row)
        return values + self.fractal(half, columns - 1, row + 2 ** (columns - 2))

    def join(self, values: list[Any], row: int) -> Any:
        """The mean of the last columns; one alone stays."""
        if len(values) == 1:
            return values[0]
        columns = tuple(range(self.columns - len(values), self.columns))
        join = Join(columns, DROPPED, name=f"{self.name}_join{len(values)}_row{row}")
        return join([*values, self.chosen])


class Columns(keras.layers.Layer):  # type: ignore[misc]
    """Which column of the network a picture sees alone: float [n, columns], a one there.

    All zeros for the pictures, a share of 1 - `rate`, that see all columns; and when nothing
    learns. What is in the picture plays no part.
    """

    def __init__(self, columns: int, rate: float, name: str | None = None) -> None:
        super().__init__(name=name)
        self.columns, self.rate = columns, rate
        self.seed_generator = keras.random.SeedGenerator()

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """[n, h, w, c] -> [n, columns]."""
        return input_shape[0], self.columns

    def call(self, x: Any, training: bool = False) -> Any:
        """As `compute_output_shape`."""
        count = ops.shape(x)[0]
        if not training or not self.rate:
            return ops.zeros((count, self.columns), x.dtype)
        drawn = keras.random.uniform((count,), seed=self.seed_generator)
        # One number for both: below the rate it is evenly spread, and says which.
        column = ops.cast(ops.floor(drawn / self.rate * self.columns), "int32")
        return ops.one_hot(column, self.columns, dtype=x.dtype)  # none where past the last


class Join(keras.layers.Layer):  # type: ignore[misc]
    """The mean of the columns that meet here, [n, h, w, c] each; last it reads `Columns`.

    While learning, a picture that sees one of these `columns` alone gets that one. Others lose each
    with a probability of `rate`; where all would go, one stays.

    >>> one, two = ops.ones((1, 2, 2, 1)), ops.zeros((1, 2, 2, 1))
    >>> float(Join((0, 1), 0.15)([one, two, ops.zeros((1, 3))])[0, 0, 0, 0])
    0.5
    """

    def __init__(self, columns: tuple[int, ...], rate: float, name: str | None = None) -> None:
        super().__init__(name=name)
        self.columns, self.rate = columns, rate
        self.seed_generator = keras.random.SeedGenerator()

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """[[n, h, w, c], ..., [n, columns]] -> [n, h, w, c]."""
        return tuple(input_shape[0])

    def call(self, values: list[Any], training: bool = False) -> Any:
        """As `compute_output_shape`."""
        *parts, chosen = values
        if not training:
            return reduce(ops.add, parts) / len(parts)
        shares = ops.cast(self._shares(chosen), parts[0].dtype)
        weighed = [part * ops.reshape(shares[:, i], (-1, 1, 1, 1)) for i, part in enumerate(parts)]
        return reduce(ops.add, weighed)

    def _shares(self, chosen: Any) -> Any:
        """What each column counts for each picture: [n, columns], 1 in sum."""
        alone = ops.take(chosen, self.columns, axis=1)
        drawn = keras.random.uniform(ops.shape(alone), seed=self.seed_generator)
        # The largest stays in any case: which it is, is even.
        kept = drawn >= ops.minimum(self.rate, ops.max(drawn, axis=1, keepdims=True))
        one = ops.max(alone, axis=1, keepdims=True) > 0
        alive = ops.where(one, alone, ops.cast(kept, alone.dtype))
        return alive / ops.sum(alive, axis=1, keepdims=True)

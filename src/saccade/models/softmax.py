"""Softmax regression: one dense layer. What all the others must beat."""

from saccade.models.backend import keras

layers = keras.layers


def softmax(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Görner's mnist_1.0_softmax.py; zero weights at the start, as there.
    """
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(name="flatten"),
            layers.Dense(classes, kernel_initializer="zeros", name="logits"),
        ],
        name="softmax",
    )

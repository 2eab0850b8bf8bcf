"""Arden Dertat's network for cats and dogs. Weights as Keras draws them."""

from typing import Any

from saccade.models.backend import keras

layers = keras.layers


def cats_dogs(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes], [n, 1] for two classes.

    "Applied Deep Learning", part 4: four 3x3 convolutions of 32, 64, 128 and 128 filters, each
    halved by the largest of 2x2, half of that dropped, dense 512 and 128 (256 in his repository).
    Two classes share one unit, whose sigmoid is the second one's probability.
    """
    body: list[Any] = [layers.Input(shape)]
    for i, filters in enumerate((32, 64, 128, 128), 1):
        body += [
            layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{i}"),
            layers.MaxPooling2D(2, name=f"pool{i}"),
        ]
    body += [
        layers.Flatten(name="flatten"),
        layers.Dropout(0.5, name="dropout"),
        layers.Dense(512, activation="relu", name="dense1"),
        layers.Dense(128, activation="relu", name="dense2"),
        layers.Dense(1 if classes == 2 else classes, name="logits"),
    ]
    return keras.Sequential(body, name="cats-dogs")

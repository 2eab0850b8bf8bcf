"""The first networks of TensorFlow's tutorials of 2018. Weights as Keras draws them."""

from saccade.models.backend import keras

layers = keras.layers


def t0(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    "Get started": dense 512, a fifth dropped.
    """
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(name="flatten"),
            layers.Dense(512, activation="relu", name="dense"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(classes, name="logits"),
        ],
        name="T0",
    )


def t1(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    "Basic classification", made for Fashion-MNIST: dense 128.
    """
    return keras.Sequential(
        [
            layers.Input(shape),
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", name="dense"),
            layers.Dense(classes, name="logits"),
        ],
        name="T1",
    )

"""ZFNet: AlexNet after its authors had looked inside."""

from saccade.models.backend import keras
from saccade.models.classic import convolution, dense_head, pool
from saccade.models.local_response import LocalResponseNormalization
from saccade.models.papers import is_small

layers = keras.layers


def zfnet(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Zeiler and Fergus, "Visualizing and understanding convolutional networks", 2013, figure 3:
    smaller first windows and strides than AlexNet's, because pictures of its first layers showed no
    middle frequencies, and aliasing from strides of 4. It gives no number of parameters, and
    normalises "across feature maps" after pooling without saying how: AlexNet's way is taken.

    Small pictures: the first window moves by 1 instead of 2, the first pooling is left out; the
    dense layers have 512 units.
    """
    small = is_small(shape)
    picture = layers.Input(shape)
    if small:
        x = convolution(picture, 96, 7, "conv1")
    else:
        x = layers.ZeroPadding2D(1, name="pad1")(picture)
        x = convolution(x, 96, 7, "conv1", strides=2, padding="valid")
        x = pool(x, 3, "pool1", padding="same")
    x = LocalResponseNormalization(name="norm1")(x)
    x = convolution(x, 256, 5, "conv2", strides=2, padding="same" if small else "valid")
    x = pool(x, 3, "pool2", padding="same")
    x = LocalResponseNormalization(name="norm2")(x)
    x = convolution(x, 384, 3, "conv3")
    x = convolution(x, 384, 3, "conv4")
    x = convolution(x, 256, 3, "conv5")
    x = pool(x, 3, "pool5", padding="same" if small else "valid")
    return keras.Model(picture, dense_head(x, classes, small=small), name="zfnet")

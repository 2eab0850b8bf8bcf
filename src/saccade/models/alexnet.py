"""AlexNet: the eight layers that won ImageNet's challenge of 2012, and the later form of them."""

from saccade.models.backend import keras
from saccade.models.classic import convolution, dense_head, pool
from saccade.models.local_response import LocalResponseNormalization
from saccade.models.papers import is_small

layers = keras.layers


def alexnet(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", 2012, section 3. What its two graphics cards computed apart are convolutions in two
    groups. The paper says 224 pixels a side, its numbers are those of 227: (227 - 11) / 4 + 1 = 55.

    Small pictures: the first window is 5x5 instead of 11x11 and moves by 1 instead of 4; pooling
    pads; the dense layers have 512 units.
    """
    small = is_small(shape)
    padding = "same" if small else "valid"
    picture = layers.Input(shape)
    if small:
        x = convolution(picture, 96, 5, "conv1")
    else:
        x = convolution(picture, 96, 11, "conv1", strides=4, padding="valid")
    x = LocalResponseNormalization(name="norm1")(x)
    x = pool(x, 3, "pool1", padding=padding)
    x = convolution(x, 256, 5, "conv2", groups=2)
    x = LocalResponseNormalization(name="norm2")(x)
    x = pool(x, 3, "pool2", padding=padding)
    x = convolution(x, 384, 3, "conv3")
    x = convolution(x, 384, 3, "conv4", groups=2)
    x = convolution(x, 256, 3, "conv5", groups=2)
    x = pool(x, 3, "pool5", padding=padding)
    return keras.Model(picture, dense_head(x, classes, small=small), name="alexnet")


def alexnet_2014(shape: tuple[int, int, int], classes: int) -> keras.Model:
    """float [n, height, width, channels] -> logits [n, classes].

    One tower and no normalisation: Krizhevsky, "One weird trick for parallelizing convolutional
    neural networks", 2014. Its footnote 1 says 64-192-384-384-256 filters; its author's program
    (cuda-convnet2), and after it all the published weights, has 256 in the fourth convolution.

    Small pictures: as `alexnet`.
    """
    small = is_small(shape)
    padding = "same" if small else "valid"
    picture = layers.Input(shape)
    if small:
        x = convolution(picture, 64, 5, "conv1")
    else:
        x = layers.ZeroPadding2D(2, name="pad1")(picture)
        x = convolution(x, 64, 11, "conv1", strides=4, padding="valid")
    x = pool(x, 3, "pool1", padding=padding)
    x = convolution(x, 192, 5, "conv2")
    x = pool(x, 3, "pool2", padding=padding)
    x = convolution(x, 384, 3, "conv3")
    x = convolution(x, 256, 3, "conv4")
    x = convolution(x, 256, 3, "conv5")
    x = pool(x, 3, "pool5", padding=padding)
    return keras.Model(picture, dense_head(x, classes, small=small), name="alexnet-2014")

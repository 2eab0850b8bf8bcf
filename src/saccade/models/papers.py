"""The models that have a paper, as `residual.py` and the others of their families make them.

Parameters are those of the canonical form: 1,000 classes, pictures of the size the paper took.
Pictures of at most 64 pixels a side get a smaller form of each.
"""

from collections.abc import Mapping

from saccade.models.entry import Entry

PAPERS: Mapping[str, Entry] = {
    # AlexNet, ZFNet, VGG, GoogLeNet, SqueezeNet
    "alexnet": Entry(
        "alexnet",
        "alexnet",
        "convolutions 96-256-384-384-256, some in two groups, dense 4096-4096, dropout",
        ("AlexNet",),
        60_965_224,
        shape=(227, 227, 3),
        least=8,
        classes=1000,
    ),
    "alexnet-2014": Entry(
        "alexnet",
        "alexnet_2014",
        "convolutions 64-192-384-256-256, dense 4096-4096, dropout",
        ("AlexNet",),
        61_100_840,
        shape=(224, 224, 3),
        least=8,
        classes=1000,
    ),
    "zfnet": Entry(
        "zfnet",
        "zfnet",
        "convolutions 96-256-384-384-256, dense 4096-4096, dropout",
        ("ZFNet",),
        62_357_608,
        shape=(224, 224, 3),
        least=8,
        classes=1000,
    ),
    "vgg-16": Entry(
        "vgg",
        "vgg_16",
        "thirteen 3x3 convolutions of 64 to 512, dense 4096-4096, dropout",
        ("VGG-16",),
        138_357_544,
        shape=(224, 224, 3),
        least=8,
        classes=1000,
    ),
    "vgg-19": Entry(
        "vgg",
        "vgg_19",
        "sixteen 3x3 convolutions of 64 to 512, dense 4096-4096, dropout",
        ("VGG-19",),
        143_667_240,
        shape=(224, 224, 3),
        least=8,
        classes=1000,
    ),
    "googlenet": Entry(
        "googlenet",
        "googlenet",
        "nine inception modules, two auxiliary heads while it trains",
        ("GoogLeNet",),
        13_378_280,
        shape=(224, 224, 3),
        least=8,
        classes=1000,
        answering=6_998_552,
    ),
    "squeezenet-1.0": Entry(
        "squeezenet",
        "squeezenet_1_0",
        "eight fire modules of 128 to 512, no dense layer",
        ("SqueezeNet",),
        1_248_424,
        shape=(227, 227, 3),
        least=8,
        classes=1000,
    ),
    "squeezenet-1.1": Entry(
        "squeezenet",
        "squeezenet_1_1",
        "squeezenet-1.0 that pools earlier",
        ("SqueezeNet",),
        1_235_496,
        shape=(227, 227, 3),
        least=8,
        classes=1000,
    ),
    # ResNet, ResNeXt, DenseNet, FractalNet, stochastic depth
}

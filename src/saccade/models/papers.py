"""The models that have a paper, as `residual.py` and the others of their families make them.

Parameters are those of the canonical form: 1,000 classes, pictures of the size the paper took.
Pictures whose shorter side has at most 64 pixels get a smaller form of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from saccade.models.entry import NORMALISATIONS, Entry

SMALL_SIDE = 64
PHOTO, CIFAR = (224, 224, 3), (32, 32, 3)


def is_small(shape: Sequence[int]) -> bool:
    """Whether pictures of this (height, width, ...) get a network's form for small ones.

    Those whose shorter side has at most 64 pixels do: the canonical forms halve it five times.

    >>> is_small((64, 200, 3)), is_small((65, 66, 3))
    (True, False)
    """
    return min(shape[:2]) <= SMALL_SIDE


def _photo(family: str, function: str, what: str, paper: str, parameters: int) -> Entry:
    """One for photographs: 1,000 classes."""
    return Entry(family, function, what, (paper,), parameters, PHOTO, least=8, classes=1000)


def _cifar(family: str, function: str, what: str, paper: str, parameters: int) -> Entry:
    """One for small pictures: ten classes."""
    return Entry(family, function, what, (paper,), parameters, CIFAR, least=8)


def _normalised(function: str, what: str, paper: str, parameters: int) -> Entry:
    """One of these whose blocks may be normalised otherwise."""
    entry = _cifar("resnet_cifar", function, what, paper, parameters)
    return replace(entry, choices=NORMALISATIONS)


RESNETS: Mapping[str, Entry] = {
    "resnet-18": _photo(
        "resnet", "resnet_18", "8 residual blocks of two 3x3", "ResNet-18", 11_689_512
    ),
    "resnet-34": _photo(
        "resnet", "resnet_34", "16 residual blocks of two 3x3", "ResNet-34", 21_797_672
    ),
    "resnet-50": _photo("resnet", "resnet_50", "16 residual bottlenecks", "ResNet-50", 25_557_032),
    "resnet-101": _photo(
        "resnet", "resnet_101", "33 residual bottlenecks", "ResNet-101", 44_549_160
    ),
    "resnet-152": _photo(
        "resnet", "resnet_152", "50 residual bottlenecks", "ResNet-152", 60_192_808
    ),
    "resnext-50": _photo(
        "resnext", "resnext_50", "resnet-50 in 32 groups of 4", "ResNeXt-50", 25_028_904
    ),
    "resnext-101": _photo(
        "resnext", "resnext_101", "resnet-101 in 32 groups of 4", "ResNeXt-101", 44_177_704
    ),
    "resnext-101-64x4d": _photo(
        "resnext",
        "resnext_101_64x4d",
        "resnet-101 in 64 groups of 4",
        "ResNeXt-101 (64x4d)",
        83_455_272,
    ),
    "resnet-cifar-20": _normalised(
        "resnet_cifar_20", "9 residual blocks of 16-32-64", "ResNet-20", 269_722
    ),
    "resnet-cifar-32": _normalised(
        "resnet_cifar_32", "15 residual blocks of 16-32-64", "ResNet-32", 464_154
    ),
    "resnet-cifar-44": _normalised(
        "resnet_cifar_44", "21 residual blocks of 16-32-64", "ResNet-44", 658_586
    ),
    "resnet-cifar-56": _normalised(
        "resnet_cifar_56", "27 residual blocks of 16-32-64", "ResNet-56", 853_018
    ),
    "resnet-cifar-110": _normalised(
        "resnet_cifar_110", "54 residual blocks of 16-32-64", "ResNet-110", 1_727_962
    ),
    "plain-cifar-20": _normalised(
        "plain_cifar_20", "resnet-cifar-20 without shortcuts", "plain-20", 269_722
    ),
    "plain-cifar-32": _normalised(
        "plain_cifar_32", "resnet-cifar-32 without shortcuts", "plain-32", 464_154
    ),
    "plain-cifar-44": _normalised(
        "plain_cifar_44", "resnet-cifar-44 without shortcuts", "plain-44", 658_586
    ),
    "plain-cifar-56": _normalised(
        "plain_cifar_56", "resnet-cifar-56 without shortcuts", "plain-56", 853_018
    ),
    "stochastic-depth-110": _cifar(
        "resnet_cifar",
        "stochastic_depth_110",
        "resnet-cifar-110 that drops blocks while it learns",
        "stochastic depth",
        1_727_962,
    ),
}

# Each layer reads those before it; columns of many depths.
DENSE_AND_FRACTAL: Mapping[str, Entry] = {
    "densenet-121": _photo(
        "densenet", "densenet_121", "58 dense bottlenecks of 32", "DenseNet-121", 7_978_856
    ),
    "densenet-169": _photo(
        "densenet", "densenet_169", "82 dense bottlenecks of 32", "DenseNet-169", 14_149_480
    ),
    "densenet-201": _photo(
        "densenet", "densenet_201", "98 dense bottlenecks of 32", "DenseNet-201", 20_013_928
    ),
    "densenet-40": _cifar(
        "densenet", "densenet_40", "36 dense 3x3 of 12", "DenseNet-40", 1_019_722
    ),
    "densenet-bc-100": _cifar(
        "densenet", "densenet_bc_100", "48 dense bottlenecks of 12", "DenseNet-BC-100", 769_162
    ),
    "fractalnet-20": _cifar(
        "fractalnet", "fractalnet_20", "5 fractals of 3 columns", "FractalNet-20", 38_649_034
    ),
    "fractalnet-40": _cifar(
        "fractalnet", "fractalnet_40", "5 fractals of 4 columns", "FractalNet-40", 20_666_474
    ),
}

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
    **RESNETS,
    **DENSE_AND_FRACTAL,
}

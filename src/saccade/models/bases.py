"""The networks that transfer learning starts from. A new one is a line in `BASES`.

All but SqueezeNet are those of `keras.applications`. This table loads no Keras: `--help` reads it.
Tests prove its numbers. What the files of weights are called stands in published.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from saccade.core.errors import unknown_name
from saccade.models.published import (
    Files,
    Published,
    efficientnet,
    kernels,
    mobilenet,
    nasnet,
    plain,
)

Channels = tuple[float, float, float]


@dataclass(frozen=True)
class Base:
    """A network that was trained on ImageNet.

    `application` is its name in `keras.applications`, "" for our own. `size` is the side it was
    trained at, `least` the smallest side it takes, both in pixels. It sees uint8 RGB pixels times
    `scale` plus `offset`, a number a channel; (1, 1, 1) and (0, 0, 0) where it scales them itself.
    With `reversed` its published weights expect blue first: `read_values` turns them. `parameters`
    are the trainable weights without the top, its layers that tell ImageNet's classes apart.

    >>> base = base_entry("mobilenetv2")
    >>> base.size, base.parameters, base.without_top.file[-14:]
    (224, 2223872, '_224_no_top.h5')
    """

    application: str
    what: str
    size: int
    least: int
    scale: Channels
    offset: Channels
    reversed: bool
    parameters: int
    without_top: Published
    with_top: Published


def base_entry(name: str) -> Base:
    """The base of this name.

    Raises:
        BadUsage: there is none; names the nearest.
    """
    if name not in BASES:
        raise unknown_name("base", name, BASES)
    return BASES[name]


def _minus_one_to_one(
    application: str, what: str, parameters: int, files: Files, size: int = 224, least: int = 32
) -> Base:
    """Keras calls it "tf"."""
    scale, offset = (1 / 127.5,) * 3, (-1.0,) * 3
    return Base(application, what, size, least, scale, offset, False, parameters, *files)


def _standardised(application: str, what: str, parameters: int, files: Files) -> Base:
    """By ImageNet's mean and deviation, of values from 0 to 1; Keras calls it "torch"."""
    scale = (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225))
    offset = (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225)
    return Base(application, what, 224, 32, scale, offset, False, parameters, *files)


def _centred(application: str, what: str, parameters: int, files: Files) -> Base:
    """Minus ImageNet's mean, blue first; Keras calls it "caffe"."""
    scale, offset = (1.0,) * 3, (-123.68, -116.779, -103.939)
    return Base(application, what, 224, 32, scale, offset, True, parameters, *files)


def _inside(application: str, what: str, parameters: int, files: Files, size: int = 224) -> Base:
    """The first layers scale the pixels themselves."""
    scale, offset = (1.0,) * 3, (0.0,) * 3
    return Base(application, what, size, 32, scale, offset, False, parameters, *files)


_SQUEEZENET = Published("squeezenet_v1.1_imagenet_fp16.npz")

BASES: Mapping[str, Base] = {
    "squeezenet1.1": Base(
        "",
        "Iandola et al. 2016",
        size=227,
        least=17,
        scale=(1.0, 1.0, 1.0),
        offset=(-123.0, -117.0, -104.0),
        reversed=True,
        parameters=722_496,
        without_top=_SQUEEZENET,
        with_top=_SQUEEZENET,
    ),
    "vgg16": _centred(
        "VGG16", "16 layers, Simonyan and Zisserman 2014", 14_714_688, kernels("vgg16", "vgg16")
    ),
    "vgg19": _centred(
        "VGG19", "19 layers, Simonyan and Zisserman 2014", 20_024_384, kernels("vgg19", "vgg19")
    ),
    "resnet50": _centred(
        "ResNet50", "50 layers, He et al. 2015", 23_534_592, kernels("resnet", "resnet50")
    ),
    "resnet101": _centred(
        "ResNet101", "101 layers, He et al. 2015", 42_552_832, kernels("resnet", "resnet101")
    ),
    "resnet152": _centred(
        "ResNet152", "152 layers, He et al. 2015", 58_219_520, kernels("resnet", "resnet152")
    ),
    "resnet50v2": _minus_one_to_one(
        "ResNet50V2", "50 layers, He et al. 2016", 23_519_360, kernels("resnet", "resnet50v2")
    ),
    "resnet101v2": _minus_one_to_one(
        "ResNet101V2", "101 layers, He et al. 2016", 42_528_896, kernels("resnet", "resnet101v2")
    ),
    "resnet152v2": _minus_one_to_one(
        "ResNet152V2", "152 layers, He et al. 2016", 58_187_904, kernels("resnet", "resnet152v2")
    ),
    "inceptionv3": _minus_one_to_one(
        "InceptionV3",
        "Szegedy et al. 2015",
        21_768_352,
        kernels("inception_v3", "inception_v3"),
        size=299,
        least=75,
    ),
    "inception-resnet-v2": _minus_one_to_one(
        "InceptionResNetV2",
        "Szegedy et al. 2016",
        54_276_192,
        kernels("inception_resnet_v2", "inception_resnet_v2"),
        size=299,
        least=75,
    ),
    "xception": _minus_one_to_one(
        "Xception", "Chollet 2016", 20_806_952, kernels("xception", "xception"), size=299, least=71
    ),
    "densenet121": _standardised(
        "DenseNet121",
        "121 layers, Huang et al. 2016",
        6_953_856,
        kernels("densenet", "densenet121"),
    ),
    "densenet169": _standardised(
        "DenseNet169",
        "169 layers, Huang et al. 2016",
        12_484_480,
        kernels("densenet", "densenet169"),
    ),
    "densenet201": _standardised(
        "DenseNet201",
        "201 layers, Huang et al. 2016",
        18_092_928,
        kernels("densenet", "densenet201"),
    ),
    "mobilenet": _minus_one_to_one(
        "MobileNet", "Howard et al. 2017", 3_206_976, mobilenet("mobilenet", "mobilenet_1_0_224_tf")
    ),
    "mobilenetv2": _minus_one_to_one(
        "MobileNetV2",
        "Sandler et al. 2018",
        2_223_872,
        mobilenet("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224"),
    ),
    "mobilenetv3-small": _inside(
        "MobileNetV3Small",
        "Howard et al. 2019",
        927_008,
        mobilenet("mobilenet_v3", "weights_mobilenet_v3_small_224_1.0_float", "_v2"),
    ),
    "mobilenetv3-large": _inside(
        "MobileNetV3Large",
        "Howard et al. 2019",
        2_971_952,
        mobilenet("mobilenet_v3", "weights_mobilenet_v3_large_224_1.0_float", "_v2"),
    ),
    "nasnet-mobile": _minus_one_to_one(
        "NASNetMobile", "Zoph et al. 2017", 4_232_978, nasnet("mobile")
    ),
    "nasnet-large": _minus_one_to_one(
        "NASNetLarge", "Zoph et al. 2017", 84_720_150, nasnet("large"), size=331
    ),
    "efficientnet-b0": _inside("EfficientNetB0", "Tan and Le 2019", 4_007_548, efficientnet("b0")),
    "efficientnet-b1": _inside(
        "EfficientNetB1", "Tan and Le 2019", 6_513_184, efficientnet("b1"), size=240
    ),
    "efficientnet-b2": _inside(
        "EfficientNetB2", "Tan and Le 2019", 7_700_994, efficientnet("b2"), size=260
    ),
    "efficientnet-b3": _inside(
        "EfficientNetB3", "Tan and Le 2019", 10_696_232, efficientnet("b3"), size=300
    ),
    "efficientnet-b4": _inside(
        "EfficientNetB4", "Tan and Le 2019", 17_548_616, efficientnet("b4"), size=380
    ),
    "efficientnet-b5": _inside(
        "EfficientNetB5", "Tan and Le 2019", 28_340_784, efficientnet("b5"), size=456
    ),
    "efficientnet-b6": _inside(
        "EfficientNetB6", "Tan and Le 2019", 40_735_704, efficientnet("b6"), size=528
    ),
    "efficientnet-b7": _inside(
        "EfficientNetB7", "Tan and Le 2019", 63_786_960, efficientnet("b7"), size=600
    ),
    "efficientnetv2-b0": _inside(
        "EfficientNetV2B0",
        "Tan and Le 2021",
        5_858_704,
        plain("efficientnet_v2", "efficientnetv2-b0"),
    ),
    "efficientnetv2-b1": _inside(
        "EfficientNetV2B1",
        "Tan and Le 2021",
        6_860_052,
        plain("efficientnet_v2", "efficientnetv2-b1"),
        size=240,
    ),
    "efficientnetv2-b2": _inside(
        "EfficientNetV2B2",
        "Tan and Le 2021",
        8_687_086,
        plain("efficientnet_v2", "efficientnetv2-b2"),
        size=260,
    ),
    "efficientnetv2-b3": _inside(
        "EfficientNetV2B3",
        "Tan and Le 2021",
        12_821_406,
        plain("efficientnet_v2", "efficientnetv2-b3"),
        size=300,
    ),
    "efficientnetv2-s": _inside(
        "EfficientNetV2S",
        "Tan and Le 2021",
        20_177_488,
        plain("efficientnet_v2", "efficientnetv2-s"),
        size=384,
    ),
    "efficientnetv2-m": _inside(
        "EfficientNetV2M",
        "Tan and Le 2021",
        52_858_356,
        plain("efficientnet_v2", "efficientnetv2-m"),
        size=480,
    ),
    "efficientnetv2-l": _inside(
        "EfficientNetV2L",
        "Tan and Le 2021",
        117_234_272,
        plain("efficientnet_v2", "efficientnetv2-l"),
        size=480,
    ),
    "convnext-tiny": _inside(
        "ConvNeXtTiny", "Liu et al. 2022", 27_820_128, plain("convnext", "convnext_tiny")
    ),
    "convnext-small": _inside(
        "ConvNeXtSmall", "Liu et al. 2022", 49_454_688, plain("convnext", "convnext_small")
    ),
    "convnext-base": _inside(
        "ConvNeXtBase", "Liu et al. 2022", 87_566_464, plain("convnext", "convnext_base")
    ),
    "convnext-large": _inside(
        "ConvNeXtLarge", "Liu et al. 2022", 196_230_336, plain("convnext", "convnext_large")
    ),
    "convnext-xlarge": _inside(
        "ConvNeXtXLarge", "Liu et al. 2022", 348_147_968, plain("convnext", "convnext_xlarge")
    ),
}

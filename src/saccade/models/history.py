"""The networks that the course names, from LeNet-5 to SELU: how large they were, what they brought.

Written down by hand; a test compares it with MODELS.
"""

from dataclasses import dataclass
from typing import Literal

from saccade.models import MODELS

Field = Literal["paper", "result"]


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A line of the history.

    `model` is the name in MODELS; `depth` counts layers as the paper does; `paper` is how many
    parameters that gives; `deck` what the course's slides give where they mean `meant`; `result` is
    a share of wrong answers. What is "" is not there, or not given. `from_memory` names what nobody
    here has compared with the paper itself.
    """

    year: int
    name: str
    result: str
    title: str
    model: str = ""
    depth: str = ""
    paper: str = ""
    deck: str = ""
    meant: str = ""
    from_memory: tuple[Field, ...] = ()

    @property
    def counted(self) -> int | None:
        """How many parameters its answer comes through, as MODELS has them.

        >>> HISTORY[0].name, HISTORY[0].counted
        ('LeNet-5', 60000)
        """
        if self.model not in MODELS:
            return None
        entry = MODELS[self.model]
        return entry.answering or entry.parameters


HISTORY: tuple[Milestone, ...] = (
    Milestone(
        year=1998,
        name="LeNet-5",
        model="lenet5-1998",
        depth="7",
        paper="60,000",
        result="MNIST 0.95 %",
        title="LeCun et al., Gradient-based learning applied to document recognition",
    ),
    Milestone(
        year=2012,
        name="AlexNet",
        model="alexnet",
        depth="8",
        paper="60 million",
        result="won ILSVRC-2012: top-5 15.3 %, the second 26.2 %",
        title="Krizhevsky et al., ImageNet classification with deep convolutional neural networks",
    ),
    Milestone(
        year=2013,
        name="ZFNet",
        model="zfnet",
        depth="8",
        result="ImageNet: top-5 14.8 % (several networks), 16.5 % (one)",
        title="Zeiler and Fergus, Visualizing and understanding convolutional networks",
        from_memory=("result",),
    ),
    Milestone(
        year=2014,
        name="VGG-19",
        model="vgg-19",
        depth="19",
        paper="144 million",
        deck="138 million",
        meant="VGG-16",
        result="second at ILSVRC-2014: top-5 7.3 %",
        title="Simonyan and Zisserman, Very deep convolutional networks for large-scale image "
        "recognition",
    ),
    Milestone(
        year=2014,
        name="GoogLeNet",
        model="googlenet",
        depth="22",
        paper="6.8 million",
        deck="23 million",
        meant="Inception-v3",
        result="won ILSVRC-2014: top-5 6.67 %",
        title="Szegedy et al., Going deeper with convolutions",
        from_memory=("paper", "result"),
    ),
    Milestone(
        year=2015,
        name="ResNet-152",
        model="resnet-152",
        depth="152",
        deck="25 million",
        meant="ResNet-50",
        result="won ILSVRC-2015: top-5 3.57 % (several networks)",
        title="He et al., Deep residual learning for image recognition",
    ),
    Milestone(
        year=2016,
        name="SqueezeNet",
        model="squeezenet-1.0",
        depth="18",
        paper="1,248,424",
        result="ImageNet: top-1 42.5 %, as AlexNet; 0.47 MB compressed",
        title="Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and "
        "<0.5MB model size",
        from_memory=("paper",),
    ),
    Milestone(
        year=2016,
        name="weight normalisation",
        result="CIFAR-10 7.31 %, with mean-only batch norm",
        title="Salimans and Kingma, Weight normalization: a simple reparameterization to "
        "accelerate training of deep neural networks",
    ),
    Milestone(
        year=2016,
        name="stochastic depth",
        model="stochastic-depth-110",
        depth="110",
        paper="1.7 million",
        result="CIFAR-10 5.23 %; 4.91 % with 1,202 layers",
        title="Huang et al., Deep networks with stochastic depth",
        from_memory=("paper",),
    ),
    Milestone(
        year=2016,
        name="FractalNet",
        model="fractalnet-20",
        depth="20",
        paper="38.6 million",
        result="CIFAR-10 4.60 %, CIFAR-100 22.85 %",
        title="Larsson et al., FractalNet: ultra-deep neural networks without residuals",
        from_memory=("paper",),
    ),
    Milestone(
        year=2016,
        name="layer normalisation",
        result="recurrent networks learn faster",
        title="Ba et al., Layer normalization",
    ),
    Milestone(
        year=2016,
        name="DenseNet-121",
        model="densenet-121",
        depth="121",
        paper="8.0 million",
        result="CIFAR-100 17.18 % (190 layers)",
        title="Huang et al., Densely connected convolutional networks",
        from_memory=("paper",),
    ),
    Milestone(
        year=2016,
        name="ResNeXt-101",
        model="resnext-101",
        depth="101",
        paper="44.2 million",
        result="second at ILSVRC-2016: top-5 3.03 % (several networks)",
        title="Xie et al., Aggregated residual transformations for deep neural networks",
        from_memory=("result",),
    ),
    Milestone(
        year=2017,
        name="SELU",
        result="ahead of other dense networks on 121 tasks of the UCI collection",
        title="Klambauer et al., Self-normalizing neural networks",
    ),
)

"""The models that have a paper, as `residual.py` and the others of their families make them.

Parameters are those of the canonical form: 1,000 classes, pictures of the size the paper took.
Pictures of at most 64 pixels a side get a smaller form of each.
"""

from collections.abc import Mapping

from saccade.models.entry import Entry

PAPERS: Mapping[str, Entry] = {
    # AlexNet, ZFNet, VGG, GoogLeNet, SqueezeNet
    # ResNet, ResNeXt, DenseNet, FractalNet, stochastic depth
}

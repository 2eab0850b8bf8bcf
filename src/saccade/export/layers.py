"""Which function writes which layer. A new one is a line here."""

from collections.abc import Callable, Mapping

from saccade.export import activations, convolutions, merging, normalisations, shapes
from saccade.export.writer import Value

Write = Callable[..., Value]

LAYERS: Mapping[str, Write] = {
    "Conv2D": convolutions.conv2d,
    "DepthwiseConv2D": convolutions.depthwise_conv2d,
    "SeparableConv2D": convolutions.separable_conv2d,
    "Dense": convolutions.dense,
    "Activation": activations.activation,
    "ReLU": activations.relu,
    "LeakyReLU": activations.leaky_relu,
    "ELU": activations.elu,
    "PReLU": activations.prelu,
    "Softmax": activations.softmax,
    "BatchNormalization": normalisations.batch_normalization,
    "LayerNormalization": normalisations.layer_normalization,
    "Normalization": normalisations.normalization,
    "Rescaling": normalisations.rescaling,
    "MaxPooling2D": shapes.max_pooling,
    "AveragePooling2D": shapes.average_pooling,
    "GlobalAveragePooling2D": shapes.pooled_whole("GlobalAveragePool"),
    "GlobalMaxPooling2D": shapes.pooled_whole("GlobalMaxPool"),
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Permute": shapes.permute,
    "ZeroPadding2D": shapes.zero_padding,
    "Cropping2D": shapes.cropping,
    "UpSampling2D": shapes.up_sampling,
    "Add": merging.merged("Add"),
    "Subtract": merging.merged("Sub"),
    "Multiply": merging.merged("Mul"),
    "Maximum": merging.merged("Max"),
    "Minimum": merging.merged("Min"),
    "Average": merging.average,
    "Concatenate": merging.concatenate,
    "saccade.models.auxiliary.WithAuxiliary": merging.first,
    # These do something only while a network learns.
    "Dropout": shapes.nothing,
    "SpatialDropout2D": shapes.nothing,
    "AlphaDropout": shapes.nothing,
    "GaussianDropout": shapes.nothing,
    "GaussianNoise": shapes.nothing,
    "ActivityRegularization": shapes.nothing,
    "Identity": shapes.nothing,
    # Of keras.applications.
    "keras.src.applications.convnext.LayerScale": normalisations.layer_scale,
    "keras.src.applications.convnext.StochasticDepth": shapes.nothing,
    "keras.src.applications.inception_resnet_v2.CustomScaleLayer": normalisations.added_scaled,
    "saccade.models.whitened.Whitening": convolutions.conv2d,
    # Of blocks with weight norm.
    "saccade.models.weight_norm.WeightNormConv2D": convolutions.conv2d,
    "saccade.models.weight_norm.WeightNormDense": convolutions.dense,
    # Of AlexNet, ZFNet and GoogLeNet.
    "saccade.models.local_response.LocalResponseNormalization": normalisations.local_response,
    # Of the LeNet-5 of 1998.
    "saccade.models.lenet.Subsample": normalisations.subsample,
    "saccade.models.lenet.TableConvolution": convolutions.table_convolution,
    "saccade.models.lenet.Distances": convolutions.distances,
    # Of residual networks for small pictures, and of fractal ones.
    "saccade.models.resnet_cifar.Widen": shapes.widened,
    "saccade.models.fractalnet.Columns": shapes.nothing,  # nobody reads it then
    "saccade.models.fractalnet.Join": merging.joined,
}

"""The models of the course and its codelabs, and ours for small pictures and photographs."""

from collections.abc import Mapping

from saccade.models.entry import Entry

COURSE: Mapping[str, Entry] = {
    "softmax": Entry(
        "softmax", "softmax", "no hidden layer", ("G1.0", "K01", "L1", "L2-linear", "E-lin"), 7_850
    ),
    "mlp": Entry("mlp", "mlp", "dense 200-100-60-30, sigmoid", ("G2.0",), 185_300),
    "mlp-relu": Entry("mlp", "mlp_relu", "dense 200-100-60-30", ("G2.1",), 185_300),
    "mlp-dropout": Entry("mlp", "mlp_dropout", "mlp-relu with dropout", ("G2.2",), 185_300),
    "conv": Entry("conv", "conv", "convolutions 4-8-12, dense 200", ("G3.0",), 122_270, least=4),
    "conv-dropout": Entry(
        "conv",
        "conv_dropout",
        "convolutions 6-12-24, dense 200, dropout",
        ("G3.1",),
        244_076,
        least=4,
    ),
    "mlp-bn": Entry("mlp", "mlp_bn", "mlp with batch norm", ("G4.0",), 185_690),
    "mlp-relu-bn": Entry("mlp", "mlp_relu_bn", "mlp-relu with batch norm", ("G4.1",), 185_300),
    "conv-bn": Entry(
        "conv",
        "conv_bn",
        "convolutions 24-48-64, dense 200, batch norm, dropout",
        ("G4.2",),
        708_362,
        least=4,
    ),
    "conv-wide": Entry("conv", "conv_wide", "conv-bn without batch norm", (), 708_362, least=4),
    "conv-bn-small": Entry(
        "conv",
        "conv_bn_small",
        "convolutions 6-12-24, dense 200, batch norm, dropout",
        ("GML",),
        244_318,
        least=4,
    ),
    "K02": Entry("codelab", "k02", "dense 200-60", ("K02",), 169_670),
    "K03": Entry("codelab", "k03", "dense 200-100-60, dropout", ("K03",), 183_770),
    "K04": Entry("codelab", "k04", "convolutions 12-24-32, dense 200", ("K04",), 354_002, least=4),
    "K05": Entry("codelab", "k05", "K04 with batch norm, dropout", ("K05",), 354_002, least=4),
    "E-dnn": Entry("estimator", "dnn", "dense 300-100-30", ("E-dnn",), 268_940),
    "E-drop": Entry("estimator", "dnn_dropout", "E-dnn with dropout", ("E-drop",), 268_940),
    "E-cnn": Entry(
        "estimator",
        "cnn",
        "convolutions 10-20, max pooling, dense 300, dropout",
        ("E-cnn",),
        302_590,
        least=4,
    ),
    "E-deck-cnn": Entry(
        "conv", "deck_cnn", "conv with kernels of 5-3-3", ("E-deck-cnn",), 121_086, least=4
    ),
    "S4-cnn": Entry("conv", "s4_cnn", "conv with kernels of 5-4-4", ("S4-cnn",), 121_982, least=4),
    "L2-dnn": Entry("google", "dnn", "dense 400-100", ("L2-dnn",), 355_110),
    "L2-dnn-dropout": Entry(
        "google", "dnn_dropout", "L2-dnn with dropout", ("L2-dnn-dropout",), 355_110
    ),
    "L2-cnn": Entry(
        "google",
        "cnn",
        "convolutions 64-32, max pooling, dense 400-100, dropout",
        ("L2-cnn",),
        380_614,
        least=10,
    ),
    "T0": Entry("tutorial", "t0", "dense 512, dropout", ("T0",), 407_050),
    "T1": Entry("tutorial", "t1", "dense 128", ("T1", "L5"), 101_770),
    "F-est": Entry(
        "estimator",
        "flowers",
        "E-cnn with batch norm, for photographs",
        ("F-est",),
        32_864_195,
        shape=(299, 299, 3),
        least=4,
        classes=5,
    ),
    "L3-cnn": Entry(
        "google",
        "cnn",
        "L2-cnn, for photographs",
        ("L3",),
        37_386_061,
        shape=(224, 224, 3),
        least=10,
        classes=5,
    ),
    "cats-dogs": Entry(
        "cats_dogs",
        "cats_dogs",
        "convolutions 32-64-128-128, max pooling, dense 512-128, dropout",
        ("C&D",),
        5_615_553,
        shape=(150, 150, 3),
        least=16,
        classes=2,
    ),
    "lenet5": Entry(
        "lenet",
        "lenet5",
        "convolutions 6-16, mean pooling, dense 120-84, tanh",
        ("LeNet-5",),
        61_706,
        least=12,
    ),
    "lenet5-1998": Entry(
        "lenet",
        "lenet5_1998",
        "lenet5 with the connection table and fixed outputs of 1998",
        ("LeNet-5",),
        60_000,
        least=12,
    ),
    "residual": Entry(
        "residual",
        "residual",
        "four residual blocks of 16-32-64-128, batch norm; for photographs",
        (),
        308_826,
        shape=(96, 96, 3),
        least=8,
    ),
}

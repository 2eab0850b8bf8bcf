"""The course's own recipes, as its authors wrote them. A new one is an entry in the table.

Those of Görner's scripts (G): the losses are sums over a batch of 100 where ours are means, so a
gradient descent rate of 0.005 is 0.5 here, and an Adam epsilon of 1e-8 is 1e-10. They divide bytes
by 256, shuffle once, start kernels with a truncated normal of deviation 0.1. The others' losses are
means. All of them on MNIST watch the test set. docs/guide/originals.md says what became of their
conventions.
"""

from dataclasses import replace

from saccade.train.augment import SETS
from saccade.train.colour import Brightness, Contrast
from saccade.train.geometry import Crop, Flip
from saccade.train.recipe import Recipe
from saccade.train.schedule import Constant, Exponential, Step

_DECK = Recipe(
    steps=10_001,
    batch_size=100,
    optimizer="adam",
    schedule=Exponential(0.003, floor=0.0001, decay_steps=2000),
    epsilon=1e-10,
    initialization="truncated-normal",
    shuffle="once",
    pixel_scale=1 / 256,
    validation_share=0.0,
    watch="test",
    evaluate_every=100,
)

# The Keras codelab: Keras' own Adam, kernels and batch norm, a new order every epoch.
_CODELAB = replace(
    _DECK,
    steps=4_680,
    batch_size=128,
    schedule=Constant(0.001),
    epsilon=1e-7,
    initialization="layers",
    batch_norm_warmup=False,
    shuffle="every epoch",
    evaluate_every=468,
)
# Google's and TensorFlow's notebooks: bytes divided by 255.
_NOTEBOOK = replace(_CODELAB, steps=1_000, batch_size=100, pixel_scale=1 / 255, evaluate_every=100)
_ESTIMATOR = replace(
    _NOTEBOOK, batch_size=512, schedule=Constant(0.01), epsilon=1e-8, evaluate_every=1000
)
_PHOTOS = replace(_NOTEBOOK, validation_share=0.1, watch="validation")
_LABS = "Google, deepdive2/image_classification/"
_ESTIMATORS = "Google, deepdive/08_image/"

_WRITTEN: dict[str, Recipe] = {
    "G1.0": replace(
        _DECK,
        source="Görner, mnist_1.0_softmax.py",
        reported=0.9268,
        steps=2_001,
        optimizer="sgd",
        schedule=Constant(0.5),
        evaluate_every=50,
    ),
    "G2.0": replace(
        _DECK,
        source="Görner, mnist_2.0_five_layers_sigmoid.py",
        reported=0.9788,
        schedule=Constant(0.003),
    ),
    "G2.1": replace(
        _DECK,
        source="Görner, mnist_2.1_five_layers_relu_lrdecay.py",
        reported=0.9824,
    ),
    "G2.2": replace(
        _DECK,
        source="Görner, mnist_2.2_five_layers_relu_lrdecay_dropout.py",
        reported=0.9817,
    ),
    "G3.0": replace(_DECK, source="Görner, mnist_3.0_convolutional.py", reported=0.989),
    "G3.1": replace(
        _DECK,
        source="Görner, mnist_3.1_convolutional_bigger_dropout.py",
        reported=0.9931,
    ),
    "S4-cnn": replace(
        _DECK,
        source="Görner, mnist_3.0_convolutional.py, a comment on 5/4/4 patches",
        reported=0.9892,
    ),
    "G4.0": replace(
        _DECK,
        source="Görner, mnist_4.0_batchnorm_five_layers_sigmoid.py",
        reported=0.9859,
        schedule=Exponential(0.03, floor=0.0001, decay_steps=1000),
    ),
    "G4.1": replace(
        _DECK,
        source="Görner, mnist_4.1_batchnorm_five_layers_relu.py",
        reported=0.9859,
        schedule=Exponential(0.03, floor=0.0001, decay_steps=1000),
    ),
    "G4.2": replace(
        _DECK,
        source="Görner, mnist_4.2_batchnorm_convolutional.py",
        reported=0.9955,
        schedule=Exponential(0.02, floor=0.0001, decay_steps=1600),
    ),
    "GML": replace(
        _DECK,
        source="Görner, mlengine/trainer/task.py (it reports 0.9949 for convolutions 16-32-64)",
        steps=3_000,
        schedule=Exponential(0.02, floor=0.0001, decay_steps=600),
        batch_norm_warmup=False,
        shuffle="every epoch",
    ),
    "K01": replace(
        _CODELAB,
        source="Görner, keras_01_mnist.ipynb",
        reported=0.90,
        optimizer="sgd",
        schedule=Constant(0.01),
    ),
    "K02": replace(_CODELAB, source="Görner, keras_02_mnist_dense.ipynb", reported=0.977),
    "K03": replace(
        _CODELAB,
        source="Görner, keras_03_mnist_dense_lrdecay_dropout.ipynb",
        reported=0.9775,
        schedule=Step(0.01, drop_every=468, factor=0.6),
    ),
    "K04": replace(
        _CODELAB,
        source="Görner, keras_04_mnist_convolutional.ipynb",
        reported=0.9892,
        schedule=Step(0.01, drop_every=468, factor=0.6),
    ),
    "K05": replace(
        _CODELAB,
        source="Görner, keras_05_mnist_batch_norm.ipynb",
        reported=0.9949,
        steps=9_370,
        batch_size=64,
        schedule=Step(0.01, drop_every=937, factor=0.666),
        evaluate_every=937,
    ),
    "L1": replace(_NOTEBOOK, source=_LABS + "1_mnist_linear.ipynb", reported=0.9123),
    "L2-linear": replace(_NOTEBOOK, source=_LABS + "2_mnist_models.ipynb", reported=0.9134),
    "L2-dnn": replace(_NOTEBOOK, source=_LABS + "2_mnist_models.ipynb", reported=0.9708),
    "L2-dnn-dropout": replace(_NOTEBOOK, source=_LABS + "2_mnist_models.ipynb", reported=0.9685),
    "L2-cnn": replace(_NOTEBOOK, source=_LABS + "2_mnist_models.ipynb", reported=0.9853),
    "L3": replace(
        _PHOTOS,
        source=_LABS + "3_tf_hub_transfer_learning.ipynb",
        reported=0.1875,
        steps=25,
        batch_size=32,
        augment=SETS["flowers"],
        evaluate_every=5,
    ),
    # The head of the notebook, over a frozen MobileNetV2.
    "L3-transfer": replace(
        _PHOTOS,
        source=_LABS + "3_tf_hub_transfer_learning.ipynb",
        reported=0.6648,
        steps=25,
        batch_size=32,
        l2=1e-4,
        augment=SETS["flowers"],
        evaluate_every=5,
    ),
    "L5": replace(
        _NOTEBOOK,
        source=_LABS + "5_fashion_mnist_class.ipynb",
        reported=0.8758,
        steps=18_750,
        batch_size=32,
        evaluate_every=1_875,
    ),
    "E-lin": replace(
        _ESTIMATOR,
        source=_ESTIMATORS + "mnistmodel",
        reported=0.9273,
        steps=1_000,
        evaluate_every=100,
    ),
    "E-dnn": replace(
        _ESTIMATOR,
        source=_ESTIMATORS + "mnistmodel",
        reported=0.9814,
        steps=10_000,
    ),
    "E-drop": replace(
        _ESTIMATOR,
        source=_ESTIMATORS + "mnistmodel",
        reported=0.9784,
        steps=20_000,
    ),
    "E-cnn": replace(
        _ESTIMATOR,
        source=_ESTIMATORS + "mnistmodel",
        reported=0.9897,
        steps=20_000,
    ),
    "F-est": replace(
        _PHOTOS,
        source=_ESTIMATORS + "flowersmodel",
        reported=0.582,
        batch_size=40,
        schedule=Constant(0.01),
        epsilon=1e-8,
    ),
    "F-est-augmented": replace(
        _PHOTOS,
        source=_ESTIMATORS + "flowersmodel, --augment",
        reported=0.615,
        steps=5_000,
        batch_size=40,
        schedule=Constant(0.01),
        epsilon=1e-8,
        augment=(Crop(299 / 309), Flip(), Brightness(63 / 255), Contrast(0.2, 1.8)),
    ),
    "T0": replace(
        _NOTEBOOK,
        source="TensorFlow tutorials 2018, _index.ipynb",
        reported=0.98,
        steps=9_375,
        batch_size=32,
        evaluate_every=1_875,
    ),
    "T1": replace(
        _NOTEBOOK,
        source="TensorFlow tutorials 2018, basic_classification.ipynb",
        reported=0.8727,
        steps=9_375,
        batch_size=32,
        epsilon=1e-8,
        evaluate_every=1_875,
    ),
    "C&D": replace(
        _PHOTOS,
        source="Dertat, Applied Deep Learning, part 4",
        reported=0.73,
        steps=2_000,
        batch_size=20,
    ),
    "C&D-augmented": replace(
        _PHOTOS,
        source="Dertat, Applied Deep Learning, part 4, with augmentation",
        reported=0.81,
        steps=6_000,
        batch_size=32,
        augment=SETS["cats-dogs"],
    ),
}

RECIPES = {name: replace(recipe, name=name) for name, recipe in _WRITTEN.items()}

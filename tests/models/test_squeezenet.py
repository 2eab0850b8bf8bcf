"""SqueezeNet with its published weights against the same network in plain NumPy."""

import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from saccade.models.activation import Mode
from saccade.models.applications import base_model
from saccade.models.backend import jax
from saccade.models.bases import BASES
from saccade.models.forward import forward
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.pretrained import published_weights, read_values

SIDE = 227
DAISY = "flower_photos/daisy/100080576_f52e8ee070_n.jpg"


def network(*, top):
    with unallocated():
        return layer_graph(base_model("squeezenet1.1", (SIDE, SIDE, 3), top=top))


@pytest.fixture
def published(data_dir, monkeypatch):
    monkeypatch.setenv("SACCADE_DATA_DIR", str(data_dir))
    path = published_weights("squeezenet1.1", top=True)
    assert path.parent == data_dir / "weights"
    return path


def photographs(tar, members):
    """float [n, 227, 227, 3], RGB: the shorter side to 256, the centre of that."""
    with tarfile.open(tar) as archive:
        files = [archive.extractfile(member).read() for member in members]
    return np.stack([centre(Image.open(io.BytesIO(file)).convert("RGB")) for file in files])


def centre(image):
    scale = 256 / min(image.size)
    image = image.resize([round(side * scale) for side in image.size], Image.Resampling.BILINEAR)
    left, top = (image.width - SIDE) // 2, (image.height - SIDE) // 2
    return np.asarray(image.crop((left, top, left + SIDE, top + SIDE)), np.float32)


def seen(pixels):
    """What the network sees of RGB pixels, as its entry says."""
    base = BASES["squeezenet1.1"]
    return (pixels * np.array(base.scale) + np.array(base.offset)).astype(np.float32)


def answers(path, images):
    graph = network(top=True)
    values = read_values(path, graph, reversed=True)
    run = jax.jit(lambda v, x: forward(graph, v, x, form="direct", mode=Mode())[0])
    return np.asarray(run(values, images))


def convolved(x, weights, name, *, stride=1, pad=0):
    """[c, h, w] -> [out, ...]; ReLU."""
    kernel, bias = weights[f"{name}_w"].astype(np.float32), weights[f"{name}_b"]
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[2:], (1, 2))
    y = np.einsum("chwij,ocij->ohw", windows[:, ::stride, ::stride], kernel, optimize=True)
    return np.maximum(y + bias[:, None, None], 0)


def pooled(x):
    """The largest of 3x3, every second; as many as Caffe takes, the last may stick out."""
    out = [-(-(side - 3) // 2) + 1 for side in x.shape[1:]]
    room = [(0, 2 * (n - 1) + 3 - side) for n, side in zip(out, x.shape[1:], strict=True)]
    x = np.pad(x, ((0, 0), *room), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2))
    return windows[:, ::2, ::2].max((3, 4))


def reference(weights, pixels):
    """Logits [1000] of RGB pixels [227, 227, 3], in NumPy alone."""
    x = (pixels[..., ::-1] - np.float32([104, 117, 123])).transpose(2, 0, 1)
    x = convolved(x, weights, "conv1", stride=2)
    for fire in range(2, 10):
        if fire in (2, 4, 6):
            x = pooled(x)
        x = convolved(x, weights, f"f{fire}s")
        small = convolved(x, weights, f"f{fire}a")
        x = np.concatenate([small, convolved(x, weights, f"f{fire}b", pad=1)])
    return convolved(x, weights, "conv10").mean((1, 2))


def test_it_has_as_many_weights_as_published():
    assert network(top=True).parameters == 1_235_496
    assert network(top=False).parameters == BASES["squeezenet1.1"].parameters


@pytest.mark.parametrize("shape", [(227, 227), (96, 128), (97, 96), (64, 65)])
def test_pools_are_as_large_as_caffes(shape):
    with unallocated():
        model = base_model("squeezenet1.1", (*shape, 3))
    rounded = [(side - 3) // 2 + 1 for side in shape]
    for name in ("pool1", "pool3", "pool5"):
        rounded = [-(-(side - 3) // 2) + 1 for side in rounded]
        assert list(model.get_layer(name).output.shape[1:3]) == rounded
    if shape == (227, 227):
        assert rounded == [14, 14]


def test_it_answers_as_numpy_does(published, data_dir):
    pixels = photographs(data_dir / "flowers" / "flowers-224.tar", [DAISY])[0]
    with np.load(published, allow_pickle=False) as weights:
        expected = reference(weights, pixels)
    got = answers(published, seen(pixels)[None])[0]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-4 * expected.max())


# Where they lie, and ImageNet's classes of it: daisy, house cats, dogs.
SHOWN = {
    "daisies": ("flowers/flowers-224.tar", "flower_photos/daisy/", {985}),
    "cats": ("cats-dogs/cats-dogs-180.tar", "train/cats/", range(281, 286)),
    "dogs": ("cats-dogs/cats-dogs-180.tar", "train/dogs/", range(151, 269)),
}


@pytest.mark.parametrize("shown", SHOWN)
def test_it_names_what_photographs_show(shown, published, data_dir):
    names = json.loads((data_dir / "weights" / "imagenet_class_index.json").read_text("utf-8"))
    tar, folder, classes = SHOWN[shown]
    with tarfile.open(data_dir / tar) as archive:
        members = [name for name in archive.getnames() if name.startswith(folder)][:12]
    first = answers(published, seen(photographs(data_dir / tar, members))).argmax(1)
    right = [i in classes for i in first]
    assert sum(right) >= 7, [names[str(i)][1] for i in first]


def test_blue_first_is_turned(published):
    graph = network(top=False)
    turned, plain = (read_values(published, graph, reversed=turn) for turn in (True, False))
    assert [name for name in plain if not np.array_equal(plain[name], turned[name])] == [
        "00-conv2d/kernel"
    ]
    np.testing.assert_array_equal(plain["00-conv2d/kernel"][:, :, ::-1], turned["00-conv2d/kernel"])

"""Values read from weights files are those that were written; a hostile file does nothing."""

import hashlib
import io
import pickle
import threading
import tracemalloc
import zipfile
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from saccade.core.cache import cache_folder
from saccade.core.errors import BadData, BadUsage, MissingFile
from saccade.models import pretrained
from saccade.models.applications import base_model
from saccade.models.backend import keras
from saccade.models.bases import BASES
from saccade.models.graph import layer_graph
from saccade.models.initialize import unallocated
from saccade.models.naming import in_keras_order
from saccade.models.pretrained import first_kernel, published_weights, read_values
from saccade.models.published import Published

# Keras' own writer still asks NumPy 1's way.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

layers = keras.layers
ENDINGS = ["own.safetensors", "paths.safetensors", "paths.npz", "keras3.weights.h5", "keras2.h5"]


def small(*, top=False, counted_from=0):
    """Two branches, layers that Keras names, a model inside, every kind of variable order."""
    keras.utils.clear_session()
    for _ in range(counted_from):
        layers.Conv2D(1, 1), layers.BatchNormalization()
    picture = layers.Input((12, 12, 3))
    x = layers.Normalization()(layers.Rescaling(1 / 255)(picture))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, name="stem")(x))
    left = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
    left = layers.Conv2D(4, 3, padding="same")(left)
    inside = keras.Sequential([layers.SeparableConv2D(4, 3, padding="same")])
    x = layers.Add()([layers.ReLU()(inside(x)), left, layers.Conv2D(4, 1)(x)])
    x = layers.GlobalAveragePooling2D()(x)
    if top:
        x = layers.Dense(7)(layers.Dense(5, name="hidden")(x))
    return keras.Model(picture, x)


def filled(model, rng):
    """With random values in it; the values by variable."""
    for variable in model.variables:
        drawn = rng.uniform(0, 9, variable.shape)
        variable.assign(np.asarray(drawn, variable.dtype))
    return model


def values_of(graph):
    return {name: np.asarray(variable.value) for name, variable in graph.weights.items()}


def written(model, path):
    """The model's weights in the form that the file's name says."""
    graph = layer_graph(model)
    by_path = {
        f"{node.layer.name}/{full.partition('/')[2]}": np.asarray(variable.value)
        for node in graph.nodes
        for full, variable in node.weights
    }
    if path.name == "own.safetensors":
        save_file(values_of(graph), path)
    elif path.suffix == ".safetensors":
        save_file(by_path, path)
    elif path.suffix == ".npz":
        np.savez(path, **by_path)
    elif path.name.endswith(".weights.h5"):
        model.save_weights(path)
    else:
        write_as_keras_2(model, path)
    return path


def write_as_keras_2(model, path, *, cut=False):
    """Groups by layer, `layer/variable:0` inside, names in attributes; long lists in pieces."""

    def attribute(group, name, words):
        pieces = [words[i : i + 3] for i in range(0, len(words), 3)] if cut else []
        for i, piece in enumerate(pieces):
            group.attrs[f"{name}{i}"] = np.array(piece, "S")
        if not pieces:
            group.attrs[name] = np.array(words, "S") if words else np.zeros(0)

    with h5py.File(path, "w") as file:
        attribute(file, "layer_names", [f"old_{layer.name}" for layer in model.layers])
        for layer in model.layers:
            group = file.create_group(f"old_{layer.name}")
            variables = layer.trainable_weights + layer.non_trainable_weights
            words = [f"old/{i}_{v.name}:0" for i, v in enumerate(variables)]
            attribute(group, "weight_names", words)
            for word, variable in zip(words, variables, strict=True):
                group[word] = np.asarray(variable.value)


def assert_equal(got, expected):
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        assert got[name].dtype == value.dtype, name
        np.testing.assert_array_equal(got[name], value, err_msg=name)


@pytest.mark.parametrize("top", [False, True])
@pytest.mark.parametrize("ending", ENDINGS)
def test_what_was_written_is_read(ending, top, tmp_path, rng):
    # `conv2d_10` comes after `conv2d_9`.
    source = filled(small(top=top, counted_from=9), rng)
    path = written(source, tmp_path / ending)
    expected = values_of(layer_graph(source))
    # Keras counts its names on: the same network has others now.
    graph = layer_graph(small(counted_from=3))
    assert graph.nodes[-1].kind == "GlobalAveragePooling2D"
    assert_equal(read_values(path, graph), {name: expected[name] for name in graph.weights})


def test_long_lists_of_names_are_put_together(tmp_path, rng):
    source = filled(small(), rng)
    write_as_keras_2(source, tmp_path / "cut.h5", cut=True)
    graph = layer_graph(small())
    assert_equal(read_values(tmp_path / "cut.h5", graph), values_of(layer_graph(source)))


def test_a_whole_model_as_keras_2_saved_it(tmp_path, rng):
    source = filled(small(), rng)
    path, whole = written(source, tmp_path / "keras2.h5"), tmp_path / "model.h5"
    with h5py.File(path) as weights, h5py.File(whole, "w") as file:
        weights.copy(weights, file, "model_weights")
    assert_equal(read_values(whole, layer_graph(small())), values_of(layer_graph(source)))


def test_keras_3_before_it_kept_names(tmp_path, rng):
    inside = keras.Sequential(small().layers[:4])
    source = filled(inside, rng)
    path = written(source, tmp_path / "x.weights.h5")
    with h5py.File(path, "r+") as file:
        file.visititems(lambda _, group: group.attrs.pop("name", None) and None)
    graph = layer_graph(keras.Sequential(small(counted_from=2).layers[:4]))
    assert_equal(read_values(path, graph), values_of(layer_graph(source)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inceptionv3", "mobilenetv3-small", "convnext-tiny"])
@pytest.mark.parametrize("ending", ["keras3.weights.h5", "keras2.h5"])
def test_a_bases_weights_as_keras_writes_them(name, ending, tmp_path, rng):
    side = (96, 96, 3)
    source = filled(base_model(name, side), rng)
    path = written(source, tmp_path / ending)
    with unallocated():
        graph = layer_graph(base_model(name, side))
    assert_equal(read_values(path, graph), values_of(layer_graph(source)))


@pytest.mark.parametrize("name", ["inceptionv3", "nasnet-mobile", "convnext-tiny", "resnet50"])
def test_the_order_of_layers_is_kerass(name):
    def flat(model):
        for layer in model.layers:
            yield from flat(layer) if isinstance(layer, keras.Model) else [layer]

    with unallocated():
        model = base_model(name, (96, 96, 3))
    ours = [node.layer.name for node in in_keras_order(layer_graph(model))]
    assert ours == [layer.name for layer in flat(model) if layer.weights]


@pytest.mark.parametrize("ending", ENDINGS)
def test_blue_first_is_turned_but_not_in_our_own(ending, tmp_path, rng):
    source = filled(small(), rng)
    path, graph = written(source, tmp_path / ending), layer_graph(small())
    kernel = first_kernel(graph)
    expected = values_of(layer_graph(source))
    if ending != "own.safetensors":
        expected[kernel] = expected[kernel][:, :, ::-1]
    assert_equal(read_values(path, graph, reversed=True), expected)


def test_caffes_half_precision_is_keras_single(tmp_path, rng):
    kernel = rng.normal(size=(64, 3, 3, 3)).astype(np.float16)
    with unallocated():
        graph = layer_graph(base_model("squeezenet1.1", (65, 65, 3)))
    arrays = {}
    for node in graph.nodes:
        for full, variable in node.weights:
            shape = tuple(variable.shape)
            kind = "w" if len(shape) == 4 else "b"
            shape = (shape[3], shape[2], *shape[:2]) if kind == "w" else shape
            arrays[f"{node.layer.name}_{kind}"] = np.zeros(shape, np.float16)
            assert full.endswith("kernel" if kind == "w" else "bias")
    np.savez(tmp_path / "x.npz", **(arrays | {"conv1_w": kernel}))
    got = read_values(tmp_path / "x.npz", graph)[first_kernel(graph)]
    assert got.dtype == np.float32
    assert got[1, 2, 0, 5] == kernel[5, 0, 1, 2]


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_missing_or_of_another_shape_is_named(ending, tmp_path, rng):
    path = written(filled(small(), rng), tmp_path / ending)
    with pytest.raises(BadData, match=r"holds no `dense\S*/kernel` .*of shape \(4, 2\); it has `"):
        read_values(path, layer_graph(with_dense()))
    wider = keras.Sequential([layers.Input((12, 12, 3)), layers.Conv2D(5, 3, name="stem")])
    if ending in ("own.safetensors", "keras2.h5"):  # the first in order is another
        body = [layers.Input((12, 12, 3)), layers.Rescaling(1.0), layers.Normalization(axis=2)]
        wider = keras.Sequential(body)
    with pytest.raises(BadData, match=r"in shape \(.*\), expected \("):
        read_values(path, layer_graph(wider))


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
def test_numbers_that_are_none_are_refused(wrong, tmp_path, rng):
    model = small()
    arrays = {name: np.ones(v.shape) for name, v in layer_graph(model).weights.items()}
    name = next(name for name in arrays if name.endswith("/kernel"))
    arrays[name].flat[-1] = wrong
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(BadData, match=f"{name}. with NaN or infinity"):
        read_values(tmp_path / "x.npz", layer_graph(model))


def test_an_empty_file_says_so(tmp_path):
    np.savez(tmp_path / "x.npz")
    with pytest.raises(BadData, match="it has nothing"):
        read_values(tmp_path / "x.npz", layer_graph(small()))


def with_dense():
    model = small()
    return keras.Model(model.input, layers.Dense(2)(model.output))


class Executed:
    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def npz_of(path, header, data=b""):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("stem/kernel.npy", header + data)


def npy_header(shape, descr="<f4"):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        file, {"descr": descr, "fortran_order": False, "shape": shape}
    )
    return file.getvalue()


def h5_stem(write):
    """An HDF5 file whose stem's kernel is what `write(group, name)` puts there."""

    def make(path):
        with h5py.File(path, "w") as file:
            file.attrs["layer_names"] = np.array(["stem"], "S")
            group = file.create_group("stem")
            group.attrs["weight_names"] = np.array(["stem/kernel:0", "stem/bias:0"], "S")
            inner = group.create_group("stem")
            inner["bias:0"] = np.zeros(4, np.float32)
            write(inner, "kernel:0")

    return make


def external_link(group, name):
    other = group.file.filename + ".other"
    with h5py.File(other, "w") as file:
        file["kernel"] = np.zeros((3, 3, 3, 4), np.float32)
    group[name] = h5py.ExternalLink(other, "/kernel")


def soft_link(group, name):
    group.file["elsewhere"] = np.zeros((3, 3, 3, 4), np.float32)
    group[name] = h5py.SoftLink("/elsewhere")


def external_storage(group, name):
    raw = group.file.filename + ".raw"
    with open(raw, "wb") as file:
        file.write(bytes(4 * 108))
    group.create_dataset(name, (3, 3, 3, 4), "f4", external=[(raw, 0, 4 * 108)])


def virtual(group, name):
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[:] = h5py.VirtualSource(group.file.filename + ".other", "kernel", (3, 3, 3, 4))
    group.create_virtual_dataset(name, layout)


def huge(group, name):
    group.create_dataset(name, (1 << 20, 1 << 20, 3, 4), "f4", chunks=(64, 64, 1, 1))


def huge_names(path):
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.create("layer_names", np.array(["x" * 1000] * 30000, "S"))


def loop(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("layers")
        group["layers"] = group


HOSTILE = {
    "text.npz": lambda p: p.write_text("hello"),
    "text.h5": lambda p: p.write_text("hello"),
    "text.safetensors": lambda p: p.write_text("hello"),
    "empty.h5": lambda p: p.write_bytes(b""),
    "a pickle.npz": lambda p: p.write_bytes(pickle.dumps(Executed())),
    "a pickle inside.npz": lambda p: npz_of(p, npy_header((), "|O"), pickle.dumps(Executed())),
    "a pickle as member.npz": lambda p: npz_of(p, pickle.dumps(Executed())),
    "huge.npz": lambda p: npz_of(p, npy_header((1 << 20, 1 << 20))),
    "cut.npz": lambda p: npz_of(p, npy_header((3, 3, 3, 4)), b"123"),
    "another suffix.pkl": lambda p: p.write_bytes(pickle.dumps(Executed())),
    "external link.h5": h5_stem(external_link),
    "soft link.h5": h5_stem(soft_link),
    "external storage.h5": h5_stem(external_storage),
    "virtual.h5": h5_stem(virtual),
    "huge.h5": h5_stem(huge),
    "text inside.h5": h5_stem(lambda g, n: g.create_dataset(n, (3, 3, 3, 4), h5py.string_dtype())),
    "a group.h5": h5_stem(lambda g, n: g.create_group(n)),
    "nothing.h5": h5_stem(lambda g, n: None),
    "huge names.h5": huge_names,
    "a loop.h5": loop,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_does_nothing(name, tmp_path):
    path = tmp_path / name
    HOSTILE[name](path)
    model = keras.Sequential([layers.Input((12, 12, 3)), layers.Conv2D(4, 3, name="stem")])
    graph = layer_graph(model)
    tracemalloc.start()
    with pytest.raises(BadData) as caught:
        read_values(path, graph)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    assert name.split(".")[-1] in str(caught.value)


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_cut_file_is_refused(ending, tmp_path, rng):
    path, graph = written(filled(small(), rng), tmp_path / ending), layer_graph(small())
    data = path.read_bytes()
    for part in (0.1, 0.5, 0.9):
        path.write_bytes(data[: int(part * len(data))])
        with pytest.raises(BadData, match=r"can.t be read as|is not there"):
            read_values(path, graph)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(MissingFile, match=r"no file .*x\.npz"):
        read_values(tmp_path / "x.npz", layer_graph(small()))


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A base `tiny` whose weights lie on a server on this machine."""
    monkeypatch.delenv("SACCADE_OFFLINE")
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "mirror"
    folder.mkdir()
    for file in ("tiny.h5", "tiny_top.h5"):
        (folder / file).write_bytes(file.encode() * 100)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()

        def published(file, content):
            sum_ = "md5:" + hashlib.md5(content).hexdigest()
            return Published(file, sum_, f"http://127.0.0.1:{server.server_port}/{file}")

        tiny = replace(
            BASES["vgg16"],
            without_top=published("tiny.h5", b"tiny.h5" * 100),
            with_top=published("tiny_top.h5", b"something else"),
        )
        monkeypatch.setattr("saccade.models.bases.BASES", {"tiny": tiny})
        yield tiny
        server.shutdown()
        thread.join()


# `requests` leaves the connection of a failed download to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_weights_are_downloaded_once_and_verified(mirror):
    path = published_weights("tiny")
    assert path == cache_folder() / "datasets" / "weights" / "tiny.h5"
    assert path.read_bytes() == b"tiny.h5" * 100
    assert published_weights("tiny") == path
    with pytest.raises(MissingFile, match=r"tiny_top\.h5 could not be downloaded") as caught:
        published_weights("tiny", top=True)
    assert mirror.with_top.checksum in str(caught.value)
    assert not (path.parent / "tiny_top.h5").exists()


@pytest.mark.parametrize("name, top", [("vgg16", False), ("convnext-tiny", True)])
def test_offline_the_error_names_file_sum_and_place(name, top, monkeypatch):
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    base = BASES[name]
    published = base.with_top if top else base.without_top
    with pytest.raises(MissingFile) as caught:
        published_weights(name, top=top)
    place = str(cache_folder() / "datasets" / "weights")
    said = (published.file, published.checksum, place, "$SACCADE_DATA_DIR/weights", "OFFLINE")
    assert all(part in str(caught.value) for part in said)


@pytest.mark.parametrize("name", ["mobilenetv2", "squeezenet1.1"])
def test_without_a_published_sum_nothing_is_downloaded(name, monkeypatch):
    monkeypatch.delenv("SACCADE_OFFLINE")
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    published = BASES[name].without_top
    with pytest.raises(MissingFile) as caught:
        published_weights(name)
    place = str(cache_folder() / "datasets" / "weights")
    assert all(part in str(caught.value) for part in (published.file, published.url, place))


def test_no_such_base(monkeypatch):
    with pytest.raises(BadUsage, match="no base `vgg`"):
        published_weights("vgg")
    assert pretrained.FOLDER == "weights"

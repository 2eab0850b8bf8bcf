"""The network itself is run by ONNX Runtime, and what it gives is looked at."""

import numpy as np
import onnx
import onnxruntime
import pytest

from saccade.bundle.model import Model, _session
from saccade.core.errors import BadBundle

PIXELS = np.random.default_rng(0).integers(0, 256, (150, 4, 4, 1), dtype=np.uint8)


def test_any_number_of_pictures_answer_alike(small_network):
    model = Model(small_network().SerializeToString(), 1)
    assert (model.shape, model.classes, model.together) == ((4, 4, 1), 2, 64)
    together, _ = model.answer(PIXELS)
    assert together.dtype == np.float32
    for count in (0, 1, 64, 65):
        np.testing.assert_allclose(model.answer(PIXELS[:count])[0], together[:count], atol=1e-6)
    backwards = model.answer(PIXELS[::-1])[0]  # not one piece of memory
    np.testing.assert_allclose(backwards, together[::-1], atol=1e-6)


def test_a_file_of_the_runtimes_own_kind_is_not_run(small_network, tmp_path):
    """One could hide in a file that was looked through as something else."""
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "model.ort")
    options.add_session_config_entry("session.save_model_format", "ORT")
    options.log_severity_level = 4
    onnxruntime.InferenceSession(small_network().SerializeToString(), options)
    data = (tmp_path / "model.ort").read_bytes()
    assert data[4:8] == b"ORTM"
    with pytest.raises(BadBundle):
        Model(data, 1)
    with pytest.raises(BadBundle):
        _session(data, 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_what_is_no_number_is_no_answer(small_network, value):
    network = small_network()
    kernel = np.full((16, 2), value, np.float32)
    network.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(kernel, "kernel"))
    with pytest.raises(BadBundle, match="no number"):
        Model(network.SerializeToString(), 1).answer(PIXELS[:3])


def test_weights_that_do_not_fit_are_said_in_one_line(small_network, capfd):
    network = small_network()
    network.graph.initializer[0].dims[:] = [2, 16]
    with pytest.raises(BadBundle) as caught:
        Model(network.SerializeToString(), 1)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")

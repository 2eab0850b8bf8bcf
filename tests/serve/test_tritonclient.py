"""Triton's own client asks us, as KServe's users do."""

import numpy as np
import pytest

triton = pytest.importorskip("tritonclient.http")


@pytest.fixture
def client(served):
    client = triton.InferenceServerClient(f"127.0.0.1:{served.port}")
    yield client
    client.close()


def test_it_finds_us_alive_and_knows_what_is_served(client):
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("digits")
    assert client.get_server_metadata()["name"] == "saccade"
    assert client.get_model_metadata("digits")["platform"] == "onnx_onnxruntime"


@pytest.mark.parametrize("packed", [True, False])
def test_pixels_get_the_bundles_own_answer(client, opened, digits, packed):
    pixels = triton.InferInput("pixels", [9, 8, 8, 1], "UINT8")
    pixels.set_data_from_numpy(digits[:9], binary_data=packed)
    names = ("probabilities", "logits", "label")
    wanted = [triton.InferRequestedOutput(name, binary_data=packed) for name in names]
    answer = client.infer("digits", [pixels], outputs=wanted, request_id="7")
    probabilities, logits = opened.answer(digits[:9])
    assert answer.get_response()["id"] == "7"
    assert np.allclose(answer.as_numpy("probabilities"), probabilities, atol=1e-6)
    assert np.allclose(answer.as_numpy("logits"), logits, atol=1e-5)
    labels = [one.decode() if packed else one for one in answer.as_numpy("label")]
    assert labels == [opened.classes[k] for k in probabilities.argmax(1)]
    # Without a list of outputs it asks for all of them, packed.
    assert np.array_equal(client.infer("digits", [pixels]).as_numpy("probabilities"), probabilities)


def test_files_get_it_too(client, opened, digits, png):
    files = np.array([png(one) for one in digits[:3]], object)
    image = triton.InferInput("image", [3], "BYTES")
    image.set_data_from_numpy(files, binary_data=True)
    found = client.infer("digits", [image]).as_numpy("probabilities")
    assert np.array_equal(found, opened.answer(digits[:3])[0])


def test_it_is_told_why_not(client):
    pixels = triton.InferInput("pixels", [1, 8, 7, 1], "UINT8")
    pixels.set_data_from_numpy(np.zeros((1, 8, 7, 1), np.uint8))
    with pytest.raises(triton.InferenceServerException, match="8, 8, 1"):
        client.infer("digits", [pixels])

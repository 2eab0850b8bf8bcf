"""/v2: the Open Inference Protocol, as KServe's and Triton's clients ask; JSON or binary tensors.

Inputs: `pixels` UINT8 [n, height, width, channels], or `image` BYTES [n], picture files (in JSON as
base64). Outputs: `probabilities` and `logits` FP32 [n, classes], `label` BYTES [n].
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from starlette.types import Receive, Scope

import saccade
from saccade.serve.body import headers_of, parse_json, read_body
from saccade.serve.refusal import Refusal, too_many
from saccade.serve.service import Service, from_base64

LENGTH = "inference-header-content-length"
OUTPUTS = ("probabilities", "logits", "label")


async def infer(
    service: Service, scope: Scope, receive: Receive
) -> tuple[bytes, Mapping[str, str]]:
    """The body of an answer, and its headers where tensors are binary.

    Raises:
        Refusal: as the parts of it.
    """
    service.check_room()
    headers = headers_of(scope)
    body = await read_body(headers, receive, service.limits)
    head, rest = _parted(headers.get(LENGTH), body)
    told = parse_json(head, service.limits)
    tensor = _one_input(told)
    if rest and _parameter(tensor, "binary_data_size") is None:
        raise _bad(f"{len(rest):,} bytes behind the JSON, and no tensor says that they are its")
    shape = _shape(tensor, service.limits.pictures)
    wanted = _wanted(told)
    if tensor.get("name") == "image":
        files = _files(tensor, shape, rest)
        probabilities, logits, _ = await service.ask_files([(one, "") for one in files], scope)
    else:
        probabilities, logits = await service.ask(_pixels(service, tensor, shape, rest), scope)
    labels = [service.bundle.classes[k] for k in probabilities.argmax(1)]
    found = {"probabilities": probabilities, "logits": logits, "label": labels}
    answer = {"model_name": service.name, "model_version": "1"}
    if isinstance(told.get("id"), str):
        answer["id"] = told["id"][:100]
    return _packed(answer, [(name, found[name], binary) for name, binary in wanted])


def _parted(length: str | None, body: bytes) -> tuple[bytes, bytes]:
    """The JSON in front and the binary tensors after it."""
    if length is None:
        return body, b""
    if not length.isdecimal() or len(length) > 9 or int(length) > len(body):
        raise _bad(f"{LENGTH} is how many bytes of JSON there are")
    return body[: int(length)], body[int(length) :]


def _bad(why: str) -> Refusal:
    return Refusal(400, "bad_tensor", why)


def _one_input(told: Any) -> Mapping[str, Any]:
    inputs = told.get("inputs") if isinstance(told, dict) else None
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise _bad("expected one input: `pixels` UINT8, or `image` BYTES")
    if inputs[0].get("name") not in ("pixels", "image"):
        raise _bad("expected an input named `pixels` or `image`")
    return inputs[0]


def _wanted(told: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """Names of outputs, each with whether its tensor is to be binary."""
    everywhere = _parameter(told, "binary_data_output") is True
    asked = told.get("outputs")
    if not asked:
        return [(name, everywhere) for name in OUTPUTS]
    if not isinstance(asked, list) or not all(isinstance(one, dict) for one in asked):
        raise _bad("outputs is a list of objects with a name")
    names = [one.get("name") for one in asked]
    if len(set(map(str, names))) != len(names) or not set(map(str, names)) <= set(OUTPUTS):
        raise _bad(f"outputs are {', '.join(OUTPUTS)}, each once")
    return [
        (str(one["name"]), _parameter(one, "binary_data") is True or everywhere) for one in asked
    ]


def _parameter(told: Mapping[str, Any], name: str) -> Any:
    parameters = told.get("parameters")
    return parameters.get(name) if isinstance(parameters, dict) else None


def _shape(tensor: Mapping[str, Any], most: int) -> tuple[int, ...]:
    shape = tensor.get("shape")
    whole = isinstance(shape, list) and all(type(side) is int and side > 0 for side in shape)
    if not shape or not whole:
        raise _bad("a tensor's shape is a list of whole numbers above 0")
    if shape[0] > most:
        raise too_many(most)
    return tuple(shape)


def _binary(tensor: Mapping[str, Any], rest: bytes) -> bytes | None:
    """The tensor's bytes, None where it is JSON."""
    size = _parameter(tensor, "binary_data_size")
    if size is None:
        return None
    if type(size) is not int or size != len(rest):
        raise _bad(f"binary_data_size is how many bytes follow, {len(rest):,} here")
    return rest


def _pixels(
    service: Service, tensor: Mapping[str, Any], shape: tuple[int, ...], rest: bytes
) -> np.ndarray:
    if tensor.get("datatype") != "UINT8" or shape[1:] != service.shape:
        raise _bad(f"`pixels` is UINT8 [n, {', '.join(map(str, service.shape))}]")
    data = _binary(tensor, rest)
    if data is None:
        try:
            values = np.array(tensor.get("data"))
        except (ValueError, RecursionError):
            values = np.empty(0)
        if values.dtype.kind not in "iu" or values.size != np.prod(shape):
            raise _bad(f"data has {int(np.prod(shape)):,} whole numbers")
        if values.min() < 0 or values.max() > 255:
            raise _bad("values of UINT8 are 0 to 255")
        data = values.astype(np.uint8).tobytes()
    if len(data) != np.prod(shape):
        raise _bad(f"{len(data):,} bytes, expected {int(np.prod(shape)):,}")
    return np.frombuffer(data, np.uint8).reshape(shape)


def _files(tensor: Mapping[str, Any], shape: tuple[int, ...], rest: bytes) -> list[bytes]:
    """Picture files of a BYTES tensor: each behind its length in four bytes, or base64 in JSON."""
    if tensor.get("datatype") != "BYTES" or len(shape) > 2 or int(np.prod(shape)) != shape[0]:
        raise _bad("`image` is BYTES [n] or [n, 1]")
    data = _binary(tensor, rest)
    files = []
    if data is None:
        texts = tensor.get("data")
        if not isinstance(texts, list) or len(texts) != shape[0]:
            raise _bad(f"data of `image` is a list of base64, {shape[0]} of them")
        flat = [one[0] if isinstance(one, list) and len(one) == 1 else one for one in texts]
        files = [from_base64(text) for text in flat]
    else:
        at = 0
        while at < len(data) and len(files) < shape[0]:
            size = int.from_bytes(data[at : at + 4], "little")
            files.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        if at != len(data):
            raise _bad(f"the bytes are not {shape[0]} elements, each behind its length")
    if len(files) != shape[0]:
        raise _bad(f"{len(files)} elements, the shape says {shape[0]}")
    return files


def _packed(
    answer: dict[str, Any], found: Sequence[tuple[str, Any, bool]]
) -> tuple[bytes, Mapping[str, str]]:
    outputs, tensors = [], []
    for name, value, binary in found:
        text = isinstance(value, list)
        one: dict[str, Any] = {
            "name": name,
            "datatype": "BYTES" if text else "FP32",
            "shape": [len(value)] if text else list(value.shape),
        }
        if binary:
            tensors.append(_bytes_of(value) if text else value.astype("<f4").tobytes())
            one["parameters"] = {"binary_data_size": len(tensors[-1])}
        else:
            one["data"] = value if text else value.ravel().tolist()
        outputs.append(one)
    head = json.dumps({**answer, "outputs": outputs}).encode()
    if not tensors:
        return head, {}
    told = {"content-type": "application/octet-stream", LENGTH: str(len(head))}
    return b"".join([head, *tensors]), told


def _bytes_of(texts: Sequence[str]) -> bytes:
    encoded = [text.encode() for text in texts]
    return b"".join(len(one).to_bytes(4, "little") + one for one in encoded)


def server_metadata() -> dict[str, Any]:
    """GET /v2."""
    return {
        "name": "saccade",
        "version": saccade.__version__,
        "extensions": ["binary_tensor_data"],
    }


def model_metadata(service: Service) -> dict[str, Any]:
    """GET /v2/models/NAME."""
    classes = len(service.bundle.classes)
    return {
        "name": service.name,
        "versions": ["1"],
        "platform": "onnx_onnxruntime",
        "inputs": [{"name": "pixels", "datatype": "UINT8", "shape": [-1, *service.shape]}],
        "outputs": [
            {"name": "probabilities", "datatype": "FP32", "shape": [-1, classes]},
            {"name": "logits", "datatype": "FP32", "shape": [-1, classes]},
            {"name": "label", "datatype": "BYTES", "shape": [-1]},
        ],
    }

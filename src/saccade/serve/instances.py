"""/v1/models/NAME:predict, as TensorFlow Serving, Vertex AI and the course's notebooks ask.

    {"instances": [{"image": 28x28 numbers}]}      probabilities, predictions, classes, class_ids
    {"instances": [{"image_bytes": {"b64": ...}}]} probabilities, classid, class
    {"instances": [28x28 numbers]}                 lists of floats
    {"inputs": ...}                                the same by columns, in {"outputs": ...}

An instance alone, or one a line (`gcloud ... --json-instances`), is taken, too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from starlette.types import Receive, Scope

from saccade.serve.body import headers_of, parse_json, read_body
from saccade.serve.refusal import Refusal, too_many
from saccade.serve.service import Service, from_base64
from saccade.serve.values import as_array, to_pixels, value_range


@dataclass(frozen=True)
class Asked:
    """What a body asks: instances, whether by columns, the range it says."""

    instances: Sequence[Any]
    columns: bool = False
    range: Any = None


async def instances(service: Service, scope: Scope, receive: Receive) -> bytes:
    """{"predictions": [...]}, one for each instance, and the range that was taken.

    Raises:
        Refusal: as the parts of it.
    """
    service.check_room()
    body = await read_body(headers_of(scope), receive, service.limits)
    asked = _asked(body, service)
    files = [(i, _file_of(one)) for i, one in enumerate(asked.instances) if _is_file(one)]
    numbers = [(i, _numbers_of(one)) for i, one in enumerate(asked.instances) if not _is_file(one)]
    arrays = [as_array(one, service.shape) for _, one in numbers]
    found = value_range(arrays, asked.range) if arrays else None
    rows: dict[int, np.ndarray] = {}
    if files:
        probabilities, _, _ = await service.ask_files([(data, "") for _, data in files], scope)
        rows |= {i: row for (i, _), row in zip(files, probabilities, strict=True)}
    if arrays and found is not None:
        pixels = np.stack([to_pixels(one, found) for one in arrays])
        probabilities, _ = await service.ask(pixels, scope)
        rows |= {i: row for (i, _), row in zip(numbers, probabilities, strict=True)}
    told = [_told(one, rows[i], service) for i, one in enumerate(asked.instances)]
    value: dict[str, Any] = {"outputs": _columns(told)} if asked.columns else {"predictions": told}
    if found is not None:
        value["range"] = found
    return json.dumps(value).encode()


def _asked(body: bytes, service: Service) -> Asked:
    try:
        told = parse_json(body, service.limits)
    except Refusal as refusal:
        lines = [line for line in body.splitlines() if line.strip()]
        if refusal.code != "bad_json" or len(lines) < 2:
            raise
        most = service.limits.pictures
        told = {"instances": [parse_json(line, service.limits) for line in lines[: most + 1]]}
    if _is_instance(told):
        told = {"instances": [told]}
    if not isinstance(told, dict) or ("instances" in told) == ("inputs" in told):
        raise Refusal(400, "bad_json", 'expected {"instances": [...]} or {"inputs": ...}')
    if told.get("signature_name", "serving_default") not in ("serving_default", "predict"):
        raise Refusal(400, "bad_signature", "there is one signature, serving_default")
    parameters = told.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Refusal(400, "bad_json", "parameters is an object")
    columns = "inputs" in told
    found = _rows(told["inputs"]) if columns else told["instances"]
    if not isinstance(found, list) or not found:
        raise Refusal(400, "bad_json", "instances is a list with at least one")
    if len(found) > service.limits.pictures:
        raise too_many(service.limits.pictures)
    if columns and len({_kind(one) for one in found}) > 1:
        raise Refusal(400, "bad_json", "inputs are all files, all named numbers, or all bare ones")
    return Asked(found, columns, parameters.get("range"))


def _is_instance(told: Any) -> bool:
    if isinstance(told, list):  # the Keras lab's test.json: one picture, nothing around it
        return bool(told)
    return isinstance(told, dict) and bool({"image", "image_bytes", "b64"} & set(told))


def _rows(inputs: Any) -> Any:
    """Columns, {"image": [...]}, as instances."""
    if isinstance(inputs, dict):
        if len(inputs) != 1:
            raise Refusal(400, "bad_json", "inputs has one column: image or image_bytes")
        (name, values), *_ = inputs.items()
        return [{name: value} for value in values] if isinstance(values, list) else None
    return inputs


def _is_file(instance: Any) -> bool:
    if not isinstance(instance, dict):
        return False
    named = isinstance(instance.get("image"), dict)  # {"image": {"b64": ...}}
    return named or "image_bytes" in instance or "b64" in instance


def _kind(instance: Any) -> tuple[bool, bool]:
    return _is_file(instance), isinstance(instance, dict)


def _file_of(instance: Mapping[str, Any]) -> bytes:
    told = instance.get("image_bytes", instance.get("image", instance))
    if not isinstance(told, dict) or "b64" not in told:
        raise Refusal(422, "bad_base64", 'expected {"image_bytes": {"b64": BASE64}}')
    return from_base64(told["b64"])


def _numbers_of(instance: Any) -> Any:
    if isinstance(instance, dict):
        if "image" not in instance:
            raise Refusal(422, "bad_json", "an instance has image or image_bytes")
        return instance["image"]
    return instance


def _told(instance: Any, row: np.ndarray, service: Service) -> Any:
    """Keys as the course's own servers gave them."""
    probabilities, best = row.tolist(), int(row.argmax())
    if _is_file(instance):
        name = service.bundle.classes[best]
        return {"probabilities": probabilities, "classid": best, "class": name}
    if isinstance(instance, dict):
        return {
            "probabilities": probabilities,
            "predictions": probabilities,
            "classes": best,
            "class_ids": best,
        }
    return probabilities


def _columns(told: Sequence[Any]) -> Any:
    if isinstance(told[0], dict):
        return {name: [one[name] for one in told] for name in told[0]}
    return list(told)


def status(service: Service) -> dict[str, Any]:
    """What TensorFlow Serving says of a model."""
    fine = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": "1", "state": "AVAILABLE", "status": fine}]}


def metadata(service: Service) -> dict[str, Any]:
    """What TensorFlow Serving says of its inputs and outputs."""
    height, width, channels = service.shape
    classes = len(service.bundle.classes)
    signature = {
        "inputs": {"image": _tensor("DT_FLOAT", [-1, height, width, channels])},
        "outputs": {"probabilities": _tensor("DT_FLOAT", [-1, classes])},
        "method_name": "tensorflow/serving/predict",
    }
    return {
        "model_spec": {"name": service.name, "signature_name": "", "version": "1"},
        "metadata": {"signature_def": {"signature_def": {"serving_default": signature}}},
    }


def _tensor(kind: str, shape: Sequence[int]) -> dict[str, Any]:
    sides = [{"size": str(side), "name": ""} for side in shape]
    return {"dtype": kind, "tensor_shape": {"dim": sides, "unknown_rank": False}}

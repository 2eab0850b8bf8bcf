"""OpenAPI of what is answered outside of FastAPI."""

from typing import Any

from fastapi import FastAPI

from saccade.serve.service import Service

_BASE64 = {"type": "string", "contentEncoding": "base64"}
_NUMBER = {"type": "number"}
_NUMBERS = {"type": "array", "items": _NUMBER}


def _object(properties: dict[str, Any], *needed: str, more: bool = False) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "object", "properties": properties}
    if needed:
        told["required"] = list(needed)
    return told if more else {**told, "additionalProperties": False}


_RANKED = _object({"label": {"type": "string"}, "probability": _NUMBER}, "label", "probability")
_ANSWER = _object(
    {
        "label": {"type": "string"},
        "probability": _NUMBER,
        "topk": {"type": "array", "items": _RANKED},
        "unknown_score": {"type": ["number", "null"]},
        "decision": {"enum": ["accept", "reject", "unknown", None]},
        "model": {"type": "string"},
        "ms": _NUMBER,
        "notes": {"type": "array", "items": {"type": "string"}},
    },
    "label", "probability", "topk", "unknown_score", "decision", "model", "ms",
)  # fmt: skip
_REFUSAL = _object(
    {"error": {"type": "string"}, "code": {"type": "string"}, "id": {"type": "string"}},
    "error",
    "code",
)
_REFUSALS = {
    400: "The request is no such request",
    401: "A key is needed",
    403: "Another page asks",
    408: "The request took too long to come",
    413: "Too large",
    415: "No kind of picture that is read",
    422: "A picture or numbers that can't be used",
    429: "Asked too often; Retry-After says when to come again",
    503: "Too much to do; Retry-After says when to come again",
    504: "The time that the request was given (X-Server-Timeout) is over",
}
_TENSOR = _object(
    {
        "name": {"enum": ["pixels", "image"]},
        "datatype": {"enum": ["UINT8", "BYTES"]},
        "shape": {"type": "array", "items": {"type": "integer"}},
        "data": {"type": "array"},
        "parameters": {"type": "object"},
    },
    "name", "datatype", "shape",
)  # fmt: skip


def document(app: FastAPI, service: Service) -> None:
    """Adds it to what FastAPI says of its own paths."""
    own = app.openapi

    def openapi() -> dict[str, Any]:
        told = own()
        told["paths"].update(_paths(service.name))
        return told

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation does it


def _paths(name: str) -> dict[str, Any]:
    picture = {"type": "string", "format": "binary"}
    images = {
        "image/jpeg": {"schema": picture},
        "image/png": {"schema": picture},
        "application/octet-stream": {"schema": picture},
        "application/json": {"schema": _object({"image": _BASE64}, "image")},
        "multipart/form-data": {"schema": _object({"image": picture}, "image")},
    }
    several = {"oneOf": [_ANSWER, {"type": "array", "items": _ANSWER}]}
    instance = {"anyOf": [{"type": "object"}, {"type": "array"}]}
    asked = _object(
        {
            "instances": {"type": "array", "items": instance, "minItems": 1},
            "parameters": _object({"range": {"enum": ["0..1", "0..255"]}}),
        },
        "instances",
    )
    predictions = _object(
        {"predictions": {"type": "array"}, "outputs": {}, "range": {"type": "string"}}
    )
    inferred = _object(
        {"inputs": {"type": "array", "items": _TENSOR, "minItems": 1, "maxItems": 1}}, "inputs"
    )
    outputs = _object({"outputs": {"type": "array"}}, "outputs", more=True)
    return {
        "/predict": _post("What a picture shows", images, several),
        f"/v1/models/{name}:predict": _post(
            "As TensorFlow Serving asks", {"application/json": {"schema": asked}}, predictions
        ),
        f"/v2/models/{name}/infer": _post(
            "As the Open Inference Protocol asks",
            {"application/json": {"schema": inferred}},
            outputs,
        ),
    }


def _post(summary: str, content: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    refusals = {
        str(status): {"description": why, "content": {"application/json": {"schema": _REFUSAL}}}
        for status, why in _REFUSALS.items()
    }
    fine = {"description": "The answer", "content": {"application/json": {"schema": answer}}}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": content},
            "responses": {"200": fine, **refusals},
        }
    }

"""POST /predict: a picture, however it is sent."""

import json
import time
from collections.abc import Mapping
from typing import Any

from starlette.types import Receive, Scope

from saccade.core.kinds import LEAST_FILE, allowed_kind
from saccade.serve.body import headers_of, media_type, parse_form, parse_json, read_body
from saccade.serve.refusal import Refusal, too_many
from saccade.serve.service import Service, from_base64

RAW = "application/octet-stream"


async def predict(service: Service, scope: Scope, receive: Receive) -> bytes:
    """One answer for one picture, a list for several.

    Raises:
        Refusal: as the parts of it.
    """
    began = time.perf_counter()
    service.check_room()
    headers = headers_of(scope)
    body = await read_body(headers, receive, service.limits)
    kind = media_type(headers)
    if kind == RAW and not _is_picture(service, body):
        pixels = service.raw(body)
        probabilities, logits = await service.ask(pixels, scope)
        notes: list[Any] = [()] * len(pixels)
        single = len(pixels) == 1
    else:
        files = _files(service, headers, kind, body)
        probabilities, logits, notes = await service.ask_files(files, scope)
        single = len(files) == 1
    told = service.answers.of(probabilities, logits, notes, time.perf_counter() - began)
    return json.dumps(told[0] if single else told).encode()


def _is_picture(service: Service, body: bytes) -> bool:
    """Whether bytes without a name are a picture's file; refused where they may be either."""
    if len(body) < LEAST_FILE or allowed_kind(body) is None:
        return False
    if len(body) % (service.shape[0] * service.shape[1] * service.shape[2]) == 0:
        raise Refusal(
            422,
            "ambiguous",
            "these bytes may be a picture's file or pixels: send a file as image/jpeg, "
            "image/png, ..., pixels by /v2",
        )
    return True


def _files(
    service: Service, headers: Mapping[str, str], kind: str, body: bytes
) -> list[tuple[bytes, str]]:
    """Picture files, each with its media type."""
    if kind == "multipart/form-data":
        parts = parse_form(headers, body, service.limits)
        files = [(part.data, part.media_type) for part in parts]
    elif kind == "application/json":
        files = _of_json(parse_json(body, service.limits))
    else:
        files = [(body, kind)]
    if not files:
        raise Refusal(400, "empty", "there is no picture in it")
    if len(files) > service.limits.pictures:
        raise too_many(service.limits.pictures)
    return files


def _of_json(told: Any) -> list[tuple[bytes, str]]:
    if isinstance(told, dict) and set(told) == {"image"}:
        return [(from_base64(told["image"]), "")]
    if isinstance(told, dict) and set(told) == {"images"} and isinstance(told["images"], list):
        return [(from_base64(one), "") for one in told["images"]]
    raise Refusal(422, "bad_json", 'expected {"image": BASE64} or {"images": [BASE64, ...]}')

"""What is asked now and then: health, what is served, its documentation, the page."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.exceptions import HTTPException

import saccade
from saccade.serve.documented import document
from saccade.serve.instances import metadata, status
from saccade.serve.refusal import Refusal
from saccade.serve.service import Service
from saccade.serve.tensors import model_metadata, server_metadata

PAGE = Path(__file__).parent / "page"
KINDS = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
}
NOT_BUILT = (
    "saccade answers POST /predict; its page was not built: with Node 20 or newer, `make page` in "
    "a checkout does it (a released wheel has it), then start `saccade serve` again.\n"
)
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
CODES = {
    404: ("not_found", "there is nothing here; GET /info says what is served"),
    405: ("bad_method", "this takes another method"),
}


def pages(service: Service, health: str = "") -> FastAPI:
    """The app that answers; `health` is one more path for readiness."""
    app = FastAPI(
        title="saccade",
        version=saccade.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would repeat the name by which it was asked
    )
    app.add_exception_handler(HTTPException, _refused)
    app.middleware("http")(_with_headers)
    _add_health(app, service, health)
    _add_descriptions(app, service)
    _add_page(app)
    document(app, service)
    return app


def _add_health(app: FastAPI, service: Service, health: str) -> None:
    def ready() -> JSONResponse:
        """Whether it takes requests: no longer, once it is about to end."""
        if service.draining:
            return JSONResponse({"status": "ending"}, 503)
        return JSONResponse({"status": "ready"})

    @app.get("/healthz", summary="Whether the process lives")
    def healthz() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/v2/health/live", summary="Whether the process lives")
    def live() -> dict[str, bool]:
        return {"live": True}

    for path in {"/readyz", "/v2/health/ready", f"/v2/models/{service.name}/ready", health} - {""}:
        app.get(path, summary="Whether it takes requests")(ready)


def _add_descriptions(app: FastAPI, service: Service) -> None:
    name = service.name

    @app.get("/info", summary="What is served")
    def info() -> dict[str, Any]:
        height, width, channels = service.shape
        return {
            "model": name,
            "classes": list(service.bundle.classes),
            "input": {"height": height, "width": width, "channels": channels},
            "sha256": service.bundle.fingerprint,
            "calibrated": service.answers.decides,
            "saccade": saccade.__version__,
        }

    @app.get(f"/v1/models/{name}", summary="As TensorFlow Serving says it")
    def of_tensorflow() -> dict[str, Any]:
        return status(service)

    @app.get(f"/v1/models/{name}/metadata", summary="As TensorFlow Serving says it")
    def signatures() -> dict[str, Any]:
        return metadata(service)

    @app.get("/v2", summary="As the Open Inference Protocol says it")
    def server() -> dict[str, Any]:
        return server_metadata()

    @app.get(f"/v2/models/{name}", summary="As the Open Inference Protocol says it")
    def model() -> dict[str, Any]:
        return model_metadata(service)


def _add_page(app: FastAPI) -> None:
    """Its files by their names; where there are none, / says what to do."""
    for file in sorted(PAGE.iterdir()) if PAGE.is_dir() else ():
        path = "/" if file.name == "index.html" else f"/{file.name}"
        if file.suffix in KINDS:
            app.get(path, include_in_schema=False)(_giver(file, KINDS[file.suffix]))

    @app.get("/", include_in_schema=False)
    def not_built() -> PlainTextResponse:
        return PlainTextResponse(NOT_BUILT)


def _giver(file: Path, kind: str) -> Any:
    def give() -> FileResponse:
        return FileResponse(file, media_type=kind)

    return give


async def _with_headers(request: Request, call_next: Any) -> Response:
    response: Response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


async def _refused(request: Request, error: Exception) -> Response:
    """As every other refusal; nothing of the request is in it."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    code, why = CODES.get(status, ("refused", "this can't be answered"))
    refusal = Refusal(status, code, why)
    headers = {name.decode(): value.decode() for name, value in refusal.headers()}
    allowed = getattr(error, "headers", None) or {}
    return Response(refusal.body(), status, {**headers, **allowed})

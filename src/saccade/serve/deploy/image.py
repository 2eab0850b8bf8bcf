"""How the image is built: pinned, not root, nothing written at run time but below /tmp."""

import json
from collections.abc import Sequence

from saccade.serve.deploy import wheel
from saccade.serve.deploy.deployment import PORT, READY, USER, Deployment

BASE = "python:3.13.7-slim-trixie"
HOME = "/opt/saccade"
SERVE_PINS, TRAIN_PINS = "requirements-serve.txt", "requirements-train.txt"
BUNDLE = "bundle"
TEMPORARY = "/tmp"  # in the image, the one place where something can be written

_BUILD = """\
# Pin the base by its digest, which only a registry can tell:
#     docker buildx imagetools inspect {base}
#     docker build --build-arg BASE={base}@sha256:... .
ARG BASE={base}

FROM ${{BASE}} AS build
COPY {pins} {wheel} /build/
RUN ["python", "-m", "venv", "{home}"]
RUN ["{home}/bin/python", "-m", "pip", "install", "--no-cache-dir", "--require-hashes", \
"--only-binary", ":all:", "-r", "/build/{pins}"]
RUN ["{home}/bin/python", "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--no-index", \
"/build/{wheel}"]
RUN ["{home}/bin/python", "-m", "pip", "uninstall", "--yes", "pip"]

FROM ${{BASE}}
COPY --from=build {home} {home}
"""
# Neither curl nor a shell is asked: the image may lose both.
_ASK = (
    "import http.client, os, sys; "
    "port = int(os.environ.get('AIP_HTTP_PORT') or os.environ.get('PORT') or {port}); "
    "asked = http.client.HTTPConnection('127.0.0.1', port, timeout=4); "
    "asked.request('GET', '{ready}'); sys.exit(asked.getresponse().status != 200)"
)


def entry_point(deployment: Deployment) -> list[str]:
    """What the image runs. Who may ask is said where it is run, by its arguments."""
    command = [f"{HOME}/bin/saccade", "serve", f"/{BUNDLE}", "--name", deployment.name]
    return [*command, "--host", "0.0.0.0"]


def serving_dockerfile(deployment: Deployment) -> str:
    """The Dockerfile of a service."""
    ask = [f"{HOME}/bin/python", "-c", _ASK.format(port=PORT, ready=READY)]
    return (
        _build(SERVE_PINS)
        + f"COPY {BUNDLE} /{BUNDLE}\n"
        + _environment(PORT=str(PORT))
        + f"USER {USER}:{USER}\nWORKDIR /\nEXPOSE {PORT}\nSTOPSIGNAL SIGTERM\n"
        + "HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \\\n"
        + f"    CMD {json.dumps(ask)}\n"
        + f"ENTRYPOINT {json.dumps(entry_point(deployment))}\n"
    )


def training_dockerfile() -> str:
    """The Dockerfile of a training: its arguments are those of `saccade`."""
    return (
        _build(TRAIN_PINS)
        + _environment(SACCADE_RUNS=f"{TEMPORARY}/runs", SACCADE_NO_BROWSER="1")
        + f"USER {USER}:{USER}\nWORKDIR {TEMPORARY}\n"
        + f"ENTRYPOINT {json.dumps([f'{HOME}/bin/saccade'])}\n"
    )


def dockerignore(copied: Sequence[str]) -> str:
    """Nothing goes to the builder but what is copied."""
    return "".join(f"{line}\n" for line in ("*", *(f"!{name}" for name in copied)))


def _build(pins: str) -> str:
    return _BUILD.format(base=BASE, pins=pins, wheel=wheel.NAME, home=HOME)


def _environment(**more: str) -> str:
    told = {"HOME": TEMPORARY, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", **more}
    return "ENV " + " ".join(f"{name}={value}" for name, value in told.items()) + "\n"

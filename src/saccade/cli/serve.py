"""saccade serve"""

import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from saccade.core.errors import BadBundle, BadRun, BadUsage

if TYPE_CHECKING:
    import socket

    from saccade.serve.settings import Routes, Settings

LOCAL, EVERYWHERE, PORT = "127.0.0.1", "0.0.0.0", 8000


def serve(
    model: Path,
    /,
    *,
    host: str | None = None,
    port: int | None = None,
    name: str | None = None,
    api_keys: Path | None = None,
    public: bool = False,
    allow_host: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    metrics_port: int | None = None,
    rate: float | None = None,
    sha256: str | None = None,
    log: bool = False,
) -> int:
    """Answer over HTTP: a bundle, or a run, which is exported first.

    Only this machine may ask, unless --host says otherwise; then those who have a key, or with
    --public anybody. There is a page to drop a picture on, POST /predict for programs, and what
    clients of TensorFlow Serving and of the Open Inference Protocol (KServe, Triton) expect.

    SIGHUP reads the bundle again (exports the run again) and replaces what answers, without losing
    a request.

    Examples:

        saccade serve flowers.zip
        saccade serve runs/2026-11-21-digits-conv-bn --port 9000
        curl --data-binary @photo.jpg -H "Content-Type: image/jpeg" 127.0.0.1:8000/predict
        saccade serve flowers.zip --host 0.0.0.0 --api-keys keys.txt

    Parameters
    ----------
    model: Path
        A bundle (`saccade export`), a run directory, or a run's name.
    host: str
        The address to listen at (default 127.0.0.1: this machine alone).
    port: int
        The port (default 8000; 0 takes a free one).
    name: str
        What the model is called in addresses (default: the bundle's or run's name).
    api_keys: Path
        A file with the sha256 of a key a line: `printf %s KEY | sha256sum >> keys.txt`.
    public: bool
        Let anybody ask who reaches the address.
    allow_host: str
        One more name by which this machine is called, besides localhost.
    metrics_port: int
        Prometheus' counts, at this port of this machine; of further workers at the next ones.
    rate: float
        Requests a second that one key (without keys: one address) may make of a worker.
    sha256: str
        Serve this bundle alone: `sha256sum BUNDLE/manifest.json`, or of a zip's.
    log: bool
        A line of JSON a request on stderr: when, how long, how it ended, the sums of its pictures.
    """
    from saccade.bundle.threads import processors
    from saccade.core.listen import listen
    from saccade.serve.guard import check_exposure, is_local, read_keys
    from saccade.serve.settings import Settings

    platform = os.environ.get("AIP_HTTP_PORT")  # Vertex AI's: it decides who may ask
    host = host or (EVERYWHERE if platform else LOCAL)
    port = port if port is not None else _port()
    keys = read_keys(api_keys) if api_keys else ()
    public = public or platform is not None
    check_exposure(host, keys, public)
    if rate is not None and not rate > 0:
        raise BadUsage(f"--rate is a number above 0, got {rate:g}")
    if sha256 is not None and not re.fullmatch(r"[0-9a-f]{64}", sha256.lower()):
        raise BadUsage(f"--sha256 is 64 digits of hex, got {sha256[:80]!r}")
    name, routes = check_name(name_of(model) if name is None else name), _routes()
    with bundle_of(model) as bundle, ExitStack() as opened:
        listener = opened.enter_context(listen(host, port))
        metrics = []
        if metrics_port is not None:  # 0 takes free ones
            ports = [metrics_port + i if metrics_port else 0 for i in range(processors())]
            metrics = [opened.enter_context(listen(LOCAL, one)) for one in ports]
        settings = Settings(
            bundle,
            name,
            keys,
            is_local(host),
            tuple(one.lower() for one in allow_host),
            routes,
            sha256=(sha256 or "").lower(),
            rate=rate or 0.0,
            log=log,
        )
        address = f"{host}:{listener.getsockname()[1]}"
        renew = None if bundle == model else partial(_export_again, model, bundle)
        return _run(settings, listener, metrics, address, renew)


def _port() -> int:
    """As a platform says (Vertex AI, Cloud Run), else ours."""
    told = os.environ.get("AIP_HTTP_PORT") or os.environ.get("PORT")
    if told is None:
        return PORT
    if not told.isdecimal():
        raise BadUsage(f"AIP_HTTP_PORT or PORT is a number, got {told[:40]!r}")
    return int(told)


def _routes() -> "Routes":
    from saccade.serve.settings import Routes

    routes = Routes(os.environ.get("AIP_PREDICT_ROUTE", ""), os.environ.get("AIP_HEALTH_ROUTE", ""))
    for route in (routes.predict, routes.health):
        if route and not route.startswith("/"):
            raise BadUsage(f"AIP_PREDICT_ROUTE and AIP_HEALTH_ROUTE begin with /, got {route!r}")
    return routes


def name_of(model: Path) -> str:
    """Of a bundle RUN/export that of its run."""
    path = model.resolve()
    name = path.parent.name if path.name == "export" else path.name.removesuffix(".zip")
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:100]


def check_name(name: str) -> str:
    """The name, if a model can be called so in addresses.

    Raises:
        BadUsage: it can't.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise BadUsage(f"--name takes letters, digits, dots and dashes, got {name!r}")
    return name


@contextmanager
def bundle_of(model: Path) -> Iterator[Path]:
    """The bundle itself; of a run one that is made for it, by a process that ends."""
    from saccade.bundle.bundle import is_bundle

    if is_bundle(model):
        yield model
        return
    if model.suffix == ".zip":
        raise BadRun(f"there is no bundle {model}")
    with tempfile.TemporaryDirectory(prefix="saccade-serve-") as folder:
        place = Path(folder) / "bundle"
        if code := _export(model, place):
            raise SystemExit(code)  # it has said why
        yield place


def _export(run: Path, place: Path) -> int:
    command = [sys.executable, "-P", "-m", "saccade", "export", str(run), "--out", str(place)]
    return subprocess.run(command, stdout=subprocess.DEVNULL).returncode


def _export_again(run: Path, bundle: Path) -> None:
    """Puts what a run knows by now in the place of its bundle.

    Raises:
        BadBundle: it could not be exported, and has said why.
    """
    aside = bundle.with_name("next")
    shutil.rmtree(aside, ignore_errors=True)
    if _export(run, aside):
        raise BadBundle(f"{run} could not be exported again")
    shutil.rmtree(bundle)
    aside.rename(bundle)


def _run(
    settings: "Settings",
    listener: "socket.socket",
    metrics: "list[socket.socket]",
    address: str,
    renew: Callable[[], None] | None,
) -> int:
    def say(workers: int) -> None:
        print(f"{settings.name} answers at http://{address}  (Ctrl-C ends it)", file=sys.stderr)
        for one in metrics[:workers]:
            port = one.getsockname()[1]
            print(f"metrics: http://{LOCAL}:{port}/metrics", file=sys.stderr)

    if os.name == "nt":  # neither SIGHUP nor open files for a child
        from saccade.serve.worker import serve as serve_here

        port = metrics[0].getsockname()[1] if metrics else 0
        here = replace(settings, metrics_port=port)
        serve_here(here, [listener, *metrics[:1]], lambda worth: say(1))
        return 0
    import asyncio

    from saccade.serve.supervisor import Supervisor

    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    asyncio.run(Supervisor(settings, listener, metrics, say, renew).run())
    return 0

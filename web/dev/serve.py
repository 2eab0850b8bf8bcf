"""A stand-in for the page server, with runs that never happened.

    python web/dev/serve.py --port 8800

It answers docs/reference/live.md well enough to build and test the page: no token, no files, every
number a function of the run's name and the step. `--began` says when the live run started (seconds
since 1970), so that a restarted server goes on where the last one was.
"""

import argparse
import asyncio
import time
from pathlib import Path

import uvicorn
from made_up import Made, made_up_runs
from pack import pack
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PAGE = Path(__file__).parents[2] / "src/saccade/view/live/page"
POLICY = "default-src 'self'; img-src 'self' blob:; style-src 'self'"
REQUESTS = ("pause", "resume", "stop", "save", "learning_rate", "epochs")


def error(status: int, words: str) -> JSONResponse:
    return JSONResponse({"error": words}, status)


def binary(data: bytes) -> Response:
    return Response(data, media_type="application/octet-stream")


class Server:
    """The addresses, over a dictionary of runs."""

    def __init__(self, runs: dict[str, Made]):
        self.runs = runs
        self.received: list[dict] = []

    def routes(self) -> list:
        run = "/api/runs/{run}"
        return [
            Route("/", self.index),
            Route("/assets/{file}", self.asset),
            Route("/api/runs", self.list),
            Route(run, self.about),
            Route(run + "/curves", self.curves),
            Route(run + "/images", self.images),
            Route(run + "/bands", self.bands),
            Route(run + "/snapshots/{step:int}", self.snapshot),
            Route(run + "/control", self.control, methods=["POST"]),
            Route(run + "/answer", self.answer, methods=["POST"]),
            Route(run + "/printed", self.printed),
            Route("/dev/received", self.show_received),
            Route("/dev/{what}/{run}", self.play, methods=["POST"]),
            WebSocketRoute("/api/live", self.live),
        ]

    async def index(self, _: Request) -> Response:
        return FileResponse(PAGE / "index.html", headers={"Content-Security-Policy": POLICY})

    async def asset(self, request: Request) -> Response:
        file = PAGE / "assets" / Path(request.path_params["file"]).name
        return FileResponse(file) if file.is_file() else error(404, "no such file")

    async def list(self, _: Request) -> Response:
        rows = sorted((run.row() for run in self.runs.values()), key=lambda row: row["created"])
        return JSONResponse({"version": 1, "read_only": False, "runs": rows[::-1]})

    def _run(self, request: Request) -> Made | None:
        return self.runs.get(request.path_params["run"])

    async def about(self, request: Request) -> Response:
        run = self._run(request)
        return JSONResponse(run.about()) if run else error(404, "there is no such run")

    async def curves(self, request: Request) -> Response:
        run = self._run(request)
        if not run:
            return error(404, "there is no such run")
        return JSONResponse(run.curves(int(request.query_params.get("after", 0))))

    async def images(self, request: Request) -> Response:
        run = self._run(request)
        if not run or run.pictures is None:
            return error(404, "this run has no images.bin")
        header = {"split": run.split, "total": run.total}
        return binary(pack(header, {"watched": run.pictures, "watched_labels": run.labels}))

    async def bands(self, request: Request) -> Response:
        run = self._run(request)
        if not run:
            return error(404, "there is no such run")
        return binary(pack(*run.all_bands(int(request.query_params.get("after", -1)))))

    async def snapshot(self, request: Request) -> Response:
        run, step = self._run(request), request.path_params["step"]
        if not run or step not in run.snapshots():
            return error(404, f"there is no snapshot of step {step}")
        return binary(pack(*run.snapshot(step)))

    async def control(self, request: Request) -> Response:
        run, body = self._run(request), await request.json()
        if not run or run.state() != "running":
            return error(409, "the run is not running")
        if body.get("request") not in REQUESTS:
            return error(400, f"request must be one of {', '.join(REQUESTS)}")
        value = body.get("value")
        if body["request"] in ("learning_rate", "epochs") and not (value and value > 0):
            return error(400, f"value of {body['request']} must be above 0, not {value}")
        self.received.append({"run": run.id, **body})
        run.steer(body["request"], value)
        return JSONResponse({"accepted": True}, 202)

    async def answer(self, request: Request) -> Response:
        run, body = self._run(request), await request.body()
        if not run or not run.answers_drawings:
            return error(503, "no answering process is there")
        self.received.append({"run": run.id, "answer": len(body), "ink": int(sum(body))})
        step = request.query_params.get("step")
        return JSONResponse(run.answer(body, int(step) if step else run.step()))

    async def printed(self, request: Request) -> Response:
        run, step = self._run(request), request.query_params.get("step")
        if not run or not run.answers_drawings:
            return error(503, "no answering process is there")
        return JSONResponse(run.printed(int(step) if step else run.step()))

    async def show_received(self, _: Request) -> Response:
        return JSONResponse(self.received)

    async def play(self, request: Request) -> Response:
        """What tests ask for: a folder that goes (`gone`), a log that was cut back (`cut_back`)."""
        setattr(self.runs[request.path_params["run"]], request.path_params["what"], True)
        return JSONResponse({})

    async def live(self, socket: WebSocket) -> None:
        await socket.accept()
        run = self.runs.get(socket.query_params.get("run", ""))
        offset, told = int(socket.query_params.get("after", 0)), None
        try:
            while run and not run.gone:
                answer = run.curves(offset)
                if answer["restart"] or answer["offset"] != offset or answer["state"] != told:
                    offset, told = answer["offset"], answer["state"]
                    await socket.send_json(answer)
                await asyncio.sleep(0.1)
            await socket.send_json({"gone": True})
            await socket.close()
        except (WebSocketDisconnect, RuntimeError):
            pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8800)
    parser.add_argument("--began", type=float, default=time.time() - 4)
    options = parser.parse_args()
    app = Starlette(routes=Server(made_up_runs(options.began)).routes())
    uvicorn.run(
        app, host="127.0.0.1", port=options.port, log_level="critical", timeout_graceful_shutdown=1
    )


if __name__ == "__main__":
    main()

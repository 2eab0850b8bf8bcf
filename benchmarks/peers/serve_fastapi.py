"""A plain FastAPI app for a network, as people write it.

    python serve_fastapi.py BUNDLE PORT HOW WORKERS

HOW is `async` (the network runs in a thread), `def` (all of the endpoint does), or `inline` (in the
event loop: wrong in general, quickest for small networks).
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnxruntime
import uvicorn
from fastapi import Body, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool

BUNDLE, HOW, WORKERS = (os.environ.get(name, "") for name in ("BUNDLE", "HOW", "WORKERS"))


def made(bundle: Path, how: str, workers: int) -> FastAPI:
    options = onnxruntime.SessionOptions()
    if workers > 1:  # else each takes all processors, and they wait for each other
        options.intra_op_num_threads = 1
    network = bundle / "model.onnx"
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    classes = json.loads((bundle / "classes.json").read_text())
    rule = json.loads((bundle / "preprocess.json").read_text())
    shape = (rule["height"], rule["width"], rule["channels"])
    app = FastAPI()

    def answer(body: bytes) -> dict[str, Any]:
        if len(body) != shape[0] * shape[1] * shape[2]:
            raise HTTPException(422, "wrong size")
        pixels = np.frombuffer(body, np.uint8).reshape(1, *shape)
        probabilities = session.run(["probabilities"], {"pixels": pixels})[0][0]
        best = np.argsort(-probabilities)[:5]
        topk = [
            {"label": classes[i], "probability": round(float(probabilities[i]), 6)} for i in best
        ]
        return {**topk[0], "topk": topk}

    if how == "async":

        @app.post("/predict")
        async def predict(request: Request) -> Any:
            return await run_in_threadpool(answer, await request.body())

    elif how == "inline":

        @app.post("/predict")
        async def predict_inline(request: Request) -> Any:
            return answer(await request.body())

    else:

        @app.post("/predict")
        def predict_in_thread(
            body: Annotated[bytes, Body(media_type="application/octet-stream")],
        ) -> Any:
            return answer(body)

    return app


def main() -> None:
    bundle, port, how, workers = sys.argv[1:5]
    os.environ.update({"BUNDLE": bundle, "HOW": how, "WORKERS": workers})
    uvicorn.run(
        "serve_fastapi:app",
        port=int(port),
        workers=int(workers),
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
elif BUNDLE:
    app = made(Path(BUNDLE), HOW, int(WORKERS))

"""LitServe for a network, as its documentation shows.

    python serve_litserve.py BUNDLE PORT BATCH WORKERS

BATCH is the most pictures that it puts together, 1 for none.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import litserve
import numpy as np
import onnxruntime
from fastapi import Body

BATCH_SECONDS = 0.002  # that a picture waits for others


class Answers(litserve.LitAPI):
    def __init__(self, bundle: Path, batch: int, workers: int):
        super().__init__(max_batch_size=batch, batch_timeout=BATCH_SECONDS if batch > 1 else 0.0)
        self.bundle, self.workers = bundle, workers

    def setup(self, device: str) -> None:
        options = onnxruntime.SessionOptions()
        if self.workers > 1:
            options.intra_op_num_threads = 1
        network = self.bundle / "model.onnx"
        self.session = onnxruntime.InferenceSession(
            network, options, providers=["CPUExecutionProvider"]
        )
        self.classes = json.loads((self.bundle / "classes.json").read_text())
        rule = json.loads((self.bundle / "preprocess.json").read_text())
        self.shape = (rule["height"], rule["width"], rule["channels"])

    def decode_request(
        self, request: Annotated[bytes, Body(media_type="application/octet-stream")]
    ) -> np.ndarray:
        return np.frombuffer(request, np.uint8).reshape(self.shape)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        several = pixels if pixels.ndim == 4 else pixels[None]
        probabilities = self.session.run(["probabilities"], {"pixels": several})[0]
        return probabilities if pixels.ndim == 4 else probabilities[0]

    def encode_response(self, output: np.ndarray) -> dict[str, Any]:
        best = np.argsort(-output)[:5]
        topk = [{"label": self.classes[i], "probability": round(float(output[i]), 6)} for i in best]
        return {**topk[0], "topk": topk}


def main() -> None:
    bundle, port, batch, workers = sys.argv[1:5]
    api = Answers(Path(bundle), int(batch), int(workers))
    server = litserve.LitServer(
        api, accelerator="cpu", workers_per_device=int(workers), fast_queue=True
    )
    server.run(host="127.0.0.1", port=int(port), log_level="error", generate_client_file=False)


if __name__ == "__main__":
    main()

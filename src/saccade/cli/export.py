"""saccade export"""

import json as json_format
import sys
from pathlib import Path
from typing import Literal


def export(
    run: Path,
    /,
    *,
    out: Path | None = None,
    format: Literal["onnx", "saved-model"] = "onnx",
    golden: Literal["generated", "held-out"] = "generated",
    checkpoint: Literal["best", "last"] | None = None,
    model: str | None = None,
    json: bool = False,
) -> int:
    """Write a run's network as a bundle that runs anywhere, proved to answer as the run does.

    A bundle holds the network (ONNX: uint8 pixels in, probabilities out), how pictures become its
    pixels, its classes and calibration, golden pictures with their answers, and a card. Before it
    is written, 256 pictures the network has not learned from go through both; where an answer
    differs, nothing is written.

    Examples:

        saccade export runs/2026-11-21-digits-conv-bn
        saccade export runs/flowers --out flowers.zip
        saccade predict flowers.zip photo.jpg

    Parameters
    ----------
    run: Path
        A run directory, or a run's name.
    out: Path
        The bundle: a directory, or one file if it ends with .zip. By default RUN/export.
    format: str
        onnx, or saved-model: TensorFlow's own, without the rest of a bundle (takes TensorFlow).
    golden: str
        Pictures whose answers travel with it: generated, or held-out, which are the data's.
    checkpoint: str
        best or last; by default the one test was read with.
    model: str
        FILE.py:FUNCTION again, if the run's network is your own.
    json: bool
        The last line of stdout is one JSON value.
    """
    if format == "saved-model":
        from saccade.export.saved_model import export_saved_model

        exported = export_saved_model(run, out, checkpoint=checkpoint, model=model)
    else:
        from saccade.export.bundle import export_bundle

        exported = export_bundle(run, out, golden=golden, checkpoint=checkpoint, model=model)
    for each in exported.checks:
        print(f"proof    {each}", file=sys.stderr)
    if json:
        told = {"export": str(exported.path), "bytes": exported.size}
        proof = [each.to_json() for each in exported.checks]
        print(json_format.dumps({**told, "proof": proof}, allow_nan=False))
    else:
        print(f"{exported.path}  {exported.size / 1e6:,.1f} MB")
    return 0

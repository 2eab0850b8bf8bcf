"""saccade models"""

import json as json_format
import re

from saccade.cli.words import Whole
from saccade.core.errors import BadUsage
from saccade.models import MODELS, model_entry


def models(
    name: str | None = None, /, *, input: str | None = None, classes: Whole = 10, json: bool = False
) -> int:
    """List the models, or show one layer by layer.

    Examples:

        saccade models
        saccade models conv
        saccade models conv-bn --input 96x96x3 --classes 5

    Parameters
    ----------
    name: str
        A model: its layers, their output shapes, the side in input pixels that one value of theirs
        sees, and the arithmetic of their parameters.
    input: str
        HEIGHTxWIDTHxCHANNELS of the pictures. Default: what the model was made for.
    classes: int
        How many classes there are to tell apart.
    json: bool
        The last line of stdout is one JSON value.
    """
    if name is not None:
        return _one(name, input, classes, json)
    if json:
        rows = [
            {"name": key, "id": list(entry.ids), "parameters": entry.parameters}
            for key, entry in MODELS.items()
        ]
        print(json_format.dumps(rows))
        return 0
    wide = max(map(len, MODELS))
    for key, entry in MODELS.items():
        shape = "x".join(map(str, entry.shape))
        print(f"{key:<{wide}} {entry.parameters:>10,} parameters on {shape:<9}  {entry.what}")
    return 0


def _one(name: str, shape: str | None, classes: int, as_json: bool) -> int:
    size = _parse(shape) if shape else model_entry(name).shape
    from saccade.models.arithmetic import arithmetic
    from saccade.models.network import build

    network = build(name, size, classes)
    rows = arithmetic(network.graph)
    if as_json:
        print(
            json_format.dumps(
                {
                    "name": name,
                    "parameters": network.parameters,
                    "layers": [vars(row) for row in rows],
                }
            )
        )
        return 0
    print(f"{name}: {model_entry(name).what}; input {'x'.join(map(str, size))}, {classes} classes")
    table = [("layer", "what", "output", "sees", "trainable parameters")]
    table += [(row.name, row.what, row.output, row.field, row.working) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for line in table:
        cells = (f"{cell:<{wide}}" for cell, wide in zip(line, widths, strict=True))
        print(f"  {'  '.join(cells)}".rstrip())
    print(f"  {network.parameters:,} trainable parameters")
    return 0


def _parse(text: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})(?:x([13]))?", text)
    if found is None:
        raise BadUsage(f"--input takes HEIGHTxWIDTHxCHANNELS such as 28x28x1, got `{text}`")
    height, width, channels = found.groups(default="1")
    return int(height), int(width), int(channels)

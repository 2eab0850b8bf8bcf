"""saccade models"""

import json as json_format
import re

from saccade.cli.words import Whole
from saccade.core.errors import BadUsage
from saccade.core.locate import find
from saccade.models import MODELS, model_entry
from saccade.models.bases import BASES
from saccade.models.published import FOLDER


def models(
    name: str | None = None,
    /,
    *,
    bases: bool = False,
    input: str | None = None,
    classes: Whole = 10,
    normalisation: str | None = None,
    json: bool = False,
) -> int:
    """List the models, or show one layer by layer.

    Examples:

        saccade models
        saccade models conv
        saccade models conv-bn --input 96x96x3 --classes 5
        saccade models conv-bn --normalisation layer
        saccade models --bases
        saccade models mobilenetv2 --classes 5

    Parameters
    ----------
    name: str
        A model, or a base with a new head: its layers, their output shapes, the side in input
        pixels that one value of theirs sees, and the arithmetic of their parameters.
    bases: bool
        List the networks that transfer learning begins with (`saccade train --base NAME`).
    input: str
        HEIGHTxWIDTHxCHANNELS of the pictures. Default: what the model was made for.
    classes: int
        How many classes there are to tell apart.
    normalisation: str
        What normalises its blocks, of a model that has the choice.
    json: bool
        The last line of stdout is one JSON value.
    """
    if name is not None:
        return _one(name, input, classes, normalisation, json)
    if bases:
        return _bases(json)
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


def _bases(as_json: bool) -> int:
    """Parameters are those below the head; which weights are here already."""
    if as_json:
        rows = [
            {"name": name, "parameters": base.parameters, "size": base.size}
            for name, base in BASES.items()
        ]
        print(json_format.dumps(rows))
        return 0
    wide = max(map(len, BASES))
    for name, base in BASES.items():
        here = "weights here" if find(FOLDER, base.without_top.file) else ""
        size = f"{base.size}x{base.size}"
        print(
            f"{name:<{wide}} {base.parameters:>11,} parameters on {size:<8} "
            f"{base.what:<48} {here}".rstrip()
        )
    return 0


def _one(
    name: str, shape: str | None, classes: int, normalisation: str | None, as_json: bool
) -> int:
    base = None if name in MODELS else BASES.get(name)
    default = (base.size, base.size, 3) if base else model_entry(name).shape
    size = _parse(shape) if shape else default
    from saccade.models.arithmetic import arithmetic
    from saccade.models.network import build
    from saccade.models.transfer import transfer_network

    if base is not None and normalisation is not None:
        raise BadUsage(f"`{name}` is a base; leave --normalisation out")
    if base is None:
        network = build(name, size, classes, normalisation)
    else:
        network = transfer_network(name, size, classes, pretrained=False)
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
    what = (base or model_entry(name)).what
    print(f"{name}: {what}; input {'x'.join(map(str, size))}, {classes} classes")
    if base is None and model_entry(name).choices:
        first, *others = model_entry(name).choices
        print(f"  --normalisation {first} (default) or {', '.join(others)}")
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

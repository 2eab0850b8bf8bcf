"""saccade models"""

import json as json_format
import re
from collections.abc import Sequence
from dataclasses import asdict

from saccade.cli.words import MaybeWhole
from saccade.core.errors import BadUsage
from saccade.core.locate import find
from saccade.models import MODELS, model_entry
from saccade.models.bases import BASES
from saccade.models.history import HISTORY
from saccade.models.published import FOLDER


def models(
    name: str | None = None,
    /,
    *,
    bases: bool = False,
    history: bool = False,
    input: str | None = None,
    classes: MaybeWhole = None,
    normalisation: str | None = None,
    json: bool = False,
) -> int:
    """List the models, or show one layer by layer.

    Examples:

        saccade models
        saccade models conv
        saccade models conv-bn --input 96x96x3 --classes 5
        saccade models conv-bn --normalisation layer
        saccade models alexnet --classes 1000
        saccade models --history
        saccade models --bases
        saccade models mobilenetv2 --classes 5

    Parameters
    ----------
    name: str
        A model, or a base with a new head: its layers, their output shapes, the side in input
        pixels that one value of theirs sees, and the arithmetic of their parameters.
    bases: bool
        List the networks that transfer learning begins with (`saccade train --base NAME`).
    history: bool
        List the networks that the course names by their years, with their parameters as counted
        here, as their papers say, and where its slides are wrong.
    input: str
        HEIGHTxWIDTHxCHANNELS of the pictures. Default: what the model was made for.
    classes: int
        How many classes there are to tell apart. Default: what the model was made for; 10 for a
        base.
    normalisation: str
        What normalises its blocks, of a model that has the choice.
    json: bool
        The last line of stdout is one JSON value.
    """
    if (name is not None) + bases + history > 1:
        raise BadUsage("give one of a model's name, --bases and --history")
    if name is not None:
        return _one(name, input, classes, normalisation, json)
    if bases:
        return _bases(json)
    if history:
        return _history(json)
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
        print(f"{key:<{wide}} {entry.parameters:>11,} parameters on {shape:<9}  {entry.what}")
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


def _history(as_json: bool) -> int:
    """Counted are the weights that an answer comes through, as the table of models has them."""
    if as_json:
        rows = [{**asdict(each), "parameters": each.counted} for each in HISTORY]
        print(json_format.dumps(rows))
        return 0
    table: list[tuple[str, ...]] = [
        ("year", "network", "model", "depth", "counted here", "its paper", "wrong answers")
    ]
    for each in HISTORY:
        paper, result = (
            value + (" *" if value and field in each.from_memory else "")
            for field, value in (("paper", each.paper), ("result", each.result))
        )
        known = (each.model, each.depth, f"{each.counted:,}" if each.counted else "", paper, result)
        table.append((str(each.year), each.name, *(value or "-" for value in known)))
    _print_aligned(table)
    for each in HISTORY:
        if each.deck:
            print(
                f"The course's slides give {each.name} {each.deck}; that is {each.meant}'s number."
            )
    print("* from memory, not compared with the paper")
    return 0


def _print_aligned(table: Sequence[tuple[str, ...]], indent: str = "") -> None:
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    for line in table:
        cells = (f"{cell:<{wide}}" for cell, wide in zip(line, widths, strict=True))
        print(f"{indent}{'  '.join(cells)}".rstrip())


def _one(
    name: str,
    shape: str | None,
    classes: int | None,
    normalisation: str | None,
    as_json: bool,
) -> int:
    base = None if name in MODELS else BASES.get(name)
    default = (base.size, base.size, 3) if base else model_entry(name).shape
    size = _parse(shape) if shape else default
    if classes is None:
        classes = 10 if base else model_entry(name).classes
    from saccade.models.arithmetic import arithmetic
    from saccade.models.network import build
    from saccade.models.transfer import transfer_network

    if base is not None and normalisation is not None:
        raise BadUsage(f"`{name}` is a base; leave --normalisation out")
    if base is None:
        network = build(name, size, classes, normalisation)
    else:
        network = transfer_network(name, size, classes, pretrained=False)
    rows, answering = arithmetic(network.graph), network.graph.answering_parameters
    if as_json:
        print(
            json_format.dumps(
                {
                    "name": name,
                    "parameters": network.parameters,
                    "answering_parameters": answering,
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
    _print_aligned(table, "  ")
    print(f"  {network.parameters:,} trainable parameters")
    if answering != network.parameters:
        print(f"  {answering:,} of them lead to the answer; the others help while it trains")
    return 0


def _parse(text: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"(\d{1,4})x(\d{1,4})(?:x([13]))?", text)
    if found is None:
        raise BadUsage(f"--input takes HEIGHTxWIDTHxCHANNELS such as 28x28x1, got `{text}`")
    height, width, channels = found.groups(default="1")
    return int(height), int(width), int(channels)

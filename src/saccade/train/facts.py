"""What run.json says of a run: everything that decides its numbers."""

import hashlib
import json
import os
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from saccade import __version__
from saccade.core.records import Dataset
from saccade.models import TRANSFER
from saccade.models.backend import jax
from saccade.models.graph import Node
from saccade.models.network import Network
from saccade.train.engine import Engine
from saccade.train.recipe import Recipe

PACKAGES = ("keras", "jax", "jaxlib", "numpy", "pillow")
MOST_EXCLUDED = 1000


def run_facts(network: Network, dataset: Dataset, recipe: Recipe, engine: Engine) -> dict[str, Any]:
    """Plain values that JSON can hold."""
    return {
        "data": {
            "name": dataset.name,
            "reference": dataset.reference,
            "statement": dataset.statement,
            "fingerprint": dataset.fingerprint,
            "classes": list(dataset.classes),
            "train": len(dataset.train),
            "validation": len(dataset.validation) if dataset.validation else 0,
            "test": len(dataset.test),
            "test_origin": dataset.test_origin,
            "excluded_total": len(dataset.excluded),
            "excluded": [asdict(e) for e in dataset.excluded[:MOST_EXCLUDED]],
        },
        "loaded_with": dict(dataset.loaded_with),
        "model": {
            "name": network.name,
            **network.reference,
            "input_shape": list(network.input_shape),
            "parameters": network.parameters,
            "answering_parameters": network.graph.answering_parameters,
            "layers": [_layer(node) for node in network.graph.nodes],
        },
        "preprocess": engine.preprocess.to_json(),
        "recipe": recipe.to_json(),
        "total_steps": recipe.total_steps(len(dataset.train)),
        "forms": asdict(engine.forms),
        "device": device(),
        "versions": {
            "saccade": __version__,
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
        },
    }


def identity(facts: dict[str, Any]) -> str:
    """A short digest of what makes two runs the same training; their checkpoints say it."""
    model = {key: facts["model"][key] for key in ("name", "input_shape", "parameters")}
    if facts["model"]["model"] == TRANSFER:
        model |= {key: facts["model"][key] for key in ("base", "unfreeze", "weights")}
    if facts["model"].get("arguments"):
        model["arguments"] = facts["model"]["arguments"]
    decides = (facts["data"]["fingerprint"], model, facts["preprocess"], facts["recipe"])
    text = json.dumps(decides, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _layer(node: Node) -> dict[str, Any]:
    """`rate` is dropout's share."""
    rate = getattr(node.layer, "rate", None)
    return {
        "name": node.name,
        "kind": node.kind,
        "units": node.output_shape[-1],
        "activation": node.activation,
        **({"rate": rate} if isinstance(rate, float) else {}),
    }


def device() -> dict[str, Any]:
    """What it runs on."""
    first = jax.devices()[0]
    return {
        "kind": first.platform,
        "name": first.device_kind,
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "system": platform.system(),
    }

"""What a bundle was made with: a bill of materials in CycloneDX's form (version 1.6, JSON)."""

import importlib.metadata
import json
import re
from collections.abc import Mapping
from typing import Any

# They compute, decode or write what is in a bundle.
TOOLS = (
    "saccade",
    "jax",
    "jaxlib",
    "keras",
    "numpy",
    "onnx",
    "onnxruntime",
    "pillow",
    "safetensors",
    "simplejpeg",
)


def bill_of_materials(facts: Mapping[str, Any], hashes: Mapping[str, str]) -> bytes:
    """`facts` are a run's record, `hashes` the sha256 of each file in the bundle."""
    model, data = facts["model"], facts["data"]
    name = f"{data['name']}-{model['name']}"
    trained = {"type": "data", "name": data["name"], "description": data["statement"]}
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {"type": "machine-learning-model", "name": name}},
        "components": [
            *(
                {"type": "file", "name": file, "hashes": [{"alg": "SHA-256", "content": digest}]}
                for file, digest in sorted(hashes.items())
            ),
            {
                **trained,
                "properties": [{"name": "saccade:fingerprint", "value": data["fingerprint"]}],
            },
            *(_library(each) for each in TOOLS),
        ],
    }
    text = json.dumps(told, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def _library(name: str) -> dict[str, Any]:
    told = importlib.metadata.metadata(name)
    version = str(told["Version"])
    licence = told.get("License-Expression")
    plain = re.sub(r"[-_.]+", "-", name).lower()
    return {
        "type": "library",
        "name": name,
        "version": version,
        "purl": f"pkg:pypi/{plain}@{version}",
        **({"licenses": [{"expression": licence}]} if licence else {}),
    }

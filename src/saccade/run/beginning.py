"""What a network began with, in the words of the terminal, the report and the card."""

from collections.abc import Mapping
from typing import Any

LEARNS = {"none": "only the head learns", "all": "all of it learns"}


def begun(model: Mapping[str, Any]) -> str:
    """Of a base under a new head; "" of a network that all begins anew. Takes run.json's `model`.

    >>> begun({"model": "transfer", "unfreeze": "last-2", "weights": {"from": "imagenet"}})
    'begins with what ImageNet taught it; the last 2 layers of the base learn'
    >>> begun({"model": "conv"})
    ''
    """
    if "weights" not in model:
        return ""
    source, unfreeze = model["weights"]["from"], model["unfreeze"]
    if source == "none":
        return "from first weights: all of it learns"
    taught = "what ImageNet taught it" if source == "imagenet" else str(source)
    layers = f"the {unfreeze.replace('-', ' ')} layers of the base learn"
    return f"begins with {taught}; {LEARNS.get(unfreeze, layers)}"

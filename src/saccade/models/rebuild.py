"""The network of a run, built again from what its record says of it."""

from collections.abc import Mapping
from typing import Any

from saccade.core.errors import BadUsage
from saccade.models import OWN, TRANSFER
from saccade.models.network import Network, build
from saccade.models.transfer import from_reference


def rebuild(
    reference: Mapping[str, Any],
    input_shape: tuple[int, int, int],
    classes: int,
    own: Network | None = None,
) -> Network:
    """The network of a run's record: from our own tables, or the user's own, given again.

    Nothing in the run is executed. `own` is what `from_file` or `from_keras` made anew.

    Raises:
        BadUsage: the user's own is missing, or takes other pictures or classes.
    """
    if reference["model"] not in OWN:
        if own is not None:
            raise BadUsage(f"this run's model is `{reference['model']}`; leave --model out")
        if reference["model"] == TRANSFER:
            return from_reference(reference, input_shape, classes)
        normalisation = reference.get("arguments", {}).get("normalisation")
        return build(reference["model"], input_shape, classes, normalisation)
    if own is None or own.reference["model"] not in OWN:
        raise BadUsage(
            "this run's model is your own, and nothing in a run is executed: give it again with "
            "--model FILE.py:FUNCTION"
        )
    if (own.input_shape, own.classes) != (tuple(input_shape), classes):
        raise BadUsage(
            f"this run's model takes {_words(input_shape)} and tells {classes} classes apart, "
            f"`{own.name}` takes {_words(own.input_shape)} and tells {own.classes}"
        )
    return own


def _words(shape: tuple[int, int, int]) -> str:
    return "x".join(map(str, shape))

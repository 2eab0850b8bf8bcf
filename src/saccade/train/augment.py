"""Random changes to training pictures, compiled into the step; evaluation never sees one.

Each is split in two, `draw` and `apply`: the first is the only random part.
"""

from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np

from saccade.core.errors import BadUsage, unknown_name
from saccade.models.backend import jax
from saccade.train.colour import Brightness, Contrast
from saccade.train.geometry import Affine, AlternatingFlip, Crop, Cutout, Flip, Shift
from saccade.train.mixing import CutMix, Mix, MixUp
from saccade.train.randaugment import RandAugment

Array = Any
SHOWN_BATCH = 500

Augmentation = (
    Shift | Affine | Flip | Crop | Brightness | Contrast | RandAugment | Cutout | MixUp | CutMix
)
AUGMENTATIONS: dict[str, type[Augmentation]] = {
    "shift": Shift,
    "affine": Affine,
    "flip": Flip,
    "alternating-flip": AlternatingFlip,
    "crop": Crop,
    "brightness": Brightness,
    "contrast": Contrast,
    "randaugment": RandAugment,
    "cutout": Cutout,
    "mixup": MixUp,
    "cutmix": CutMix,
}
# Several under one name: the decks' flowers (224 of 234 pixels), their cats and dogs.
SETS: dict[str, tuple[Augmentation, ...]] = {
    "flowers": (Crop(224 / 234), Flip(), Brightness(63 / 255), Contrast(0.2, 1.8)),
    "cats-dogs": (Affine(40, 0.2, 0.2, shear=0.2, edge="nearest"), Flip()),
}


class Augmented(NamedTuple):
    """Pictures, and how they were mixed (None: not)."""

    images: Array
    mix: Mix | None


class Seen(NamedTuple):
    """Where pictures stand in train, int [n], and for which time this is, int."""

    numbers: Array
    epoch: Array


def augment(
    augmentations: tuple[Augmentation, ...], images: Array, key: Array, seen: Seen | None = None
) -> Augmented:
    """One after the other, each with a key of its own."""
    mix = None
    for i, augmentation in enumerate(augmentations):
        drawn: Any
        if isinstance(augmentation, AlternatingFlip) and seen is not None:
            drawn = augmentation.turn(seen.numbers, seen.epoch)
        else:
            drawn = augmentation.draw(jax.random.fold_in(key, i), len(images))
        if isinstance(augmentation, MixUp | CutMix):
            images, mix = augmentation.apply(images, drawn)
        else:
            images = augmentation.apply(images, drawn)
    return Augmented(images, mix)


def check(augmentations: tuple[Augmentation, ...]) -> None:
    """A batch is mixed once at most, or nobody could say what its labels are.

    Raises:
        BadUsage: it is mixed twice.
    """
    if sum(isinstance(one, MixUp | CutMix) for one in augmentations) > 1:
        raise BadUsage("pictures are mixed once: take mixup or cutmix, not both")


def to_json(augmentations: tuple[Augmentation, ...]) -> list[dict[str, Any]]:
    """[{"name": ..., and its numbers}]."""
    names = {kind: name for name, kind in AUGMENTATIONS.items()}
    return [{"name": names[type(one)], **asdict(one)} for one in augmentations]


def from_json(values: list[dict[str, Any]]) -> tuple[Augmentation, ...]:
    """The inverse of `to_json`."""
    return tuple(
        AUGMENTATIONS[one["name"]](**{k: v for k, v in one.items() if k != "name"})
        for one in values
    )


def named(text: str) -> tuple[Augmentation, ...]:
    """From names with commas, of single ones or of sets, or `none`.

    Raises:
        BadUsage: there is none of that name.

    >>> named("flip,crop"), named("none")
    ((Flip(), Crop(least=0.7)), ())
    """
    names = [] if text == "none" else text.split(",")
    chosen: list[Augmentation] = []
    for name in names:
        if name not in AUGMENTATIONS and name not in SETS:
            raise unknown_name("augmentation", name, [*AUGMENTATIONS, *SETS])
        chosen += SETS[name] if name in SETS else (AUGMENTATIONS[name](),)
    check(tuple(chosen))
    return tuple(chosen)


def shown(augmentation: Augmentation, pixels: np.ndarray, seed: int) -> np.ndarray:
    """uint8 [n, height, width, channels]: one drawing for each picture, as a screen has it.

    >>> shown(Flip(), np.arange(2, dtype=np.uint8).reshape(1, 1, 2, 1), seed=0).ravel().tolist()
    [1, 0]
    """
    key = jax.random.key(seed)
    change = jax.jit(lambda images, key: augment((augmentation,), images, key).images)
    parts = [
        change(pixels[start : start + SHOWN_BATCH], jax.random.fold_in(key, start))
        for start in range(0, len(pixels), SHOWN_BATCH)
    ]
    return (
        np.concatenate([np.asarray(part) for part in parts]).clip(0, 255).round().astype(np.uint8)
    )

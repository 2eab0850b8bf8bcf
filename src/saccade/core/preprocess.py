"""How any picture becomes what the network was trained on: one record, used everywhere."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from saccade.core.decode import Decoded, Note, decode_noted
from saccade.core.errors import BadUsage
from saccade.core.kinds import MAX_PIXELS

# Both sides shorter than so many pixels; one so many times the other.
TINY, ODD_ASPECT = 4, 20

# One number for all channels, or one for each.
Numbers = float | tuple[float, ...]


@dataclass(frozen=True)
class Preprocess:
    """From a picture to a network's input, in two steps.

    `read` decodes and resizes on uint8; what the network then sees is `value * scale + offset`,
    numbers for all channels or one for each.
    `height` and `width` are in pixels, `channels` is 1 (grey) or 3 (RGB). `fit="crop"` scales the
    shorter side and crops the centre; `fit="stretch"` ignores the aspect ratio, as the course's
    recipes do.

    >>> rule = Preprocess(height=2, width=2, channels=1)
    >>> rule.pixels(np.full((4, 6, 3), 7, np.uint8)).shape
    (2, 2, 1)
    """

    height: int
    width: int
    channels: Literal[1, 3]
    fit: Literal["crop", "stretch"] = "crop"
    scale: Numbers = 1 / 255
    offset: Numbers = 0.0

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise BadUsage(
                f"a picture needs at least one pixel each way, got {self.height}x{self.width}"
            )
        if self.channels not in (1, 3) or self.fit not in ("crop", "stretch"):
            raise BadUsage(f"channels must be 1 or 3 and fit crop or stretch, got {self}")
        for numbers in (self.scale, self.offset):
            if isinstance(numbers, tuple) and len(numbers) != self.channels:
                raise BadUsage(f"a number for each of {self.channels} channels, got {numbers}")

    def read(self, data: bytes) -> np.ndarray:
        """A picture file's bytes -> uint8 [height, width, channels].

        Raises:
            BadData: the bytes are not a picture that can be used (see `decode`).
        """
        return self.read_noted(data).pixels

    def read_noted(self, data: bytes, at_most: int = MAX_PIXELS) -> Decoded:
        """`read`, and what was repaired or is odd. Over `at_most` pixels are refused.

        Raises:
            BadPicture: as `read`.
        """
        decoded = decode_noted(data, at_least=2 * max(self.height, self.width), at_most=at_most)
        picture, notes = decoded.pixels, [*decoded.notes]
        if picture.shape[2] < self.channels:
            notes.append(Note("FIX", "grey→rgb"))
        sides = sorted(picture.shape[:2])
        if sides[1] < TINY:
            notes.append(Note("WARN", "tiny"))
        elif sides[1] > ODD_ASPECT * sides[0]:
            notes.append(Note("WARN", "odd_aspect"))
        if picture.size > picture.shape[2] and _is_constant(picture):
            notes.append(Note("WARN", "constant"))
        return Decoded(self.pixels(picture), tuple(notes))

    def pixels(self, picture: np.ndarray) -> np.ndarray:
        """uint8 [any height, any width, 1 or 3] -> uint8 [height, width, channels].

        Resampling is bilinear with antialiasing (Pillow's), grey is ITU-R 601 luma.
        """
        image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
        if self.channels == 1 and image.mode != "L":
            image = image.convert("L")
        elif self.channels == 3 and image.mode != "RGB":
            image = image.convert("RGB")
        if image.size != (self.width, self.height):
            box = self._centre(image.width, image.height) if self.fit == "crop" else None
            image = image.resize((self.width, self.height), Image.Resampling.BILINEAR, box=box)
        return np.asarray(image, np.uint8).reshape(self.height, self.width, self.channels)

    def _centre(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The largest centred box of the target's aspect ratio, in source pixels."""
        scale = min(width / self.width, height / self.height)
        across, down = self.width * scale, self.height * scale
        left, top = (width - across) / 2, (height - down) / 2
        # Rounding may put an edge a hair outside, which Pillow refuses.
        return max(left, 0), max(top, 0), min(left + across, width), min(top + down, height)

    def to_json(self) -> dict[str, Any]:
        """Plain values, for run.json and bundles."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Preprocess":
        """The inverse of `to_json`, also after JSON has made lists of tuples."""
        numbers = {
            name: tuple(values[name]) if isinstance(values[name], list) else values[name]
            for name in ("scale", "offset")
            if name in values
        }
        return cls(**{**values, **numbers})


def _is_constant(picture: np.ndarray) -> bool:
    """Whether all pixels are one colour; of most pictures the first row says no."""
    first = picture[:1, :1]
    return bool((picture[:1] == first).all() and (picture == first).all())

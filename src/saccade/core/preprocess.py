"""How any picture becomes what the network was trained on: one record, used everywhere."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from saccade.core.decode import decode
from saccade.core.errors import BadUsage


@dataclass(frozen=True)
class Preprocess:
    """From a picture to a network's input, in two steps.

    `read` decodes and resizes on uint8; what the network then sees is `value * scale + offset`.
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
    scale: float = 1 / 255
    offset: float = 0.0

    def __post_init__(self) -> None:
        if self.height < 1 or self.width < 1:
            raise BadUsage(
                f"a picture needs at least one pixel each way, got {self.height}x{self.width}"
            )
        if self.channels not in (1, 3) or self.fit not in ("crop", "stretch"):
            raise BadUsage(f"channels must be 1 or 3 and fit crop or stretch, got {self}")

    def read(self, data: bytes) -> np.ndarray:
        """A picture file's bytes -> uint8 [height, width, channels].

        Raises:
            BadData: the bytes are not a picture that can be used (see `decode`).
        """
        return self.pixels(decode(data, at_least=2 * max(self.height, self.width)))

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

"""Looking 10,000 photographs over, nothing of them decoded before.

    python benchmarks/doctor.py [--pictures 10000]

Each photograph of `flowers` and `cats-dogs` ($SACCADE_DATA_DIR) gives two that have no pixel in
common: its halves, brought to 500 pixels on the longer side and compressed anew. They lie in seven
class folders; the time is that of the whole command, Python's start included.
"""

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from PIL import Image

from saccade.data import named_entry
from saccade.data.listing import Listing

SETS, SIDE = ("flowers", "cats-dogs"), 500


def halves() -> Iterator[tuple[str, Image.Image]]:
    """(class, half a photograph), all first halves before the second ones."""
    for second in (False, True):
        for name in SETS:
            listing = named_entry(name).read()
            assert isinstance(listing, Listing)  # noqa: S101  (both are files)
            for one in listing.found:
                image = Image.open(io.BytesIO(one.place.read(one.path))).convert("RGB")
                width, height = image.size
                along = (width // 2, 0) if width > height else (0, height // 2)
                box = (*along, width, height) if second else (0, 0, *_other(along, width, height))
                half = image.crop(box)
                scale = SIDE / max(half.size)
                yield one.label, half.resize([round(side * scale) for side in half.size])


def _other(along: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    return along[0] or width, along[1] or height


def main() -> None:
    """Makes the pictures, looks them over, says how long that took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=10_000)
    wanted = parser.parse_args().pictures
    with tempfile.TemporaryDirectory(prefix="saccade-") as folder:
        for number, (label, picture) in enumerate(islice(halves(), wanted)):
            path = Path(folder) / "photos" / label / f"{number:05d}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path, quality=85)
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "saccade", "doctor", f"{folder}/photos", "--json"],
            env={**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"},
            stdout=subprocess.PIPE,
            text=True,
        )
        seconds = time.perf_counter() - began
        told = json.loads(done.stdout.splitlines()[-1])
    found = {finding["code"]: finding["count"] for finding in told["findings"]}
    print(f"{told['seen']:,} photographs in {seconds:.1f} s; {found}")
    print(f"{os.cpu_count()} cores of {platform.processor() or platform.machine()}")


if __name__ == "__main__":
    main()

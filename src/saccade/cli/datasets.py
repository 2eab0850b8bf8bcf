"""saccade datasets"""

import json as json_format

from saccade.data import DATASETS, Entry
from saccade.data.locate import find


def datasets(*, json: bool = False) -> int:
    """List the data sets and where they are.

    Files are looked for in $SACCADE_DATA_DIR/NAME and in the cache; what is in neither is
    downloaded when it is first trained on (never with SACCADE_OFFLINE=1).

    Examples:

        saccade datasets
        saccade train mnist

    Parameters
    ----------
    json: bool
        The last line of stdout is one JSON value.
    """
    rows = {name: _where(name, entry) for name, entry in DATASETS.items()}
    if json:
        values = [
            {
                "name": name,
                "images": entry.images,
                "shape": entry.shape,
                "classes": entry.classes,
                "where": rows[name],
            }
            for name, entry in DATASETS.items()
        ]
        print(json_format.dumps(values))
        return 0
    for name, entry in DATASETS.items():
        shape = "x".join(map(str, entry.shape))
        print(
            f"{name:<8} {entry.images:>7,} images {shape:<8} {entry.classes} classes  "
            f"{entry.what}; {rows[name]}"
        )
    print("./FOLDER  your own pictures: FOLDER/CLASS/PICTURE.jpg")
    return 0


def _where(name: str, entry: Entry) -> str:
    if not entry.files:
        return "here"
    found = [find(name, file) for file in entry.files]
    if all(found):
        return f"here, {found[0].parent}" if found[0] else ""
    missing = len(found) - sum(path is not None for path in found)
    return f"{missing} of {len(found)} files missing, downloads {entry.megabytes:g} MB"

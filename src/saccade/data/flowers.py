"""Flower photographs of five kinds: 3,303 + 367, at most 224 pixels on the shorter side.

"flower_photos", The TensorFlow Team, from Flickr; CC BY 2.0, each picture by its photographer.
Read from one tar, by two CSVs without a header.
"""

from saccade.data.listing import Listing, with_parts
from saccade.data.locate import locate
from saccade.data.place import open_place
from saccade.data.table import list_csv

# Resized copies: nobody has published sums for them.
TAR, TRAIN, TEST = "flowers-224.tar", "train_set.csv", "eval_set.csv"
FILES = dict.fromkeys((TAR, TRAIN, TEST), "")


def list_pictures() -> Listing:
    """The pictures that the two CSVs name.

    Raises:
        MissingFile: a file is not here.
        BadData: a file is damaged.
    """
    tar, train, test = (locate("flowers", file, "", ()) for file in FILES)
    place = open_place(tar)
    listed = with_parts(list_csv(train, place, None), None, list_csv(test, place, None))
    return Listing("flowers", "", listed.found, listed.classes, listed.excluded)

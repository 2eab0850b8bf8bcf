"""Photographs of cats and dogs: 1,000 + 400, 180 pixels on the shorter side.

From the Asirra pictures (Microsoft Research, Petfinder), as in Kaggle's "Dogs vs. Cats".
"""

from saccade.data.folder import list_folder
from saccade.data.listing import Listing
from saccade.data.locate import locate
from saccade.data.place import open_place

# Resized copies: nobody has published sums for them.
TAR = "cats-dogs-180.tar"
FILES = {TAR: ""}


def list_pictures() -> Listing:
    """The pictures of train/ and test/ inside the tar.

    Raises:
        MissingFile: the tar is not here.
        BadData: it is damaged.
    """
    listed = list_folder(open_place(locate("cats-dogs", TAR, "", ())), "cats-dogs")
    return Listing("cats-dogs", "", listed.found, listed.classes, listed.excluded)

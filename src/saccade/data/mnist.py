"""MNIST: 60,000 + 10,000 handwritten digits, 28x28 grey. LeCun, Cortes, Burges 1998."""

from saccade.data.idx import read_official
from saccade.data.source import Source

CLASSES = tuple("0123456789")

# The md5 sums of the official files, as torchvision publishes them.
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "md5:d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "md5:9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "md5:ec29112dd5afa0611ce80d1b7f02629c",
}
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)


def read() -> Source:
    """The official train and test splits.

    Raises:
        MissingFile: a file is not here and could not be downloaded.
        BadData: a file is damaged.
    """
    return read_official("mnist", CLASSES, CHECKSUMS, MIRRORS)

"""Fashion-MNIST: 60,000 + 10,000 articles of clothing, 28x28 grey. Xiao, Rasul, Vollgraf 2017."""

from saccade.data.idx import read_official
from saccade.data.source import Source

CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

# As the project's own page publishes them; then Debian's, which gzips the same content again.
CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d"
    " md5:cf8536b0aa1a6ac5fa3f23001093305c",
    "train-labels-idx1-ubyte.gz": "md5:25c81989df183df01b3e8a0aad5dffbe"
    " md5:10bea18fdb374794d4bb42e356e600c9",
    "t10k-images-idx3-ubyte.gz": "md5:bef4ecab320f06d8554ea6380940ec79"
    " md5:f78720b4224f21cce2f2ccf2d7a94c9a",
    "t10k-labels-idx1-ubyte.gz": "md5:bb300cfdad3c16e7a12a480ee83cd310"
    " md5:0d30e22e447f3c33dab9ed536400ac01",
}
# The project's own. The first speaks no TLS: the sums above guard what comes.
MIRRORS = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
)


def read() -> Source:
    """The official train and test splits.

    Raises:
        MissingFile: a file is not here and could not be downloaded.
        BadData: a file is damaged.
    """
    return read_official("fashion-mnist", CLASSES, CHECKSUMS, MIRRORS)

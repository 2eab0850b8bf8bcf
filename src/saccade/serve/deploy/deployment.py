"""What is deployed, and what it is called where."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from saccade.core.errors import BadUsage

PORT = 8080
USER = 65532  # nobody's: that of images without a root
# Not below /tmp: a container's temporary folder is laid over it.
KEYS_FOLDER, KEYS_FILE = "/etc/saccade", "keys.txt"
LIVE, READY = "/v2/health/live", "/v2/health/ready"  # Google's fronts keep paths that end in z

_ARTIFACT = re.compile(r"(?P<region>[a-z]+-[a-z]+\d+)-docker\.pkg\.dev/(?P<project>[^/]+)/.+/.+")
_IMAGE = re.compile(r"[a-z0-9]([a-z0-9._:/@-]*[a-z0-9])?", re.IGNORECASE)
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Deployment:
    """A bundle's service: `name` is the model's in addresses, `image` where its image lies.

    With `keys`, whoever asks must have one; `weights` is the network's size in bytes.
    """

    name: str
    image: str
    keys: bool = False
    weights: int = 0

    @property
    def resource(self) -> str:
        """The name as clusters and clouds take it.

        >>> Deployment("2_Flowers.v1", "flowers").resource
        'm-2-flowers-v1'
        """
        return resource_name(self.name)

    @property
    def megabytes(self) -> int:
        """Memory that it may take: two decoders, the network four times, room for requests.

        >>> Deployment("digits", "digits", weights=100 << 20).megabytes
        1536
        """
        needed = 768 + 4 * self.weights // _MEGABYTE
        return -(-needed // 512) * 512

    @property
    def who(self) -> tuple[str, ...]:
        """What `saccade serve` is told of who may ask."""
        return ("--api-keys", f"{KEYS_FOLDER}/{KEYS_FILE}") if self.keys else ("--public",)


@dataclass(frozen=True)
class Written:
    """Files of a platform by name, and its part of the README."""

    files: Mapping[str, str]
    readme: str


def resource_name(name: str) -> str:
    """Small letters, digits and dashes, at most 49, a letter first.

    >>> resource_name("Digits_conv-bn")
    'digits-conv-bn'
    """
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return (plain if plain[:1].isalpha() else f"m-{plain}")[:49].strip("-")


def check_image(image: str) -> None:
    """Whether it can be an image's name.

    Raises:
        BadUsage: it can't.
    """
    if not _IMAGE.fullmatch(image) or "//" in image:
        raise BadUsage(
            f"--image is a name such as registry.example/team/flowers:1, got {image[:100]!r}"
        )


def place_of(image: str) -> tuple[str, str]:
    """(region, project) of an image in Artifact Registry, from where Vertex AI takes its images.

    Raises:
        BadUsage: it lies elsewhere.

    >>> place_of("europe-west4-docker.pkg.dev/my-project/models/flowers:1")
    ('europe-west4', 'my-project')
    """
    found = _ARTIFACT.fullmatch(image)
    if found is None:
        raise BadUsage(
            "Vertex AI takes images of Artifact Registry, in its own region: "
            f"--image REGION-docker.pkg.dev/PROJECT/REPOSITORY/NAME:TAG, got {image[:100]!r}"
        )
    return found["region"], found["project"]

"""Writes the directory: complete, or not there."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files as resources
from pathlib import Path

from saccade.bundle import files as bundle_files
from saccade.bundle.bundle import open_bundle
from saccade.core.errors import BadUsage
from saccade.run import durable
from saccade.serve.deploy import image, wheel
from saccade.serve.deploy.cloud_run import cloud_run
from saccade.serve.deploy.compose import compose
from saccade.serve.deploy.deployment import KEYS_FILE, Deployment, Written, check_image
from saccade.serve.deploy.kserve import kserve
from saccade.serve.deploy.vertex import vertex
from saccade.serve.deploy.vertex_training import vertex_training

PLATFORMS: Mapping[str, Callable[[Deployment], Written]] = {
    "docker": compose,
    "vertex": vertex,
    "kserve": kserve,
    "cloud-run": cloud_run,
}
_READABLE = 0o644  # the image's user is nobody who owns anything


def write_service(
    bundle: Path, platform: str, out: Path, deployment: Deployment, keys: Path | None = None
) -> list[str]:
    """Writes all that serves a bundle on a platform; gives the names of what is there.

    `keys` is the file of keys' sums; it goes into no image.

    Raises:
        BadBundle: it is none, or does not answer here as where it was exported.
        BadUsage: there is something at `out`, or the platform can't be told so.
    """
    check_image(deployment.image)
    check_free(out)
    opened = open_bundle(bundle, threads=1)
    manifest, held = bundle_files.read_files(bundle)
    deployment = replace(deployment, weights=len(held[bundle_files.MODEL]))
    written = PLATFORMS[platform](deployment)
    told = (json.dumps(manifest, indent=2) + "\n").encode()
    what = f"{deployment.name}, {len(opened.classes)} classes"
    copied = (image.SERVE_PINS, wheel.NAME, image.BUNDLE)
    contents = {
        "README.md": _readme(f"{what}, on {_NAMES[platform]}", written.readme, copied).encode(),
        "Dockerfile": image.serving_dockerfile(deployment).encode(),
        **_installed(image.SERVE_PINS, copied),
        **{f"{image.BUNDLE}/{name}": data for name, data in held.items()},
        f"{image.BUNDLE}/{bundle_files.MANIFEST}": told,
        **{name: text.encode() for name, text in written.files.items()},
    }
    if keys is not None:
        contents[KEYS_FILE] = keys.read_bytes()
    return _write(out, contents)


def write_training(
    name: str, out: Path, image_name: str, words: Sequence[str], job_dir: str
) -> list[str]:
    """Writes all that trains on Vertex AI; gives the names of what is there.

    Raises:
        BadUsage: there is something at `out`, or the platform can't be told so.
    """
    check_image(image_name)
    check_free(out)
    written = vertex_training(image_name, name, words, job_dir)
    copied = (image.TRAIN_PINS, wheel.NAME)
    title = f"{name}, trained on Vertex AI"
    contents = {
        "README.md": _readme(title, written.readme, copied).encode(),
        "Dockerfile": image.training_dockerfile().encode(),
        **_installed(image.TRAIN_PINS, copied),
        **{file: text.encode() for file, text in written.files.items()},
    }
    return _write(out, contents)


def check_free(out: Path) -> None:
    """Whether a directory can be made at `out`.

    Raises:
        BadUsage: there is something.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise BadUsage(f"{out} is there, and nothing is overwritten: pick another --out")


_NAMES = {
    "docker": "Docker",
    "vertex": "Vertex AI",
    "kserve": "KServe",
    "cloud-run": "Cloud Run",
}


def _installed(pins: str, copied: Sequence[str]) -> dict[str, bytes]:
    return {
        ".dockerignore": image.dockerignore(copied).encode(),
        pins: resources("saccade.serve.deploy").joinpath(pins).read_bytes(),
        wheel.NAME: wheel.own_wheel(),
    }


def _readme(title: str, commands: str, copied: Sequence[str]) -> str:
    return f"""\
# {title}

In this directory, in this order:

{commands}
The image holds {", ".join(f"`{name}`" for name in copied)} and Python, nothing else:
versions and hashes of all packages are in the first, the second is the saccade that wrote this. It
is not root, writes nothing but below `/tmp`, and needs no shell. Pin its base, too: the first lines
of `Dockerfile` say how.
"""


def _write(out: Path, contents: Mapping[str, bytes]) -> list[str]:
    aside = durable.aside_of(out.absolute())
    durable.remove(aside)
    try:
        for name, data in contents.items():
            path = aside / name
            durable.make_directory(path.parent, parents=True)
            durable.write_bytes(path, data)
            path.chmod(_READABLE)
        for folder in (aside, *(path for path in aside.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        if out.exists():
            out.rmdir()
        durable.move(aside, out.absolute())
    except BaseException:
        durable.try_to_remove(aside)
        raise
    return sorted(contents)

"""saccade deploy"""

import json as json_format
import shlex
import sys
from pathlib import Path
from typing import Literal

from saccade.cli.serve import bundle_of, check_name, name_of
from saccade.core.errors import BadUsage

Platform = Literal["docker", "vertex", "kserve", "cloud-run", "vertex-training"]


def deploy(
    model: Path | None = None,
    /,
    *,
    to: Platform,
    out: Path,
    image: str | None = None,
    name: str | None = None,
    api_keys: Path | None = None,
    train: str | None = None,
    job_dir: str | None = None,
    json: bool = False,
) -> int:
    """Write all that an image and a platform take to serve a bundle, or to train.

    The directory holds a Dockerfile (not root, all packages pinned by hash), the bundle, this
    saccade as a wheel, what the platform is told, and a README with the commands in their order.
    Nothing is sent anywhere.

    Examples:

        saccade deploy flowers.zip --to docker --out flowers-image
        saccade deploy flowers.zip --to docker --out flowers-image --api-keys keys.txt
        saccade deploy flowers.zip --to kserve --out kserve --image registry.example/flowers:1
        saccade deploy flowers.zip --to vertex --out v --image us-east1-docker.pkg.dev/me/models/a:1
        saccade deploy --to vertex-training --out job --train "digits --model conv" --job-dir \\
            gs://my-bucket/jobs/1 --image us-east1-docker.pkg.dev/me/models/train:1

    Parameters
    ----------
    model: Path
        A bundle (`saccade export`), a run directory, or a run's name. Nothing for vertex-training.
    to: str
        docker (a machine of your own), vertex, kserve or cloud-run to serve; vertex-training.
    out: Path
        The directory to write; nothing is overwritten.
    image: str
        Your image's name, with registry and tag. Only for docker it has a default.
    name: str
        What the model, or the job, is called (default: the bundle's or run's name, or the data's).
    api_keys: Path
        Let those ask who have a key: a file as `saccade serve --api-keys` takes it. Without it the
        platform decides who may.
    train: str
        What `saccade train` is told, for vertex-training: DATA and options.
    job_dir: str
        Where that run is kept, a URL: gs://BUCKET/FOLDER.
    json: bool
        The last line of stdout is one JSON value.
    """
    if to == "vertex-training":
        names = _training(model, name, image, train, job_dir, api_keys, out)
    else:
        names = _service(model, to, name, image, train or job_dir, api_keys, out)
    if json:
        print(json_format.dumps({"deploy": str(out), "files": names}))
    else:
        print(out)
        print(f"{out / 'README.md'} says what is next", file=sys.stderr)
    return 0


def _service(
    model: Path | None,
    to: str,
    name: str | None,
    image: str | None,
    training: str | None,
    api_keys: Path | None,
    out: Path,
) -> list[str]:
    from saccade.serve.deploy.deployment import Deployment, resource_name
    from saccade.serve.deploy.directory import check_free, write_service
    from saccade.serve.guard import read_keys

    if model is None:
        raise BadUsage("which bundle? `saccade deploy flowers.zip --to docker --out flowers-image`")
    if training is not None:
        raise BadUsage("--train and --job-dir are for --to vertex-training")
    if api_keys is not None:
        read_keys(api_keys)
    name = name or name_of(model)
    check_name(name)
    deployment = Deployment(name, _image(image, to, resource_name(name)), api_keys is not None)
    check_free(out)
    with bundle_of(model) as bundle:
        return write_service(bundle, to, out, deployment, api_keys)


def _training(
    model: Path | None,
    name: str | None,
    image: str | None,
    train: str | None,
    job_dir: str | None,
    api_keys: Path | None,
    out: Path,
) -> list[str]:
    from saccade.serve.deploy.directory import write_training

    if model is not None or api_keys is not None:
        raise BadUsage("--to vertex-training takes neither a bundle nor --api-keys, but --train")
    if not train or not job_dir:
        raise BadUsage(
            '--to vertex-training takes what to train and where to keep it: --train "digits '
            '--model conv" --job-dir gs://BUCKET/jobs/digits-1'
        )
    if not job_dir.startswith("gs://") or len(job_dir.split("/")) < 4:
        raise BadUsage(f"Vertex AI keeps runs at gs://BUCKET/FOLDER, got {job_dir[:100]!r}")
    try:
        words = shlex.split(train)
    except ValueError as error:
        raise BadUsage(f"--train can't be read as a command: {error}") from None
    _check_training(words)
    name = name or Path(words[0]).stem
    return write_training(name, out, _image(image, "vertex-training", ""), words, job_dir)


def _image(image: str | None, to: str, default: str) -> str:
    if image is None and to != "docker":
        raise BadUsage(
            f"--to {to} takes the name of your image: --image REGISTRY/NAME:TAG, where you may push"
        )
    return image or f"{default}:latest"


def _check_training(words: list[str]) -> None:
    """What is typed wrong is said here, not after minutes in a cloud."""
    from saccade.cli import make_app

    if words[:1] == ["train"] or not words or words[0].startswith("-"):
        raise BadUsage('--train takes what follows `saccade train`: "digits --model conv"')
    _, bound, _ = make_app().parse_args(["train", *words])
    for option in ("out", "name", "resume", "job_dir"):
        if bound.arguments.get(option) is not None:
            raise BadUsage(f"--train takes no --{option.replace('_', '-')}: --job-dir says where")

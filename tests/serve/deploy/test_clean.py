"""An environment of nothing but what the image holds, made by the Dockerfile's own commands."""

import io
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

SERVING = {
    "annotated_doc", "annotated_types", "anyio", "attr", "attrs", "click", "cyclopts",
    "docstring_parser", "fastapi", "h11", "httptools", "idna", "markdown_it", "mdurl", "ml_dtypes",
    "numpy", "onnx", "onnxruntime", "opentelemetry", "packaging", "PIL", "prometheus_client",
    "google", "flatbuffers", "pydantic", "pydantic_core", "pygments", "python_multipart", "rich",
    "rich_rst", "safetensors", "simplejpeg", "starlette", "typing_extensions", "typing_inspection",
    "uvicorn", "uvloop",
}  # fmt: skip

BLOCKED = """
import importlib.abc, importlib.machinery, sys
ALLOWED = set({allowed!r}) | set(sys.stdlib_module_names) | {{"saccade"}}
class Refuse(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        spec = None if top in ALLOWED else importlib.machinery.PathFinder.find_spec(name, path)
        where = getattr(spec, "origin", None) or ""
        if "site-packages" in where:
            raise ModuleNotFoundError(f"{{top}} is in no image that serves", name=name)
sys.meta_path.insert(0, Refuse())
import saccade.serve.worker, saccade.serve.supervisor, saccade.cli
from saccade.bundle.bundle import open_bundle
if sys.argv[1:]:
    bundle = open_bundle(sys.argv[1], threads=1)
"""


def imported(allowed: set[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    code = BLOCKED.format(allowed=sorted(allowed))
    words = [sys.executable, "-c", code, *arguments]
    return subprocess.run(words, capture_output=True, text=True)


def test_serving_takes_no_other_package(bundle):
    done = imported(SERVING, str(bundle))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["fastapi", "onnxruntime", "cyclopts"])
def test_the_check_above_can_fail(bundle, name):
    done = imported(SERVING - {name}, str(bundle))
    assert done.returncode == 1
    assert f"{name} is in no image" in done.stderr


@pytest.fixture(scope="module")
def root(deployed: Path, commands, instructions, tmp_path_factory) -> Path:
    """What the image's file system holds of ours: the Dockerfile's own RUN lines made it.

    Their paths begin in this folder instead of in /.
    """
    folder, root = deployed / "docker", tmp_path_factory.mktemp("image")
    root.chmod(0o755)  # pytest's folders are for their owner alone
    (root / "build").mkdir()
    for word, rest in instructions(folder / "Dockerfile"):
        if word != "COPY" or rest.startswith("--from"):
            continue
        *sources, target = rest.split()
        for source in sources:
            if (folder / source).is_dir():
                shutil.copytree(folder / source, root / target.strip("/"))
            else:
                shutil.copy(folder / source, root / target.strip("/") / source)
    for words in commands(folder / "Dockerfile", "RUN"):
        placed = [str(root) + word if word.startswith("/") else word for word in words]
        if words[0] == "python":
            placed[0] = sys.executable
        done = subprocess.run(placed, capture_output=True, text=True)
        if "--require-hashes" in words and done.returncode:
            why = done.stderr.strip().splitlines()[-1]
            pytest.skip(f"the packages can't be installed here: {why}")
        assert done.returncode == 0, (words, done.stderr)
    return root


class Started:
    """What was started in the image, asked where it says that it answers."""

    def __init__(self, words: list[str], port: int, **told: str):
        environment = {"HOME": "/tmp", "PATH": "/nothing", "PYTHONDONTWRITEBYTECODE": "1", **told}
        self.process = subprocess.Popen(
            words, env=environment, cwd="/", stderr=subprocess.PIPE, text=True
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)

    def end(self) -> int:
        self.client.close()
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=60)[1]
        assert said == "", said
        return self.process.returncode


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="images are of Linux")
def test_the_entry_point_serves_there(root, deployed, commands, digits, free_port, photo):
    (entry,) = commands(deployed / "docker/Dockerfile", "ENTRYPOINT")
    words = [str(root) + word if word.startswith("/") else word for word in entry]
    started = Started([*words, "--public"], int(free_port), PORT=free_port)
    try:
        check_answers(started, digits, photo)
    finally:
        assert started.end() == 0
    # None of what trains is there, nor what installs.
    here = next((root / "opt/saccade/lib").glob("python*")) / "site-packages"
    assert not {"jax", "keras", "sklearn", "scipy", "pip"} & {path.name for path in here.iterdir()}
    assert (here / "saccade" / "serve").is_dir()


READ_ONLY = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/image /mnt/python
mount --bind {root} /mnt/image
mount --bind {python} /mnt/python
mount -t tmpfs -o size=64m,mode=1777,noexec,nosuid,nodev tmpfs /tmp
mount -o remount,ro,bind /mnt/image
mount -o remount,ro /mnt
mount -o remount,ro,bind /
if touch /written-here 2>/dev/null; then exit 9; fi
cd /
exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set=-all \\
    --inh-caps=-all /mnt/python/bin/python{version} -m saccade {words}
"""


@pytest.mark.slow
def test_it_serves_as_nobody_from_a_disk_that_is_read_only(
    root, deployed, commands, digits, free_port, photo
):
    (entry,) = commands(deployed / "docker/Dockerfile", "ENTRYPOINT")
    words = ["/mnt/image" + word if word.startswith("/") else word for word in entry[1:]]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    script = READ_ONLY.format(
        root=root, python=sys.base_prefix, version=version, words=" ".join([*words, "--public"])
    )
    tools = [shutil.which(name) for name in ("unshare", "setpriv", "mount")]
    probe = [tools[0], "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if None in tools or os.geteuid() or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("takes Linux, root, and a name space of mounts of its own")
    packages = f"/mnt/image/opt/saccade/lib/python{version}/site-packages"
    libraries = {"PYTHONPATH": packages, "LD_LIBRARY_PATH": "/mnt/python/lib"}
    place = os.environ["PATH"]
    started = Started(
        ["unshare", "--mount", "sh", "-c", script],
        int(free_port), PORT=free_port, **{**libraries, "PATH": place},
    )  # fmt: skip
    try:
        check_answers(started, digits, photo)
    finally:
        assert started.end() == 0


def check_answers(started: Started, digits, photo: bytes) -> None:
    assert "answers at" in started.said, started.said
    assert started.client.get("/v2/health/ready").status_code == 200
    kind = {"content-type": "application/octet-stream"}
    asked = started.client.post("/predict", content=digits[0].tobytes(), headers=kind)
    assert asked.json()["label"] in set("0123456789")
    asked = started.client.post("/predict", content=photo, headers={"content-type": "image/jpeg"})
    assert asked.status_code == 200, asked.text
    infer = {"name": "pixels", "datatype": "UINT8", "shape": [1, 8, 8, 1]}
    body = {"inputs": [{**infer, "data": digits[0].ravel().tolist()}]}
    assert started.client.post("/v2/models/digits/infer", json=body).status_code == 200


@pytest.fixture
def photo() -> bytes:
    """A JPEG, larger than the network's pictures."""
    written = io.BytesIO()
    Image.new("RGB", (64, 48), (200, 10, 10)).save(written, "JPEG")
    return written.getvalue()

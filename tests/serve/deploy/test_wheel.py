"""The wheel of this very saccade: what pip takes, and nothing of this machine."""

import base64
import csv
import hashlib
import io
import zipfile
from pathlib import Path

import pytest

import saccade
from saccade.serve.deploy.wheel import NAME, own_wheel


@pytest.fixture(scope="module")
def wheel() -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(own_wheel()))


def test_it_holds_every_module_as_it_is_here(wheel):
    package = Path(saccade.__file__).parent
    for path in package.rglob("*.py"):
        assert wheel.read(path.relative_to(package.parent).as_posix()) == path.read_bytes()
    assert not [name for name in wheel.namelist() if "__pycache__" in name or "/." in name]


def test_its_record_is_right(wheel):
    (record,) = [name for name in wheel.namelist() if name.endswith("/RECORD")]
    rows = list(csv.reader(io.StringIO(wheel.read(record).decode())))
    assert sorted(name for name, _, _ in rows) == sorted(wheel.namelist())
    for name, told, size in rows:
        if name != record:
            data = wheel.read(name)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (told, int(size)) == (f"sha256={digest}", len(data))


def test_its_name_and_facts_agree(wheel):
    facts = wheel.read(f"saccade-{saccade.__version__}.dist-info/METADATA").decode()
    assert f"Version: {saccade.__version__}\n" in facts and saccade.__version__ in NAME
    assert "Requires-Dist" not in facts


def test_its_lists_of_pins_are_in_it(wheel):
    for name in ("requirements-serve.txt", "requirements-train.txt"):
        assert wheel.read(f"saccade/serve/deploy/{name}").startswith(b"# This file")

"""Whose files a bundle opens, how large they may be, and that they are what was exported."""

import hashlib
import json
import os
import random
import socket
import struct
import sys
import zipfile

import pytest

from saccade.bundle.bundle import is_bundle, open_bundle
from saccade.bundle.files import LIMITS, MANIFEST, MODEL, MOST_MANIFEST, read_files
from saccade.core.errors import BadBundle

NAMES = sorted({MANIFEST, *LIMITS})
posix = pytest.mark.skipif(sys.platform == "win32", reason="no such files on Windows")


def refused(path, says=""):
    with pytest.raises(BadBundle) as caught:
        read_files(path)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 1000
    return str(caught.value)


def zipped(path, files, **how):
    with zipfile.ZipFile(path, "w", **how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_what_was_written_is_read(written, forged, tmp_path):
    manifest, files = read_files(forged())
    assert files == {name: written[name] for name in LIMITS}
    assert set(manifest["files"]) == set(LIMITS)
    for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert read_files(zipped(tmp_path / "b.zip", written, compression=kind))[1] == files


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_in_any_file_is_seen(forged, tmp_path, name):
    place = forged()
    said = "json|onnx" if name == MANIFEST else name  # a hash that is changed is another file's
    size = (place / name).stat().st_size
    for at in (0, size // 2, size - 2):
        data = bytearray((place / name).read_bytes())
        before = bytes(data)
        data[at] ^= 1
        (place / name).write_bytes(data)
        with pytest.raises(BadBundle, match=said):
            open_bundle(place)
        content = {each.name: each.read_bytes() for each in place.iterdir()}
        with pytest.raises(BadBundle, match=said):
            open_bundle(zipped(tmp_path / "b.zip", content))
        (place / name).write_bytes(before)
    open_bundle(place)


@pytest.mark.parametrize("name", NAMES)
def test_longer_shorter_empty_and_missing_files_are_named(forged, name):
    place = forged()
    data = (place / name).read_bytes()
    for other in (data + b"x", data[:-2], b""):
        (place / name).write_bytes(other)
        refused(place, name)
    (place / name).unlink()
    refused(place, name)


def test_a_size_is_looked_at_before_the_file_is_read(forged):
    place = forged()
    for name in NAMES:
        data = (place / name).read_bytes()
        with (place / name).open("r+b") as file:
            file.truncate(1 << 40)  # a hole: reading it would end nowhere
        assert "1,099,511,627,776 bytes" in refused(place, name)
        (place / name).write_bytes(data)
    (place / MANIFEST).write_bytes(b" " * (MOST_MANIFEST + 1))
    refused(place, MANIFEST)


@pytest.mark.parametrize(
    "size", [-1, True, 1.0, "12", None, [], 1 << 63, 10**400, 1e400, (2 << 30), {}]
)
def test_a_manifest_that_lies_about_a_size(forged, size):
    place = forged()
    manifest = json.loads((place / MANIFEST).read_bytes())
    manifest["files"][MODEL]["bytes"] = size
    (place / MANIFEST).write_text(json.dumps(manifest))
    refused(place, MODEL)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"nonsense",
        b"[]",
        b"1",
        b"null",
        b"{}",
        b'{"files": []}',
        b'{"files": {}, "schema": 1}',
        b"[" * 60_000,
        b'{"a":' * 12_000,
        b"9" * 60_000,
        b'{"schema": 1, "files": ' + b'{"x":' * 5000,
    ],
)
def test_a_manifest_that_is_none(forged, text):
    place = forged()
    (place / MANIFEST).write_bytes(text)
    refused(place, MANIFEST)


@pytest.mark.parametrize("schema", [0, 2, "1", None, [1], {"a": 1}, 10**300])
def test_another_schema_is_another_versions(forged, schema):
    place = forged()
    manifest = json.loads((place / MANIFEST).read_bytes())
    (place / MANIFEST).write_text(json.dumps({**manifest, "schema": schema}))
    refused(place, "another version's")


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "..", "", "model.onnx\0", "\ud800", "MODEL.ONNX"]
)
def test_a_manifest_that_lists_other_files(forged, name):
    place = forged()
    (place.parent / "secret").write_bytes(b"secret")
    manifest = json.loads((place / MANIFEST).read_bytes())
    told = {"bytes": 6, "sha256": hashlib.sha256(b"secret").hexdigest()}
    for listed in ({**manifest["files"], name: told}, {name: told}):
        (place / MANIFEST).write_text(json.dumps({**manifest, "files": listed}))
        refused(place, "too much or too little")


@posix
@pytest.mark.parametrize("name", NAMES)
def test_links_pipes_sockets_and_folders_are_no_files(forged, monkeypatch, name):
    place = forged()
    data = (place / name).read_bytes()
    outside = place.parent / "outside"
    outside.write_bytes(data)
    (place / name).unlink()
    for target in (outside, "../outside", "/dev/zero", "nowhere", name):
        (place / name).symlink_to(target)
        assert "link" in refused(place, name)
        (place / name).unlink()
    os.mkfifo(place / name)
    refused(place, name)
    (place / name).unlink()
    (place / name).mkdir()
    opened = len(os.listdir("/dev/fd"))
    refused(place, name)
    assert len(os.listdir("/dev/fd")) == opened
    (place / name).rmdir()
    monkeypatch.chdir(place)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(name)
        refused(place)


@posix
def test_what_is_no_bundle_at_all(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty.zip").write_bytes(b"")
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "folder").mkdir()
    (tmp_path / "around").symlink_to("around")
    refused(tmp_path / "nowhere", "there is no bundle")
    for name in ("pipe", "empty.zip", "text.zip", "folder", "around"):
        refused(tmp_path / name, name)
    refused(tmp_path / "nu\0l")
    assert not is_bundle(tmp_path / "folder")


def test_what_else_lies_there_is_not_opened(forged, written, tmp_path):
    place = forged()
    (place / "setup.py").write_text("raise SystemExit")
    assert set(read_files(place)[1]) == set(LIMITS)
    more = {**written, "../evil": b"x", "/etc/evil": b"x", "sitecustomize.py": b"x"}
    assert set(read_files(zipped(tmp_path / "more.zip", more))[1]) == set(LIMITS)
    assert not (tmp_path.parent / "evil").exists()


def test_a_folder_zipped_from_outside_says_what_is_missing(written, tmp_path):
    nested = {f"bundle/{name}": data for name, data in written.items()}
    refused(zipped(tmp_path / "nested.zip", nested), MANIFEST)


def test_a_zip_that_would_fill_the_memory(written, tmp_path):
    bomb = bytes(64 << 20)
    files = {name: data for name, data in written.items() if name != MANIFEST}
    manifest = json.loads(written[MANIFEST])
    manifest["files"][MODEL] = {"bytes": len(bomb), "sha256": hashlib.sha256(bomb).hexdigest()}
    content = {**files, MODEL: bomb, MANIFEST: json.dumps(manifest).encode()}
    path = zipped(tmp_path / "bomb.zip", content, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20
    assert "would grow" in refused(path, MODEL)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_not_unpacked(written, tmp_path, kind):
    refused(zipped(tmp_path / "b.zip", written, compression=kind), "neither stored nor deflated")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_two_files_of_a_name_one_is_read_and_verified(written, tmp_path):
    path = zipped(tmp_path / "b.zip", written)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(MODEL, b"another")
    refused(path, MODEL)


def test_an_encrypted_zip(written, tmp_path):
    data = bytearray(zipped(tmp_path / "b.zip", written).read_bytes())
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(mark)
        while place >= 0:
            data[place + at] |= 1
            place = data.find(mark, place + 1)
    (tmp_path / "b.zip").write_bytes(data)
    refused(tmp_path / "b.zip", "encrypted")


def test_sizes_in_a_zip_that_are_lies(written, tmp_path):
    data = zipped(tmp_path / "b.zip", written).read_bytes()
    for size in (0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF):
        changed = bytearray(data)
        place = data.find(b"PK\x01\x02")
        while place >= 0:
            changed[place + 20 : place + 28] = struct.pack("<II", size, size)
            place = data.find(b"PK\x01\x02", place + 1)
        (tmp_path / "b.zip").write_bytes(changed)
        refused(tmp_path / "b.zip")


def test_a_zip_with_more_than_its_manifest_says(written, tmp_path):
    path = zipped(tmp_path / "b.zip", {**written, MODEL: written[MODEL] + b"x"})
    assert f"{len(written[MODEL]) + 1:,} bytes" in refused(path, MODEL)


def test_a_damaged_zip_is_refused_or_right(written, tmp_path):
    small = {name: written[name] for name in NAMES}
    whole = zipped(tmp_path / "b.zip", small, compression=zipfile.ZIP_DEFLATED).read_bytes()
    directory = whole.find(b"PK\x01\x02")
    draw = random.Random(0)
    right = read_files(tmp_path / "b.zip")[1]
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            data[draw.randrange(directory, len(data))] = draw.randrange(256)
        if draw.random() < 0.2:
            del data[draw.randrange(len(data)) :]
        (tmp_path / "b.zip").write_bytes(data)
        try:
            assert read_files(tmp_path / "b.zip")[1] == right
        except BadBundle:
            pass


def test_only_the_bundle_of_a_sum_is_read(written, forged, tmp_path):
    folder, wrong = forged(), hashlib.sha256(b"").hexdigest()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    right = hashlib.sha256(files[MANIFEST]).hexdigest()
    for place in (folder, zipped(tmp_path / "pinned.zip", files)):
        assert read_files(place, right) == read_files(place)
        with pytest.raises(BadBundle, match=f"is {right}, expected {wrong}"):
            read_files(place, wrong)

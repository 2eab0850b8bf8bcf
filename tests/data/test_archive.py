"""Archives are read where they lie, whatever is in them; nothing is written, nothing runs away."""

import gzip
import io
import os
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import saccade
from saccade.core.errors import BadData
from saccade.data import archive
from saccade.data.archive import Tar, Zip
from saccade.data.place import open_place, stem

KINDS = ("photos.tar", "photos.tar.gz", "photos.tgz", "photos.zip")


def pack(folder: Path, to: Path) -> Path:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if to.suffix == ".zip":
        with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in files:
                packed.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(to, "w" if to.suffix == ".tar" else "w:gz") as packed:
            for path in files[::-1]:  # in any order
                packed.add(path, path.relative_to(folder.parent))
    return to


def add(packed: tarfile.TarFile, name: str, data: bytes = b"", **facts: object) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for key, value in facts.items():
        setattr(member, key, value)
    packed.addfile(member, io.BytesIO(data))


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_read_as_the_folder_it_was_made_of(tmp_path, pictures, kind):
    own = tmp_path / "own"  # the cache lies beside it
    folder = pictures(own / "photos", each=6)
    packed = pack(folder, own / kind)
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*")}
    data = saccade.load(packed)
    assert data.fingerprint == saccade.load(folder).fingerprint
    assert data.name == "photos"
    assert {path: path.stat().st_mtime_ns for path in own.rglob("*")} == before


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_is_told_by_its_bytes_not_by_its_name(tmp_path, pictures, kind):
    folder = pictures(tmp_path / "photos", each=4)
    other = tmp_path / ("wrong.tar" if kind.endswith("zip") else "wrong.zip")
    pack(folder, tmp_path / kind).rename(other)
    assert saccade.load(other).fingerprint == saccade.load(folder).fingerprint


def test_links_devices_and_members_outside_are_left_out_and_never_followed(tmp_path, pictures):
    folder = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    secret = tmp_path / "secret.png"
    secret.write_bytes((folder / "a" / "000.png").read_bytes())
    with tarfile.open(tmp_path / "p.tar", "w") as packed:
        for path in sorted(folder.rglob("*.*")):
            packed.add(path, path.relative_to(folder))
        add(packed, "a/link.png", type=tarfile.SYMTYPE, linkname=str(secret))
        add(packed, "a/hard.png", type=tarfile.LNKTYPE, linkname="a/000.png")
        add(packed, "a/device.png", type=tarfile.CHRTYPE)
        add(packed, "a/pipe.png", type=tarfile.FIFOTYPE)
        add(packed, "../secret.png", secret.read_bytes())
        add(packed, str(secret), secret.read_bytes())
    data = saccade.load(tmp_path / "p.tar")
    left_out = {one.path: one.reason for one in data.excluded}
    assert left_out.keys() == {
        *(f"a/{name}.png" for name in ("link", "hard", "device", "pipe")),
        "../secret.png",
        str(secret),
    }
    assert all("link or a device" in left_out[name] for name in left_out if name[:2] == "a/")
    assert "outside" in left_out["../secret.png"]
    assert len(data.train) + len(data.test) == 8


def test_a_link_in_a_zip_is_left_out(tmp_path, pictures):
    folder = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    packed = pack(folder, tmp_path / "p.zip")
    with zipfile.ZipFile(packed, "a") as file:
        link = zipfile.ZipInfo("photos/a/link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
        file.writestr("../out.png", b"x")
    left_out = {one.path: one.reason for one in saccade.load(packed).excluded}
    assert left_out.keys() == {"photos/a/link.png", "../out.png"}
    assert "link" in left_out["photos/a/link.png"]
    assert "outside" in left_out["../out.png"]


def test_a_member_that_is_too_large_is_left_out(tmp_path, pictures, monkeypatch):
    monkeypatch.setattr(archive, "MAX_FILE", 20_000)
    folder = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    (folder / "a" / "huge.png").write_bytes(os.urandom(20_001))
    for kind in KINDS:
        left_out = saccade.load(pack(folder, tmp_path / kind)).excluded
        assert [one.path for one in left_out] == ["photos/a/huge.png"]
        assert "larger than" in left_out[0].reason


@pytest.mark.parametrize("kind", KINDS[1:])
def test_a_bomb_is_refused_before_it_has_unpacked(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(archive, "SMALL", 1 << 20)
    (tmp_path / "photos" / "a").mkdir(parents=True)
    (tmp_path / "photos" / "a" / "1.png").write_bytes(bytes(30 << 20))
    bomb = pack(tmp_path / "photos", tmp_path / kind)
    assert bomb.stat().st_size < 100_000
    with pytest.raises(BadData, match="unpacks to over"):
        saccade.load(bomb)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("damage", ["cut", "empty", "html", "head"])
def test_a_damaged_archive_is_named(tmp_path, pictures, kind, damage):
    packed = pack(pictures(tmp_path / "photos", each=4), tmp_path / kind)
    whole = packed.read_bytes()
    harmed = {"cut": whole[: len(whole) // 2], "empty": b"", "html": b"<html>404</html>"}
    packed.write_bytes(harmed.get(damage, os.urandom(600) + whole[600:]))
    with pytest.raises(BadData) as caught:
        saccade.load(packed)
    assert str(packed) in str(caught.value)


@pytest.mark.parametrize("kind", KINDS[:2])
def test_a_broken_header_in_the_middle_does_not_end_a_tar_in_silence(tmp_path, pictures, kind):
    folder = pictures(tmp_path / "photos", each=4)
    plain = pack(folder, tmp_path / "photos.tar")
    with tarfile.open(plain) as packed:
        middle = packed.getmembers()[6].offset
    harmed = bytearray(plain.read_bytes())
    harmed[middle : middle + 512] = os.urandom(512)
    raw = bytes(harmed)
    (tmp_path / kind).write_bytes(raw if kind == "photos.tar" else gzip.compress(raw))
    with pytest.raises(BadData, match="damaged after 6 files"):
        saccade.load(tmp_path / kind)


def test_a_damaged_member_of_a_zip_is_left_out(tmp_path, pictures):
    packed = pack(pictures(tmp_path / "photos", each=4), tmp_path / "p.zip")
    with zipfile.ZipFile(packed) as file:
        info = file.infolist()[3]
    data = bytearray(packed.read_bytes())
    data[info.header_offset + 80] ^= 255
    packed.write_bytes(data)
    left_out = saccade.load(packed).excluded
    assert [one.path for one in left_out] == [info.filename]


def test_a_zip_that_lies_about_a_size_is_found_out(tmp_path):
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a/1.png", bytes(10_000))
    data = bytearray(path.read_bytes())
    where = data.rindex(b"PK\x01\x02") + 24
    data[where : where + 4] = struct.pack("<I", 10)
    path.write_bytes(data)
    with pytest.raises(BadData, match="damaged"):
        Zip(path).read("a/1.png")


def test_an_encrypted_member_is_left_out(tmp_path, pictures):
    packed = pack(pictures(tmp_path / "photos", each=4), tmp_path / "p.zip")
    data = bytearray(packed.read_bytes())
    where = data.index(b"PK\x01\x02") + 8
    data[where] |= 1
    packed.write_bytes(data)
    (left_out,) = saccade.load(packed).excluded
    assert "encrypted" in left_out.reason


def test_the_later_of_two_members_of_one_name_counts_and_it_is_said(tmp_path):
    with tarfile.open(tmp_path / "p.tar", "w") as packed:
        add(packed, "a/1.png", b"first")
        add(packed, "./a/1.png", b"second")
    place = Tar(tmp_path / "p.tar", gzipped=False)
    assert place.read("a/1.png") == b"second"
    assert [one.path for one in place.excluded] == ["a/1.png"]


def test_entries_are_in_the_order_of_a_walk_and_name_empty_folders(tmp_path):
    names = ["b/2.png", "b/a/1.png", "a/z.png", "a.b/1.png", "top.txt"]
    for name in names:
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_bytes(b"x")
    (tmp_path / "p" / "empty").mkdir()
    with tarfile.open(tmp_path / "p.tar", "w") as packed:
        packed.add(tmp_path / "p", ".")
    walked = ["top.txt", "a/z.png", "a.b/1.png", "b/2.png", "b/a/1.png", "empty/"]
    assert list(open_place(tmp_path / "p").entries()) == walked
    assert [e for e in open_place(tmp_path / "p.tar").entries() if e != "./"] == walked


@pytest.mark.skipif(os.name == "nt", reason="links take rights there")
def test_links_between_folders_are_followed_and_circles_end(tmp_path, pictures):
    folder = pictures(tmp_path / "photos", each=4, classes=("a", "b"))
    elsewhere = pictures(tmp_path / "elsewhere", each=4, classes=("c",))
    (folder / "c").symlink_to(elsewhere / "c")
    (folder / "a" / "up").symlink_to(folder)
    data = saccade.load(folder)
    assert data.classes == ("a", "b", "c")
    assert len(data.train) + len(data.test) == 12


@pytest.mark.slow
def test_sixty_thousand_small_pictures_in_a_tgz_are_read_in_a_minute(tmp_path):
    import resource
    import time

    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    with tarfile.open(tmp_path / "many.tgz", "w:gz") as packed:
        for i in range(60_000):
            if i % 100 == 0:
                buffer = io.BytesIO()
                Image.fromarray(rng.integers(0, 256, (32, 32, 3), np.uint8)).save(buffer, "JPEG")
            add(packed, f"{i % 10}/{i}.jpg", buffer.getvalue())
    began = time.monotonic()
    data = saccade.load(tmp_path / "many.tgz")
    assert time.monotonic() - began < 60
    assert len(data.train) + len(data.test) == 60_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1_500_000


def test_a_name_loses_what_says_its_kind():
    assert [stem(Path(name)) for name in KINDS] == ["photos"] * 4

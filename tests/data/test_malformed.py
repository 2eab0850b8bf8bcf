"""Malformed pictures of public collections, through the workers that decode for a training."""

import csv
import io
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from saccade.core.preprocess import Preprocess
from saccade.data.archive import Tar
from saccade.data.decoders import decoders
from saccade.data.listing import Found

RULE = Preprocess(24, 32, 3, "stretch")
FEW_LEVELS = 4  # a JPEG is reduced by its decoder, then by us: the mean difference of a sound one
# The reference: Pillow alone, of what lies in the archive; bombs and reproducers of decoder bugs,
# so a process with limits. Only plain kinds, of which there is one opinion.
REFERENCE = """
import io, resource, sys, tarfile, warnings
import numpy as np
from PIL import Image, ImageOps
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
resource.setrlimit(resource.RLIMIT_CPU, (120, 120))
resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
warnings.simplefilter("error")
kept = {}
with tarfile.open(sys.argv[1]) as tar:
    for member in tar:
        if not member.isfile():
            continue
        try:
            kinds = ["JPEG", "PNG", "BMP", "GIF", "PPM"]
            image = Image.open(io.BytesIO(tar.extractfile(member).read()), formats=kinds)
            if image.width * image.height > 4_000_000 or image.mode not in ("L", "RGB", "P"):
                continue
            if "transparency" in image.info:
                continue
            image.load()
            image = ImageOps.exif_transpose(image).convert("RGB")
            kept[member.name] = np.asarray(image.resize((32, 24), Image.Resampling.BILINEAR))
        except Exception:
            continue
np.savez(sys.argv[2], **{name.replace("/", "\\\\"): pixels for name, pixels in kept.items()})
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on memory here")
def test_no_malformed_picture_ends_a_training_and_sound_ones_come_out_right(data_dir, tmp_path):
    packed = data_dir / "robustness" / "robustness.tar.gz"
    if not packed.is_file():
        pytest.skip(f"no {packed}")
    tar = Tar(packed, gzipped=True)
    found = [Found(tar, path, "train", "", path) for path in tar.entries() if path[-1] != "/"]
    pixels = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=(len(found), 24, 32, 3))
    began, before = time.monotonic(), open_files()
    with decoders(tmp_path / "pixels", RULE) as pool:
        verdicts = dict(pool.decode(enumerate(found)))
    seconds = time.monotonic() - began
    assert open_files() == before
    refused = {found[row].path: v.refused for row, v in verdicts.items() if v.refused}
    codes = {code for code, _ in refused.values()}
    print(f"{len(found):,} files, {len(refused):,} refused, {seconds:.1f} s: {sorted(codes)}")
    assert len(found) > 1_100
    assert "decoder_crash" not in codes
    assert len(found) - len(refused) > 550
    assert seconds < 300  # two seconds of processor time end a file; others may be at work here

    subprocess.run(
        [sys.executable, "-c", REFERENCE, packed, tmp_path / "reference.npz"],
        check=True,
        timeout=300,
    )
    guessed = {"decoder_warning", "trailing_data"}  # of a JPEG, by a decoder that went on
    warned = {
        one.path
        for row, one in enumerate(found)
        if notes(verdicts[row]) & guessed and is_jpeg(tar.read(one.path))
    }
    with np.load(tmp_path / "reference.npz") as reference:
        expected = {name.replace("\\", "/"): reference[name] for name in reference.files}
    rows = {one.path: row for row, one in enumerate(found)}
    compared = [name for name in expected if name not in refused and name not in warned]
    assert len(compared) > 300
    wrong = [
        (name, float(off.mean()))
        for name in compared
        for off in [np.abs(pixels[rows[name]].astype(int) - expected[name])]
        if off.mean() > (FEW_LEVELS if is_jpeg(tar.read(name)) else 0)
    ]
    assert wrong == []
    manifest = csv.DictReader(
        io.StringIO(tar.read("pillow13_decode_results.tsv").decode()),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
    sound = {row["path"] for row in manifest if row["status"] == "OK"}
    lost = {name: why for name, why in refused.items() if name in sound and name in expected}
    # Stricter than Pillow where a file is damaged, and of kinds that no viewer reads.
    codes = {"truncated", "bad_crc", "bad_header", "time_limit", "unsupported_jpeg"}
    assert {code for code, _ in lost.values()} <= codes
    assert len(lost) < 0.1 * len(expected)


def notes(verdict):
    return {note.code for note in verdict.notes}


def is_jpeg(data: bytes) -> bool:
    return data.startswith(b"\xff\xd8")


def open_files() -> int:
    """Of this process: none may be left of a worker that died."""
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0

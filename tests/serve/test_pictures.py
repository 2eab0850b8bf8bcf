"""The table of bad inputs, sent to a server; and decoders that die."""

import asyncio
import base64
import hashlib
import os
import runpy
import signal
from pathlib import Path

import numpy as np
import pytest

from saccade.core.preprocess import Preprocess
from saccade.serve.limits import Limits
from saccade.serve.pictures import Pictures

BAD = runpy.run_path(str(Path(__file__).parents[1] / "data" / "bad_inputs.py"))
TABLE = BAD["TABLE"]
RULE = Preprocess(24, 32, 3)

# The table's server column. Whatever is not here is answered.
STATUS = {
    1: 400, 2: 422, 3: 415, 4: 422, 8: 422, 9: 422, 10: 415, 11: 422, 12: 415, 13: 415, 16: 415,
    17: 415, 18: 415, 30: 422, 32: 415, 33: 422, 40: 422, 41: 413, 42: 413, 43: 413, 44: 422,
    47: 422,  # sent as a TIFF; else 415
}  # fmt: skip


def kind_of(data):
    return "image/tiff" if data[:4] in (b"II*\0", b"MM\0*") else "image/jpeg"


@pytest.mark.parametrize("row, what, data, expected", TABLE, ids=[f"{t[0]} {t[1]}" for t in TABLE])
def test_every_bad_picture_is_answered_as_the_table_says(served, opened, row, what, data, expected):
    data = data() if callable(data) else data
    answer = served.client.post("/predict", content=data, headers={"content-type": kind_of(data)})
    status = STATUS.get(row, 200)
    assert answer.status_code == status, answer.text
    if status == 200:
        notes = [f"{note.verdict} {note.code}" for note in expected.notes]
        assert _grey(notes) == _grey(answer.json().get("notes", []))
        # What the network got is what it gets in training: not a bit of its answer differs.
        told = {"instances": [{"b64": base64.b64encode(data).decode()}]}
        if kind_of(data) != "image/tiff":
            row_of = served.client.post("/v1/models/digits:predict", json=told).json()
            pixels = opened.preprocess.read(data)[None]
            probabilities = row_of["predictions"][0]["probabilities"]
            assert probabilities == opened.answer(pixels)[0][0].tolist()
    else:
        told = answer.json()
        code = expected.refused[0] if expected.refused else "too_many_pixels"
        assert (told["code"], set(told)) == (code, {"error", "code", "id"})
        assert "Traceback" not in told["error"] and "/" not in told["error"].replace("0..1/", "")


def _grey(notes):
    """Of a network that sees grey, colours are the repair."""
    return [one for one in notes if not one.endswith(("grey→rgb", "rgb→grey"))]


def test_a_tiff_that_is_not_sent_as_one_is_refused(served):
    for _, _, data, _ in TABLE:
        data = data() if callable(data) else data
        if kind_of(data) == "image/tiff":
            for kind in ("image/png", "image/jpeg", ""):
                answer = served.client.post(
                    "/predict", content=data, headers={"content-type": kind}
                )
                assert (answer.status_code, answer.json()["code"]) == (415, "format_not_allowed")


def test_names_of_files_are_not_read(served, digits, png):
    names = [
        "../../etc/passwd",
        "a\\b",
        "\N{PARTY POPPER}.png",
        "%s%n",
        "=cmd()",
        "-rf",
        "x" * 3000,
    ]
    plain = served.client.post("/predict", content=png(digits[0])).json()
    for name in names:
        told = served.client.post("/predict", files={"a": (name, png(digits[0]), "image/png")})
        assert told.json()["topk"] == plain["topk"], name


@pytest.fixture
def pictures():
    found = Pictures(RULE, Limits())
    yield found
    found.close()


def test_the_servers_pixels_are_those_of_training(pictures):
    answered = [data for row, _, data, _ in TABLE if row not in STATUS]
    assert len(answered) > 30

    async def read():
        for data in answered:
            data = data() if callable(data) else data
            pixels, _ = await pictures.read(data, kind_of(data))
            assert np.array_equal(pixels, RULE.read(data))

    asyncio.run(read())


def test_many_at_once_get_their_own_pixels_from_the_first_on(pictures):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (24, 32, 3), np.uint8) for _ in range(60)]
    files = [BAD["encode"](one, "PNG") for one in images]

    async def read():
        return await asyncio.gather(*(pictures.read(one) for one in files))

    for image, (pixels, _) in zip(images, asyncio.run(read()), strict=True):
        assert np.array_equal(pixels, image)
    # Each process has a row of its own.
    assert len({worker.process.pid for worker in pictures.workers.values()}) == len(pictures.rows)
    assert pictures.rows.any((1, 2, 3)).all()


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc")


@pytest.fixture(scope="module")
def fragile(work):
    return work(Limits())


def ticks(process):
    """Hundredths of a second of processor time that it used."""
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11])


def state_of(process):
    """`Z` where it ended, and nobody asked how."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


@needs_proc
def test_a_decoder_that_crashes_takes_only_its_picture_along(
    fragile, slow_picture, digits, png, post, parsed, rest_of, until
):
    bad = slow_picture
    with fragile.connect() as connection:
        connection.sendall(post("/predict", bad))
        until(lambda: any(ticks(one) > 70 for one in fragile.decoders()))
        other = fragile.client.post("/predict", content=png(digits[0]))
        assert other.status_code == 200  # by another process
        busy = max(fragile.decoders(), key=ticks)
        os.kill(busy, signal.SIGSEGV)
        status, _, told = parsed(rest_of(connection))
    assert (status, told["code"]) == (422, "decoder_crash")
    assert busy not in fragile.decoders()
    before = {one: ticks(one) for one in fragile.decoders()}
    again = fragile.client.post("/predict", content=bad)  # and is not tried again
    assert (again.status_code, again.json()["code"]) == (422, "decoder_crash")
    # The picture costs more than half a second; who takes the dead one's place may start only now.
    assert all(ticks(one) - before.get(one, 0) < 50 for one in fragile.decoders())
    assert hashlib.blake2b(bad, digest_size=16).hexdigest() not in again.text
    for one in digits[:8]:
        assert fragile.client.post("/predict", content=png(one)).status_code == 200
    assert fragile.client.get("/healthz").status_code == 200


@needs_proc
def test_a_decoder_that_was_ended_meanwhile_is_nobodys_fault(fragile, digits, png, until):
    for turn in range(3):
        for one in digits[4 * turn : 4 * turn + 4]:
            assert fragile.client.post("/predict", content=png(one)).status_code == 200
        for process in fragile.decoders():
            os.kill(process, signal.SIGKILL)
            until(lambda process=process: state_of(process) == "Z")

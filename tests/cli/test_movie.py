"""`saccade movie`: a film that really moves; and what it says where there is nothing to film."""

import base64
import subprocess
import sys

import pytest

from saccade.view import chromium
from saccade.view.live.static import PAGE

from .conftest import environment

needs = pytest.mark.skipif(
    not (chromium.find() and (PAGE / "index.html").exists()),
    reason="needs an installed Chromium and the built page",
)

# The film's length, size, and how much its pictures change from the first to the last.
WATCH = """(async () => {
    const film = Object.assign(document.createElement("video"), { src: "data:TYPE;base64,DATA" });
    const on = (name) => new Promise((done, fail) => {
        film.addEventListener(name, done, { once: true });
        film.addEventListener("error", () => fail(film.error), { once: true });
    });
    await on("loadeddata");
    const canvas = new OffscreenCanvas(64, 40).getContext("2d", { willReadFrequently: true });
    const frame = () => {
        canvas.drawImage(film, 0, 0, 64, 40);
        return canvas.getImageData(0, 0, 64, 40).data;
    };
    const first = frame();
    film.currentTime = 1e6;
    await on("seeked");
    const moved = () => {
        const last = frame();
        return first.reduce((sum, value, i) => sum + Math.abs(value - last[i]), 0) / first.length;
    };
    // A busy machine says that it is there before it shows it.
    for (let tries = 0; tries < 100 && moved() === 0; tries++)
        await new Promise((done) => setTimeout(done, 50));
    return [film.currentTime, film.videoWidth, film.videoHeight, moved()];
})()"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a run of several snapshots, `runs/r`."""
    place = tmp_path_factory.mktemp("movie")
    words = "train digits --model conv --steps 1500 --out runs/r --no-view".split()
    command = [sys.executable, "-m", "saccade", *words]
    subprocess.run(command, cwd=place, env=environment(), check=True, capture_output=True)
    return place


def the_film(folder):
    [film] = [file for file in folder.iterdir() if file.suffix in (".mp4", ".webm")]
    return film


@needs
def test_the_film_shows_the_run_from_first_to_last(command, run, tmp_path):
    done = command(
        "movie", "runs/r", "--graphs", "7", "--width", "640", "--height", "480",
        "--to", str(tmp_path / "new" / "film"), cwd=run,
    )  # fmt: skip
    assert done.code == 0, done.err
    film = the_film(tmp_path / "new")
    assert done.out.strip() == str(film)
    data = base64.b64encode(film.read_bytes()).decode()
    script = WATCH.replace("TYPE", f"video/{film.suffix[1:]}").replace("DATA", data)
    with chromium.open_tab(chromium.find(), 400, 300, tmp_path) as tab:
        seconds, width, height, moved = tab.evaluate(script)
    assert seconds > 0.5
    assert 400 <= width <= 1280 and 200 <= height <= 960
    assert moved > 1
    again = command("movie", "runs/r", "--to", str(film), cwd=run)
    assert again.code == 2 and "is there already" in again.err


def test_what_can_not_be_filmed_is_said(command, run, monkeypatch):
    for words, said in (
        (("runs/r", "--width", "100"), "320 to 3840"),
        (("runs/r", "--graphs", "11"), "graphs"),
        (("runs/none",), "runs/none"),
    ):
        done = command("movie", *words, cwd=run)
        assert done.code == 2 and said in done.err, done.err
    monkeypatch.setenv("PATH", "")
    done = command("movie", "runs/r", cwd=run)
    assert done.code == 2 and "none was found" in done.err
    for snapshot in (run / "runs/r/snapshots").glob("*.npz"):
        snapshot.unlink()
    done = command("movie", "runs/r", cwd=run)
    assert done.code == 2 and "nothing in it moves" in done.err

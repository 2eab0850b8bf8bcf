"""Pictures named by URL: fetched once, limited, left out with a reason, and no secret is told."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry
from yarl import URL

import saccade
from saccade.core.errors import BadData, BadPicture, MissingFile
from saccade.data import remote
from saccade.data.remote import Remote

ROWS = [(c, f"{c}/{i:03d}.png") for c in "ab" for i in range(10)]


class Server(ThreadingHTTPServer):
    """Serves a folder; `asked` counts what it was asked for, `never` is set by nobody."""

    daemon_threads, block_on_close = True, False

    def __init__(self, folder: Path):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.asked, self.never = folder, Counter(), threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        if path == "/slow.png":
            self.server.never.wait()
        elif path == "/endless.png":
            self.send_response(200)
            self.end_headers()
            self.endless()
        elif path.startswith("/to/"):
            self.answer(302, b"", Location=path.removeprefix("/to/").replace("@", "://"))
        elif path == "/loop.png":
            self.answer(302, b"", Location="/loop.png")
        elif path.startswith("/status/"):
            self.answer(int(path.removeprefix("/status/").partition(".")[0]), b"")
        elif path == "/login.png":
            self.answer(200, b"<html>Who are you?</html>")
        elif path == "/short.png":
            self.answer(200, b"\x89PNG\r\n\x1a\n", **{"Content-Length": "1000"})
        elif (self.server.folder / path[1:]).is_file():
            self.answer(200, (self.server.folder / path[1:]).read_bytes())
        else:
            self.answer(404, b"")

    def answer(self, status, data, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def endless(self):
        try:
            while True:
                self.wfile.write(bytes(1 << 16))
        except OSError:  # it was enough
            pass

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def online(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SACCADE_OFFLINE")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def photos(tmp_path: Path, pictures: Callable[..., Path]) -> Path:
    return pictures(tmp_path / "photos", each=10, classes=("a", "b"), size=(8, 8), grey=True)


@pytest.fixture
def server(photos: Path) -> Iterator[Server]:
    with Server(photos) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.never.set()
        made.shutdown()
        thread.join()


def table(tmp_path: Path, base: str, extra: str = "") -> Path:
    """A CSV of all pictures below `base`, in a folder that has none of them."""
    path = tmp_path / "rows" / "d.csv"
    path.parent.mkdir(exist_ok=True)
    lines = [f"{base}{name},{label}" for label, name in ROWS]
    path.write_text("\n".join(["image_path,label", *lines]) + "\n" + extra)
    return path


def reasons(data: saccade.Dataset) -> dict[str, str]:
    return {one.path: one.reason for one in data.excluded}


def read(url: str) -> bytes:
    place = Remote()
    return place.read(place.add(url))


def test_it_trains_on_the_same_pixels_as_from_disk_and_fetches_each_once(tmp_path, photos, server):
    told = []
    data = saccade.load(
        table(tmp_path, f"{server.url}/"), progress=lambda done, total: told.append((done, total))
    )
    assert data.fingerprint == saccade.load(photos).fingerprint
    assert data.train.names[0] == f"{server.url}/a/000.png"
    assert server.asked == {f"/{name}": 1 for _, name in ROWS}
    assert told[:20] == [(done, 20) for done in range(1, 21)]
    for name, pixels in zip(data.train.names, data.train.pixels, strict=True):
        kept = (photos / name.removeprefix(f"{server.url}/")).read_bytes()
        assert np.array_equal(pixels, data.preprocess.read(kept))


def test_a_second_start_needs_no_server(tmp_path, server, monkeypatch):
    path = table(tmp_path, f"{server.url}/")
    first = saccade.load(path)
    server.shutdown()
    server.server_close()
    assert saccade.load(path).fingerprint == first.fingerprint
    monkeypatch.setitem(sys.modules, "fsspec", None)
    monkeypatch.setenv("SACCADE_OFFLINE", "1")
    assert saccade.load(path).fingerprint == first.fingerprint
    assert sum(server.asked.values()) == 20


def test_paths_and_urls_stand_in_one_table(tmp_path, photos, server):
    rows = [f"{server.url}/{n},{c}" if i % 2 else f"{n},{c}" for i, (c, n) in enumerate(ROWS)]
    (photos / "d.csv").write_text("\n".join(rows))
    data = saccade.load(photos / "d.csv")
    assert data.fingerprint == saccade.load(photos).fingerprint
    assert sum(server.asked.values()) == 10


def test_pictures_given_to_test_on_may_lie_there_too(tmp_path, photos, server):
    (tmp_path / "t.csv").write_text(f"{server.url}/a/003.png,a\n{server.url}/b/003.png,b\n")
    data = saccade.load(photos, test_data=tmp_path / "t.csv")
    assert list(data.test.names) == [f"{server.url}/a/003.png", f"{server.url}/b/003.png"]


def test_what_cannot_be_had_is_left_out_with_its_reason_and_asked_for_once(
    tmp_path, server, monkeypatch
):
    monkeypatch.setattr(remote, "MAX_FILE", 1 << 20)
    monkeypatch.setattr(remote, "SECONDS_OF_SILENCE", 0.2)
    expected = {
        "/none.png": "missing: the server has no such file",
        "/endless.png": "file_too_large: over 1 MiB",
        "/slow.png": "timeout: the server took too long",
        "/loop.png": "redirected: from one place to the next without end",
        "/to/ftp@example.org/1.png": "redirected: from http:// to ftp://",
        "/to/file@/etc/hostname": "redirected: from http:// to file://",
        "/status/500.png": "http_status: the server answers 500",
        "/status/403.png": "permission: the server does not hand it out",
        "/login.png": "not_an_image: an HTML page",
        "/short.png": "connection: ClientPayloadError",
    }
    extra = "".join(f"{server.url}{path},a\n" for path in expected)
    told = reasons(saccade.load(table(tmp_path, f"{server.url}/", extra)))
    assert told == {f"{server.url}{path}": reason for path, reason in expected.items()}
    assert {path: server.asked[path] for path in expected if path != "/loop.png"} == {
        path: 1 for path in expected if path != "/loop.png"
    }
    kept = list((tmp_path / "cache" / "saccade" / "remote").iterdir())
    assert len(kept) == 20, "what is no picture was kept"


def test_a_redirect_on_the_same_server_is_followed(server):
    assert read(f"{server.url}/to//a/000.png") == (server.folder / "a/000.png").read_bytes()


def test_https_is_not_left_for_http():
    asked = SimpleNamespace(
        url=URL("https://example.org/1.png"),
        response=SimpleNamespace(headers={"Location": "http://example.org/1.png"}),
    )
    with pytest.raises(BadPicture, match="from https:// to http://"):
        remote._check_redirect(None, None, asked).send(None)


def test_a_host_that_is_down_is_asked_a_few_times_only(tmp_path, server, monkeypatch):
    server.shutdown()
    server.server_close()
    asked = Counter()
    download = remote._download

    def counted(filesystem, url):
        asked[url] += 1
        return download(filesystem, url)

    monkeypatch.setattr(remote, "_download", counted)
    place = Remote()
    for i in range(50):
        with pytest.raises(BadPicture, match="connection" if i < 10 else "given_up"):
            place.read(place.add(f"{server.url}/{i}.png"))
    assert len(asked) == remote.MOST_UNANSWERED
    with pytest.raises(BadData, match=r"none of the 20 pictures.*(connection|given_up)"):
        saccade.load(table(tmp_path, f"{server.url}/"))


def test_a_host_that_answers_is_not_given_up(server):
    place = Remote()
    for i in range(3 * remote.MOST_UNANSWERED):
        with pytest.raises(BadPicture, match="missing"):
            place.read(place.add(f"{server.url}/{i}.png"))
    assert place.read(place.add(f"{server.url}/a/000.png"))


@pytest.mark.parametrize(
    "url",
    [
        "memory://a.png",
        "file:///etc/hostname",
        "file:/etc/hostname",
        "ftp://example.org/1.png",
        "data:image/png;base64,AAAA",
        "simplecache::https://example.org/1.png",
        "zip://1.png::https://example.org/1.zip",
        "https://example.org/1.png::file:///etc/hostname",
    ],
)
def test_other_urls_are_refused_with_the_row(photos, url):
    (photos / "d.csv").write_text("".join(f"{n},{c}\n" for c, n in ROWS) + f'"{url}",a\n')
    [reason] = reasons(saccade.load(photos / "d.csv")).values()
    assert reason.startswith("row 21: a URL ")
    assert "fetched" in reason


@pytest.mark.parametrize(
    ("missing", "url", "said"),
    [
        ("fsspec", "https://example.org/1.png", r"pip install 'saccade\[remote\]'"),
        ("aiohttp", "http://example.org/1.png", r"pip install 'saccade\[remote\]'"),
        ("fsspec", "gs://bucket/1.png", "gcsfs"),
        ("gcsfs", "gs://bucket/1.png", "gcsfs"),
        ("s3fs", "s3://bucket/1.png", "s3fs"),
    ],
)
def test_what_is_not_installed_is_said_once(tmp_path, monkeypatch, missing, url, said):
    monkeypatch.setitem(sys.modules, missing, None)
    (tmp_path / "d.csv").write_text(f"{url},a\n{url}2,b\n")
    with pytest.raises(MissingFile, match=said):
        saccade.load(tmp_path / "d.csv")


def test_offline_nothing_is_fetched(tmp_path, server, monkeypatch):
    monkeypatch.setenv("SACCADE_OFFLINE", "1")
    with pytest.raises(BadData, match="offline"):
        saccade.load(table(tmp_path, f"{server.url}/"))
    assert not server.asked


def test_a_bucket_is_read_through_its_own_library(tmp_path, photos, monkeypatch):
    class Bucket(MemoryFileSystem):
        protocol, store, pseudo_dirs = "s3", {}, [""]

        @classmethod
        def _strip_protocol(cls, path):
            return "/" + path.removeprefix("s3://").strip("/")

    for _, name in ROWS:
        Bucket().pipe(f"s3://bucket/{name}", (photos / name).read_bytes())
    monkeypatch.setitem(_registry, "s3", Bucket)
    data = saccade.load(table(tmp_path, "s3://bucket/", "s3://bucket/none.png,a\n"))
    assert data.train.names[0] == "s3://bucket/a/000.png"
    assert reasons(data) == {"s3://bucket/none.png": "missing: the server has no such file"}
    assert data.fingerprint == saccade.load(photos).fingerprint


def test_no_secret_is_told_or_kept(tmp_path, server):
    signed = "?X-Amz-Credential=s3cret&X-Amz-Signature=s3cret&sig=s3cret&token=s3cret"
    lines = [f"{server.url.replace('//', '//me:s3cret@')}/{n}{signed},{c}" for c, n in ROWS]
    lines += [f"{server.url}/none.png{signed},a", f"ftp://me:s3cret@example.org/1.png{signed},a"]
    (tmp_path / "d.csv").write_text("\n".join(["path,label", *lines]))
    data = saccade.load(tmp_path / "d.csv")
    run = saccade.create_run(tmp_path / "run")
    recipe = saccade.recipe("softmax", steps=2, batch_size=4)
    for _ in saccade.record(saccade.fit("softmax", data, recipe), run):
        pass
    assert len(run.facts["data"]["excluded"]) == 2
    assert "s3cret" not in repr([data, run.facts])
    for file in tmp_path.rglob("*"):
        if file.is_file() and file.name != "d.csv":
            assert b"s3cret" not in file.read_bytes(), file
        assert "s3cret" not in file.name
    broken = "path,label\n" + f"https://me:s3cret@h/1.png{signed},\n"
    for text in (broken, f"https://me:s3cret@h/1.png{signed},a,b,c,d\n"):
        (tmp_path / "d.csv").write_text(text)
        with pytest.raises(BadData) as caught:
            saccade.load(tmp_path / "d.csv")
        assert "s3cret" not in str(caught.value)


def test_reading_from_disk_loads_no_fsspec(photos):
    code = f"import saccade, sys; saccade.load({str(photos)!r}); sys.exit('fsspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

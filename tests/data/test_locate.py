"""Files are had from the directory, the cache or a mirror; nothing half-written is ever read."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from saccade.core.cache import cache_folder
from saccade.core.errors import MissingFile
from saccade.data import locate

# `requests` leaves the connection of a failed download to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

CONTENT = bytes(range(256)) * 4096  # a megabyte
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
MD5 = "md5:" + hashlib.md5(CONTENT).hexdigest()


class Mirror(ThreadingHTTPServer):
    """A mirror on this machine; `asked` are the paths it was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []

    def url(self, what: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{what}/data.bin"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        what = self.path.split("/")[1]
        self.server.asked.append(what)
        if what == "missing":
            self.send_error(404)
            return
        body = CONTENT[::-1] if what == "changed" else CONTENT
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if what == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.connection.close()
            return
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.delenv("SACCADE_OFFLINE")
    monkeypatch.delenv("SACCADE_DATA_DIR", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Mirror() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def left_behind() -> list[str]:
    return sorted(p.name for p in cache_folder().rglob("*") if p.is_file())


@pytest.mark.parametrize("checksum", [SHA, MD5])
def test_a_file_is_downloaded_once_and_then_found(mirror, checksum):
    path = locate.locate("set", "data.bin", checksum, [mirror.url("good")])
    assert path == cache_folder() / "datasets" / "set" / "data.bin"
    assert path.read_bytes() == CONTENT
    assert locate.locate("set", "data.bin", checksum, [mirror.url("good")]) == path
    assert mirror.asked == ["good"]
    assert left_behind() == ["data.bin"]


@pytest.mark.parametrize("first", ["missing", "changed", "cut"])
def test_the_second_mirror_helps_where_the_first_fails(mirror, first):
    urls = [mirror.url(first), mirror.url("good")]
    assert locate.locate("set", "data.bin", SHA, urls).read_bytes() == CONTENT
    assert mirror.asked == [first, "good"]
    assert left_behind() == ["data.bin"]


@pytest.mark.parametrize("what", ["missing", "changed", "cut"])
def test_nothing_is_left_where_no_mirror_has_the_file(mirror, what):
    with pytest.raises(MissingFile) as caught:
        locate.locate("set", "data.bin", SHA, [mirror.url(what)])
    for part in ("data.bin", SHA, mirror.url(what), str(cache_folder()), "SACCADE_DATA_DIR"):
        assert part in str(caught.value)
    assert left_behind() == []
    assert locate.find("set", "data.bin") is None


def test_a_mirror_that_is_not_there_is_no_traceback(mirror):
    mirror.socket.close()
    urls = [f"http://127.0.0.1:{mirror.server_port}/good/data.bin"]
    with pytest.raises(MissingFile, match="could not be downloaded"):
        locate.locate("set", "data.bin", SHA, urls)
    assert left_behind() == []


def test_offline_nothing_is_asked_and_the_error_names_file_sum_and_place(mirror, monkeypatch):
    monkeypatch.setenv("SACCADE_OFFLINE", "1")
    with pytest.raises(MissingFile) as caught:
        locate.locate("set", "data.bin", SHA, [mirror.url("good")])
    text = str(caught.value)
    assert mirror.asked == []
    assert "SACCADE_OFFLINE" in text
    for part in ("data.bin", SHA, str(cache_folder() / "datasets" / "set")):
        assert part in text


def test_the_given_directory_comes_before_the_cache(tmp_path, monkeypatch):
    cached = cache_folder() / "datasets" / "set" / "data.bin"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    assert locate.locate("set", "data.bin", SHA, []) == cached
    given = tmp_path / "given" / "set" / "data.bin"
    given.parent.mkdir(parents=True)
    given.write_bytes(CONTENT)
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "given"))
    assert locate.locate("set", "data.bin", SHA, []) == given


def test_a_differing_file_of_the_users_is_used_and_warned_of_once(tmp_path, monkeypatch):
    given = tmp_path / "given" / "set" / "data.bin"
    given.parent.mkdir(parents=True)
    given.write_bytes(b"my own")
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "given"))
    with pytest.warns(UserWarning, match="not the published file") as said:
        assert locate.locate("set", "data.bin", SHA, []) == given
    assert len(said) == 1
    text = str(said[0].message)
    own = hashlib.sha256(b"my own").hexdigest()
    for part in (str(given), own, SHA.partition(":")[2]):
        assert part in text
    assert given.read_bytes() == b"my own"


def test_a_folder_of_the_files_name_is_not_the_file(tmp_path, monkeypatch):
    (tmp_path / "given" / "set" / "data.bin").mkdir(parents=True)
    monkeypatch.setenv("SACCADE_DATA_DIR", str(tmp_path / "given"))
    with pytest.raises(MissingFile):
        locate.locate("set", "data.bin", SHA, [])

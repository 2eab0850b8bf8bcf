"""Pictures that lie on a server or in a bucket: fetched once, then kept.

    ~/.cache/saccade/remote/KEY    the bytes of one picture; KEY is of its URL

fsspec does the fetching (`pip install 'saccade[remote]'`); what takes credentials finds them where
its own library looks for them.
"""

import hashlib
import os
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from saccade.core.cache import cache_folder
from saccade.core.decode import MAX_FILE, read_file
from saccade.core.errors import BadPicture, MissingFile
from saccade.core.kinds import kind_of
from saccade.core.records import Excluded
from saccade.data.urls import host_of, public, scheme_of
from saccade.run.durable import write_bytes

SECONDS_TO_CONNECT, SECONDS_OF_SILENCE, SECONDS_EACH = 10.0, 20.0, 120.0
MOST_UNANSWERED = 10
"""After so many in a row a host that never answered is asked no more."""

_BLOCK = 1 << 20
_UNANSWERED = ("timeout", "connection")
_TAKES = {
    "gs": "gs:// takes fsspec and gcsfs: pip install 'saccade[remote]' gcsfs",
    "s3": "s3:// takes fsspec and s3fs: pip install 'saccade[remote]' s3fs",
    "https": "pictures named by a URL take fsspec: pip install 'saccade[remote]'",
}


class Remote:
    """Pictures named by URLs. Their path is the URL as it may be shown: see `public`.

    What can't be had is asked for once; a redirect leads to http:// or https:// only, and never
    from https:// to http://.
    """

    where = ""
    excluded: Sequence[Excluded] = ()

    def __init__(self) -> None:
        self._urls: dict[str, str] = {}
        self._refused: dict[str, tuple[str, str]] = {}
        self._filesystems: dict[str, Any] = {}
        self._unanswered: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, url: str) -> str:
        """Takes a URL in and gives its path.

        Raises:
            BadData: it is of a kind that is not fetched, with the reason only.
            MissingFile: it must be fetched, and what that takes is not installed.
        """
        scheme, path = scheme_of(url), public(url)
        self._urls[path] = url
        if not _kept(path).exists() and not _offline():
            self._filesystem(scheme)
        return path

    def entries(self) -> Sequence[str]:
        return list(self._urls)

    def __contains__(self, path: str) -> bool:
        return path in self._urls

    def read(self, path: str) -> bytes:
        kept = _kept(path)
        if kept.exists():
            return read_file(kept)
        if path in self._refused:
            raise BadPicture(*self._refused[path])
        try:
            data = self._fetch(self._urls[path])
            kind_of(data)  # a page that asks who we are is not kept for a picture
        except BadPicture as error:
            self._refused[path] = error.code, error.why
            raise
        with suppress(OSError):  # no room, or no right: it is not kept
            kept.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(kept, data)
        return data

    def _fetch(self, url: str) -> bytes:
        if _offline():
            raise BadPicture("offline", "not fetched yet, and SACCADE_OFFLINE=1")
        host = host_of(url)
        if self._unanswered[host] >= MOST_UNANSWERED:
            raise BadPicture("given_up", f"{host} did not answer {MOST_UNANSWERED} times in a row")
        try:
            data = _download(self._filesystem(scheme_of(url)), url)
        except BadPicture:
            raise
        except Exception as error:  # each library behind fsspec has errors of its own
            refusal = _refusal(error)
            with self._lock:
                self._unanswered[host] += refusal.code in _UNANSWERED
            raise refusal from None
        with self._lock:
            self._unanswered[host] = 0
        return data

    def _filesystem(self, scheme: str) -> Any:
        known = "https" if scheme == "http" else scheme
        with self._lock:
            if known not in self._filesystems:
                self._filesystems[known] = _open_filesystem(known)
            return self._filesystems[known]


def _open_filesystem(scheme: str) -> Any:
    try:
        import fsspec

        options = _web_options() if scheme == "https" else {}
        return fsspec.filesystem(scheme, **options)
    except ImportError:
        raise MissingFile(_TAKES[scheme]) from None


def _web_options() -> Mapping[str, Any]:
    import aiohttp

    redirects = aiohttp.TraceConfig()
    redirects.on_request_redirect.append(_check_redirect)
    timeout = aiohttp.ClientTimeout(
        SECONDS_EACH, sock_connect=SECONDS_TO_CONNECT, sock_read=SECONDS_OF_SILENCE
    )
    client = {"timeout": timeout, "trace_configs": [redirects], "trust_env": True}
    return {"client_kwargs": client, "skip_instance_cache": True}


async def _check_redirect(session: Any, context: Any, asked: Any) -> None:
    target = urljoin(str(asked.url), asked.response.headers.get("Location", ""))
    scheme = urlsplit(target).scheme
    if scheme not in ("https", asked.url.scheme):
        raise BadPicture("redirected", f"from {asked.url.scheme}:// to {scheme[:20]}://")


def _download(filesystem: Any, url: str) -> bytes:
    """At most `MAX_FILE` bytes; a server's word on how many there are is not asked for."""
    streamed = {"block_size": 0, "size": 1} if scheme_of(url) in ("http", "https") else {}
    data = bytearray()
    with filesystem.open(url, "rb", **streamed) as file:
        while block := file.read(_BLOCK):
            data += block
            if len(data) > MAX_FILE:
                raise BadPicture("file_too_large", f"over {MAX_FILE >> 20} MiB")
    return bytes(data)


def _refusal(error: Exception) -> BadPicture:
    """Why a picture can't be had, in our words: an error's own may hold the URL's secrets."""
    status = getattr(error, "status", None)
    if isinstance(error, FileNotFoundError) or status == 404:
        return BadPicture("missing", "the server has no such file")
    if isinstance(error, PermissionError) or status in (401, 403):
        return BadPicture("permission", "the server does not hand it out")
    if isinstance(error, TimeoutError):
        return BadPicture("timeout", "the server took too long")
    if type(error).__name__ == "TooManyRedirects":  # aiohttp's
        return BadPicture("redirected", "from one place to the next without end")
    if isinstance(status, int):
        return BadPicture("http_status", f"the server answers {status}")
    return BadPicture("connection", type(error).__name__)


def _kept(path: str) -> Path:
    key = hashlib.blake2b(path.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
    return cache_folder() / "remote" / key


def _offline() -> bool:
    return os.environ.get("SACCADE_OFFLINE") == "1"

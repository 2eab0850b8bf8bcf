"""Tar and zip files, read where they lie.

An archive comes from anywhere: members that are links or devices, that would lie outside, or that
are too large are left out with the reason; one that grows without bound is refused.
"""

import gzip
import posixpath
import stat
import tarfile
import tempfile
import threading
import weakref
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from saccade.core.decode import MAX_FILE
from saccade.core.errors import BadData
from saccade.core.records import Excluded

MOST_GROWTH, SMALL = 100, 1 << 30
"""An archive may hold a hundred times its own size, and a GiB in any case."""


class _Members:
    """The members of an archive that may be read, by their path inside."""

    def __init__(self, path: Path):
        self.where = str(path.resolve())
        self.excluded: list[Excluded] = []
        self._folders: set[str] = set()
        self._lock = threading.Lock()

    def _names(self, files: Iterable[str]) -> Sequence[str]:
        full = {name[: i + 1] for name in files for i, c in enumerate(name) if c == "/"}
        return sorted([*files, *(self._folders - full)], key=tree_order)

    def _path(self, name: str, size: int, is_file: bool) -> str | None:
        """The normal form of a member's name, or None with the reason noted."""
        path = posixpath.normpath(name)
        if name.startswith("/") or path.split("/")[0] == "..":
            reason = "it would lie outside the archive"
        elif not is_file:
            reason = "a link or a device, no regular file"
        elif size > MAX_FILE:
            reason = f"larger than {MAX_FILE >> 20} MiB"
        else:
            return path
        self.excluded.append(Excluded(name, reason))
        return None


class Tar(_Members):
    """A tar. A gzipped one is unpacked once, front to back, into a file without a name."""

    def __init__(self, path: Path, *, gzipped: bool):
        super().__init__(path)
        self._where: dict[str, tuple[int, int]] = {}  # offset, size
        self._file = _unzipped(path) if gzipped else path.open("rb")
        weakref.finalize(self, self._file.close)
        try:
            with tarfile.open(fileobj=self._file, mode="r:") as tar:
                for member in tar:
                    self._add(member)
                self._file.seek(tar.offset)
                rest = self._file.read(tarfile.BLOCKSIZE)
        except (tarfile.TarError, EOFError, ValueError, OverflowError) as error:
            raise BadData(f"{path} is no tar, or damaged: {error}. Pack it again") from None
        if any(rest):  # Python takes a broken header for the end
            raise BadData(f"{path} is damaged after {len(self._where):,} files. Pack it again")

    def _add(self, member: tarfile.TarInfo) -> None:
        if member.isdir():
            self._folders.add(posixpath.normpath(member.name) + "/")
            return
        path = self._path(member.name, member.size, member.isreg() and not member.issparse())
        if path is None:
            return
        if path in self._where:
            self.excluded.append(Excluded(path, "replaced by a later member of the same name"))
        self._where[path] = (member.offset_data, member.size)

    def entries(self) -> Sequence[str]:
        return self._names(self._where)

    def __contains__(self, path: str) -> bool:
        return path in self._where

    def read(self, path: str) -> bytes:
        offset, size = self._where[path]
        with self._lock:
            self._file.seek(offset)
            data = self._file.read(size)
        if len(data) < size:
            raise BadData("the archive ends inside it")
        return data


class Zip(_Members):
    """A zip file."""

    def __init__(self, path: Path):
        super().__init__(path)
        self._infos: dict[str, zipfile.ZipInfo] = {}
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BadData(f"{path} is no zip, or damaged: {error}. Pack it again") from None
        weakref.finalize(self, self._zip.close)
        infos = self._zip.infolist()
        _check_growth(path, sum(info.file_size for info in infos))
        for info in infos:
            self._add(info)

    def _add(self, info: zipfile.ZipInfo) -> None:
        if info.is_dir():
            self._folders.add(posixpath.normpath(info.filename) + "/")
            return
        kind = stat.S_IFMT(info.external_attr >> 16)
        path = self._path(info.filename, info.file_size, kind in (0, stat.S_IFREG))
        if path is None:
            return
        if info.flag_bits & 1:
            self.excluded.append(Excluded(path, "it is encrypted"))
            return
        if path in self._infos:
            self.excluded.append(Excluded(path, "replaced by a later member of the same name"))
        self._infos[path] = info

    def entries(self) -> Sequence[str]:
        return self._names(self._infos)

    def __contains__(self, path: str) -> bool:
        return path in self._infos

    def read(self, path: str) -> bytes:
        try:
            with self._lock:
                return self._zip.read(self._infos[path])
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as error:
            raise BadData(f"damaged in the archive: {error}") from None


def tree_order(path: str) -> list[tuple[bool, str]]:
    """Sorts paths as a folder is walked: its files first, then one folder after the other.

    >>> sorted(["b/1", "a", "b/a/1", "a.b/1"], key=tree_order)
    ['a', 'a.b/1', 'b/1', 'b/a/1']
    """
    *folders, name = path.split("/")
    return [*((True, folder) for folder in folders), (False, name)]


def _unzipped(path: Path) -> IO[bytes]:
    file = tempfile.TemporaryFile()
    try:
        with gzip.open(path) as packed:
            while block := packed.read(1 << 20):
                file.write(block)
                _check_growth(path, file.tell())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        file.close()
        raise BadData(f"{path} is damaged: {error}. Get it again") from None
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _check_growth(path: Path, size: int) -> None:
    packed = path.stat().st_size
    if size > max(SMALL, MOST_GROWTH * packed):
        raise BadData(
            f"{path} has {packed:,} bytes and unpacks to over {size:,}: no pictures do that. "
            f"Unpack it yourself if you trust it, and give the folder"
        )

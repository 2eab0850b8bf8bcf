"""A place the bytes of pictures come from: a folder, a tar or a zip. Nothing is ever extracted."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from saccade.core.decode import read_file, refused_by
from saccade.core.errors import BadData
from saccade.core.records import Excluded
from saccade.data.archive import Tar, Zip


class Place(Protocol):
    """Named bytes. `where` is its absolute path."""

    where: str

    @property
    def excluded(self) -> Sequence[Excluded]:
        """What lies inside and can't be taken out, with the reason."""

    def entries(self) -> Sequence[str]:
        """Every file inside, a/b/c.jpg, in `tree_order`; an empty or hidden folder ends in /."""

    def __contains__(self, path: str) -> bool:
        """Whether there is such a file."""

    def read(self, path: str) -> bytes:
        """The bytes of one file; may be called from several threads.

        Raises:
            BadData: it can't be read, with the reason only.
        """


ARCHIVES = (".tar", ".tar.gz", ".tgz", ".zip")


class Directory:
    """A folder on a disk. Links are followed, in a circle once.

    A folder inside that can't be read is named in `excluded`, and an entry without files.
    """

    def __init__(self, root: Path):
        self.root = root
        self.where = str(root.resolve())
        self.excluded: Sequence[Excluded] = ()

    def entries(self) -> Sequence[str]:
        excluded: list[Excluded] = []
        entries = list(_walk(self.root, "", frozenset(), excluded))
        self.excluded = tuple(excluded)
        return entries

    def __contains__(self, path: str) -> bool:
        try:
            return os.path.lexists(self.root / path) and not (self.root / path).is_dir()
        except (OSError, ValueError):  # a name too long, or with a NUL in it
            return False

    def read(self, path: str) -> bytes:
        return read_file(self.root / path)


def open_place(path: Path) -> Place:
    """The folder or the archive at this path; an archive's kind is told by its first bytes.

    Raises:
        BadData: there is none, or it is neither.
    """
    if path.is_dir():
        return Directory(path)
    if not path.exists():
        raise BadData(f"there is no folder or file {path}")
    if not is_archive(path):
        raise BadData(f"{path} is a file; a folder or {' '.join(ARCHIVES)} is expected")
    with path.open("rb") as file:
        start = file.read(2)
    return Zip(path) if start == b"PK" else Tar(path, gzipped=start == b"\x1f\x8b")


def is_archive(path: Path) -> bool:
    """Whether this is a file that is named like an archive.

    >>> is_archive(Path("no/such.tar.gz"))
    False
    """
    return path.name.lower().endswith(ARCHIVES) and path.is_file()


def stem(path: Path) -> str:
    """A file's name without what says its kind.

    >>> stem(Path("photos.tar.gz")), stem(Path("rows.v2.csv"))
    ('photos', 'rows.v2')
    """
    name = path.resolve().name
    ending = next((e for e in sorted(ARCHIVES, key=len)[::-1] if name.lower().endswith(e)), None)
    return name[: -len(ending)] if ending else Path(name).stem


def hidden(name: str) -> bool:
    """Files of the system's and of tools: .DS_Store, __MACOSX, lost+found."""
    return name.startswith((".", "__")) or name == "lost+found"


def _walk(
    folder: Path, inside: str, above: frozenset[tuple[int, int]], excluded: list[Excluded]
) -> Iterator[str]:
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        status = folder.stat()
    except OSError as error:
        if not inside:
            raise BadData(f"can't read the folder {folder}: {error.strerror}") from None
        excluded.append(Excluded(inside, str(refused_by(error, folder))))
        yield inside
        return
    below = {entry.name for entry in entries if _is_folder(entry)}
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    if not entries and inside:
        yield inside
    yield from (inside + entry.name for entry in entries if entry.name not in below)
    for name in sorted(below):
        if hidden(name):
            yield f"{inside}{name}/"
        else:
            yield from _walk(folder / name, f"{inside}{name}/", above | {here}, excluded)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a circle of links, or a link into a folder that is shut: a file, as it seems
        return False

"""A table that is written row by row, and gone on with where it was stopped.

    predictions.csv.part         the rows so far
    predictions.csv.part.json    how many of them are safe, and of what they are the answers

When it is whole it gets its name. Rows that were not noted yet are written again.
"""

import os
import time
import warnings
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from saccade.core.errors import BadRun, BadUsage
from saccade.run import durable
from saccade.run.tables import as_lines, read_lines

try:
    import fcntl
except ImportError:  # Windows: two processes may spoil each other's file
    fcntl = None  # type: ignore[assignment]

SECONDS_BETWEEN_NOTES = 1.0
_BLOCK = 1 << 20
OTHERS = {
    "network": "another network",
    "pictures": "other pictures, or some were changed, added or taken away since",
    "columns": "other columns",
    "batch": "blocks of another size",
}


class SoFar(NamedTuple):
    """How many rows, without the header, and which bytes of the file they are."""

    rows: int = 0
    bytes: int = 0
    checksum: int = 0


class Part:
    """The rows so far, open for more."""

    def __init__(self, path: Path, file: BinaryIO, asked: Mapping[str, Any]):
        self.path, self.asked, self._file = path, asked, file
        self._so_far = SoFar()
        self._noted = time.monotonic()

    @property
    def rows(self) -> int:
        """How many there are, without the header."""
        return self._so_far.rows

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        """Writes further rows. Those of the last second may be lost, with the process or power."""
        self._write(as_lines(rows), len(rows))
        if time.monotonic() - self._noted > SECONDS_BETWEEN_NOTES:
            self.note()

    def note(self) -> None:
        """Makes what is written survive."""
        self._file.flush()
        os.fsync(self._file.fileno())
        durable.write_json(record_of(self.path), {**self.asked, **self._so_far._asdict()})
        self._noted = time.monotonic()

    def earlier(self) -> Iterator[list[str]]:
        """The rows so far, of this start and earlier ones, one by one."""
        self._file.flush()
        return islice(read_lines(self.path), 1, None)

    def begin(self, header: Sequence[str]) -> None:
        """Without any rows."""
        self._file.seek(0)
        self._file.truncate()
        self._so_far = SoFar()
        self._write(as_lines([header]), 0)
        self.note()

    def go_on(self, told: Mapping[str, Any]) -> bool:
        """From where it was stopped; False if the file is not what was noted."""
        try:
            noted = SoFar(*(int(told[key]) for key in SoFar._fields))
        except (KeyError, TypeError, ValueError, OverflowError):
            return False
        if noted.rows < 0 or not 0 <= noted.bytes <= os.fstat(self._file.fileno()).st_size:
            return False
        left, found = noted.bytes, 0
        self._file.seek(0)
        while left and (block := self._file.read(min(left, _BLOCK))):
            found, left = zlib.crc32(block, found), left - len(block)
        if left or found != noted.checksum:
            return False
        self._file.truncate(noted.bytes)
        self._file.seek(noted.bytes)
        self._so_far = noted
        return True

    def _write(self, lines: bytes, rows: int) -> None:
        self._file.write(lines)
        before = self._so_far
        # At once, as Ctrl-C may come between any two lines: bytes that no note counts are cut off.
        self._so_far = SoFar(
            before.rows + rows,
            before.bytes + len(lines),
            zlib.crc32(lines, before.checksum),
        )


@contextmanager
def part_of(
    table: Path, header: Sequence[str], asked: Mapping[str, Any], *, anew: bool = False
) -> Iterator[Part]:
    """What will be `table`, begun or gone on with; however it ends, what is there is noted.

    `asked` says of what these are the answers (`OTHERS` names its keys). What was begun for
    something else is thrown away if `anew`.

    Raises:
        BadUsage: it was begun for something else, another process is writing it, or nobody can.
    """
    path = part_path(table)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise BadUsage(f"can't write {path}: {error.strerror}") from None
    with os.fdopen(descriptor, "r+b") as file:
        _lock(file, path)
        part = Part(path, file, asked)
        if not _goes_on(part, file, header, anew):
            part.begin(header)
        try:
            yield part
        finally:
            if path.exists():  # nobody has finished it
                part.note()


def finish(path: Path, table: Path) -> None:
    """The rows get their name, or what was made of them (`path`) does."""
    durable.move(path, table)
    durable.remove(part_path(table))
    durable.remove(record_of(part_path(table)))


def part_path(table: Path) -> Path:
    """Where the rows lie until they are whole."""
    return table.with_name(f"{table.name}{durable.ASIDE}")


def record_of(part: Path) -> Path:
    """Where it is noted how far they are."""
    return part.with_name(f"{part.name}.json")


def _goes_on(part: Part, file: BinaryIO, header: Sequence[str], anew: bool) -> bool:
    record = record_of(part.path)
    try:
        told = durable.read_json(record)
    except FileNotFoundError:
        begun = file.read()[: 1 << 16] if os.fstat(file.fileno()).st_size < 1 << 16 else b"much"
        if not as_lines([header]).startswith(begun) and not anew:
            raise BadUsage(
                f"{part.path} is there, and {record.name} is not: move it away, or take --force"
            ) from None
        return False
    except BadRun as error:
        warnings.warn(f"{error}; {part.path} is begun anew", stacklevel=2)
        return False
    others = [words for key, words in OTHERS.items() if told.get(key) != part.asked[key]]
    if others and anew:
        return False
    if others:
        raise BadUsage(
            f"{part.path} was begun with {'; '.join(others)}. --force begins anew; to keep it, "
            f"write to another file"
        )
    if part.go_on(told):
        return True
    warnings.warn(f"{part.path} is damaged, and begun anew", stacklevel=2)
    return False


def _lock(file: BinaryIO, path: Path) -> None:
    """Until the file is closed.

    Raises:
        BadUsage: another process has it, or has just finished it.
    """
    if fcntl is None:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        mine = os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        mine = False
    except BlockingIOError:
        mine = False
    except OSError:  # a network file system without locks
        return
    if not mine:
        raise BadUsage(f"another process is writing {path}")

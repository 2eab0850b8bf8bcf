"""Decoded pictures, kept from one start to the next.

    ~/.cache/saccade/pictures/KEY/        whole: pixels, manifest.json
    ~/.cache/saccade/pictures/KEY.part/   being made: pixels, rows.jsonl, lock

KEY is made of every picture's own bytes and of what was asked of them, so a changed picture is
another set. A set is made aside and renamed; what a killed process had decoded stands in
rows.jsonl and is not decoded again. The least used sets go when all together are too large.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from saccade.core.cache import cache_folder
from saccade.core.decode import Note
from saccade.core.decoder import Verdict
from saccade.core.preprocess import Preprocess
from saccade.core.room import reserve
from saccade.data.decoders import CHANGED, decoders
from saccade.data.listing import Found

try:
    import fcntl
except ImportError:  # Windows: every process decodes for itself
    fcntl = None  # type: ignore[assignment]

VERSION = 1  # of what a picture becomes; another one makes all sets anew
MOST_BYTES = 8 << 30

Progress = Callable[[int, int], None]


class Decoded(NamedTuple):
    """Rows of pixels uint8 [n, height, width, channels], a verdict and a digest for each.

    A digest is of the file's bytes, or why those can't be had.
    """

    rule: Preprocess
    pixels: np.ndarray
    verdicts: Sequence[Verdict]
    digests: Sequence[str] = ()


def key_of(digests: Sequence[str], *asked: object) -> str:
    """The name of a set: of its pictures in their order, and of what was asked of them."""
    told = json.dumps([VERSION, *asked, *digests])
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


def kept(key: str) -> Decoded | None:
    """A whole set of an earlier start, if there is one."""
    folder = _sets() / key
    try:
        told = json.loads((folder / "manifest.json").read_text())
        rule = Preprocess.from_json(told["rule"])
        verdicts = [_verdict(one) for one in told["verdicts"]]
        pixels = _open(folder / "pixels", rule, len(verdicts))
        if not all(_is_whole(pixels, row, verdict) for row, verdict in enumerate(verdicts)):
            raise ValueError("a row is not what was decoded")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        shutil.rmtree(folder, ignore_errors=True)  # a new one takes its place
        return None
    os.utime(folder)  # it was used
    return Decoded(rule, pixels, verdicts)


def decode_all(
    key: str,
    found: Sequence[Found],
    digests: Sequence[str],
    rule: Preprocess,
    progress: Progress,
) -> Decoded:
    """Every picture decoded, and kept where there is room for that.

    A picture that is not what its digest was taken of is left out, and then nothing is kept: the
    key is of what it was.
    """
    with _workplace(key, rule, len(found)) as folder:
        pixels = _open(folder / "pixels", rule, len(found))
        told = _read_rows(folder / "rows.jsonl")
        verdicts = {row: one for row, one in told.items() if _is_whole(pixels, row, one)}
        left = [(row, one) for row, one in enumerate(found) if row not in verdicts]
        done = len(verdicts)
        with (
            decoders(folder / "pixels", rule) as pool,
            (folder / "rows.jsonl").open("a", buffering=1, encoding="utf-8") as rows,
        ):
            for row, verdict in pool.decode(left, dict(enumerate(digests))):
                verdicts[row] = verdict
                if verdict != CHANGED:
                    rows.write(json.dumps([row, *_told(verdict)]) + "\n")
                done += 1
                progress(done, len(found))
        ordered = [verdicts[row] for row in range(len(found))]
        if CHANGED not in ordered:
            _finish(folder, key, rule, ordered)
        return Decoded(rule, pixels, ordered, digests)


@contextmanager
def _workplace(key: str, rule: Preprocess, count: int) -> Iterator[Path]:
    """The folder a set is made in: the shared one, or one of our own while another process has it.

    Where the cache can't be written to, a temporary one is used, and nothing is kept.
    """
    shared = _sets() / f"{key}.part"
    with tempfile.TemporaryDirectory(prefix="saccade-", ignore_cleanup_errors=True) as own:
        with ExitStack() as locks:
            folder = None
            with suppress(OSError):
                shared.mkdir(parents=True, exist_ok=True)
                if _lock(shared, locks):
                    _make_room(shared, rule, count)
                    folder = shared
            if folder is None:
                folder = Path(own)
                _make_room(folder, rule, count)
            yield folder


def _lock(folder: Path, locks: ExitStack) -> bool:
    """Takes a folder until `locks` are closed, if no other process has it."""
    if fcntl is None:
        return False
    file = locks.enter_context((folder / "lock").open("w"))
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever had it may have finished meanwhile, and renamed the folder.
        return os.path.samestat(os.fstat(file.fileno()), (folder / "lock").stat())
    except OSError:
        return False


def _make_room(folder: Path, rule: Preprocess, count: int) -> None:
    """The file of pixels in its full length; what was decoded by another rule goes.

    Raises:
        OSError: there is no room.
    """
    told, size = json.dumps(rule.to_json()), count * _row_bytes(rule)
    rule_file, pixels = folder / "rule.json", folder / "pixels"
    same = rule_file.exists() and rule_file.read_text() == told
    if not same or not pixels.exists() or pixels.stat().st_size != size:
        (folder / "rows.jsonl").unlink(missing_ok=True)
        with pixels.open("wb") as file:
            reserve(file, size)
        rule_file.write_text(told)


def _finish(folder: Path, key: str, rule: Preprocess, verdicts: Sequence[Verdict]) -> None:
    if folder.parent != _sets():
        return
    with (folder / "pixels").open("rb+") as file:
        os.fsync(file.fileno())
    told = {"rule": rule.to_json(), "verdicts": [_told(verdict) for verdict in verdicts]}
    with (folder / "manifest.json").open("w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        folder.rename(_sets() / key)
    except OSError:  # another process was first
        shutil.rmtree(folder, ignore_errors=True)
    _forget_least_used()


def _forget_least_used() -> None:
    """All but the last used, and but those that a process is at work on."""
    total = 0
    for place, (_, folder) in enumerate(sorted(_used(), reverse=True)):
        with suppress(OSError), ExitStack() as locks:  # another process may be forgetting, too
            total += sum(file.stat().st_size for file in folder.iterdir())
            if total > MOST_BYTES and place and _lock(folder, locks):
                shutil.rmtree(folder, ignore_errors=True)


def _used() -> Iterator[tuple[float, Path]]:
    """When each set was used last."""
    for folder in _sets().iterdir():
        with suppress(OSError):
            yield folder.stat().st_mtime, folder


def _read_rows(path: Path) -> dict[int, Verdict]:
    """What was decoded before; a last line that was not written whole does not count."""
    verdicts = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            row, *told = json.loads(line)
            verdicts[row] = _verdict(told)
        except (ValueError, TypeError):
            break
    return verdicts


def _told(verdict: Verdict) -> list[Any]:
    return [verdict.crc, verdict.refused, *verdict.notes]


def _verdict(told: Sequence[Any]) -> Verdict:
    crc, refused, *notes = told
    return Verdict(tuple(Note(*one) for one in notes), tuple(refused) if refused else None, crc)


def _is_whole(pixels: np.ndarray, row: int, verdict: Verdict) -> bool:
    """Whether a row is what was decoded: after a power cut it may never have been written."""
    return bool(verdict.refused) or zlib.crc32(pixels[row]) == verdict.crc


def _open(path: Path, rule: Preprocess, count: int) -> np.ndarray:
    shape = (count, rule.height, rule.width, rule.channels)
    if path.stat().st_size != count * _row_bytes(rule):
        raise ValueError(f"{path} has another length")
    return np.memmap(path, np.uint8, "r", shape=shape)


def _row_bytes(rule: Preprocess) -> int:
    return rule.height * rule.width * rule.channels


def _sets() -> Path:
    return cache_folder() / "pictures"

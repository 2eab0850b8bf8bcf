"""Copying a data set's files to a folder, a stick for a classroom: checked on arrival."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from saccade.core.errors import BadData
from saccade.core.locate import digest
from saccade.data.locate import locate


def carry(
    folder: str, files: Mapping[str, str], mirrors: Sequence[str], to: Path
) -> Iterator[tuple[Path, bool]]:
    """Puts each file into TO/FOLDER; yields where it is, and whether it had to be copied.

    `files` maps names to published checksums. What is not on this machine is downloaded first. A
    copy is written aside, read again, compared, and only then gets its name.

    Raises:
        MissingFile: a file is not here and could not be downloaded.
        BadData: a file here is not the published one, or what arrived is not what was sent.
    """
    for file, checksum in files.items():
        source = locate(folder, file, checksum, [mirror + file for mirror in mirrors])
        sent = digest(source, checksum)
        if checksum and sent not in checksum.split():
            raise BadData(
                f"{source} is not the published file ({sent}, not {checksum}), so it is not handed "
                f"on. Delete it and get it again"
            )
        target = to / folder / file
        if target.is_file() and digest(target, checksum) == sent:
            yield target, False
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, target, sent)
        yield target, True


def _copy(source: Path, target: Path, sent: str) -> None:
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with source.open("rb") as reader, aside.open("wb") as writer:
            shutil.copyfileobj(reader, writer, 1 << 20)
            writer.flush()
            os.fsync(writer.fileno())
        arrived = digest(aside, sent)
        if arrived != sent:
            raise BadData(f"{target} did not arrive whole ({arrived}, sent {sent})")
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)

"""Room on disk, asked for before it is used."""

import os
import tempfile
from typing import BinaryIO


def reserve(file: BinaryIO, size: int) -> None:
    """Makes an open file `size` bytes long, for a memory map.

    Raises:
        OSError: there is no room. Said now, since writing to a map without room kills the writer.

    >>> with tempfile.TemporaryFile() as file:
    ...     reserve(file, 1000)
    ...     file.seek(0, os.SEEK_END)
    1000
    """
    try:
        if size and hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        file.truncate(size)
    except OSError as error:
        why = f"{os.strerror(error.errno or 0)} ({size / 1e6:,.1f} MB are needed)"
        where = file.name if isinstance(file.name, str) else tempfile.gettempdir()
        raise OSError(error.errno, why, where) from None

"""Memory that is freed stays with the process: the next update takes it again at once.

An update allocates and frees tens of megabytes. By default glibc gives such blocks back to the
system, and the system hands out empty pages anew, one fault for every 4 KiB: a quarter of the time
of an update outside a loop (docs/lab-notes.md). What a training holds at its peak it holds to its
end, then.
"""

import ctypes

# malloc.h; see mallopt(3).
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tells the C library so; False where it has no such choice (macOS, Windows, musl)."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wanted = ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, 64 << 20))
    return all([bool(mallopt(name, value)) for name, value in wanted])

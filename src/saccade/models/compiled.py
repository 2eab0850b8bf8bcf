"""What was compiled once is kept for later runs: a second training starts seconds earlier.

JAX's own persistent cache, in saccade's cache folder; `JAX_COMPILATION_CACHE_DIR` puts it
elsewhere, `JAX_ENABLE_COMPILATION_CACHE=false` does without. Its keys hold the program, its options
and JAX's version; the folder's name the processor: a home folder may be shared by machines.
"""

import hashlib
import os
import platform
import warnings
from pathlib import Path
from typing import Any

from saccade.core.cache import cache_folder

MOST_BYTES = 512 << 20  # the least used go first
LEAST_SECONDS = 0.05  # what compiles sooner is not worth a file


def keep_compiled(jax: Any) -> None:
    """Tells JAX where, unless somebody has told it already, or nothing can be written there."""
    config = jax.config
    if config.jax_compilation_cache_dir or not config.jax_enable_compilation_cache:
        return
    folder = cache_folder() / "compiled" / processor()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return
    if not os.access(folder, os.W_OK):
        return
    config.update("jax_compilation_cache_dir", str(folder))
    config.update("jax_compilation_cache_max_size", MOST_BYTES)
    config.update("jax_persistent_cache_min_compile_time_secs", LEAST_SECONDS)
    # A full disk, a damaged file: then it is compiled as if there were no cache.
    warnings.filterwarnings("ignore", message=".*persistent compilation cache.*")


def processor(facts: Path = Path("/proc/cpuinfo")) -> str:
    """A name for machines that can run each other's machine code."""
    told = [platform.system(), platform.machine(), platform.processor()]
    if facts.exists():
        lines = facts.read_text(errors="replace").splitlines()
        wanted = ("flags", "model name", "Features")
        told += [next((line for line in lines if line.startswith(word)), "") for word in wanted]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]

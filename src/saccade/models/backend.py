"""Loads Keras on JAX: the only way into either.

Import `keras` and `jax` from here, so that the settings below come first.
"""

import os
import sys

from saccade.core.errors import BadUsage
from saccade.models.memory import keep_freed_memory

_loaded = sys.modules.get("keras")
if _loaded is not None and _loaded.config.backend() != "jax":
    raise BadUsage(
        f"saccade runs Keras on JAX, but Keras was already loaded on {_loaded.config.backend()}. "
        f"Import saccade first, or set KERAS_BACKEND=jax"
    )
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Before JAX starts its threads: one that is there has its own pool of memory, which is not kept.
keep_freed_memory()

import jax  # noqa: E402

if jax.__version_info__ < (0, 11) and "ynn_fusion_type" not in os.environ.get("XLA_FLAGS", ""):
    # jaxlib 0.10's fused CPU kernels gave wrong results (jax issue 39103).
    os.environ["XLA_FLAGS"] = (
        os.environ.get("XLA_FLAGS", "") + " --xla_cpu_experimental_ynn_fusion_type="
    ).strip()

# A thread of JAX's own would call programs, and allocate from a pool that can't hold large arrays:
# ResNet-9 trains a quarter slower with it (docs/lab-notes.md). The environment can't say this.
jax.config.update("jax_cpu_enable_async_dispatch", False)  # type: ignore[no-untyped-call]

import keras  # noqa: E402

from saccade.models.compiled import keep_compiled  # noqa: E402

keep_compiled(jax)

__all__ = ["jax", "keras"]

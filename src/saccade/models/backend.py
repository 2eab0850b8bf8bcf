"""Loads Keras on JAX: the only way into either.

Import `keras` and `jax` from here, so that the settings below come first.
"""

import os
import sys

from saccade.core.errors import BadUsage

_loaded = sys.modules.get("keras")
if _loaded is not None and _loaded.config.backend() != "jax":
    raise BadUsage(
        f"saccade runs Keras on JAX, but Keras was already loaded on {_loaded.config.backend()}. "
        f"Import saccade first, or set KERAS_BACKEND=jax"
    )
os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import jax  # noqa: E402

if jax.__version_info__ < (0, 11) and "ynn_fusion_type" not in os.environ.get("XLA_FLAGS", ""):
    # jaxlib 0.10's fused CPU kernels gave wrong results (jax issue 39103).
    os.environ["XLA_FLAGS"] = (
        os.environ.get("XLA_FLAGS", "") + " --xla_cpu_experimental_ynn_fusion_type="
    ).strip()

import keras  # noqa: E402

from saccade.models.compiled import keep_compiled  # noqa: E402

keep_compiled(jax)

__all__ = ["jax", "keras"]

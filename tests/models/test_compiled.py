"""Compiled programs are kept from one process to the next, and their loss is no loss."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from saccade.models.compiled import processor

PROGRAM = """
from saccade.models.backend import jax

hits = []
jax.monitoring.register_event_listener(lambda event, **_: hits.append(event))
layers = [jax.numpy.full((64, 64), 0.1)] * 20

def far(x):
    for layer in layers:
        x = jax.numpy.tanh(x @ layer).sort(axis=1)
    return x.sum()

print(float(jax.jit(jax.grad(far))(jax.numpy.ones((8, 64))).sum()))
print(hits.count("/jax/compilation_cache/cache_hits"))
"""


def compute(cache: Path, **others: str) -> tuple[str, int]:
    """The result of a process, and how many programs it found compiled."""
    # Keras imports matplotlib where it is, which complains on its own account.
    own = {"XDG_CACHE_HOME": str(cache), "MPLCONFIGDIR": os.environ["JAX_COMPILATION_CACHE_DIR"]}
    environment = {**os.environ, **own, **others}
    for name in ("JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    value, hits = done.stdout.split()
    return value, int(hits)


def test_a_second_process_finds_what_the_first_compiled(tmp_path):
    first, none = compute(tmp_path)
    second, some = compute(tmp_path)
    assert first == second and none == 0 and some > 0
    [folder] = (tmp_path / "saccade" / "compiled").iterdir()
    assert folder.name == processor()
    for file in folder.glob("*-cache"):
        file.write_bytes(file.read_bytes()[:100])
    assert compute(tmp_path) == (first, 0)


def test_it_is_done_without_on_request_and_where_nothing_can_be_written(tmp_path):
    value, none = compute(tmp_path, JAX_ENABLE_COMPILATION_CACHE="false")
    assert none == 0 and not (tmp_path / "saccade").exists()
    file = tmp_path / "file"
    file.touch()
    assert compute(file) == (value, 0)


@pytest.mark.parametrize("flags", ["avx2 fma", "avx512f"])
def test_another_processor_has_another_folder(tmp_path, flags):
    facts = tmp_path / "cpuinfo"
    facts.write_text(f"model name : A\nflags : {flags} x\n")
    other = tmp_path / "other"
    other.write_text("model name : A\nflags : avx2\n")
    assert processor(facts) != processor(other)
    assert processor(facts) == processor(facts)

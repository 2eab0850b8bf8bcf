"""What was freed is taken again without a fault, in a process of its own."""

import subprocess
import sys

import pytest

COUNT = """
import resource, sys
import numpy as np
from saccade.models.memory import keep_freed_memory
if "keep" in sys.argv:
    if not keep_freed_memory():
        raise SystemExit("no such choice here")
def touch():
    for _ in range(10):
        np.ones(48 << 20, np.uint8)  # above what is ever kept by default
touch()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
touch()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(*words):
    done = subprocess.run([sys.executable, "-c", COUNT, *words], capture_output=True, text=True)
    if "no such choice" in done.stderr:
        pytest.skip("this C library has no mallopt")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_freed_memory_is_kept():
    assert faults("keep") < 100
    assert faults() > 1_000


PAGES = (48 << 20) * 4 // 4096  # of the array between
MAPPED = """
import numpy as np
from saccade.models.backend import jax
total = jax.jit(lambda x: jax.lax.optimization_barrier(x + 1).sum())
x = jax.numpy.ones((48 << 20,))  # a quarter of a gigabyte between
for _ in range(3):
    total(x).block_until_ready()
import resource
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    total(x).block_until_ready()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_large_arrays_of_a_compiled_program_are_kept_too():
    done = subprocess.run(
        [sys.executable, "-c", MAPPED], capture_output=True, text=True, check=True
    )
    # A call that another thread makes, as happens on a machine with other work, maps it anew.
    assert int(done.stdout) < 5 * PAGES / 2

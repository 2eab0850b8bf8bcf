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

"""Memory that is given back to the system, in processes of their own."""

import os
import subprocess
import sys

import pytest

_SCRIPT = '''
import resource, sys, threading
import numpy as np
from tamingseg.ui.memory import trim, use_one_heap

def held():
    """Bytes of own memory; pages of files are the system's, which drops them when it likes."""
    with open("/proc/self/statm") as file:
        _, resident, shared, *_ = map(int, file.read().split())
    return (resident - shared) * resource.getpagesize()

if sys.argv[1] == "one":
    use_one_heap()
np.ones(30 << 20, np.uint8)  # from now on the library keeps up to twice that
before = held()
free, ended = threading.Event(), threading.Barrier(9)

def work():
    blocks = [np.ones(100_000, np.uint8) for _ in range(300)]
    ended.wait()
    blocks.clear()
    ended.wait()
    free.wait()

for _ in range(8):
    threading.Thread(target=work).start()
ended.wait()
most = held()
ended.wait()
trim()
print(most - before, held() - before)
free.set()
'''


def _glibc() -> bool:
    return sys.platform == "linux" and "CS_GNU_LIBC_VERSION" in os.confstr_names


@pytest.mark.skipif(not _glibc(), reason="other C libraries have no such heaps")
def test_memory_of_threads_is_given_back():
    left = {}
    for heaps in ("one", "many"):
        command = [sys.executable, "-c", _SCRIPT, heaps]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        most, left[heaps] = map(int, done.stdout.split())
        assert most > 100_000_000
    assert left["one"] < 20_000_000
    assert left["many"] > 4 * left["one"], "nothing is gained by one heap"

"""Freed arrays stay with the process, until it returns them: pages are not touched anew."""

import subprocess
import sys

# Page faults of arrays of 4 MB that come and go, beyond those of the first ones.
FAULTS = """
import resource, sys
import numpy as np
from pipeline.repository import environment

if sys.argv[1] == "kept":
    environment.keep_freed()

def work():
    for _ in range(50):
        np.ones(2**20, np.float32) * np.ones(2**20, np.float32)

work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def test_freed_arrays_are_kept_for_the_next_ones():
    def faults(how: str) -> int:
        command = [sys.executable, "-c", FAULTS, how]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert faults("kept") < 1000 < faults("as it comes")


# Megabytes that a process has after arrays of 4 MB are freed, and after it returned them.
RETURNED = """
from pathlib import Path
import numpy as np
from pipeline.repository import environment

environment.keep_freed()

def used():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 10**6

arrays = [np.ones(2**20, np.float32) for _ in range(50)]
del arrays
print(used())
environment.return_freed()
print(used())
"""


def test_freed_arrays_are_returned():
    command = [sys.executable, "-c", RETURNED]
    said = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    before, after = map(int, said.split())
    assert before - after > 150


# Megabytes that a process has after threads, one by one, freed arrays of 4 MB.
SHARED = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
import numpy as np
from pipeline.repository import environment

environment.keep_freed()
if sys.argv[1] == "shared":
    environment.share_freed()

threads = Barrier(4), Barrier(4)

def work(number):
    threads[0].wait()
    for thread in range(4):
        if thread == number:
            arrays = [np.ones(2**20, np.float32) for _ in range(20)]
            del arrays
        threads[1].wait()

with ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
print(int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 10**6)
"""


def test_threads_share_freed_arrays():
    def used(how: str) -> int:
        command = [sys.executable, "-c", SHARED, how]
        return int(subprocess.run(command, capture_output=True, check=True, text=True).stdout)

    assert used("each its own") - used("shared") > 150

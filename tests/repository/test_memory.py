"""Freed arrays stay with the process: their pages are not touched anew each time."""

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

"""One round of a contender in its own process: `python -m benchmarks.child …`."""

import importlib
import json
import re
import resource
import statistics
import sys
import time
from pathlib import Path

from benchmarks.workload import Job, Setting


def main(module: str, function: str, quick: str, scratch: str, *options: str) -> None:
    """Run the job; print the seconds a unit, the result and the peak memory in bytes as JSON."""
    create = getattr(importlib.import_module(module), function)
    job: Job = create(Setting(quick == "quick", Path(scratch)), *options)
    if job.warm_up:
        job.run()
    seconds = []
    for _ in range(job.repeats):
        started = time.perf_counter()
        job.run()
        seconds.append(job.seconds() if job.seconds else time.perf_counter() - started)
    measured = {
        "seconds": statistics.median(seconds) / job.units,
        "result": job.result(),
        "memory": _peak_memory(
            resource.RUSAGE_CHILDREN if job.in_children else resource.RUSAGE_SELF
        ),
    }
    print(json.dumps(measured))


def _peak_memory(whose: int) -> int:
    """Return the peak memory in bytes (Linux counts in KiB)."""
    if whose == resource.RUSAGE_SELF:  # getrusage includes the memory of the parent at the fork
        status = Path("/proc/self/status").read_text(encoding="utf-8")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024
    return resource.getrusage(whose).ru_maxrss * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])

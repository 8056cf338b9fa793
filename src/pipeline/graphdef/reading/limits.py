"""A limit of memory for a while: a small file can hold messages that need hundreds of its size."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PARSED = 2  # the bytes of a file, and the same bytes within its messages
_STATUS = Path("/proc/self/statm")  # its first number is that of the pages of this process
ROOM = 256 * 2**20  # for all else


@contextmanager
def limited_memory(size: int) -> Iterator[None]:
    """Let this process take only so much more memory as a file of so many bytes may need.

    What needs more raises MemoryError, or the error that protobuf makes of it.
    """
    try:
        pages = int(_STATUS.read_text(encoding="ascii").split()[0])
    except OSError:  # no Linux: the size of the file is the only limit
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + PARSED * size + ROOM
    if soft != resource.RLIM_INFINITY:
        wanted = min(wanted, soft)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))

"""How the process deals with memory: what Python and the C library do with what is freed."""

import atexit
import ctypes
import gc

# Searched as often as usual, among all of TensorFlow, a stage takes a third longer.
OBJECTS_BETWEEN_COLLECTIONS = 200_000

# Of mallopt(3): blocks below the one size are not mapped one by one, and freed memory goes back to
# the system when there is more of it than the other says.
M_MMAP_THRESHOLD, M_TRIM_THRESHOLD = -3, -1
MAPPED_FROM, KEPT = 32 * 2**20, 256 * 2**20


def collect_rarely() -> None:
    """Let Python look for cycles only when many objects are new, and not once more at its end."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)


def keep_freed() -> None:
    """Let the C library keep freed arrays for the next ones.

    Arrays of some megabytes that come and go would each be mapped, touched page by page, and
    unmapped again, which takes longer than what is computed with them.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc has it
    if mallopt:
        mallopt(M_MMAP_THRESHOLD, MAPPED_FROM)
        mallopt(M_TRIM_THRESHOLD, KEPT)

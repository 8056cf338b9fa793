"""How often Python looks for garbage: a short process is mostly imports of what stays."""

import atexit
import gc

# Searched as often as usual, among all of TensorFlow, a stage takes a third longer.
OBJECTS_BETWEEN_COLLECTIONS = 200_000


def collect_rarely() -> None:
    """Let Python look for cycles only when many objects are new, and not once more at its end."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    atexit.register(gc.freeze)

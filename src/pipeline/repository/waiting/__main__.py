"""Start the process before the first stage: `python -m pipeline.repository.waiting PARENT`."""

import sys
from contextlib import suppress

from pipeline.repository import waiting

if __name__ == "__main__":
    with suppress(waiting.DeclinedError, OSError):  # a stage will say why
        waiting.start(int(sys.argv[1]))

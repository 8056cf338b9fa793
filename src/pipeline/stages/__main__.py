"""Run one stage: `python -m pipeline.stages NAME`."""

import pkgutil
import signal
import sys

from pipeline import stages
from pipeline.repository import waiting

if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    names = [module.name for module in pkgutil.iter_modules(stages.__path__)]
    names = [name for name in names if not name.startswith("_")]
    if len(sys.argv) != 2 or sys.argv[1] not in names:
        sys.exit(f"usage: python -m pipeline.stages {{{','.join(names)}}}")
    reason = waiting.hand_over(sys.argv[1])

    from pipeline.repository import locks
    from pipeline.stages import _running
    from pipeline.workspace import Workspace

    workspace = Workspace.here()
    locks.use_code_of(workspace, sys.argv[1:])
    sys.exit(_running.main(sys.argv[1], workspace, reason))

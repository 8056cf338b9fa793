"""Messages on the terminal: notes on standard output, warnings on standard error.

Packages log to loggers below `pipeline`. A process shows these messages while it runs a verb or a
stage; a program that uses the package as a library configures logging as it likes.
"""

import io
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.workspace import Workspace

LEVELS = {"quiet": logging.WARNING, "normal": logging.INFO, "verbose": logging.DEBUG}


@contextmanager
def show_messages(workspace: Workspace, verbosity: str) -> Iterator[None]:
    """Print what the package logs while the block runs, from a level of `LEVELS` up.

    Paths inside the workspace are printed relative to its root.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # keeps the order with lines of child processes
        sys.stdout.reconfigure(line_buffering=True)
    logger, handler = logging.getLogger("pipeline"), _Terminal(workspace)
    level, propagates = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(LEVELS[verbosity])
    logger.propagate = False  # libraries may log to the terminal through the root logger
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagates


class _Terminal(logging.Handler):
    """Prints to the streams that `sys` has at that moment; an error of a stream is raised."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self._workspace = workspace

    def emit(self, record: logging.LogRecord) -> None:
        text = self._workspace.relative(self.format(record))
        if record.levelno >= logging.WARNING:
            sys.stderr.write(f"{record.levelname.lower()}: {text}\n")
        else:
            sys.stdout.write(f"{text}\n")
            sys.stdout.flush()

"""The process that waits with libraries imported, started as `python -P process.py`.

It imports nothing of this package: a stage that it runs imports the code of its workspace, as it is
at that moment. A stage runs in a forked child, which leaves this process as it was.
"""

import atexit
import fcntl
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

# Before a stage is answered.
NEEDED = (
    "tensorflow",
    "pydantic.dataclasses",
    "omegaconf",
    "yaml",
    "filelock",
    "psutil",
)
# As long as no stage asks, one by one. They are parts of what the stages import, so that none takes
# long, in the order in which stages need them.
USEFUL = (
    "pandas",
    "jinja2",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.stats",
    "sklearn.utils",
    "sklearn.metrics",
    "sklearn.linear_model",
    "sqlalchemy.orm",
    "alembic.command",
    "fastapi",
    "mlflow.entities",
    "mlflow.pyfunc",
    "mlflow.store.tracking.sqlalchemy_store",
)

# Its lock handlers take part in a fork; it comes with pyarrow.
KNOWN_THREADS = ("jemalloc_bg_thd",)

MOST_BYTES = 2**20
SECONDS_FOR_A_REQUEST = 5

# With this variable, a stage is not handed over.
SWITCH = "PIPELINE_WAITING"

INTERRUPTS = {signal.SIGINT, signal.SIGTERM}


class Running(NamedTuple):
    """A stage that runs in a child."""

    pid: int
    client: socket.socket


class Waiting:
    """Imports libraries and answers requests until DVC ends.

    Args:
        address: path of the socket, which is removed at the end.
        listener: number of the socket's descriptor.
        dvc: number of the descriptor of the process that it ends with.
    """

    def __init__(self, address: str, listener: int, dvc: int) -> None:
        self._address, self._dvc = Path(address).absolute(), dvc
        self._listener = socket.socket(fileno=listener)
        self._running: dict[int, Running] = {}  # by the descriptor of the child
        self._poll = select.poll()
        self._poll.register(dvc, select.POLLIN)

    def find_spec(self, *_: object) -> None:
        """Look whether DVC has ended: Python calls this at each import, some of which are long."""
        if select.select([self._dvc], [], [], 0)[0]:
            self.end()

    def serve(self) -> dict[str, Any]:
        """Import and answer; returns in a child, with the request."""
        own = os.getpid()
        try:
            return self._serve()
        except BaseException:
            if os.getpid() == own:  # a library cannot be imported: stages say so themselves
                self.end()
            raise

    def _serve(self) -> dict[str, Any]:
        sys.meta_path.insert(0, self)
        for library in NEEDED:
            importlib.import_module(library)
        self._poll.register(self._listener, select.POLLIN)
        left = list(USEFUL)
        while True:
            for descriptor, _ in self._poll.poll(0 if left else None):
                if descriptor == self._dvc:
                    self.end()
                elif descriptor in self._running:
                    self._report(descriptor)
                elif request := self._answer():
                    return request
            if left:
                with suppress(ImportError):  # a stage that needs it says so
                    importlib.import_module(left.pop(0))

    def end(self) -> NoReturn:
        """End this process; the kernel ends its children."""
        self._address.unlink(missing_ok=True)
        os._exit(0)

    def _answer(self) -> dict[str, Any] | None:
        """Fork a child for a request; returns the request there, and None here."""
        client, _ = self._listener.accept()
        client.settimeout(SECONDS_FOR_A_REQUEST)
        if user_of(client) != os.geteuid():
            client.close()
            return None
        try:
            body, descriptors, _, _ = socket.recv_fds(client, MOST_BYTES, 4)
        except OSError:
            client.close()
            return None
        if len(descriptors) == 4 and self._is_forkable():
            gc.freeze()  # a collection in a child would copy all pages
            signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
            pid = os.fork()
            if not pid:
                self._become_child(client, descriptors)
                return dict(json.loads(body))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
            child = os.pidfd_open(pid)
            self._running[child] = Running(pid, client)
            self._poll.register(child, select.POLLIN)
            with suppress(OSError):  # the client has ended, and so does the child
                socket.send_fds(client, [b"started"], [child])
        else:
            client.close()
        for descriptor in descriptors:
            os.close(descriptor)
        return None

    def _report(self, child: int) -> None:
        """Tell a client how its stage has ended."""
        self._poll.unregister(child)
        running = self._running.pop(child)
        os.close(child)
        _, status = os.waitpid(running.pid, 0)
        with suppress(OSError), running.client as client:
            client.send(struct.pack("i", status))

    def _become_child(self, client: socket.socket, descriptors: list[int]) -> None:
        """Keep the descriptors of the client alone, and end with it."""
        sys.meta_path.remove(self)
        for other in self._running.values():
            other.client.close()
        for descriptor in (self._dvc, *self._running):
            os.close(descriptor)
        self._listener.close()
        client.close()
        for number, descriptor in enumerate(descriptors[:3]):
            os.dup2(descriptor, number)
            os.close(descriptor)
        end_with_writer(descriptors[3])

    @staticmethod
    def _is_forkable() -> bool:
        """Tell whether a child has all that a thread of this process holds.

        OpenBLAS ends its threads before a fork, and starts them when they are needed.
        """
        if _count_threads() > 1:
            if not (pid := os.fork()):
                os._exit(0)
            os.waitpid(pid, 0)
        return _count_threads() == 1


def user_of(peer: socket.socket) -> int:
    """Return the user of the process at the other end of a Unix socket."""
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def end_with_writer(pipe: int) -> None:
    """Ask the kernel to kill this process when the last writer of a pipe ends."""
    fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(pipe, fcntl.F_SETSIG, signal.SIGKILL)
    fcntl.fcntl(pipe, fcntl.F_SETFL, fcntl.fcntl(pipe, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([pipe], [], [], 0)[0]:  # it ended before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def run_stage(request: dict[str, Any]) -> None:
    """Run a stage as `python -m pipeline.stages NAME` does in the process of the request."""
    os.chdir(request["folder"])
    os.umask(request["umask"])
    os.environ.clear()
    os.environ.update(request["environment"], **{SWITCH: "forked"})
    sys.argv[:], sys.path[:] = request["arguments"], request["path"]
    # It is the real standard output, which can be configured.
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # type: ignore[union-attr]
    importlib.invalidate_caches()
    gc.enable()
    try:
        runpy.run_module("pipeline.stages", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        if isinstance(ended.code, int):
            _exit(ended.code)
        raise


def _exit(code: int) -> NoReturn:
    """End as `multiprocessing` ends a forked child.

    Python would take its modules apart, which copies all their pages from the parent first.
    """
    # What Python does at its end, which has no public name.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _count_threads() -> int:
    names = (task.read_text() for task in Path("/proc/self/task").glob("*/comm"))
    return sum(name.strip() not in KNOWN_THREADS for name in names)


if __name__ == "__main__":
    path, address, listener, dvc = sys.argv[1:]
    sys.path[:] = json.loads(path)
    gc.disable()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)  # the stage that started it blocks them
    run_stage(Waiting(address, int(listener), int(dvc)).serve())

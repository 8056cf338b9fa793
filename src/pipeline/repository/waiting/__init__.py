"""Stages without the seconds that their imports take: a process waits with libraries imported.

The first stage that runs under a `dvc` starts the process. It imports TensorFlow and others while
DVC and the first stages work, and ends with that `dvc`. A later stage gives it all that makes a
process: arguments, folder, environment, standard streams; it runs the stage's own entry in a forked
child. Where anything is missing or differs, a stage runs in its own process, with the same result.
To delete this, delete the folder and the line that calls `hand_over`.
"""

import hashlib
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path
from types import FrameType

from pipeline.repository import environment
from pipeline.repository.parent import end_with_parent
from pipeline.repository.waiting import process

# They are over before the libraries are imported.
STARTING = ("config", "prepare")
# It comes last: a process for it alone would save nothing.
LAST = "track"

FOLDER = Path(".dvc/tmp")
PREFIX = "waiting-"

# Any other value of `process.SWITCH` lets stages run in their own processes.
ON = "1"

# DVC changes its own from stage to stage.
DVC_VARIABLES = "DVC_"
STAGE_VARIABLE = "DVC_STAGE"

# Shells set these themselves, so they differ between callers.
SHELL_VARIABLES = {"OLDPWD", "PWD", "SHLVL", "_"}

POLL_SECONDS = 0.05


class DeclinedError(Exception):
    """The stage is to run in its own process; the text says why."""


def hand_over(stage: str) -> str:
    """Let the waiting process run a stage, and exit as the stage does; return why it cannot.

    Interrupts (`process.INTERRUPTS`) are blocked when this is called, and when it returns.
    """
    try:
        address = _find_address()
        if not address.exists() and stage != LAST:
            _start(address, os.getppid(), of=b"dvc")
        if stage in STARTING:
            return "it needs few libraries"
        sys.exit(_ask(address))
    except (DeclinedError, OSError) as reason:
        return str(reason)


def start(parent: int) -> None:
    """Start the process for the parent of this one, which will be a `dvc`.

    Raises:
        DeclinedError: it cannot be started; the text says why.
    """
    _start(_find_address(), parent)


def _find_address() -> Path:
    """Return the address of the process for stages like this one.

    What is the same for all processes that DVC starts, such as limits, is not part of it.

    Raises:
        DeclinedError: there is none.
    """
    if sys.platform != "linux":
        raise DeclinedError("this needs Linux")
    if os.environ.get(process.SWITCH, ON) != ON or STAGE_VARIABLE not in os.environ:
        raise DeclinedError(f"it is not a stage of DVC, or {process.SWITCH} is set")
    package, own = Path("src/pipeline"), Path(__file__).parents[2]
    if package.is_dir() and not package.samefile(own):
        raise DeclinedError("the workspace has other code")
    libraries = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]
    like = (
        os.geteuid(),
        sys.executable,
        sys.flags,
        sys.path,
        sorted(_environment().items()),
        [(str(folder), folder.stat().st_mtime_ns) for folder in libraries],
    )
    digest = hashlib.sha256(repr(like).encode()).hexdigest()[:16]
    return FOLDER / f"{PREFIX}{os.getppid()}-{digest}"


def _environment() -> dict[str, str]:
    """Return the variables that the libraries see when they are imported."""
    chosen = re.search(
        r"^device:\n(?:  .*\n)*?  onednn: (true|false)$",
        Path("params.yaml").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    if chosen is None:
        raise DeclinedError("params.yaml does not say device.onednn")
    variables = environment.variables(onednn=chosen[1] == "true")
    return {
        k: v
        for k, v in variables.items()
        if k not in SHELL_VARIABLES and not k.startswith(DVC_VARIABLES)
    }


def _start(address: Path, parent: int, of: bytes = b"") -> None:
    """Start the process; it has the socket before it has imported anything.

    An orphan starts none: its new parent, in whose command `of` is not, may never end.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    for left in FOLDER.glob(f"{PREFIX}*"):  # of a process that was killed
        if not Path("/proc", left.name.split("-")[1]).exists():
            left.unlink(missing_ok=True)
    dvc = os.pidfd_open(parent)
    if os.getppid() != parent or of not in Path(f"/proc/{parent}/cmdline").read_bytes():
        raise DeclinedError("its dvc has ended")
    with _bind(address) as listener:
        listener.listen()
        given = [json.dumps(sys.path), str(address), str(listener.fileno()), str(dvc)]
        subprocess.Popen(
            [sys.executable, "-P", process.__file__, *given],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(listener.fileno(), dvc),
            start_new_session=True,  # no terminal interrupts it
        )
    os.close(dvc)


def _bind(address: Path) -> socket.socket:
    """Return a socket that this user alone can reach."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o177)
    try:
        listener.bind(str(address))
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    return listener


def _ask(address: Path) -> int:
    """Have the stage run, and return its exit code.

    Raises:
        DeclinedError: it was not started, or was ended with the process.
    """
    end_with_parent()
    reading, writing = os.pipe()  # the kernel ends the stage when this process ends
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer,
        os.fdopen(writing, "wb"),
        os.fdopen(reading, "rb") as given,
    ):
        peer.connect(str(address))
        if process.user_of(peer) != os.geteuid():
            raise DeclinedError("another user listens")
        socket.send_fds(peer, [_describe_this_process()], [0, 1, 2, reading])
        given.close()
        while not select.select([peer], [], [], POLL_SECONDS)[0]:
            if signal.sigpending() & process.INTERRUPTS:
                raise DeclinedError("it is interrupted")
        _, children, _, _ = socket.recv_fds(peer, 16, 1)
        if not children:
            raise DeclinedError("the process has ended")
        with _Forwarded(children[0]):
            status = peer.recv(16)
            if not status:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(children[0], signal.SIGKILL)
                select.select(children, [], [])  # until it has ended
                raise DeclinedError("the process was ended")
    code = os.waitstatus_to_exitcode(struct.unpack("i", status)[0])
    if code < 0:  # ended by a signal
        with suppress(OSError):  # SIGKILL has no handler
            signal.signal(-code, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {-code})
        os.kill(os.getpid(), -code)
    return code


def _describe_this_process() -> bytes:
    mask = os.umask(0)
    os.umask(mask)
    about = {
        "arguments": sys.argv,
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
        "path": sys.path,
        "umask": mask,
    }
    return json.dumps(about).encode()


class _Forwarded:
    """Signals to this process reach a child while the block runs."""

    def __init__(self, child: int) -> None:
        self._child = child

    def __enter__(self) -> None:
        handled = (*process.INTERRUPTS, signal.SIGTSTP)
        self._before = {number: signal.signal(number, self._forward) for number in handled}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, process.INTERRUPTS)

    def __exit__(self, *_: object) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, process.INTERRUPTS)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _forward(self, number: int, _: FrameType | None) -> None:
        try:
            if number == signal.SIGTSTP:
                signal.pidfd_send_signal(self._child, signal.SIGSTOP)
                os.kill(os.getpid(), signal.SIGSTOP)
                number = signal.SIGCONT
            signal.pidfd_send_signal(self._child, number)
        except ProcessLookupError:
            return  # it has just ended

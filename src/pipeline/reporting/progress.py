"""Progress of a training: a bar on a terminal, plain lines elsewhere."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

LINES = 10


class TrainingProgress:
    """Shows step, loss, steps per second and the time left.

    Args:
        steps: number of the last step.
        start: steps that were done before.
    """

    def __init__(self, steps: int, start: int) -> None:
        console = Console(highlight=False, soft_wrap=True)
        self._steps, self._start, self._begun = steps, start, time.perf_counter()
        self._next_line = start
        self._console = console
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=steps, completed=start, status="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def update(self, step: int, loss: float) -> None:
        """Show that `step` steps are done, the last with this loss."""
        rate = (step - self._start) / max(time.perf_counter() - self._begun, 1e-9)
        left = (self._steps - step) / rate
        status = f"loss {loss:.6g}  {rate:,.0f} steps/s  {_duration(left)} left"
        self._bar.update(self._task, completed=step, status=status)
        if self._bar.disable and (step >= self._next_line or step == self._steps):
            self._console.print(f"step {step:,}/{self._steps:,}  {status}")
            self._next_line = step + max(self._steps // LINES, 1)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

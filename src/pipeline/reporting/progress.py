"""Progress of a training: a bar on a terminal, plain lines elsewhere."""

import time
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from pipeline.models.learning_curve import Progress

LINES = 10


class TrainingProgress:
    """Shows step, loss, steps per second and the remaining time, until step number `steps`."""

    def __init__(self, steps: int) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._steps, self._next_line = steps, 0
        self._begun: tuple[int, float] | None = None
        self._bar = Bar(
            TextColumn("training"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            console=self._console, disable=not self._console.is_terminal,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, progress: Progress) -> None:
        """Show the steps that are done and the last loss; the first call starts the clock."""
        step, now = progress.step, time.perf_counter()
        if self._begun is None:
            self._begun, self._next_line = (step, now), step
            self._task = self._bar.add_task("", total=self._steps, completed=step, status="")
            self._bar.start()
            return
        first, begun = self._begun
        rate = (step - first) / max(now - begun, 1e-9)
        left = _format_duration((self._steps - step) / rate)
        status = f"loss {progress.loss:.6g}"
        if step > first + 1:  # the first step also waits for the graph to be made ready
            status += f"  {rate:,.0f} steps/s  {left} left"
        self._bar.update(self._task, completed=step, status=status)
        if self._bar.disable and (step >= self._next_line or step == self._steps):
            self._console.print(f"step {step:,}/{self._steps:,}  {status}")
            self._next_line = step + max(self._steps // LINES, 1)


def _format_duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

"""Figures, as PNG files whose bytes depend on the values alone."""

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from pipeline.reporting.figures import classification, minimization, regression, similarity
from pipeline.reporting.figures.learning import learning_curve
from pipeline.reporting.shown import Shown
from pipeline.settings.evaluation import Figures

Paint = Callable[[Figure, Shown], None]

# In the order of the report.
FIGURES: dict[str, dict[str, Paint]] = {
    "regression": {
        "predictions": regression.predictions,
        "forecast": regression.forecast,
        "residuals": regression.residuals,
    },
    "classification": {
        "confusion_matrix": classification.confusion_matrix,
        "confidence": classification.confidence,
    },
    "similarity": {"distances": similarity.distances},
    "minimization": {"descent": minimization.descent},
}


def of_task(task: str) -> dict[str, Paint]:
    """Return the figures of a task by their names, in the order of the report."""
    return {**FIGURES[task], "learning_curve": learning_curve}


def draw(shown: Shown, settings: Figures, folder: Path) -> None:
    """Draw the task's figures into an existing folder; the forecast only where there is one."""
    for name, paint in of_task(shown.dataset.task).items():
        if name == "forecast" and not len(shown.forecast):
            continue
        figure = Figure(figsize=(settings.width, settings.height), layout="constrained")
        paint(figure, shown)
        figure.savefig(folder / f"{name}.png", dpi=settings.dpi, metadata={"Software": None})

"""The columns of a user's table that are not features: target, split, date, group and weight."""

from pipeline.data.prepared.tasks import TASKS
from pipeline.errors import DataError
from pipeline.schema.data import TableData


def list_reserved(settings: TableData) -> dict[str, str]:
    """Return the columns that are not features, each with the key that names it."""
    reserved = dict.fromkeys(settings.targets, "data.target")
    for key in ("split_column", "date_column", "group", "weight"):
        name = getattr(settings, key)
        if name in reserved:
            raise DataError(f"{reserved[name]} and data.{key} are both {name!r}; name two columns")
        if name is not None:
            reserved[name] = f"data.{key}"
    return reserved


def divide_reserved(settings: TableData, task: str) -> tuple[list[str], list[str]]:
    """Return the columns that are not features: those of numbers, and those that are text."""
    measured = [] if TASKS[task].labels_are_classes else list(settings.targets)
    measured += [settings.weight] if settings.weight is not None else []
    return measured, [name for name in list_reserved(settings) if name not in measured]

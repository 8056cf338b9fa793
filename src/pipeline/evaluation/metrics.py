"""Metrics as text."""

from typing import Any


def as_table(results: dict[str, Any]) -> str:
    """Return the metrics of the model and the baselines as lines of text.

    Args:
        results: as reports/metrics.json holds them.
    """
    names = list(results["model"])
    distinct = len({name[:12] for name in names}) == len(names)
    cell = 12 if distinct else max(map(len, names))
    width = max(map(len, ("test rows", *results["baselines"])))
    header = "  ".join(f"{name[:cell]:>{cell}}" for name in names)
    lines = [f"{'test rows':<{width}}  {header}"]
    for who, metrics in {"model": results["model"], **results["baselines"]}.items():
        cells = (f"{metrics[name]:{cell}.6g}" if name in metrics else " " * cell for name in names)
        lines.append(f"{who:<{width}}  " + "  ".join(cells).rstrip())
    return "\n".join(lines)

"""The measurements as docs/benchmarks.json and docs/benchmarks.md hold them."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks import breakdown, growth, many
from benchmarks.measuring import Measured
from benchmarks.workload import Workload
from pipeline.repository.machine import find_processor

LIBRARIES = ("tensorflow", "keras", "numpy", "pandas", "scikit-learn", "dvc", "mlflow")


def machine(torch_version: str) -> dict[str, str]:
    """Return the machine and the versions of the libraries."""
    libraries = {name: found for name in LIBRARIES if (found := _version(name))}
    return {
        "processor": f"{find_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **libraries,
        **({"torch": torch_version} if torch_version else {}),
    }


def _version(library: str) -> str:
    """Return the version of a library; empty where it is not installed."""
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def as_json(workload: Workload, results: Sequence[Measured]) -> dict[str, Any]:
    """Return the results of a workload; times are seconds for its unit."""
    ours = [measured for measured in results if measured.contender.ours]
    first = ours[0]
    rows = []
    for measured in results:
        contender, times = measured.contender, [s * workload.scale for s in measured.seconds]
        row: dict[str, Any] = {
            "name": contender.name,
            "median_s": measured.median * workload.scale,
            "min_s": min(times),
            "max_s": max(times),
            "rounds": len(times),
            "result": measured.result,
            "peak_bytes": measured.memory,
            "ours_is_faster": {us.contender.name: measured.median / us.median for us in ours},
        }
        if contender.required is not None:
            met = {name: bool(r >= contender.required) for name, r in row["ours_is_faster"].items()}
            row |= {"required": contender.required, "met": met}
        if contender.required_memory is not None:
            row["required_memory"] = contender.required_memory
            row["ours_is_smaller"] = measured.memory / first.memory
        rows.append(row)
    return {
        "title": workload.title,
        "unit": workload.unit,
        "result": workload.result,
        "note": workload.note,
        "limits": workload.limits,
        "most_memory": workload.most_memory,
        "contenders": rows,
    }


def markdown(document: dict[str, Any]) -> str:
    """Return docs/benchmarks.md."""
    machine = ", ".join(
        value if name in ("processor", "system") else f"{name} {value}"
        for name, value in document["machine"].items()
    )
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench` on {machine}.",
        "",
        "Each contender runs in fresh processes, in turns with the others, in as many rounds as"
        " the table says; short work is done three times in a process. Medians count. Imports,"
        " building, compiling and a first pass are warm-up and left out, but for whole runs."
        " Libraries have their own defaults: all cores, float32; the pipeline what conf/ says, on"
        " the CPU, and what its own processes do with freed memory. “Faster” is the contender's"
        " time divided by the pipeline's; memory is the most that a process held. “Required” is"
        " what this project demands of itself.",
        "",
    ]
    for workload in document["workloads"].values():
        lines += section_of(workload)
    for name, section in (("breakdown", breakdown), ("growth", growth), ("many", many)):
        if name in document:
            lines += section.markdown(document[name])
    return "\n".join(lines).rstrip() + "\n"


def section_of(workload: dict[str, Any]) -> list[str]:
    """Return the table of a workload, with what is said about it."""
    rows = workload["contenders"]
    ours = list(rows[0]["ours_is_faster"])
    faster = "".join(f" {name} is faster |" for name in ours)
    lines = [
        f"## {workload['title']}",
        "",
        *([workload["note"], ""] if workload["note"] else []),
        f"| contender | {workload['unit']} | min … max | rounds | {workload['result']} | memory |"
        f"{faster} required | met |",
        "| --- | ---: | ---: | ---: | ---: | ---: |" + " ---: |" * len(ours) + " ---: | --- |",
        *map(_row, rows),
    ]
    most = workload["most_memory"]
    if most:
        met = "met" if rows[0]["peak_bytes"] <= most else "not met"
        lines += [
            "",
            f"Memory of “{rows[0]['name']}”: {_memory(rows[0]['peak_bytes'])}, at most"
            f" {_memory(most)} required: {met}.",
        ]
    return [*lines, *_memory_ratios(rows), *_limits(workload), ""]


def _row(row: dict[str, Any]) -> str:
    cells = (
        row["name"],
        _time(row["median_s"]),
        f"{_time(row['min_s'])} … {_time(row['max_s'])}",
        str(row["rounds"]),
        f"{row['result']:.6g}",
        _memory(row["peak_bytes"]),
        *(f"{ratio:.2f}×" for ratio in row["ours_is_faster"].values()),
        f"{row['required']:.3g}×" if "required" in row else "",
        _met(row),
    )
    return f"| {' | '.join(cells)} |"


def _memory_ratios(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = []
    for row in rows:
        if "required_memory" in row:
            met = "met" if row["ours_is_smaller"] >= row["required_memory"] else "not met"
            lines += [
                "",
                f"“{row['name']}” takes {row['ours_is_smaller']:.2f}× the memory of"
                f" “{rows[0]['name']}”, {row['required_memory']:g}× required: {met}.",
            ]
    return lines


def _limits(workload: dict[str, Any]) -> list[str]:
    """Return what limits the pipeline with its defaults, if it is not as fast as required."""
    missed = any(
        not next(iter(row["met"].values()), True) for row in workload["contenders"] if "met" in row
    )
    return ["", f"What limits it: {workload['limits']}"] if missed and workload["limits"] else []


def _met(row: dict[str, Any]) -> str:
    """Return whether the pipeline with its defaults is fast enough, or which variant is."""
    if "required" not in row:
        return ""
    first, *others = row["met"].items()
    if first[1]:
        return "yes"
    able = [name for name, met in others if met]
    return f"no; yes: {', '.join(able)}" if able else "**no**"


def _time(seconds: float) -> str:
    units = ((1.0, "s"), (1e3, "ms"), (1e6, "µs"))
    factor, unit = next((pair for pair in units if seconds * pair[0] >= 1), units[-1])
    return f"{seconds * factor:.3g} {unit}"


def _memory(size: float) -> str:
    return f"{size / 1e9:.2f} GB"

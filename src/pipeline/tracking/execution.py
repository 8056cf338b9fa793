"""An execution of the pipeline, as MLflow is told of it: all that outlives the moment it ran in."""

import dataclasses
import json
import os
import platform
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipeline import files, identity
from pipeline.settings import Settings

FILE = "execution.json"

# What MLflow does not take in the name of a parameter; `inputs` has paths as keys.
NOT_IN_NAMES = re.compile(r"[^\w./: -]")


@dataclass(frozen=True)
class Execution:
    """What identifies and describes one execution.

    Attributes:
        identity: digest of parameters, prepared data, code and versions; one run has it.
        name: of the run.
        experiment: the MLflow experiment that the run belongs to.
        source: path of the data.
        started_ms: when it was first recorded, in milliseconds since 1970.
        parameters: all parameters by their dotted keys.
        tags: digests, versions, and the commit.
        failure: why it ended early; None if it did not.
    """

    identity: str
    name: str
    experiment: str
    source: str
    started_ms: int
    parameters: dict[str, str]
    tags: dict[str, str]
    failure: str | None = None

    @classmethod
    def current(cls, settings: Settings, failure: str | None = None) -> Self:
        """Describe the execution that is under way in the current folder."""
        digest = identity.of_execution(settings)
        parameters = flat(settings.model_dump(exclude={"tracking"}))
        return cls(
            identity=digest,
            name=f"{settings.model.name}-{settings.optimizer.name}-{digest[:7]}",
            experiment=settings.tracking.experiment,
            source=settings.data.path,
            started_ms=time.time_ns() // 1_000_000,
            parameters={NOT_IN_NAMES.sub("_", key): str(value) for key, value in parameters},
            tags=_tags(settings),
            failure=failure,
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what `write` wrote."""
        return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))

    def write(self, folder: Path) -> None:
        """Write it into a folder."""
        files.write_json(folder / FILE, dataclasses.asdict(self))


def flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings with their dotted keys."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _tags(settings: Settings) -> dict[str, str]:
    return {
        "mlflow.source.name": "dvc.yaml",
        "mlflow.source.type": "LOCAL",
        "pipeline.data_sha256": files.sha256(files.PREPARED),
        "pipeline.parameters_sha256": identity.parameters_sha256(settings),
        "pipeline.code_sha256": identity.code_sha256(),
        **{f"version.{library}": number for library, number in identity.versions().items()},
        "machine.cores": str(os.cpu_count()),  # device.intra_op_threads=0 takes all
        "machine.processor": _processor(),
        **_git_tags(),
    }


def _processor() -> str:
    """Return the processor's model, whose instructions can change the last bits."""
    try:
        described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    found = re.search(r"^model name\s*: (.*)$", described, re.MULTILINE)
    return found[1] if found else platform.machine()


def _git_tags() -> dict[str, str]:
    """Return the commit and whether the work tree differs from it; nothing outside of Git."""
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = _git("status", "--porcelain", "--untracked-files=no")
    return {"mlflow.source.git.commit": commit, "git.changed": str(bool(changed)).lower()}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], capture_output=True, text=True, cwd=files.root(), check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()

"""An execution of the pipeline: what identifies and describes its run in MLflow."""

import dataclasses
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pipeline.repository import git, known_digests
from pipeline.repository.machine import find_processor
from pipeline.schema.settings import Settings
from pipeline.workspace import Workspace, digests, files

FILE = "execution.json"

# The stages whose code determines the results.
STAGES = ("prepare", "train", "freeze", "evaluate")

# Characters that MLflow refuses in the name of a parameter; `inputs` has paths as keys.
INVALID_IN_NAMES = re.compile(r"[^\w./: -]")


@dataclass(frozen=True)
class Execution:
    """The identity and description of an execution."""

    identity: str  # digest of parameters, prepared data, code and versions; unique to one run
    name: str  # of the run in MLflow
    experiment: str
    source: str  # path of the data source
    started_ms: int  # time of its first record, in milliseconds since 1970
    parameters: dict[str, str]  # by dotted key
    tags: dict[str, str]
    failure: str | None = None  # the error that ended it; None if it succeeded

    @classmethod
    def current(cls, settings: Settings, workspace: Workspace, failure: str | None = None) -> Self:
        """Return the execution that is running in a workspace."""
        values = settings.model_dump(exclude={"tracking"})
        parameters = digests.of_values(values)
        data = known_digests.sha256(workspace.prepared, workspace)
        code, versions = digests.code_sha256(workspace, STAGES), digests.versions()
        digest = digests.of_values(parameters, data, code, versions)
        return cls(
            identity=digest,
            name=f"{settings.model.name}-{settings.optimizer.name}-{digest[:7]}",
            experiment=settings.tracking.experiment,
            source=settings.data.path,
            started_ms=time.time_ns() // 1_000_000,
            parameters={INVALID_IN_NAMES.sub("_", k): str(v) for k, v in flatten(values)},
            tags={
                "pipeline.data_sha256": data,
                "pipeline.parameters_sha256": parameters,
                "pipeline.code_sha256": code,
                "mlflow.source.name": "dvc.yaml",
                "mlflow.source.type": "LOCAL",
                **{f"version.{library}": number for library, number in versions.items()},
                "machine.cores": str(os.cpu_count()),  # device.intra_op_threads=0 uses all
                "machine.processor": find_processor(),
                **_git_tags(workspace),
            },
            failure=failure,
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read an execution from a folder."""
        return cls(**json.loads((folder / FILE).read_text(encoding="utf-8")))

    def write(self, folder: Path) -> None:
        """Write the execution into a folder."""
        files.write_json(folder / FILE, dataclasses.asdict(self))


def flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and values of the leaves of nested mappings."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _git_tags(workspace: Workspace) -> dict[str, str]:
    """Return the commit and whether the work tree differs from it; empty outside of Git."""
    commit = git.ask(workspace.root, "rev-parse", "HEAD")
    if commit is None:
        return {}
    changed = git.ask(workspace.root, "status", "--porcelain", "--untracked-files=no")
    return {"mlflow.source.git.commit": commit, "git.changed": str(bool(changed)).lower()}

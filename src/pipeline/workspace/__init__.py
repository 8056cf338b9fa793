"""A workspace: the folder that a pipeline works in, and the paths of everything in it.

A workspace is a value. Stages, verbs and workers get one; other packages know no path of the
project, and read neither the current folder nor what DVC tells its stages. Two workspaces can be
used one after the other in one process.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, Self
from urllib.parse import unquote, urlsplit


class _Within:
    """The path of a file or folder in one of the two folders of a workspace."""

    def __init__(self, folder: Literal["root", "home"], name: str) -> None:
        self._folder, self._name = folder, name

    def __get__(self, workspace: "Workspace", _: type) -> Path:
        folder: Path = getattr(workspace, self._folder)
        return folder / self._name


@dataclass(frozen=True)
class Workspace:
    """Paths of a repository that the pipeline runs in.

    Attributes:
        root: absolute, without symbolic links; the tree with conf/, dvc.yaml, the data and the
            results.
        home: absolute, without symbolic links; keeps what outlives the results: resume state, runs
            that wait to be sent, the tracking store, locks. It is `root`, except where DVC runs an
            experiment in a temporary copy: then it is the original repository.
    """

    root: Path
    home: Path

    def __init__(self, root: str | os.PathLike[str], home: str | os.PathLike[str] | None = None):
        object.__setattr__(self, "root", Path(root).resolve())
        object.__setattr__(self, "home", Path(home or root).resolve())

    @classmethod
    def here(cls) -> Self:
        """Return the workspace of this process: the current folder, and the repository of DVC."""
        return cls(Path.cwd(), os.environ.get("DVC_ROOT"))

    def path(self, name: str | os.PathLike[str]) -> Path:
        """Return the absolute path of a file or folder that a configuration names.

        What lies on a server is named by its address, and copied to this path before it is read.
        """
        if is_remote(text := os.fspath(name)):
            place = urlsplit(text)
            last = PurePosixPath(unquote(place.path)).name or place.netloc
            return self.downloads / hashlib.sha256(text.encode()).hexdigest()[:12] / last
        return Path(os.path.normpath(self.root / name))

    def relative(self, text: object) -> str:
        """Return a text in which paths inside the workspace are relative to its root or home."""
        text = str(text)
        for folder in (self.root, self.home):
            # Not where the folder's name is only the end of a longer path.
            text = re.sub(
                rf"(?<![^\s\"'`=:,;(\[{{<>/]){re.escape(str(folder))}/(?=[^/\s])", "", text
            )
        return text

    conf = _Within("root", "conf")  # Hydra's configuration
    chosen = _Within("root", "conf/chosen.yaml")  # what was chosen on top of conf/config.yaml
    params = _Within("root", "params.yaml")  # the composed parameters
    dvc_yaml = _Within("root", "dvc.yaml")  # the stages and their dependencies
    dvc_lock = _Within("root", "dvc.lock")  # the inputs of the last run of each stage
    prepared = _Within("root", "data/prepared")  # folder of the prepared data
    artifacts = _Within("root", "artifacts")  # folder of all forms of the model
    checkpoint = _Within("root", "artifacts/checkpoint")  # folder of the published checkpoints
    frozen = _Within("root", "artifacts/frozen")  # folder of the frozen graph and its sidecar
    frozen_graph = _Within("root", "artifacts/frozen/model.pb")
    sidecar = _Within("root", "artifacts/frozen/model.json")  # interface and recipe of the graph
    saved_model = _Within("root", "artifacts/saved_model")  # folder of the SavedModel to serve
    saved_model_tagged = _Within("root", "artifacts/saved_model_tagged")  # the one with all graphs
    reports = _Within("root", "reports")  # folder of all reports
    profile = _Within("root", "reports/data.html")  # of the examples, before training
    history = _Within("root", "reports/history.csv")  # the learning curve
    placement = _Within("root", "reports/placement.json")  # the device of each operation
    metrics = _Within("root", "reports/metrics.json")  # of the model and its baselines
    parity = _Within("root", "reports/parity.json")  # the verdict of the parity gate
    predictions = _Within("root", "reports/predictions.csv")  # for the test rows
    forecast = _Within("root", "reports/forecast.csv")  # predictions for rows without a label
    figures = _Within("root", "reports/figures")  # folder of the figures
    report = _Within("root", "reports/report.html")
    tracked = _Within("root", ".tracked.json")  # the execution that MLflow got last
    resume = _Within("home", ".resume")  # folder of unfinished trainings
    downloads = _Within("home", ".downloads")  # folder of copies of data on servers
    spool = _Within("home", ".spool")  # folder of runs that wait to be sent to MLflow
    temporary = _Within("home", ".dvc/tmp")  # folder of DVC for locks and logs
    tensorboard = _Within("home", "tensorboard")  # folder of event files
    trace = _Within("home", "trace.json")  # a Chrome trace of one training step

    @property
    def results(self) -> tuple[Path, ...]:
        """All files and folders that a run writes or replaces.

        The artifacts of earlier runs in MLflow stay as they are, and can be read.
        """
        inside = (self.prepared, self.artifacts, self.reports, self.params, self.dvc_lock)
        kept = (self.resume, self.spool, self.home / "mlflow.db", self.tensorboard, self.trace)
        return (*inside, self.tracked, *kept)

    @property
    def published_folders(self) -> set[Path]:
        """The folders that stages publish their results in."""
        outs = (self.prepared, self.checkpoint, self.frozen_graph, self.metrics)
        return {out.parent for out in outs}


def is_remote(name: str) -> bool:
    """Tell whether a path in a configuration is the address of a server, as `https://…`."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", name) is not None


def is_experiment() -> bool:
    """Tell whether `dvc exp run`, which has composed params.yaml, started this process."""
    return bool(os.environ.get("DVC_EXP_NAME"))

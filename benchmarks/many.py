"""Commands in a repository with 100,000 runs in MLflow and 1,000 experiments in DVC.

The runs are copies of one, inserted in bulk, with its parameters, tags and last metrics; the
experiments are commits and refs, as DVC makes them.
"""

import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from benchmarks import clone
from benchmarks.clone import Clone

RUNS, EXPERIMENTS = 100_000, 1_000
REQUIRED_SECONDS = 5.0

# Tables of MLflow with a column `run_uuid`.
TABLES = ("runs", "params", "tags", "latest_metrics")
# What of a copy differs.
DIFFERENT = {
    ("runs", "start_time"): "one.start_time - copies.number",
    ("tags", "value"): "iif(one.key = 'pipeline.identity', copies.uuid, one.value)",
}

# What `pipeline ui` asks for when it shows the newest runs.
PAGE = """
from pipeline.repository import environment
environment.configure()
import mlflow, sys, time
client = mlflow.MlflowClient("sqlite:///mlflow.db")
experiment = client.get_experiment_by_name("pipeline").experiment_id
begun = time.perf_counter()
found = client.search_runs([experiment], order_by=["attributes.start_time DESC"], max_results=100)
assert len(found) == 100
print("seconds", time.perf_counter() - begun)
"""


def measure(quick: bool) -> dict[str, float]:
    """Return the seconds of each command; the seconds of small numbers if `quick`."""
    runs, experiments = (200, 3) if quick else (RUNS, EXPERIMENTS)
    with tempfile.TemporaryDirectory(prefix="bench-many-") as folder:
        repository = clone.fresh(Path(folder) / "clone")
        repository.run("dvc", "repro")
        _copy_runs(repository.path / "mlflow.db", runs)
        page = repository.run(sys.executable, "-c", PAGE)
        edit = sys.executable, "-m", "pipeline", "run", "optimizer.learning_rate=0.15"
        repository.measure(*edit, MLFLOW_TRACKING_URI="http://127.0.0.1:9")
        sync = repository.measure(sys.executable, "-m", "pipeline", "sync")
        repository.run("git", *clone.AUTHOR, "commit", "-q", "-a", "-m", "a state")
        repository.run("dvc", "exp", "run", "-S", "optimizer.learning_rate=0.16")
        _copy_experiments(repository, experiments)
        shown = [repository.measure("dvc", "exp", "show", "--csv") for _ in range(2)]
    return {
        "a page of 100 runs": float(page.split()[-1]),
        "`pipeline sync` of one run": sync.seconds,
        "`dvc exp show`, the first time": shown[0].seconds,
        "`dvc exp show`": shown[1].seconds,
    }


def _copy_runs(store: Path, count: int) -> None:
    with closing(sqlite3.connect(store)) as database:
        (run,) = database.execute("SELECT run_uuid FROM runs").fetchone()
        database.execute("CREATE TEMP TABLE copies (uuid TEXT, number INTEGER)")
        numbers = ((f"{number:032x}", number) for number in range(1, count))
        database.executemany("INSERT INTO copies VALUES (?, ?)", numbers)
        for table in TABLES:
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            values = [
                "copies.uuid" if name == "run_uuid" else DIFFERENT.get((table, name), f"one.{name}")
                for name in names
            ]
            statement = (
                "INSERT INTO", table, f"({', '.join(names)})", "SELECT", ", ".join(values),
                "FROM", table, "AS one, copies WHERE one.run_uuid = ?",
            )  # fmt: skip
            database.execute(" ".join(statement), (run,))
        database.commit()


def _copy_experiments(repository: Clone, count: int) -> None:
    def git(*arguments: str, given: str | None = None) -> str:
        command = ["git", *clone.AUTHOR, *arguments]
        done = subprocess.run(
            command, cwd=repository.path, input=given, capture_output=True, check=True, text=True
        )
        return done.stdout.strip()

    listed = git("for-each-ref", "--format=%(refname)", "refs/exps").splitlines()
    (one,) = (ref for ref in listed if "/exec/" not in ref)
    tree, parent = git("rev-parse", f"{one}^{{tree}}"), git("rev-parse", f"{one}^")
    refs = []
    for number in range(count):
        commit = git("commit-tree", tree, "-p", parent, "-m", f"experiment {number}")
        refs.append(f"create {one.rpartition('/')[0]}/copy-{number} {commit}\n")
    git("update-ref", "--stdin", given="".join(refs))


def markdown(seconds: dict[str, float]) -> list[str]:
    """Return the section of the document."""
    return [
        f"## With {RUNS:,} runs in MLflow and {EXPERIMENTS:,} experiments in DVC",
        "",
        "Runs and experiments are copies of one. DVC keeps what it has read of an experiment, so"
        " that each is read once.",
        "",
        "| command | seconds | required | met |",
        "| --- | ---: | ---: | --- |",
        *(
            f"| {name} | {value:.2f} s | {REQUIRED_SECONDS:g} s |"
            f" {'yes' if value <= REQUIRED_SECONDS else '**no**'} |"
            for name, value in seconds.items()
        ),
        "",
    ]

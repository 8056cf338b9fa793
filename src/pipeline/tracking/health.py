"""Whether a tracking server answers, and the runs that killed processes left in the store."""

from mlflow import MlflowClient
from mlflow.entities import Run

from pipeline.tracking import address, store


def require_answer() -> None:
    """Ask a tracking server something small.

    Raises:
        TrackingError: it does not answer in time, or refuses.
    """
    with address.impatient(), store.reachable():
        MlflowClient(address.tracking_uri()).search_experiments(max_results=1)


def left_running() -> list[Run]:
    """Return the pipeline's runs that are RUNNING in the store."""
    with store.reachable():
        client = MlflowClient(address.tracking_uri())
        experiments = [found.experiment_id for found in client.search_experiments()]
        wanted = f"attributes.status = 'RUNNING' AND tags.`{store.IDENTITY}` != ''"
        return list(client.search_runs(experiments, wanted))


def mark_killed(run: Run) -> None:
    """Mark a run as KILLED, with the reason; the same execution later completes it."""
    with store.reachable():
        client = MlflowClient(address.tracking_uri())
        client.set_tag(run.info.run_id, store.FAILURE, "killed: no process works on it")
        client.set_terminated(run.info.run_id, "KILLED")

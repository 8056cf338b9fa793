"""MLflow: one run for one execution of the pipeline, none twice and none missing."""

import os

# MLflow reads these when it is imported, which no module here does before this one.
# Nothing is sent to MLflow's makers, an absent server is noticed soon, and no bars are drawn.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

"""Browse the runs in MLflow, on this machine only."""

import argparse
import os
import subprocess
import sys

from pipeline.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--port`."""
    parser.add_argument("--port", type=int, default=5000, help="5000 by default")


def run(arguments: argparse.Namespace, workspace: Workspace) -> int:
    """Serve the page until it is interrupted; print the address of a tracking server instead."""
    from pipeline.tracking import address, relocation

    uri = address.tracking_uri(workspace)
    if uri.startswith(("http://", "https://")):
        print(f"the runs are on the tracking server: {address.printable_uri(workspace)}")
        return 0
    relocation.follow(workspace)
    command = [sys.executable, "-m", "mlflow", "ui"]
    command += ["--host", "127.0.0.1", "--port", str(arguments.port), "--workers", "1"]
    print(f"http://127.0.0.1:{arguments.port} (end with Ctrl-C)")
    # One worker and no job runner need a sixth of the memory.
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_BACKEND_STORE_URI": uri,  # not an argument: it may hold a password
    }
    return subprocess.run(command, env=environment).returncode

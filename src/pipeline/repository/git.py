"""Runs Git."""

import subprocess
from pathlib import Path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Git in a folder, whatever its exit code.

    Raises:
        FileNotFoundError: Git is not installed.
    """
    command = ["git", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def ask(folder: Path, *arguments: str) -> str | None:
    """Return what Git prints; None if it fails or is not installed."""
    try:
        done = run(folder, *arguments)
    except OSError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None

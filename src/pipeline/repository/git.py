"""Runs Git."""

import re
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


def find_remedy(folder: Path) -> str | None:
    """Return the command that lets Git work in a repository of another user; None otherwise.

    Git's message has the command, with the right path, in any language.

    Raises:
        FileNotFoundError: Git is not installed.
    """
    message = run(folder, "rev-parse", "--is-inside-work-tree").stderr
    found = re.search(r"git config .*safe\.directory .*", message)
    return found.group().strip() if found else None

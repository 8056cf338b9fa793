"""The repository can be checked out on any file system, that of Windows too."""

import re
import subprocess
from collections import Counter
from pathlib import PurePosixPath

import pytest

from .conftest import REPOSITORY

# Devices have these names in every folder, with any extension and in any case.
RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE
)


def refused(name: str) -> bool:
    """Tell whether Windows refuses the name of a file or folder."""
    return bool(re.search(r'[<>:"|?*\\\x00-\x1f]', name) or name.endswith((".", " "))) or bool(
        RESERVED.fullmatch(name)
    )


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True
    ).stdout
    return [name for name in listed.decode().split("\0") if name]


REFUSED = ["gpu:1.yaml", "a?", "a|b", 'a"b', "a\\b", "a.", "a ", "a\tb", "CON", "nul.txt", "aux "]


@pytest.mark.parametrize("name", [*REFUSED, "com1", "LPT9.tar.gz", "com²"])
def test_a_name_is_refused(name: str):
    assert refused(name)


@pytest.mark.parametrize(
    "name", [".gitignore", "console.py", "com.py", "com10", "a.b c", "auxiliary"]
)
def test_a_name_is_accepted(name: str):
    assert not refused(name)


def test_windows_accepts_every_name():
    names = tracked()
    assert len(names) > 100
    assert [name for name in names if any(map(refused, PurePosixPath(name).parts))] == []


def test_no_names_differ_in_case_alone():
    every = {
        str(p) for name in tracked() for p in [PurePosixPath(name), *PurePosixPath(name).parents]
    }
    counted = Counter(name.casefold() for name in every)
    assert [name for name in sorted(every) if counted[name.casefold()] > 1] == []

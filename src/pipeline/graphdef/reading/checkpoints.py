"""The files of checkpoints, and the file `checkpoint`, which names the latest of a folder.

A prefix is text, as its last part may be empty: the files are `.index` and `.meta` then. The state
may name a path of the machine that wrote it, also one of another system; its base name is looked
for in the folder itself, and nothing outside of the folder is ever looked at.
"""

import re
from pathlib import Path

from pipeline.errors import ArtifactError, listing

STATE = "checkpoint"
MAX_STATE_BYTES = 2**20

_LATEST = re.compile(rb'^\s*model_checkpoint_path\s*:\s*"((?:[^"\\\n]|\\.)*+)"', re.MULTILINE)
_FILE = re.compile(r"(.*)\.(?:index|meta|data-\d{5}-of-\d{5})", re.DOTALL)
# The last bytes of a table, in which TensorFlow before 0.12 kept values: a file without suffix.
_TABLE_END = 0xDB4775248B80FB57.to_bytes(8, "little")


def prefix_of(path: Path) -> str:
    """Return the prefix of a checkpoint from one of its files, or from the prefix itself."""
    name = path.name
    if found := _FILE.fullmatch(name):
        name = found[1]
    return _joined(path.parent, name)


def has_values(prefix: str) -> bool:
    """Tell whether there are values: an index, or a table of an old TensorFlow."""
    if Path(f"{prefix}.index").is_file():
        return True
    table = Path(prefix)
    shards = table.parent.glob("*-?????-of-?????") if table.name else ()
    first = (file for file in shards if file.name[:-15] == table.name)
    return any(_is_table(file) for file in (table, *first))


def meta_of(prefix: str) -> Path | None:
    """Return the file with the graph of a checkpoint, if there is one."""
    file = Path(f"{prefix}.meta")
    return file if file.is_file() else None


def find_latest(folder: Path) -> str | None:
    """Return the prefix of the latest checkpoint of a folder; None if no state names one.

    Raises:
        ArtifactError: the state is damaged, or names a checkpoint that is not in the folder.
    """
    named = _read_state(folder / STATE)
    if named is None:
        return None
    base = _base(named)
    for name in (named, base):
        prefix = _joined(folder, name)
        if _is_inside(folder, name) and has_values(prefix):
            return prefix
    others = sorted(file.name.removesuffix(".index") for file in folder.glob("*.index"))
    advice = f"give one of {listing(others)}, or " if others else ""
    raise ArtifactError(
        f"{folder} has no checkpoint {base}, which its file `checkpoint` names; {advice}copy"
        f" {base}.* to this folder"
    )


def read_name(folder: Path) -> str:
    """Return the name of the latest checkpoint of a folder that has a state, without its path.

    Raises:
        ArtifactError: the state is missing or damaged.
    """
    named = _read_state(folder / STATE)
    if named is None:
        raise ArtifactError(f"{folder / STATE} is missing")
    return _base(named)


def _joined(folder: Path, name: str) -> str:
    return str(folder / name) if name else f"{folder}/"


def _base(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]  # the path may be one of another system


def _read_state(file: Path) -> str | None:
    """Return the path that a state names; None if it is not there or no state."""
    if not file.is_file():
        return None
    with file.open("rb") as opened:
        content = opened.read(MAX_STATE_BYTES)
    if _is_table(file):  # values of an old TensorFlow, which are called so, too
        return None
    if found := _LATEST.search(content):
        try:
            return found[1].decode("unicode_escape").encode("latin-1").decode("utf-8")
        except ValueError:
            pass
    raise ArtifactError(f"{file} is damaged: it names no checkpoint; give the prefix")


def _is_inside(folder: Path, name: str) -> bool:
    if "\0" in name or name.startswith(("/", "\\")):
        return False
    root = folder.resolve()
    return (root / name).resolve().is_relative_to(root)


def _is_table(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            opened.seek(-len(_TABLE_END), 2)
            return opened.read() == _TABLE_END
    except OSError:
        return False

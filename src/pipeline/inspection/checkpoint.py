"""The values of a checkpoint: their names, dtypes and shapes, and whether all are there."""

import re
from pathlib import Path

import tensorflow as tf

from pipeline.errors import ArtifactError, one_line
from pipeline.inspection.summary import Tensor
from pipeline.inspection.tensors import bytes_of
from pipeline.models.forms.checkpoint import UNREADABLE

_SHARD = re.compile(r".*\.data-\d{5}-of-(\d{5})", re.DOTALL)


def files_of(prefix: str) -> list[Path]:
    """Return the files of a checkpoint; one of an old TensorFlow is a file itself."""
    folder, _, name = prefix.rpartition("/")  # the name may be empty
    beside = [file for file in Path(folder or ".").iterdir() if file.name.startswith(f"{name}.")]
    return [file for file in (Path(prefix), *beside) if file.is_file()]


def read_variables(prefix: str) -> list[Tensor]:
    """Return what a checkpoint has values of.

    Raises:
        ArtifactError: a file is missing, truncated or damaged.
    """
    try:
        reader = tf.compat.v1.train.NewCheckpointReader(prefix)
    except UNREADABLE as error:
        _require_shards(prefix)
        raise ArtifactError(f"{prefix} cannot be read: {one_line(error)}; copy it again") from None
    dtypes = reader.get_variable_to_dtype_map()
    variables = [
        Tensor(name, dtypes[name].name, tuple(shape))
        for name, shape in sorted(reader.get_variable_to_shape_map().items())
    ]
    _require_shards(prefix)
    if Path(f"{prefix}.index").is_file():
        shards = [file for file in files_of(prefix) if _SHARD.fullmatch(file.name)]
        size, needed = sum(file.stat().st_size for file in shards), sum(map(bytes_of, variables))
        if size < needed:
            raise ArtifactError(
                f"{prefix}.data-* is truncated: it has {size:,} bytes of {needed:,}; copy it again"
            )
    return variables


def _require_shards(prefix: str) -> None:
    """Refuse a checkpoint without the files that have its values."""
    if not Path(f"{prefix}.index").is_file():
        return
    shards = [found for file in files_of(prefix) if (found := _SHARD.fullmatch(file.name))]
    count = int(shards[0][1]) if shards else 1
    for number in range(min(count, len(shards) + 1)):
        file = Path(f"{prefix}.data-{number:05}-of-{count:05}")
        if not file.is_file():
            raise ArtifactError(f"{file} is missing; copy it to this folder")

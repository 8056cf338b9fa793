"""The operations of a TFLite file, read without its interpreter."""

import importlib
import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError, one_line
from pipeline.graphdef.reading.messages import stand_in

MAX_TYPES = 10_000  # of operations; TensorFlow has some 200

# What reading beyond the end of a flatbuffer, or at a wrong offset, raises.
DAMAGE = (struct.error, IndexError, TypeError, ValueError, OverflowError)


def find_custom(path: Path) -> str | None:
    """Return the first operation that TFLite's own interpreter does not have, if any.

    These are custom ones, and those of TensorFlow (Select TF, Flex).

    Raises:
        ArtifactError: the file is missing, or no TFLite file.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return next(_custom_types(data, path), None)
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing") from None
    except (OSError, *DAMAGE) as error:
        raise ArtifactError(f"{path} cannot be read as a TFLite model: {one_line(error)}") from None


def _custom_types(data: Any, path: Path) -> Iterator[str]:
    with stand_in():
        schema = importlib.import_module("tensorflow.lite.python.schema_py_generated")
    if not schema.Model.ModelBufferHasIdentifier(data, 0):
        raise ArtifactError(f"{path} is not a TFLite model")
    model = schema.Model.GetRootAs(data, 0)
    if model.OperatorCodesLength() > MAX_TYPES:
        raise ArtifactError(f"{path} has more than {MAX_TYPES:,} types of operations")
    for position in range(model.OperatorCodesLength()):
        code = model.OperatorCodes(position)
        name = code.CustomCode()
        builtin = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if name is not None or builtin == schema.BuiltinOperator.CUSTOM:
            yield (name or b"a custom operation").decode("utf-8", "replace")

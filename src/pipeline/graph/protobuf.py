"""Reading graph files: the one place where bytes of a graph from outside are parsed.

TensorFlow's own loaders get a file only after it was read here: they abort the process, or take
all memory, on some files that are refused here with a message.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.protobuf.meta_graph_pb2 import MetaGraphDef
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.errors import ArtifactError, one_line

# Protobuf cannot write a larger message. How deep messages may be nested, it limits itself.
MAX_BYTES = 2 * 2**30


def read_message(kind: Callable[[], Any], path: Path) -> Any:
    """Read a message of a kind, such as `GraphDef`.

    Raises:
        ArtifactError: the file is missing, too large, or not such a message.
    """
    message = kind()
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ArtifactError(
                f"{path} has {size:,} bytes; a graph file has at most {MAX_BYTES:,}"
            )
        message.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing; fix the path") from None
    except (DecodeError, OSError) as error:
        name = type(message).__name__
        raise ArtifactError(
            f"{path} cannot be read as a {name}: {one_line(error)}; copy it again"
        ) from None
    return message


read_graph_def = partial(read_message, GraphDef)  # a frozen graph
read_meta_graph = partial(read_message, MetaGraphDef)  # the `.meta` file of a checkpoint
read_saved_model = partial(read_message, SavedModel)  # the file saved_model.pb

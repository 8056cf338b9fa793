"""A graph that is ready to run: its interface, the values of its variables, and its tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pipeline.graphdef.interface import Interface

Table = tuple[np.ndarray, np.ndarray]  # keys and values


@dataclass(frozen=True)
class Program:
    """A graph with all that its outputs need."""

    source: Path
    definition: Any  # GraphDef
    imported: tf.Graph
    interface: Interface
    values: Mapping[str, np.ndarray]  # by the names of variables
    tables: Mapping[str, Table]  # contents by the nodes of tables, where a checkpoint has them
    initializers: tuple[str, ...] = ()  # names of nodes that fill tables; they run once
    assets: Mapping[str, str] = field(default_factory=dict)  # paths of files, by tensor

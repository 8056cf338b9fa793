"""Checkpoints of `tf.compat.v1.train.Saver` and `tf.train.Checkpoint`, and `.meta` files alone."""

from pipeline.errors import ArtifactError
from pipeline.foreign.assembly import Source, assemble
from pipeline.foreign.matching import find_averages, with_averages
from pipeline.foreign.meta_graph import name_initializers
from pipeline.graph.execution.loaded import Choice, Loaded
from pipeline.graph.execution.signature import choose_signature
from pipeline.graph.execution.stored import StoredValues
from pipeline.graph.execution.tensors import parse
from pipeline.graphdef.interface import Interface
from pipeline.graphdef.locate import ModelFiles
from pipeline.graphdef.reading import read_meta_graph


def load(files: ModelFiles, choice: Choice) -> Loaded:
    """Load a checkpoint with the graph of its `.meta` file, as `assembly.assemble` says.

    Without that file, all values are loaded, and there is nothing to run.
    """
    if files.file is None:
        return _load_values(files, choice)
    meta = read_meta_graph(files.file)
    source = Source(
        files=files,
        graph=meta.graph_def,
        signature=choose_signature(meta, choice.signature, files.path),
        restore=parse(meta.saver_def.restore_op_name)[0],
        initializers=tuple(name_initializers(meta)),
    )
    return assemble(source, choice)


def _load_values(files: ModelFiles, choice: Choice) -> Loaded:
    if files.prefix is None:
        raise ArtifactError(f"{files.path} has neither values nor a graph")
    stored = StoredValues(files.prefix, choice.rename)
    named = stored.named()
    averages = find_averages(named, stored)
    values = {name: stored.read(slot) for name, slot in named.items()}
    if choice.ema:
        values = with_averages(values, averages, files.path)
    return Loaded(
        files, Interface((), ()), values=values, variables=frozenset(values), averages=averages
    )

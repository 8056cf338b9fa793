"""What runs when a SavedModel is loaded and used: signatures, restore, initialization, assets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.graphdef.structure import operation_of

_INITIALIZATION = ("saved_model_main_op", "legacy_init_op")
ASSETS = "assets"


def outputs_of(meta: Any) -> Iterator[str]:
    """Yield the operations that give the outputs of the signatures of a `MetaGraphDef`."""
    for signature in meta.signature_def.values():
        for tensor in signature.outputs.values():
            yield from map(operation_of, filter(None, _names(tensor)))


def loaded_in(meta: Any) -> Iterator[str]:
    """Yield the operations that run when a `MetaGraphDef` is loaded."""
    for name in _INITIALIZATION:
        if name in meta.collection_def:
            yield from map(operation_of, meta.collection_def[name].node_list.value)
    if restore := meta.saver_def.restore_op_name:
        yield operation_of(restore)


def own_files(meta: Any) -> Iterator[str]:
    """Yield the operations that loading feeds with names of the SavedModel's own files."""
    if name := meta.saver_def.filename_tensor_name:
        yield operation_of(name)
    for asset in meta.asset_file_def:
        yield operation_of(asset.tensor_info.name)


def require_assets_inside(saved: Any, folder: Path) -> None:
    """Refuse a SavedModel whose assets lie outside of its own folder.

    Raises:
        ArtifactError: the message names the first.
    """
    assets = (folder / ASSETS).resolve()
    for meta in saved.meta_graphs:
        for name in (asset.filename for asset in meta.asset_file_def):
            if "\0" in name or not (assets / name).resolve().is_relative_to(assets):
                raise ArtifactError(
                    f"{folder} names an asset outside of its folder, {name!r}: do not use it"
                )


def _names(tensor: Any) -> list[str]:
    """Return the tensors of a `TensorInfo`: one, or those of a sparse or composite one."""
    match tensor.WhichOneof("encoding"):
        case "coo_sparse":
            sparse = tensor.coo_sparse
            parts = (sparse.values_tensor_name, sparse.indices_tensor_name)
            return [*parts, sparse.dense_shape_tensor_name]
        case "composite_tensor":
            return [one.name for one in tensor.composite_tensor.components]
        case _:
            return [tensor.name]

"""What runs when a SavedModel is loaded and used: signatures, restore, initialization, assets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import ArtifactError
from pipeline.graphdef.reading.messages import AssetFileDef
from pipeline.graphdef.structure import operation_of, quoted

_INITIALIZATION = ("saved_model_main_op", "legacy_init_op")
_OLD_ASSETS = "saved_model_assets"
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
    for asset in _assets(meta):
        yield operation_of(asset.tensor_info.name)


def find_assets(meta: Any, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the tensors that loading feeds with the paths of assets in a SavedModel's folder.

    Raises:
        ArtifactError: an asset lies outside of the folder.
    """
    assets = folder / ASSETS
    for asset in _assets(meta):
        name = asset.filename
        if "\0" in name or not (assets / name).resolve().is_relative_to(assets.resolve()):
            raise ArtifactError(
                f"{folder} names an asset outside of its folder, {quoted(name)}: do not use it"
            )
        yield asset.tensor_info.name, str(assets / name)


def _assets(meta: Any) -> list[Any]:
    """Return the `AssetFileDef` of a graph; an old TensorFlow packed them."""
    assets = list(meta.asset_file_def)
    if _OLD_ASSETS in meta.collection_def:
        for packed in meta.collection_def[_OLD_ASSETS].any_list.value:
            assets.append(AssetFileDef())
            packed.Unpack(assets[-1])
    return assets


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

"""Assets of a SavedModel: files that TensorFlow gives to its graphs when it is loaded."""

from pathlib import Path

from google.protobuf.message import DecodeError
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from pipeline.errors import ArtifactError, one_line


def require_inside(folder: Path) -> None:
    """Refuse assets that lie outside of the SavedModel's own folder.

    Raises:
        ArtifactError: naming the first, or the file that cannot be read.
    """
    file, assets, saved = folder / "saved_model.pb", folder / "assets", SavedModel()
    try:
        saved.ParseFromString(file.read_bytes())
    except (OSError, DecodeError) as error:
        raise ArtifactError(f"{file} cannot be read: {one_line(error)}") from None
    for meta in saved.meta_graphs:
        for asset in meta.asset_file_def:
            if not (assets / asset.filename).resolve().is_relative_to(assets.resolve()):
                raise ArtifactError(
                    f"{file} names an asset outside of its folder, {asset.filename!r}; a model of"
                    " this pipeline has none: do not use it"
                )

"""Copies of data that lies on a web server or in S3, made before it is read."""

from urllib.parse import urlsplit

import fsspec
import requests

from pipeline.data.compression import COMPRESSIONS
from pipeline.errors import DataError, one_line
from pipeline.workspace import Workspace, files

TIMEOUT_S = 60
CHUNK_BYTES = 2**20


def fetch(name: str, workspace: Workspace) -> None:
    """Copy a file, or a folder in S3, to where `workspace.path` has it.

    Credentials and endpoint of S3 are those of the AWS tools.

    Raises:
        DataError: It cannot be read.
    """
    with files.replacing(workspace.path(name)) as partial:
        try:
            scheme, _, place = name.partition("://")
            if scheme == "s3":
                fsspec.filesystem(scheme).get(place, str(partial), recursive=True)
                return
            is_packed = urlsplit(name).path.endswith(tuple(COMPRESSIONS))
            with requests.get(name, stream=True, timeout=TIMEOUT_S) as answer:
                answer.raise_for_status()
                with partial.open("wb") as file:
                    # A server may call the compression of the file one of its answer.
                    chunks = answer.raw.stream(CHUNK_BYTES, decode_content=not is_packed)
                    file.writelines(chunks)
        except Exception as error:  # each client raises errors of its own
            raise DataError(
                f"data.path={name} cannot be read: {one_line(error)}; fix the address, or download"
                " the data and give its path"
            ) from None

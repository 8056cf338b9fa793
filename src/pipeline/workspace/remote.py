"""Data that lies on a web server or in S3: checked when it is named, copied before it is read.

These are the places that DVC can depend on alone; it sees a change by the ETag.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import fsspec
import requests

from pipeline.errors import DataError, one_line
from pipeline.workspace import Workspace, files

WEB, S3 = ("http", "https"), "s3"
TIMEOUT_S = 30
CHUNK_BYTES = 2**20


def require(key: str, name: str) -> None:
    """Refuse an address that DVC cannot depend on, or where nothing is.

    Raises:
        DataError: The scheme is unknown, the server does not answer, or it tells no ETag.
    """
    scheme = urlsplit(name).scheme
    if scheme in WEB:
        with _explain(key, name), _ask("HEAD", name) as answer:
            if "ETag" not in answer.headers and "Content-MD5" not in answer.headers:
                raise DataError(
                    f"{key}={name}: the server tells no ETag, by which DVC sees that data changes;"
                    " download the file and give its path"
                )
    elif scheme == S3:
        with _explain(key, name):
            if not _s3().exists(name):
                raise DataError(f"{key}={name}: there is no such object; give an existing one")
    else:
        raise DataError(
            f"{key}={name}: data with the scheme {scheme!r} cannot be read; give a path, or an"
            " address that begins with http://, https:// or s3://"
        )


def fetch(name: str, workspace: Workspace) -> None:
    """Copy a file, or a folder in S3, to where `workspace.path` has it.

    Raises:
        DataError: It cannot be read.
    """
    target = workspace.path(name)
    with files.replacing(target) as partial, _explain("data.path", name):
        if urlsplit(name).scheme == S3:
            _s3().get(name, str(partial), recursive=True)
            return
        with _ask("GET", name) as answer, partial.open("wb") as file:
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)


def _ask(method: str, name: str) -> requests.Response:
    answer = requests.request(method, name, stream=True, allow_redirects=True, timeout=TIMEOUT_S)
    answer.raise_for_status()
    return answer


def _s3() -> fsspec.AbstractFileSystem:
    """Return the file system of S3; credentials and endpoint are those of the AWS tools."""
    return fsspec.filesystem(S3)


@contextmanager
def _explain(key: str, name: str) -> Iterator[None]:
    """Turn what a client of a server raises, which may be anything, into one message."""
    try:
        yield
    except DataError:
        raise
    except ImportError:
        raise DataError(
            f"{key}={name}: S3 needs the extra s3: make setup EXTRAS=s3, or"
            " pip install -c constraints.txt -e '.[s3]'"
        ) from None
    except Exception as error:
        raise DataError(
            f"{key}={name} cannot be read: {one_line(error)}; fix the address, or download the"
            " data and give its path"
        ) from None

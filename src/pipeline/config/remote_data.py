"""Data on a web server or in S3: refused early where DVC could not depend on it.

DVC sees by the ETag that data changes. It can depend on other servers only together with an out.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import fsspec
import requests

from pipeline.errors import DataError, one_line

WEB, S3 = ("http", "https"), "s3"
TIMEOUT_S = 30


def require(key: str, name: str) -> None:
    """Refuse an address that DVC cannot depend on, or where nothing is.

    Raises:
        DataError: The scheme is unknown, the address has a password, the server does not answer,
            or it tells no ETag.
    """
    scheme, _, place = name.partition("://")
    if "@" in urlsplit(name).netloc:
        raise DataError(
            f"{key}: the address has a user or a password, which would be in params.yaml and Git;"
            " download the data and give its path"
        )
    if scheme in WEB:
        with (
            _explain(key, name),
            requests.head(name, allow_redirects=True, timeout=TIMEOUT_S) as answer,
        ):
            answer.raise_for_status()
            if "ETag" not in answer.headers and "Content-MD5" not in answer.headers:
                raise DataError(
                    f"{key}={name}: the server tells no ETag, by which DVC sees that data changes;"
                    " download the file and give its path"
                )
    elif scheme == S3:
        with _explain(key, name):
            if not fsspec.filesystem(S3).exists(place):
                raise DataError(f"{key}={name}: there is no such object; give an existing one")
    else:
        raise DataError(
            f"{key}={name}: data with the scheme {scheme!r} cannot be read; give a path, or an"
            " address that begins with http://, https:// or s3://"
        )


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
    except Exception as error:  # each client raises errors of its own
        raise DataError(
            f"{key}={name} cannot be read: {one_line(error)}; fix the address, or download the"
            " data and give its path"
        ) from None

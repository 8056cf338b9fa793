"""Data on a web server and in S3 is copied before it is read; other places are refused by name."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pipeline.config import remote_data
from pipeline.data import remote
from pipeline.data.tables import read_table
from pipeline.errors import DataError
from pipeline.workspace import Workspace

pytestmark = pytest.mark.slow


class Handler(SimpleHTTPRequestHandler):
    """Sends an ETag, except of files called `untagged`."""

    def end_headers(self) -> None:
        file = Path(self.translate_path(self.path))
        if file.is_file() and file.stem != "untagged":
            self.send_header("ETag", f'"{hashlib.sha256(file.read_bytes()).hexdigest()}"')
        if file.suffix == ".gz":
            self.send_header("Content-Encoding", "gzip")
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """Serve a folder with a table."""
    folder = tmp_path / "www"
    folder.mkdir()
    for name in ("own.csv", "untagged.csv", "größe (1).csv"):
        (folder / name).write_text("a;y\n1,5;2\n")
    (folder / "packed.csv.gz").write_bytes(gzip.compress(b"a;y\n1,5;2\n"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    "name", ["own.csv", "own.csv?raw=true", "gr%C3%B6%C3%9Fe%20(1).csv", "packed.csv.gz"]
)
def test_a_table_on_a_web_server_is_read(web: str, tmp_path: Path, name: str):
    workspace, address = Workspace(tmp_path / "work"), f"{web}/{name}"
    remote_data.require("data.path", address)
    remote.fetch(address, workspace)
    assert read_table(workspace.path(address)).to_numpy().tolist() == [[1.5, 2]]
    assert workspace.path(address).is_relative_to(workspace.downloads)


def test_an_address_without_data_is_one_message(failure, web: str):
    for what, address, expected in (
        ("an address where nothing is", f"{web}/none.csv", "404 .*; fix the address, or download"),
        ("a server that is away", "http://127.0.0.1:1/x.csv", "cannot be read: .*; fix the addr"),
        ("a server without ETags", f"{web}/untagged.csv", "tells no ETag, by which DVC sees"),
        ("an address of FTP", "ftp://host/x.csv", "scheme 'ftp' cannot be read; give a path, or"),
        ("an address of GS", "gs://bucket/x.csv", "scheme 'gs' cannot be read; .* s3://"),
    ):
        with failure.raises(what, DataError, match=f"^data.path={address}.*{expected}"):
            remote_data.require("data.path", address)
    with failure.raises("an address with a password", DataError, match="would be in params.yaml"):
        remote_data.require("data.path", web.replace("//", "//user:secret@") + "/own.csv")


def test_a_copy_that_fails_leaves_nothing(web: str, tmp_path: Path):
    workspace = Workspace(tmp_path / "work")
    with pytest.raises(DataError, match=r"none\.csv cannot be read: 404"):
        remote.fetch(f"{web}/none.csv", workspace)
    assert not [path for path in workspace.downloads.rglob("*") if path.is_file()]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve S3 from this process, with a table and a folder of two."""
    pytest.importorskip("s3fs")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    for key, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(key, value)
    import fsspec

    system = fsspec.filesystem("s3", skip_instance_cache=True)
    system.mkdir("bucket")
    system.pipe({"bucket/own.csv": b"a,y\n1,2\n", "bucket/all/year=2024/b.csv": b"a,y\n3,4\n"})
    system.pipe("bucket/all/year=2023/a.csv", b"a,y\n1,2\n")
    yield "s3://bucket"
    server.stop()


def test_a_table_and_a_folder_in_s3_are_read(failure, bucket: str, tmp_path: Path):
    workspace = Workspace(tmp_path / "work")
    for name, expected in (("own.csv", [[1, 2]]), ("all", [[1, 2, 2023], [3, 4, 2024]])):
        address = f"{bucket}/{name}"
        remote_data.require("data.path", address)
        remote.fetch(address, workspace)
        assert read_table(workspace.path(address)).to_numpy().tolist() == expected
    with failure.raises("an object that is not in S3", DataError, match="there is no such object"):
        remote_data.require("data.path", f"{bucket}/none.csv")


def test_a_folder_of_another_file_system_is_copied_whole(tmp_path: Path, monkeypatch):
    """The files of fsspec's memory stand for S3, of which they have the interface."""
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe({"/bucket/all/a.csv": b"a,y\n1,2\n", "/bucket/all/b/b.csv": b"a,y\n3,4\n"})
    monkeypatch.setattr(fsspec, "filesystem", lambda _: memory)
    workspace = Workspace(tmp_path / "work")
    for name, expected in (("all", [[1, 2], [3, 4]]), ("all/a.csv", [[1, 2]])):
        remote.fetch(f"s3://bucket/{name}", workspace)
        found = read_table(workspace.path(f"s3://bucket/{name}"))
        assert found.to_numpy().tolist() == expected

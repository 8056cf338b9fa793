"""A small trained model in all its forms, as the stages keep it."""

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from pipeline import composition
from pipeline.artifacts import frozen, hashes, saved_model, signature
from pipeline.graph.devices import plain_session
from pipeline.graph.training import model_of
from pipeline.settings import Settings

from ..conftest import REPOSITORY
from ..small import examples, train

OVERRIDES = ("model=mlp", "model.hidden=[6]", "model.dropout=0.3", "device=cpu", "train.steps=20")


def small(home: Path, *overrides: str) -> Path:
    """Train a small network with dropout, with two checkpoints."""
    with chdir(REPOSITORY):
        chosen, _ = composition.composed([*OVERRIDES, "train.checkpoint_every=10", *overrides])
    return made(chosen, home)


def made(chosen: Settings, home: Path, **given) -> Path:
    """Train a model and keep it in all its forms, in a new folder."""
    data = examples(**given)
    home.mkdir()
    train(home, chosen, folder=home / "checkpoint", given=data)
    for rest in (home / "checkpoint").glob("begun*"):
        rest.unlink()
    trained = signature.of(data[0], model_of(chosen, data[0]), chosen.train.steps)
    sign(trained, home / "checkpoint")
    saved_model.write(trained, chosen, home / "checkpoint", home / "saved_model")
    sign(trained, home / "saved_model", saved_model.SIGNATURE)
    (home / "frozen").mkdir()
    with frozen.restored(trained, home / "checkpoint", plain_session) as session:
        (home / "frozen/model.pb").write_bytes(frozen.freeze(session))
    sign(trained, home / "frozen")
    return home


def sign(trained: signature.Signature, folder: Path, name: str = signature.FILE) -> None:
    """Write the signature of a form, as if its files were the right ones."""
    signature.write(hashes.signed(trained, folder), folder / name)


def resign(folder: Path, name: str = signature.FILE, **changes: object) -> None:
    """Let the signature of a form vouch for its files as they are, and change it."""
    sign(dataclasses.replace(signature.read(folder / name), **changes), folder, name)


def copied(model: Path, to: Path) -> Path:
    """Copy a model, to damage it."""
    shutil.copytree(model, to)
    return to


def flip(file: Path, place: float = 0.5) -> None:
    """Flip a bit."""
    content = bytearray(file.read_bytes())
    content[int(len(content) * place)] ^= 4
    file.write_bytes(content)


def cut(file: Path) -> None:
    """Leave the first half of a file."""
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    """Leave nothing of a file."""
    file.write_bytes(b"")


@contextmanager
def replaced(file: Path, content: bytes) -> Iterator[None]:
    """Give a file another content while the block runs."""
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)

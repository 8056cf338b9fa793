"""A small trained model in all its forms, as the stages keep it."""

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from pipeline.config import composing as composition
from pipeline.models.forms import frozen_graph, saved_model
from pipeline.models.metadata import hashes, sidecar
from pipeline.models.metadata.sidecar import Sidecar
from pipeline.schema.settings import Settings
from pipeline.schema.training.device import Arithmetic
from pipeline.training.job import specify_inference
from pipeline.workspace import Workspace

from ..conftest import REPOSITORY
from ..small import examples, train

OVERRIDES = ("model=mlp", "model.hidden=[6]", "model.dropout=0.3", "device=cpu", "train.steps=20")


def small(home: Path, *overrides: str) -> Path:
    """Train a small network with dropout, with two checkpoints."""
    with chdir(REPOSITORY):
        chosen, _ = composition.compose(
            Workspace.here(),
            [*OVERRIDES, "train.checkpoint_every=10", *overrides],
        )
    return made(chosen, home)


def made(chosen: Settings, home: Path, **given) -> Path:
    """Train a model and keep it in all its forms, in a new folder."""
    data, workspace = examples(**given), Workspace.here()
    home.mkdir()
    train(home, chosen, folder=home / "checkpoint", given=data)
    for rest in (home / "checkpoint").glob("begun*"):
        rest.unlink()
    inference = specify_inference(chosen, data[0])
    arithmetic = Arithmetic.of(chosen.device, "/device:CPU:0")
    trained = sidecar.describe(data[0], inference, chosen.train.steps, arithmetic)
    sign(trained, home / "checkpoint")
    checkpoint, tagged = home / "checkpoint", home / "saved_model_tagged"
    saved_model.write(trained, workspace, checkpoint, home / "saved_model")
    saved_model.write_tagged(trained, chosen, workspace, checkpoint, tagged)
    inference, file = trained.recipe.inference, home / "frozen/model.pb"
    frozen_graph.write(inference, workspace, checkpoint, file)
    sign(trained, home / "frozen")
    return home


def sign(trained: Sidecar, folder: Path, name: str = sidecar.FILE) -> None:
    """Write the sidecar of a form, as if its files were the right ones."""
    sidecar.write(hashes.sign(trained, folder), folder / name)


def resign(folder: Path, name: str = sidecar.FILE, **changes: object) -> None:
    """Let the sidecar of a form vouch for its files as they are, and change its recipe."""
    found = sidecar.read(folder / name)
    recipe = dataclasses.replace(found.recipe, **changes)
    sign(dataclasses.replace(found, recipe=recipe), folder, name)


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

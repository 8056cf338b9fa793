"""What is registered is what the schema allows and conf/ offers."""

import typing

from pipeline.graph.losses import LOSSES
from pipeline.graph.networks import NETWORKS
from pipeline.graph.optimizers import OPTIMIZERS
from pipeline.schema.training.model import Network
from pipeline.schema.training.optimizer import AnyOptimizer
from pipeline.schema.training.train import Train

from ..conftest import REPOSITORY


def names_of(union: typing.Any) -> set[str]:
    """Return the names of the sections in a union of the schema."""
    sections = typing.get_args(union)
    return {typing.get_args(section.model_fields["name"].annotation)[0] for section in sections}


def test_networks():
    files = {file.stem for file in (REPOSITORY / "conf/model").glob("*.yaml")}
    assert set(NETWORKS) == names_of(Network) == files


def test_optimizers():
    assert set(OPTIMIZERS) == names_of(typing.get_args(AnyOptimizer)[0])


def test_loss_functions():
    assert {"auto", *LOSSES} == set(typing.get_args(Train.model_fields["loss"].annotation))

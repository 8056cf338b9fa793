"""Options of the verbs that load third-party models: which part of the model, feeds, and limits."""

import argparse
import math
from typing import TYPE_CHECKING

from pipeline.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.repository.limited import Limits
    from pipeline.verification.request import Request

TAKEN = "model selection"  # title of a group of options


def positive(text: str) -> float:
    """Return a positive number of the command line; not infinity."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number


def share(text: str) -> float:
    """Return a number from 0 on of the command line; not infinity."""
    return 0.0 if float(text) == 0 else positive(text)


def add_choice(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add model selection; returns the group, to which a verb may add more."""
    group = parser.add_argument_group(TAKEN)
    for name in ("input", "output"):
        group.add_argument(
            f"--{name}", action="append", default=[], metavar="TENSOR",
            help=f"name of an {name}, such as x:0; can be repeated",
        )  # fmt: skip
    add_reading(group)
    return group


def add_reading(group: argparse._ArgumentGroup) -> None:
    """Add which graph of a model is read, and how it gets its values."""
    group.add_argument("--signature", metavar="NAME", help="of a SavedModel")
    group.add_argument("--tags", metavar="TAG,…", help="of the graph in a SavedModel")
    group.add_argument(
        "--rename", action="append", default=[], metavar="OLD=NEW",
        help="name of a variable in the checkpoint and in the graph; * is allowed",
    )  # fmt: skip
    group.add_argument(
        "--ema", action="store_true", help="moving averages replace the values they average"
    )


def add_feeds(parser: argparse.ArgumentParser) -> None:
    """Add what the model is fed with."""
    group = parser.add_argument_group("what the forms are fed with")
    group.add_argument(
        "--feed", action="append", default=[], metavar="[NAME=]FILE",
        help="CSV, Parquet, .npy, .npz or JSON; can be repeated; default: feeds are made",
    )  # fmt: skip
    group.add_argument(
        "--dim", action="append", default=[], metavar="NAME=SIZES",
        help="sizes of an input with open dimensions, such as image=1,224,224,3",
    )  # fmt: skip
    group.add_argument("--seed", type=int, default=0, help="of feeds that are made; default: 0")


def add_limits(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add what the processes that load the model may take; returns the group."""
    group = parser.add_argument_group("limits")
    group.add_argument(
        "--timeout", type=positive, default=60, metavar="SECONDS", help="for the model; default: 60"
    )
    group.add_argument(
        "--memory", type=positive, default=4, metavar="GB", help="for the model; default: 4"
    )
    return group


def add_trust(group: argparse._ArgumentGroup) -> None:
    """Add which files may do more than compute."""
    group.add_argument(
        "--trust", action="append", default=[], metavar="SHA256",
        help="of a file whose operations may act on this machine; can be repeated",
    )  # fmt: skip


def to_request(arguments: argparse.Namespace, *paths: str) -> "Request":
    """Return what the options ask for."""
    from pipeline.verification.request import Request

    return Request(
        paths=paths,
        inputs=tuple(arguments.input),
        outputs=tuple(arguments.output),
        signature=arguments.signature,
        tags=parse_tags(arguments),
        rename=parse_renames(arguments),
        ema=arguments.ema,
        seed=arguments.seed,
        dims=tuple(arguments.dim),
        feeds=tuple(arguments.feed),
        trust=tuple(arguments.trust),
    )


def parse_tags(arguments: argparse.Namespace) -> tuple[str, ...] | None:
    """Return what `--tags` names."""
    return tuple(arguments.tags.split(",")) if arguments.tags else None


def parse_renames(arguments: argparse.Namespace) -> tuple[tuple[str, str], ...]:
    """Return the pairs that `--rename` gives, old and new.

    Raises:
        ConfigError: one is not a pair.
    """
    return tuple(map(_split_rename, arguments.rename))


def to_limits(arguments: argparse.Namespace) -> "Limits":
    """Return the limits of each process."""
    from pipeline.repository.limited import Limits

    return Limits(arguments.timeout, arguments.memory)


def _split_rename(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise ConfigError(f"--rename {text}: give two names, such as --rename old/w=new/w")
    return old, new

"""The command line: `pipeline VERB …`. Each verb is a module; the list of them is the parser."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Protocol

from pipeline.cli import (
    data,
    doctor,
    freeze,
    inspect,
    predict,
    reproduce,
    run,
    sweep,
    sync,
    ui,
    verify,
)
from pipeline.errors import PipelineError, from_system
from pipeline.reporting import console
from pipeline.repository import environment, folder
from pipeline.workspace import Workspace


class Verb(Protocol):
    """A module of `pipeline.cli`, whose name is that of the verb and whose docstring is its help.

    It imports packages inside `run`, so that `--help` is fast.
    """

    __name__: str
    __doc__: str | None

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the verb to its parser."""

    def run(self, arguments: argparse.Namespace, workspace: Workspace) -> int:
        """Run the verb and print its result; returns the exit code.

        A verb that changes results does so in `pipeline.repository.processes.exclusive`.
        """


VERBS: tuple[Verb, ...] = (
    run,
    data,
    sweep,
    predict,
    inspect,
    verify,
    freeze,
    reproduce,
    sync,
    doctor,
    ui,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code. A user's mistake is reported in one message."""
    parsed, workspace = _parser().parse_args(arguments), Workspace.here()
    try:
        environment.configure(verbosity=parsed.verbosity)
        with console.show_messages(workspace, environment.verbosity()):
            if workspace.dvc_yaml.is_file():
                folder.require_usable(workspace)
            code = int(parsed.verb.run(parsed, workspace))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # the reader, such as `head`, has what it wants
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except (PipelineError, OSError) as raised:
        error = from_system(raised)
        print(f"pipeline: {workspace.relative(error)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "pipeline", description="Train, freeze and prove static-graph TensorFlow models."
    )
    parser.set_defaults(verbosity=None)
    _add_verbosity(parser)
    parsers = parser.add_subparsers(required=True, metavar="VERB")
    for verb in VERBS:
        name, text = verb.__name__.rpartition(".")[2], str(verb.__doc__)
        added = parsers.add_parser(name, help=text.splitlines()[0], description=text)
        added.formatter_class = argparse.RawDescriptionHelpFormatter
        added.set_defaults(verb=verb)
        verb.add_arguments(added)
        _add_verbosity(added)
    return parser


def _add_verbosity(parser: argparse.ArgumentParser) -> None:
    options = parser.add_mutually_exclusive_group()
    for name, text in (("quiet", "print only warnings and results"), ("verbose", "print details")):
        added = options.add_argument(f"--{name}", action="store_const", const=name, help=text)
        # One variable, before the verb or after it; only an option that is given sets it.
        added.dest, added.default = "verbosity", argparse.SUPPRESS

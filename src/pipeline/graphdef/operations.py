"""What each operation of TensorFlow does, as classified in operations.tsv, one a line.

TensorFlow's registry does not tell: it calls ReadFile stateless, and a lookup in a table stateful.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("operations.tsv")


class Kind(StrEnum):
    """What an operation does when it runs."""

    COMPUTES = "computes"  # the same from the same inputs, and nothing else
    RANDOM = "random"
    UNINITIALIZED = "uninitialized"  # can return memory that nothing has written
    STATE = "state"  # reads variables, tables, stacks in the memory of its session, or writes them
    INPUT = "input"  # takes what is fed, or what an iterator or a queue gives
    ACTS = "acts"  # on files, network, devices, Python, other graphs; or nobody needs it


@dataclass(frozen=True)
class Judgement:
    """The kind of an operation.

    Also whether a later run can see what it `writes`, and whether it `calls` functions, which it
    has as attributes.
    """

    kind: Kind
    writes: bool = False
    calls: bool = False


UNJUDGED = Judgement(Kind.ACTS, calls=True)


@cache
def judgements() -> Mapping[str, Judgement]:
    """Return the judgement of every operation in the table."""
    with FILE.open(encoding="utf-8", newline="") as file:
        return {
            row["operation"]: Judgement(
                Kind(row["kind"]), writes=row["also"] == "writes", calls=row["also"] == "calls"
            )
            for row in csv.DictReader(file, delimiter="\t")
        }


def judge(operation: str) -> Judgement:
    """Return the judgement of an operation; one that nobody has judged could do anything."""
    return judgements().get(operation, UNJUDGED)

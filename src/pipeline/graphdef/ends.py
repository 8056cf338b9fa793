"""The ends of a graph: operations whose results somebody may want, found where nothing names them.

What saves, differentiates or draws summaries is beside the model: its operations are no ends, and
what only they take is one. What trains, and what is done only for its effect, is no end either.
"""

import re
from enum import Enum, auto
from functools import cache

from pipeline.graphdef.operations import Kind, judge
from pipeline.graphdef.structure import Body

SAVING = frozenset(
    ["MergeV2Checkpoints", "Restore", "RestoreSlice", "RestoreV2", "Save", "SaveSlices", "SaveV2"]
)
VARIABLES = frozenset({"VarHandleOp", "Variable", "VariableV2"})

_TRAINING = re.compile(r"(Resource)?(Sparse)?Apply[A-Z]\w+")
_SUMMARY = re.compile(r"\w*Summary(V2|\w*Writer)?")
_GRADIENTS = re.compile(r"(.*/)?gradients(_\d+)?(/.*)?", re.DOTALL)
_NO_END = VARIABLES | {"NoOp", "Const", "ControlTrigger"}


def find_ends(body: Body) -> list[str]:
    """Return the operations of a graph that nothing takes, in its order.

    Where some depend on an input, only these count, and what acts on more than its session. Where
    there is nothing but what is beside a model, that is its end.
    """
    roles = {name: _role(node.op) for name, node in body.nodes.items()}
    saving = body.after(name for name, role in roles.items() if role == _Role.SAVING)
    training = body.after(name for name, role in roles.items() if role == _Role.TRAINING)
    beside = saving.union(
        name
        for name, role in roles.items()
        if role == _Role.SUMMARY or ("gradients" in name and _GRADIENTS.fullmatch(name))
    )
    ends = [
        name
        for name, role in roles.items()
        if role in (_Role.INPUT, _Role.ACTS, _Role.OTHER)
        and name not in beside
        and name not in training
        and beside.issuperset(body.takers.get(name, ()))
    ]
    inputs = {name for name, role in roles.items() if role == _Role.INPUT}
    fed = body.after(inputs) - inputs
    chosen = [name for name in ends if name in fed or roles[name] == _Role.ACTS]
    others = [name for name in ends if name not in inputs]
    return chosen or others or [name for name in body.nodes if name not in body.takers]


class _Role(Enum):
    """What an operation is to a model."""

    SAVING = auto()
    TRAINING = auto()
    SUMMARY = auto()
    NO_END = auto()
    INPUT = auto()
    ACTS = auto()
    OTHER = auto()


@cache
def _role(operation: str) -> _Role:
    judgement = judge(operation)
    if operation in SAVING:
        return _Role.SAVING
    if _TRAINING.fullmatch(operation):
        return _Role.TRAINING
    if _SUMMARY.fullmatch(operation):
        return _Role.SUMMARY
    if operation in _NO_END or (judgement.kind == Kind.STATE and judgement.writes):
        return _Role.NO_END
    known = {Kind.INPUT: _Role.INPUT, Kind.ACTS: _Role.ACTS}
    return known.get(judgement.kind, _Role.OTHER)

"""What is to be verified: it travels as JSON to the process that does it."""

from dataclasses import dataclass

from pydantic import TypeAdapter

Size = int | tuple[int, ...]


@dataclass(frozen=True)
class Request:
    """Forms of one model, and how they are compared.

    Attributes:
        paths: the forms, as the user names them; the first with values is the reference.
        inputs, outputs: tensor names; empty where they are found.
        signature, tags: which signature and graph of a SavedModel; None for the usual one.
        rename: pairs of a variable's name in the checkpoint and in the graph; `*` is allowed.
        ema: whether moving averages take the place of the values that they average.
        seed: of the feeds that are made.
        dims: sizes of open dimensions, as `--dim` gives them.
        feeds: files with feeds; without any, feeds are made.
        outputs_only: whether values are left out of the comparison.
        tolerance: in place of that of the profiles, relative to the root mean square.
        trust: SHA-256 of files that may hold operations which act on the machine.
        proof: folder of a proof: compared with where it exists, else written.
        url: address of a served model that is compared, too.
    """

    paths: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    signature: str | None = None
    tags: tuple[str, ...] | None = None
    rename: tuple[tuple[str, str], ...] = ()
    ema: bool = False
    seed: int = 0
    dims: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    outputs_only: bool = False
    tolerance: float | None = None
    trust: tuple[str, ...] = ()
    proof: str | None = None
    url: str | None = None


_REQUEST = TypeAdapter(Request)


def to_json(request: Request) -> str:
    """Return a request as JSON."""
    return _REQUEST.dump_json(request).decode()


def parse(text: str) -> Request:
    """Return the request that `to_json` made this text of."""
    return _REQUEST.validate_json(text)

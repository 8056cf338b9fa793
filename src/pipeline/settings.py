"""The schema of params.yaml: every parameter once, with its type, range, unit and meaning.

Values live in conf/, never here: the schema has no defaults, so that a parameter has one home.
`load` reads params.yaml, checks all of it and reports all mistakes at once.
"""

import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from yaml import YAMLError

from pipeline.errors import ConfigError, nearest

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Momentum = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Threads = Annotated[int, Field(ge=0, le=1024)]
Seconds = Annotated[float, Field(ge=0, le=10**6)]
Initializer = Literal["zeros", "ones", "random_normal", "truncated_normal", "glorot_uniform"]


class Section(BaseModel):
    """A part of params.yaml: nothing unknown, nothing missing, no silent conversion."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def about(meaning: str, unit: str | None = None) -> Any:
    """Describe a parameter: its meaning and its unit."""
    return Field(description=meaning if unit is None else f"{meaning} [{unit}]")


class DataSource(Section):
    """What every data source has in common."""

    path: Annotated[str, Field(min_length=1)] = about("the file the data is read from")
    split: Literal["chronological", "random"] = about(
        "whether the test rows are the last ones or drawn at random"
    )
    test_share: Share = about("share of the labelled rows kept for the test", "0..1")
    scaling: Literal["standard", "none"] = about(
        "standard: mean 0 and deviation 1 over the training rows, inside the graph"
    )


class PricesData(DataSource):
    """Daily prices with the columns date, open, high, low, close, adj_close, volume."""

    source: Literal["sp500"]
    horizon_share: Share = about(
        "the target lies this share of all rows, rounded up, ahead", "0..1"
    )


class TableData(DataSource):
    """The user's own CSV or Parquet file."""

    source: Literal["csv"]
    target: Annotated[str, Field(min_length=1)] = about("the column to predict")
    features: Annotated[list[str], Field(min_length=1)] | None = about(
        "the columns to predict from; null: every numeric column but the target"
    )


class Linear(Section):
    """y = xW + b."""

    name: Literal["linear"]
    weights: Initializer = about("initial values of W")
    bias: Initializer = about("initial values of b")


class Mlp(Section):
    """A multilayer perceptron."""

    name: Literal["mlp"]
    hidden: Annotated[list[Count], Field(min_length=1)] = about("width of each hidden layer")
    activation: Literal["relu", "tanh", "sigmoid"] = about("activation of the hidden layers")
    dropout: Annotated[float, Field(ge=0, lt=1)] = about(
        "share of hidden values dropped while training, never afterwards", "0..1"
    )
    weights: Initializer = about("initial values of the weights")
    bias: Initializer = about("initial values of the biases")


class Optimizer(Section):
    """What every optimizer has in common; the names are those of `tf.compat.v1.train`."""

    learning_rate: Positive = about("step size", "per step")


class GradientDescent(Optimizer):
    """Plain gradient descent."""

    name: Literal["gradient_descent"]


class MomentumDescent(Optimizer):
    """Gradient descent with momentum."""

    name: Literal["momentum"]
    momentum: Momentum = about("share of the last update that is kept", "0..1")
    use_nesterov: bool = about("take the gradient after the momentum step")


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2015)."""

    name: Literal["adam"]
    beta1: Momentum = about("decay of the mean of the gradients", "0..1")
    beta2: Momentum = about("decay of the mean of their squares", "0..1")
    epsilon: Positive = about("keeps the division finite")


class Adagrad(Optimizer):
    """Adagrad (Duchi et al., 2011)."""

    name: Literal["adagrad"]
    initial_accumulator_value: Positive = about("start of the sum of squared gradients")


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012)."""

    name: Literal["adadelta"]
    rho: Momentum = about("decay of both running means", "0..1")
    epsilon: Positive = about("keeps the division finite; sets the size of the first steps")


class RmsProp(Optimizer):
    """RMSProp (Tieleman and Hinton, 2012)."""

    name: Literal["rmsprop"]
    decay: Momentum = about("decay of the mean of the squared gradients", "0..1")
    momentum: Momentum = about("share of the last update that is kept", "0..1")
    epsilon: Positive = about("keeps the division finite")


class Ftrl(Optimizer):
    """Follow the regularized leader (McMahan et al., 2013)."""

    name: Literal["ftrl"]
    learning_rate_power: Annotated[float, Field(le=0)] = about("decay of the learning rate")
    initial_accumulator_value: Positive = about("start of the sum of squared gradients")
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class ProximalGradientDescent(Optimizer):
    """Gradient descent with exact L1 and L2 shrinkage (Duchi and Singer, 2009)."""

    name: Literal["proximal_gradient_descent"]
    l1_regularization_strength: NotNegative = about("strength of the L1 penalty")
    l2_regularization_strength: NotNegative = about("strength of the L2 penalty")


class Train(Section):
    """The training loop and its checkpoints."""

    loss: Literal["mse", "mae"] = about("mean squared or mean absolute error, of the scaled target")
    steps: Count = about("optimizer steps", "steps")
    batch_size: Count | None = about("training rows a step; null: all of them", "rows")
    xla: bool = about("compile the loop with XLA; the last bits differ from the plain loop's")
    log_every: Count = about("a point of the learning curve every so often", "steps")
    checkpoint_every: Count = about("a checkpoint every so often, and one at the end", "steps")
    max_to_keep: Count = about("newest checkpoints that are kept")
    keep_checkpoint_every_n_hours: Positive = about(
        "beside them, one is kept for good every so often", "hours"
    )
    write_meta_graph: bool = about(
        "write the graph beside every checkpoint; the last one always has it"
    )


class Device(Section):
    """Where the graph runs. Threads and oneDNN change the last bits of the results."""

    kind: Literal["cpu", "gpu", "auto"] = about("auto: the first GPU, or the CPU if there is none")
    index: Annotated[int, Field(ge=0, le=63)] = about("which device of its kind, counted from 0")
    soft_placement: bool = about("let TensorFlow move operations that the device cannot run")
    log_device_placement: bool = about("print the device of each operation")
    intra_op_threads: Threads = about("threads in one operation; 0: all cores")
    inter_op_threads: Threads = about("operations at once; 0: all cores")
    onednn: bool = about("use oneDNN's kernels on the CPU")
    fused_kernels: bool = about(
        "let sessions fuse operations, which eager execution does not: the last bits can differ"
    )


class Parity(Section):
    """The gate between a model and its release."""

    tolerance: NotNegative = about(
        "largest difference from eager execution, relative to the root mean square of its output;"
        " 0 asks for equal bits"
    )


class Figures(Section):
    """How figures look."""

    dpi: Annotated[int, Field(ge=20, le=600)] = about("resolution", "dots per inch")
    width: Annotated[float, Field(ge=2, le=40)] = about("width of a figure", "inches")
    height: Annotated[float, Field(ge=1, le=40)] = about("height of a figure", "inches")


class Evaluation(Section):
    """How the restored models are compared, measured and shown."""

    parity: Parity
    figures: Figures


class Tracking(Section):
    """MLflow. Nothing here changes an out, so that no stage but `track` depends on it."""

    experiment: Annotated[str, Field(min_length=1, max_length=200)] = about(
        "name of the MLflow experiment"
    )
    live_after: Seconds = about(
        "training shorter than this is logged when it is done, longer training also live", "s"
    )
    flush_every: Annotated[float, Field(gt=0, le=10**6)] = about(
        "points are sent live every so often", "s"
    )


class Settings(Section):
    """All of params.yaml."""

    seed: Seed = about("the root of all randomness: split, initial values, batches, dropout")
    data: Annotated[PricesData | TableData, Field(discriminator="source")]
    model: Annotated[Linear | Mlp, Field(discriminator="name")]
    optimizer: Annotated[
        GradientDescent
        | MomentumDescent
        | Adam
        | Adagrad
        | Adadelta
        | RmsProp
        | Ftrl
        | ProximalGradientDescent,
        Field(discriminator="name"),
    ]
    train: Train
    device: Device
    evaluation: Evaluation
    tracking: Tracking

    SELECTORS: ClassVar[dict[str, str]] = {"data": "source", "model": "name", "optimizer": "name"}


Network = Linear | Mlp


def load(path: Path) -> Settings:
    """Read and check params.yaml.

    Numbers are read as Hydra and DVC read them (`1e-3` is a number, where plain YAML 1.1 has text).

    Raises:
        ConfigError: the file is missing or no YAML, or values do not fit the schema; the message
            lists every mistake.
    """
    try:
        values = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing; `pipeline run` composes it from conf/") from None
    except (YAMLError, OmegaConfBaseException, UnicodeDecodeError, OSError) as error:
        raise ConfigError(f"{path} cannot be read as YAML: {error}") from None
    return check(values, str(path))


def check(values: Any, where: str) -> Settings:
    """Check plain values against the schema.

    Args:
        values: nested mappings, as params.yaml holds them.
        where: what the message calls their source.

    Raises:
        ConfigError: with one line for every mistake: key, value, what is allowed, nearest key.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{where} must hold a mapping of parameters, not {_shown(values)}")
    values = _without_missing(values)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        mistakes = [_explain(details, values) for details in error.errors()]
    count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    raise ConfigError("\n  ".join([f"{where}: {count}", *mistakes]))


def _without_missing(value: Any) -> Any:
    """Drop the keys that are still `???`, OmegaConf's mark for a value that the user must give."""
    if isinstance(value, Mapping):
        return {key: _without_missing(v) for key, v in value.items() if v != "???"}
    return value


def parameters() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the dotted key and the declaration of every parameter of every variant."""
    yield from _walk(Settings, ())


def _walk(section: type[Section], above: tuple[str, ...]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        variants = [kind for kind in _kinds(field.annotation) if _is_section(kind)]
        if not variants:
            yield ".".join((*above, name)), field
        for variant in variants:
            yield from _walk(variant, (*above, name))


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def _kinds(annotation: Any) -> list[Any]:
    """Split a union into its members; any other type is its own only member."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [kind for arg in typing.get_args(annotation) for kind in _kinds(arg)]
    return [annotation]


def _explain(details: ErrorDetails, values: Any) -> str:
    """Turn one error of pydantic into `key: what is wrong; what is allowed`."""
    location = list(details["loc"])
    selector = Settings.SELECTORS.get(str(location[0]))
    chosen = values.get(location[0]) if selector else None
    if isinstance(chosen, Mapping) and len(location) > 1 and location[1] == chosen.get(selector):
        del location[1]
    names = [str(part) for part in location if not _is_branch(part)]
    key = ".".join(names)
    declared = dict(parameters())
    shown = _shown(details["input"])
    match details["type"]:
        case "extra_forbidden" if key in declared:
            return f"{key}: only with {' or '.join(_options_with(names))}"
        case "extra_forbidden":
            siblings = [name for name in declared if name.count(".") == key.count(".")]
            return f"{key}: unknown key{nearest(key, siblings)}"
        case "missing":
            return f"{key}: missing{_allowed(declared.get(key))}"
        case "union_tag_not_found":
            return f"{key}.{selector}: missing"
        case "union_tag_invalid":
            tags = details["ctx"]["expected_tags"].replace("'", "")
            wrong = str(details["ctx"]["tag"])
            return f"{key}.{selector}: got {wrong!r}; allowed: {tags}" + nearest(
                wrong, tags.split(", ")
            )
        case "model_type" | "model_attributes_type":
            return f"{key}: got {shown}; allowed: a section with keys of its own"
    name = next(
        (n for n in (".".join(names[:i]) for i in range(len(names), 0, -1)) if n in declared), ""
    )
    return f"{key}: got {shown}{_allowed(declared.get(name))}"


def _options_with(names: list[str]) -> list[str]:
    """Name the options of a group whose section has a key, such as `model=mlp` for `hidden`."""
    group, name = names[0], names[1]
    selector = Settings.SELECTORS[group]
    return [
        f"{group}={typing.get_args(variant.model_fields[selector].annotation)[0]}"
        for variant in _kinds(Settings.model_fields[group].annotation)
        if name in variant.model_fields
    ]


def _is_branch(part: str | int) -> bool:
    """Tell whether pydantic names the member of a union here, and not a key of the user's."""
    return isinstance(part, str) and (
        part in ("int", "float", "str", "bool") or "[" in part or "(" in part
    )


def _shown(value: Any) -> str:
    """Show a value with its kind, cut to a readable length."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "a section"
    text = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"
    kinds = {str: "text", bool: "true/false", int: "whole number", float: "number", list: "list"}
    return f"{text} ({kinds.get(type(value), type(value).__name__)})"


def _allowed(field: FieldInfo | None) -> str:
    """Describe what a parameter may be, from its declaration."""
    if field is None:
        return ""
    return f"; allowed: {allowed(field)} — {field.description}"


def allowed(field: FieldInfo) -> str:
    """Return the values that a parameter may have, in words.

    >>> allowed(Train.model_fields["steps"])
    'whole number ≥ 1 and ≤ 1000000000'
    """
    return _kind_in_words(field.annotation, field.metadata)


def _kind_in_words(annotation: Any, metadata: list[Any]) -> str:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        inner, *extra = typing.get_args(annotation)
        return _kind_in_words(inner, [*metadata, *_bounds(extra)])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_kind_in_words(arg, metadata) for arg in typing.get_args(annotation))
    if origin is Literal:
        choices = typing.get_args(annotation)
        return ("one of " if len(choices) > 1 else "") + ", ".join(map(str, choices))
    if origin is list:
        return "a list, each " + _kind_in_words(typing.get_args(annotation)[0], [])
    words = {int: "whole number", float: "number", str: "text", bool: "true or false"}
    kind = "null" if annotation is type(None) else words.get(annotation, str(annotation))
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    limits = [
        f"{sign} {getattr(bound, name)}"
        for bound in metadata
        for name, sign in signs.items()
        if kind != "null" and getattr(bound, name, None) is not None
    ]
    return " ".join([kind, " and ".join(limits)]).strip()


def _bounds(extra: list[Any]) -> list[Any]:
    return [bound for item in extra for bound in getattr(item, "metadata", [item])]


def as_markdown() -> str:
    """Return docs/parameters.md: every parameter with what it may be and what it means."""
    lines = [
        "# Parameters",
        "",
        "Made from the schema in `src/pipeline/settings.py` by `make docs`. Values are in `conf/`;",
        "a variant is chosen by its group, such as `optimizer=adam`.",
        "",
        "| key | allowed | meaning |",
        "| --- | --- | --- |",
    ]
    rows = [
        f"| `{key}` | {allowed(field)} | {field.description} |"
        for key, field in parameters()
        if field.description  # a selector, such as model.name, has none
    ]
    return "\n".join([*lines, *dict.fromkeys(rows)]) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")

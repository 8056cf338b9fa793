"""Types and helpers that all sections of the schema use."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError


def refuse_once(value: object, check: ValidatorFunctionWrapHandler) -> object:
    """Check a union, with one error in place of one for each of its members."""
    try:
        return check(value)
    except ValidationError:
        raise PydanticCustomError("union", "fits no member of the union") from None


Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(gt=0, lt=1)]
ShareOrZero = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
NotNegativeOrAuto = Annotated[NotNegative | Literal["auto"], WrapValidator(refuse_once)]
Count = Annotated[int, Field(ge=1, le=10**9)]
CountOrZero = Annotated[int, Field(ge=0, le=10**9)]
CountOrAuto = Annotated[Count | Literal["auto"], WrapValidator(refuse_once)]
CountAutoOrNone = Annotated[Count | Literal["auto"] | None, WrapValidator(refuse_once)]
Width = Annotated[int, Field(ge=1, le=10**6)]
Threads = Annotated[int, Field(ge=0, le=1024)]
Seconds = Annotated[float, Field(ge=0, le=10**6)]
Text = Annotated[str, Field(min_length=1)]
NamesOrMap = Annotated[list[Text] | dict[str, Text] | None, WrapValidator(refuse_once)]

# pydantic reads a declaration where a type checker expects a value of the parameter's type.
Declared = Any


class Section(BaseModel):
    """A part of params.yaml: no unknown keys, no missing keys, no silent conversion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
        protected_namespaces=(),
    )


def about(
    meaning: str, unit: str | None = None, alias: str | None = None, allowed: str | None = None
) -> Declared:
    """Declare a parameter with its meaning, its unit, and what is allowed if the type is vague."""
    description = meaning if unit is None else f"{meaning} [{unit}]"
    extra: dict[str, JsonValue] | None = None if allowed is None else {"allowed": allowed}
    return Field(description=description, alias=alias, json_schema_extra=extra)


def _check_target(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")) or "." not in name:
        raise ValueError("allowed: MODULE.FUNCTION, such as my_module.my_network")
    return name


Target = Annotated[str, AfterValidator(_check_target)]

# Distributions of initial values, and the parameters that each has.
DISTRIBUTIONS: dict[str, tuple[str, ...]] = {
    "zeros": (),
    "ones": (),
    "random_normal": ("mean", "stddev"),
    "truncated_normal": ("mean", "stddev"),
    "random_uniform": ("minval", "maxval"),
    "glorot_uniform": (),
    "glorot_normal": (),
    "he_uniform": (),
    "he_normal": (),
    "orthogonal": ("gain",),
}


def _check_initial_value(value: object) -> object:
    """Check one initial value: a distribution, numbers, or a file with numbers."""
    match value:
        case str() if value in DISTRIBUTIONS or value.endswith(".npy"):
            return value
        case {"name": str(name), **parameters} if name in DISTRIBUTIONS:
            if not set(parameters) <= set(DISTRIBUTIONS[name]):
                known = ", ".join(DISTRIBUTIONS[name]) or "none"
                raise ValueError(f"allowed parameters of {name}: {known}")
            if all(type(number) in (int, float) for number in parameters.values()):
                return value
        case _ if value != [] and _all_numbers(value):
            return value
    raise ValueError(
        f"allowed: one of {', '.join(DISTRIBUTIONS)}; {{name: …}} with its parameters; a number;"
        " a list of numbers; a .npy file"
    )


def _all_numbers(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_all_numbers, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


InitialValue = Annotated[Any, AfterValidator(_check_initial_value)]


def _check_initial_value_or_auto(value: object) -> object:
    return value if value == "auto" else _check_initial_value(value)


InitialValueOrAuto = Annotated[Any, AfterValidator(_check_initial_value_or_auto)]

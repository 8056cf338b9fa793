"""What all sections of the schema are made of."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Seed = Annotated[int, Field(ge=0, lt=2**31)]
Share = Annotated[float, Field(gt=0, lt=1)]
ShareOrNone = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Width = Annotated[int, Field(ge=1, le=10**6)]
Threads = Annotated[int, Field(ge=0, le=1024)]
Seconds = Annotated[float, Field(ge=0, le=10**6)]
Text = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """A part of params.yaml: nothing unknown, nothing missing, no silent conversion."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        serialize_by_alias=True,
        protected_namespaces=(),
    )


def about(meaning: str, unit: str | None = None, **more: Any) -> Any:
    """Describe a parameter: its meaning and its unit."""
    return Field(description=meaning if unit is None else f"{meaning} [{unit}]", **more)


def _dotted(name: str) -> str:
    if not all(part.isidentifier() for part in name.split(".")) or "." not in name:
        raise ValueError("allowed: MODULE.FUNCTION, such as my_module.my_network")
    return name


Target = Annotated[str, AfterValidator(_dotted)]


# Distributions of initial values, and the parameters that each may be given.
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


def _initial_value(value: Any) -> Any:
    """Check one initial value: a distribution, numbers, or a file of numbers."""
    allowed = (
        f"allowed: one of {', '.join(DISTRIBUTIONS)}; {{name: …, and its parameters}}; a number;"
        " a list of numbers; a .npy file"
    )
    match value:
        case str() if value in DISTRIBUTIONS or value.endswith(".npy"):
            return value
        case dict():
            name, parameters = value.get("name"), set(value) - {"name"}
            if (
                isinstance(name, str)
                and name in DISTRIBUTIONS
                and parameters <= set(DISTRIBUTIONS[name])
            ):
                if all(type(value[key]) in (int, float) for key in parameters):
                    return value
            elif isinstance(name, str) and name in DISTRIBUTIONS:
                known = ", ".join(DISTRIBUTIONS[name]) or "none"
                raise ValueError(f"the parameters of {name} are: {known}")
        case int() | float() if not isinstance(value, bool):
            return value
        case list() if value and _all_numbers(value):
            return value
    raise ValueError(allowed)


def _all_numbers(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_all_numbers, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


InitialValue = Annotated[Any, AfterValidator(_initial_value)]

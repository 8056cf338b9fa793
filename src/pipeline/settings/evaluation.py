"""The schema of `evaluation` and `tracking`."""

from typing import Annotated

from pydantic import Field

from pipeline.settings.basis import NotNegative, Seconds, Section, about


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
    patience: Seconds = about(
        "a run that the store has not taken by then is kept, and sent later", "s"
    )

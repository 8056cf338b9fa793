"""The schema of `evaluation`: the parity gate and the figures."""

from typing import Annotated

from pydantic import Field

from pipeline.schema.base import NotNegative, Section, about


class Parity(Section):
    """The parity gate: restored models must give the outputs of eager execution."""

    tolerance: NotNegative = about(
        "largest difference from eager execution, relative to the root mean square of its output;"
        " 0: equal bits"
    )


class Figures(Section):
    """Size and resolution of figures."""

    dpi: Annotated[int, Field(ge=20, le=600)] = about("resolution", "dots per inch")
    width: Annotated[float, Field(ge=2, le=40)] = about("width of a figure", "inches")
    height: Annotated[float, Field(ge=1, le=40)] = about("height of a figure", "inches")


class Evaluation(Section):
    """How restored models are compared and results are plotted."""

    parity: Parity
    figures: Figures

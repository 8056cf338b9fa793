"""Real tables that Python packages ship, as they come: the extra `tables` installs the packages.

A table is a file of the package, or what pandas writes of the table that the package returns, with
its index. Nothing is renamed, converted, filled or left out.
"""

import importlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ShippedTable:
    """A table of a package, and the column to predict.

    Attributes:
        write: writes the table to a path.
        linear_is_enough: whether `model=linear` has to be as good as the closed form.
    """

    name: str
    package: str
    target: str
    write: Callable[[Path], None]
    linear_is_enough: bool = False

    @property
    def file(self) -> str:
        """The name of the file."""
        return f"{self.name}.csv"

    def command(self, model: str) -> list[str]:
        """Return what follows `pipeline run`."""
        target = f"data.target={self.target}"
        return ["data=csv", f"data.path={self.file}", target, f"model={model}"]


def _copied(package: str, name: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with as_file(files(package) / name) as file:
            shutil.copyfile(file, path)

    return write


def _returned(module: str, function: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        found: Any = importlib.import_module(module)
        for name in function.split("."):
            found = getattr(found, name)
        found().to_csv(path)

    return write


def _of_scikit_learn(name: str, path: Path) -> None:
    loader = getattr(importlib.import_module("sklearn.datasets"), f"load_{name}")
    loader(as_frame=True).frame.to_csv(path)


def _of_statsmodels(name: str, path: Path) -> None:
    module = importlib.import_module(f"statsmodels.datasets.{name}")
    module.load_pandas().data.to_csv(path)


def _statsmodels(name: str, target: str, **options: Any) -> ShippedTable:
    write = _copied(f"statsmodels.datasets.{name}", f"{name}.csv")
    return ShippedTable(name, "statsmodels", target, write, **options)


def _loaded(name: str, target: str) -> ShippedTable:
    return ShippedTable(name, "statsmodels", target, partial(_of_statsmodels, name))


def _vega(name: str, target: str) -> ShippedTable:
    write = _returned("vega_datasets", f"local_data.{name.replace('-', '_')}")
    return ShippedTable(name, "vega_datasets", target, write)


def _plotly(name: str, target: str) -> ShippedTable:
    return ShippedTable(name, "plotly", target, _returned("plotly.data", name))


def _penguins(function: str, name: str, target: str) -> ShippedTable:
    write = _returned("palmerpenguins", function)
    return ShippedTable(name, "palmerpenguins", target, write)


def _arch(name: str, target: str, **options: Any) -> ShippedTable:
    return ShippedTable(name, "arch", target, _returned(f"arch.data.{name}", "load"), **options)


def _scikit_learn(name: str, target: str) -> ShippedTable:
    return ShippedTable(name, "scikit-learn", target, partial(_of_scikit_learn, name))


TABLES = (
    _scikit_learn("diabetes", "target"),
    _scikit_learn("breast_cancer", "target"),
    _penguins("load_penguins", "penguins", "species"),
    _penguins("load_penguins", "penguins-mass", "body_mass_g"),
    _penguins("load_penguins_raw", "penguins-raw", "Body Mass (g)"),
    _vega("iris", "species"),
    _vega("cars", "Miles_per_Gallon"),
    _vega("barley", "yield"),
    _vega("seattle-weather", "weather"),
    _vega("stocks", "price"),
    _vega("airports", "latitude"),
    _plotly("tips", "tip"),
    _plotly("gapminder", "lifeExp"),
    _arch("binary", "admit"),
    _arch("nasdaq", "Volume", linear_is_enough=True),
    _statsmodels("star98", "PR50M", linear_is_enough=True),
    _statsmodels("macrodata", "unemp", linear_is_enough=True),
    _statsmodels("fair", "affairs"),
    _loaded("anes96", "vote"),
    _statsmodels("modechoice", "choice"),
    _statsmodels("grunfeld", "invest"),
    _loaded("co2", "co2"),
    _statsmodels("fertility", "2011"),
)

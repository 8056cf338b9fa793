"""Examples from a function of the user's own."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.data.sources import read_examples
from pipeline.errors import ConfigError, DataError
from pipeline.workspace import Workspace

from ..made import prepared_of

pytestmark = pytest.mark.slow

IMPORTS = """
import numpy as np
import pandas as pd
from pipeline.data.sources import Examples
"""


@pytest.fixture
def read(data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Read examples from `def load(path, …)` of a module in the current folder."""

    def run(source: str, name: str = "own.load", **options):
        chosen = data(
            "custom", path=str(tmp_path), target_=name, options=options, split="chronological"
        )
        (tmp_path / "own.py").write_text(IMPORTS + source)
        monkeypatch.chdir(tmp_path)
        examples = read_examples(chosen, Workspace.here())
        return examples, prepared_of(chosen, examples)

    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield run
    sys.modules.pop("own", None)


def test_a_table_and_a_column_are_a_regression(read, tmp_path: Path):
    source = """
def load(path, rows):
    frame = pd.DataFrame({"a": range(rows), "b": np.arange(rows) ** 2, "y": len(path)})
    return frame[["a", "b"]], frame["y"] + frame["a"]
"""
    examples, (dataset, splits) = read(source, rows=30)
    assert (dataset.features, dataset.target, dataset.task) == (("a", "b"), "target", "regression")
    assert [len(split.index) for split in splits.values()] == [24, 0, 6, 0]
    assert examples.label[0, 0] == len(str(tmp_path))


def test_an_array_of_images_keeps_its_shape(read):
    source = """
def load(path):
    return np.arange(120.0).reshape(10, 3, 4), pd.Series(range(10), name="count")
"""
    examples, (dataset, _) = read(source)
    assert (dataset.shape, dataset.target) == ((3, 4), "count")
    assert dataset.features[5] == "x_1_1"
    np.testing.assert_array_equal(examples.features, np.arange(120).reshape(10, 12))


def test_examples_are_taken_as_they_are(read):
    source = """
def load(path):
    label = np.arange(12)[:, None] % 2
    return Examples(np.random.default_rng(0).normal(size=(12, 2)), label, ["a", "b"], "kind",
                    task="classification", classes=["no", "yes"])
"""
    _, (dataset, splits) = read(source)
    assert (dataset.classes, dataset.features) == (("no", "yes"), ("a", "b"))
    np.testing.assert_array_equal(splits["train"].index, range(1, 10))


GOOD = "np.eye(4)[:, :2], np.ones((4, 1)), ('a', 'b'), 'y'"


@pytest.mark.parametrize(
    ("what", "returned", "expected"),
    [
        ("nothing", "None", "returned NoneType; return pipeline.data.sources.Examples"),
        ("one array", "np.ones(3)", "returned ndarray"),
        ("lists", "[1, 2], [3]", "returned tuple"),
        (
            "more targets than rows",
            "np.ones((3, 2)), np.ones(4)",
            r"3 rows of features and a target of shape \[4\]",
        ),
        (
            "text",
            "pd.DataFrame({'a': ['x', 'y']}), np.ones(2)",
            "'a' has text, such as 'x', in rows 1, 2",
        ),
        (
            "a missing target",
            "np.ones((2, 2)), np.array([1, np.nan])",
            "'target' is empty or NaN in row 2",
        ),
        (
            "two columns of one name",
            "pd.DataFrame([[1, 2]], columns=['a', 'a']), np.ones(1)",
            "two columns a",
        ),
        ("no images", "np.ones((0, 2, 3)), np.ones(0)", r"features must be .*, not \[0, 6\]"),
        ("a single number", "np.array(1.0), np.ones(2)", "1 rows of features and a target"),
        (
            "no rows",
            "np.ones((0, 2)), np.ones(0)",
            r"features must be \[rows, columns\], not \[0, 2\]",
        ),
        (
            "flat features",
            "Examples(np.ones(3), np.ones((3, 1)), ('a',), 'y')",
            r"features must be .* not \[3\]",
        ),
        (
            "a flat label",
            "Examples(np.ones((3, 1)), np.ones(3), ('a',), 'y')",
            r"label must be \[3, 1\], not",
        ),
        (
            "a list as label",
            "Examples(np.ones((3, 1)), [[1]] * 3, ('a',), 'y')",
            "label must be a numpy array",
        ),
        (
            "text as label",
            "Examples(np.ones((1, 1)), np.array([['x']]), ('a',), 'y')",
            "must hold numbers",
        ),
        (
            "an infinity",
            "Examples(np.full((1, 1), np.inf), np.ones((1, 1)), ('a',), 'y')",
            "in row 1",
        ),
        (
            "too short an index",
            f"Examples({GOOD}, index=np.arange(3))",
            r"index must be \[4\], not \[3\]",
        ),
        (
            "objects as index",
            f"Examples({GOOD}, index=np.array([None] * 4))",
            "index holds objects",
        ),
        (
            "latest rows without index",
            f"Examples({GOOD}, latest_features=np.ones((2, 2)))",
            r"latest_features must be \[0, 2\]",
        ),
        (
            "too few names",
            "Examples(np.eye(2), np.ones((2, 1)), ('a',), 'y')",
            "must be 2 different names",
        ),
        (
            "a name twice",
            "Examples(np.eye(2), np.ones((2, 1)), ('a', 'a'), 'y')",
            "must be 2 different names",
        ),
        (
            "an unknown task",
            f"Examples({GOOD}, task='guess')",
            "task must be one of .*, not 'guess'",
        ),
        (
            "no classes",
            f"Examples({GOOD}, task='classification')",
            "classes must be at least two names",
        ),
        (
            "a shape that does not fit",
            f"Examples({GOOD}, shape=(3, 1))",
            r"shape \(3, 1\) must have 2 elements",
        ),
        (
            "pairs that are none",
            f"Examples({GOOD}, task='similarity')",
            "shape of a pair must begin with 2",
        ),
        (
            "an unknown `today`",
            f"Examples({GOOD}, today='c')",
            "today must be the name of a feature",
        ),
        (
            "an unknown part",
            f"Examples({GOOD}, part=np.array(['train', 'exam'] * 2))",
            "not exam as in row 2",
        ),
        (
            "a label beyond the classes",
            "Examples(np.eye(2), np.array([[1.0], [2]]), ('a', 'b'), 'y', task='classification',"
            " classes=('p', 'q'))",
            "label must be one of 0 to 1, not 2 as in row 2",
        ),
    ],
)
def test_what_does_not_fit_is_one_message(failure, read, what, returned, expected):
    expected = rf"(?s)data\._target_=own\.load.*{expected}"
    with failure.raises(f"own data function returns {what}", DataError, match=expected):
        read(f"def load(path):\n    return {returned}\n")


@pytest.mark.parametrize(
    ("what", "error", "name", "options", "expected"),
    [
        (
            "no module with the own data function",
            ConfigError,
            "absent.load",
            {},
            "absent.py does not exist",
        ),
        (
            "no module in a package of data functions",
            ConfigError,
            "own.deep.load",
            {},
            "own/deep.py does not exist",
        ),
        (
            "a data function with another name",
            ConfigError,
            "own.lode",
            {},
            "has no function 'lode'; nearest: load",
        ),
        (
            "an option that the data function lacks",
            DataError,
            "own.load",
            {"rows": 3},
            "does not accept the path and data.options: got an unexpected",
        ),
        (
            "`path` among the options",
            DataError,
            "own.load",
            {"path": "x"},
            "multiple values for argument 'path'",
        ),
    ],
)
def test_a_function_that_is_not_there_is_one_message(
    failure, read, what, error, name, options, expected
):
    with failure.raises(what, error, match=expected):
        read("def load(path):\n    return None\n", name, **options)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("def load(path):\n    import absent_library\n", ModuleNotFoundError),
        ("def load(path):\n    return 1 / 0\n", ZeroDivisionError),
        ("def load(path):\n    return len(1)\n", TypeError),
    ],
)
def test_a_mistake_in_the_users_code_keeps_its_traceback(read, source, error):
    with pytest.raises(error):
        read(source)


def test_features_may_be_a_table_with_numbers_as_names(read):
    _, (dataset, _) = read(
        "def load(path):\n    return pd.DataFrame(np.random.rand(9, 2)), np.random.rand(9)\n"
    )
    assert dataset.features == ("0", "1")


def test_pandas_and_numpy_agree(read):
    frame = pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9.0) ** 2})
    _, (_, splits) = read(
        "def load(path):\n    a = np.arange(9.0)\n    return np.column_stack([a, a**2]), a\n"
    )
    np.testing.assert_array_equal(splits["train"].features, frame.to_numpy()[:7])

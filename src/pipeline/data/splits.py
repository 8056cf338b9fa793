"""Which rows the model learns from and which judge it."""

import math

import numpy as np

from pipeline.errors import DataError


def split_rows(rows: int, how: str, test_share: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the row numbers of the training and of the test split, each ascending.

    `chronological` takes the last rows as the test; `random` draws them as scikit-learn's
    `train_test_split` does.

    Raises:
        DataError: a split would have fewer than two rows.
    """
    test = math.ceil(rows * test_share)
    if test < 2 or rows - test < 2:
        raise DataError(
            f"{rows} labelled {'row' if rows == 1 else 'rows'} with data.test_share={test_share:g}"
            f" leave {max(rows - test, 0)} for training and {test} for the test;"
            " each needs two at least"
        )
    everything = np.arange(rows)
    if how == "chronological":
        return everything[:-test], everything[-test:]
    from sklearn.model_selection import train_test_split  # a second of imports

    train_rows, test_rows = train_test_split(everything, test_size=test, random_state=seed)
    return np.sort(train_rows), np.sort(test_rows)

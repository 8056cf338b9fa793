"""Rows that are drawn at random, and rows that are drawn within classes.

Rows are those that scikit-learn's `train_test_split` draws. Rare classes, which it may leave
without a row, are looked after here.
"""

import numpy as np

Pair = tuple[np.ndarray, np.ndarray]  # the rows that are kept, and those that are taken


def draw(rows: np.ndarray, size: int, seed: int, strata: np.ndarray | None = None) -> Pair:
    """Take `size` of ascending rows at random, within classes where `strata` gives their numbers.

    Args:
        strata: `[len(rows)]`, the class of each of the rows, each at least twice.
    """
    if strata is None:  # scikit-learn would take four times the memory
        order = rows.copy()
        np.random.RandomState(seed).shuffle(order)  # as scikit-learn does
        taken, kept = order[:size], order[size:]
        taken.sort()
        kept.sort()
        return kept, taken
    from sklearn.model_selection import train_test_split  # takes a second to import

    kept, taken = train_test_split(rows, test_size=size, random_state=seed, stratify=strata)
    return np.sort(kept), np.sort(taken)


def can_draw(strata: np.ndarray, size: int) -> bool:
    """Tell whether both parts have enough rows for one of each class."""
    return min(size, len(strata) - size) >= len(np.unique(strata))


def draw_each(rows: np.ndarray, size: int, seed: int, strata: np.ndarray) -> Pair:
    """Take `size` rows within classes, at least one of each class.

    scikit-learn may round the share of a rare class to no row. One of its rows is then exchanged
    for a row of the class that has the most of the rows taken.
    """
    numbers = np.arange(len(rows))
    kept, taken = draw(numbers, size, seed, strata)
    generator = np.random.default_rng(seed)
    for rare in np.setdiff1d(strata, strata[taken]):
        largest = np.bincount(strata[taken]).argmax()
        back = generator.choice(taken[strata[taken] == largest])
        lone = generator.choice(kept[strata[kept] == rare])
        kept = np.append(kept[kept != lone], back)
        taken = np.append(taken[taken != back], lone)
    return rows[np.sort(kept)], rows[np.sort(taken)]


def draw_where_possible(rows: np.ndarray, size: int, seed: int, strata: np.ndarray) -> Pair:
    """Take about `size` rows within classes, and keep a row of each class.

    A class with one row keeps it. Where `size` is below the number of classes, rows are drawn
    from all classes together.
    """
    is_rare = np.bincount(strata)[strata] < 2
    others, within = rows[~is_rare], strata[~is_rare]
    if not len(others) or not can_draw(within, size):
        return keep_each(*draw(np.arange(len(rows)), size, seed), strata, rows)
    kept, taken = draw(others, size, seed, within)
    return np.sort(np.concatenate([kept, rows[is_rare]])), taken


def keep_each(kept: np.ndarray, taken: np.ndarray, strata: np.ndarray, rows: np.ndarray) -> Pair:
    """Return the rows of two parts, after those of classes without a kept row are kept, too.

    Args:
        kept, taken: places in `strata` and `rows`.
    """
    is_lone = ~np.isin(strata[taken], strata[kept])
    return rows[np.sort(np.concatenate([kept, taken[is_lone]]))], rows[taken[~is_lone]]

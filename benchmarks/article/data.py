"""The article's data: four features of daily prices, the adjusted close some weeks later."""

import math
import sys

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split


def splits() -> list[np.ndarray]:
    """Return standardized features and label of 80 % of the rows, then of the others."""
    prices = pd.read_csv(sys.argv[1])
    close, ahead = prices["adj_close"], math.ceil(0.01 * len(prices))
    table = pd.DataFrame(
        {
            "close": close,
            "range": (prices["high"] - prices["low"]) / prices["close"] * 100,
            "change": (prices["close"] - prices["open"]) / prices["open"] * 100,
            "volume": prices["volume"],
        }
    )
    features = ((table - table.mean()) / table.std()).to_numpy(np.float32)[:-ahead]
    label = close.shift(-ahead).to_numpy(np.float32)[:-ahead, None]
    return list(train_test_split(features, label, test_size=0.2, random_state=0))

"""Predict for a CSV file by a saved Keras model: MODEL SOURCE TARGET."""

import sys

import keras
import pandas as pd

model, source, to = sys.argv[1:]

table = pd.read_csv(source)
predicted = keras.models.load_model(model).predict(table.to_numpy("float32"), verbose=0)
table["prediction"] = predicted[:, 0]
table.to_csv(to, index=False)

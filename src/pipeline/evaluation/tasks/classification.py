"""Classification: one of K classes is predicted, by its probability."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipeline.data.prepared import Dataset, Split

# No probability counts as less, so that a class that was ruled out has a finite log loss.
SMALLEST = float(np.finfo(np.float64).eps)

# Rows that the logistic regression learns from at most: on all of MNIST it takes minutes.
BASELINE_ROWS = 10_000


@dataclass(frozen=True)
class Classification:
    """A prediction is the probabilities of all classes, `[rows, K]`."""

    dataset: Dataset

    cost_name: ClassVar[str] = "log loss"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return accuracy, log loss, macro F1 and ROC AUC.

        F1 is averaged over the classes that are there or are predicted. ROC AUC is one against
        rest, averaged over the classes, and left out where a class has no row.
        """
        label, probability = _classes(split.label), _normalized(prediction)
        predicted = prediction.argmax(1)
        metrics = {
            "accuracy": float(np.mean(predicted == label)),
            "log_loss": self.cost(prediction, split.label),
            "macro_f1": float(f1_score(label, predicted, average="macro", zero_division=0)),
        }
        if len(np.unique(label)) == prediction.shape[1]:
            score = probability[:, 1] if prediction.shape[1] == 2 else probability
            metrics["roc_auc"] = float(roc_auc_score(label, score, multi_class="ovr"))
        return metrics

    def baselines(self, train: Split, test: Split) -> dict[str, dict[str, float]]:
        """Measure scikit-learn's logistic regression, and the classes' shares of the training."""
        predictions = self.baseline_predictions(train, test)
        return {name: self.metrics(values, test) for name, values in predictions.items()}

    def baseline_predictions(self, train: Split, test: Split) -> dict[str, np.ndarray]:
        """Return each baseline's prediction of the test rows, `[rows, K] float64`."""
        count, label = len(self.dataset.classes), _classes(train.label)
        share = np.bincount(label, minlength=count) / len(label)
        return {
            "logistic_regression": _logistic_regression(train, test, count),
            "majority_class": np.tile(share, (len(test.features), 1)),
        }

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the log loss: the mean of -ln(probability of the actual class)."""
        actual = np.take_along_axis(_normalized(output), _classes(label)[:, None], axis=1)
        return float(-np.log(actual).mean())

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return the classes `actual` and `prediction` and the probability of the latter."""
        names = np.array(self.dataset.classes)
        predicted = {"prediction": names[prediction.argmax(1)], "probability": prediction.max(1)}
        if not len(split.label):
            return predicted
        return {"actual": names[_classes(split.label)], **predicted}


def _classes(label: np.ndarray) -> np.ndarray:
    """Return the numbers of the classes, `[rows, 1] float32` → `[rows] int64`."""
    return label[:, 0].astype(np.int64)


def _normalized(prediction: np.ndarray) -> np.ndarray:
    """Return probabilities that are above 0 and add up to 1, `[rows, K] float64`."""
    positive = np.maximum(prediction.astype(np.float64), SMALLEST)
    return np.asarray(positive / positive.sum(1, keepdims=True))


def _logistic_regression(train: Split, test: Split, count: int) -> np.ndarray:
    """Predict the test rows by a logistic regression of standardized features, `[rows, count]`."""
    step = -(-len(train.label) // BASELINE_ROWS)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train.features[::step].astype(np.float64), _classes(train.label[::step]))
    probability = np.zeros((len(test.features), count))
    probability[:, model.classes_] = model.predict_proba(test.features.astype(np.float64))
    return probability

"""Classification: the prediction is the probability of each of K classes."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import Split
from pipeline.evaluation.report.results import Draw, Results
from pipeline.evaluation.tasks.base import Task
from pipeline.evaluation.tasks.measures import log_loss, measure_classes

# Most training rows of the logistic regression: on the whole of MNIST it takes minutes.
BASELINE_ROWS = 10_000


@dataclass(frozen=True)
class Classification(Task):
    """A prediction is the probabilities of all classes, `[rows, K]`."""

    cost_name: ClassVar[str] = "log loss"

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return accuracy, log loss, F1 averaged over the classes that are present or predicted.

        ROC AUC is one against rest, averaged over all classes; left out where one has no rows.
        """
        return measure_classes(_class_numbers(split.label), prediction)

    def baseline_predictions(self, train: Split, test: Split) -> dict[str, np.ndarray]:
        """Predict by scikit-learn's logistic regression, and by the shares of the classes."""
        count, label = len(self.dataset.classes), _class_numbers(train.label)
        share = np.bincount(label, minlength=count) / len(label)
        return {
            "logistic_regression": _predict_logistic_regression(train, test, count),
            "majority_class": np.tile(share, (len(test.features), 1)),
        }

    def cost(self, output: np.ndarray, label: np.ndarray) -> float:
        """Return the log loss: the mean of -ln(probability of the actual class)."""
        return log_loss(_class_numbers(label), output)

    def columns(self, prediction: np.ndarray, split: Split) -> dict[str, np.ndarray]:
        """Return the classes `actual` and `prediction`, and the probability of the latter."""
        names = np.array(self.dataset.classes)
        actual = {"actual": names[_class_numbers(split.label)]} if len(split.label) else {}
        predicted = {"prediction": names[prediction.argmax(1)], "probability": prediction.max(1)}
        return {**actual, **predicted}

    def figures(self, results: Results) -> dict[str, Draw]:
        """Return the confusion matrix, the confidence and the learning curve."""
        from pipeline.evaluation.report.figures import classification as draw

        own = {"confusion_matrix": draw.confusion_matrix, "confidence": draw.confidence}
        return {**own, **super().figures(results)}


def _class_numbers(label: np.ndarray) -> np.ndarray:
    return label[:, 0].astype(np.int64)


def _predict_logistic_regression(train: Split, test: Split, count: int) -> np.ndarray:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    step = -(-len(train.label) // BASELINE_ROWS)  # evenly spaced rows
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train.features[::step].astype(np.float64), _class_numbers(train.label[::step]))
    probability = np.zeros((len(test.features), count))
    probability[:, model.classes_] = model.predict_proba(test.features.astype(np.float64))
    return probability

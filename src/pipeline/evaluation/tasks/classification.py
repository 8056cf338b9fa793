"""Classification: the prediction is the probability of each of K classes."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import EncodedRows, Split
from pipeline.evaluation.report.results import Draw, Results
from pipeline.evaluation.tasks.base import Task
from pipeline.evaluation.tasks.design import design_matrix
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

    def baseline_predictions(self, train: EncodedRows, test: Split) -> dict[str, np.ndarray]:
        """Predict by scikit-learn's logistic regression, and by the shares of the classes."""
        count, label = len(self.dataset.classes), _class_numbers(train.label)
        share = np.bincount(label, minlength=count) / len(label)
        return {
            "logistic_regression": self._predict_logistic_regression(train, test),
            "majority_class": np.tile(share, (len(test.label), 1)),
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

    def _predict_logistic_regression(self, train: EncodedRows, test: Split) -> np.ndarray:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        encoding = self.dataset.encoding
        rows = train.select(slice(None, None, -(-len(train.label) // BASELINE_ROWS)))
        scaler = StandardScaler(with_mean=not encoding.depths)  # some matrices are sparse
        model = make_pipeline(scaler, LogisticRegression(max_iter=1000))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(design_matrix(rows, encoding), _class_numbers(rows.label))
        probability = np.zeros((len(test.label), len(self.dataset.classes)))
        found = model.predict_proba(design_matrix(test.encode(encoding), encoding))
        probability[:, model.classes_] = found
        return probability


def _class_numbers(label: np.ndarray) -> np.ndarray:
    return label[:, 0].astype(np.int64)

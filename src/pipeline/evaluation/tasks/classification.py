"""Classification: the prediction is the probability of each of K classes."""

import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pipeline.data.prepared.dataset import Dataset, EncodedRows, Split
from pipeline.evaluation import design
from pipeline.evaluation.report.results import Draw, Results
from pipeline.evaluation.tasks.base import ClosedForm, Headline, Predict, Task, weight_of
from pipeline.evaluation.tasks.measures import log_loss, measure_classes

# Most training rows of the logistic regression: on the whole of MNIST it takes minutes.
BASELINE_ROWS = 10_000


@dataclass(frozen=True)
class Classification(Task):
    """A prediction is the probabilities of all classes, `[rows, K]`."""

    cost_name: ClassVar[str] = "log loss"
    headline: ClassVar[Headline] = Headline("log_loss")
    naive: ClassVar[tuple[str, ...]] = ("majority_class",)
    closed_form: ClassVar[ClosedForm | None] = ClosedForm(
        "logistic_regression",
        networks=("softmax", "linear"),
        losses=("auto", "softmax_cross_entropy"),
    )

    def metrics(self, prediction: np.ndarray, split: Split) -> dict[str, float]:
        """Return accuracy, log loss, F1 averaged over the classes that are present or predicted.

        ROC AUC is one against rest, averaged over all classes; left out where one has no rows.
        """
        return measure_classes(_class_numbers(split.label), prediction, weight_of(split))

    def fit_predictors(self, train: EncodedRows) -> dict[str, Predict]:
        """Fit scikit-learn's logistic regression, and the shares of the classes."""
        count, label = len(self.dataset.classes), _class_numbers(train.label)
        weight = None if train.weight is None else train.weight[:, 0].astype(np.float64)
        share = np.bincount(label, weight, minlength=count) / len(label)
        return {
            "logistic_regression": _fit_logistic_regression(self.dataset, train),
            "majority_class": lambda split: np.tile(share, (len(split.label), 1)),
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


def _fit_logistic_regression(dataset: Dataset, train: EncodedRows) -> Predict:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = design.training_rows(dataset, train, BASELINE_ROWS)
    scaler = StandardScaler(with_mean=not dataset.encoding.depths)  # some matrices are sparse
    model = make_pipeline(scaler, LogisticRegression(max_iter=1000))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classes = _class_numbers(rows.label)
        model.fit(rows.features, classes, logisticregression__sample_weight=rows.weight)

    def predict(split: Split) -> np.ndarray:
        probability = np.zeros((len(split.label), len(dataset.classes)))
        found = model.predict_proba(design.features_of(dataset, split))
        probability[:, model.classes_] = found
        return probability

    return predict

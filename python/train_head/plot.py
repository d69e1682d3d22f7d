"""Plots of trained heads, with matplotlib, which is imported when the first is drawn.

Every function draws into `ax`, or into new axes, and returns the axes.
"""

import numpy as np

__all__ = [
    "calibration",
    "confusion",
    "costs",
    "encrypted_against_plain",
    "learning_curve",
    "monitor",
    "precision_recall",
    "roc",
]


def confusion(estimator, X, y, *, ax=None, **options):
    """Confusion matrix of a classifier on samples."""
    from sklearn.metrics import ConfusionMatrixDisplay

    return ConfusionMatrixDisplay.from_estimator(estimator, X, y, ax=_axes(ax), colorbar=False, **options).ax_


def roc(estimator, X, y, *, ax=None, **options):
    """ROC curve of a classifier on samples: of two classes one, of more one for each class against the rest."""
    from sklearn.metrics import RocCurveDisplay

    return _curves(RocCurveDisplay, estimator, X, y, _axes(ax), options)


def precision_recall(estimator, X, y, *, ax=None, **options):
    """Precision-recall curve of a classifier on samples: of two classes one, of more one for each class against the rest."""
    from sklearn.metrics import PrecisionRecallDisplay

    return _curves(PrecisionRecallDisplay, estimator, X, y, _axes(ax), options)


def calibration(estimator, X, y, *, ax=None, n_bins=10, **options):
    """Observed frequencies against predicted probabilities of a classifier, in bins of equally many samples."""
    from sklearn.calibration import CalibrationDisplay

    ax = _axes(ax)
    options = {"n_bins": n_bins, "strategy": "quantile", **options}
    for name, truth, probability in _against_the_rest(estimator, X, y):
        CalibrationDisplay.from_predictions(truth, probability, ax=ax, name=name, **options)
    return ax


def encrypted_against_plain(estimator, X, *, ax=None):
    """What the trained head says of samples, against what its plain twin says."""
    ax = _axes(ax)
    twin = estimator.exact_twin()
    outputs = [np.ravel(_outputs(one, X)) for one in (twin, estimator)]
    ends = [min(map(np.min, outputs)), max(map(np.max, outputs))]
    ax.plot(ends, ends, color="0.7", linewidth=1, zorder=0)
    ax.scatter(*outputs, s=8, alpha=0.6)
    difference = np.abs(outputs[0] - outputs[1]).max()
    ax.set(xlabel="plain twin", ylabel=estimator.mode, title=f"largest difference {difference:.1e}")
    return ax


def learning_curve(estimator, *, ax=None):
    """Loss of the plain twin on the training samples after each iteration."""
    ax = _axes(ax)
    curve = estimator.report_.curve
    if not curve:
        raise ValueError("learning_curve() needs a fit with twins=True.")
    ax.plot(range(1, len(curve) + 1), [point["loss"] for point in curve], marker="o", label="plain twin")
    own = estimator.report_.twins[estimator.mode]["loss"]
    ax.axhline(own, linestyle="--", color="0.5", label=f"{estimator.mode}, at the end")
    ax.set(xlabel="iteration", ylabel="loss")
    ax.legend()
    return ax


def monitor(estimator, *, ax=None):
    """Score on each batch of ``partial_fit``: before it was trained on, and after."""
    ax = _axes(ax)
    batches = getattr(estimator, "monitor_", None)
    if not batches:
        raise ValueError("monitor() needs an estimator that was trained with partial_fit().")
    before = [np.nan if batch["before"] is None else batch["before"]["score"] for batch in batches]
    places = [batch["batch"] for batch in batches]
    ax.plot(places, before, marker="o", label="before the batch")
    ax.plot(places, [batch["after"]["score"] for batch in batches], marker="o", label="after the batch")
    ax.set(xlabel="batch", ylabel="score")
    ax.legend()
    return ax


def costs(estimator, *, ax=None):
    """Seconds of each part of the last ``fit``; the title has the bytes."""
    ax = _axes(ax)
    report = estimator.report_
    ax.barh(list(report.seconds), list(report.seconds.values()))
    ax.invert_yaxis()
    samples, keys = (size / 1e6 for size in (report.plan.upload_bytes, report.plan.key_file_bytes))
    ax.set(xlabel="seconds", title=f"upload: {samples:.1f} MB of samples, {keys:.1f} MB of keys")
    return ax


def _axes(ax):
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots()
    return ax


def _outputs(estimator, X):
    return estimator.decision_function(X) if hasattr(estimator, "classes_") else estimator.predict(X)


def _against_the_rest(estimator, X, y):
    """Name, truth and probability of the positive class of two, or of each of several classes."""
    y, probabilities = np.asarray(y), estimator.predict_proba(X)
    classes = estimator.classes_
    for place, name in list(enumerate(classes))[1 if len(classes) == 2 else 0 :]:
        yield str(name), y == name, probabilities[:, place]


def _curves(display, estimator, X, y, ax, options):
    for name, truth, probability in _against_the_rest(estimator, X, y):
        display.from_predictions(truth, probability, ax=ax, name=name, **options)
    return ax

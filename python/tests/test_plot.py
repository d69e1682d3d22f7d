"""Plots: each draws what it says."""

import numpy as np
import pytest

from train_head import EncryptedLogisticRegression, EncryptedRidge, EncryptedSoftmax, plot

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def closed():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def two(cancer):
    X, _, y, _ = cancer
    return EncryptedLogisticRegression(mode="simulate", max_iter=3).fit(X, y)


def test_curves_of_two_classes(two, cancer):
    _, X_test, _, y_test = cancer
    for draw in (plot.roc, plot.precision_recall):
        ax = draw(two, X_test, y_test)
        (line,) = ax.get_lines()
        assert len(line.get_xdata()) > 5
    assert plot.calibration(two, X_test, y_test, n_bins=5).get_xlabel()
    matrix = plot.confusion(two, X_test, y_test)
    assert sum(int(text.get_text()) for text in matrix.texts) == len(y_test)


def test_curves_of_several_classes(flowers):
    X, y = flowers
    softmax = EncryptedSoftmax(mode="simulate", max_iter=3).fit(X, y)
    for draw in (plot.roc, plot.precision_recall):
        assert len(draw(softmax, X, y).get_lines()) == 3
    labels = plot.calibration(softmax, X, y).get_legend_handles_labels()[1]
    assert {"setosa", "versicolor", "virginica"} <= set(labels)


def test_the_trained_head_against_its_twin(two, cancer, numbers):
    ax = plot.encrypted_against_plain(two, cancer[1])
    points = ax.collections[0].get_offsets()
    assert len(points) == len(cancer[1])
    X, y = numbers
    ridge = EncryptedRidge(mode="simulate", max_iter=3).fit(X, y)
    points = plot.encrypted_against_plain(ridge, X).collections[0].get_offsets()
    assert len(points) == 2 * len(X) and np.allclose(points[:, 0], points[:, 1], rtol=0.1, atol=5)


def test_the_course_of_trainings(two, cancer):
    X, _, y, _ = cancer
    _, ax = pyplot.subplots()
    assert plot.learning_curve(two, ax=ax) is ax
    assert len(ax.get_lines()[0].get_xdata()) == two.n_iter_
    assert len(plot.costs(two).patches) == len(two.report_.seconds)
    batches = EncryptedLogisticRegression(mode="simulate", max_iter=3)
    for rows in np.array_split(np.arange(len(X)), 3):
        batches.partial_fit(X.iloc[rows], y.iloc[rows], classes=[0, 1])
    before, after = plot.monitor(batches).get_lines()
    assert np.isnan(before.get_ydata()[0]) and np.all(after.get_ydata() > 0.8)
    with pytest.raises(ValueError, match="partial_fit"):
        plot.monitor(two)
    with pytest.raises(ValueError, match="twins"):
        plot.learning_curve(EncryptedLogisticRegression(mode="simulate", max_iter=2, twins=False).fit(X, y))

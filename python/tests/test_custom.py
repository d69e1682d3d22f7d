"""Heads with a loss of the user's own."""

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor
from sklearn.metrics import mean_poisson_deviance, recall_score
from sklearn.preprocessing import StandardScaler

from train_head import EncryptedCustomHead, EncryptedLogisticRegression


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(scope="module")
def counts():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 5)) * [1, 10, 0.1, 1, 1] + [0, 50, 1, 0, 0]
    return X, rng.poisson(np.exp(0.4 + 0.5 * X[:, 0] - 0.03 * (X[:, 1] - 50)))


def test_poisson_regression(counts):
    """On ciphertexts it is in the notebook."""
    X, y = counts
    head = EncryptedCustomHead(lambda z, y: np.exp(z) - y, inverse_link=np.exp, mode="simulate").fit(X, y)
    plain = PoissonRegressor(alpha=0, max_iter=1000).fit(StandardScaler().fit_transform(X), y)
    converged = mean_poisson_deviance(y, plain.predict(StandardScaler().fit_transform(X)))
    alone = mean_poisson_deviance(y, np.full(len(y), y.mean()))
    ours = mean_poisson_deviance(y, np.maximum(head.predict(X), 1e-9))
    assert alone - ours > 0.75 * (alone - converged)
    assert head.coef_.shape == (5,) and isinstance(head.intercept_, float)
    np.testing.assert_allclose(head.decision_function(X), X @ head.coef_ + head.intercept_, atol=1e-9)
    assert list(head.report_.twins) == ["simulate", "plain"]
    assert head.report_.twins["plain"]["agreement"] < 0.05
    assert head.report_.curve[-1]["loss"] < head.report_.curve[0]["loss"]
    assert "128 bits" in str(head.estimate(X, y))


def test_any_loss_of_two_classes(cancer):
    X, X_test, y, y_test = cancer
    # malignant is 0: missing it costs five times as much
    costs = EncryptedCustomHead(
        lambda z, y: np.where(y == 1, 1, 5) * (sigmoid(z) - y), inverse_link=sigmoid, mode="simulate"
    )
    even = EncryptedCustomHead(lambda z, y: sigmoid(z) - y, inverse_link=sigmoid, mode="simulate")
    found = [recall_score(y_test, head.fit(X, y).predict(X_test) > 0.5, pos_label=0) for head in (costs, even)]
    assert found[0] >= found[1] and found[0] > 0.95
    ours = EncryptedLogisticRegression(mode="simulate", twins=False).fit(X, y)
    assert np.mean((even.predict(X_test) > 0.5) == (ours.predict(X_test) == 1)) > 0.95


@pytest.mark.parametrize("degree", [1, 2, 3, 4, 5, 7])
def test_twins_agree_for_every_degree(counts, degree):
    X, y = counts
    head = EncryptedCustomHead(
        lambda z, y: sigmoid(z) - y,
        degree=degree,
        mode="simulate",
        ridge=1.0,
        solver="gd",
        learning_rate=1.0,
        max_iter=2,
        interval=6.0,
    ).fit(X, (y > 1).astype(int))
    assert head.report_.twins["plain"]["weight_error"] < 1e-3


def test_a_polynomial_is_taken_as_it_is(counts):
    X, y = counts
    y = (y - y.mean()) / y.std()
    # least squares: the derivative is z - y
    head = EncryptedCustomHead(([0.0, 1.0], [-1.0]), mode="plain", max_iter=4).fit(X, y)
    assert head.report_.plan.method["derivative"]["by_label"] == [-1.0]
    residuals = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))]), y, rcond=None)[1][0] / len(y)
    assert np.mean((y - head.predict(X)) ** 2) < residuals + 0.05
    assert head.score(X, y) > 0.3
    # of degree 0 the loss has no minimum, and the head is what one step after the other makes of it
    assert (
        EncryptedCustomHead(([0.5], [-1.0]), mode="simulate", max_iter=2, interval=8.0).fit(X, np.sign(y)).n_iter_ == 2
    )


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"derivative": lambda z, y: y**2 * z}, "straight line"),
        ({"derivative": lambda z, y: np.log(z)}, "not finite"),
        ({"derivative": "hinge"}, "a callable, or a pair"),
        ({"derivative": ([0.0], [0.0])}, "not all zero"),
        ({"derivative": ([1.0] * 9, [0.0])}, "at most 8"),
        ({"degree": 8}, "'degree' parameter"),
        ({"interval": 1e9}, "interval"),
        ({"preset": "n99"}, "n99"),
        ({"server": "https://nowhere"}, "this process"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value", "ignore:overflow")
def test_wrong_losses_are_named(counts, parameters, words):
    X, y = counts
    with pytest.raises(ValueError, match=words):
        EncryptedCustomHead(**{"derivative": lambda z, y: sigmoid(z) - y, **parameters}).fit(X, y)

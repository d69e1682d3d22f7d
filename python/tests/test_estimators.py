"""Estimators on encrypted samples: what they learn, and what scikit-learn's users do with them."""

import pickle

import numpy as np
import pytest
from conftest import GIVEN
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from train_head import (
    DivergedError,
    EncryptedLogisticRegression,
    EncryptedMLPClassifier,
    EncryptedRidge,
    EncryptedSoftmax,
    ParametersError,
)


@pytest.fixture(scope="module")
def fitted(cancer):
    X, _, y, _ = cancer
    return EncryptedLogisticRegression(max_iter=3).fit(X, y)


def test_encrypted_logistic_regression_is_as_good_as_the_plain_one(fitted, cancer):
    X, X_test, y, y_test = cancer
    plain = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    assert fitted.score(X_test, y_test) > plain.score(X_test, y_test) - 0.02
    assert fitted.coef_.shape == (1, 30) and fitted.intercept_.shape == (1,)
    assert list(fitted.feature_names_in_) == list(X.columns) and fitted.n_features_in_ == 30
    by_hand = X_test.to_numpy() @ fitted.coef_[0] + fitted.intercept_[0]
    np.testing.assert_allclose(fitted.decision_function(X_test), by_hand, atol=1e-9)
    np.testing.assert_allclose(fitted.predict_proba(X_test)[:, 1], 1 / (1 + np.exp(-by_hand)), atol=1e-12)
    np.testing.assert_allclose(np.exp(fitted.predict_log_proba(X_test)), fitted.predict_proba(X_test))


def test_the_report_has_the_three_twins(fitted):
    report = fitted.report_
    assert list(report.twins) == ["encrypted", "simulate", "plain"]
    assert report.twins["encrypted"]["weight_error"] == 0.0
    # noise: not the same weights, nearly the same
    assert 0 < report.twins["simulate"]["weight_error"] < 1e-3
    assert report.twins["plain"]["agreement"] > 0.98
    assert {"choose", "keys", "encrypt", "train", "simulate", "plain"} == set(report.seconds)
    assert len(report.curve) == fitted.n_iter_ == report.plan.iterations
    assert report.curve[-1]["loss"] == pytest.approx(report.twins["plain"]["loss"])
    assert "128 bits" in str(report) and "encrypted" in str(report)


def test_two_fits_have_keys_and_noise_of_their_own(cancer):
    X, _, y, _ = cancer
    one, two = (EncryptedLogisticRegression(**GIVEN, twins=False).fit(X, y) for _ in range(2))
    assert not np.array_equal(one.coef_, two.coef_)
    np.testing.assert_allclose(one.coef_, two.coef_, rtol=1e-2, atol=1e-4 * np.abs(one.coef_).max())
    assert list(one.report_.twins) == ["encrypted"]
    with pytest.raises(ValueError, match="twins=True"):
        one.exact_twin()


def test_the_exact_twin_was_never_encrypted(fitted, cancer):
    X, X_test, y, _ = cancer
    twin = fitted.exact_twin()
    plain = EncryptedLogisticRegression(mode="plain", max_iter=3).fit(X, y)
    np.testing.assert_array_equal(twin.coef_, plain.coef_)
    assert not np.array_equal(twin.coef_, fitted.coef_)
    assert twin.mode == "plain" and list(twin.report_.twins) == ["plain"] and fitted.mode == "encrypted"
    np.testing.assert_array_equal(twin.exact_twin().coef_, twin.coef_)
    assert np.mean(twin.predict(X_test) == fitted.predict(X_test)) > 0.98


def test_a_pickle_holds_the_head_and_no_key(fitted, cancer):
    _, X_test, _, _ = cancer
    X, y = cancer[0], cancer[2]
    batches = EncryptedLogisticRegression(**GIVEN).partial_fit(X[:200], y[:200], classes=[0, 1])
    for estimator in (fitted, batches):
        text = pickle.dumps(estimator)
        again = pickle.loads(text)
        np.testing.assert_array_equal(again.predict_proba(X_test), estimator.predict_proba(X_test))
        assert "_session" not in again.__dict__
    assert batches._session.parties is not None
    with pytest.raises(TypeError, match="pickle"):
        pickle.dumps(batches._session.parties)
    # goes on from the head, with new keys
    again.partial_fit(X[200:], y[200:])
    assert len(again.monitor_) == 2 and again.monitor_[1]["before"]["score"] > 0.8


def test_data_frames_of_two_libraries_give_the_same(cancer):
    polars = pytest.importorskip("polars")
    X, X_test, y, _ = cancer
    frame = polars.from_pandas(X)
    ours = EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(frame, y.to_numpy())
    theirs = EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(X, y)
    np.testing.assert_array_equal(ours.coef_, theirs.coef_)
    assert list(ours.feature_names_in_) == list(X.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        ours.predict(X_test[X_test.columns[::-1]])


def test_weights_are_repetitions(cancer):
    X, _, y, _ = cancer
    X, y = X.to_numpy()[:120], y.to_numpy()[:120]
    times = np.random.default_rng(1).integers(0, 4, size=120)
    weighted = EncryptedLogisticRegression(mode="plain", **GIVEN).fit(X, y, sample_weight=times)
    repeated = EncryptedLogisticRegression(mode="plain", **GIVEN).fit(np.repeat(X, times, 0), np.repeat(y, times))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=1e-9)
    balanced = EncryptedLogisticRegression(mode="plain", class_weight="balanced", **GIVEN).fit(X, y)
    given = EncryptedLogisticRegression(mode="plain", class_weight={0: 1 / np.sum(y == 0), 1: 1 / np.sum(y == 1)}, **GIVEN)
    np.testing.assert_allclose(balanced.coef_, given.fit(X, y).coef_, rtol=1e-9)


def test_several_classes_by_name(flowers):
    X, y = flowers
    for estimator in (EncryptedSoftmax(max_iter=3), EncryptedLogisticRegression(mode="simulate", max_iter=3)):
        estimator.fit(X, y)
        assert list(estimator.classes_) == ["setosa", "versicolor", "virginica"]
        # three iterations are short of convergence
        assert estimator.coef_.shape == (3, 4) and estimator.score(X, y) > 0.8
        np.testing.assert_allclose(estimator.predict_proba(X).sum(axis=1), 1)
        assert estimator.report_.twins["plain"]["agreement"] > 0.97


def test_more_iterations_converge(flowers):
    """Six iterations are as good as sixteen by the polynomials; exact functions reach logistic regression in the clear."""
    X, y = flowers
    clear = LogisticRegression(max_iter=1000).fit(X, y).score(X, y)
    by_polynomials = EncryptedSoftmax(mode="simulate", max_iter=6, twins=False).fit(X, y)
    exact = EncryptedSoftmax(mode="plain", max_iter=16).fit(X, y)
    assert by_polynomials.score(X, y) >= 0.93 and exact.score(X, y) > clear - 0.02


def test_softmax_of_two_classes_is_logistic_regression(cancer):
    X, _, y, _ = cancer
    softmax = EncryptedSoftmax(mode="plain", max_iter=2).fit(X, y)
    np.testing.assert_array_equal(softmax.coef_, EncryptedLogisticRegression(mode="plain", max_iter=2).fit(X, y).coef_)


def test_a_hidden_layer(cancer):
    X, X_test, y, y_test = cancer
    network = EncryptedMLPClassifier(mode="simulate", hidden_layer_sizes=(8,), max_iter=6).fit(X, y)
    assert network.score(X_test, y_test) > 0.9
    assert [layer.shape for layer in network.coefs_] == [(30, 8), (8, 1)]
    assert [layer.shape for layer in network.intercepts_] == [(8,), (1,)]
    with pytest.raises(ValueError, match="one layer"):
        EncryptedMLPClassifier(hidden_layer_sizes=(8, 8)).fit(X, y)
    with pytest.raises(AttributeError, match="fitted"):
        EncryptedMLPClassifier().coefs_


def test_ridge_of_one_and_several_numbers(numbers):
    X, y = numbers
    one = EncryptedRidge(mode="simulate").fit(X, y[:, 0])
    assert one.coef_.shape == (6,) and isinstance(one.intercept_, float) and one.predict(X).shape == (300,)
    assert one.score(X, y[:, 0]) > Ridge().fit(X, y[:, 0]).score(X, y[:, 0]) - 0.01
    both = EncryptedRidge(max_iter=3).fit(X, y)
    assert both.coef_.shape == (2, 6) and both.intercept_.shape == (2,) and both.predict(X).shape == (300, 2)
    assert both.score(X, y) > 0.9 and both.report_.twins["plain"]["agreement"] < 0.05
    batches = EncryptedRidge(mode="simulate")
    for rows in np.array_split(np.arange(300), 3):
        batches.partial_fit(X[rows], y[rows])
    assert batches.score(X, y) > 0.9 and len(batches.monitor_) == 3


def test_batches_learn_without_seeing_all(cancer):
    X, X_test, y, y_test = (part.to_numpy() for part in cancer)
    estimator = EncryptedLogisticRegression(max_iter=2)
    first = True
    for rows in np.array_split(np.arange(len(X)), 4):
        estimator.partial_fit(X[rows], y[rows], classes=[0, 1] if first else None)
        if not first:
            assert estimator._session.parties is parties or estimator.monitor_[-1]["interval"] != interval
        parties, interval, first = estimator._session.parties, estimator.monitor_[-1]["interval"], False
    assert [batch["batch"] for batch in estimator.monitor_] == [1, 2, 3, 4]
    assert estimator.monitor_[0]["before"] is None and estimator.monitor_[-1]["before"]["score"] > 0.85
    # 0.959 to 0.971 in four splits of the table, as logistic regression on all samples
    assert estimator.score(X_test, y_test) > 0.95
    # what encryption adds is noise alone
    twin = EncryptedLogisticRegression(mode="simulate", max_iter=2)
    for number, rows in enumerate(np.array_split(np.arange(len(X)), 4)):
        twin.partial_fit(X[rows], y[rows], classes=[0, 1] if number == 0 else None)
    assert np.mean(twin.predict(X_test) == estimator.predict(X_test)) > 0.97


def test_a_head_far_outside_is_halved_before_the_next_batch(cancer, caplog):
    X, _, y, _ = (part.to_numpy() for part in cancer)
    estimator = EncryptedLogisticRegression(mode="plain", **GIVEN).partial_fit(X[:200], y[:200], classes=[0, 1])
    outlier = X[200:260] * np.where(np.arange(60) == 7, 6.0, 1.0)[:, None]
    largest = np.abs(estimator.decision_function(outlier)).max()
    assert 32 < largest < 128
    estimator.partial_fit(outlier, y[200:260])
    assert "halved" in caplog.text and np.abs(estimator.decision_function(outlier)).max() < largest
    with pytest.raises(DivergedError):
        estimator.partial_fit(1e6 * outlier, y[200:260])


def test_batches_refuse_what_the_first_did_not_name(cancer):
    X, _, y, _ = (part.to_numpy() for part in cancer)
    estimator = EncryptedLogisticRegression(mode="plain", **GIVEN)
    with pytest.raises(ValueError, match="classes must be passed"):
        estimator.partial_fit(X, y)
    estimator.partial_fit(X[:200], y[:200], classes=[0, 1])
    with pytest.raises(ValueError, match="did not name"):
        estimator.partial_fit(X[200:], np.where(y[200:] == 1, 7, 0))
    # a batch of one class is fine
    rows = np.flatnonzero(y == 1)[:40]
    assert len(estimator.partial_fit(X[rows], y[rows]).monitor_) == 2


def test_pipelines_and_searches(cancer):
    X, X_test, y, y_test = cancer
    pipeline = make_pipeline(StandardScaler(), EncryptedLogisticRegression(mode="simulate", twins=False))
    search = GridSearchCV(pipeline, {"encryptedlogisticregression__max_iter": [2, 4]}, cv=3).fit(X, y)
    assert search.score(X_test, y_test) > 0.93
    assert search.best_estimator_[-1].report_.mode == "simulate"
    assert clone(search.best_estimator_)[-1].get_params() == search.best_estimator_[-1].get_params()


def test_parameters_may_be_scalars_of_numpy(cancer):
    X, _, y, _ = cancer
    plain = dict(max_iter=2, learning_rate=1.0, C=1.0, ridge=0.1, preprocess="whiten", mode="simulate")
    scalars = {**plain, "max_iter": np.int64(2), "learning_rate": np.float32(1.0), "C": np.float64(1.0)}
    one, other = (EncryptedLogisticRegression(**given).fit(X, y) for given in (plain, scalars))
    np.testing.assert_array_equal(one.coef_, other.coef_)


def test_a_training_that_falls_short_is_said(caplog):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    y = (X[:, 0] + 0.3 * rng.normal(size=400) > 0).astype(int)
    # one direction hides behind cells of another scale
    X[rng.random(X.shape) < 0.01] *= 1000
    with caplog.at_level("WARNING", logger="train_head"):
        EncryptedLogisticRegression(mode="simulate", max_iter=1).fit(X, y)
    assert "worse than logistic regression in the clear" in caplog.text


def test_estimates_come_before_anything_is_encrypted(cancer):
    X, _, y, _ = cancer
    estimator = EncryptedLogisticRegression()
    exact = estimator.estimate(X, y)
    assert not hasattr(estimator, "classes_")
    assert exact.upload_bytes > 1e5 and exact.memory_bytes > exact.upload_bytes and exact.method["learning_rate"] > 0
    assert exact.expected["training"]["accuracy"] > 0.9
    larger = estimator.estimate(n_samples=100_000, n_features=384)
    assert larger.upload_bytes > 10 * exact.upload_bytes and larger.preset in str(larger)
    assert EncryptedSoftmax().estimate(n_samples=1000, n_features=20, n_classes=5).iterations > 0
    assert EncryptedRidge().estimate(n_samples=1000, n_features=20).iterations > 0
    with pytest.raises(ValueError, match="n_samples"):
        estimator.estimate()


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"mode": "secret"}, "'mode' parameter must be one of"),
        ({"solver": "adam"}, "'solver' parameter must be one of"),
        ({"solver": "gd", "momentum": 0.9}, "'momentum' parameter"),
        ({"momentum": 1.5}, "momentum = 1.5"),
        ({"preprocess": "pca"}, "'preprocess' parameter must be one of"),
        ({"preprocess": "standardize", "ridge": 1.0}, "'ridge' parameter"),
        ({"learning_rate": -1.0}, "learning_rate = -1"),
        ({"max_iter": 0}, "max_iter = 0"),
        ({"batch_size": 10_000}, "batch_size = 10000"),
        ({"C": 1.0, "alpha": 1.0}, "say the same"),
        ({"C": -1.0}, "'C' parameter"),
        ({"sigmoid_degree": 4}, "'sigmoid_degree' parameter"),
        ({"interval": "wide"}, "options"),
    ],
)
def test_wrong_parameters_are_named(cancer, parameters, words):
    X, _, y, _ = cancer
    with pytest.raises(ValueError, match=words):
        EncryptedLogisticRegression(**parameters).fit(X, y)


def test_what_encryption_cannot_do_has_errors_of_its_own(cancer):
    X, _, y, _ = cancer
    with pytest.raises(ParametersError, match="bootstrapping"):
        EncryptedLogisticRegression(preset="n15-l18", max_iter=50).fit(X, y)
    with pytest.raises(DivergedError, match="interval"):
        EncryptedLogisticRegression(learning_rate=500.0, interval=3.0, max_iter=3).fit(X, y)
    with pytest.raises(ValueError):
        EncryptedLogisticRegression(preset="n99").fit(X, y)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda X, y: (np.where(np.arange(X.size).reshape(X.shape) == 7, np.nan, X), y), "contains NaN"),
        (lambda X, y: (np.where(np.arange(X.size).reshape(X.shape) == 7, np.inf, X), y), "infinity"),
        (lambda X, y: (X.astype(str)[:, :1] + "x", y), "could not convert string to float"),
        (lambda X, y: (X, y[:-1]), "inconsistent numbers of samples"),
        (lambda X, y: (X[:, 0], y), "Expected 2D array"),
        (lambda X, y: (X, np.zeros(len(y))), "only one class"),
        (lambda X, y: (X, y + 0.5 * np.arange(len(y)) / 3), "Unknown label type"),
        (lambda X, y: (X[:0], y[:0]), "0 sample"),
        (lambda X, y: (X[:9], y[:9]), "training needs at least 8 of each"),
    ],
)
def test_unusable_data_get_scikit_learns_words(cancer, spoil, words):
    X, _, y, _ = (part.to_numpy() for part in cancer)
    with pytest.raises(ValueError, match=words):
        EncryptedLogisticRegression().fit(*spoil(X, y))


def test_sparse_matrices_are_refused(cancer):
    from scipy.sparse import csr_matrix

    X, _, y, _ = cancer
    with pytest.raises(TypeError, match="[Ss]parse"):
        EncryptedLogisticRegression().fit(csr_matrix(X), y)


def test_unfitted_estimators_say_so(cancer):
    X = cancer[0]
    with pytest.raises(NotFittedError):
        EncryptedLogisticRegression().predict(X)
    with pytest.raises(AttributeError, match="fitted"):
        EncryptedLogisticRegression().coef_
    with pytest.raises(AttributeError, match="fitted"):
        EncryptedRidge().coef_
    with pytest.raises(NotFittedError):
        EncryptedLogisticRegression().exact_twin()


def test_progress_is_shown_and_logged(cancer, capsys, caplog, monkeypatch):
    X, _, y, _ = cancer
    estimator = EncryptedLogisticRegression(**GIVEN, twins=False, verbose=1)
    with caplog.at_level("INFO", logger="train_head"):
        estimator.fit(X, y)
    assert "training" in capsys.readouterr().err
    assert "128 bits" in caplog.text and "seconds" in caplog.text
    from train_head import _progress

    monkeypatch.setattr(_progress, "_bar", lambda: _progress.PlainBar)
    estimator.fit(X, y)
    lines = capsys.readouterr().err
    assert "training: 4 iterations .." in lines and "making keys" in lines

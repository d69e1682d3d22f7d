"""Trained heads in programs that do not have this package."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from conftest import GIVEN
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier

from train_head import (
    EncryptedCustomHead,
    EncryptedLogisticRegression,
    EncryptedMLPClassifier,
    EncryptedRidge,
    EncryptedSoftmax,
)


def network(**parameters):
    return EncryptedMLPClassifier(
        mode="simulate",
        hidden_layer_sizes=8,
        activation_interval=8.0,
        learning_rate_init=0.5,
        max_iter=4,
        **{"preprocess": "whiten", "ridge": 0.1, "solver": "nesterov", **parameters},
    )


@pytest.fixture(scope="module")
def heads(cancer, flowers, numbers):
    """Fitted estimators of every kind, their samples, and what scikit-learn has for them."""
    X, _, y, _ = cancer
    words = np.where(y == 1, "benign", "malignant")
    X2, y2 = flowers
    X3, y3 = numbers
    common = {"mode": "simulate", **{name: GIVEN[name] for name in ("preprocess", "ridge", "solver", "max_iter")}}
    linear = {name: GIVEN[name] for name in ("learning_rate", "interval", "temperature")}
    softmax = EncryptedSoftmax(softmax_fit="one-stands-out", **common, **linear)
    ridge = EncryptedRidge(learning_rate=0.5, **common)
    return {
        "two classes": (EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(X, y), X, LogisticRegression),
        "two names": (EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(X, words), X, LogisticRegression),
        "truth values": (EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(X, y == 1), X, LogisticRegression),
        "against the rest": (EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(X2, y2), X2, OneVsRestClassifier),
        "softmax": (softmax.fit(X2, y2), X2, LogisticRegression),
        "tanh": (network(activation="tanh").fit(X, y), X, MLPClassifier),
        "tanh of several": (
            network(activation="tanh").fit(np.hstack([X2, X2**2]), y2),
            np.hstack([X2, X2**2]),
            MLPClassifier,
        ),
        "gelu": (network().fit(X, words), X, None),
        "square": (network(activation="square").fit(X, y), X, None),
        "a number": (clone(ridge).fit(X3, y3[:, 0]), X3, Ridge),
        "two numbers": (clone(ridge).fit(X3, y3), X3, Ridge),
    }


KINDS = [
    "two classes",
    "two names",
    "truth values",
    "against the rest",
    "softmax",
    "tanh",
    "tanh of several",
    "gelu",
    "square",
    "a number",
    "two numbers",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("private", [False, True])
def test_scikit_learn_predicts_the_same(heads, kind, private):
    head, X, expected = heads[kind]
    ours = head if private else head.exact_twin()
    theirs = head.to_sklearn(private=private)
    if expected is not None and not (private and "tanh" in kind):
        assert type(theirs) is expected
        # nothing of this package is in it
        assert b"train_head" not in pickle.dumps(theirs)
    if is_classifier(ours):
        np.testing.assert_array_equal(theirs.predict(X), ours.predict(X))
        np.testing.assert_allclose(theirs.predict_proba(X), ours.predict_proba(X), atol=1e-12)
        np.testing.assert_array_equal(theirs.classes_, ours.classes_)
    else:
        np.testing.assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-12)
    if hasattr(X, "columns") and expected is not None and type(theirs) is expected:
        assert list(theirs.feature_names_in_) == list(X.columns)
    assert theirs.score(X, ours.predict(X)) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("private", [False, True])
def test_onnx_predicts_the_same(heads, kind, private, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    head, X, _ = heads[kind]
    ours = head if private else head.exact_twin()
    head.to_onnx(tmp_path / "head.onnx", private=private)
    session = onnxruntime.InferenceSession(tmp_path / "head.onnx", providers=["CPUExecutionProvider"])
    found = dict(
        zip(
            [output.name for output in session.get_outputs()], session.run(None, {"X": np.asarray(X, dtype=np.float64)})
        )
    )
    if is_classifier(ours):
        np.testing.assert_array_equal(found["label"].astype(ours.classes_.dtype), ours.predict(X))
        np.testing.assert_allclose(found["probabilities"], ours.predict_proba(X), atol=1e-12)
    else:
        np.testing.assert_allclose(found["variable"].reshape(ours.predict(X).shape), ours.predict(X), rtol=1e-9)
    if hasattr(X, "columns"):
        assert '"mean radius"' in session.get_modelmeta().custom_metadata_map["features"]


@pytest.mark.parametrize("kind", ["two classes", "against the rest", "tanh", "gelu", "a number"])
def test_skops_files_predict_the_same(heads, kind, tmp_path):
    io = pytest.importorskip("skops.io")
    head, X, _ = heads[kind]
    head.to_skops(tmp_path / "head.skops")
    unknown = io.get_untrusted_types(file=tmp_path / "head.skops")
    assert all(name.startswith(("train_head._activations.", "sklearn.", "numpy.")) for name in unknown), unknown
    again = io.load(tmp_path / "head.skops", trusted=unknown)
    expected = head.exact_twin().predict(X)
    if is_classifier(head):
        np.testing.assert_array_equal(again.predict(X), expected)
    else:
        np.testing.assert_allclose(again.predict(X), expected, rtol=1e-12)


def test_the_twin_is_exported_unless_the_decrypted_head_is_asked_for(cancer):
    X, _, y, _ = cancer
    head = EncryptedLogisticRegression(**GIVEN).fit(X, y)
    np.testing.assert_array_equal(head.to_sklearn(private=True).coef_, head.coef_)
    np.testing.assert_array_equal(head.to_sklearn().coef_, head.exact_twin().coef_)
    assert not np.array_equal(head.to_sklearn().coef_, head.coef_)
    batches = EncryptedLogisticRegression(mode="plain", **GIVEN).partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="twins=True"):
        batches.to_sklearn()
    np.testing.assert_array_equal(batches.to_sklearn(private=True).predict(X), batches.predict(X))


def test_an_exported_head_needs_nothing_of_this_package(heads, tmp_path):
    head, X, _ = heads["two names"]
    (tmp_path / "head.pickle").write_bytes(pickle.dumps(head.to_sklearn()))
    np.save(tmp_path / "X.npy", np.asarray(X)[:5])
    code = """
import pickle, sys, numpy
head = pickle.load(open("head.pickle", "rb"))
print(*head.predict(numpy.load("X.npy")))
print("train_head" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    lines = run.stdout.splitlines()
    assert lines == [" ".join(head.exact_twin().predict(np.asarray(X)[:5])), "False"], run.stderr


def test_scores_of_a_loss_of_ones_own_are_exported(numbers):
    X, y = numbers
    rate = np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1])
    counts = np.random.default_rng(0).poisson(rate)
    for inverse_link in (None, np.exp):
        head = EncryptedCustomHead(lambda z, y: np.exp(z) - y, inverse_link=inverse_link, mode="plain", max_iter=3)
        exported = head.fit(X, counts).to_sklearn()
        np.testing.assert_allclose(exported.predict(X), head.predict(X), rtol=1e-12)

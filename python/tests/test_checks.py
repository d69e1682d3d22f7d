"""scikit-learn's own checks of estimators, on the plain twin: the same code around another arithmetic.

The methods are given, so that nothing is chosen by cross-validation, which would take minutes in all.
"""

import pytest
from conftest import GIVEN
from sklearn.utils.estimator_checks import parametrize_with_checks

from train_head import EncryptedLogisticRegression, EncryptedMLPClassifier, EncryptedRidge, EncryptedSoftmax

COMMON = {name: GIVEN[name] for name in ("preprocess", "ridge", "solver", "max_iter")}
LINEAR = {name: GIVEN[name] for name in ("learning_rate", "interval", "temperature")}
ESTIMATORS = [
    EncryptedLogisticRegression(mode="plain", **GIVEN),
    EncryptedSoftmax(mode="plain", softmax_fit="one-stands-out", **COMMON, **LINEAR),
    EncryptedMLPClassifier(
        mode="plain", hidden_layer_sizes=8, activation_interval=4.0, learning_rate_init=0.5, **COMMON
    ),
    EncryptedRidge(mode="plain", learning_rate=0.5, **COMMON),
]

REASONS = {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: REASONS.get(type(estimator).__name__, {}))
def test_scikit_learns_checks(estimator, check):
    check(estimator)

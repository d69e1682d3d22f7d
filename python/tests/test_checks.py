"""scikit-learn's own checks of estimators, on the plain twin: the same code around another arithmetic."""

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from train_head import EncryptedLogisticRegression, EncryptedMLPClassifier, EncryptedRidge, EncryptedSoftmax

ESTIMATORS = [
    EncryptedLogisticRegression(mode="plain"),
    EncryptedSoftmax(mode="plain"),
    EncryptedMLPClassifier(mode="plain"),
    EncryptedRidge(mode="plain"),
]

REASONS = {}
#: Checks of each estimator: fewer would mean that some are skipped unseen.
COUNTS = {}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: REASONS.get(type(estimator).__name__, {}))
def test_scikit_learns_checks(estimator, check):
    check(estimator)

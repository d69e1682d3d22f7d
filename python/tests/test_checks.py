"""scikit-learn's own checks of estimators, on the plain twin: the same code around another arithmetic.

The methods are given, so that nothing is chosen by cross-validation, which would take minutes in all.
"""

import pickle

import numpy as np
import pandas
import pytest
from conftest import GIVEN
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from train_head import EncryptedLogisticRegression, EncryptedMLPClassifier, EncryptedRidge, EncryptedSoftmax

COMMON = {name: GIVEN[name] for name in ("preprocess", "ridge", "solver", "max_iter")}
LINEAR = {name: GIVEN[name] for name in ("learning_rate", "interval", "temperature")}
ESTIMATORS = [
    EncryptedLogisticRegression(mode="plain", **GIVEN),
    EncryptedSoftmax(mode="plain", softmax_fit="one-stands-out", **COMMON, **LINEAR),
    EncryptedMLPClassifier(
        mode="plain", hidden_layer_sizes=8, activation_interval=8.0, learning_rate_init=0.5, **COMMON
    ),
    EncryptedRidge(mode="plain", learning_rate=0.5, **COMMON),
]

#: Checks of one to three features. A hidden layer of eight units, the smallest, needs four directions in which the features vary.
FEW_FEATURES = [
    "check_class_weight_classifiers",
    "check_classifier_data_not_an_array",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_decision_proba_consistency",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_estimators_fit_returns_self",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_estimators_partial_fit_n_features",
    "check_estimators_pickle",
    "check_f_contiguous_array_estimator",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_idempotent",
    "check_fit_score_takes_y",
    "check_methods_sample_order_invariance",
    "check_methods_subset_invariance",
    "check_n_features_in",
    "check_pipeline_consistency",
    "check_readonly_memmap_input",
    "check_sample_weights_list",
    "check_sample_weights_not_an_array",
    "check_sample_weights_not_overwritten",
    "check_sample_weights_pandas_series",
    "check_sample_weights_shape",
    "check_supervised_y_2d",
]
REASONS = {
    "EncryptedMLPClassifier": {
        **dict.fromkeys(FEW_FEATURES, "eight hidden units need four directions of the features"),
        "check_sample_weight_equivalence_on_dense_data": "a class has one sample: hidden layers choose by cross-validation, three of each",
    }
}


@parametrize_with_checks(ESTIMATORS, expected_failed_checks=lambda estimator: REASONS.get(type(estimator).__name__, {}))
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(("estimator", "count"), list(zip(ESTIMATORS, (63, 63, 63, 60))))
def test_no_check_is_lost(estimator, count):
    """A scikit-learn with fewer checks, or a tag that turns some off, would leave the suite green."""
    expected = REASONS.get(type(estimator).__name__, {})
    checks = list(estimator_checks_generator(estimator, expected_failed_checks=expected, mark="skip"))
    assert len(checks) >= count


def test_what_is_expected_to_fail_fails_for_its_reason():
    """With four directions the same checks of the hidden layer would pass: the limit is the reason, and nothing else."""
    X, y = make_classification(n_samples=60, n_features=3, n_informative=3, n_redundant=0, random_state=0)
    with pytest.raises(ValueError, match="at most 4 units with the 3 directions"):
        clone(ESTIMATORS[2]).fit(X, y)
    X, y = make_classification(n_samples=60, n_features=4, n_redundant=0, class_sep=2.0, random_state=0)
    network = clone(ESTIMATORS[2]).fit(X, y, sample_weight=pandas.Series(np.ones(60)))
    assert network.score(X, y) > 0.8
    assert network.partial_fit(X, y).n_features_in_ == 4
    np.testing.assert_array_equal(clone(network).fit(X, y).predict(X), clone(network).fit(X.tolist(), y).predict(X))
    again = pickle.loads(pickle.dumps(network))
    np.testing.assert_array_equal(again.predict_proba(X[::-1])[::-1], network.predict_proba(X))

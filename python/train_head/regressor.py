"""Ridge regression that trains on encrypted samples, as scikit-learn's estimator."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin
from sklearn.utils.validation import _check_sample_weight

from ._base import EncryptedEstimator, documented


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class EncryptedRidge(MultiOutputMixin, RegressorMixin, EncryptedEstimator):
    """Linear regression of one or several numbers with a ridge, trained on encrypted samples.

    Parameters
    ----------
    learning_rate : float, default=None
        Learning rate; chosen if None.
    <parameters>

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Weights of the features as they came.
    intercept_ : float or ndarray of shape (n_targets,)
        Intercepts.
    <attributes>
    """

    learning_rate: float | None = None

    def partial_fit(self, X, y, sample_weight=None):
        """Train on a batch of samples, from the head of the batches before.

        The first batch fixes feature map, method, parameter set and the units of ``y``. Keys are made once.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            The numbers to predict.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts.

        Returns
        -------
        self
            The estimator.
        """
        first = "_model" not in self.__dict__
        return self._fit_batch(self._validate_fit(X, y, sample_weight, reset=first))

    def predict(self, X):
        """Numbers of samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            What ``y`` had the shape of.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._flat else outputs

    @property
    def coef_(self):
        """Weights of the features."""
        coef = self._of_model("coef")
        return coef[0] if self._flat else coef

    @property
    def intercept_(self):
        """Intercepts."""
        intercept = self._of_model("intercept")
        return float(intercept[0]) if self._flat else intercept

    def _of_model(self, name):
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute '{name}_' before it is fitted")
        return getattr(self._model, name)

    def _kind(self, classes):
        return "ridge"

    def _classes_of_shape(self, n_classes):
        return None

    def _validate_fit(self, X, y, sample_weight, reset):
        X, y = self._features_and(X, y, reset, ensure_min_samples=2, multi_output=True, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        if reset:
            self._flat = y.ndim == 1
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return X, np.ascontiguousarray(y.reshape(len(y), -1)), weights, None

    def _measures(self, model, samples):
        x, y, weights, _ = samples
        share = (weights / weights.sum()).reshape(-1, 1)
        squares = (share * (y - model.decision_function(x)) ** 2).sum(axis=0)
        variance = (share * (y - (share * y).sum(axis=0)) ** 2).sum(axis=0)
        scores = 1.0 - np.divide(squares, variance, out=np.ones_like(squares), where=variance > 0)
        return {"score": float(scores.mean()), "loss": float(squares.mean())}

    def _agreement(self, model, own, x):
        ours, theirs = own.decision_function(x), model.decision_function(x)
        spread = ours.std(axis=0)
        apart = np.abs(ours - theirs).max(axis=0)
        return float(np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0).max())

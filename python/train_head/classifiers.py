"""Classifiers that train on encrypted samples, as scikit-learn's estimators."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import compute_sample_weight
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import _check_sample_weight

from . import _options
from ._base import EncryptedEstimator, documented


class _EncryptedClassifier(ClassifierMixin, EncryptedEstimator):
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train on a batch of samples, from the head of the batches before.

        The first batch fixes feature map, method and parameter set, so it should hold a few dozen samples of every class. Keys are made
        once. Batch ``k`` is trained on with a ``k``-th of the learning rate, so that all batches count alike in the end. Before each batch the data party has the head of the batches before, in the clear: ``monitor_`` says how well it does on
        samples that it has not seen.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their classes.
        classes : array-like of shape (n_classes,), default=None
            All classes; needed in the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts.

        Returns
        -------
        self
            The estimator.
        """
        first = _check_partial_fit_first_call(self, classes)
        samples = self._validate_fit(X, y, sample_weight, reset=first, classes=self.classes_)
        return self._fit_batch(samples)

    def decision_function(self, X):
        """Logits of samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Those of the second of two classes, or of each class.
        """
        outputs = self._outputs(X)
        # of two classes a hidden layer has one output, too
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    def predict(self, X):
        """Classes of samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            The likeliest classes.
        """
        codes = _codes(self._outputs(X))
        return self.classes_[codes]

    def predict_proba(self, X):
        """Probabilities of samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Those of each class, in the order of ``classes_``.
        """
        X = self._features(X)
        return self._probabilities(self._model, X)

    def predict_log_proba(self, X):
        """Logarithms of ``predict_proba``.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Those of each class, in the order of ``classes_``.
        """
        return np.log(np.maximum(self.predict_proba(X), np.finfo(float).tiny))

    def _validate_fit(self, X, y, sample_weight, reset, classes=None):
        X, y = self._features_and(X, y, reset)
        check_classification_targets(y)
        if classes is None:
            self.classes_, codes = np.unique(y, return_inverse=True)
            if len(self.classes_) < 2:
                raise ValueError(
                    "This solver needs samples of at least 2 classes in the data, but the data contains only one"
                    f" class: {self.classes_[0]!r}"
                )
        else:
            codes = np.searchsorted(classes, y)
            known = np.isin(y, classes)
            if not known.all():
                raise ValueError(f"y holds {np.unique(y[~known])}, which the first call did not name: {classes}")
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if self.class_weight is not None:
            weights = weights * compute_sample_weight(self.class_weight, y)
        return X, codes.astype(np.float64).reshape(-1, 1), weights, len(self.classes_)

    def _classes_of_shape(self, n_classes):
        return n_classes

    def _probabilities(self, model, X):
        probabilities = model.predict_proba(X)
        if probabilities.shape[1] == 1:
            return np.hstack([1.0 - probabilities, probabilities])
        return probabilities

    def _measures(self, model, samples):
        x, y, weights, _ = samples
        codes = y[:, 0].astype(int)
        p = self._probabilities(model, x)[np.arange(len(x)), codes]
        share = weights / weights.sum()
        right = _codes(model.decision_function(x)) == codes
        return {"score": float(share @ right), "loss": float(-share @ np.log(np.maximum(p, np.finfo(float).eps)))}

    def _agreement(self, model, own, x):
        return float(np.mean(_codes(model.decision_function(x)) == _codes(own.decision_function(x))))


def _codes(outputs):
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(int)
    return outputs.argmax(axis=1)


class _LinearCoefficients:
    """Weights of a head without a hidden layer."""

    @property
    def coef_(self):
        """Weights of the features: (1, n_features) for two classes, else (n_classes, n_features)."""
        return self._of_model("coef")

    @property
    def intercept_(self):
        """Intercepts, one for each row of ``coef_``."""
        return self._of_model("intercept")

    def _of_model(self, name):
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute '{name}_' before it is fitted")
        return getattr(self._model, name)


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class EncryptedLogisticRegression(_LinearCoefficients, _EncryptedClassifier):
    """Logistic regression, trained on encrypted samples. Of several classes each gets one against the rest.

    Parameters
    ----------
    C : float, default=None
        Inverse strength of the L2 penalty, in place of ``alpha``: ``alpha = 1 / (C n_samples)``.
    class_weight : dict or "balanced", default=None
        How much each class counts.
    learning_rate : float, default=None
        Learning rate; chosen if None.
    sigmoid_degree : {3, 5, 7}, default=None
        Degree of the polynomial that stands for the logistic function; chosen if None.
    sigmoid_fit : {"least-squares", "minimax"}, default=None
        What the polynomial is closest in; chosen if None.
    interval : float, default=None
        Half-width of the interval of the polynomial; chosen if None.
    temperature : float, default=None
        What divides the logits of the trained head, so that its probabilities fit; chosen if None.
    <parameters>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the features as they came.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    <attributes>

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from train_head import EncryptedLogisticRegression
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> head = EncryptedLogisticRegression(max_iter=3).fit(X, y)
    >>> round(head.score(X, y), 1)
    1.0
    """

    C: float | None = None
    class_weight: object = None
    learning_rate: float | None = None
    sigmoid_degree: int | None = None
    sigmoid_fit: str | None = None
    interval: float | None = None
    temperature: float | None = None

    def _kind(self, classes):
        return _options.logistic(self)


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class EncryptedSoftmax(_LinearCoefficients, _EncryptedClassifier):
    """Multinomial logistic regression, trained on encrypted samples. Of two classes it is logistic regression.

    Parameters
    ----------
    C : float, default=None
        Inverse strength of the L2 penalty, in place of ``alpha``: ``alpha = 1 / (C n_samples)``.
    class_weight : dict or "balanced", default=None
        How much each class counts.
    learning_rate : float, default=None
        Learning rate; chosen if None.
    softmax_fit : {"one-stands-out", "in-a-row"}, default=None
        Scores that the polynomial in place of the softmax is fitted to; chosen if None.
    interval : float, default=None
        Half-width of the interval of the polynomial; chosen if None.
    temperature : float, default=None
        What divides the logits of the trained head, so that its probabilities fit; chosen if None.
    <parameters>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Weights of the features as they came.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    <attributes>
    """

    C: float | None = None
    class_weight: object = None
    learning_rate: float | None = None
    softmax_fit: str | None = None
    interval: float | None = None
    temperature: float | None = None

    def _kind(self, classes):
        form = _options.softmax(self)
        return form if classes > 2 else _options.softmax_of_two(self)


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class EncryptedMLPClassifier(_EncryptedClassifier):
    """A network with one hidden layer, trained on encrypted samples.

    Parameters
    ----------
    hidden_layer_sizes : int or tuple of one int, default=None
        Hidden units: 8, 16, 32, 64 or 128; chosen if None.
    activation : {"gelu", "tanh", "square"}, default="gelu"
        Activation of the hidden units, by a polynomial.
    activation_interval : float, default=None
        Half-width of the interval of that polynomial; chosen if None.
    class_weight : dict or "balanced", default=None
        How much each class counts.
    learning_rate_init : float, default=None
        Learning rate; chosen if None.
    <parameters>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes.
    coefs_ : list of ndarray
        Weights of each layer, inputs by outputs, for features as they came.
    intercepts_ : list of ndarray
        Intercepts of each layer.
    <attributes>
    """

    _rate = "learning_rate_init"
    hidden_layer_sizes: object = None
    activation: str = "gelu"
    activation_interval: float | None = None
    class_weight: object = None
    learning_rate_init: float | None = None

    @property
    def coefs_(self):
        """Weights of each layer, inputs by outputs."""
        return [layer.T for layer in (self._fitted().hidden[0], self._model.coef)]

    @property
    def intercepts_(self):
        """Intercepts of each layer."""
        return [self._fitted().hidden[1], self._model.intercept]

    def _fitted(self):
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no weights before it is fitted")
        return self._model

    def _kind(self, classes):
        return _options.hidden_layer(self)

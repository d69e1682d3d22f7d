"""A linear head with a loss of the user's own, trained on encrypted samples."""

import json
from dataclasses import dataclass, field

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import _check_sample_weight

from . import _native
from ._base import EncryptedEstimator, documented

#: Half-widths of the interval of the scores that are tried where none is given; the extension module has the same.
_HALF_WIDTHS = (3.0, 4.0, 6.0, 8.0, 12.0, 16.0)
_POINTS = 1001
#: What a derivative may deviate from a straight line in the labels, relative to its largest value.
_STRAIGHT = 1e-6


@documented
@dataclass(kw_only=True, eq=False, repr=False)
class EncryptedCustomHead(RegressorMixin, EncryptedEstimator):
    """A linear head ``z = x . coef + intercept`` whose loss is given by its derivative, trained on encrypted samples.

    Ciphertexts compute polynomials alone: the derivative of the loss with respect to the score is one on an interval of scores, with coefficients
    that may depend on the label in a straight line. With labels 0 and 1 that is any loss; with numbers it is that of a generalised linear model, whose
    derivative is ``mean(z) - y``.

    Parameters
    ----------
    derivative : callable or pair of array-like
        ``derivative(z, y)`` of arrays, which is fitted by least squares; or coefficients ``(a, b)`` of the polynomial
        ``sum_k (a[k] + y b[k]) z**k``.
    degree : int, default=5
        Degree of the polynomial that a callable is fitted by, 7 at most. The polynomial takes two levels of an iteration for degree 2 and 3, three for
        higher ones.
    inverse_link : callable, default=None
        What ``predict`` makes of scores, such as ``numpy.exp``; nothing if None.
    learning_rate : float, default=None
        Learning rate; chosen if None.
    interval : float, default=None
        Half-width of the interval of scores; the narrowest that holds those of the training if None.
    <parameters>

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Weights of the features as they came.
    intercept_ : float
        Intercept.
    <attributes>

    Examples
    --------
    >>> import numpy as np
    >>> from train_head import EncryptedCustomHead
    >>> poisson = EncryptedCustomHead(lambda z, y: np.exp(z) - y, inverse_link=np.exp)
    >>> poisson.fit(X, counts).predict(X)                               # doctest: +SKIP
    """

    derivative: object = field(kw_only=False)
    degree: int = 5
    inverse_link: object = None
    learning_rate: float | None = None
    interval: float | None = None

    def fit(self, X, y):
        """Choose a method, make keys, encrypt, train on ciphertexts, decrypt: both parties in this process.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels: what ``derivative`` makes of them.

        Returns
        -------
        self
            The fitted estimator.
        """
        return super().fit(X, y)

    def decision_function(self, X):
        """Scores of samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            The scores ``z``.
        """
        return self._outputs(X)[:, 0]

    def predict(self, X):
        """What ``inverse_link`` makes of the scores of samples.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Predictions.
        """
        return self._predicted(self.decision_function(X))

    @property
    def coef_(self):
        """Weights of the features."""
        return self._of_model("coef")[0]

    @property
    def intercept_(self):
        """Intercept."""
        return float(self._of_model("intercept")[0])

    def to_sklearn(self, *, private=False):
        """The trained head as an estimator of scikit-learn alone: a ``Ridge`` of the scores, behind ``inverse_link`` if there is one.

        Parameters
        ----------
        private : bool, default=False
            Whether to give the decrypted head, which is as secret as the key. Otherwise it is the exact twin, which was never decrypted.

        Returns
        -------
        estimator
            A fitted estimator with the same predictions.
        """
        fitted = super().to_sklearn(private=private)
        if self.inverse_link is None:
            return fitted
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.preprocessing import FunctionTransformer

        whole = TransformedTargetRegressor(fitted, inverse_func=self.inverse_link, check_inverse=False)
        whole.regressor_ = fitted
        whole.transformer_ = FunctionTransformer(inverse_func=self.inverse_link, check_inverse=False).fit(
            np.zeros((1, 1))
        )
        whole._training_dim = 1
        return whole

    def _of_model(self, name):
        if "_model" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute '{name}_' before it is fitted")
        return getattr(self._model, name)

    def _predicted(self, scores):
        return scores if self.inverse_link is None else self.inverse_link(scores)

    def _kind(self, classes):
        return "ridge"

    def _validate_fit(self, X, y, sample_weight, reset):
        X, y = self._features_and(X, y, reset, ensure_min_samples=8, y_numeric=True)
        y = np.asarray(y, dtype=np.float64)
        return X, y.reshape(-1, 1), _check_sample_weight(sample_weight, X, dtype=np.float64), None

    def _prepare(self, samples):
        x, y, _, _ = samples
        loss = json.dumps(self._loss(y[:, 0]))
        return _native.CustomTraining.prepare(x, y[:, 0], loss, self._options(samples), self.preset)

    def _encrypted(self, training, samples, progress):
        if self.server is not None:
            raise ValueError(
                "a head with a loss of its own is trained in this process: the service knows the built-in ones."
            )
        return training.encrypted(progress)

    def _loss(self, y):
        """The derivative on each interval, and the loss itself as a table."""
        widths = _HALF_WIDTHS if self.interval is None else (float(self.interval),)
        z = np.linspace(-max(widths), max(widths), _POINTS)
        derivatives = [{"half_width": width, **self._polynomial(width, y)} for width in widths]
        table = {}
        for name, slope in zip(("constant", "by_label"), self._parts(z, y)):
            integral = np.concatenate([[0.0], np.cumsum(np.diff(z) * (slope[1:] + slope[:-1]) / 2)])
            # zero where the score is
            table[name] = (integral - np.interp(0.0, z, integral)).tolist()
        return {"derivatives": derivatives, "scores": z.tolist(), **table}

    def _polynomial(self, width, y):
        if not callable(self.derivative):
            constant, by_label = self._coefficients()
            return {"constant": constant.tolist(), "by_label": by_label.tolist()}
        if not (isinstance(self.degree, (int, np.integer)) and 1 <= self.degree <= 7):
            raise ValueError(f"The 'degree' parameter must be an integer from 1 to 7. Got {self.degree!r} instead.")
        z = np.linspace(-width, width, _POINTS)
        fitted = [np.polynomial.Polynomial.fit(z, part, int(self.degree)).convert() for part in self._parts(z, y)]
        padded = [np.pad(one.coef, (0, int(self.degree) + 1 - len(one.coef))) for one in fitted]
        return {"constant": padded[0].tolist(), "by_label": padded[1].tolist()}

    def _parts(self, z, y):
        """The derivative at scores: what does not depend on the label, and what the label is multiplied by."""
        if not callable(self.derivative):
            return [np.polynomial.polynomial.polyval(z, part) for part in self._coefficients()]
        constant = self._derivative(z, np.zeros_like(z))
        by_label = self._derivative(z, np.ones_like(z)) - constant
        some = np.unique(y)
        for label in some[:: max(1, len(some) // 16)]:
            expected = constant + label * by_label
            apart = np.abs(self._derivative(z, np.full_like(z, label)) - expected).max()
            if apart > _STRAIGHT * max(1.0, np.abs(expected).max()):
                raise ValueError(
                    f"The 'derivative' parameter must depend on the label in a straight line, as of labels 0 and 1; it does not at y={label:g}."
                )
        return [constant, by_label]

    def _derivative(self, z, y):
        value = np.broadcast_to(np.asarray(self.derivative(z, y), dtype=np.float64), z.shape)
        if not np.all(np.isfinite(value)):
            raise ValueError(f"The 'derivative' parameter is not finite for scores up to {np.abs(z).max():g}.")
        return value

    def _coefficients(self):
        try:
            constant, by_label = (np.atleast_1d(np.asarray(part, dtype=np.float64)) for part in self.derivative)
        except (TypeError, ValueError):
            raise ValueError(
                "The 'derivative' parameter must be a callable, or a pair of lists of coefficients. Got "
                f"{self.derivative!r} instead."
            ) from None
        return constant, by_label

    def _measures(self, model, samples):
        x, y, _, _ = samples
        z, y = model.decision_function(x)[:, 0], y[:, 0]
        table = self._loss(y)
        constant, by_label = (np.interp(z, table["scores"], table[name]) for name in ("constant", "by_label"))
        return {"score": float(r2_score(y, self._predicted(z))), "loss": float(np.mean(constant + y * by_label))}

    def _agreement(self, model, own, x):
        ours, theirs = (one.decision_function(x)[:, 0] for one in (own, model))
        spread = ours.std()
        return float(np.abs(ours - theirs).max() / spread) if spread > 0 else 0.0

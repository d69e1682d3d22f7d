"""Activations of hidden layers, with numpy alone: what an exported head needs of this package."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin

#: Of the form of the Gaussian error linear unit with a hyperbolic tangent.
GELU = (np.sqrt(2.0 / np.pi), 0.044715)


class HiddenLayer(TransformerMixin, BaseEstimator):
    """A hidden layer as a step of a pipeline.

    Parameters
    ----------
    coef : ndarray of shape (n_units, n_features)
        Weights.
    intercept : ndarray of shape (n_units,)
        Intercepts.
    activation : {"gelu", "tanh", "square"}
        The function.
    polynomial : list of float, default=None
        Coefficients of the polynomial that stands for it, the constant first; None for the function itself.
    """

    def __init__(self, coef, intercept, activation, polynomial=None):
        self.coef = coef
        self.intercept = intercept
        self.activation = activation
        self.polynomial = polynomial

    def fit(self, X=None, y=None):
        """Do nothing: the layer is trained."""
        return self

    def transform(self, X):
        """Values of the units for samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
            Values of the units.
        """
        z = np.asarray(X, dtype=np.float64) @ self.coef.T + self.intercept
        if self.polynomial is not None:
            return np.polynomial.polynomial.polyval(z, self.polynomial)
        if self.activation == "square":
            return z * z
        if self.activation == "tanh":
            return np.tanh(z)
        slope, cubic = GELU
        return 0.5 * z * (1.0 + np.tanh(slope * (z + cubic * z**3)))

    def __sklearn_is_fitted__(self):
        return True

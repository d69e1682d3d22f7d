"""From the parameters of estimators, which have scikit-learn's names, to the options of the extension module."""

import json

import numpy as np
from sklearn.utils import check_random_state

MODES = ("encrypted", "simulate", "plain")
_SOLVERS = (None, "gd", "nesterov")
_MAPS = (None, "auto", "whiten", "whiten-within", "standardize", "none")
_ACTIVATIONS = ("gelu", "tanh", "square")


def expect(name, value, allowed):
    """Refuse a value that is none of those allowed."""
    if value not in allowed:
        names = ", ".join(repr(one) for one in allowed)
        raise ValueError(f"The {name!r} parameter must be one of {names}. Got {value!r} instead.")


def options(estimator, kind, n_samples):
    """The options that an estimator's parameters ask for, as JSON; what they leave open is chosen from the data.

    Parameters
    ----------
    estimator : estimator
        Whose parameters.
    kind : dict or str
        The kind of head.
    n_samples : int
        Number of samples, which `C` is for.
    """
    return json.dumps(
        {
            "kind": kind,
            "preprocessing": _feature_map(estimator.preprocess, estimator.ridge),
            "n_components": estimator.n_components,
            "optimizer": _optimizer(estimator.solver, estimator.momentum),
            "learning_rate": getattr(estimator, estimator._rate),
            "max_iter": estimator.max_iter,
            "batch_size": estimator.batch_size,
            "interval": getattr(estimator, "interval", None),
            "temperature": getattr(estimator, "temperature", None),
            "alpha": _penalty(estimator, n_samples),
            "random_state": _seed(estimator.random_state),
        },
        default=_plain,
    )


def _plain(value):
    """The number that a scalar of NumPy is, as grids of parameters hold them."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a parameter has a value of the type {type(value).__name__}: {value!r}")


def logistic(estimator):
    """The kind of logistic regression, with the polynomial of the logistic function."""
    degree = {None: None, 3: "Three", 5: "Five", 7: "Seven"}
    expect("sigmoid_degree", estimator.sigmoid_degree, degree)
    expect("sigmoid_fit", estimator.sigmoid_fit, (None, "least-squares", "minimax"))
    return {"logistic": {"degree": degree[estimator.sigmoid_degree], "fit": estimator.sigmoid_fit}}


def softmax(estimator):
    """The kind of multinomial logistic regression, with the form of the approximation."""
    forms = {None: None, "one-stands-out": "three", "in-a-row": "in-a-row"}
    expect("softmax_fit", estimator.softmax_fit, forms)
    return {"softmax": {"depth": forms[estimator.softmax_fit]}}


def softmax_of_two(estimator):
    """The same of two classes, whose softmax is the logistic function."""
    given = estimator.softmax_fit is not None
    return {"logistic": {"degree": "Three" if given else None, "fit": "least-squares" if given else None}}


def hidden_layer(estimator):
    """The kind of head with a hidden layer."""
    expect("activation", estimator.activation, _ACTIVATIONS)
    sizes = estimator.hidden_layer_sizes
    if isinstance(sizes, (tuple, list)):
        if len(sizes) != 1:
            raise ValueError(f"The 'hidden_layer_sizes' parameter must hold one layer. Got {sizes!r} instead.")
        sizes = sizes[0]
    return {
        "mlp": {
            "hidden": sizes,
            "activation": estimator.activation,
            "activation_interval": estimator.activation_interval,
        }
    }


def _optimizer(solver, momentum):
    expect("solver", solver, _SOLVERS)
    if momentum is None:
        return {None: None, "gd": "gradient-descent", "nesterov": "nesterov-schedule"}[solver]
    if solver == "gd":
        raise ValueError("The 'momentum' parameter goes with solver='nesterov'. Got solver='gd' instead.")
    return {"nesterov": momentum}


def _feature_map(name, ridge):
    expect("preprocess", name, _MAPS)
    if ridge is not None and name in ("standardize", "none"):
        raise ValueError(f"The 'ridge' parameter is one of whitening. Got preprocess={name!r} instead.")
    if name in ("standardize", "none"):
        return {"kind": "standardize" if name == "standardize" else "center"}
    if name == "whiten-within":
        return {"kind": "whiten-within", "ridge": 0.1 if ridge is None else ridge}
    if ridge is None:
        return None
    return {"kind": "whiten", "ridge": ridge, "standardize": True}


def _penalty(estimator, n_samples):
    penalty = getattr(estimator, "C", None)
    if penalty is None:
        return estimator.alpha
    if estimator.alpha:
        raise ValueError("The 'alpha' and 'C' parameters say the same: give one of them.")
    if not penalty > 0:
        raise ValueError(f"The 'C' parameter must be a number above 0. Got {penalty!r} instead.")
    return 1.0 / (penalty * n_samples)


def _seed(random_state):
    if isinstance(random_state, int) and random_state >= 0:
        return random_state
    return int(check_random_state(random_state).randint(2**31 - 1))

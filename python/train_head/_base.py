"""What all estimators share: both parties in this process, the twins, batches, and the report."""

import json
import logging
import time
from dataclasses import dataclass

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_X_y
from sklearn.utils.validation import check_is_fitted, validate_data

from . import _native, _options, _remote
from ._export import Exports
from ._progress import Progress
from .report import Estimate, Report
from .tables import TableEncoder

_LOG = logging.getLogger("train_head")
_RIDGE_OF_BATCHES = 1.0
_HALVINGS = 3

PARAMETERS = """
    mode : {"encrypted", "simulate", "plain"}, default="encrypted"
        ``"encrypted"`` encrypts the samples and trains on ciphertexts. ``"simulate"`` runs the same plan on numbers with the levels and the
        noise of ciphertexts, in much less time: for a search of parameters. ``"plain"`` runs it in exact arithmetic with exact functions.
    preprocess : {"auto", "whiten", "whiten-within", "standardize", "none"}, default=None
        The feature map of the data party. It is fitted in the clear, and folded into ``coef_``; chosen if None. With ``"auto"`` columns of any kind
        become numbers before it, as on the command line: missing values, words, categories, dates (``TableEncoder``). Otherwise these get
        scikit-learn's errors.
    ridge : float, default=None
        Ridge of the whitening, in units of the mean eigenvalue; chosen if None.
    n_components : int, default=None
        Directions that whitening keeps, those of largest variance; all if None.
    solver : {"gd", "nesterov"}, default=None
        First-order method; chosen if None.
    momentum : float, default=None
        Constant momentum of ``solver="nesterov"``; that of its convergence proof if None.
    max_iter : int, default=None
        Iterations; chosen if None.
    batch_size : int, default=None
        Samples of a mini-batch; all if None.
    alpha : float, default=0.0
        Weight of the L2 penalty beside the mean loss. Whitening regularises by its ridge.
    preset : str, default=None
        Name of a parameter set; the one on which training and upload take the least time if None.
    random_state : int, RandomState instance or None, default=0
        Fixes folds, shuffles and initial weights. Keys and noise are from the system's randomness in any case.
    twins : bool, default=True
        Whether ``fit`` also trains the twins that cost less than the estimator's own, for ``report_``.
    server : str or Client, default=None
        A server of the compute party, to train there: its address, its name, or a ``Client``. What is sent is removed afterwards. In this process
        if None.
    verbose : int, default=0
        With 1, bars of keys, encryption and training; tqdm's where it is installed.
"""

ATTRIBUTES = """
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of str
        Names of the features, if ``X`` has names that are all strings.
    n_iter_ : int
        Iterations of the training.
    table_ : TableEncoder
        With ``preprocess="auto"``: what becomes of each column. ``coef_`` is for the numbers that it gives.
    report_ : Report
        Plan, twins and seconds of the last ``fit``.
    monitor_ : list of dict
        One entry for each batch of ``partial_fit``: measures before and after it was trained on.
"""


class _Session:
    """What ``partial_fit`` keeps between batches: the last training, and the parties with their keys. It is never pickled."""

    def __init__(self):
        self.training = None
        self.parties = None
        self.learning_rate = None
        self.batches = 0


@dataclass(kw_only=True, eq=False, repr=False)
class EncryptedEstimator(Exports, BaseEstimator):
    """What all estimators share. Fields are parameters: the constructor that ``dataclass`` writes has them in its signature, as scikit-learn asks for."""

    mode: str = "encrypted"
    alpha: float = 0.0
    preprocess: str | None = None
    ridge: float | None = None
    n_components: int | None = None
    solver: str | None = None
    momentum: float | None = None
    max_iter: int | None = None
    batch_size: int | None = None
    preset: str | None = None
    random_state: object = 0
    twins: bool = True
    server: object = None
    verbose: int = 0

    _rate = "learning_rate"

    def __getstate__(self):
        state = dict(super().__getstate__())
        # keys stay in the process that made them
        state.pop("_session", None)
        return state

    def __sklearn_is_fitted__(self):
        return hasattr(self, "_model")

    def fit(self, X, y, sample_weight=None):
        """Choose a method, make keys, encrypt, train on ciphertexts, decrypt: both parties in this process, or the compute party on ``server``.

        Parameters
        ----------
        X : array-like or data frame of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            What is learned.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample counts. The compute party sees no weights.

        Returns
        -------
        self
            The fitted estimator.
        """
        _options.expect("mode", self.mode, _options.MODES)
        began = time.perf_counter()
        samples = self._validate_fit(X, y, sample_weight, reset=True)
        training = self._prepare(samples)
        seconds = {"choose": time.perf_counter() - began}
        for name in ("monitor_", "_session"):
            self.__dict__.pop(name, None)
        # once: its forecast of the time goes through the whole plan
        described = json.loads(training.describe())
        plan = Estimate._of(described)
        _LOG.info("%s: %s", type(self).__name__, plan)
        if described.get("falls_short"):
            _LOG.warning("%s: %s", type(self).__name__, _shortfall(described["expected"]))
        with Progress(self.verbose) as progress:
            models, noise, curve = {}, None, []
            if self.mode == "encrypted":
                models["encrypted"] = self._encrypted(training, samples, progress)
            seconds.update(progress.seconds)
            wanted = _options.MODES if self.twins else (self.mode,)
            for name in _options.MODES[_options.MODES.index(self.mode) :]:
                if name not in wanted or name in models:
                    continue
                began = time.perf_counter()
                if name == "simulate":
                    models[name], noise = training.simulated()
                else:
                    curve = training.trajectory()
                    models[name] = curve[-1]
                seconds[name] = time.perf_counter() - began
        self._keep(models[self.mode], described)
        self.report_ = self._report(plan, samples, models, noise, curve, seconds)
        _LOG.info("%s: seconds %s", type(self).__name__, seconds)
        return self

    def _prepare(self, samples):
        """A training with everything chosen and planned."""
        return _native.Training.prepare(samples, self._options(samples), self.preset)

    def _encrypted(self, training, samples, progress):
        """The head of a training on ciphertexts, decrypted."""
        if self.server is None:
            return _native.Parties(training, progress).train(training, progress)
        model, seconds = _remote.train(self, training, samples)
        progress.seconds.update(seconds)
        return model

    def _fit_batch(self, samples):
        """Train on a batch, from the head of the batches before."""
        _options.expect("mode", self.mode, _options.MODES)
        if self.server is not None:
            raise ValueError("partial_fit() trains in this process; the 'server' parameter is for fit().")
        began = time.perf_counter()
        session = self.__dict__.setdefault("_session", _Session())
        start = self.__dict__.get("_model")
        if session.training is None:
            options = {**json.loads(self._options(samples)), "temperature": 1.0}
            if options["preprocessing"] is None:
                # what few samples say of directions in which they hardly vary would throw later ones far out
                options["preprocessing"] = {"kind": "whiten", "ridge": _RIDGE_OF_BATCHES, "standardize": True}
            training = _native.Training.prepare(
                samples, json.dumps(options), self.preset, start=start, from_zero=start is None
            )
        else:
            # a share of the rate that falls with the number of batches: all count alike in the end
            rate = session.learning_rate / (session.batches + 1)
            training = self._next_batch(session.training, samples, start, rate)
        before = None if start is None else self._measures(start, samples)
        with Progress(self.verbose) as progress:
            if self.mode == "encrypted":
                if session.parties is None or not session.parties.serve(training):
                    session.parties = _native.Parties(training, progress)
                model = session.parties.train(training, progress)
            elif self.mode == "simulate":
                model, _ = training.simulated()
            else:
                model = training.plain()
        plan = json.loads(training.describe())
        if session.batches == 0:
            session.learning_rate = plan["options"]["learning_rate"]
        session.training, session.batches = training, session.batches + 1
        self._keep(model, plan)
        entry = {
            "batch": len(self.__dict__.setdefault("monitor_", [])) + 1,
            "n_samples": len(samples[0]),
            "before": before,
            "after": self._measures(model, samples),
            "interval": plan["options"]["interval"],
            "seconds": time.perf_counter() - began,
        }
        self.monitor_ = [*self.monitor_, entry]
        _LOG.info("%s: batch %s", type(self).__name__, entry)
        return self

    def _next_batch(self, training, samples, start, rate):
        """The training on the next batch. A head whose logits leave every interval on it is halved first."""
        for _ in range(_HALVINGS):
            try:
                return training.next_batch(samples, start, rate)
            except _native.DivergedError as error:
                _LOG.warning("%s: the head is halved before this batch: %s", type(self).__name__, error)
                start = _halved(start)
        return training.next_batch(samples, start, rate)

    def estimate(self, X=None, y=None, *, n_samples=None, n_features=None, n_classes=2):
        """What a training takes, before anything is encrypted.

        Parameters
        ----------
        X, y : array-like, default=None
            The samples of a training: the method is chosen on them.
        n_samples, n_features, n_classes : int
            The shape of samples that are not there yet. Usual values stand for what would be chosen.

        Returns
        -------
        Estimate
            Parameters, sizes, memory, time.
        """
        if X is not None:
            samples = clone_of(self)._validate_fit(X, y, None, reset=True)
            training = clone_of(self)._prepare(samples)
            return Estimate._of(json.loads(training.describe()))
        if n_samples is None or n_features is None:
            raise ValueError("estimate() needs X and y, or n_samples and n_features.")
        classes = self._classes_of_shape(n_classes)
        options = self._options_of(n_samples, classes)
        plan = _native.plan_for_shape(n_samples, n_features, classes, 1, options, self.preset)
        return Estimate._of(json.loads(plan))

    def exact_twin(self):
        """The same estimator with the head of the plain twin, which was never encrypted: what may leave the data party.

        Returns
        -------
        estimator
            A fitted copy.
        """
        check_is_fitted(self)
        if self._exact is None:
            raise ValueError(
                "exact_twin() needs a fit with twins=True; batches start from decrypted heads, so that they have no twin."
            )
        twin = clone_of(self).set_params(mode="plain")
        # neither a decrypted number nor a figure of one
        private = {*self.get_params(deep=False), "_model", "monitor_"}
        twin.__dict__.update({name: value for name, value in self.__getstate__().items() if name not in private})
        twin._model = self._exact
        twin.report_ = self.report_.published()
        return twin

    def _options(self, samples):
        x, _, _, classes = samples
        return self._options_of(len(x), classes)

    def _options_of(self, n_samples, classes):
        return _options.options(self, self._kind(classes), n_samples)

    def _keep(self, model, plan):
        self._model = model
        self._exact = None
        self.n_iter_ = plan["iterations"]

    def _report(self, plan, samples, models, noise, curve, seconds):
        if "plain" in models:
            self._exact = models["plain"]
        own = models[self.mode]
        twins = {
            name: {
                **self._measures(model, samples),
                "agreement": self._agreement(model, own, samples[0]),
                "weight_error": model.max_weight_error(own),
            }
            for name, model in models.items()
        }
        return Report(
            mode=self.mode,
            plan=plan,
            twins=twins,
            seconds=seconds,
            noise=noise,
            curve=[self._measures(model, samples) for model in curve],
        )

    def _outputs(self, X):
        X = self._features(X)
        return self._model.decision_function(X)

    def _features(self, X):
        """The features of new samples as numbers."""
        check_is_fitted(self)
        if "table_" in self.__dict__:
            return check_array(self.table_.transform(X), dtype=np.float64, order="C")
        return validate_data(self, X, dtype=np.float64, reset=False)

    def _features_and(self, X, y, reset, **expected):
        """Samples of a training: features as numbers, and labels, which are as expected."""
        if reset:
            self.__dict__.pop("table_", None)
            if self.preprocess == "auto":
                self.table_ = TableEncoder().fit(X)
        if "table_" not in self.__dict__:
            return validate_data(self, X, y, dtype=np.float64, order="C", reset=reset, **expected)
        X, y = check_X_y(self.table_.transform(X), y, dtype=np.float64, order="C", estimator=self, **expected)
        for name in ("n_features_in_", "feature_names_in_"):
            self.__dict__.pop(name, None)
            if hasattr(self.table_, name):
                setattr(self, name, getattr(self.table_, name))
        return X, y


def _halved(model):
    """The same head with half of each logit."""
    about = json.loads(model.to_json())
    for weights in (about["output"]["coef"], about["output"]["intercept"]):
        weights["data"] = [weight / 2 for weight in weights["data"]]
    return _native.Model.from_json(json.dumps(about))


def clone_of(estimator):
    """An estimator with the same parameters, not fitted."""
    return type(estimator)(**estimator.get_params(deep=False))


def documented(cls):
    """Fill the shared parts of an estimator's documentation in."""
    cls.__doc__ = cls.__doc__.replace("    <parameters>\n", PARAMETERS[1:]).replace("    <attributes>\n", ATTRIBUTES[1:])
    return cls


def _shortfall(expected):
    """That a training will hardly be as good as what the data party could have in the clear."""
    ours, clear = (
        "accuracy {accuracy:.3f}, log loss {log_loss:.3f}".format(**expected[name])
        for name in ("training", "logistic_regression")
    )
    return f"expected to be worse than logistic regression in the clear: {ours} in cross-validation; {clear} in the clear"

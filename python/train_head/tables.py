"""Tables with gaps, words, categories and dates to numbers, as the command line reads them."""

import datetime
import logging

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from . import _native

_LOG = logging.getLogger("train_head")


class TableEncoder(TransformerMixin, BaseEstimator):
    """Columns of any kind to numbers: what ``preprocess="auto"`` does before the feature map.

    Numbers stay, two words become 0 and 1, categories a column for each level of ten rows or more, dates days since the first; identifiers,
    constants and empty columns are left out. Missing values become the median or the most frequent level, and say so in a column of their own where
    there are many. Columns that are none of these are refused, all in one message. It is fitted on the training rows alone.

    Parameters
    ----------
    categorical : sequence of str, default=None
        Columns to take as categories, whatever they hold. Those that a data frame declares as such are taken so, unless ``numeric`` names them.
    numeric : sequence of str, default=None
        Columns to take as numbers, identifiers included.
    drop : sequence of str, default=None
        Columns to leave out.

    Attributes
    ----------
    n_features_in_ : int
        Columns.
    feature_names_in_ : ndarray of str
        Their names, if ``X`` is a data frame.

    Examples
    --------
    >>> import pandas
    >>> from train_head import TableEncoder
    >>> ward = pandas.DataFrame({"age": [61, None, 70] * 10, "smoker": ["yes", "no", "no"] * 10})
    >>> encoder = TableEncoder().fit(ward)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'age missing', 'smoker=yes']
    >>> encoder.transform(ward[:2]).tolist()
    [[61.0, 0.0, 1.0], [65.5, 1.0, 0.0]]
    """

    def __init__(self, *, categorical=None, numeric=None, drop=None):
        self.categorical = categorical
        self.numeric = numeric
        self.drop = drop

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def fit(self, X, y=None):
        """Find out what the columns hold.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Training rows.
        y : None
            Ignored.

        Returns
        -------
        self
            The encoder.
        """
        names, columns, named = _columns(X)
        numeric, drop = ([str(name) for name in wish or ()] for wish in (self.numeric, self.drop))
        categorical = [str(name) for name in self.categorical or ()]
        said = {*numeric, *drop, *categorical}
        categorical += [name for name in _declared(X) if name not in said]
        self._recipe = _native.Recipe.fit(names, columns, categorical, numeric, drop)
        self.n_features_in_ = len(names)
        self.__dict__.pop("feature_names_in_", None)
        if named:
            self.feature_names_in_ = np.array(names, dtype=object)
        return self

    def transform(self, X):
        """Numbers of rows. Columns of a data frame are found by name: their order does not matter, nor do others among them.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_columns)
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            Finite numbers. The logger ``train_head`` says what was filled in, and what the training rows did not have.
        """
        check_is_fitted(self)
        names, columns, named = _columns(X)
        if not named and len(names) != self.n_features_in_:
            raise ValueError(
                f"X has {len(names)} features, but {type(self).__name__} is expecting {self.n_features_in_} features as input"
            )
        if not named and hasattr(self, "feature_names_in_"):
            names = list(self.feature_names_in_)
        x, notes = self._recipe.apply(names, columns)
        for note in notes:
            _LOG.info("%s", note)
        return x

    def get_feature_names_out(self, input_features=None):
        """Names of the numbers that ``transform`` gives.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of str
            The names.
        """
        check_is_fitted(self)
        return np.array(self._recipe.feature_names(), dtype=object)

    def describe(self):
        """What becomes of each column, for people.

        Returns
        -------
        str
            A table.
        """
        check_is_fitted(self)
        return self._recipe.describe()

    def __sklearn_is_fitted__(self):
        return "_recipe" in self.__dict__


def _declared(X):
    """Columns that a data frame says are categories: pandas' ``category``, polars' ``Categorical`` and ``Enum``."""
    if not hasattr(X, "columns"):
        return []
    kinds = X.dtypes if isinstance(X.dtypes, list) else list(X.dtypes)
    is_one = [str(kind).lower().startswith(("categor", "enum")) for kind in kinds]
    return [str(name) for name, declared in zip(X.columns, is_one, strict=True) if declared]


def _columns(X):
    """Names and texts of the columns, and whether they have names of their own."""
    if hasattr(X, "columns"):
        names = [str(name) for name in X.columns]
        # by place: names may occur twice, which is refused with a message below
        values = [X.iloc[:, at] for at in range(len(names))] if hasattr(X, "iloc") else [X[name] for name in names]
        return names, [[_text(cell) for cell in column.to_list()] for column in values], True
    X = np.asarray(X, dtype=object) if not isinstance(X, np.ndarray) else X
    if X.ndim != 2:
        raise ValueError(f"Expected 2D array, got {X.ndim}D array instead.")
    columns = [[_text(cell) for cell in X[:, at].tolist()] for at in range(X.shape[1])]
    return [f"x{at}" for at in range(X.shape[1])], columns, False


def _text(cell):
    """A cell as the command line would read it."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, float):
        return "" if cell != cell else repr(float(cell))
    if isinstance(cell, datetime.datetime):
        # pandas' mark for a missing moment is one, too
        return "" if cell != cell else cell.isoformat(sep=" ")
    # dates, numbers, truth values; pandas.NA is a mark for a missing value in its text
    return str(cell)

"""What tests share. `cargo xtask wheel --test` runs them against the installed wheel."""

import os
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("MPLBACKEND", "Agg")


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return Path(os.environ.get("TRAIN_HEAD_ROOT", Path(__file__).parents[2]))


@pytest.fixture(scope="session")
def cancer():
    """Training and test samples of breast cancer, as data frames."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)


@pytest.fixture(scope="session")
def flowers():
    """Iris, with classes by name."""
    from sklearn.datasets import load_iris

    iris = load_iris()
    return iris.data, iris.target_names[iris.target]


@pytest.fixture(scope="session")
def numbers():
    """A linear problem with two targets in units of their own."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    y = X @ rng.normal(size=(6, 2)) * [3.0, 50.0] + [100.0, -7.0] + rng.normal(size=(300, 2))
    return X, y


#: A method with nothing left open: no cross-validation, so a fit takes milliseconds.
GIVEN = {
    "preprocess": "whiten",
    "ridge": 0.1,
    "solver": "nesterov",
    "learning_rate": 1.0,
    "max_iter": 4,
    "sigmoid_degree": 3,
    "sigmoid_fit": "least-squares",
    "interval": 16.0,
    "temperature": 1.0,
}

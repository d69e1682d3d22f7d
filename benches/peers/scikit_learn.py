"""scikit-learn's logistic regression on plain data: the reference for accuracy and for the cost of encryption."""

from common import arguments, finish, measure, split

options = arguments(__doc__)

import sklearn
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

data = split(options.split)


def fit():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(data["train_x"], data["train_y"])


head = fit()
probabilities = head.predict_proba(data["test_x"])[:, 1]
finish(
    "scikit-learn",
    sklearn.__version__,
    [measure("training", options.repeat, fit)],
    parameters={"C": 1.0, "solver": "lbfgs", "features": "standardised"},
    encrypted=False,
    accuracy=accuracy_score(data["test_y"], probabilities > 0.5),
    auroc=roc_auc_score(data["test_y"], probabilities),
)

"""Cross-validates scikit-learn's LogisticRegressionCV on standardised features, on the tables that fetch.py wrote."""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import pathlib
import statistics
import time
import warnings

import numpy
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDS = 5
REPEATS = 3
# Tables with more rows are split once.
MANY_ROWS = 5000


def splits(path, y):
    """The fold in which each row is tested, for each repeat; made and written if there is no such file yet."""
    if path.exists():
        repeats = json.loads(path.read_text(encoding="utf-8"))["repeats"]
        assert all(len(folds) == len(y) for folds in repeats), f"{path} is of another table"
        return [numpy.array(folds) for folds in repeats]
    repeats = []
    for seed in range(1 if len(y) > MANY_ROWS else REPEATS):
        folds = numpy.zeros(len(y), dtype=int)
        for fold, (_, test) in enumerate(StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(y, y)):
            folds[test] = fold
        repeats.append(folds)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"repeats": [folds.tolist() for folds in repeats]}) + "\n", encoding="utf-8")
    return repeats


def reference():
    """Logistic regression on standardised features; the regularisation is chosen by log loss within the training part."""
    regression = LogisticRegressionCV(
        Cs=10, cv=5, scoring="neg_log_loss", max_iter=5000, n_jobs=1, l1_ratios=(0,), use_legacy_attributes=False
    )
    return make_pipeline(StandardScaler(), regression)


def measure(x, y, test, classes):
    """Trains on the other rows and tests on these."""
    start = time.perf_counter()
    model = reference().fit(x[~test], y[~test])
    probabilities = model.predict_proba(x[test])
    seconds = time.perf_counter() - start
    predicted, known = model.classes_[probabilities.argmax(axis=1)], range(classes)
    assert len(model.classes_) == classes
    return {
        "train_rows": int((~test).sum()),
        "test_rows": int(test.sum()),
        "accuracy": accuracy_score(y[test], predicted),
        "log_loss": log_loss(y[test], probabilities, labels=known),
        "macro_f1": f1_score(y[test], predicted, average="macro", labels=known, zero_division=0),
        "seconds": round(seconds, 4),
        "C": float(model[-1].C_),
    }


def main():
    """Measures the tables and prints the mean of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=pathlib.Path, default=pathlib.Path("target/tables"))
    parser.add_argument("--out", type=pathlib.Path, help="JSON lines, one a fold; FOLDER/scikit_learn.jsonl by default")
    parser.add_argument("--groups", nargs="+", choices=["listed", "further", "made"], help="all by default")
    parser.add_argument("--tables", nargs="+", help="names; all by default")
    parser.add_argument("--splits-only", action="store_true", help="write the splits and train nothing")
    options = parser.parse_args()
    entries = json.loads((options.folder / "tables.json").read_text(encoding="utf-8"))
    entries = [entry for entry in entries if not options.groups or entry["group"] in options.groups]
    entries = [entry for entry in entries if not options.tables or entry["name"] in options.tables]
    if options.splits_only:
        for entry in entries:
            y = numpy.loadtxt(options.folder / entry["file"], delimiter=",", skiprows=1)[:, -1].astype(int)
            splits(options.folder / "splits" / f"{entry['name']}.json", y)
        return
    warnings.simplefilter("ignore", ConvergenceWarning)
    with open(options.out or options.folder / "scikit_learn.jsonl", "w", encoding="utf-8") as out:
        for entry in entries:
            table(options.folder, entry, out)


def table(folder, entry, out):
    """Measures one table."""
    data = numpy.loadtxt(folder / entry["file"], delimiter=",", skiprows=1)
    x, y = data[:, :-1], data[:, -1].astype(int)
    records = []
    for repeat, folds in enumerate(splits(folder / "splits" / f"{entry['name']}.json", y)):
        for fold in range(folds.max() + 1):
            record = {"table": entry["name"], "group": entry["group"], "repeat": repeat, "fold": fold}
            records.append(record | measure(x, y, folds == fold, entry["classes"]))
            print(json.dumps(records[-1]), file=out, flush=True)
    mean = {key: statistics.fmean(record[key] for record in records) for key in ("accuracy", "log_loss", "macro_f1")}
    total = sum(record["seconds"] for record in records)
    print(
        f"{entry['name']:20} {len(y):6} {x.shape[1]:4} {entry['classes']:3}  "
        f"{mean['accuracy']:.4f}  {mean['log_loss']:.4f}  {mean['macro_f1']:.4f}  {total:7.1f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()

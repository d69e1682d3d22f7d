#!/usr/bin/env python3
"""Writes a passenger list like the Titanic's, with categories, gaps and identifiers, and what scikit-learn makes of it.

train.csv and test.csv are raw: nothing is filled in, scaled or encoded. expected.json holds the columns of scikit-learn's pipeline
(imputers with indicators, one-hot encoding of levels with ten rows or more) for the first test rows, and the pipeline's accuracy.
The passengers are made up from a fixed seed.

    python3 -m pip install pandas scikit-learn
    python3 data/ship/make.py
"""

import csv
import json
import math
import random
from pathlib import Path

import numpy
import pandas
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

HERE = Path(__file__).parent
NAMES = ["passenger", "name", "class", "sex", "age", "siblings", "fare", "deck", "port", "boarded", "survived"]
FIRST = ["Anna", "Bert", "Clara", "David", "Emma", "Fritz", "Greta", "Hans"]
LAST = ["Abel", "Braun", "Conti", "Dubois", "Ek", "Fischer", "Garcia", "Holm", "Ito", "Jones"]


def passenger(i, dice):
    level = dice.choices(["first", "second", "third"], [0.25, 0.2, 0.55])[0]
    sex = dice.choices(["male", "female"], [0.64, 0.36])[0]
    age = min(80, max(1, round(dice.gauss(30, 14))))
    siblings = dice.choices([0, 1, 2, 3], [0.68, 0.23, 0.06, 0.03])[0]
    fare = round({"first": 60, "second": 20, "third": 9}[level] * math.exp(dice.gauss(0, 0.5)), 2)
    deck = dice.choice("ABCDE") if level == "first" else dice.choice("DEF") if level == "second" else ""
    if dice.random() < 0.35:
        deck = ""
    elif dice.random() < 0.06:
        deck = dice.choice("TUVWX")
    port = dice.choices(["Southampton", "Cherbourg", "Queenstown"], [0.7, 0.2, 0.1])[0]
    z = 0.3 + (1.7 if sex == "female" else -1.2) + {"first": 1.0, "second": 0.2, "third": -0.7}[level]
    z += -0.025 * (age - 30) - 0.3 * siblings + (0.4 if port == "Cherbourg" else 0)
    survived = dice.random() < 1 / (1 + math.exp(-z))
    shown = "" if dice.random() < 0.2 else age
    name = f"{dice.choice(LAST)}, {dice.choice(FIRST)} {i}"
    boarded = f"1912-04-{dice.choice([10, 10, 10, 11]):02}"
    missing_port = "" if dice.random() < 0.01 else port
    return [1000 + i, name, level, sex, shown, siblings, fare, deck, missing_port, boarded, int(survived)]


def write(name, rows):
    with open(HERE / name, "w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(NAMES)
        out.writerows(rows)


def pipeline(train):
    numbers = ["age", "siblings", "fare"]
    filled = {"class": False, "sex": False, "deck": True, "port": True}
    parts = [("numbers", SimpleImputer(strategy="median"), numbers)]
    parts.append(("age missing", missing("age"), ["age"]))
    for name, indicator in filled.items():
        levels = OneHotEncoder(
            drop="first" if train[name].nunique() == 2 else None,
            min_frequency=10,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        )
        parts.append((name, make_pipeline(SimpleImputer(strategy="most_frequent"), levels), [name]))
        if indicator:
            parts.append((f"{name} missing", missing(name), [name]))
    return ColumnTransformer(parts)


def missing(name):
    return MissingIndicator(features="all")


def main():
    dice = random.Random(1912)
    rows = [passenger(i, dice) for i in range(1300)]
    write("train.csv", rows[:900])
    write("test.csv", rows[900:])
    train, test = (
        pandas.read_csv(HERE / name, keep_default_na=False, na_values=[""]) for name in ("train.csv", "test.csv")
    )
    columns = pipeline(train)
    model = make_pipeline(columns, StandardScaler(), LogisticRegressionCV(max_iter=10000))
    model.fit(train, train["survived"])
    x = columns.transform(test).astype(float)
    expected = {
        "scikit_learn": sklearn.__version__,
        "accuracy": float(model.score(test, test["survived"])),
        "columns": [[float(value) for value in row] for row in x[:20]],
        "sums": [float(value) for value in numpy.sort(x.sum(axis=0))],
    }
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main()

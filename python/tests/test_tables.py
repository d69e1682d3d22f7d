"""Tables with gaps, words, categories and dates."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pandas
import pytest
from conftest import GIVEN
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.linear_model import LogisticRegression

from train_head import EncryptedLogisticRegression, EncryptedRidge, TableEncoder


def ward(rows=200, seed=0):
    """A hospital's table, and what is asked of it."""
    rng = np.random.default_rng(seed)
    age = rng.integers(20, 90, rows).astype(float)
    smoker = rng.random(rows) < 0.3 + 0.4 * (age > 60)
    ward = rng.choice(["surgery", "internal", "children"], rows)
    sick = (age + 25 * smoker + 10 * (ward == "surgery") + rng.normal(0, 10, rows) > 75).astype(int)
    gaps = rng.random(rows) < 0.1
    table = pandas.DataFrame(
        {
            "patient": [f"P{1000 + at}" for at in range(rows)],
            "age": np.where(gaps, np.nan, age),
            "smoker": np.where(smoker, "yes", "no"),
            "ward": pandas.Categorical(ward),
            "admitted": pandas.Timestamp("2024-01-01") + pandas.to_timedelta(rng.integers(0, 90, rows), unit="D"),
            "ventilated": rng.random(rows) < 0.5,
        }
    )
    return table, np.where(sick == 1, "sick", "well")


def test_columns_become_what_the_command_line_makes_of_them(tmp_path):
    table, labels = ward()
    encoder = TableEncoder().fit(table)
    names = encoder.get_feature_names_out().tolist()
    assert names[:2] == ["age", "age missing"] and "smoker=yes" in names and "admitted (days)" in names
    assert sum(name.startswith("ward=") for name in names) == 3 and not any("patient" in name for name in names)
    x = encoder.transform(table)
    assert x.shape == (200, len(names)) and np.isfinite(x).all()
    assert "names rows" in encoder.describe()
    table.assign(label=labels).to_csv(tmp_path / "ward.csv", index=False)
    words = [
        sys.executable,
        "-m",
        "train_head",
        "estimate",
        "--features",
        "ward.csv",
        "--label-column",
        "label",
        "--out",
        "plan.json",
    ]
    run = subprocess.run([*words, "--max-iter", "2"], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["feature_names"] == names
    assert plan["table"] == json.loads(encoder._recipe.to_json())


def test_rows_of_any_container_are_read_alike():
    polars = pytest.importorskip("polars")
    table, _ = ward()
    encoder = TableEncoder().fit(table)
    x = encoder.transform(table)
    np.testing.assert_array_equal(encoder.transform(polars.DataFrame({name: table[name].to_list() for name in table})), x)
    # in any order, with others among them
    np.testing.assert_array_equal(encoder.transform(table[table.columns[::-1]].assign(other=1)), x)
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(again.transform(table[7:8]), x[7:8])
    by_place = TableEncoder().fit(table.to_numpy())
    assert by_place.get_feature_names_out()[0] == "x1" and not hasattr(by_place, "feature_names_in_")
    np.testing.assert_array_equal(by_place.transform(table.to_numpy().tolist()), x)
    with pytest.raises(ValueError, match="expecting 6 features"):
        by_place.transform(table.to_numpy()[:, :2])
    np.testing.assert_array_equal(encoder.transform(table.to_numpy()), x)


def test_what_cannot_be_read_is_refused_by_name():
    table, _ = ward()
    encoder = TableEncoder().fit(table)
    with pytest.raises(ValueError, match='"age".*no such column'):
        encoder.transform(table.drop(columns="age"))
    with pytest.raises(ValueError, match='"weight"(.|\n)*kg'):
        TableEncoder().fit(table.assign(weight=[f"{at} kg" for at in range(len(table))]))
    with pytest.raises(ValueError, match="Expected 2D"):
        TableEncoder().fit(["a", "b"])
    with pytest.raises(ValueError, match="two columns are named"):
        TableEncoder().fit(pandas.concat([table, table[["age"]]], axis=1))


def test_estimators_treat_columns_when_asked(caplog):
    table, labels = ward()
    with pytest.raises(ValueError, match="could not convert string to float"):
        EncryptedLogisticRegression(**GIVEN).fit(table, labels)
    parameters = {**GIVEN, "preprocess": "auto"}
    head = EncryptedLogisticRegression(mode="simulate", **parameters).fit(table, labels)
    assert head.n_features_in_ == 6 and list(head.feature_names_in_) == list(table.columns)
    assert head.coef_.shape[1] == len(head.table_.get_feature_names_out())
    new, truth = ward(100, seed=1)
    plain = make_pipeline(TableEncoder(), LogisticRegression(max_iter=5000)).fit(table, labels)
    assert head.score(new, truth) > plain.score(new, truth) - 0.05
    with caplog.at_level("INFO", logger="train_head"):
        head.predict(new)
    assert "missing and were imputed" in caplog.text
    # by hand
    by_hand = EncryptedLogisticRegression(mode="simulate", **GIVEN).fit(TableEncoder().fit_transform(table), labels)
    np.testing.assert_array_equal(head.coef_, by_hand.coef_)
    again = pickle.loads(pickle.dumps(head))
    np.testing.assert_array_equal(again.predict_proba(new), head.predict_proba(new))
    exported = head.to_sklearn()
    np.testing.assert_array_equal(exported.predict(new), head.exact_twin().predict(new))
    # another fit forgets
    X = TableEncoder().fit_transform(table)
    assert not hasattr(head.set_params(preprocess="whiten").fit(X, labels), "table_")


def test_with_gaps_and_in_batches():
    """On ciphertexts it is in the documentation."""
    table, labels = ward(300)
    head = EncryptedLogisticRegression(mode="simulate", preprocess="auto", max_iter=2).fit(table, labels)
    assert head.score(table, labels) > 0.8 and head.report_.twins["plain"]["agreement"] > 0.97
    batches = EncryptedLogisticRegression(mode="plain", preprocess="auto", max_iter=3)
    for rows in np.array_split(np.arange(300), 3):
        batches.partial_fit(table.iloc[rows], labels[rows], classes=["sick", "well"])
    assert batches.score(table, labels) > 0.75


def test_the_treatment_is_fitted_on_the_training_part_alone():
    table, labels = ward()
    head = EncryptedLogisticRegression(mode="plain", twins=False, **{**GIVEN, "preprocess": "auto"})
    assert np.mean(cross_val_score(head, table, labels, cv=3)) > 0.75
    search = GridSearchCV(head, {"max_iter": [2, 4]}, cv=3).fit(table, labels)
    assert search.best_estimator_.table_.n_features_in_ == 6


def test_columns_that_are_declared_or_named_are_taken_as_said():
    codes = [1 + at % 4 for at in range(80)]
    frame = pandas.DataFrame({"code": pandas.Categorical(codes), "x": [at % 7 for at in range(80)], "id": range(80)})
    assert TableEncoder().fit(frame).get_feature_names_out().tolist() == ["code=1", "code=2", "code=3", "code=4", "x"]
    encoder = TableEncoder(numeric=["code"], categorical=["x"], drop=["id"]).fit(frame)
    names = encoder.get_feature_names_out().tolist()
    assert names[0] == "code" and "x=3" in names and "id" not in names
    assert clone(encoder).get_params()["numeric"] == ["code"]
    with pytest.raises(ValueError, match="nothing"):
        TableEncoder(drop=["nothing"]).fit(frame)


def test_numbers_from_a_table():
    table, _ = ward()
    stay = 3 + 0.05 * table["age"].fillna(50).to_numpy() + 2 * (table["smoker"] == "yes").to_numpy()
    head = EncryptedRidge(mode="simulate", preprocess="auto", max_iter=4).fit(table, stay)
    assert head.score(table, stay) > 0.9

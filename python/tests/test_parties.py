"""The parties apart, through files, by the command line in the package."""

import os
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from train_head import CommandError, ComputeParty, DataParty, JointParty
from train_head import _command, _samples


@pytest.fixture(scope="module")
def trained(tmp_path_factory, cancer):
    folder = tmp_path_factory.mktemp("parties")
    X, _, y, _ = cancer
    data_party = DataParty(folder / "hospital", home=folder / "home-1", passphrase="correct horse")
    compute_party = ComputeParty(folder / "cloud", home=folder / "home-2", allow_unverified=True)
    labels = np.where(y == 1, "benign", "malignant, or so")
    plan = data_party.estimate(X.to_numpy(), labels, max_iter=3)
    keys = data_party.keygen()
    head = compute_party.train(data_party.encrypt(), keys)
    data_party.allow_unverified = True
    data_party.decrypt(head)
    return data_party, compute_party, plan


def test_a_head_is_trained_through_files(trained, cancer):
    data_party, compute_party, plan = trained
    _, X_test, _, y_test = cancer
    assert plan["iterations"] == 3
    predicted = data_party.predict(X_test.to_numpy())
    names = np.array(["malignant, or so", "benign"])[y_test.to_numpy()]
    assert np.mean([row["predicted"] for row in predicted] == names) > 0.93
    measured = data_party.eval(X_test.to_numpy(), names)
    assert "accuracy" in str(measured)
    assert sorted(path.name for path in compute_party.folder.iterdir()) == ["head.enc"]
    assert not list(data_party.folder.glob("tmp*")), "what was predicted is gone"


def test_private_files_are_for_their_owner(trained):
    data_party, _, _ = trained
    for name in ("features.npy", "labels.csv", "plan.json", "sources.json", "keys/secret.key"):
        assert stat.S_IMODE((data_party.folder / name).stat().st_mode) == 0o600, name


def test_the_files_are_those_of_the_command_line(trained):
    data_party, compute_party, _ = trained
    for path in (compute_party.folder / "head.enc", data_party.folder / "data.enc", data_party.folder / "plan.json"):
        words = [sys.executable, "-m", "train_head", "inspect", "--verify", str(path)]
        assert subprocess.run(words, capture_output=True).returncode == 0, path


def test_failures_carry_the_exit_code(trained, tmp_path, cancer):
    data_party, _, _ = trained
    with pytest.raises(CommandError, match="max-iter|max_iter") as failure:
        data_party.estimate(cancer[0].to_numpy(), cancer[2].to_numpy(), max_iter=0)
    assert (failure.value.code, failure.value.kind) == (2, "usage")
    with pytest.raises(CommandError) as failure:
        ComputeParty(tmp_path, home=tmp_path).train(tmp_path / "none.enc", tmp_path)
    assert failure.value.code == 4 and "none.enc" in str(failure.value)
    wrong = DataParty(data_party.folder, home=data_party.home, passphrase="wrong")
    with pytest.raises(CommandError) as failure:
        wrong.encrypt(overwrite=True)
    assert failure.value.code in (2, 4)


def test_tables_are_taken_as_they_are(tmp_path, root):
    party = DataParty(tmp_path / "party", home=tmp_path / "home", verbose=1)
    said = party.estimate(
        root / "data" / "iris" / "iris.csv", drop=["sepal length (cm)", "sepal width (cm)"], head="softmax"
    )
    assert said["iterations"] >= 1 and not (party.folder / "features.npy").exists()
    with pytest.raises(CommandError):
        party.estimate(root / "data" / "iris" / "iris.csv", root / "data" / "iris" / "none.csv")


def test_an_interrupt_reaches_the_command(tmp_path):
    party = DataParty(tmp_path / "party", home=tmp_path / "home")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20_000, 300))
    timer = threading.Timer(2.0, lambda: os.kill(os.getpid(), 2))
    began = time.perf_counter()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        party.estimate(X, (X[:, 0] > 0).astype(int))
    assert time.perf_counter() - began < 20
    assert not (party.folder / "plan.json").exists()


def test_flags_become_words():
    words = list(_command._words({"max_iter": 3, "scoring": True, "drop": ["a", "b"], "preset": None, "resume": False}))
    assert words == ["--max-iter", "3", "--scoring", "--drop", "a,b"]
    assert list(_command._words({"compute": _command.Each(["x", "y"])})) == ["--compute", "x", "--compute", "y"]
    assert _command._result('{"a": 1}', 0) == {"a": 1} and _command._result("", 0) == {}
    with pytest.raises(KeyboardInterrupt):
        _command._result("", 130)
    with pytest.raises(CommandError, match="exit code 1"):
        _command._result("rubbish", 1)
    assert _samples._cell('a "b"') == '"a ""b"""' and _samples._cell(3) == "3"


def test_joint_steps_that_come_too_early(tmp_path):
    party = JointParty(tmp_path / "shared", tmp_path / "north", home=tmp_path / "home", passphrase="correct horse")
    assert party.identity == party.identity and party.identity.startswith("ed25519:")
    for step in (party.join, party.keys, party.train, party.status):
        with pytest.raises(CommandError):
            step()
    with pytest.raises(ValueError, match="data party"):
        JointParty(tmp_path / "shared", home=tmp_path / "home").join()
    with pytest.raises(CommandError):
        JointParty(tmp_path / "shared", home=tmp_path / "none" / "x").create(
            tmp_path / "plan.json",
            np.eye(4),
            [0, 1, 0, 1],
            participants={"north": (party.identity, 4)},
            compute={"cloud": party.identity},
        )

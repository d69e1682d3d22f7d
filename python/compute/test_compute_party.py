"""The wheel of a compute party. `cargo xtask wheel --party compute --test` runs this in an environment that has nothing else; `TRAIN_HEAD` is
the program of the data party."""

import importlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import train_head

DATA_PARTY = os.environ["TRAIN_HEAD"]
OF_THE_DATA_PARTY = ["run", "keygen", "encrypt", "decrypt", "predict", "estimate", "joint", "studio"]


def data_party(*words):
    """What a command of the data party says."""
    return json.loads(subprocess.run([DATA_PARTY, *words, "--json"], check=True, stdout=subprocess.PIPE).stdout)


def program(*words):
    """A command of the wheel's program."""
    return subprocess.run([sys.executable, "-m", "train_head", *words], capture_output=True, text=True)


def offers_no_data_party():
    assert sorted(train_head.__all__) == ["CommandError", "ComputeParty"]
    for name in ["DataParty", "Client", "EncryptedLogisticRegression", "JointParty"]:
        assert not hasattr(train_head, name), name
    for name in ["parties", "classifiers", "client", "joint", "text"]:
        try:
            importlib.import_module(f"train_head.{name}")
        except ModuleNotFoundError:
            continue
        raise AssertionError(f"train_head.{name} is there")
    native = importlib.import_module("train_head._native")
    assert {name for name in vars(native) if not name.startswith("__")} <= {"main"}, vars(native)


def knows_no_command_of_the_data_party():
    for command in OF_THE_DATA_PARTY:
        ended = program(command, "--help")
        assert ended.returncode == 2 and "unrecognized subcommand" in ended.stderr, (command, ended)
    help = program("--help").stdout
    for command in ["train", "score", "serve", "operator", "inspect"]:
        assert f"\n  {command} " in help, help


def trains_and_scores_for_a_data_party(folder):
    rng = random.Random(0)
    rows = [[rng.gauss(0, 1) for _ in range(4)] for _ in range(80)]
    lines = [",".join(map(str, [*row, "sick" if sum(row) > 0 else "well"])) for row in rows]
    (folder / "table.csv").write_text("a,b,c,d,state\n" + "\n".join(lines) + "\n")
    table, plan, keys = (str(folder / name) for name in ["table.csv", "plan.json", "keys"])
    given = ["--features", table, "--label-column", "state"]
    data_party("estimate", *given, "--scoring", "--max-iter", "2", "--out", plan)
    data_party("keygen", "--plan", plan, "--no-passphrase", "--out", keys)
    party = ["--plan", plan, "--keys", keys]
    data, samples = str(folder / "data.enc"), str(folder / "samples.enc")
    data_party("encrypt", *given, *party, "--out", data)
    data_party("encrypt", *given, *party, "--for-scoring", "--out", samples)

    compute_party = train_head.ComputeParty(folder / "cloud", allow_unverified=True, home=folder / "home")
    head = compute_party.train(data, f"{keys}/eval")
    scores = compute_party.score(head, samples, f"{keys}/eval")
    data_party("decrypt", *party, "--head", str(head), "--allow-unverified", "--out", str(folder / "head"))
    measured = data_party("eval", "--head", str(folder / "head"), *given)
    assert measured["metrics"]["accuracy"] > 0.8, measured
    scored = ["--scores", str(scores), *party, "--allow-unverified", "--out", str(folder / "predictions.csv")]
    data_party("predict", *scored, *given[:2])
    assert len((folder / "predictions.csv").read_text().splitlines()) == 81

    # what is the data party's stays closed
    refused = program("train", "--data", data, "--keys", keys, "--out", str(folder / "other.enc"))
    assert refused.returncode == 4 and "holds a secret key" in refused.stderr, refused
    assert program("inspect", f"{keys}/secret.key").returncode == 4
    assert json.loads(program("inspect", plan, "--json").stdout)["kind"] == "plan"


def main():
    offers_no_data_party()
    knows_no_command_of_the_data_party()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TRAIN_HEAD_HOME"] = f"{folder}/home"
        trains_and_scores_for_a_data_party(pathlib.Path(folder))
    print(f"train-head-compute {train_head.__version__}: no data party, no secret key; trains and scores")


main()

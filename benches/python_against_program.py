"""What the Python package costs beside the command line: the same table, the same method, both encrypted; processor time and peak memory.

    PYTHON benches/python_against_program.py [--program target/release/train-head] [--rounds 3] [--samples N --features M]

`PYTHON` is an interpreter that has `train_head` (`cargo xtask wheel --test` leaves one in target/wheels/environment/bin/python). Runs alternate.
Without `--samples` the table is breast cancer. Python reads the table by NumPy, the program by itself.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

METHOD = {
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
#: What the command line calls otherwise.
FLAGS = {"interval": "sigmoid_interval"}

WRITE = """
import sys
import numpy as np

path, samples, features = sys.argv[1], *map(int, sys.argv[2:])
if samples:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(samples, features))
    y = (x @ rng.normal(size=features) + rng.normal(size=samples) > 0).astype(int)
else:
    from sklearn.datasets import load_breast_cancer

    x, y = load_breast_cancer(return_X_y=True)
header = ",".join([*(f"x{j}" for j in range(x.shape[1])), "y"])
np.savetxt(path, np.column_stack([x, y]), delimiter=",", fmt="%.9g", header=header, comments="")
print(len(x))
"""
FIT = """
import json, sys
import numpy as np
from train_head import EncryptedLogisticRegression

table = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1)
x, y = table[:, :-1].copy(), table[:, -1].astype(int)
del table
rows = int(sys.argv[3])
model = EncryptedLogisticRegression(**json.loads(sys.argv[2])).fit(x[:rows], y[:rows])
print("accuracy", model.score(x[rows:], y[rows:]), model.report_.seconds, file=sys.stderr)
"""


def measured(words):
    """Processor seconds and peak memory in MiB of a process."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(words)} ended with {status}: {errors}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, errors


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="target/release/train-head")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--samples", type=int, default=0)
    parser.add_argument("--features", type=int, default=100)
    parser.add_argument("--no-twins", action="store_true", help="leave the estimator's twins out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "table.csv")
        # in a process of its own: what starts others must be small, since a process takes over the peak of who started it
        words = [sys.executable, "-c", WRITE, table, str(options.samples), str(options.features)]
        rows = int(subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout)
        # the program holds as many back
        training = rows - round(rows * 0.25)
        flags = [part for name, value in METHOD.items() for part in (f"--{FLAGS.get(name, name).replace('_', '-')}", str(value))]
        method = {**METHOD, **({"twins": False} if options.no_twins else {})}
        runs = {"program": [], "python": []}
        for round_ in range(options.rounds):
            out = os.path.join(folder, f"run{round_}")
            words = ["run", "--features", table, "--label-column", "y", *flags, "--out", out]
            runs["program"].append(measured([options.program, *words]))
            runs["python"].append(measured([sys.executable, "-c", FIT, table, json.dumps(method), str(training)]))
            print({name: [round(value, 2) for value in runs[name][-1][:2]] for name in runs}, file=sys.stderr, flush=True)
        print(runs["python"][-1][2], file=sys.stderr)
    for at, what in enumerate(["processor seconds", "peak memory in MiB"]):
        medians = {name: statistics.median(run[at] for run in runs[name]) for name in runs}
        print(f"{what}: program {medians['program']:.4g}, python {medians['python']:.4g}, ratio {medians['python'] / medians['program']:.3f}")


main()

"""Zama's article and notebook on encrypted training (`LogisticRegressionTraining.ipynb` of Concrete ML), step by step, with both libraries.

    target/peers/bin/python benches/peers/article.py --ours PYTHON [--batches 2] [--out FILE]

`PYTHON` is an interpreter that has `train_head` (`cargo xtask wheel --test` leaves one in target/wheels/environment/bin/python); the
two libraries want different versions of scikit-learn. Each step is done by Concrete ML and then by train_head, on the same samples, split and
batches, which this script makes once:

1. petals of two kinds of iris, two features: a training on ciphertexts (15 batches of 8 for Concrete ML), accuracy on its samples;
2. breast cancer, 30 features: a training, accuracy on test samples. Concrete ML simulates it, as the notebook does;
3. the same in batches of 8, accuracy on the test samples after each. Concrete ML simulates it, as the notebook does; ours is encrypted;
4. the first of these batches by Concrete ML on ciphertexts, for their time; the first makes the keys.

Times are wall-clock and processor time of all threads, with compilation, keys, encryption and decryption.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time

SEED = 42
ITERATIONS = 15
BATCH = 8


def samples():
    """The samples of all steps: scaled to [-1, 1] and shuffled as in the notebook, whose split has no seed."""
    import numpy
    from sklearn.datasets import load_breast_cancer, load_iris
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import MinMaxScaler

    flowers, kinds = load_iris(return_X_y=True)
    flowers = MinMaxScaler(feature_range=(-1, 1)).fit_transform(flowers)[:, 2:4]
    two = kinds > 0
    x, y = load_breast_cancer(return_X_y=True)
    train_x, test_x, train_y, test_y = train_test_split(x, y, test_size=0.3, stratify=y, random_state=SEED)
    scaler = MinMaxScaler(feature_range=(-1, 1)).fit(train_x)
    order = numpy.random.default_rng(SEED).permutation(len(train_x))
    return {
        "iris": [flowers[two].tolist(), (kinds[two] - 1).tolist()],
        "train": [scaler.transform(train_x)[order].tolist(), train_y[order].tolist()],
        "test": [scaler.transform(test_x).tolist(), test_y.tolist()],
    }


class Steps:
    """Steps with their times, each printed when it is done."""

    def __init__(self):
        self.done = {}

    def __call__(self, name, work, **notes):
        wall, cpu = time.perf_counter(), time.process_time()
        accuracy = work()
        took = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
        self.done[name] = {"accuracy": accuracy, **took, **notes}
        print(f"{name}: {self.done[name]}", file=sys.stderr, flush=True)


def theirs(data, batches):
    """The notebook's steps by scikit-learn and Concrete ML."""
    import importlib.metadata

    import numpy
    from concrete.ml.sklearn import SGDClassifier
    from sklearn.linear_model import SGDClassifier as Plain

    steps = Steps()
    (flowers, kinds), (x, y), (test_x, test_y) = data["iris"], data["train"], data["test"]

    def classifier(**settings):
        return SGDClassifier(
            random_state=SEED, max_iter=ITERATIONS, fit_encrypted=True, parameters_range=(-1.0, 1.0), **settings
        )

    def accuracy(model, x, y):
        return float((model.predict(x) == y).mean())

    def plain(x, y, test_x, test_y):
        return accuracy(Plain(random_state=SEED, max_iter=ITERATIONS).fit(x, y), test_x, test_y)

    def encrypted(x, y):
        model = classifier()
        model.fit(x, y, fhe="execute")
        return accuracy(model, x, y)

    def by_batches():
        model, curve = classifier(warm_start=True), []
        for start in range(0, len(x) - BATCH + 1, BATCH):
            rows = slice(start, start + BATCH)
            model.partial_fit(x[rows], y[rows], fhe="simulate", **({"classes": numpy.unique(y)} if start == 0 else {}))
            curve.append(accuracy(model, test_x, test_y))
        steps.curve = curve
        return curve[-1]

    steps("iris, scikit-learn", lambda: plain(flowers, kinds, flowers, kinds), kind="plain")
    steps(
        "iris",
        lambda: encrypted(flowers, kinds),
        kind="encrypted",
        passes=ITERATIONS * BATCH / len(flowers),
    )
    steps("cancer, scikit-learn", lambda: plain(x, y, test_x, test_y), kind="plain")

    def simulated():
        model = classifier()
        model.fit(x, y, fhe="simulate")
        return accuracy(model, test_x, test_y)

    steps("cancer", simulated, kind="simulated", passes=ITERATIONS * BATCH / len(x))
    steps("cancer in batches", by_batches, kind="simulated")
    # the same on ciphertexts: the first batch makes the keys
    model = classifier(warm_start=True)
    for number in range(batches):
        rows = slice(number * BATCH, (number + 1) * BATCH)

        def one_batch(rows=rows, first=number == 0):
            model.partial_fit(x[rows], y[rows], fhe="execute", **({"classes": numpy.unique(y)} if first else {}))
            return accuracy(model, test_x, test_y)

        steps(f"cancer, batch {number + 1}", one_batch, kind="encrypted")
    return {"version": importlib.metadata.version("concrete-ml"), "steps": steps.done, "curve": steps.curve}


def ours(data, _):
    """The same steps by train_head, all of them on ciphertexts."""
    import numpy
    import train_head
    from train_head import EncryptedLogisticRegression

    steps = Steps()
    (flowers, kinds), (x, y), (test_x, test_y) = data["iris"], data["train"], data["test"]

    def fit(x, y, test_x, test_y):
        return float(EncryptedLogisticRegression(twins=False).fit(x, y).score(test_x, test_y))

    def by_batches():
        # batches of eight say too little for a choice, so the method is given; samples are scaled already
        model, curve = EncryptedLogisticRegression(twins=False, **GIVEN), []
        for start in range(0, len(x) - BATCH + 1, BATCH):
            rows = slice(start, start + BATCH)
            model.partial_fit(x[rows], y[rows], classes=numpy.unique(y) if start == 0 else None)
            curve.append(float(model.score(test_x, test_y)))
        steps.curve = curve
        return curve[-1]

    steps("iris", lambda: fit(flowers, kinds, flowers, kinds), kind="encrypted")
    steps("cancer", lambda: fit(x, y, test_x, test_y), kind="encrypted")
    steps("cancer in batches", by_batches, kind="encrypted")
    return {"version": train_head.__version__, "steps": steps.done, "curve": steps.curve}


#: The method of our batches: any rate from 1 to 4 gives the same accuracy within a sample.
GIVEN = {
    "preprocess": "none",
    "solver": "gd",
    "learning_rate": 4.0,
    "max_iter": 4,
    "sigmoid_degree": 3,
    "sigmoid_fit": "least-squares",
    "interval": 16.0,
    "temperature": 1.0,
}
SIDES = {"theirs": theirs, "ours": ours}


def run(side, python, data, batches):
    """The steps of a side in an interpreter of its own."""
    words = [python, os.path.abspath(__file__), "--side", side, "--data", data, "--batches", str(batches)]
    said = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(said.strip().splitlines()[-1])


def table(result):
    """The figures as Markdown, ours beside theirs."""
    lines = ["| step | Concrete ML | | train_head | |", "|---|--:|--:|--:|--:|", "| | accuracy | wall, processor | accuracy | wall, processor |"]

    def cells(step):
        if step is None:
            return "| | "
        wall, cpu = step["wall_s"], step["cpu_s"]
        return f"| {step['accuracy']:.4f} ({step['kind']}) | {wall:.3g} s, {cpu:.3g} s "

    steps = {side: result[side]["steps"] for side in SIDES}
    for name in dict.fromkeys([*steps["theirs"], *steps["ours"]]):
        lines.append(f"| {name} {cells(steps['theirs'].get(name))}{cells(steps['ours'].get(name))}|")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ours", metavar="PYTHON", help="interpreter that has train_head")
    parser.add_argument("--batches", type=int, default=2, help="encrypted batches of Concrete ML on breast cancer")
    parser.add_argument("--out", help="JSON file for everything measured")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        import numpy

        with open(options.data, encoding="utf-8") as file:
            data = {name: [numpy.array(part) for part in parts] for name, parts in json.load(file).items()}
        print(json.dumps({**SIDES[options.side](data, options.batches), "python": platform.python_version()}))
        return
    if not options.ours:
        parser.error("--ours PYTHON is needed: an interpreter that has train_head")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "samples.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(samples(), file)
        interpreters = {"theirs": sys.executable, "ours": options.ours}
        result = {side: run(side, interpreters[side], path, options.batches) for side in SIDES}
    result["cores"] = len(os.sched_getaffinity(0))
    if options.out:
        with open(options.out, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    print(table(result))


if __name__ == "__main__":
    main()

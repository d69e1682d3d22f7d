"""Concrete ML's `SGDClassifier(fit_encrypted=True)`: batches timed on ciphertexts, an epoch extrapolated.

Its own circuit and settings (6 bits, batches of 8, lookups that fail with probability 0.01); only the number of batches is
ours, since an epoch takes most of an hour. Accuracy after an epoch comes from its own quantised run in the clear.
"""

import importlib.metadata
import time

from common import arguments, finish, split, summary, timed

options = arguments(__doc__)

import numpy
from concrete.ml.sklearn import SGDClassifier
from sklearn.preprocessing import MinMaxScaler

data = split(options.split)
scaler = MinMaxScaler(feature_range=(-1, 1))
train_x, test_x = scaler.fit_transform(data["train_x"]), scaler.transform(data["test_x"])
train_y, test_y = numpy.array(data["train_y"]), numpy.array(data["test_y"])
BATCH = 8
epoch = -(-len(train_y) // BATCH)


def classifier(batches):
    return SGDClassifier(
        random_state=0, max_iter=batches, fit_encrypted=True, parameters_range=(-1.0, 1.0), loss="log_loss"
    )


clear = classifier(epoch).fit(train_x, train_y, fhe="disable")
accuracy = float((clear.predict(test_x) == test_y).mean())

model = classifier(1)
start = time.perf_counter()
module = model._get_training_quantized_module(x_min=train_x.min(axis=0), x_max=train_x.max(axis=0), device="cpu")
compilation = time.perf_counter() - start
circuit = module.fhe_circuit
start = time.perf_counter()
circuit.keygen(force=True)
keygen = time.perf_counter() - start

runs = []
weights = numpy.zeros((1, train_x.shape[1], 1))
bias = numpy.zeros((1, 1, 1))
_, _, weights, bias = module.quantize_input(None, None, weights, bias)
_, _, weights, bias = circuit.encrypt(None, None, weights, bias)
for batch in range(1 if options.quick else 1 + min(3, options.repeat // 2)):
    rows = slice(batch * BATCH, (batch + 1) * BATCH)
    x, y, _, _ = module.quantize_input(
        train_x[rows].reshape((1, BATCH, -1)), train_y[rows].reshape((1, BATCH, 1)).astype(float), None, None
    )
    x, y, _, _ = circuit.encrypt(x, y, None, None)
    result = []
    runs.append(timed(lambda: result.append(circuit.run(x, y, weights, bias))))
    weights, bias = result[0]
one = summary("one batch of 8", runs[1:] or runs, note="the first batch does not count" if runs[1:] else "cold")
finish(
    "Concrete ML",
    importlib.metadata.version("concrete-ml"),
    [
        one,
        {
            "name": "one epoch",
            "median_s": epoch * one["median_s"],
            "min_s": epoch * one["min_s"],
            "max_s": epoch * one["max_s"],
            "cpu_s": epoch * one["cpu_s"],
            "repeat": 0,
            "extrapolated": f"{epoch} times the median batch",
        },
    ],
    parameters={
        "n_bits_training": model.n_bits_training,
        "rounding_training": model.rounding_training,
        "training_p_error": model.training_p_error,
        "parameters_range": [-1.0, 1.0],
        "features": "scaled to [-1, 1]",
        "security": "128 bits, Concrete's own parameter curves",
    },
    compilation_s=compilation,
    keygen_s=keygen,
    key_bytes=int(circuit.size_of_bootstrap_keys + circuit.size_of_keyswitch_keys),
    encrypted=True,
    security_bits=128,
    accuracy=accuracy,
    accuracy_note="after one epoch of its quantised training in the clear",
)

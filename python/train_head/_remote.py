"""The training of an estimator on a server of the compute party."""

import json
import logging
import tempfile
import time
from pathlib import Path

import numpy as np

from . import _native
from .client import Client
from .parties import DataParty

_LOG = logging.getLogger("train_head")


def train(estimator, training, samples):
    """Encrypt here, train there, decrypt here.

    Parameters
    ----------
    estimator : estimator
        Whose ``server`` is asked.
    training : Training
        The method.
    samples : tuple
        Features, labels, weights, number of classes.

    Returns
    -------
    (Model, dict)
        The decrypted head, and the seconds of each part.
    """
    x, y, weights, classes = samples
    client = (
        estimator.server
        if isinstance(estimator.server, Client)
        else Client(estimator.server, verbose=estimator.verbose)
    )
    flags = json.loads(training.flags(classes, y.shape[1]))
    labels = y if classes is None else y[:, 0].astype(int)
    weights = None if np.all(weights == weights[0]) else weights
    seconds, began = {}, time.perf_counter()

    def done(part):
        nonlocal began
        seconds[part], began = time.perf_counter() - began, time.perf_counter()

    # for this user alone, and gone afterwards with the secret key in it
    with tempfile.TemporaryDirectory(prefix="train-head-") as folder:
        folder = Path(folder)
        party = DataParty(folder / "party", home=client.home, verbose=estimator.verbose)
        party.estimate(x, labels, weights, **flags)
        keys = party.keygen()
        done("keys")
        data = party.encrypt()
        done("encrypt")
        head = _on_server(client, keys, data, folder / "head.enc")
        done("train")
        return _model(party.decrypt(head), classes, y.shape[1]), seconds


def _on_server(client, keys, data, out):
    """Train there, and leave nothing there."""
    there = []
    try:
        there = client.push(keys, data)
        job = client.submit(*there)
        there = [job, *there]
        return client.fetch(job, out)
    finally:
        _leave_nothing(client, there)


def _leave_nothing(client, there):
    """Remove what was sent. A job that still runs is stopped first."""
    try:
        if len(there) == 3 and client.status(there[0])["state"] in ("queued", "running"):
            client.cancel(there[0])
        if there:
            client.rm(*there)
    except Exception as error:
        _LOG.warning("what was sent to %s is still there, %s: %s", client.url, there, error)


def _model(folder, classes, outputs):
    """The head of a folder, with its outputs in the order of the estimator's."""
    model = _native.Model.read(folder)
    described = json.loads((folder / "head.json").read_text())
    if classes is None:
        order = [described["targets"].index(name) for name in _names(outputs)]
    else:
        order = [described["classes"].index(str(code)) for code in range(classes)]
    if order == sorted(order):
        return model
    about = json.loads(model.to_json())
    for weights in (about["output"]["coef"], about["output"]["intercept"]):
        values = np.array(weights["data"]).reshape(weights["dim"])
        # of two classes there is one output, the logit of the second
        values = -values if len(values) == 1 else values[order]
        weights["data"] = values.ravel().tolist()
    return _native.Model.from_json(json.dumps(about))


def _names(outputs):
    return ["label"] if outputs == 1 else [f"label{at}" for at in range(outputs)]
